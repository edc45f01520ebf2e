package rehearse

import (
	"log/slog"
	"testing"

	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/store/storetest"
)

// seed rehearses the example of 2021 on a database of its own.
func seed(t testing.TB) *Result {
	t.Helper()
	const dir = "../../examples/seed-2021"
	set, err := manifest.Load([]string{dir}, nil)
	if err != nil {
		t.Fatal(err)
	}
	simulation, err := LoadSimulation(dir)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), Options{
		Pool: storetest.Pool(t), Set: set, Campaign: "covid-2021", Simulation: simulation, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSeed(t *testing.T) {
	r := seed(t)
	t.Logf("%d mails, %d steps, %d jumps", len(r.Mails), r.Steps, r.Jumps)
	counts := map[string]int{}
	for _, m := range r.Mails {
		counts[m.Labels.Round+" "+m.Labels.Step]++
	}
	for k, v := range counts {
		t.Log(k, v)
	}
	set, _ := manifest.Load([]string{"../../examples/seed-2021"}, nil)
	for _, lang := range []string{"en", "vi"} {
		lines, err := Story(t.Context(), r.Engine.Pool(), &set.Campaigns[0].Spec, "covid-2021", lang)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lines {
			t.Log(l)
		}
	}
}
