package engine

import (
	"fmt"
	"strings"
	"testing"
)

// step gives one step of the fixture's ladder a catchUp.
func catchUp(step, policy string) []string {
	steps := map[string]string{
		"tomorrow": "{step: tomorrow, offset: -1, to: [Holder]",
		"overdue":  "{step: overdue, offset: 1, to: [FocalPoint, Leader], catchUp: Merge",
		"letter":   "{step: letter, offset: 3, task: DraftLetter, assignee: Office",
		"escalate": "{step: escalate, offset: 5, to: [AdministeringBody, Office], gather: ListPerRecipient",
	}
	return []string{steps[step], strings.TrimSuffix(steps[step], ", catchUp: Merge") + ", catchUp: " + policy}
}

// Everything stands still over a step, for an hour, a day and three days, by what the
// step says of it. The report is due on Friday the 15th; the 18th is off, Saturday the
// 23rd is worked. Each outage begins half an hour before its step.
func TestOutage(t *testing.T) {
	t.Parallel()
	overdue := func(outcome string) []string {
		return []string{"10-19 08:30 A3 overdue Leader:A3 " + outcome, "10-19 08:30 A3 overdue FocalPoint:A3 " + outcome}
	}
	list := func(outcome string) []string {
		return []string{"10-23 08:30 A3 escalate Office:VP " + outcome, "10-23 08:30 A3 escalate AdministeringBody:SO " + outcome}
	}
	tomorrow := func(outcome string) []string { return []string{"10-14 08:30 A3 tomorrow FocalPoint:A3 " + outcome} }
	letter := func(outcome string) []string { return []string{"10-21 08:30 A3 letter Office:VP " + outcome} }
	all := func(parts ...[]string) (lines []string) {
		for _, p := range parts {
			lines = append(lines, p...)
		}
		return lines
	}
	cases := []struct {
		step, policy, from, to string
		reason                 string
		want                   []string // at the end of the outage, of the steps that it was over
	}{
		// One step before the deadline: it is worth saying until the deadline.
		{"tomorrow", "Send", "10-14 08:00", "10-14 09:00", "an hour: sent late", tomorrow("Sent MissedSend")},
		{"tomorrow", "Send", "10-14 08:00", "10-15 08:00", "a day: still before the deadline", tomorrow("Sent MissedSend")},
		{"tomorrow", "Send", "10-14 08:00", "10-17 08:00", "three days: the deadline has passed", tomorrow("Expired PastNotAfter")},
		{"tomorrow", "Merge", "10-14 08:00", "10-14 09:00", "nothing to merge into yet: sent", tomorrow("Sent MissedSend")},
		{"tomorrow", "Merge", "10-14 08:00", "10-15 08:00", "nor a day later", tomorrow("Sent MissedSend")},
		{"tomorrow", "Merge", "10-14 08:00", "10-17 08:00", "the next step is on the 19th: nothing to merge into, and stale", tomorrow("Expired PastNotAfter")},
		{"tomorrow", "Skip", "10-14 08:00", "10-14 09:00", "an hour is enough to skip", tomorrow("Skipped MissedSkip")},
		{"tomorrow", "Skip", "10-14 08:00", "10-15 08:00", "", tomorrow("Skipped MissedSkip")},
		{"tomorrow", "Skip", "10-14 08:00", "10-17 08:00", "", tomorrow("Skipped MissedSkip")},

		// After the deadline: until the next step, the letter on the 21st.
		{"overdue", "Send", "10-19 08:00", "10-19 09:00", "sent late", overdue("Sent MissedSend")},
		{"overdue", "Send", "10-19 08:00", "10-20 08:00", "sent late", overdue("Sent MissedSend")},
		{"overdue", "Send", "10-19 08:00", "10-22 08:00", "the letter's day has come: a mail now would be stale", all(overdue("Expired PastNotAfter"), letter("Tasked"))},
		{"overdue", "Merge", "10-19 08:00", "10-19 09:00", "nothing to merge into yet: sent", overdue("Sent MissedSend")},
		{"overdue", "Merge", "10-19 08:00", "10-20 08:00", "nothing to merge into yet: sent", overdue("Sent MissedSend")},
		{"overdue", "Merge", "10-19 08:00", "10-22 08:00", "the letter says it", all(overdue("Merged MissedMerge"), letter("Tasked"))},
		{"overdue", "Skip", "10-19 08:00", "10-19 09:00", "not sent", overdue("Skipped MissedSkip")},
		{"overdue", "Skip", "10-19 08:00", "10-20 08:00", "not sent", overdue("Skipped MissedSkip")},
		{"overdue", "Skip", "10-19 08:00", "10-22 08:00", "the letter is another step and is drafted", all(overdue("Skipped MissedSkip"), letter("Tasked"))},

		// A task is for people: it is late, never stale.
		{"letter", "Send", "10-21 08:00", "10-21 09:00", "drafted late", letter("Tasked")},
		{"letter", "Send", "10-21 08:00", "10-22 08:00", "drafted late", letter("Tasked")},
		{"letter", "Send", "10-21 08:00", "10-24 08:00", "over the list too: both", all(letter("Tasked"), list("Sent MissedSend"))},
		{"letter", "Merge", "10-21 08:00", "10-24 08:00", "the list says it", all(letter("Merged MissedMerge"), list("Sent MissedSend"))},
		{"letter", "Skip", "10-21 08:00", "10-21 09:00", "no letter", letter("Skipped MissedSkip")},

		// The last step: until the close on the 29th, and nothing to merge into.
		{"escalate", "Send", "10-23 08:00", "10-26 08:00", "three days: the list goes", list("Sent MissedSend")},
		{"escalate", "Merge", "10-23 08:00", "10-26 08:00", "there is no next step", list("Sent MissedSend")},
		{"escalate", "Skip", "10-23 08:00", "10-26 08:00", "not sent", list("Skipped MissedSkip")},
		{"escalate", "Send", "10-23 08:00", "10-30 08:00", "a week: the round is over", list("Expired PastNotAfter")},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%s %s until %s", c.step, c.policy, c.to), func(t *testing.T) {
			t.Parallel()
			w := running(t, catchUp(c.step, c.policy)...)
			w.to("2021-" + c.from)
			w.submit("A1", oct)
			w.approve("A1", oct)
			w.dispatch()
			// Nobody looks and nothing is sent; a report is taken all the same.
			w.jump("2021-" + c.from + ":01")
			w.submit("A2", oct)
			w.approve("A2", oct)
			w.leap("2021-" + c.to)
			w.dispatch()
			over := `n.instant > '2021-` + c.from + `+07'`
			w.check(c.reason, w.notices(oct, "n.unit = 'A3'", over), c.want...)
			w.check("who has reported hears nothing", w.notices(oct, "n.unit IN ('A1', 'A2')", over))
			w.to("2021-10-30 12:00")
			w.dispatch()
			w.twiceNothing()
			w.staleNothing()
		})
	}
}

