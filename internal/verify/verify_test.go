package verify_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"thidua.dev/thidua/internal/audit"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look/looktest"
	"thidua.dev/thidua/internal/store/storetest"
	"thidua.dev/thidua/internal/verify"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// sealed is the example of 2021 after its end, with all its acts under seals, and
// the root that was published.
func sealed(t *testing.T) (*pgxpool.Pool, audit.Hash) {
	t.Helper()
	pool := storetest.Pool(t)
	r := looktest.Rehearse(t, pool, looktest.Over)
	n, err := r.Engine.Seal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	again, err := r.Engine.Seal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n < 1000 || again != 0 {
		t.Errorf("sealed %d rows, then %d", n, again)
	}
	b := offline(t, pool)
	if len(b.Seals) == 0 || len(b.Unsealed) != 0 {
		t.Fatalf("%d seals, %d acts unsealed", len(b.Seals), len(b.Unsealed))
	}
	return pool, b.Seals[len(b.Seals)-1].Hash
}

// offline is the bundle as another machine reads it.
func offline(t *testing.T, pool *pgxpool.Pool) *verify.Bundle {
	t.Helper()
	b, err := verify.FromDatabase(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := b.Write(&file); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d seals, %d reports, %d rankings in %d kB", len(b.Seals), len(b.Reports), len(b.Rankings), file.Len()/1000)
	back, err := verify.Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	return back
}

// findings of all that a bundle can be checked for, as codes.
func findings(t *testing.T, pool *pgxpool.Pool, root audit.Hash) []string {
	t.Helper()
	b := offline(t, pool)
	all := slices.Concat(b.Audit(&root), b.Ledger(), b.Ranking())
	sending, err := verify.Sending(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, f := range slices.Concat(all, sending) {
		t.Log(f.Text)
		codes = append(codes, f.Code)
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// Somebody with the password of the database changes one thing. An auditor who has
// only the bundle and the published root finds it.
func TestOneThingChanged(t *testing.T) {
	pool, root := sealed(t)
	if got := findings(t, pool, root); len(got) > 0 {
		t.Fatalf("untouched: %v", got)
	}
	const october = `(SELECT o.id FROM obligation o WHERE o.owner = 'STTTT-04' AND o.subject = 'monthly/2021-10')`
	for _, tt := range []struct {
		reason, change, back string
		want                 []string
	}{
		{"an act's reason", `UPDATE audit SET reason = 'khác' WHERE verb = 'launch'`,
			`UPDATE audit SET reason = 'simulated' WHERE verb = 'launch'`, []string{"RowAltered"}},
		{"an act's instant, by a second", `UPDATE audit SET at = at - interval '1 second' WHERE verb = 'decide'`,
			`UPDATE audit SET at = at + interval '1 second' WHERE verb = 'decide'`, []string{"RowAltered"}},
		{"a late report made punctual", `UPDATE report SET received_at = '2021-10-15 10:00+07' WHERE obligation_id = ` + october,
			`UPDATE report SET received_at = '2021-10-19 10:00+07' WHERE obligation_id = ` + october, []string{"InstantMoved"}},
		{"the same in what counts", `UPDATE obligation SET received_at = '2021-10-15 10:00+07' WHERE id = ` + october,
			`UPDATE obligation SET received_at = '2021-10-19 10:00+07' WHERE id = ` + october, []string{"InstantMoved"}},
		{"a figure", `UPDATE report_figure f SET value = value - 1 FROM report p WHERE p.id = f.report_id AND p.obligation_id = ` + october,
			`UPDATE report_figure f SET value = value + 1 FROM report p WHERE p.id = f.report_id AND p.obligation_id = ` + october, []string{"ReportAltered"}},
		{"a file slipped in", `INSERT INTO report_file (report_id, position, name, sha256, size, media_type)
			SELECT id, 0, 'anh.png', repeat('0', 64), 1, 'image/png' FROM report WHERE obligation_id = ` + october, `DELETE FROM report_file`, []string{"ReportAltered"}},
		{"points of a sealed ranking", `UPDATE ranking_line SET total = total + 1 WHERE unit = 'DN-05'`,
			`UPDATE ranking_line SET total = total - 1 WHERE unit = 'DN-05'`, []string{"LineAltered"}},
		{"what a ranking was computed from", `UPDATE ranking SET inputs = jsonb_set(inputs, '{units,0,Late}', '7')`,
			`UPDATE ranking SET inputs = jsonb_set(inputs, '{units,0,Late}', '0')`, []string{"InputsAltered"}},
		{"an attempt that was never made", `UPDATE attempt SET outcome = 'Retry' WHERE message_id = (SELECT min(id) FROM message)`,
			`UPDATE attempt SET outcome = 'Sent' WHERE message_id = (SELECT min(id) FROM message)`, []string{"MessageAttempts"}},
		{"a notice said to be sent", `UPDATE notice SET state = 'Sent' WHERE state = 'NoRecipient'`,
			`UPDATE notice SET state = 'NoRecipient' WHERE step = 'escalate' AND recipient = ''`, []string{"NoticeWithoutMessage"}},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			tag, err := pool.Exec(t.Context(), tt.change)
			if err != nil || tag.RowsAffected() == 0 {
				t.Fatalf("%v: %v", tag, err)
			}
			if d := cmp.Diff(tt.want, findings(t, pool, root)); d != "" {
				t.Errorf("findings (-want +got):\n%s", d)
			}
			if _, err := pool.Exec(t.Context(), tt.back); err != nil {
				t.Fatal(err)
			}
		})
	}
	if got := findings(t, pool, root); len(got) > 0 {
		t.Fatalf("all changed back: %v", got)
	}
}

// What is removed cannot be put back, so it comes last.
func TestOneThingRemoved(t *testing.T) {
	pool, root := sealed(t)
	for _, tt := range []struct {
		reason, change string
		want           []string
	}{
		{"a report with its figures", `WITH p AS (SELECT id FROM report ORDER BY id LIMIT 1), f AS (DELETE FROM report_figure WHERE report_id IN (SELECT id FROM p))
			DELETE FROM report WHERE id IN (SELECT id FROM p)`, []string{"ReportRemoved"}},
		{"a line of the ranking", `DELETE FROM ranking_line WHERE unit = 'DN-05'`, []string{"LineRemoved", "ReportRemoved"}},
		{"an act and the constraint that held it", `ALTER TABLE sealed DROP CONSTRAINT sealed_audit_id_fkey; DELETE FROM audit WHERE verb = 'launch'`,
			[]string{"LineRemoved", "ReportRemoved", "RowRemoved"}},
		{"the seal that covered it", `DELETE FROM sealed; DELETE FROM seal`, []string{"LineRemoved", "ReportRemoved", "RootUnknown"}},
	} {
		if _, err := pool.Exec(t.Context(), tt.change); err != nil {
			t.Fatalf("%s: %v", tt.reason, err)
		}
		if d := cmp.Diff(tt.want, findings(t, pool, root)); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.reason, d)
		}
	}
}

// Acts that run while the sealer works are sealed once each, whatever the order in
// which they end.
func TestSealWhileActing(t *testing.T) {
	pool := storetest.Pool(t)
	insert := `INSERT INTO audit (at, actor, verb, object, request_id) VALUES (now(), 'x', 'y', $1, gen_random_uuid())`
	slow, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := slow.Exec(t.Context(), insert, "slow"); err != nil { // it takes its place first and ends last
		t.Fatal(err)
	}
	e := engine.New(pool, nil)
	for range 3 {
		if _, err := pool.Exec(t.Context(), insert, "quick"); err != nil {
			t.Fatal(err)
		}
		if n, err := e.Seal(t.Context()); err != nil || n != 0 {
			t.Fatalf("sealed %d behind one that has not ended: %v", n, err)
		}
	}
	if err := slow.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := e.Seal(t.Context()); err != nil || n != 4 {
		t.Fatalf("sealed %d, want 4: %v", n, err)
	}
	b := offline(t, pool)
	if got := b.Audit(nil); len(got) > 0 {
		t.Errorf("%v", got)
	}
}
