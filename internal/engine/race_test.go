package engine

import (
	"context"
	"errors"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// Reports race the ladder and the dispatcher. Whoever comes first, nobody who has
// reported is reminded: a notice is written before the report and superseded by
// it, or never written; and nothing about a unit leaves that had its receipt
// before the claim.
func TestReportsRaceTheLadder(t *testing.T) {
	const n, rounds = 20, 50
	w := crowd(t, n, "due: {day: 15}\n", "due: {day: 15}\n      approval: None\n")
	w.tampered = true
	w.to("2021-10-08 08:30")
	id := roundID(name, oct)
	for i := range rounds {
		// All owe anew and stand before the first step, which is due.
		_, err := w.Pool().Exec(t.Context(), `UPDATE obligation SET state = 'Owing', deadline_no = deadline_no + 1, step_seq = NULL,
			step_at = NULL, next_seq = 1, next_at = (SELECT now FROM clock) WHERE subject = $1`, oct)
		w.ok(err)
		var mu sync.Mutex
		receipts := map[string]bool{}
		var reporting, others sync.WaitGroup
		for u := range n {
			if (u+i)%4 == 0 {
				continue // silent in this round
			}
			reporting.Go(func() {
				unit := crowdCode(u)
				if _, err := w.Submit(t.Context(), By(focal(unit), ""), name, oct, unit, goodReport); err != nil {
					t.Errorf("%s: %v", unit, err)
				}
				mu.Lock()
				receipts[unit] = true
				mu.Unlock()
			})
		}
		done := make(chan struct{})
		others.Go(func() {
			if _, err := w.StepProcedure(t.Context(), id, "climb"); err != nil {
				t.Error(err)
			}
		})
		others.Go(func() {
			for last := false; !last; {
				select {
				case <-done:
					last = true
				default:
				}
				mu.Lock()
				settled := maps.Clone(receipts)
				mu.Unlock()
				sent := w.inbox.count()
				if _, err := w.dispatcher.Once(t.Context()); err != nil {
					t.Error(err)
				}
				for _, m := range w.inbox.mails[sent:] {
					for _, unit := range m.Labels.Units {
						if settled[unit] {
							t.Errorf("%s is reminded after its receipt", unit)
						}
					}
				}
			}
		})
		reporting.Wait()
		close(done)
		others.Wait()
		w.dispatch()
		w.check("nothing is said to who has reported", w.rows(`SELECT o.owner, n.step FROM notice n JOIN obligation o ON o.id = n.obligation_id
			WHERE n.state = 'Pending' OR o.state = 'Settled' AND n.state = 'Sent' AND n.deadline_no = o.deadline_no
			  AND NOT EXISTS (SELECT FROM message_notice mn JOIN attempt a USING (message_id) WHERE mn.notice_id = n.id)`))
		w.check("who was silent is reminded once", w.rows(`SELECT count(*) FROM obligation o JOIN notice n ON n.obligation_id = o.id
			AND n.deadline_no = o.deadline_no WHERE o.subject = $1 AND o.state = 'Owing' AND n.state = 'Sent'`, oct), "5")
		if t.Failed() {
			return
		}
	}
}

// Two workers look at one procedure at once.
func TestTwoLooksAtOnce(t *testing.T) {
	w := running(t)
	w.step = func(ctx context.Context, id, phase string) (Step, error) {
		var both [2]Step
		var errs [2]error
		var wg sync.WaitGroup
		for i := range both {
			wg.Go(func() { both[i], errs[i] = w.StepProcedure(ctx, id, phase) })
		}
		wg.Wait()
		if both[1].Finished {
			both[0].Finished = true
		}
		return both[0], errors.Join(errs[:]...)
	}
	w.october()
	w.check("it is as if one had looked", w.notices(oct), octoberByHand...)
	w.step = w.StepProcedure
	w.ending()
}

// Commands, steps, reports and the dispatcher together: each is carried out or
// refused in words, nothing is stuck, nothing contradicts itself.
func TestCommandsAgainstSteps(t *testing.T) {
	const n = 40
	w := crowd(t, n)
	w.to("2021-10-08 08:29")
	w.jump("2021-10-14 09:00")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	expected := func(err error) {
		var refused *Refused
		var conflict *Conflict
		if err != nil && !errors.As(err, &refused) && !errors.As(err, &conflict) {
			t.Error(err)
		}
	}
	id := roundID(name, oct)
	for _, p := range []Procedure{{campaignID(name), KindCampaign}} {
		w.run(p) // opens the round
	}
	_, err := w.StepProcedure(ctx, id, "open")
	w.ok(err)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for range 25 {
				_, err := w.StepProcedure(ctx, id, "climb")
				expected(err)
				_, err = w.StepProcedure(ctx, campaignID(name), "collect")
				expected(err)
			}
		})
	}
	wg.Go(func() {
		for i := range 12 {
			expected(w.Pause(ctx, By(office, ""), name))
			expected(w.Resume(ctx, By(office, ""), name, []Deadlines{Keep, Shift}[i%2]))
		}
	})
	wg.Go(func() {
		for i := range n {
			_, err := w.Extend(ctx, By(office, ""), name, oct, crowdCode(i), at("2021-10-20 17:00").AddDate(0, 0, i%9))
			expected(err)
		}
	})
	wg.Go(func() {
		for i := range n {
			u := crowdCode(n - 1 - i)
			_, err := w.Submit(ctx, By(focal(u), ""), name, oct, u, goodReport)
			expected(err)
			_, err = w.Approve(ctx, By(leader(u), ""), name, oct, u)
			expected(err)
		}
	})
	wg.Go(func() {
		for range 30 {
			if _, err := w.dispatcher.Once(ctx); err != nil {
				t.Error(err)
			}
			_, err := w.Sweep(ctx, 0)
			expected(err)
		}
	})
	wg.Wait()
	expected(w.Cancel(ctx, By(office, "hết"), name))
	w.dispatch()
	w.check("a notice is settled when its obligation is", w.rows(`SELECT n.state, o.state FROM notice n JOIN obligation o ON o.id = n.obligation_id
		WHERE n.state = 'Pending' OR o.state NOT IN ('Settled', 'Cancelled', 'Informed')`))
	w.check("no message is left", w.rows(`SELECT id, state FROM message WHERE state NOT IN ('Sent', 'Superseded', 'Expired')`))
}

