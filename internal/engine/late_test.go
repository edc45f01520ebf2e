package engine

import "testing"

// A step counts as missed when it is processed more than ten minutes after its
// instant: then its catchUp decides, and is recorded.
func TestLateStep(t *testing.T) {
	t.Parallel()
	cases := []struct {
		reason, now string
		want        []string
	}{
		{"9 minutes", "2021-10-08 08:39", []string{"10-08 08:30 A1 prepare FocalPoint:A1 Sent"}},
		{"10 minutes", "2021-10-08 08:40", []string{"10-08 08:30 A1 prepare FocalPoint:A1 Sent"}},
		{"11 minutes", "2021-10-08 08:41", []string{"10-08 08:30 A1 prepare FocalPoint:A1 Sent MissedSend"}},
	}
	for _, c := range cases {
		t.Run(c.reason, func(t *testing.T) {
			t.Parallel()
			w := running(t)
			w.to("2021-10-07 17:00")
			w.leap(c.now)
			w.dispatch()
			w.check("A1", w.notices(oct, "n.unit = 'A1'"), c.want...)
		})
	}
}

// Three days late, over the overdue step and the letter: from Monday the 18th to
// Thursday the 21st, 09:00, the installation stood still.
func TestThreeDaysLate(t *testing.T) {
	t.Parallel()
	before := []string{
		"10-08 08:30 A3 prepare FocalPoint:A3 Sent",
		"10-14 08:30 A3 tomorrow FocalPoint:A3 Sent",
	}
	letter := "10-21 08:30 A3 letter Office:VP Tasked"
	cases := []struct {
		catchUp, now string
		want         []string
	}{
		{"Send", "2021-10-21 08:29", []string{
			"10-19 08:30 A3 overdue Leader:A3 Sent MissedSend", "10-19 08:30 A3 overdue FocalPoint:A3 Sent MissedSend"}},
		{"Send", "2021-10-21 09:00", []string{ // not_after is the letter's instant
			"10-19 08:30 A3 overdue Leader:A3 Expired PastNotAfter", "10-19 08:30 A3 overdue FocalPoint:A3 Expired PastNotAfter", letter}},
		{"Merge", "2021-10-21 08:29", []string{
			"10-19 08:30 A3 overdue Leader:A3 Sent MissedSend", "10-19 08:30 A3 overdue FocalPoint:A3 Sent MissedSend"}},
		{"Merge", "2021-10-21 09:00", []string{
			"10-19 08:30 A3 overdue Leader:A3 Merged MissedMerge", "10-19 08:30 A3 overdue FocalPoint:A3 Merged MissedMerge", letter}},
		{"Skip", "2021-10-21 08:29", []string{
			"10-19 08:30 A3 overdue Leader:A3 Skipped MissedSkip", "10-19 08:30 A3 overdue FocalPoint:A3 Skipped MissedSkip"}},
		{"Skip", "2021-10-21 09:00", []string{
			"10-19 08:30 A3 overdue Leader:A3 Skipped MissedSkip", "10-19 08:30 A3 overdue FocalPoint:A3 Skipped MissedSkip", letter}},
	}
	for _, c := range cases {
		t.Run(c.catchUp+" at "+c.now, func(t *testing.T) {
			t.Parallel()
			w := running(t, "catchUp: Merge", "catchUp: "+c.catchUp)
			w.to("2021-10-18 10:00")
			w.leap(c.now)
			w.dispatch()
			w.check("A3", w.notices(oct, "n.unit = 'A3'"), append(before[:2:2], c.want...)...)
			w.to("2021-10-23 09:00")
			w.check("afterwards it goes on in time", w.notices(oct, "n.unit = 'A3'", "n.step = 'escalate'"),
				"10-23 08:30 A3 escalate Office:VP Sent", "10-23 08:30 A3 escalate AdministeringBody:SO Sent")
		})
	}
}

// The installation stood still over the whole round.
func TestWholeRoundLate(t *testing.T) {
	w := running(t)
	w.to("2021-10-07 17:00")
	sent := w.inbox.count()
	w.leap("2021-11-05 09:00")
	w.dispatch()
	if n := w.inbox.count() - sent; n != 0 {
		t.Errorf("%d messages for a round that is over", n)
	}
	w.check("nothing waits", w.rows(`SELECT count(*) FROM notice WHERE state = 'Pending'`), "0")
	w.check("the round is closed, nobody could report", w.rows(`SELECT state, expected, missing FROM round WHERE name = $1`, oct), "Closed 7 7")
}

// A step that would fall on the close is not climbed into a round that is over.
func TestStepAtTheClose(t *testing.T) {
	w := running(t, "offset: 5, to: [AdministeringBody", `offset: 10, time: "17:00", to: [AdministeringBody`)
	w.to("2021-10-29 17:01")
	w.check("as the plan has it, no step at the close", w.notices(oct, "n.step = 'escalate'", "n.unit IN ('A3')"),
		"10-29 17:00 A3 escalate Office:VP Expired PastNotAfter",
		"10-29 17:00 A3 escalate AdministeringBody:SO Expired PastNotAfter")
}
