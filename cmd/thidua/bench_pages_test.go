package main

import (
	"log/slog"
	"testing"

	"thidua.dev/thidua/internal/bench"
)

// The pages are measured at a tiny size: it cannot rot. How fast they are is not a
// test's to judge.
func TestPagesAreMeasured(t *testing.T) {
	o := bench.Options{Units: 40, Repeat: 1, Log: slog.New(slog.DiscardHandler)}
	results, err := bench.Run(t.Context(), o, withPages, nil, func(bench.Result) {})
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 3 {
		t.Errorf("%d results", len(results))
	}
	for _, r := range results {
		if r.Value <= 0 || r.Ratio <= 0 || (r.Name == "board, 40 units") != (r.Holds != nil) {
			t.Errorf("half a result: %+v", r)
		}
	}
}
