package engine_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/verify"
)

func init() { //nolint:gochecknoinits // the tests of package engine cannot import what imports it
	engine.Verify = func(t testing.TB, pool *pgxpool.Pool, handmade string) {
		t.Helper()
		ctx := context.Background() // the test's own has ended
		b, err := verify.FromDatabase(ctx, pool)
		if err != nil {
			t.Fatal(err)
		}
		sending, err := verify.Sending(ctx, pool)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range slices.Concat(b.Audit(nil), b.Ledger(), b.Ranking(), sending) {
			if handmade != "" && strings.Contains(f.Text, handmade) {
				continue
			}
			t.Errorf("nobody has altered anything, and verify says: %s: %s", f.Code, f.Text)
		}
	}
}
