package standalone

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"thidua.dev/thidua/internal/store"
)

// grafanaEnv makes the test binary answer like a Grafana: there is none in the
// distribution to test with.
const grafanaEnv = "STANDALONE_TEST_GRAFANA"

// actGrafana tells what it was given.
func actGrafana() int {
	address := os.Getenv("GF_SERVER_HTTP_ADDR") + ":" + os.Getenv("GF_SERVER_HTTP_PORT")
	told := []string{os.Getenv("PROMETHEUS_URL"), os.Getenv("GF_AUTH_ANONYMOUS_ORG_ROLE"), os.Getenv("FACTS_DATABASE"), askFacts()}
	for _, pattern := range []string{"$GF_PATHS_PROVISIONING/*/*.yaml", "$DASHBOARDS/*.json"} {
		found, _ := filepath.Glob(os.ExpandEnv(pattern))
		for _, f := range found {
			told = append(told, filepath.Base(f))
		}
	}
	http.HandleFunc("/api/health", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, strings.Join(told, " "))
	})
	fmt.Fprintln(os.Stderr, http.ListenAndServe(address, nil))
	return 1
}

// askFacts comes as Grafana would.
func askFacts() string {
	conn, err := pgx.Connect(context.Background(), fmt.Sprintf("postgres://%s:%s@%s/%s?sslmode=%s",
		store.DashboardRole, os.Getenv("FACTS_PASSWORD"), os.Getenv("FACTS_ADDRESS"), os.Getenv("FACTS_DATABASE"), os.Getenv("FACTS_SSLMODE")))
	if err != nil {
		return err.Error()
	}
	defer conn.Close(context.Background())
	var campaigns string
	if err := conn.QueryRow(context.Background(), `SELECT count(*)::text FROM dashboard.campaign`).Scan(&campaigns); err != nil {
		return err.Error()
	}
	return campaigns
}

// onPath makes programs of their own the only ones, beside the real ones named.
func onPath(t *testing.T, grafana bool, real ...string) {
	t.Helper()
	root := t.TempDir()
	bin := filepath.Join(root, "bin")
	if err := os.MkdirAll(filepath.Join(root, "conf"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range real {
		if err := os.Symlink(filepath.Join("/usr/bin", name), filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	if grafana {
		script := fmt.Sprintf("#!/bin/sh\n%s=1 exec %s \"$@\"\n", grafanaEnv, os.Args[0])
		if err := os.WriteFile(filepath.Join(bin, "grafana-server"), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, "conf", "defaults.ini"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
}

func body(t *testing.T, url string) string {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.Get(url)
	if err != nil {
		return err.Error()
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Prometheus scrapes what it was told to, is restarted, and ends with the rest.
func TestMonitoring(t *testing.T) {
	a := start(t, Options{DataDir: newDir(t), NoTemporal: true})
	onPath(t, true, "prometheus")
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "answer 42") }))
	defer site.Close()
	m := a.StartMonitoring(t.Context(), site.Listener.Addr().String(), 100*time.Millisecond)
	if m.NoPrometheus != "" || m.NoGrafana != "" {
		t.Fatalf("not started: %+v", m)
	}
	scrapes := func() bool { return strings.Contains(body(t, m.Prometheus+"/api/v1/query?query=answer"), `"42"`) }
	await(t, "a scrape", scrapes)
	if rules := body(t, m.Prometheus+"/api/v1/rules"); !strings.Contains(rules, `"OutboxStuck"`) {
		t.Errorf("rules: %s", rules)
	}
	want := m.Prometheus + " Viewer thidua 0 thidua.yaml thidua.yaml campaign.json campaigns.json delivery.json engine.json service-levels.json"
	if got := body(t, m.Grafana+"/api/health"); got != want {
		t.Errorf("Grafana was given %q, want %q", got, want)
	}
	recorded, err := readPorts(a.dirs.ports())
	if err != nil || !strings.HasSuffix(m.Prometheus, ":"+strconv.Itoa(recorded.Prometheus)) || !strings.HasSuffix(m.Grafana, ":"+strconv.Itoa(recorded.Grafana)) {
		t.Errorf("ports recorded: %+v, %v", recorded, err)
	}

	pid := firstNumber(filepath.Join(a.dirs.prometheus(), "server.pid"))
	kill(t, pid)
	await(t, "another Prometheus under the same address", func() bool {
		return firstNumber(filepath.Join(a.dirs.prometheus(), "server.pid")) != pid && scrapes()
	})
	pid = firstNumber(filepath.Join(a.dirs.prometheus(), "server.pid"))
	stop(t, a)
	if syscall.Kill(pid, 0) == nil {
		t.Error("Prometheus runs on")
	}
	if firstNumber(filepath.Join(a.dirs.prometheus(), "server.pid")) != 0 {
		t.Error("its pid is still on record")
	}
}

// What is missing is one line, and never an error.
func TestMonitoringIsMissing(t *testing.T) {
	for _, tt := range []struct {
		reason                  string
		programs                []string
		noPrometheus, noGrafana string
	}{
		{"neither", nil, "not on the PATH: install it", "shows what Prometheus has"},
		{"no Grafana, which Debian does not have", []string{"prometheus"}, "", "docker compose -f deploy/compose.yaml up grafana"},
		{"a Prometheus that does not start", []string{"false"}, "Prometheus: exit status 1: its log is ", "shows what Prometheus has"},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			a := start(t, Options{DataDir: newDir(t), NoTemporal: true})
			onPath(t, false, tt.programs...)
			if tt.programs != nil && tt.programs[0] == "false" {
				bin := os.Getenv("PATH")
				if err := os.Rename(filepath.Join(bin, "false"), filepath.Join(bin, "prometheus")); err != nil {
					t.Fatal(err)
				}
			}
			m := a.StartMonitoring(t.Context(), "127.0.0.1:1", time.Second)
			if !strings.Contains(m.NoPrometheus, tt.noPrometheus) || (m.Prometheus == "") != (tt.noPrometheus != "") {
				t.Errorf("Prometheus: %+v, want %q", m, tt.noPrometheus)
			}
			if m.Grafana != "" || !strings.Contains(m.NoGrafana, tt.noGrafana) {
				t.Errorf("Grafana: %+v, want %q", m, tt.noGrafana)
			}
		})
	}
}

// kill -9 of the supervisor leaves a Prometheus behind; the next start ends it.
func TestLeftoverPrometheusIsEnded(t *testing.T) {
	dirs, err := prepareDataDir(newDir(t))
	if err != nil {
		t.Fatal(err)
	}
	mark := "--config.file=" + filepath.Join(dirs.prometheus(), "prometheus.yml")
	left := spawn(t, idleEnv+"=1", mark)
	if err := os.MkdirAll(dirs.prometheus(), 0o755); err != nil {
		t.Fatal(err)
	}
	record := filepath.Join(dirs.prometheus(), "server.pid")
	if err := os.WriteFile(record, []byte(strconv.Itoa(left.Process.Pid)+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := endLeftover(t.Context(), dirs, quiet()); err != nil {
		t.Error(err)
	}
	if startedWith(left.Process.Pid, mark) {
		t.Error("still runs")
	}
	if recorded(record) {
		t.Error("still on record")
	}
}
