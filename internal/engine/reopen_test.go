package engine

import (
	"strings"
	"testing"
)

// A report is returned on Wednesday the 13th, to be sent again by Monday the 25th:
// the unit hears why at once, and climbs the ladder of the new deadline. State
// offices have the 18th off and work on Saturday the 23rd.
func TestReturnedForSupplement(t *testing.T) {
	w := running(t)
	w.to("2021-10-12 10:00")
	w.submit("A1", oct)
	w.approve("A1", oct)
	w.to("2021-10-13 09:15")
	w.dispatch()
	before := w.inbox.count()
	w.ok(w.Return(t.Context(), By(office, "thiếu số liệu của 02 huyện"), name, oct, "A1", at("2021-10-25 17:00")))
	w.dispatch()
	if n := w.inbox.count() - before; n != 1 {
		t.Fatalf("%d mails, want one to the focal point", n)
	}
	if m := w.inbox.mails[before]; !strings.Contains(m.Text, "thiếu số liệu của 02 huyện") || !strings.Contains(m.Text, "25/10/2021") {
		t.Errorf("the mail does not say what is missing, and by when:\n%s", m.Text)
	}
	w.check("owed anew", w.rows(owed, oct, "A1"), "A1 Owing FocalPoint - 2")
	w.check("the version is kept", w.rows(`SELECT p.version, p.state, p.return_reason FROM report p JOIN obligation o ON o.id = p.obligation_id
		WHERE o.owner = 'A1' AND o.subject = $1`, oct), "1 Returned thiếu số liệu của 02 huyện")
	w.to("2021-10-27 10:00")
	w.submit("A1", oct)
	w.approve("A1", oct)
	w.to("2021-11-30 10:00")
	w.dispatch()
	w.check("the ladder of the new deadline", w.notices(oct, "n.unit = 'A1'"),
		"10-08 08:30 A1 prepare FocalPoint:A1 Sent",
		"10-13 09:15 A1 returned FocalPoint:A1 Sent",
		"10-19 08:30 A1 prepare FocalPoint:A1 Sent", // 25 less 5: 23 (worked), 22, 21, 20, 19
		"10-23 08:30 A1 tomorrow FocalPoint:A1 Sent",
		"10-26 08:30 A1 overdue Leader:A1 Sent",
		"10-26 08:30 A1 overdue FocalPoint:A1 Sent",
	)
	w.check("late by its new deadline", w.rows(owed, oct, "A1"), "A1 Settled Leader 10-27 10:00 2")
	w.check("both versions", w.rows(`SELECT p.version, p.state FROM report p JOIN obligation o ON o.id = p.obligation_id
		WHERE o.owner = 'A1' AND o.subject = $1 ORDER BY 1`, oct), "1 Returned", "2 Received")
	w.check("the round stayed open for it, ten working days after the 25th", w.rows(`SELECT state, closes_at, on_time, late, missing FROM round WHERE name = $1`, oct),
		"Closed 11-08 17:00 0 1 6")
}

// A leader hands a draft back: its deadline stands, and the focal point has the
// next move.
func TestHandedBackByTheLeader(t *testing.T) {
	w := running(t)
	w.to("2021-10-12 10:00")
	w.submit("A1", oct)
	w.refused(w.HandBack(t.Context(), By(leader("A1"), ""), name, oct, "A1"), "ReasonMissing")
	w.refused(w.HandBack(t.Context(), By(leader("A2"), "x"), name, oct, "A1"), "Forbidden")
	w.refused(w.HandBack(t.Context(), By(focal("A1"), "x"), name, oct, "A1"), "Forbidden")
	w.ok(w.HandBack(t.Context(), By(leader("A1"), "bổ sung phần kiến nghị"), name, oct, "A1"))
	w.check("with the focal point again", w.rows(owed, oct, "A1"), "A1 Owing FocalPoint - 1")
	w.refused(w.HandBack(t.Context(), By(leader("A1"), "x"), name, oct, "A1"), "NothingHandedUp")
	_, err := w.Approve(t.Context(), By(leader("A1"), ""), name, oct, "A1")
	w.refused(err, "NothingHandedUp")
	w.submit("A1", oct)
	w.approve("A1", oct)
	w.check("the second version counts", w.rows(`SELECT p.version, p.state FROM report p JOIN obligation o ON o.id = p.obligation_id
		WHERE o.owner = 'A1' AND o.subject = $1 ORDER BY 1`, oct), "1 Returned", "2 Received")
}

