package engine

import (
	"testing"
	"time"
)

// machineClock puts the installation on real time, by a machine whose clock the test
// sets: a function of the same name comes before PostgreSQL's own on the search path.
func (w *world) machineClock() {
	w.t.Helper()
	now, err := w.Now(w.t.Context())
	w.ok(err)
	for _, sql := range []string{
		`CREATE SCHEMA machine`,
		`CREATE TABLE machine.ahead_by (ahead interval NOT NULL)`,
		`INSERT INTO machine.ahead_by VALUES ('0')`,
		`CREATE FUNCTION machine.clock_timestamp() RETURNS timestamptz LANGUAGE sql STABLE
			AS 'SELECT pg_catalog.clock_timestamp() + ahead FROM machine.ahead_by'`,
		`ALTER TABLE message ALTER created_at SET DEFAULT machine.clock_timestamp(), ALTER next_try_at SET DEFAULT machine.clock_timestamp()`,
		`ALTER TABLE attempt ALTER started_at SET DEFAULT machine.clock_timestamp()`,
		`ALTER TABLE wake ALTER requested_at SET DEFAULT machine.clock_timestamp()`,
		`UPDATE clock SET mode = 'real', now = NULL`,
		`UPDATE message SET created_at = '2000-01-01', next_try_at = '2000-01-01'`,
	} {
		_, err := w.Pool().Exec(w.t.Context(), sql)
		w.ok(err)
	}
	_, err = w.Pool().Exec(w.t.Context(), w.rows(`SELECT format('ALTER DATABASE %I SET search_path = machine, public, pg_catalog', current_database())`)[0])
	w.ok(err)
	w.Pool().Reset()
	w.setClock(now)
}

// setClock lets the machine's clock jump, in either direction.
func (w *world) setClock(now time.Time) {
	w.t.Helper()
	_, err := w.Pool().Exec(w.t.Context(), `UPDATE machine.ahead_by SET ahead = $1::timestamptz - pg_catalog.clock_timestamp()`, now)
	w.ok(err)
}

