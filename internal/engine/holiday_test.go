package engine

import (
	"testing"
)

// Notices of days off, as edits of the fixture's calendars. The state's calendar has
// the 18th of October off and works on Saturday the 23rd; calendar six works every
// Saturday. The report is due on Friday the 15th.
var (
	state18 = "- {date: 2021-10-18, name: nghỉ bù}\n"
	state23 = "    - {date: 2021-10-23, kind: Work, name: làm bù}\n"
	six     = "workWeek: [Monday, Tuesday, Wednesday, Thursday, Friday, Saturday]\n"
)

// off are edits that give a calendar more days off.
func off(in string, days ...string) []string {
	text := in
	if in == six {
		text += "  days:\n"
	} else {
		text = ""
	}
	for _, day := range days {
		if text != "" {
			text += "    "
		}
		text += "- {date: " + day + ", name: bão}\n"
	}
	if in != six {
		text += "    " + in
	}
	return []string{in, text}
}

// A notice of days off that changes while a round is open. A deadline to come that
// falls on a day off now ends with the next working day, under a new number; the
// ladder climbs by the new calendar; and nobody hears one step of one deadline twice.
func TestChangedNotice(t *testing.T) {
	t.Parallel()
	cases := []struct {
		reason, announced string
		edits             []string
		unit, due, closes string
		want              []string
	}{
		{"the deadline's own day: over the weekend and the 18th to Tuesday", "2021-10-11 10:00", off(state18, "2021-10-15"),
			"A3", "10-19 17:00 2", "11-01 17:00", []string{ // 20, 21, 22, 23 (Saturday), 25, 26, 27, 28, 29, 1
				"10-08 08:30 A3 prepare FocalPoint:A3 Sent",
				"10-08 08:30 A3 prepare FocalPoint:A3 Skipped BeforeAct", // 14, 13, 12, 11, 8
				"10-14 08:30 A3 tomorrow FocalPoint:A3 Sent",
				"10-20 08:30 A3 overdue Leader:A3 Sent", "10-20 08:30 A3 overdue FocalPoint:A3 Sent",
				"10-22 08:30 A3 letter Office:VP Tasked",
				"10-25 08:30 A3 escalate Office:VP Sent", "10-25 08:30 A3 escalate AdministeringBody:SO Sent",
			}},
		{"who follows another calendar is not concerned", "2021-10-11 10:00", off(state18, "2021-10-15"),
			"B2", "10-15 17:00 1", "11-01 17:00", []string{
				"10-09 08:30 B2 prepare FocalPoint:B2 Sent", // a Saturday
				"10-14 08:30 B2 tomorrow FocalPoint:B2 Sent",
				"10-16 08:30 B2 overdue Leader:B2 Sent", "10-16 08:30 B2 overdue FocalPoint:B2 Sent",
				"10-19 08:30 B2 letter Office:VP Tasked",
				"10-21 08:30 B2 escalate Office:VP Sent", "10-21 08:30 B2 escalate AdministeringBody:TK Sent",
			}},
		{"an enterprise's own notice: its deadline ends on Saturday, the state's stands", "2021-10-11 10:00", off(six, "2021-10-15"),
			"B2", "10-16 17:00 2", "10-29 17:00", []string{ // 18, 19, 20, 21, 22, 23, 25, 26, 27, 28: the state's 29 is later
				"10-09 08:30 B2 prepare FocalPoint:B2 Sent",
				"10-09 08:30 B2 prepare FocalPoint:B2 Skipped BeforeAct", // 14, 13, 12, 11, 9
				"10-14 08:30 B2 tomorrow FocalPoint:B2 Sent",
				"10-18 08:30 B2 overdue Leader:B2 Sent", "10-18 08:30 B2 overdue FocalPoint:B2 Sent",
				"10-20 08:30 B2 letter Office:VP Tasked",
				"10-22 08:30 B2 escalate Office:VP Sent", "10-22 08:30 B2 escalate AdministeringBody:TK Sent",
			}},
		{"the day before the deadline: the deadline stands, the reminder comes a day earlier", "2021-10-11 10:00", off(state18, "2021-10-14"),
			"A3", "10-15 17:00 1", "10-29 17:00", []string{
				"10-08 08:30 A3 prepare FocalPoint:A3 Sent",
				"10-13 08:30 A3 tomorrow FocalPoint:A3 Sent",
				"10-19 08:30 A3 overdue Leader:A3 Sent", "10-19 08:30 A3 overdue FocalPoint:A3 Sent",
				"10-21 08:30 A3 letter Office:VP Tasked",
				"10-23 08:30 A3 escalate Office:VP Sent", "10-23 08:30 A3 escalate AdministeringBody:SO Sent",
			}},
		{"announced on the 13th at ten: the reminder should have gone at 08:30, so it goes at once", "2021-10-13 10:00", off(state18, "2021-10-14"),
			"A3", "10-15 17:00 1", "10-29 17:00", []string{
				"10-08 08:30 A3 prepare FocalPoint:A3 Sent",
				"10-13 08:30 A3 tomorrow FocalPoint:A3 Sent MissedSend",
				"10-19 08:30 A3 overdue Leader:A3 Sent", "10-19 08:30 A3 overdue FocalPoint:A3 Sent",
				"10-21 08:30 A3 letter Office:VP Tasked",
				"10-23 08:30 A3 escalate Office:VP Sent", "10-23 08:30 A3 escalate AdministeringBody:SO Sent",
			}},
		{"after the deadline: it has passed and stands, what is to come moves", "2021-10-18 10:00", off(state18, "2021-10-19"),
			"A3", "10-15 17:00 1", "11-01 17:00", []string{ // 20, 21, 22, 23, 25, 26, 27, 28, 29, 1
				"10-08 08:30 A3 prepare FocalPoint:A3 Sent",
				"10-14 08:30 A3 tomorrow FocalPoint:A3 Sent",
				"10-20 08:30 A3 overdue Leader:A3 Sent", "10-20 08:30 A3 overdue FocalPoint:A3 Sent",
				"10-22 08:30 A3 letter Office:VP Tasked",
				"10-25 08:30 A3 escalate Office:VP Sent", "10-25 08:30 A3 escalate AdministeringBody:SO Sent",
			}},
		{"a day that has passed: nothing is taken back", "2021-10-20 10:00", off(state18, "2021-10-15"),
			"A3", "10-15 17:00 1", "10-29 17:00", []string{
				"10-08 08:30 A3 prepare FocalPoint:A3 Sent",
				"10-14 08:30 A3 tomorrow FocalPoint:A3 Sent",
				"10-19 08:30 A3 overdue Leader:A3 Sent", "10-19 08:30 A3 overdue FocalPoint:A3 Sent",
				"10-21 08:30 A3 letter Office:VP Tasked",
				"10-23 08:30 A3 escalate Office:VP Sent", "10-23 08:30 A3 escalate AdministeringBody:SO Sent",
			}},
		{"the make-up Saturday is called off: the list goes on Monday", "2021-10-20 10:00", []string{state23, ""},
			"A3", "10-15 17:00 1", "11-01 17:00", []string{ // 19, 20, 21, 22, 25, 26, 27, 28, 29, 1
				"10-08 08:30 A3 prepare FocalPoint:A3 Sent",
				"10-14 08:30 A3 tomorrow FocalPoint:A3 Sent",
				"10-19 08:30 A3 overdue Leader:A3 Sent", "10-19 08:30 A3 overdue FocalPoint:A3 Sent",
				"10-21 08:30 A3 letter Office:VP Tasked",
				"10-25 08:30 A3 escalate Office:VP Sent", "10-25 08:30 A3 escalate AdministeringBody:SO Sent",
			}},
		{"a day off is called off: steps come earlier, the close doesn't", "2021-10-11 10:00", []string{"    " + state18, ""},
			"A3", "10-15 17:00 1", "10-29 17:00", []string{
				"10-08 08:30 A3 prepare FocalPoint:A3 Sent",
				"10-14 08:30 A3 tomorrow FocalPoint:A3 Sent",
				"10-18 08:30 A3 overdue Leader:A3 Sent", "10-18 08:30 A3 overdue FocalPoint:A3 Sent",
				"10-20 08:30 A3 letter Office:VP Tasked",
				"10-22 08:30 A3 escalate Office:VP Sent", "10-22 08:30 A3 escalate AdministeringBody:SO Sent",
			}},
	}
	for _, c := range cases {
		t.Run(c.reason, func(t *testing.T) {
			t.Parallel()
			w := running(t)
			w.to(c.announced)
			w.dispatch()
			w.apply(load(t, edited(t, c.edits...)))
			w.to("2021-10-26 12:00")
			w.check("the deadline and its number", w.rows(`SELECT due_at, deadline_no FROM obligation WHERE subject = $1 AND owner = $2`, oct, c.unit), c.due)
			w.check("the close", w.rows(`SELECT closes_at FROM round WHERE name = $1`, oct), c.closes)
			w.check("what it hears", w.notices(oct, "n.unit = '"+c.unit+"'"), c.want...)
			w.twiceNothing()
		})
	}
}

