package bench

import (
	"log/slog"
	"testing"

	"thidua.dev/thidua/internal/engine"
)

// BenchmarkExtend moves the deadline of one unit after another, of 11,367 in the round.
func BenchmarkExtend(b *testing.B) {
	all := &Bench{Options: Options{Units: Country, Progress: func(string) {}, Log: slog.New(slog.DiscardHandler)}}
	defer func() {
		if err := all.close(b.Context()); err != nil {
			b.Error(err)
		}
	}()
	w, err := all.world(b.Context(), opened)
	if err != nil {
		b.Fatal(err)
	}
	defer w.drop(b.Context())
	due := opening.AddDate(0, 0, 12)
	i := 0
	for b.Loop() {
		// Over the same five days, as bench rounds does, and later ones once all have had theirs.
		to := due.AddDate(0, 0, i%5+5*(i/Country))
		if _, err := w.engine.Extend(b.Context(), engine.By(Office, "bão"), Campaign, Round, UnitCode(Campaign, i%Country), to); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
