package engine

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
)

func TestSubmitAndApprove(t *testing.T) {
	w := running(t)
	w.to("2021-10-14 10:00")
	act := By(focal("A1"), "")
	first, err := w.Submit(t.Context(), act, name, oct, "A1", goodReport)
	w.ok(err)
	digest, err := goodReport.Digest()
	w.ok(err)
	if d := cmp.Diff(Receipt{Unit: "A1", Round: oct, Version: 1, ReceivedAt: at("2021-10-14 10:00"), Digest: digest}, first); d != "" {
		t.Errorf("handed up, it is not settled yet: %s", d)
	}
	w.check("the leader has the next move", w.rows(`SELECT holder, state FROM obligation WHERE owner = 'A1' AND subject = $1`, oct), "Leader Owing")
	w.jump("2021-10-14 11:00")
	better := goodReport
	better.Figures = map[v1.Name]string{"done": "90.5"}
	second, err := w.Submit(t.Context(), By(leader("A1"), ""), name, oct, "A1", better)
	w.ok(err)
	if second.Version != 2 {
		t.Errorf("version %d, want 2", second.Version)
	}
	again, err := w.Submit(t.Context(), act, name, oct, "A1", goodReport)
	w.ok(err)
	if d := cmp.Diff(first, again); d != "" {
		t.Errorf("the request repeated is answered as the first time, whatever came after: %s", d)
	}
	w.jump("2021-10-15 17:00")
	approval := By(leader("A1"), "")
	receipt, err := w.Approve(t.Context(), approval, name, oct, "A1")
	w.ok(err)
	want := Receipt{Unit: "A1", Round: oct, Version: 2, ReceivedAt: at("2021-10-15 17:00"), Settled: true, OnTime: true}
	if d := cmp.Diff(want, receipt); d != "" {
		t.Errorf("at the very deadline it is in time: %s", d)
	}
	for _, repeat := range []func() (Receipt, error){
		func() (Receipt, error) { return w.Approve(t.Context(), approval, name, oct, "A1") },
		func() (Receipt, error) {
			w.jump("2021-10-29 18:00")
			w.work()
			return w.Approve(t.Context(), approval, name, oct, "A1")
		},
	} {
		if got, err := repeat(); err != nil || !cmp.Equal(got, want) {
			t.Errorf("the request repeated answers %+v, %v; want %+v", got, err, want)
		}
	}
	w.check("versions are kept", w.rows(`SELECT version, p.state, f.value::text FROM report p JOIN report_figure f ON f.report_id = p.id ORDER BY version`),
		"1 HandedUp 80", "2 Received 90.5")
}

func TestLateAndLetter(t *testing.T) {
	w := running(t)
	w.to("2021-10-21 09:00")
	w.submit("A3", oct)
	w.check("the letter is drafted", w.rows(`SELECT state FROM letter WHERE unit = 'A3'`), "Drafted")
	if r := w.approve("A3", oct); r.OnTime || !r.Settled {
		t.Errorf("got %+v, want settled and late", r)
	}
	w.check("and withdrawn when the report counts", w.rows(`SELECT state FROM letter WHERE unit = 'A3'`), "Withdrawn")
	w.check("the others' stay", w.rows(`SELECT count(*) FROM letter WHERE state = 'Drafted'`), "6")
	w.to("2021-11-01 00:00")
	w.check("a unit that has reported hears nothing more", w.notices(oct, "n.unit = 'A3'", "n.instant > '2021-10-21T03:00:00Z'"))
	w.check("late", w.rows(`SELECT on_time, late, missing FROM round WHERE name = $1`, oct), "0 1 6")
}

func TestSubmitWithoutApproval(t *testing.T) {
	w := running(t, "due: {day: 15}\n", "due: {day: 15}\n      approval: None\n")
	w.to("2021-10-14 10:00")
	r := w.submit("A1", oct)
	if !r.Settled || !r.OnTime {
		t.Errorf("got %+v, want it settled by its submission", r)
	}
	_, err := w.Approve(t.Context(), By(leader("A1"), ""), name, oct, "A1")
	w.refused(err, "AlreadyReceived")
}