// A round that was closed runs again for the one unit that is let in, and closes a
// second time; the others stay as they were.
func TestReopenAfterTheClose(t *testing.T) {
	w := running(t)
	w.to("2021-10-12 10:00")
	w.submit("A1", oct)
	w.approve("A1", oct)
	w.to("2021-11-02 09:00")
	w.check("closed", w.rows(counts, oct), "Closed 7 1 0 6")
	w.refused(w.Reopen(t.Context(), By(office, ""), name, oct, "A2", at("2021-11-09 17:00")), "ReasonMissing")
	w.refused(w.Reopen(t.Context(), By(office, "x"), name, oct, "A1", at("2021-11-09 17:00")), "NotLapsed")
	w.refused(w.Reopen(t.Context(), By(office, "x"), name, oct, "A2", at("2021-11-02 08:00")), "PastDeadline")
	w.refused(w.Reopen(t.Context(), By(office, "x"), name, oct, "A2", at("2121-11-02 08:00")), "BeyondCalendar")
	w.forgetful = true // procedures that had ended begin anew
	w.ok(w.Reopen(t.Context(), By(office, "công văn 12/A2"), name, oct, "A2", at("2021-11-09 17:00")))
	w.check("the round runs again", w.rows(`SELECT r.state, p.state FROM round r, procedure p WHERE r.name = $1 AND p.subject = r.name`, oct), "Open Open")
	w.to("2021-11-09 10:00")
	w.submit("A2", oct)
	w.approve("A2", oct)
	w.to("2021-11-30 10:00")
	w.dispatch()
	w.check("reminded of the new deadline", w.notices(oct, "n.unit = 'A2'", "n.instant > '2021-11-01'"),
		"11-02 08:30 A2 prepare FocalPoint:A2 Skipped BeforeAct",
		"11-08 08:30 A2 tomorrow FocalPoint:A2 Sent")
	w.check("others hear nothing", w.rows(`SELECT count(*) FROM notice n JOIN round r ON r.id = n.round_id WHERE r.name = $1 AND n.unit <> 'A2' AND n.instant > '2021-11-01'`, oct), "0")
	w.check("closed again, with one more", w.rows(`SELECT state, closes_at, expected, on_time, late, missing FROM round WHERE name = $1`, oct), "Closed 11-23 17:00 7 2 0 5")
	w.check("the procedure ended again", w.rows(`SELECT state FROM procedure WHERE subject = $1`, oct), "Finished")
}

// A round that runs again for one unit stays closed for all others, as of when it closed
// for them: what they send, and what comes on paper, is judged by that.
func TestReopenedForOneOnly(t *testing.T) {
	w := running(t)
	w.to("2021-11-02 09:00")
	w.check("closed", w.rows(counts, oct), "Closed 7 0 0 7")
	w.forgetful = true
	w.ok(w.Reopen(t.Context(), By(office, "công văn 12/A2"), name, oct, "A2", at("2021-11-09 17:00")))
	w.to("2021-11-04 10:00")
	_, err := w.Record(t.Context(), By(office, ""), name, oct, "A3", figures, paper("2021-11-03 08:00"))
	w.refused(err, "RoundClosed")
	if !strings.Contains(err.Error(), "29/10/2021 17:00") {
		t.Errorf("it is said to have closed another day: %v", err)
	}
	_, err = w.Submit(t.Context(), By(focal("A3"), ""), name, oct, "A3", figures)
	w.refused(err, "RoundClosed")
	if !strings.Contains(err.Error(), "29/10/2021 17:00") {
		t.Errorf("it is said to have closed another day: %v", err)
	}
	_, err = w.Record(t.Context(), By(office, ""), name, oct, "A3", figures, paper("2021-10-29 16:00"))
	w.ok(err) // it had come before the close
	_, err = w.Record(t.Context(), By(office, ""), name, oct, "A2", figures, paper("2021-11-03 08:00"))
	w.ok(err)
	w.to("2021-11-30 10:00")
	w.check("closed again, with two more", w.rows(counts, oct), "Closed 7 1 1 5")
}