// The machine's clock jumps, at real time. What a forward jump passes over is late and
// follows its catchUp; a day that is lived twice says nothing twice.
func TestMachineClockJumps(t *testing.T) {
	t.Parallel()
	type event struct {
		now string
		do  func(w *world) // nothing: look, and send
	}
	report := func(w *world) { w.submit("A3", oct); w.approve("A3", oct) }
	crash := func(w *world) { // what a dispatcher leaves behind that died before its call
		_, err := w.Pool().Exec(w.t.Context(), `UPDATE message SET state = 'Claimed', claim = gen_random_uuid(),
			lease_until = clock_timestamp() + interval '1 minute' WHERE state = 'Pending'`)
		w.ok(err)
	}
	write := func(w *world) { w.work() }
	cases := []struct {
		reason string
		events []event
		want   []string
	}{
		{"two hours forward over a step: late", []event{{"10-08 08:30", nil}, {"10-14 07:00", nil}, {"10-14 09:00", nil}, {"10-19 08:31", nil}}, []string{
			"10-08 08:30 A3 prepare FocalPoint:A3 Sent",
			"10-14 08:30 A3 tomorrow FocalPoint:A3 Sent MissedSend",
			"10-19 08:30 A3 overdue Leader:A3 Sent", "10-19 08:30 A3 overdue FocalPoint:A3 Sent",
		}},
		{"three days forward over overdue and letter, and then it goes on", []event{{"10-08 08:30", nil}, {"10-14 08:30", nil}, {"10-19 08:00", nil}, {"10-22 08:00", nil}, {"10-23 08:31", nil}}, []string{
			"10-08 08:30 A3 prepare FocalPoint:A3 Sent",
			"10-14 08:30 A3 tomorrow FocalPoint:A3 Sent",
			"10-19 08:30 A3 overdue Leader:A3 Merged MissedMerge", "10-19 08:30 A3 overdue FocalPoint:A3 Merged MissedMerge",
			"10-21 08:30 A3 letter Office:VP Tasked",
			"10-23 08:30 A3 escalate Office:VP Sent", "10-23 08:30 A3 escalate AdministeringBody:SO Sent",
		}},
		{"a day back after a step: it comes by again, and is not said again", []event{{"10-08 08:30", nil}, {"10-14 08:35", nil}, {"10-13 08:35", nil}, {"10-14 08:31", nil}, {"10-19 08:31", nil}}, []string{
			"10-08 08:30 A3 prepare FocalPoint:A3 Sent",
			"10-14 08:30 A3 tomorrow FocalPoint:A3 Sent",
			"10-19 08:30 A3 overdue Leader:A3 Sent", "10-19 08:30 A3 overdue FocalPoint:A3 Sent",
		}},
		{"an hour back between a step and its mail: the mail waits for its instant", []event{{"10-08 08:30", nil}, {"10-14 08:30", write}, {"10-14 07:30", nil}, {"10-14 08:31", nil}}, []string{
			"10-08 08:30 A3 prepare FocalPoint:A3 Sent",
			"10-14 08:30 A3 tomorrow FocalPoint:A3 Sent",
		}},
		{"forward by mistake and set right: what was said early is not said again, what is to come comes", []event{{"10-08 08:30", nil}, {"10-19 08:31", nil}, {"10-08 09:00", nil}, {"10-14 08:31", nil}, {"10-19 08:31", nil}, {"10-21 08:31", nil}}, []string{
			"10-08 08:30 A3 prepare FocalPoint:A3 Sent",
			"10-14 08:30 A3 tomorrow FocalPoint:A3 Expired PastNotAfter", // by that clock it was past the deadline
			"10-19 08:30 A3 overdue Leader:A3 Sent", "10-19 08:30 A3 overdue FocalPoint:A3 Sent",
			"10-21 08:30 A3 letter Office:VP Tasked",
		}},
		{"a report in the day that is lived twice: silence", []event{{"10-08 08:30", nil}, {"10-14 08:35", nil}, {"10-13 12:00", report}, {"10-14 08:35", nil}, {"10-22 08:31", nil}}, []string{
			"10-08 08:30 A3 prepare FocalPoint:A3 Sent",
			"10-14 08:30 A3 tomorrow FocalPoint:A3 Sent",
		}},
		{"a day back while a dead dispatcher holds the mail: it waits until the lease is over, and goes", []event{{"10-08 08:30", nil}, {"10-14 08:30", write}, {"10-14 08:30", crash}, {"10-13 08:30", nil}, {"10-14 08:40", nil}}, []string{
			"10-08 08:30 A3 prepare FocalPoint:A3 Sent",
			"10-14 08:30 A3 tomorrow FocalPoint:A3 Sent",
		}},
	}
	for _, c := range cases {
		t.Run(c.reason, func(t *testing.T) {
			t.Parallel()
			w := running(t)
			w.to("2021-10-07 17:00")
			w.machineClock()
			for _, e := range c.events {
				w.setClock(at("2021-" + e.now))
				if e.do != nil {
					e.do(w)
					continue
				}
				w.work()
				w.dispatch()
			}
			w.check("A3", w.notices(oct, "n.unit = 'A3'"), c.want...)
			w.check("nobody hears a step twice", w.rows(`SELECT m.recipient, m.role, m.step FROM message m WHERE m.state = 'Sent' AND NOT m.list
				AND m.round_id IS NOT NULL GROUP BY m.recipient, m.role, m.step, m.round_id HAVING count(*) > 1`))
			if n := len(w.rows(`SELECT 1 FROM message WHERE state = 'Sent'`)); n != w.inbox.count() {
				t.Errorf("%d mails arrived, %d are on record", w.inbox.count(), n)
			}
			w.twiceNothing()
		})
	}
}