// What is received up to the close counts, whenever it is written down; what
// comes in the minute of grace after it does not.
func TestCloseIsJudgedByArrival(t *testing.T) {
	w := running(t)
	w.to("2021-10-29 16:00")
	w.submit("A1", oct)
	w.submit("A2", oct)
	w.jump("2021-10-29 17:00:00")
	w.work()
	w.approve("A1", oct)
	w.jump("2021-10-29 17:00:01")
	w.work()
	_, err := w.Approve(t.Context(), By(leader("A2"), ""), name, oct, "A2")
	w.refused(err, "RoundClosed")
	w.jump("2021-10-29 17:00:59")
	w.work()
	w.check("it stays open through the grace", w.rows(`SELECT state FROM round WHERE name = $1`, oct), "Open")
	w.jump("2021-10-29 17:01:00")
	w.work()
	w.check("then closes", w.rows(`SELECT state, late, missing FROM round WHERE name = $1`, oct), "Closed 1 6")
	_, err = w.Submit(t.Context(), By(focal("A3"), ""), name, oct, "A3", goodReport)
	w.refused(err, "RoundClosed")
}

func TestIntakeRefused(t *testing.T) {
	w := newWorld(t)
	submit := func(actor auth.Actor, round, unit string, r Report) error {
		_, err := w.Submit(t.Context(), By(actor, ""), name, round, unit, r)
		return err
	}
	approve := func(actor auth.Actor, round, unit string) error {
		_, err := w.Approve(t.Context(), By(actor, ""), name, round, unit)
		return err
	}
	w.refused(submit(focal("A1"), oct, "A1", goodReport), "NotLaunched")
	w.ok(w.Launch(t.Context(), By(office, ""), name, LaunchOptions{}))
	w.jump("2021-09-07 14:00")
	w.refused(submit(focal("A1"), "registration", "A1", Report{}), "NotOpen") // its procedure has not looked yet
	w.work()
	w.to("2021-10-11 10:00")
	w.submit("A2", oct)
	w.submit("B1", oct)
	w.approve("B1", oct)
	figures := func(pairs ...string) Report {
		r := Report{Sections: goodReport.Sections, Figures: map[v1.Name]string{}}
		for i := 0; i < len(pairs); i += 2 {
			r.Figures[v1.Name(pairs[i])] = pairs[i+1]
		}
		return r
	}
	before := w.facts()
	for _, c := range []struct {
		reason string
		err    error
		code   string
	}{
		{"unknown campaign", func() error {
			_, err := w.Submit(t.Context(), By(focal("A1"), ""), "x", oct, "A1", goodReport)
			return err
		}(), "NotFound"},
		{"unknown round", submit(focal("A1"), "monthly/2021-09", "A1", goodReport), "NotFound"},
		{"planned round", submit(focal("A1"), nov, "A1", goodReport), "NotOpen"},
		{"another unit", submit(focal("A2"), oct, "A1", goodReport), "Forbidden"},
		{"no participant", submit(focal("SO"), oct, "SO", goodReport), "NotParticipant"},
		{"received already", submit(focal("B1"), oct, "B1", goodReport), "AlreadyReceived"},
		{"no section", submit(focal("A1"), oct, "A1", Report{Figures: goodReport.Figures}), "InvalidReport"},
		{"blank section", submit(focal("A1"), oct, "A1", Report{Sections: map[v1.SectionName]string{"ketQua": " \n"}, Figures: goodReport.Figures}), "InvalidReport"},
		{"unknown section", submit(focal("A1"), oct, "A1", Report{Sections: map[v1.SectionName]string{"ketQua": "x", "khac": "y"}, Figures: goodReport.Figures}), "InvalidReport"},
		{"no figure", submit(focal("A1"), oct, "A1", figures()), "InvalidReport"},
		{"unknown figure", submit(focal("A1"), oct, "A1", figures("done", "1", "other", "1")), "InvalidReport"},
		{"more than all", submit(focal("A1"), oct, "A1", figures("done", "100.1")), "InvalidReport"},
		{"less than nothing", submit(focal("A1"), oct, "A1", figures("done", "-1")), "InvalidReport"},
		{"a comma", submit(focal("A1"), oct, "A1", figures("done", "97,5")), "InvalidReport"},
		{"a number that would take all memory", submit(focal("A1"), oct, "A1", figures("done", "1e999999999")), "InvalidReport"},
		{"not a number", submit(focal("A1"), oct, "A1", figures("done", "NaN")), "InvalidReport"},
		{"a report without end", submit(focal("A1"), oct, "A1", figures("done", strings.Repeat("9", 1<<16))), "InvalidReport"},
		{"hard tasks beyond the limit", submit(focal("A1"), "registration", "A1", Report{HardTasks: []string{"1", "2", "3"}}), "InvalidReport"},
		{"nothing handed up", approve(leader("A1"), oct, "A1"), "NothingHandedUp"},
		{"a focal point approves", approve(focal("A2"), oct, "A2"), "Forbidden"},
		{"the office approves", approve(office, oct, "A2"), "Forbidden"},
		{"another leader approves", approve(leader("A1"), oct, "A2"), "Forbidden"},
		{"approved already", approve(leader("B1"), oct, "B1"), "AlreadyReceived"},
	} {
		t.Run(c.reason, func(t *testing.T) { (&world{t: t}).refused(c.err, c.code) })
	}
	if d := cmp.Diff(before, w.facts()); d != "" {
		t.Errorf("a refusal writes nothing: %s", d)
	}
}

