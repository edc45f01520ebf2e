package engine

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/mail"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/notify"
)

// atPrepare is a campaign whose first reminders of October wait in the outbox.
func atPrepare(t *testing.T) *world {
	t.Helper()
	w := running(t)
	w.mailAway = true
	w.to("2021-10-09 08:30")
	w.mailAway = false
	return w
}

// messagesOf a round, by state as people see it.
func (w *world) outboxOf(round string) []string {
	w.t.Helper()
	return w.rows(`SELECT m.recipient, m.step, CASE WHEN m.state = 'Pending' AND m.held_at IS NOT NULL THEN 'Held' ELSE m.state END
		FROM message m JOIN round r ON r.id = m.round_id WHERE r.name = $1 ORDER BY m.id`, round)
}

// messageTo is the id of the only message of October to a unit.
func (w *world) messageTo(unit string) int64 {
	w.t.Helper()
	id, err := strconv.ParseInt(w.rows(`SELECT m.id FROM message m JOIN round r ON r.id = m.round_id WHERE r.name = $1 AND m.recipient = $2`, oct, unit)[0], 10, 64)
	w.ok(err)
	return id
}

func (w *world) did(what string, got any, err error, want any) {
	w.t.Helper()
	w.ok(err)
	if d := cmp.Diff(want, got); d != "" {
		w.t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func TestHold(t *testing.T) {
	w := atPrepare(t)
	waits := len(w.outboxOf(oct))
	act := By(office, "chờ ý kiến")
	for range 2 { // repeated, it is one act and answers alike
		got, err := w.HoldMessages(t.Context(), act, name, Choice{Unit: "A1"})
		w.did("one unit's", got, err, Held{Held: 1})
	}
	_, err := w.HoldMessages(t.Context(), By(office, "nữa"), name, Choice{ID: w.messageTo("A1")})
	w.refused(err, "NothingWaits")
	got, err := w.HoldMessages(t.Context(), By(office, "chờ ý kiến"), name, Choice{Round: oct, Step: "prepare"})
	w.did("the rest of the step", got, err, Held{Held: waits - 1})
	if n := w.dispatch(); n != 0 {
		t.Errorf("%d held messages left", n)
	}
	u, err := w.Undone(t.Context())
	w.did("a stepped clock goes on without what is held", u, err, Undone{})

	released, err := w.ReleaseMessages(t.Context(), By(office, ""), name, Choice{Unit: "A1"})
	w.did("released", released, err, Released{1})
	if n := w.dispatch(); n != 1 {
		t.Errorf("%d messages left after one was released", n)
	}
	_, err = w.ReleaseMessages(t.Context(), By(office, ""), name, Choice{Unit: "A1"})
	w.refused(err, "NothingHeld")
	// What is held is overtaken as if it were not: by the report, by time.
	w.submit("A2", oct)
	w.approve("A2", oct)
	w.check("overtaken", w.rows(`SELECT state FROM message WHERE id = $1`, w.messageTo("A2")), "Superseded")
	w.to("2021-10-15 17:00") // not_after of steps before the deadline
	w.leap("2021-10-15 17:01")
	w.dispatch()
	w.check("expired", w.rows(`SELECT m.state, n.state, n.reason, count(*) FROM message m JOIN message_notice mn ON mn.message_id = m.id
		JOIN notice n ON n.id = mn.notice_id WHERE m.held_at IS NOT NULL AND n.unit <> 'A2' GROUP BY 1, 2, 3`), "Expired Expired PastNotAfter "+strconv.Itoa(waits-2))
	w.check("nothing is held for ever", w.rows(`SELECT id FROM message WHERE open AND held_at IS NOT NULL`))
}

func TestHoldsEndWithTheirReasons(t *testing.T) {
	for reason, end := range map[string]func(w *world){
		"extension":    func(w *world) { w.extend("A1", "2021-10-21 17:00") },
		"cancellation": func(w *world) { w.ok(w.Cancel(w.t.Context(), By(office, "thôi"), name)) },
		"close":        func(w *world) { w.to("2021-11-02 00:00") },
	} {
		t.Run(reason, func(t *testing.T) {
			w := atPrepare(t)
			_, err := w.HoldMessages(t.Context(), By(office, "x"), name, Choice{Unit: "A1"})
			w.ok(err)
			end(w)
			w.dispatch()
			w.check("not held any more", w.rows(`SELECT id FROM message WHERE open AND held_at IS NOT NULL`))
			w.check("nor pending", w.rows(`SELECT n.id FROM notice n JOIN message_notice mn ON mn.notice_id = n.id JOIN message m ON m.id = mn.message_id
				WHERE m.held_at IS NOT NULL AND n.state = 'Pending'`))
		})
	}
}

func TestCancelMessages(t *testing.T) {
	w := atPrepare(t)
	_, err := w.CancelMessages(t.Context(), By(office, " "), name, Choice{Unit: "A1"})
	w.refused(err, "ReasonMissing")
	_, err = w.HoldMessages(t.Context(), By(office, "x"), name, Choice{Unit: "A2"})
	w.ok(err)
	got, err := w.CancelMessages(t.Context(), By(office, "gửi nhầm mẫu"), name, Choice{Unit: "A1"})
	w.did("one that waits", got, err, CancelledMessages{Cancelled: 1, Notices: 1})
	got, err = w.CancelMessages(t.Context(), By(office, "gửi nhầm mẫu"), name, Choice{ID: w.messageTo("A2")})
	w.did("one that is held", got, err, CancelledMessages{Cancelled: 1, Notices: 1})
	w.dispatch()
	w.check("never sent", w.rows(`SELECT n.unit, m.state, n.state, n.reason, m.why FROM notice n JOIN message_notice mn ON mn.notice_id = n.id
		JOIN message m ON m.id = mn.message_id JOIN round r ON r.id = m.round_id WHERE r.name = $1 AND n.unit IN ('A1', 'A2') ORDER BY 1`, oct),
		"A1 Cancelled Superseded MessageCancelled gửi nhầm mẫu", "A2 Cancelled Superseded MessageCancelled gửi nhầm mẫu")
	_, err = w.CancelMessages(t.Context(), By(office, "x"), name, Choice{Unit: "A1"})
	w.refused(err, "NothingWaits")
	_, err = w.ResendMessages(t.Context(), By(office, "x"), name, Choice{ID: w.messageTo("A1")})
	w.refused(err, "NothingFailed")
	w.to("2021-10-14 08:30")
	w.check("the ladder goes on", w.rows(`SELECT n.step, n.state FROM notice n JOIN round r ON r.id = n.round_id WHERE r.name = $1 AND n.unit = 'A1' ORDER BY n.instant`, oct),
		"prepare Superseded", "tomorrow Sent")
}

// What the server refused for good goes again, and nothing else does.
func TestResendMessages(t *testing.T) {
	w := atPrepare(t)
	bad := map[string]bool{"A1": true, "A2": true, "A3": true, "B1": true, "B2": true}
	w.inbox.refuses = func(m notify.Mail) bool { return bad[m.Labels.Units[0]] }
	went := w.dispatch()
	w.check("refused", w.rows(`SELECT m.state, count(*) FROM message m JOIN round r ON r.id = m.round_id WHERE r.name = $1 GROUP BY 1 ORDER BY 1`, oct), "Parked 5", "Sent "+strconv.Itoa(went))
	w.submit("A1", oct)
	w.approve("A1", oct)
	w.extend("A2", "2021-10-21 17:00")
	_, err := w.Pool().Exec(t.Context(), `DELETE FROM contact WHERE unit = 'A3'`)
	w.ok(err)
	_, err = w.ResendMessages(t.Context(), By(office, ""), name, Choice{ID: w.messageTo("A1")})
	w.refused(err, "Overtaken")
	_, err = w.ResendMessages(t.Context(), By(office, ""), name, Choice{ID: w.messageTo("C2")})
	w.refused(err, "NothingFailed") // it went out
	act := By(office, "đã sửa địa chỉ")
	for range 2 {
		got, err := w.ResendMessages(t.Context(), act, name, Choice{Round: oct})
		w.did("put back", got, err, Resent{Resent: 2, Skipped: map[string]int{"Settled": 1, "DeadlineMoved": 1, "NoContact": 1}})
	}
	bad = nil
	if n := w.dispatch(); n != 2 {
		t.Errorf("%d messages left", n)
	}
	w.check("with an attempt of their own, under the id that they had", w.rows(`SELECT m.recipient, m.state, n.state, n.reason, m.tries,
		(SELECT string_agg(a.outcome, ',' ORDER BY a.no) FROM attempt a WHERE a.message_id = m.id) FROM message m JOIN message_notice mn ON mn.message_id = m.id
		JOIN notice n ON n.id = mn.notice_id JOIN round r ON r.id = m.round_id WHERE r.name = $1 AND m.recipient LIKE 'B%' ORDER BY 1`, oct),
		"B1 Sent Sent  2 Rejected,Sent", "B2 Sent Sent  2 Rejected,Sent")
	got, err := w.CancelMessages(t.Context(), By(office, "đã gọi điện"), name, Choice{ID: w.messageTo("A3")})
	w.did("one that nobody has to look at any more", got, err, CancelledMessages{Cancelled: 1})
}

// A message that is put back has as many tries before it as a new one.
func TestResentBeginsAnew(t *testing.T) {
	w := atPrepare(t)
	id := w.messageTo("A1")
	_, err := w.Pool().Exec(t.Context(), `WITH m AS (UPDATE message SET state = 'Parked', tries = 10 WHERE id = $1 RETURNING id), n AS (UPDATE notice SET state = 'Failed', reason = 'GaveUp'
		FROM message_notice mn WHERE mn.message_id = $1 AND notice.id = mn.notice_id) INSERT INTO attempt (message_id, no, claim, at, outcome)
		SELECT m.id, i, gen_random_uuid(), now(), 'Retry' FROM m, generate_series(1, 10) i`, id)
	w.ok(err)
	_, err = w.ResendMessages(t.Context(), By(office, ""), name, Choice{ID: id})
	w.ok(err)
	busy := notify.NewDispatcher(notify.DispatcherOptions{Pool: w.Pool(), Channels: []notify.Channel{busyServer{w.inbox}}, Sender: mail.Address{Address: "thi-dua@so.example"}, Log: w.log})
	_, err = busy.Once(t.Context())
	w.ok(err)
	w.check("it will be tried again", w.rows(`SELECT state, tries FROM message WHERE id = $1`, id), "Pending 11")
	w.tampered = true
}

type busyServer struct{ *inbox }

func (busyServer) Send(context.Context, notify.Mail) notify.Result {
	return notify.Result{Outcome: notify.Retry, Response: "451 4.7.1 come back later"}
}

func TestMessagesRefused(t *testing.T) {
	w := atPrepare(t)
	hold := func(by auth.Actor, choice Choice) error {
		_, err := w.HoldMessages(t.Context(), By(by, "x"), name, choice)
		return err
	}
	w.refused(hold(focal("A1"), Choice{Unit: "A1"}), "Forbidden")
	w.refused(hold(office, Choice{}), "ChoiceMissing")
	w.refused(hold(office, Choice{ID: 4711}), "NotFound")
	w.refused(hold(office, Choice{Round: "monthly/1999-01", All: true}), "NotFound")
	_, err := w.ResendMessages(t.Context(), By(office, ""), name, Choice{All: true})
	w.refused(err, "NothingFailed")
	act := By(office, "x")
	_, err = w.HoldMessages(t.Context(), act, name, Choice{All: true})
	w.ok(err)
	_, err = w.ReleaseMessages(t.Context(), act, name, Choice{All: true})
	w.refused(err, "RequestIDReused")
	w.ok(w.Cancel(t.Context(), By(office, "thôi"), name))
	w.refused(hold(office, Choice{All: true}), "NotRunning")
}

// A dispatcher that dies with a held message in its hands gives it back as held, whether
// its call had begun or not. What may have left is not sent again before the release.
func TestHeldInTheHandsOfTheDead(t *testing.T) {
	for begun, want := range map[bool]string{false: "Pending 0 -", true: "Pending 1 Ambiguous"} {
		w := atPrepare(t)
		id := w.messageTo("A1")
		_, err := w.Pool().Exec(t.Context(), `WITH m AS (UPDATE message SET state = 'Claimed', claim = gen_random_uuid(), lease_until = clock_timestamp() + interval '1 hour'
			WHERE id = $1 RETURNING id, claim) INSERT INTO attempt (message_id, no, claim, at) SELECT id, 1, claim, (SELECT now FROM clock) FROM m WHERE $2`, id, begun)
		w.ok(err)
		held, err := w.HoldMessages(t.Context(), By(office, "x"), name, Choice{ID: id})
		w.did("it is under way", held, err, Held{UnderWay: 1})
		_, err = w.CancelMessages(t.Context(), By(office, "x"), name, Choice{ID: id})
		w.refused(err, "UnderWay")
		w.ok(w.dispatcher.EndLeases(t.Context()))
		sent := func() []string {
			w.dispatch()
			return w.rows(`SELECT m.state, m.tries, (SELECT string_agg(outcome, ',' ORDER BY no) FROM attempt WHERE message_id = m.id) FROM message m WHERE id = $1`, id)
		}
		w.check("it waits", sent(), want)
		_, err = w.ReleaseMessages(t.Context(), By(office, ""), name, Choice{ID: id})
		w.ok(err)
		w.check("and goes once it is released", sent(), map[bool]string{false: "Sent 1 Sent", true: "Sent 2 Ambiguous,Sent"}[begun])
	}
}

// Acts race several dispatchers. What is sent after a hold has been answered was under
// way, and no more of it than was said; what is cancelled never leaves; nothing leaves
// twice, and nothing is stuck.
func TestMessagesRaceDispatchers(t *testing.T) {
	const n = 60
	w := crowd(t, n)
	w.mailAway = true
	w.to("2021-10-08 08:30")
	chance := rand.New(rand.NewPCG(1, 2))
	var refusing atomic.Bool
	w.inbox.refuses = func(notify.Mail) bool { return refusing.Load() }
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var dispatching sync.WaitGroup
	done := make(chan struct{})
	for range 3 {
		d := notify.NewDispatcher(notify.DispatcherOptions{Pool: w.Pool(), Channels: []notify.Channel{w.inbox}, Batch: 3, Senders: 2, Sender: mail.Address{Address: "thi-dua@so.example"}, Log: w.log})
		dispatching.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if _, err := d.Once(ctx); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	expected := func(err error) {
		var refused *Refused
		if err != nil && !errors.As(err, &refused) {
			t.Error(err)
		}
	}
	for i := range 40 {
		refusing.Store(chance.IntN(3) == 0)
		held, err := w.HoldMessages(ctx, By(office, "x"), name, Choice{All: true})
		expected(err)
		if err == nil {
			began := w.inbox.count()
			_, err = w.CancelMessages(ctx, By(office, "x"), name, Choice{Unit: crowdCode(i)})
			expected(err)
			if left := w.inbox.count() - began; left > held.UnderWay {
				t.Errorf("%d messages left after all were held, with %d under way", left, held.UnderWay)
			}
			_, err = w.ReleaseMessages(ctx, By(office, ""), name, Choice{All: true})
			expected(err)
		}
		_, err = w.ResendMessages(ctx, By(office, ""), name, Choice{All: true})
		expected(err)
	}
	refusing.Store(false)
	_, err := w.ResendMessages(ctx, By(office, ""), name, Choice{All: true})
	expected(err)
	for left := []string{""}; len(left) > 0 && ctx.Err() == nil; {
		left = w.rows(`SELECT id FROM message WHERE open`)
	}
	close(done)
	dispatching.Wait()
	w.mailAway = false
	sent := map[string]int{}
	for _, m := range w.inbox.mails {
		sent[m.MessageID]++
	}
	for id, times := range sent {
		if times > 1 {
			t.Errorf("%s was sent %d times", id, times)
		}
	}
	w.check("each was sent, or cancelled, or refused", w.rows(`SELECT m.id, m.state FROM message m JOIN round r ON r.id = m.round_id
		WHERE r.name = $1 AND m.state NOT IN ('Sent', 'Cancelled', 'Parked')`, oct))
	w.check("what was cancelled has not left", w.rows(`SELECT m.id FROM message m JOIN attempt a ON a.message_id = m.id WHERE m.state = 'Cancelled' AND a.outcome = 'Sent'`))
}

// An act on the messages of a whole country is as many statements as one on a few, and
// one request of the page's is too.
func TestMessagesConstantCost(t *testing.T) {
	var first []string
	sizes := []int{9, country}
	if testing.Short() {
		sizes = []int{9, 90}
	}
	for _, n := range sizes {
		pool, tr := tracedPool(t)
		w := crowdOn(t, pool, n)
		w.tampered = true
		w.jump("2021-10-08 08:30")
		w.work()
		tr.reset()
		began := time.Now()
		took := func(what string) {
			t.Logf("%d units: %s in %v", n, what, time.Since(began))
			began = time.Now()
		}
		all := Choice{Round: oct, Step: "prepare"}
		held, err := w.HoldMessages(t.Context(), By(office, "x"), name, all)
		w.did("held", held, err, Held{Held: n})
		took("held")
		released, err := w.ReleaseMessages(t.Context(), By(office, ""), name, all)
		w.did("released", released, err, Released{n})
		took("released")
		_, err = pool.Exec(t.Context(), `WITH m AS (UPDATE message SET state = 'Parked' WHERE step = 'prepare' RETURNING id)
			UPDATE notice SET state = 'Failed' FROM m JOIN message_notice mn ON mn.message_id = m.id WHERE notice.id = mn.notice_id`)
		w.ok(err)
		began = time.Now()
		resent, err := w.ResendMessages(t.Context(), By(office, ""), name, all)
		w.did("put back", resent, err, Resent{Resent: n, Skipped: map[string]int{}})
		took("put back")
		cancelled, err := w.CancelMessages(t.Context(), By(office, "x"), name, all)
		w.did("cancelled", cancelled, err, CancelledMessages{Cancelled: n, Notices: n})
		took("cancelled")
		page, err := look.New(pool).Mailing(t.Context(), name, look.MessageFilter{Round: oct, State: "Cancelled", Limit: 100})
		w.ok(err)
		took("shown")
		if len(page.Messages) != min(n, 100) || page.More != (n > 100) {
			t.Errorf("%d messages on the page, more: %v", len(page.Messages), page.More)
		}
		if first == nil {
			first = tr.counts()
		}
		if d := cmp.Diff(first, tr.counts()); d != "" {
			t.Errorf("%d units cost other than 9 (-9 +%d):\n%s", n, n, d)
		}
	}
}
