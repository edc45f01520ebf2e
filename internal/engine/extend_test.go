package engine

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func (w *world) extend(unit, to string) Extended {
	w.t.Helper()
	x, err := w.Extend(w.t.Context(), By(office, "dịch bệnh"), name, oct, unit, at(to))
	w.ok(err)
	return x
}

// wakes of a round since they were last delivered.
func (w *world) wakes(procedure string) []string {
	w.t.Helper()
	return w.rows(`SELECT seq FROM wake WHERE id = $1`, procedure)
}

func (w *world) deliverWakes() {
	w.t.Helper()
	_, err := w.Pool().Exec(w.t.Context(), `DELETE FROM wake`)
	w.ok(err)
}

func TestExtendOne(t *testing.T) {
	w := running(t)
	w.to("2021-10-07 17:00")
	w.jump("2021-10-08 08:30")
	w.work() // written, not sent
	w.deliverWakes()
	act := By(office, "dịch bệnh")
	x, err := w.Extend(t.Context(), act, name, oct, "A3", at("2021-10-20 17:00"))
	w.ok(err)
	want := Extended{Units: 1, Superseded: 1}
	if x != want {
		t.Errorf("got %+v, want %+v", x, want)
	}
	if again, err := w.Extend(t.Context(), act, name, oct, "A3", at("2021-10-20 17:00")); err != nil || again != want {
		t.Errorf("the request repeated answers %+v, %v, want %+v", again, err, want)
	}
	w.check("its unsent notices go at once, the others' stay", w.rows(`SELECT unit, state, reason FROM notice WHERE step = 'prepare' ORDER BY unit`),
		"A1 Pending ", "A2 Pending ", "A3 Superseded DeadlineMoved", "C1 NoRecipient NoContact", "C2 Pending ")
	w.check("its deadline", w.rows(`SELECT owner, due_at, deadline_no FROM obligation WHERE subject = $1 AND deadline_no > 1`, oct), "A3 10-20 17:00 2")
	w.check("the close stretches", w.rows(`SELECT closes_at FROM round WHERE name = $1`, oct), "11-02 17:00")
	w.dispatch()
	w.to("2021-10-22 12:00")
	w.check("A3 climbs by its own deadline", w.notices(oct, "n.unit = 'A3'"),
		"10-08 08:30 A3 prepare FocalPoint:A3 Superseded DeadlineMoved",
		"10-12 08:30 A3 prepare FocalPoint:A3 Sent", // 19, 15, 14, 13, 12
		"10-19 08:30 A3 tomorrow FocalPoint:A3 Sent",
		"10-21 08:30 A3 overdue Leader:A3 Sent",
		"10-21 08:30 A3 overdue FocalPoint:A3 Sent",
	)
	w.check("and so does nobody else", w.notices(oct, "n.unit = 'A1'", "n.step <> 'prepare'"),
		"10-14 08:30 A1 tomorrow FocalPoint:A1 Sent",
		"10-19 08:30 A1 overdue Leader:A1 Sent",
		"10-19 08:30 A1 overdue FocalPoint:A1 Sent",
		"10-21 08:30 A1 letter Office:VP Tasked")
}

func TestExtendAll(t *testing.T) {
	w := running(t)
	w.to("2021-10-14 12:00")
	w.submit("A1", oct)
	w.approve("A1", oct)
	w.deliverWakes()
	w.extend("A3", "2021-10-26 17:00")
	if x := w.extend("", "2021-10-20 17:00"); x.Units != 5 {
		t.Errorf("%d units moved, want the 5 that owe and are due earlier", x.Units)
	}
	w.check("who has reported or has more time is not touched",
		w.rows(`SELECT owner, due_at, deadline_no FROM obligation WHERE subject = $1 ORDER BY owner`, oct),
		"A1 10-15 17:00 1", "A2 10-20 17:00 2", "A3 10-26 17:00 2", "B1 10-20 17:00 2", "B2 10-20 17:00 2", "C1 10-20 17:00 2", "C2 10-20 17:00 2")
	w.to("2021-10-19 12:00")
	w.check("steps older than the extension are on record, and not said again", w.notices(oct, "n.unit = 'A2'"),
		"10-08 08:30 A2 prepare FocalPoint:A2 Sent",
		"10-12 08:30 A2 prepare FocalPoint:A2 Skipped BeforeAct",
		"10-14 08:30 A2 tomorrow FocalPoint:A2 Sent",
		"10-19 08:30 A2 tomorrow FocalPoint:A2 Sent",
	)
	w.check("none is doubled", w.rows(`SELECT unit, step, deadline_no FROM notice WHERE state = 'Sent' AND NOT informative
		GROUP BY obligation_id, unit, step, role, recipient, deadline_no HAVING count(*) > 1`))
}

