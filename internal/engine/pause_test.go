package engine

import (
	"testing"

	"thidua.dev/thidua/internal/auth"
)

func TestPauseHoldsEverything(t *testing.T) {
	w := running(t)
	w.to("2021-10-07 17:00")
	w.jump("2021-10-08 08:30")
	w.work() // the round is open and has climbed; the messages wait in the outbox
	w.refused(w.Resume(t.Context(), By(office, ""), name, Keep), "NotPaused")
	act := By(office, "bão")
	w.ok(w.Pause(t.Context(), act, name))
	w.ok(w.Pause(t.Context(), act, name)) // repeated
	w.refused(w.Pause(t.Context(), By(office, ""), name), "NotRunning")
	before := w.facts()
	w.to("2021-10-13 10:00")
	w.leap("2021-10-14 09:00")
	for _, p := range w.rows(`SELECT id FROM procedure WHERE state = 'Open'`) {
		for phase := range handlers[w.kind(p)] { // a wake-up may come at any time
			if _, err := w.StepProcedure(t.Context(), p, phase); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := w.dispatch(); n != 0 {
		t.Errorf("%d messages left while the campaign was paused", n)
	}
	if after := w.facts(); after != before {
		t.Errorf("something happened while the campaign was paused:\n%s\n%s", before, after)
	}
	u, err := w.Undone(t.Context())
	w.ok(err)
	if !u.None() {
		t.Errorf("what is held must not stop the clock: %+v", u)
	}
	w.submit("A1", oct)
	w.approve("A1", oct)
	w.check("reports are taken", w.rows(`SELECT state FROM obligation WHERE owner = 'A1' AND subject = $1`, oct), "Settled")
}

func (w *world) kind(procedure string) string {
	return w.rows(`SELECT kind FROM procedure WHERE id = $1`, procedure)[0]
}

// What a pause made late follows each step's catchUp, and nothing comes twice.
func TestResumeKeep(t *testing.T) {
	t.Parallel()
	cases := []struct {
		reason, resume string
		want           []string
	}{
		{"a step of the pause is sent while it still applies, and what was held goes too", "2021-10-14 16:00", []string{
			"10-08 08:30 A3 prepare FocalPoint:A3 Sent",
			"10-14 08:30 A3 tomorrow FocalPoint:A3 Sent MissedSend",
		}},
		{"after the deadline no reminder of it", "2021-10-18 09:00", []string{
			"10-08 08:30 A3 prepare FocalPoint:A3 Expired PastNotAfter",
			"10-14 08:30 A3 tomorrow FocalPoint:A3 Expired PastNotAfter",
		}},
		{"late, but the next step is not due yet", "2021-10-20 09:00", []string{
			"10-08 08:30 A3 prepare FocalPoint:A3 Expired PastNotAfter",
			"10-14 08:30 A3 tomorrow FocalPoint:A3 Expired PastNotAfter",
			"10-19 08:30 A3 overdue Leader:A3 Sent MissedSend",
			"10-19 08:30 A3 overdue FocalPoint:A3 Sent MissedSend",
		}},
		{"merged into the letter, which is due too", "2021-10-22 09:00", []string{
			"10-08 08:30 A3 prepare FocalPoint:A3 Expired PastNotAfter",
			"10-14 08:30 A3 tomorrow FocalPoint:A3 Expired PastNotAfter",
			"10-19 08:30 A3 overdue Leader:A3 Merged MissedMerge",
			"10-19 08:30 A3 overdue FocalPoint:A3 Merged MissedMerge",
			"10-21 08:30 A3 letter Office:VP Tasked",
		}},
		{"after the close nothing is sent", "2021-11-01 09:00", []string{
			"10-08 08:30 A3 prepare FocalPoint:A3 Superseded RoundClosed",
			"10-14 08:30 A3 tomorrow FocalPoint:A3 Expired PastNotAfter",
			"10-19 08:30 A3 overdue Leader:A3 Merged MissedMerge",
			"10-19 08:30 A3 overdue FocalPoint:A3 Merged MissedMerge",
			"10-21 08:30 A3 letter Office:VP Tasked",
			"10-23 08:30 A3 escalate Office:VP Expired PastNotAfter",
			"10-23 08:30 A3 escalate AdministeringBody:SO Expired PastNotAfter",
		}},
	}
	for _, c := range cases {
		t.Run(c.reason, func(t *testing.T) {
			t.Parallel()
			w := running(t)
			w.to("2021-10-07 17:00")
			w.jump("2021-10-08 08:30")
			w.work()
			w.ok(w.Pause(t.Context(), By(office, ""), name))
			w.leap(c.resume)
			act := By(office, "")
			w.ok(w.Resume(t.Context(), act, name, Keep))
			w.ok(w.Resume(t.Context(), act, name, Keep)) // repeated
			w.work()
			w.dispatch()
			w.check("A3", w.notices(oct, "n.unit = 'A3'"), c.want...)
			w.check("deadlines stand", w.rows(`SELECT DISTINCT due_at, deadline_no FROM obligation WHERE subject = $1`, oct), "10-15 17:00 1")
			w.check("nobody hears one step twice", w.rows(`SELECT recipient, step FROM message WHERE state = 'Sent' AND NOT list
				GROUP BY recipient, role, step, round_id HAVING count(*) > 1`))
		})
	}
}

// Shifted deadlines move by the working days that the pause took from each
// calendar: from Wednesday the 13th to Wednesday the 20th, 4 of the state's (the
// 18th is off) and 6 of calendar six.
func TestResumeShift(t *testing.T) {
	w := running(t)
	w.to("2021-10-13 10:00")
	w.submit("A1", oct)
	w.approve("A1", oct)
	w.ok(w.Pause(t.Context(), By(office, ""), name))
	w.leap("2021-10-20 10:00")
	w.refused(w.Resume(t.Context(), By(office, ""), name, ""), "DeadlinesUnsaid")
	w.ok(w.Resume(t.Context(), By(office, ""), name, Shift))
	w.work()
	w.check("open deadlines move, each in its own calendar; the settled one stands",
		w.rows(`SELECT owner, state, due_at, deadline_no FROM obligation WHERE subject = $1 ORDER BY owner`, oct),
		"A1 Settled 10-15 17:00 1",
		"A2 Owing 10-22 17:00 2", // 19, 20, 21, 22
		"A3 Owing 10-22 17:00 2",
		"B1 Owing 10-22 17:00 2", // 16, 18, 19, 20, 21, 22
		"B2 Owing 10-22 17:00 2",
		"C1 Owing 10-22 17:00 2",
		"C2 Owing 10-22 17:00 2",
	)
	w.check("planned rounds stand", w.rows(`SELECT DISTINCT due_at FROM round r JOIN round_due d ON d.round_id = r.id WHERE r.name = $1`, nov), "11-15 17:00")
	w.check("the round closes 10 working days after, on the slowest calendar", w.rows(`SELECT closes_at FROM round WHERE name = $1`, oct), "11-04 17:00")
	w.to("2021-10-27 12:00")
	w.check("the new deadline has a ladder of its own; what came before the resumption is not said again", w.notices(oct, "n.unit = 'A3'"),
		"10-08 08:30 A3 prepare FocalPoint:A3 Sent",
		"10-14 08:30 A3 prepare FocalPoint:A3 Skipped BeforeAct", // 21, 20, 19, 15, 14
		"10-21 08:30 A3 tomorrow FocalPoint:A3 Sent",
		"10-23 08:30 A3 overdue Leader:A3 Sent", // Saturday, a make-up day
		"10-23 08:30 A3 overdue FocalPoint:A3 Sent",
		"10-26 08:30 A3 letter Office:VP Tasked",
	)
	w.to("2021-11-04 17:01")
	w.check("the round closes then", w.rows(`SELECT state, on_time, missing FROM round WHERE name = $1`, oct), "Closed 1 6")
}

func TestResumeShiftWithoutAWorkingDay(t *testing.T) {
	w := running(t)
	w.to("2021-10-16 10:00")
	w.ok(w.Pause(t.Context(), By(office, ""), name))
	w.leap("2021-10-17 20:00") // Sunday
	w.ok(w.Resume(t.Context(), By(office, ""), name, Shift))
	w.check("nothing was lost, so nothing moves", w.rows(`SELECT DISTINCT due_at, deadline_no FROM obligation WHERE subject = $1`, oct), "10-15 17:00 1")
}

// A round whose close fell into the pause goes on when its deadlines are shifted,
// also when its procedure was about to close it.
func TestResumeShiftBeforeTheClose(t *testing.T) {
	w := running(t)
	w.to("2021-10-29 17:00")
	w.jump("2021-10-29 17:01")
	id := roundID(name, oct)
	if s, err := w.StepProcedure(t.Context(), id, "climb"); err != nil || !s.Finished {
		t.Fatalf("climb: %+v, %v", s, err)
	}
	w.phase[id] = 2
	w.ok(w.Pause(t.Context(), By(office, ""), name))
	w.leap("2021-11-02 09:00")
	w.ok(w.Resume(t.Context(), By(office, ""), name, Shift))
	w.to("2021-11-02 17:00")
	w.check("it is open again for the two days lost", w.rows(`SELECT state, closes_at FROM round WHERE name = $1`, oct), "Open 11-02 17:00")
	w.to("2021-11-02 17:01")
	w.check("and closes after them", w.rows(`SELECT state, missing FROM round WHERE name = $1`, oct), "Closed 7")
}

func TestPauseIsTheOffices(t *testing.T) {
	w := running(t)
	for _, actor := range []auth.Actor{focal("A1"), leader("A1"), {Name: "x", Role: auth.Office, Unit: "SO"}} {
		w.refused(w.Pause(t.Context(), By(actor, ""), name), "Forbidden")
	}
	stale := By(office, "")
	stale.Generation = 1
	w.refused(w.Pause(t.Context(), stale, name), "Conflict")
}
