package bench

import (
	"encoding/json"
	"log/slog"
	"testing"
)

// Every measurement runs at a tiny size and gives figures: it cannot rot. What the
// figures are is not a test's to judge.
func TestMeasurementsRun(t *testing.T) {
	var shown int
	results, err := Run(t.Context(), Options{Units: 40, Repeat: 1, SeedDir: "../../examples/quickstart", Log: slog.New(slog.DiscardHandler)},
		All, nil, func(Result) { shown++ })
	if err != nil {
		t.Fatal(err)
	}
	if len(results) < len(All) || shown != len(results) {
		t.Errorf("%d results, %d shown", len(results), shown)
	}
	for _, r := range results {
		if r.Name == "" || r.Unit == "" || r.Value <= 0 || r.Peer != "" && r.Ratio <= 0 || (r.LimitIs != "") != (r.Holds != nil) {
			t.Errorf("half a result: %+v", r)
		}
	}
	b, err := json.Marshal(results)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", b)
}

func TestRunKnowsItsNames(t *testing.T) {
	if _, err := Run(t.Context(), Options{}, All, []string{"speed"}, func(Result) {}); err == nil {
		t.Error("an unknown measurement was made")
	}
}

func TestLimits(t *testing.T) {
	for _, c := range []struct {
		reason string
		result Result
		holds  bool
	}{
		{"twice the peer is within twice", Result{Value: 4}.Beside("p", 2).Limited(AtMost, 2), true},
		{"more is not", Result{Value: 5}.Beside("p", 2).Limited(AtMost, 2), false},
		{"at least is the other side", Result{Value: 3}.Beside("p", 4).Limited(AtLeast, 0.7), true},
		{"without a peer the value counts", Result{Value: 900}.Limited(AtMost, 1024), true},
	} {
		if c.result.Holds == nil || *c.result.Holds != c.holds {
			t.Errorf("%s: %+v", c.reason, c.result)
		}
	}
}
