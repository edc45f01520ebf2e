package verify_test

import (
	"bytes"
	"slices"
	"strings"
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
	const lapsed = `(SELECT min(o.id) FROM obligation o WHERE o.due_at IS NOT NULL AND o.subject = 'monthly/2021-10' AND o.kind = 'Report'
		AND NOT EXISTS (SELECT FROM report p WHERE p.obligation_id = o.id))`
	const told = `(SELECT min(mn.notice_id) FROM message_notice mn JOIN message m ON m.id = mn.message_id WHERE m.state = 'Sent' AND NOT m.list)`
	for _, tt := range []struct {
		reason, change, back string
		want                 []string
	}{
		{"an act's reason", `UPDATE audit SET reason = 'khác' WHERE verb = 'launch'`,
			`UPDATE audit SET reason = 'simulated' WHERE verb = 'launch'`, []string{"RowAltered"}},
		{"an act's instant, by a second", `UPDATE audit SET at = at - interval '1 second' WHERE verb = 'decide'`,
			`UPDATE audit SET at = at + interval '1 second' WHERE verb = 'decide'`, []string{"DecisionAltered", "RowAltered"}},
		{"a late report made punctual", `UPDATE report SET received_at = '2021-10-15 10:00+07' WHERE obligation_id = ` + october,
			`UPDATE report SET received_at = '2021-10-19 10:00+07' WHERE obligation_id = ` + october, []string{"InstantMoved"}},
		{"the same in what counts", `UPDATE obligation SET received_at = '2021-10-15 10:00+07' WHERE id = ` + october,
			`UPDATE obligation SET received_at = '2021-10-19 10:00+07' WHERE id = ` + october, []string{"CountsAltered", "InstantMoved", "RoundAltered"}},
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
			`UPDATE notice SET state = 'NoRecipient' WHERE step = 'escalate' AND recipient = ''`, []string{"NoticeMessages"}},
		{"a late unit's deadline, so that it was in time", `UPDATE obligation SET due_at = due_at + interval '10 days' WHERE id = ` + october,
			`UPDATE obligation SET due_at = due_at - interval '10 days' WHERE id = ` + october, []string{"CountsAltered", "DeadlineMoved", "RoundAltered"}},
		{"the deadline of one that never reported", `UPDATE obligation SET due_at = due_at + interval '1 day' WHERE id = ` + lapsed,
			`UPDATE obligation SET due_at = due_at - interval '1 day' WHERE id = ` + lapsed, []string{"DeadlineMoved", "RoundAltered"}},
		{"a report that counts no more", `UPDATE obligation SET state = 'Owing', settled_at = received_at, received_at = NULL WHERE id = ` + october,
			`UPDATE obligation SET state = 'Settled', received_at = settled_at WHERE id = ` + october, []string{"CountsAltered", "NotCounted", "RoundAltered"}},
		{"the same with the round's count", `WITH r AS (UPDATE round SET late = late - 1, expected = expected - 1 WHERE name = 'monthly/2021-10')
			UPDATE obligation SET state = 'Informed', settled_at = received_at, received_at = NULL WHERE id = ` + october,
			`WITH r AS (UPDATE round SET late = late + 1, expected = expected + 1 WHERE name = 'monthly/2021-10')
			UPDATE obligation SET state = 'Settled', received_at = settled_at WHERE id = ` + october, []string{"CountsAltered", "NotCounted", "RoundAltered"}},
		{"one that never reported, as if it had owed nothing", `UPDATE obligation SET state = 'Informed' WHERE id = ` + lapsed,
			`UPDATE obligation SET state = 'Lapsed' WHERE id = ` + lapsed, []string{"CountsAltered", "RoundAltered", "StateAltered"}},
		{"a document's number", `UPDATE report SET document_number = '1/X' WHERE obligation_id = ` + october,
			`UPDATE report SET document_number = '' WHERE obligation_id = ` + october, []string{"DocumentAltered"}},
		{"a report that was received, as if it had been returned", `UPDATE report SET state = 'Returned', return_reason = 'x' WHERE obligation_id = ` + october,
			`UPDATE report SET state = 'Received', return_reason = '' WHERE obligation_id = ` + october, []string{"FateAltered"}},
		{"when a report came to count", `UPDATE report SET approved_at = approved_at - interval '10 days' WHERE obligation_id = ` + october,
			`UPDATE report SET approved_at = approved_at + interval '10 days' WHERE obligation_id = ` + october, []string{"InstantMoved"}},
		{"a round's late as in time", `UPDATE round SET on_time = on_time + 1, late = late - 1 WHERE name = 'monthly/2021-10'`,
			`UPDATE round SET on_time = on_time - 1, late = late + 1 WHERE name = 'monthly/2021-10'`, []string{"CountsAltered"}},
		{"a round's missing", `UPDATE round SET missing = 0, expected = expected - 1 WHERE name = 'monthly/2021-10'`,
			`UPDATE round SET missing = 1, expected = expected + 1 WHERE name = 'monthly/2021-10'`, []string{"CountsAltered"}},
		{"when a round was to close", `UPDATE round SET closes_at = closes_at + interval '1 day' WHERE name = 'monthly/2021-10'`,
			`UPDATE round SET closes_at = closes_at - interval '1 day' WHERE name = 'monthly/2021-10'`, []string{"RoundAltered"}},
		{"a round that is open again", `UPDATE round SET state = 'Open' WHERE name = 'monthly/2021-10'`,
			`UPDATE round SET state = 'Closed' WHERE name = 'monthly/2021-10'`, []string{"RoundAltered"}},
		{"a decision's number", `UPDATE decision SET number = '513/QĐ-BTTTT'`, `UPDATE decision SET number = '512/QĐ-BTTTT'`, []string{"DecisionAltered"}},
		{"a decision's date", `UPDATE decision SET dated = dated - 1`, `UPDATE decision SET dated = dated + 1`, []string{"DecisionAltered"}},
		{"who signed a decision", `UPDATE decision SET signed_by = 'Thứ trưởng'`, `UPDATE decision SET signed_by = 'Bộ trưởng'`, []string{"DecisionAltered"}},
		{"late reports on a ranking's line", `UPDATE ranking_line SET late = late + 1 WHERE unit = 'DN-05'`,
			`UPDATE ranking_line SET late = late - 1 WHERE unit = 'DN-05'`, []string{"LineAltered"}},
		{"missing reports on a ranking's line", `UPDATE ranking_line SET missing = missing + 1 WHERE unit = 'DN-05'`,
			`UPDATE ranking_line SET missing = missing - 1 WHERE unit = 'DN-05'`, []string{"LineAltered"}},
		{"a rank", `UPDATE ranking_line SET rank = rank + 1 WHERE unit = 'DN-05'`,
			`UPDATE ranking_line SET rank = rank - 1 WHERE unit = 'DN-05'`, []string{"LineAltered"}},
		{"points of one axis", `UPDATE ranking_line SET axes = axes || '[{"Axis": "x"}]' WHERE unit = 'DN-05'`,
			`UPDATE ranking_line SET axes = axes - (-1) WHERE unit = 'DN-05'`, []string{"LineAltered"}},
		{"when a ranking was sealed", `UPDATE ranking SET sealed_at = sealed_at - interval '1 day'`,
			`UPDATE ranking SET sealed_at = sealed_at + interval '1 day'`, []string{"RankingAltered"}},
		{"a nominee's rank", `UPDATE nomination SET rank = rank + 1 WHERE unit = (SELECT min(unit) FROM nomination)`,
			`UPDATE nomination SET rank = rank - 1 WHERE unit = (SELECT min(unit) FROM nomination)`, []string{"NominationAltered"}},
		{"an award's form", `UPDATE award SET form = form || 'x' WHERE unit = (SELECT min(unit) FROM award)`,
			`UPDATE award SET form = left(form, -1) WHERE unit = (SELECT min(unit) FROM award)`, []string{"AwardAltered"}},
		{"a reminder that was sent, as if it had been skipped", `UPDATE notice SET state = 'Skipped' WHERE id = ` + told,
			`UPDATE notice SET state = 'Sent' WHERE id = ` + told, []string{"NoticeMessages"}},
		{"the same, as if it had been superseded", `UPDATE notice SET state = 'Superseded' WHERE id = ` + told,
			`UPDATE notice SET state = 'Sent' WHERE id = ` + told, []string{"NoticeMessages"}},
		{"a message that no act cancelled", `UPDATE message SET state = 'Cancelled' WHERE id = (SELECT min(id) FROM message WHERE state = 'Sent' AND NOT list)`,
			`UPDATE message SET state = 'Sent' WHERE state = 'Cancelled'`, []string{"MessageAttempts", "MessageCancelledByNobody", "NoticeMessages"}},
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

// What is removed with all that hangs on it is missed where something else tells of it.
func TestOneThingRemovedWhole(t *testing.T) {
	pool, root := sealed(t)
	var want []string
	for _, tt := range []struct {
		reason, change string
		more           []string
	}{
		{"a notice, from its message", `WITH n AS (SELECT min(mn.notice_id) AS id FROM message_notice mn JOIN message m ON m.id = mn.message_id
				WHERE NOT m.list AND NOT EXISTS (SELECT FROM letter l WHERE l.notice_id = mn.notice_id)),
			l AS (DELETE FROM message_notice WHERE notice_id = (SELECT id FROM n) RETURNING notice_id)
			DELETE FROM notice WHERE id = (SELECT notice_id FROM l)`, []string{"MessageWithoutNotice"}},
		{"the decision", `DELETE FROM decision`, []string{"DecisionRemoved"}},
		{"a ranking that nobody is nominated by", `WITH k AS (SELECT id FROM ranking WHERE id NOT IN (SELECT ranking_id FROM nomination)),
			l AS (DELETE FROM ranking_line WHERE ranking_id IN (SELECT id FROM k)) DELETE FROM ranking WHERE id IN (SELECT id FROM k)`, []string{"RankingRemoved"}},
		{"a message, from its attempts", `WITH m AS (SELECT max(message_id) AS id FROM attempt),
			l AS (DELETE FROM message_notice WHERE message_id = (SELECT id FROM m)) DELETE FROM message WHERE id = (SELECT id FROM m)`,
			[]string{"AttemptWithoutMessage", "NoticeMessages"}},
		{"one that never reported, with its reminders, and the round's counts", `CREATE TEMP TABLE gone AS SELECT o.id FROM obligation o
				WHERE o.state = 'Lapsed' AND o.subject = 'monthly/2021-10' AND o.kind = 'Report';
			DELETE FROM letter WHERE obligation_id IN (SELECT id FROM gone);
			DELETE FROM message_notice WHERE notice_id IN (SELECT id FROM notice WHERE obligation_id IN (SELECT id FROM gone));
			DELETE FROM notice WHERE obligation_id IN (SELECT id FROM gone);
			DELETE FROM obligation WHERE id IN (SELECT id FROM gone);
			UPDATE round SET expected = expected - 1, missing = 0 WHERE name = 'monthly/2021-10'`, []string{"RoundAltered"}},
	} {
		if _, err := pool.Exec(t.Context(), tt.change); err != nil {
			t.Fatalf("%s: %v", tt.reason, err)
		}
		want = slices.Sorted(slices.Values(append(want, tt.more...)))
		if d := cmp.Diff(want, findings(t, pool, root)); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.reason, d)
		}
	}
}