// One request sent twice at once is carried out once and answered twice alike.
func TestOneRequestTwiceAtOnce(t *testing.T) {
	w := newWorld(t)
	twice := func(do func() (any, error)) {
		t.Helper()
		var answers [2]any
		var errs [2]error
		var wg sync.WaitGroup
		for i := range answers {
			wg.Go(func() { answers[i], errs[i] = do() })
		}
		wg.Wait()
		if err := errors.Join(errs[:]...); err != nil {
			t.Error(err)
		}
		if d := cmp.Diff(answers[0], answers[1]); d != "" {
			t.Errorf("two answers: %s", d)
		}
	}
	launch, extend, pause := By(office, ""), By(office, ""), By(office, "")
	twice(func() (any, error) { return nil, w.Launch(t.Context(), launch, name, LaunchOptions{}) })
	w.to("2021-10-11 10:00")
	for _, u := range units {
		submit, approve := By(focal(u), ""), By(leader(u), "")
		if u != "C2" {
			twice(func() (any, error) { return w.Submit(t.Context(), submit, name, oct, u, goodReport) })
		}
		if u != "C1" && u != "C2" {
			twice(func() (any, error) { return w.Approve(t.Context(), approve, name, oct, u) })
		}
	}
	twice(func() (any, error) { return w.Extend(t.Context(), extend, name, oct, "", at("2021-10-20 17:00")) })
	twice(func() (any, error) { return nil, w.Pause(t.Context(), pause, name) })
	w.check("each is on record once", w.rows(`SELECT verb, count(*) FROM audit WHERE verb <> 'apply' GROUP BY 1 ORDER BY 1`),
		"approve 5", "extend 1", "launch 1", "open 2", "pause 1", "submit 6")
	w.check("and done once", w.rows(`SELECT count(*), max(version), (SELECT max(deadline_no) FROM obligation) FROM report`), "6 1 2")
}

