package verify_test

import (
	"log/slog"
	"testing"

	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/store/storetest"
	"thidua.dev/thidua/internal/verify"
)

// Nine thousand acts under three seals take two looks. What is altered is found within
// a round, wherever it is, and what is cut off at once.
func TestWatch(t *testing.T) {
	pool := storetest.Pool(t)
	log := slog.New(slog.DiscardHandler)
	do := func(statements ...string) {
		t.Helper()
		for _, s := range statements {
			if _, err := pool.Exec(t.Context(), s); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
		}
	}
	w := verify.NewWatch(pool, log)
	look := func(what string, rounds, findings int) {
		t.Helper()
		if err := w.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		if w.Rounds() != rounds || w.Findings() != findings {
			t.Errorf("%s: %d rounds, %d findings, want %d and %d", what, w.Rounds(), w.Findings(), rounds, findings)
		}
	}
	look("nothing is sealed yet", 1, 0)
	for range 3 {
		do(`INSERT INTO audit (at, actor, verb, object, request_id) SELECT now(), 'x', 'y', 'z', gen_random_uuid() FROM generate_series(1, 3000)`)
		if n, err := engine.New(pool, log).Seal(t.Context()); err != nil || n != 3000 {
			t.Fatalf("sealed %d: %v", n, err)
		}
	}
	look("two seals of three", 1, 0)
	look("the third", 2, 0)
	do(`UPDATE audit SET reason = 'khác' WHERE id IN (1, 9000)`)
	look("the first row is altered", 2, 1)
	look("and the last", 3, 2)
	do(`UPDATE audit SET reason = '' WHERE id IN (1, 9000)`)
	look("put right; the round before still counts", 3, 2)
	look("until this one is over", 4, 0)
	do(`DELETE FROM sealed WHERE seal = 3`, `DELETE FROM seal WHERE no = 3`)
	// Where the chain ends before what was once its end, the next look ends the round.
	look("the end is cut off", 4, 1)
	look("and stays so", 5, 1)
	do(`UPDATE seal SET previous = hash WHERE no = 2`)
	look("a link that continues nothing", 5, 3)
	do(`DELETE FROM sealed`, `DELETE FROM seal`)
	look("all of it is gone; the round before still counts", 6, 3)
	look("nothing but that it is gone", 7, 1)
}