// staleNothing checks that nothing left after its time, and nothing waits for ever.
func (w *world) staleNothing() {
	w.t.Helper()
	w.check("nothing stale", w.rows(`SELECT n.unit, n.step, n.instant, m.sent_at FROM notice n JOIN message_notice mn ON mn.notice_id = n.id
		JOIN message m ON m.id = mn.message_id WHERE m.state = 'Sent' AND n.state = 'Sent' AND m.sent_at > n.not_after`))
	w.check("nothing waits in a round that is over", w.rows(`SELECT n.unit, n.step FROM notice n JOIN round r ON r.id = n.round_id WHERE r.state = 'Closed' AND n.state = 'Pending'`))
}

// Three days over the overdue step and the letter, for everybody: both calendars, who
// reported in time, while it stood still, and not at all. Each hears once what its
// step says.
func TestThreeDaysForEverybody(t *testing.T) {
	w := running(t)
	w.to("2021-10-18 08:00")
	for _, u := range []string{"A1", "B1"} {
		w.submit(u, oct)
		w.approve(u, oct)
	}
	before := w.inbox.count()
	w.jump("2021-10-20 09:00")
	w.submit("A2", oct)
	w.approve("A2", oct)
	w.leap("2021-10-21 09:00")
	w.dispatch()
	w.check("what stood still", w.notices(oct, "n.instant > '2021-10-18 08:00+07'", "n.instant < '2021-10-21 10:00+07'"),
		"10-19 08:30 A3 overdue Leader:A3 Merged MissedMerge",
		"10-19 08:30 A3 overdue FocalPoint:A3 Merged MissedMerge",
		"10-19 08:30 B2 letter Office:VP Tasked", // six: it heard overdue on Saturday the 16th
		"10-19 08:30 C1 overdue Leader:C1 Merged MissedMerge",
		"10-19 08:30 C1 overdue FocalPoint:C1 Merged MissedMerge",
		"10-19 08:30 C2 overdue Leader:C2 Merged MissedMerge",
		"10-19 08:30 C2 overdue FocalPoint:C2 Merged MissedMerge",
		"10-21 08:30 A3 letter Office:VP Tasked",
		"10-21 08:30 B2 escalate Office:VP Sent MissedSend",
		"10-21 08:30 B2 escalate AdministeringBody:TK Sent MissedSend",
		"10-21 08:30 C1 letter Office:VP Tasked",
		"10-21 08:30 C2 letter Office:VP Tasked")
	if n := w.inbox.count() - before; n != 2 {
		t.Errorf("%d mails, want the two lists about B2", n)
	}
	w.check("a letter each, none for who reported meanwhile", w.rows(`SELECT unit, state FROM letter ORDER BY unit`), "A3 Drafted", "B2 Drafted", "C1 Drafted", "C2 Drafted")
	w.to("2021-10-30 12:00")
	w.dispatch()
	w.check("then in time", w.notices(oct, "n.unit = 'A3'", "n.step = 'escalate'"),
		"10-23 08:30 A3 escalate Office:VP Sent", "10-23 08:30 A3 escalate AdministeringBody:SO Sent")
	w.twiceNothing()
	w.staleNothing()
}