// Rounds that close at the same moment must not each take the other for open: the
// campaign would wait for ever.
func TestLastRoundsCloseAtOnce(t *testing.T) {
	w := running(t, "  reminders:", "    - {name: other, due: {date: 2021-11-15}}\n  reminders:", "reviews: [{name: final, at: 2021-12-10}]", "reviews: []",
		"awards: [{name: giay-khen, form: giay_khen, nominate: {top: 1, minScore: \"50\"}}]", "awards: []")
	w.to("2021-11-29 17:00")
	w.ok(w.Jump(t.Context(), at("2021-11-29 17:01")))
	ids := w.rows(`SELECT id FROM procedure WHERE kind = 'Round' AND state = 'Open' ORDER BY 1`)
	w.check("two are open", ids, roundID(name, nov), "campaign/thi-dua/round/other/2021-11-15")
	// Both have closed and not committed when they ask whether the other is open.
	_, err := w.Pool().Exec(t.Context(), `CREATE FUNCTION meet() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN PERFORM pg_advisory_xact_lock_shared(42); RETURN NULL; END $$;
		CREATE TRIGGER meet AFTER UPDATE ON round FOR EACH ROW WHEN (NEW.state = 'Closed') EXECUTE FUNCTION meet()`)
	w.ok(err)
	hold, err := pgx.Connect(t.Context(), w.Pool().Config().ConnString())
	w.ok(err)
	defer hold.Close(context.WithoutCancel(t.Context()))
	_, err = hold.Exec(t.Context(), `SELECT pg_advisory_lock(42)`)
	w.ok(err)
	var wg sync.WaitGroup
	for _, id := range ids {
		wg.Go(func() {
			if s, err := w.StepProcedure(t.Context(), id, "close"); err != nil || !s.Finished {
				t.Errorf("%s: %+v, %v", id, s, err)
			}
		})
	}
	waiting := 0
	for deadline := time.Now().Add(20 * time.Second); waiting < 2 && time.Now().Before(deadline); {
		w.ok(hold.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&waiting))
	}
	_, err = hold.Exec(t.Context(), `SELECT pg_advisory_unlock(42)`)
	w.ok(err)
	wg.Wait()
	w.to("2022-02-01 00:00")
	w.check("the campaign goes on and closes", w.rows(`SELECT state FROM campaign`), "Closed")
}

