package deploy

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"thidua.dev/thidua/docs"
	"thidua.dev/thidua/internal/store"
)

func read(t *testing.T, file string, into any) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err == nil {
		err = yaml.UnmarshalStrict(content, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// compose is what we use of its format: a key that is not here fails.
type compose struct {
	Name     string
	Services map[string]struct {
		Image       string
		NetworkMode string `json:"network_mode"`
		Command     []string
		Environment map[string]string
		Volumes     []string
		Restart     string
	}
	Volumes map[string]any
}

// mounts are a service's files and folders of ours: by the path that it sees.
func (c compose) mounts(t *testing.T, service string) map[string]string {
	t.Helper()
	at := map[string]string{}
	for _, v := range c.Services[service].Volumes {
		from, rest, _ := strings.Cut(v, ":")
		to, mode, _ := strings.Cut(rest, ":")
		if !strings.HasPrefix(from, "./") {
			if _, ok := c.Volumes[from]; !ok {
				t.Errorf("%s: volume %s is not declared", service, from)
			}
			continue
		}
		if _, err := os.Stat(from); err != nil || mode != "ro" {
			t.Errorf("%s mounts %s (%s): it must be there, and read only: %v", service, from, mode, err)
		}
		at[to] = from
	}
	return at
}

// There may be no container engine where this runs, so what compose.yaml says is
// held to what the other files say.
func TestCompose(t *testing.T) {
	var c compose
	read(t, "compose.yaml", &c)
	for name, s := range c.Services {
		if !regexp.MustCompile(`^[\w/-]+:v?\d+\.\d+\.\d+$`).MatchString(s.Image) {
			t.Errorf("%s: image %s has no full version", name, s.Image)
		}
		if s.NetworkMode != "host" {
			t.Errorf("%s: from a network of its own it does not reach what listens on loopback", name)
		}
	}

	mounted := c.mounts(t, "prometheus")
	config := flag(c.Services["prometheus"].Command, "--config.file=")
	var prometheus struct {
		Global        map[string]any
		RuleFiles     []string `json:"rule_files"`
		ScrapeConfigs []struct {
			JobName       string                       `json:"job_name"`
			StaticConfigs []struct{ Targets []string } `json:"static_configs"`
			Relabel       []map[string]any             `json:"metric_relabel_configs"`
		} `json:"scrape_configs"`
	}
	read(t, mounted[config], &prometheus)
	for _, pattern := range prometheus.RuleFiles {
		folder := mounted[path.Join(path.Dir(config), path.Dir(pattern))]
		if found, err := filepath.Glob(filepath.Join(folder, path.Base(pattern))); folder == "" || len(found) == 0 {
			t.Errorf("no rules at %s: %v", pattern, err)
		}
	}
	if s := prometheus.ScrapeConfigs; len(s) != 2 || s[1].JobName != "temporal" || len(s[1].Relabel) != 1 || s[0].JobName != "thidua" || !slices.Equal(s[0].StaticConfigs[0].Targets, []string{"127.0.0.1:8088"}) {
		t.Errorf("scrapes %+v: the boards and rules ask for the job thidua, and `thidua up` listens on 127.0.0.1:8088", s)
	}

	mounted = c.mounts(t, "grafana")
	environment := c.Services["grafana"].Environment
	if home := environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]; mounted[path.Dir(home)] == "" {
		t.Errorf("the home board %s is not mounted", home)
	}
	provisioning := mounted["/etc/grafana/provisioning"]
	var sources struct {
		APIVersion  int `json:"apiVersion"`
		Datasources []struct {
			Name, UID, Type, Access, URL string
			User                         string
			IsDefault                    bool
			JSONData                     map[string]any    `json:"jsonData"`
			SecureJSONData               map[string]string `json:"secureJsonData"`
		}
	}
	read(t, filepath.Join(provisioning, "datasources/thidua.yaml"), &sources)
	if s := sources.Datasources; len(s) != 2 || s[0].Type != "prometheus" || !s[0].IsDefault || s[1].UID != "facts" || s[1].User != store.DashboardRole {
		t.Errorf("data sources %+v: a Prometheus and the facts are wanted", s)
	} else {
		for _, given := range []any{s[0].URL, s[1].URL, s[1].JSONData["database"], s[1].JSONData["sslmode"], s[1].SecureJSONData["password"]} {
			name, _ := given.(string)
			if _, ok := environment[strings.TrimPrefix(name, "$")]; !ok || name[0] != '$' {
				t.Errorf("%v is not in the environment that compose.yaml gives Grafana", given)
			}
		}
	}
	if listens := flag(c.Services["prometheus"].Command, "--web.listen-address="); !strings.Contains(environment["PROMETHEUS_URL"], "http://"+listens) {
		t.Errorf("Grafana asks %s, Prometheus listens on %s", environment["PROMETHEUS_URL"], listens)
	}
	var boards struct {
		APIVersion int `json:"apiVersion"`
		Providers  []struct {
			Name, Folder, Type              string
			DisableDeletion, AllowUIUpdates bool
			Options                         map[string]string
		}
	}
	read(t, filepath.Join(provisioning, "dashboards/thidua.yaml"), &boards)
	if p := boards.Providers; len(p) != 1 || mounted[environment[strings.TrimPrefix(p[0].Options["path"], "$")]] != "./grafana/dashboards" {
		t.Errorf("boards %+v are not provided from grafana/dashboards", p)
	}
}

func flag(command []string, prefix string) string {
	for _, arg := range command {
		if value, ok := strings.CutPrefix(arg, prefix); ok {
			return value
		}
	}
	return ""
}

// rules as Prometheus reads them.
type rules struct {
	Groups []struct {
		Name  string
		Rules []struct {
			Alert, Expr, For    string
			Labels, Annotations map[string]string
		}
	}
}

// Every alert says how bad it is and what to do, and a test has seen it both ring
// and keep quiet.
func TestAlerts(t *testing.T) {
	tests, err := os.ReadFile("prometheus/rules_test.yml")
	if err != nil {
		t.Fatal(err)
	}
	guide, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("prometheus/rules/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	runbooks := map[string]bool{}
	pages, err := fs.Glob(docs.Runbooks(), "*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pages {
		runbooks[p] = true
	}
	seen := 0
	for _, file := range files {
		var r rules
		read(t, file, &r)
		for _, g := range r.Groups {
			for _, a := range g.Rules {
				seen++
				if s := a.Labels["severity"]; s != "page" && s != "ticket" {
					t.Errorf("%s: severity %q", a.Alert, s)
				}
				if a.Annotations["summary"] == "" || len(a.Annotations["description"]) < 100 {
					t.Errorf("%s: a summary, and a description of what to do, are wanted", a.Alert)
				}
				if want := "{{ $externalLabels.pages }}/runbooks/" + a.Alert; a.Annotations["runbook_url"] != want {
					t.Errorf("%s: runbook %q, want %q", a.Alert, a.Annotations["runbook_url"], want)
				}
				checkRunbook(t, a.Alert)
				delete(runbooks, a.Alert+".md")
				if row := "| [" + a.Alert + "](runbooks/" + a.Alert + ".md) | " + a.Labels["severity"] + " |"; !strings.Contains(string(guide), row) {
					t.Errorf("%s: docs/operations.md has no row %q", a.Alert, row)
				}
				for what, pattern := range map[string]string{"ring": `\n +exp_samples: \[\{`, "keep quiet": `\n +exp_samples: \[\]`} {
					looks := regexp.MustCompile(`alertname="` + a.Alert + `", alertstate="firing"\}\n +eval_time: \w+` + pattern)
					if !looks.Match(tests) {
						t.Errorf("%s: no test in rules_test.yml has seen it %s", a.Alert, what)
					}
				}
			}
		}
	}
	if seen == 0 {
		t.Error("there is no alert")
	}
	for page := range runbooks {
		t.Errorf("docs/runbooks/%s is of no alert", page)
	}
}

// checkRunbook wants all its parts, and links that lead somewhere.
func checkRunbook(t *testing.T, alert string) {
	t.Helper()
	page, err := os.ReadFile("../docs/runbooks/" + alert + ".md")
	if err != nil {
		t.Error(err)
		return
	}
	parts := regexp.MustCompile(`(?s)^# (\w+)\n\n## What it means\n(.+)\n\n## What people see\n(.+)\n\n## First look\n(.+)\n\n## What to do\n- (.+)\n\n## When it is over\n(.+)\n$`).FindStringSubmatch(string(page))
	if parts == nil || parts[1] != alert {
		t.Errorf("%s: a runbook says what it means, what people see, the first look, what to do, when it is over", alert)
	}
	for _, link := range regexp.MustCompile(`\]\(([\w./]+)`).FindAllStringSubmatch(string(page), -1) {
		if _, err := os.Stat("../docs/runbooks/" + link[1]); err != nil {
			t.Errorf("%s: %v", alert, err)
		}
	}
}
