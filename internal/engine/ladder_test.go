package engine

import (
	"context"
	"testing"
)

// october lets the first report's round happen: A1 reports in time, A2 hands up
// and is approved late, B1 is late, and A3, B2, C1 (no contacts) and C2 (no
// administering body) stay silent.
func (w *world) october() {
	w.t.Helper()
	w.to("2021-10-11 10:00")
	w.submit("A1", oct)
	w.approve("A1", oct)
	w.to("2021-10-13 10:00")
	w.submit("A2", oct)
	w.to("2021-10-18 10:00")
	w.submit("B1", oct)
	w.approve("B1", oct)
	w.to("2021-10-20 10:00")
	w.approve("A2", oct)
	w.to("2021-10-29 17:02")
	w.dispatch()
}

// The deadline is Friday 15 October, 17:00. State offices have the 18th off and
// work on Saturday the 23rd; calendar six works every Saturday.
var octoberByHand = []string{
	"10-08 08:30 A1 prepare FocalPoint:A1 Sent",
	"10-08 08:30 A2 prepare FocalPoint:A2 Sent",
	"10-08 08:30 A3 prepare FocalPoint:A3 Sent",
	"10-08 08:30 C1 prepare FocalPoint:C1 NoRecipient NoContact",
	"10-08 08:30 C2 prepare FocalPoint:C2 Sent",
	"10-09 08:30 B1 prepare FocalPoint:B1 Sent",
	"10-09 08:30 B2 prepare FocalPoint:B2 Sent",
	"10-14 08:30 A2 tomorrow Leader:A2 Sent", // A2 has handed up: its leader has the next move
	"10-14 08:30 A3 tomorrow FocalPoint:A3 Sent",
	"10-14 08:30 B1 tomorrow FocalPoint:B1 Sent",
	"10-14 08:30 B2 tomorrow FocalPoint:B2 Sent",
	"10-14 08:30 C1 tomorrow FocalPoint:C1 NoRecipient NoContact",
	"10-14 08:30 C2 tomorrow FocalPoint:C2 Sent",
	"10-16 08:30 B1 overdue Leader:B1 Sent",
	"10-16 08:30 B1 overdue FocalPoint:B1 Sent",
	"10-16 08:30 B2 overdue Leader:B2 Sent",
	"10-16 08:30 B2 overdue FocalPoint:B2 Sent",
	"10-19 08:30 A2 overdue Leader:A2 Sent",
	"10-19 08:30 A2 overdue FocalPoint:A2 Sent",
	"10-19 08:30 A3 overdue Leader:A3 Sent",
	"10-19 08:30 A3 overdue FocalPoint:A3 Sent",
	"10-19 08:30 B2 letter Office:VP Tasked",
	"10-19 08:30 C1 overdue Leader:C1 NoRecipient NoContact",
	"10-19 08:30 C1 overdue FocalPoint:C1 NoRecipient NoContact",
	"10-19 08:30 C2 overdue Leader:C2 Sent",
	"10-19 08:30 C2 overdue FocalPoint:C2 Sent",
	"10-21 08:30 A3 letter Office:VP Tasked",
	"10-21 08:30 B2 escalate Office:VP Sent",
	"10-21 08:30 B2 escalate AdministeringBody:TK Sent",
	"10-21 08:30 C1 letter Office:VP Tasked",
	"10-21 08:30 C2 letter Office:VP Tasked",
	"10-23 08:30 A3 escalate Office:VP Sent",
	"10-23 08:30 A3 escalate AdministeringBody:SO Sent",
	"10-23 08:30 C1 escalate Office:VP Sent",
	"10-23 08:30 C1 escalate AdministeringBody:SO Sent",
	"10-23 08:30 C2 escalate Office:VP Sent",
	"10-23 08:30 C2 escalate AdministeringBody: NoRecipient NoBody",
}

func TestLadderByHand(t *testing.T) {
	w := running(t)
	w.october()
	w.check("each step reaches whom, when", w.notices(oct), octoberByHand...)
	w.check("a list is one message a recipient, and names its units",
		w.rows(`SELECT m.not_before, m.role || ':' || m.recipient, string_agg(n.unit, ',' ORDER BY n.unit)
			FROM message m JOIN message_notice mn ON mn.message_id = m.id JOIN notice n ON n.id = mn.notice_id
			WHERE m.list GROUP BY m.id ORDER BY m.not_before, m.recipient`),
		"10-21 08:30 AdministeringBody:TK B2",
		"10-21 08:30 Office:VP B2",
		"10-23 08:30 AdministeringBody:SO A3,C1",
		"10-23 08:30 Office:VP A3,C1,C2",
	)
	w.check("the round's counts", w.rows(`SELECT state, closed_at, expected, on_time, late, missing FROM round WHERE name = $1`, oct),
		"Closed 10-29 17:01 7 1 2 4")
	w.check("what is owed", w.rows(`SELECT owner, state, received_at, due_at FROM obligation WHERE subject = $1 ORDER BY owner`, oct),
		"A1 Settled 10-11 10:00 10-15 17:00",
		"A2 Settled 10-20 10:00 10-15 17:00",
		"A3 Lapsed - 10-15 17:00",
		"B1 Settled 10-18 10:00 10-15 17:00",
		"B2 Lapsed - 10-15 17:00",
		"C1 Lapsed - 10-15 17:00",
		"C2 Lapsed - 10-15 17:00",
	)
	w.check("the last step ends with the close, the ones before the deadline with it, the others with the next step",
		w.rows(`SELECT DISTINCT n.step, n.not_after FROM notice n JOIN round r ON r.id = n.round_id
			WHERE r.name = $1 AND n.unit = 'A3' ORDER BY n.not_after, n.step DESC`, oct),
		"tomorrow 10-15 17:00", "prepare 10-15 17:00", "overdue 10-21 08:30", "letter 10-23 08:30", "escalate 10-29 17:00")
}

func TestStepsAreIdempotent(t *testing.T) {
	w := running(t)
	w.step = func(ctx context.Context, id, phase string) (Step, error) {
		s, err := w.StepProcedure(ctx, id, phase)
		before := w.facts()
		if _, err := w.StepProcedure(ctx, id, phase); err != nil {
			t.Fatalf("%s, %s again: %v", id, phase, err)
		}
		if after := w.facts(); after != before {
			t.Errorf("%s, %s again changes facts:\n%s\n%s", id, phase, before, after)
		}
		return s, err
	}
	w.october()
	w.check("each step twice writes what it writes once", w.notices(oct), octoberByHand...)
	w.ending()
}

// ending goes on to the end of the campaign.
func (w *world) ending() {
	w.t.Helper()
	w.to("2021-12-17 10:00")
	w.ok(w.Decide(w.t.Context(), By(office, ""), name, Decided{Number: "512/QĐ-VP", Dated: dayOf(at("2021-12-16 00:00"), "Asia/Ho_Chi_Minh")}))
	w.to("2022-02-01 00:00")
	w.dispatch()
	w.check("the campaign closes by itself", w.rows(`SELECT state, ended_at FROM campaign`), "Closed 01-31 17:00")
	w.check("and all of its procedures have ended", w.rows(`SELECT id FROM procedure WHERE state <> 'Finished'`))
}

// A restarted procedure begins with its first phase; the facts let it run through
// those that are over.
func TestRestartedProceduresGoOn(t *testing.T) {
	w := running(t)
	w.forgetful = true
	w.october()
	w.check("losing every workflow changes nothing", w.notices(oct), octoberByHand...)
	w.ending()
}