// Postgres ends one of two transactions that wait for each other; it is repeated.
func TestDeadlockIsRepeated(t *testing.T) {
	w := running(t)
	var met sync.WaitGroup
	met.Add(2)
	var once [2]sync.Once
	var wg sync.WaitGroup
	tries := [2]int{}
	lock := func(t *tx, unit string) error {
		_, err := t.raw.Exec(context.Background(), `UPDATE participant SET name = name || '.' WHERE unit = $1`, unit)
		return err
	}
	for i, order := range [][2]string{{"A1", "A2"}, {"A2", "A1"}} {
		wg.Go(func() {
			err := w.in(t.Context(), func(t *tx) error {
				tries[i]++
				if err := lock(t, order[0]); err != nil {
					return err
				}
				once[i].Do(func() { met.Done(); met.Wait() })
				return lock(t, order[1])
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	// The one that was ended may take its lock again before the other wakes: then they
	// meet a second time. How often is up to the scheduler.
	if tries[0]+tries[1] < 3 {
		t.Errorf("%v tries, want one repeated", tries)
	}
	w.check("both were carried out, once", w.rows(`SELECT name FROM participant WHERE unit IN ('A1', 'A2') ORDER BY unit`), "Phòng Một..", "Phòng Hai..")
}

// A report is judged by what it finds; what was changed before it could be written is
// judged anew.
func TestOvertakenReport(t *testing.T) {
	w := crowd(t, 3, "due: {day: 15}\n", "due: {day: 15}\n      approval: None\n")
	w.tampered = true
	w.to("2021-10-08 08:30")
	for i, c := range []struct{ reason, change, code string }{
		{"an act that moves the deadline into the past", `due_at = '2021-10-01', deadline_no = deadline_no + 1`, ""},
		{"a close", `state = 'Lapsed'`, "RoundClosed"},
		{"a cancellation", `state = 'Cancelled'`, "Cancelled"},
	} {
		unit := crowdCode(i)
		var receipt Receipt
		var refusal error
		w.meanwhile(`UPDATE obligation SET `+c.change+` WHERE subject = $1 AND owner = $2`, unit, func() {
			with := goodReport
			// With files it is written otherwise.
			with.Files = []File{{Name: "a.pdf", SHA256: strings.Repeat("0", 64), Size: 1, MediaType: "application/pdf"}}[:i%2]
			receipt, refusal = w.Submit(t.Context(), By(focal(unit), ""), name, oct, unit, with)
		})
		reports := w.rows(`SELECT count(*) FROM report r JOIN obligation o ON o.id = r.obligation_id WHERE o.owner = $1 AND o.subject = $2`, unit, oct)
		if c.code == "" {
			if refusal != nil || !receipt.Settled || receipt.OnTime {
				t.Errorf("%s: %+v, %v; want a late report", c.reason, receipt, refusal)
			}
			w.check(c.reason, reports, "1")
			continue
		}
		if Code(refusal) != c.code {
			t.Errorf("%s: %v, want %s", c.reason, refusal, c.code)
		}
		w.check(c.reason, reports, "0")
	}
	w.check("what was refused is not on record", w.rows(`SELECT verb, count(*) FROM audit WHERE verb = 'submit' GROUP BY 1`), "submit 1")
}

// meanwhile changes what a unit owes in a transaction that ends once do waits for it.
func (w *world) meanwhile(change, unit string, do func()) {
	w.t.Helper()
	hold, err := w.Pool().Begin(w.t.Context())
	w.ok(err)
	_, err = hold.Exec(w.t.Context(), change, oct, unit)
	w.ok(err)
	var wg sync.WaitGroup
	wg.Go(do)
	waiting := 0
	for deadline := time.Now().Add(20 * time.Second); waiting == 0 && time.Now().Before(deadline); {
		w.ok(hold.QueryRow(w.t.Context(), `SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
			WHERE NOT l.granted AND a.datname = current_database()`).Scan(&waiting))
	}
	if waiting == 0 {
		w.t.Error("nobody waits")
	}
	w.ok(hold.Commit(w.t.Context()))
	wg.Wait()
}

// What was written about a report while it waited for what it owes goes with it: here
// the last draft.
func TestDraftSavedBeforeReport(t *testing.T) {
	w := crowd(t, 1, "due: {day: 15}\n", "due: {day: 15}\n      approval: None\n")
	w.to("2021-10-08 08:30")
	unit := crowdCode(0)
	w.meanwhile(`INSERT INTO draft (obligation_id, content, saved_at, actor)
		SELECT id, '{}', now(), '' FROM obligation WHERE subject = $1 AND owner = $2 FOR NO KEY UPDATE`, unit, func() {
		if _, err := w.Submit(t.Context(), By(focal(unit), ""), name, oct, unit, goodReport); err != nil {
			t.Error(err)
		}
	})
	w.check("no draft is left", w.rows(`SELECT count(*) FROM draft`), "0")
}