// twiceNothing checks that nobody was sent one step of one deadline twice.
func (w *world) twiceNothing() {
	w.t.Helper()
	w.check("nothing twice", w.rows(`SELECT n.unit, n.step, n.deadline_no, n.role, n.recipient FROM notice n
		JOIN message_notice mn ON mn.notice_id = n.id JOIN message m ON m.id = mn.message_id AND m.state = 'Sent'
		GROUP BY n.obligation_id, n.unit, n.step, n.deadline_no, n.role, n.recipient HAVING count(*) > 1`))
}

// A notice that comes between a step and its mail: the mail of the old deadline does
// not leave, and the unit hears once, of the new one.
func TestChangedNoticeBeforeTheMail(t *testing.T) {
	w := running(t)
	w.to("2021-10-13 17:00")
	w.jump("2021-10-14 08:30")
	w.work() // written, not sent
	sent := w.inbox.count()
	w.apply(load(t, edited(t, off(state18, "2021-10-15")...)))
	w.check("superseded with the deadline", w.rows(`SELECT state, reason, count(*) FROM notice WHERE step = 'tomorrow' AND deadline_no = 1 AND unit IN ('A1', 'A2', 'A3', 'C2') GROUP BY 1, 2`),
		"Superseded DeadlineMoved 4")
	w.work()
	w.dispatch()
	w.check("A3 hears of the 19th, once", w.notices(oct, "n.unit = 'A3'"),
		"10-08 08:30 A3 prepare FocalPoint:A3 Sent",
		"10-08 08:30 A3 prepare FocalPoint:A3 Skipped BeforeAct",
		"10-14 08:30 A3 tomorrow FocalPoint:A3 Superseded DeadlineMoved",
		"10-14 08:30 A3 tomorrow FocalPoint:A3 Sent") // 14 is the working day before the 19th
	if n := w.inbox.count() - sent; n != 6 { // all but C1, which has no contacts
		t.Errorf("%d mails, want one to each of six", n)
	}
	w.twiceNothing()
	w.check("it is on record", w.rows(`SELECT verb, reason FROM audit WHERE object = 'Campaign/thi-dua' AND verb = 'follow'`),
		// Of October: its deadline, all steps but the first, which was on the 8th and is now
		// too, its close; of November nothing.
		"follow lịch state (→ 2022-12-31): 0 mốc tạm tính nay đã chắc chắn, 5 mốc dời, 5 đơn vị được lùi hạn")
}

