package engine

import "testing"

func TestCancel(t *testing.T) {
	w := running(t)
	w.to("2021-10-18 10:00")
	w.submit("A1", oct)
	w.approve("A1", oct)
	w.submit("A2", oct)
	w.jump("2021-10-19 08:30")
	w.work() // reminders in the outbox, a letter drafted
	w.refused(w.Cancel(t.Context(), By(office, ""), name), "ReasonMissing")
	w.refused(w.Cancel(t.Context(), By(office, " \t"), name), "ReasonMissing")
	w.refused(w.Cancel(t.Context(), By(leader("A1"), "thôi"), name), "Forbidden")

	act := By(office, "sáp nhập")
	w.ok(w.Cancel(t.Context(), act, name))
	w.ok(w.Cancel(t.Context(), act, name)) // repeated
	w.check("what was pending goes in the same transaction",
		w.rows(`SELECT (SELECT count(*) FROM notice WHERE state = 'Pending'), (SELECT count(*) FROM message WHERE state = 'Pending'),
			(SELECT count(*) FROM notice WHERE state = 'Superseded' AND reason = 'Cancelled') > 0`), "0 0 true")
	w.check("nothing is owed any more, what was received stays",
		w.rows(`SELECT state, count(*) FROM obligation WHERE kind = 'Report' GROUP BY 1 ORDER BY 1`), "Cancelled 6", "Settled 1")
	w.check("unsigned letters are withdrawn", w.rows(`SELECT unit, state FROM letter`), "B2 Withdrawn", "B1 Withdrawn")
	w.check("rounds", w.rows(`SELECT name, state FROM round ORDER BY opens_at`), "registration Closed", oct+" Cancelled", nov+" Cancelled")
	if n := w.dispatch(); n != 0 {
		t.Errorf("%d messages left after the cancellation", n)
	}
	before := w.facts()
	w.to("2022-03-01 00:00")
	if n := w.dispatch(); n != 0 {
		t.Errorf("%d messages left after the cancellation", n)
	}
	if after := w.facts(); after != before {
		t.Errorf("a cancelled campaign goes on:\n%s\n%s", before, after)
	}
	w.check("its procedures have ended", w.rows(`SELECT id FROM procedure WHERE state = 'Open'`))

	w.refused(w.Cancel(t.Context(), By(office, "nữa"), name), "Ended")
	w.refused(w.Pause(t.Context(), By(office, ""), name), "NotRunning")
	w.refused(w.Resume(t.Context(), By(office, ""), name, Keep), "NotPaused")
	w.refused(w.Launch(t.Context(), By(office, ""), name, LaunchOptions{}), "Ended")
	_, err := w.Extend(t.Context(), By(office, ""), name, oct, "A3", at("2022-10-20 17:00"))
	w.refused(err, "NotRunning")
	_, err = w.Submit(t.Context(), By(focal("A3"), ""), name, oct, "A3", goodReport)
	w.refused(err, "Cancelled")
	_, err = w.Approve(t.Context(), By(leader("A2"), ""), name, oct, "A2")
	w.refused(err, "Cancelled")
	w.refused(w.Decide(t.Context(), By(office, ""), name, Decided{Number: "1"}), "NotRunning")
}

func TestCancelPausedAndDeclared(t *testing.T) {
	w := running(t)
	w.to("2021-10-08 09:00")
	w.ok(w.Pause(t.Context(), By(office, ""), name))
	w.ok(w.Cancel(t.Context(), By(office, "thôi"), name))
	w.work()
	w.check("a paused campaign can be cancelled, and its procedures end",
		w.rows(`SELECT c.state, count(p.id) FROM campaign c LEFT JOIN procedure p ON p.state = 'Open' GROUP BY 1`), "Cancelled 0")

	w = newWorld(t)
	w.ok(w.Cancel(t.Context(), By(office, "thôi"), name))
	w.refused(w.Launch(t.Context(), By(office, ""), name, LaunchOptions{}), "Ended")
	w.check("one that was never launched, too", w.rows(`SELECT state, (SELECT count(*) FROM procedure) FROM campaign`), "Cancelled 0")
}