func TestExtendWakesOnlyForSomethingEarlier(t *testing.T) {
	w := running(t)
	w.to("2021-10-13 10:00")
	round := roundID(name, oct)
	w.deliverWakes()
	w.extend("A3", "2021-10-20 17:00")
	w.check("the next step is on the 14th anyway", w.wakes(round))
	for _, u := range []string{"A1", "A2", "B1", "B2", "C1", "C2"} {
		w.submit(u, oct)
		if u != "C1" {
			w.approve(u, oct)
		}
	}
	w.approve("C1", oct)
	w.to("2021-10-26 12:00")
	w.check("nothing is left but the close", w.rows(`SELECT next_at FROM procedure WHERE id = $1`, round), "11-02 17:01")
	w.deliverWakes()
	w.extend("A3", "2021-10-28 17:00")
	w.check("A3 is to be told on the 27th", w.rows(`SELECT w.seq, p.next_at FROM wake w JOIN procedure p USING (id) WHERE id = $1`, round), "1 10-27 08:30")
	w.extend("A3", "2021-10-29 17:00")
	w.check("a later one brings nothing earlier", w.wakes(round), "1")
}

// Hundreds of single extensions are one wake-up, also while the round is looking
// in between.
func TestExtendOneByOne(t *testing.T) {
	w := crowd(t, 200)
	w.to("2021-10-13 10:00")
	round := roundID(name, oct)
	w.deliverWakes()
	for i := range 200 {
		w.extend(crowdCode(i), "2021-10-22 17:00")
		if i%50 == 10 {
			if _, err := w.StepProcedure(t.Context(), round, "climb"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := w.wakes(round); len(got) > 0 {
		t.Errorf("200 extensions to a later day make wake-ups: %v", got)
	}
	steps := 0
	w.step = func(ctx context.Context, id, phase string) (Step, error) {
		if id == round {
			steps++
		}
		return w.StepProcedure(ctx, id, phase)
	}
	w.to("2021-10-21 09:00")
	w.check("all are told by the new deadline, in one step", w.rows(`SELECT instant, state, count(*) FROM notice
		WHERE step = 'tomorrow' AND deadline_no = 2 GROUP BY 1, 2`), "10-21 08:30 Sent 200")
	if steps > 2 {
		t.Errorf("%d looks, want one on the 14th and one on the 21st", steps)
	}
}

func TestExtendRefused(t *testing.T) {
	w := running(t)
	try := func(unit, round, to string) error {
		_, err := w.Extend(t.Context(), By(office, ""), name, round, unit, at(to))
		return err
	}
	w.refused(try("A1", oct, "2021-10-20 17:00"), "NotOpen")
	w.to("2021-10-13 10:00")
	w.submit("A1", oct)
	w.approve("A1", oct)
	before := w.facts()
	for _, c := range []struct{ reason, unit, round, to, code string }{
		{"settled", "A1", oct, "2021-10-20 17:00", "NothingOwed"},
		{"no participant", "SO", oct, "2021-10-20 17:00", "NotParticipant"},
		{"not later", "A2", oct, "2021-10-15 17:00", "EarlierDeadline"},
		{"not later, for all", "", oct, "2021-10-15 17:00", "NothingOwed"},
		{"earlier", "A2", oct, "2021-10-14 17:00", "EarlierDeadline"},
		{"past", "A2", oct, "2021-10-12 17:00", "PastDeadline"},
		{"unknown round", "A2", "monthly/2021-12", "2021-12-20 17:00", "NotFound"},
		{"beyond every calendar", "A2", oct, "2121-10-20 17:00", "BeyondCalendar"},
	} {
		t.Run(c.reason, func(*testing.T) { w.refused(try(c.unit, c.round, c.to), c.code) })
	}
	w.refused(func() error {
		_, err := w.Extend(t.Context(), By(leader("A2"), ""), name, oct, "A2", at("2021-10-20 17:00"))
		return err
	}(), "Forbidden")
	if d := cmp.Diff(before, w.facts()); d != "" {
		t.Errorf("a refusal writes nothing: %s", d)
	}
	w.to("2021-10-29 17:00:30")
	w.refused(try("A2", oct, "2021-11-20 17:00"), "RoundClosed")
}

// The registration stays open until its last step, as the plan has it, however
// long the ladder is.
func TestExtendRegistration(t *testing.T) {
	w := newWorld(t, "offset: 5, to: [AdministeringBody", "offset: 14, to: [AdministeringBody")
	w.ok(w.Launch(t.Context(), By(office, ""), name, LaunchOptions{}))
	w.to("2021-09-20 10:00")
	if _, err := w.Extend(t.Context(), By(office, ""), name, "registration", "", at("2021-10-04 17:00")); err != nil {
		t.Fatal(err)
	}
	closes := w.rows(`SELECT closes_at FROM round WHERE name = 'registration'`)
	last := w.rows(`SELECT max(at) FROM rung WHERE due_at = $1`, at("2021-10-04 17:00"))
	if closes[0] <= last[0] {
		t.Errorf("closes %s, before its last step at %s", closes[0], last[0])
	}
}

func TestExtendWhilePaused(t *testing.T) {
	w := running(t)
	w.to("2021-10-13 10:00")
	w.ok(w.Pause(t.Context(), By(office, ""), name))
	w.extend("A3", "2021-10-20 17:00")
	w.leap("2021-10-18 10:00")
	w.ok(w.Resume(t.Context(), By(office, ""), name, Keep))
	w.work()
	w.check("the extension holds", w.rows(`SELECT due_at, deadline_no, next_at FROM obligation WHERE owner = 'A3' AND subject = $1`, oct),
		"10-20 17:00 2 10-19 08:30")
	if u, err := w.Undone(t.Context()); err != nil || u.Procedures > 0 {
		t.Errorf("%+v, %v", u, err)
	}
}