// Acts that an older version wrote say less: then less is held to them, and nothing is
// found where nobody has altered anything. So it is with a bundle that it wrote.
func TestOlderActs(t *testing.T) {
	pool, _ := sealed(t)
	if _, err := pool.Exec(t.Context(), `ALTER TABLE sealed DROP CONSTRAINT sealed_audit_id_fkey; DELETE FROM sealed; DELETE FROM seal;
		DELETE FROM audit WHERE verb IN ('open', 'close', 'rank');
		UPDATE audit SET detail = detail - 'dueAt' - 'closed' - 'documentDate' - 'signedBy'`); err != nil {
		t.Fatal(err)
	}
	b := offline(t, pool)
	if got := slices.Concat(b.Ledger(), b.Ranking()); len(got) > 0 {
		t.Errorf("older acts: %v", got)
	}
	b.Format, b.Settled, b.Owed, b.Rounds, b.Decisions, b.Nominations = "thidua.bundle/1", b.Received(), nil, nil, nil, nil
	var file bytes.Buffer
	if err := b.Write(&file); err != nil {
		t.Fatal(err)
	}
	back, err := verify.Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Concat(back.Ledger(), back.Ranking()); len(got) > 0 || len(back.Received()) == 0 {
		t.Errorf("a bundle of the format before: %v", got)
	}
	for _, change := range []string{
		`UPDATE obligation SET due_at = due_at + interval '10 days' WHERE owner = 'STTTT-04' AND subject = 'monthly/2021-10'`,
		`UPDATE obligation SET due_at = due_at - interval '10 days' WHERE owner = 'STTTT-04' AND subject = 'monthly/2021-10'`,
	} {
		if _, err := pool.Exec(t.Context(), change); err != nil {
			t.Fatal(err)
		}
		if got, later := len(offline(t, pool).Ledger()), strings.Contains(change, "+"); got > 0 != later {
			t.Errorf("%s: %d findings", change, got)
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
