package engine

import "testing"

// One unit is extended before, over one and over several steps of its ladder. The
// report is due on Friday the 15th; the 18th is off, Saturday the 23rd is worked.
func TestExtendOverSteps(t *testing.T) {
	t.Parallel()
	type act struct{ at, to string }
	cases := []struct {
		reason string
		acts   []act
		until  string
		want   []string
		letter []string
		closes string
	}{
		{"between two steps: the next one follows the new deadline", []act{{"10-13 10:00", "10-20 17:00"}}, "10-26 12:00", []string{
			"10-08 08:30 A3 prepare FocalPoint:A3 Sent",
			"10-12 08:30 A3 prepare FocalPoint:A3 Skipped BeforeAct", // 19, 15, 14, 13, 12
			"10-19 08:30 A3 tomorrow FocalPoint:A3 Sent",
			"10-21 08:30 A3 overdue Leader:A3 Sent", "10-21 08:30 A3 overdue FocalPoint:A3 Sent",
			"10-23 08:30 A3 letter Office:VP Tasked", // 21, 22, 23 (Saturday)
			"10-26 08:30 A3 escalate Office:VP Sent", "10-26 08:30 A3 escalate AdministeringBody:SO Sent",
		}, []string{"10-23 08:30 Drafted"}, "11-02 17:00"},
		{"after the deadline, over the overdue step", []act{{"10-18 10:00", "10-20 17:00"}}, "10-23 12:00", []string{
			"10-08 08:30 A3 prepare FocalPoint:A3 Sent",
			"10-12 08:30 A3 prepare FocalPoint:A3 Skipped BeforeAct",
			"10-14 08:30 A3 tomorrow FocalPoint:A3 Sent",
			"10-19 08:30 A3 tomorrow FocalPoint:A3 Sent", // another deadline, another reminder
			"10-21 08:30 A3 overdue Leader:A3 Sent", "10-21 08:30 A3 overdue FocalPoint:A3 Sent",
			"10-23 08:30 A3 letter Office:VP Tasked",
		}, []string{"10-23 08:30 Drafted"}, "11-02 17:00"},
		{"over overdue and the letter, which nobody has signed: it is withdrawn", []act{{"10-22 10:00", "10-27 17:00"}}, "11-03 12:00", []string{
			"10-08 08:30 A3 prepare FocalPoint:A3 Sent",
			"10-14 08:30 A3 tomorrow FocalPoint:A3 Sent",
			"10-19 08:30 A3 overdue Leader:A3 Sent", "10-19 08:30 A3 overdue FocalPoint:A3 Sent",
			"10-21 08:30 A3 letter Office:VP Tasked",
			"10-21 08:30 A3 prepare FocalPoint:A3 Skipped BeforeAct", // 26, 25, 23, 22, 21
			"10-26 08:30 A3 tomorrow FocalPoint:A3 Sent",
			"10-28 08:30 A3 overdue Leader:A3 Sent", "10-28 08:30 A3 overdue FocalPoint:A3 Sent",
			"11-01 08:30 A3 letter Office:VP Tasked",
			"11-03 08:30 A3 escalate Office:VP Sent", "11-03 08:30 A3 escalate AdministeringBody:SO Sent",
		}, []string{"10-21 08:30 Withdrawn", "11-01 08:30 Drafted"}, "11-10 17:00"}, // 28, 29, 1, 2, 3, 4, 5, 8, 9, 10
		{"twice, the second time half an hour after a step of the first", []act{{"10-13 10:00", "10-20 17:00"}, {"10-19 09:00", "10-22 17:00"}}, "10-26 12:00", []string{
			"10-08 08:30 A3 prepare FocalPoint:A3 Sent",
			"10-12 08:30 A3 prepare FocalPoint:A3 Skipped BeforeAct",
			"10-14 08:30 A3 prepare FocalPoint:A3 Skipped BeforeAct", // 21, 20, 19, 15, 14
			"10-19 08:30 A3 tomorrow FocalPoint:A3 Sent",
			"10-21 08:30 A3 tomorrow FocalPoint:A3 Sent",
			"10-23 08:30 A3 overdue Leader:A3 Sent", "10-23 08:30 A3 overdue FocalPoint:A3 Sent",
			"10-26 08:30 A3 letter Office:VP Tasked", // 23, 25, 26
		}, []string{"10-26 08:30 Drafted"}, "11-04 17:00"},
	}
	for _, c := range cases {
		t.Run(c.reason, func(t *testing.T) {
			t.Parallel()
			w := running(t)
			for _, a := range c.acts {
				w.to("2021-" + a.at)
				w.dispatch()
				w.extend("A3", "2021-"+a.to)
			}
			w.to("2021-" + c.until)
			w.dispatch()
			w.check("what A3 hears", w.notices(oct, "n.unit = 'A3'"), c.want...)
			w.check("its letters", w.rows(`SELECT drafted_at, state FROM letter WHERE unit = 'A3' ORDER BY id`), c.letter...)
			w.check("the close", w.rows(`SELECT closes_at FROM round WHERE name = $1`, oct), c.closes)
			w.twiceNothing()
			w.staleNothing()
		})
	}
}