// No deadline comes earlier than it was promised: a day off that is called off again
// leaves the later one, whose ladder follows.
func TestNoticeTakenBack(t *testing.T) {
	w := running(t)
	w.to("2021-10-11 10:00")
	w.apply(load(t, edited(t, off(state18, "2021-10-15")...)))
	w.to("2021-10-12 10:00")
	w.apply(load(t, edited(t)))
	w.to("2021-10-20 12:00")
	w.check("still the 19th", w.rows(`SELECT due_at, deadline_no FROM obligation WHERE subject = $1 AND owner = 'A3'`, oct), "10-19 17:00 2")
	w.check("and the day before it is the 15th again", w.notices(oct, "n.unit = 'A3'", "n.deadline_no = 2"),
		"10-08 08:30 A3 prepare FocalPoint:A3 Skipped BeforeAct",
		"10-15 08:30 A3 tomorrow FocalPoint:A3 Sent",
		"10-20 08:30 A3 overdue Leader:A3 Sent", "10-20 08:30 A3 overdue FocalPoint:A3 Sent")
}

// What a person has said stands: the deadline of a request, an extension, a return; as
// does an instant that the spec names itself. Their ladders go by the new calendar all
// the same.
func TestChangedNoticeAndOtherDeadlines(t *testing.T) {
	dues := `SELECT owner, due_at, deadline_no FROM obligation WHERE subject = $1 AND owner IN ('A2', 'A3', 'B1') ORDER BY owner`
	t.Run("extended", func(t *testing.T) {
		w := running(t)
		w.to("2021-10-13 10:00")
		w.extend("A3", "2021-10-22 17:00")
		w.apply(load(t, edited(t, off(state18, "2021-10-15", "2021-10-22")...)))
		w.check("A3's day was said, A2's was the plan's", w.rows(dues, oct), "A2 10-19 17:00 2", "A3 10-22 17:00 2", "B1 10-15 17:00 1")
		w.to("2021-10-21 12:00")
		w.check("told by the working days before it", w.notices(oct, "n.unit = 'A3'", "n.deadline_no = 2"),
			"10-13 08:30 A3 prepare FocalPoint:A3 Sent MissedSend", // 21, 20, 19, 14, 13: it was to come after the act
			"10-21 08:30 A3 tomorrow FocalPoint:A3 Sent")
	})
	t.Run("asked for outside the plan", func(t *testing.T) {
		w := running(t)
		w.to("2021-10-22 09:00")
		w.request("A2", "A3", "B1")
		w.apply(load(t, edited(t, off(state18, "2021-10-26")...)))
		w.check("the office said the 26th", w.rows(dues, flood), "A2 10-26 17:00 1", "A3 10-26 17:00 1", "B1 10-26 17:00 1")
		w.check("so does the round", w.rows(`SELECT d.due_at FROM round r JOIN round_due d ON d.round_id = r.id WHERE r.name = $1`, flood), "10-26 17:00")
		w.to("2021-10-25 12:00")
		w.check("told by the working days before it, once", w.notices(flood, "n.unit = 'A3'", "n.step <> 'prepare'"),
			"10-22 09:00 A3 request FocalPoint:A3 Sent", "10-25 08:30 A3 tomorrow FocalPoint:A3 Sent")
		w.twiceNothing()
	})
	t.Run("returned", func(t *testing.T) {
		w := running(t)
		w.to("2021-10-13 10:00")
		w.submit("A3", oct)
		w.approve("A3", oct)
		w.ok(w.Return(t.Context(), By(office, "thiếu số liệu"), name, oct, "A3", at("2021-10-22 17:00")))
		w.apply(load(t, edited(t, off(state18, "2021-10-22")...)))
		w.check("stands", w.rows(dues, oct), "A2 10-15 17:00 1", "A3 10-22 17:00 2", "B1 10-15 17:00 1")
	})
	t.Run("shifted by a pause, which said no day", func(t *testing.T) {
		w := running(t)
		w.to("2021-10-13 10:00")
		w.ok(w.Pause(t.Context(), By(office, ""), name))
		w.leap("2021-10-14 10:00")
		w.ok(w.Resume(t.Context(), By(office, ""), name, Shift)) // one working day: the 19th
		w.apply(load(t, edited(t, off(state18, "2021-10-19")...)))
		w.check("it moves on", w.rows(dues, oct), "A2 10-20 17:00 3", "A3 10-20 17:00 3", "B1 10-16 17:00 2")
	})
	t.Run("roll: None", func(t *testing.T) {
		w := running(t, "due: {day: 15}", "due: {day: 15, roll: None}")
		w.to("2021-10-11 10:00")
		w.apply(load(t, edited(t, append(off(state18, "2021-10-15"), "due: {day: 15}", "due: {day: 15, roll: None}")...)))
		w.check("stands", w.rows(dues, oct), "A2 10-15 17:00 1", "A3 10-15 17:00 1", "B1 10-15 17:00 1")
		w.to("2021-10-19 12:00")
		w.check("its steps are the working days around it", w.notices(oct, "n.unit = 'A3'", "n.step IN ('tomorrow', 'overdue')", "n.role = 'FocalPoint'"),
			"10-14 08:30 A3 tomorrow FocalPoint:A3 Sent", "10-19 08:30 A3 overdue FocalPoint:A3 Sent")
	})
	t.Run("settled", func(t *testing.T) {
		w := running(t)
		w.to("2021-10-11 10:00")
		w.submit("A3", oct)
		w.approve("A3", oct)
		w.apply(load(t, edited(t, off(state18, "2021-10-15")...)))
		w.check("what was received keeps the deadline that it met", w.rows(dues, oct), "A2 10-19 17:00 2", "A3 10-15 17:00 1", "B1 10-15 17:00 1")
	})
	t.Run("while paused", func(t *testing.T) {
		w := running(t)
		w.to("2021-10-11 10:00")
		w.ok(w.Pause(t.Context(), By(office, ""), name))
		w.apply(load(t, edited(t, off(state18, "2021-10-15")...)))
		w.ok(w.Resume(t.Context(), By(office, ""), name, Keep))
		w.to("2021-10-14 12:00")
		w.check("it has moved", w.rows(dues, oct), "A2 10-19 17:00 2", "A3 10-19 17:00 2", "B1 10-15 17:00 1")
		w.twiceNothing()
	})
}
