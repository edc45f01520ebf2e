package monitoring

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"sigs.k8s.io/yaml"
)

// Prometheus says what to scrape and where to keep it.
type Prometheus struct {
	// Dir holds its configuration, its log and what it has scraped.
	Dir  string
	Port int
	// Target is the address of a process of Thi đua, host:port.
	Target string
	// Temporal is the address of its server's metrics, host:port; empty without.
	Temporal string
	// Interval of scrapes, and of looks at the rules.
	Interval time.Duration
	// Rules are files of alert rules, *.yml.
	Rules fs.FS
}

// PrometheusOf gives the file that names the Prometheus of a folder, and the
// argument that it was started with: a number alone may have passed to another.
func PrometheusOf(dir string) (pid, mark string) {
	return pidFile(dir), "--config.file=" + filepath.Join(dir, "prometheus.yml")
}

// FindPrometheus looks on the PATH.
func FindPrometheus() (string, error) { return exec.LookPath("prometheus") }

// Start returns once it answers.
func (p Prometheus) Start(ctx context.Context) (*Server, error) {
	path, err := FindPrometheus()
	if err != nil {
		return nil, err
	}
	if p.Dir, err = absolute(p.Dir); err != nil {
		return nil, err
	}
	if err := p.configure(); err != nil {
		return nil, fmt.Errorf("configure Prometheus in %s: %w", p.Dir, err)
	}
	_, mark := PrometheusOf(p.Dir)
	return program{
		name: "Prometheus", path: path, dir: p.Dir, port: p.Port, ready: "-/ready", mark: mark,
		args: []string{
			"--storage.tsdb.path=" + filepath.Join(p.Dir, "data"),
			"--web.listen-address=127.0.0.1:" + strconv.Itoa(p.Port),
			"--log.level=warn",
		},
	}.start(ctx)
}

// temporalKept are the metrics of Temporal's server that boards show. It has thousands of
// series; and its own workers count under the names of ours.
const temporalKept = "(service|persistence)_(requests|error_with_type|latency_(sum|count))"

func (p Prometheus) configure() error {
	rules := filepath.Join(p.Dir, "rules")
	if err := copyFiles(p.Rules, rules); err != nil {
		return err
	}
	type dict = map[string]any
	every := fmt.Sprintf("%dms", p.Interval.Milliseconds())
	scraped := []dict{{"job_name": "thidua", "static_configs": []dict{{"targets": []string{p.Target}}}}}
	if p.Temporal != "" {
		scraped = append(scraped, dict{
			"job_name": "temporal", "static_configs": []dict{{"targets": []string{p.Temporal}}},
			"metric_relabel_configs": []dict{{"source_labels": []string{"__name__"}, "regex": temporalKept, "action": "keep"}},
		})
	}
	config, err := yaml.Marshal(dict{
		"global": dict{"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every,
			// Alerts link to runbooks, which are served where the metrics are.
			"external_labels": dict{"pages": "http://" + p.Target}},
		"rule_files":     []string{filepath.Join(rules, "*.yml")},
		"scrape_configs": scraped,
	})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.Dir, "prometheus.yml"), config, 0o644)
}

// copyFiles puts files where a program can read them.
func copyFiles(from fs.FS, to string) error {
	return fs.WalkDir(from, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, filepath.FromSlash(path))
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		content, err := fs.ReadFile(from, path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o644)
	})
}
