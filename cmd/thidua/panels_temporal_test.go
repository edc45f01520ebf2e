//go:build temporal

package main

import (
	"encoding/json"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api"
	promapi "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"thidua.dev/thidua/deploy"
	"thidua.dev/thidua/internal/cli"
)

// unseen are panels that stay empty in a run without trouble.
var unseen = map[string]string{
	"Requests to Temporal that failed": "a series comes with the first failure",
	"Newest backup":                    "a demo makes none",
	"Workflow tasks that failed":       "a series comes with the first failure",
}

// Every query of every dashboard gives series in a demo on the real Temporal: the
// names that the SDK counts under are as the panels have them.
func TestPanelsOfUp(t *testing.T) {
	in := begin(t, cli.UpOptions{Console: discard(), Place: cli.Place{DataDir: dataDir(t)}, Demo: true, DemoDir: seedDir, Pace: 50 * time.Millisecond})
	if in.monitoring.Prometheus == "" {
		t.Fatalf("no Prometheus: %s", in.monitoring.NoPrometheus)
	}
	began := time.Now()
	if err := in.play(t.Context()); err != nil {
		t.Fatal(err)
	}
	client, err := api.NewClient(api.Config{Address: in.monitoring.Prometheus})
	if err != nil {
		t.Fatal(err)
	}
	prometheus := promapi.NewAPI(client)
	files, err := fs.Glob(deploy.Dashboards(), "*.json")
	if err != nil || len(files) != 5 {
		t.Fatal(files, err)
	}
	given := strings.NewReplacer("$campaign", ".*", "$__rate_interval", "10s")
	for _, file := range files {
		content, err := fs.ReadFile(deploy.Dashboards(), file)
		if err != nil {
			t.Fatal(err)
		}
		var board struct {
			Panels []struct {
				Title   string
				Targets []struct{ Expr string }
			}
		}
		if err := json.Unmarshal(content, &board); err != nil {
			t.Fatal(err)
		}
		for _, p := range board.Panels {
			for _, q := range p.Targets {
				if q.Expr == "" { // asks the facts, and not Prometheus
					continue
				}
				expr := given.Replace(q.Expr)
				v, _, _, err := prometheus.QueryRange(t.Context(), expr, promapi.Range{Start: began, End: time.Now(), Step: time.Second})
				if err != nil {
					t.Errorf("%s: %s: %v", p.Title, expr, err)
					continue
				}
				if m, ok := v.(model.Matrix); (!ok || len(m) == 0) && unseen[p.Title] == "" {
					t.Errorf("%s: no series: %s", p.Title, expr)
				}
			}
		}
	}
}