// Steps are made and the mail server is away: what waits goes when it is back, if it
// is still worth saying, whatever its catchUp.
func TestMailIsAway(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ reason, back, want string }{
		{"an hour", "2021-10-19 09:30", "Sent"},
		{"a day", "2021-10-20 08:30", "Sent"},
		{"until the letter's instant, and no longer", "2021-10-21 08:30", "Sent"},
		{"three days", "2021-10-22 08:30", "Expired PastNotAfter"},
	} {
		for _, policy := range []string{"Send", "Merge", "Skip"} {
			t.Run(c.reason+" "+policy, func(t *testing.T) {
				t.Parallel()
				w := running(t, catchUp("overdue", policy)...)
				w.to("2021-10-19 08:00")
				w.dispatch()
				w.jump("2021-10-19 08:30")
				w.work()
				w.leap(c.back)
				w.dispatch()
				w.check("A3", w.notices(oct, "n.unit = 'A3'", "n.step = 'overdue'"),
					"10-19 08:30 A3 overdue Leader:A3 "+c.want, "10-19 08:30 A3 overdue FocalPoint:A3 "+c.want)
				w.staleNothing()
			})
		}
	}
}

// One jump over October's round, its close, and most of November's ladder.
func TestJumpOverSeveralInstants(t *testing.T) {
	w := running(t)
	w.to("2021-10-08 12:00")
	sent := w.inbox.count()
	w.leap("2021-11-16 10:00")
	w.dispatch()
	w.check("October is over, and was said to nobody", w.notices(oct, "n.unit = 'A3'"),
		"10-08 08:30 A3 prepare FocalPoint:A3 Sent",
		"10-14 08:30 A3 tomorrow FocalPoint:A3 Expired PastNotAfter",
		"10-19 08:30 A3 overdue Leader:A3 Merged MissedMerge", "10-19 08:30 A3 overdue FocalPoint:A3 Merged MissedMerge",
		"10-21 08:30 A3 letter Office:VP Tasked",
		"10-23 08:30 A3 escalate Office:VP Expired PastNotAfter", "10-23 08:30 A3 escalate AdministeringBody:SO Expired PastNotAfter")
	w.check("of November the step of this morning", w.notices(nov, "n.unit = 'A3'"),
		"11-08 08:30 A3 prepare FocalPoint:A3 Expired PastNotAfter",
		"11-12 08:30 A3 tomorrow FocalPoint:A3 Expired PastNotAfter",
		"11-16 08:30 A3 overdue Leader:A3 Sent MissedSend", "11-16 08:30 A3 overdue FocalPoint:A3 Sent MissedSend")
	w.check("October is closed, November open", w.rows(`SELECT name, state, missing FROM round WHERE kind = 'Report' ORDER BY name`), oct+" Closed 7", nov+" Open -")
	if n := w.inbox.count() - sent; n != 12 { // two roles of six units; C1 has no contacts
		t.Errorf("%d mails, want 12", n)
	}
	w.twiceNothing()
	w.staleNothing()
}

// Launched on Monday 18 October for 7 September: what is older than the act is on
// record and was never said, what comes after it is said in time.
func TestBackdatedIntoTheMiddle(t *testing.T) {
	w := newWorld(t)
	w.ok(w.SetStepped(t.Context(), at("2021-10-18 10:00")))
	w.ok(w.Launch(t.Context(), By(office, "ghi nhận lại"), name, LaunchOptions{Backdate: true}))
	w.work()
	w.dispatch()
	if n := w.inbox.count(); n != 0 {
		t.Errorf("%d mails on the day of the act", n)
	}
	w.check("the registration was over on 14 October", w.rows(`SELECT state, closes_at FROM round WHERE name = 'registration'`), "Closed 10-14 17:00")
	w.to("2021-10-23 12:00")
	w.check("A3, by the state's calendar", w.notices(oct, "n.unit = 'A3'"),
		"10-08 08:30 A3 prepare FocalPoint:A3 Skipped BeforeAct",
		"10-14 08:30 A3 tomorrow FocalPoint:A3 Skipped BeforeAct",
		"10-19 08:30 A3 overdue Leader:A3 Sent", "10-19 08:30 A3 overdue FocalPoint:A3 Sent",
		"10-21 08:30 A3 letter Office:VP Tasked",
		"10-23 08:30 A3 escalate Office:VP Sent", "10-23 08:30 A3 escalate AdministeringBody:SO Sent")
	w.check("B2, which works on Saturdays", w.notices(oct, "n.unit = 'B2'"),
		"10-09 08:30 B2 prepare FocalPoint:B2 Skipped BeforeAct",
		"10-14 08:30 B2 tomorrow FocalPoint:B2 Skipped BeforeAct",
		"10-16 08:30 B2 overdue Leader:B2 Skipped BeforeAct", "10-16 08:30 B2 overdue FocalPoint:B2 Skipped BeforeAct",
		"10-19 08:30 B2 letter Office:VP Tasked",
		"10-21 08:30 B2 escalate Office:VP Sent", "10-21 08:30 B2 escalate AdministeringBody:TK Sent")
	w.twiceNothing()
	w.staleNothing()
}