func TestRegistrationLimitsHardTasks(t *testing.T) {
	w := newWorld(t)
	w.ok(w.Launch(t.Context(), By(office, ""), name, LaunchOptions{}))
	w.to("2021-09-08 10:00")
	_, err := w.Submit(t.Context(), By(focal("A1"), ""), name, "registration", "A1", Report{HardTasks: []string{"1", "2", "3"}})
	w.refused(err, "InvalidReport")
	_, err = w.Submit(t.Context(), By(focal("A1"), ""), name, "registration", "A1", goodReport)
	w.refused(err, "InvalidReport")
	r, err := w.Submit(t.Context(), By(office, ""), name, "registration", "A1", Report{HardTasks: []string{"1", "2"}})
	w.ok(err) // the office records what came on paper
	if !r.Settled || !r.OnTime {
		t.Errorf("got %+v, want settled in time", r)
	}
}

func TestDecide(t *testing.T) {
	w := running(t)
	decision := Decided{Number: "512/QĐ-VP", Dated: dayOf(at("2021-12-16 00:00"), "Asia/Ho_Chi_Minh"), SignedBy: "Giám đốc"}
	for _, round := range []struct{ name, at string }{{oct, "2021-10-12 10:00"}, {nov, "2021-11-12 10:00"}} {
		w.to(round.at)
		for _, u := range []string{"A1", "A2", "B1"} {
			w.submit(u, round.name)
			w.approve(u, round.name)
		}
	}
	w.refused(w.Decide(t.Context(), By(office, ""), name, decision), "NoNominees")
	w.to("2021-12-20 10:00")
	w.check("the final review nominates the first of each group, joint ranks together",
		w.rows(`SELECT p.grp, n.unit, n.rank FROM nomination n JOIN participant p USING (unit) ORDER BY 1, 2`),
		"khoi-a A1 1", "khoi-a A2 1", "khoi-b B1 1")
	w.check("the office owes the decision", w.rows(`SELECT owner, holder, state, due_at FROM obligation WHERE kind = 'Decision'`), "VP Office Owing 12-17 17:00")
	w.refused(w.Decide(t.Context(), By(office, ""), name, Decided{Dated: decision.Dated}), "NumberMissing")
	w.refused(w.Decide(t.Context(), By(leader("A1"), ""), name, decision), "Forbidden")
	w.to("2021-12-25 00:00")
	w.check("without a decision nothing is handed over", w.rows(`SELECT (SELECT count(*) FROM award), (SELECT state FROM procedure WHERE kind = 'Ceremony')`), "0 Open")
	act := By(office, "")
	w.ok(w.Decide(t.Context(), act, name, decision))
	w.ok(w.Decide(t.Context(), act, name, decision)) // repeated
	w.refused(w.Decide(t.Context(), By(office, ""), name, decision), "AlreadyDecided")
	w.work()
	w.check("decided and handed over", w.rows(`SELECT unit, award, ordinal, presented_at FROM award ORDER BY ordinal`),
		"A1 giay-khen 1 12-25 00:00", "A2 giay-khen 2 12-25 00:00", "B1 giay-khen 3 12-25 00:00")
	w.to("2022-02-01 00:00")
	w.check("and the campaign closes", w.rows(`SELECT state FROM campaign`), "Closed")
	w.refused(w.Cancel(t.Context(), By(office, "x"), name), "Ended")
}
