package metrics

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// A reading comes in the order of a scrape: its library sorts hundreds of thousands of
// series for longer than they take to be read, unless they are sorted.
func TestReadingsComeSorted(t *testing.T) {
	r := reading{}
	for _, campaign := range []string{"b", "a-1", "a"} {
		for _, step := range []string{"tomorrow", "consolidation/prepare", "prepare"} {
			for _, state := range []string{"Sent", "Pending"} {
				r.add(notices, 1, campaign, step, state)
				r.add(messages, 1, campaign, step, state)
			}
		}
		r.add(overdue, 1, campaign, "Report")
	}
	c := NewCollector(nil, slog.New(slog.DiscardHandler))
	c.last, c.end = r.metrics(), time.Now().Add(time.Hour)
	written := func(m *dto.Metric) string {
		var labels []string
		for _, l := range m.GetLabel() {
			labels = append(labels, l.GetName()+"="+l.GetValue())
		}
		return strings.Join(labels, ",")
	}
	came := map[string][]string{}
	for _, m := range c.last {
		var out dto.Metric
		if err := m.Write(&out); err != nil {
			t.Fatal(err)
		}
		name := strings.Split(m.Desc().String(), `"`)[1]
		came[name] = append(came[name], written(&out))
	}
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(c)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if len(families) != 3 {
		t.Fatalf("%d families", len(families))
	}
	for _, f := range families {
		var want []string
		for _, m := range f.GetMetric() {
			want = append(want, written(m))
		}
		if got := came[f.GetName()]; !slices.Equal(got, want) {
			t.Errorf("%s came as\n%s\nnot as\n%s", f.GetName(), strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}
