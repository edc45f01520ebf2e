package look_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/look/looktest"
	"thidua.dev/thidua/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func date(month time.Month, day, hour, minute int) time.Time {
	return time.Date(2021, month, day, hour, minute, 0, 0, looktest.Zone)
}

func board(t *testing.T, until time.Time) look.Board {
	t.Helper()
	b, err := look.New(looktest.SharedSeed(t, until)).Board(context.Background(), looktest.Name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestBoardWhileChasing looks at the example when one report has come late, two
// are missing and letters were drafted.
func TestBoardWhileChasing(t *testing.T) {
	b := board(t, looktest.Chased)
	t.Run("campaign", func(t *testing.T) {
		c := b.Campaign
		if c.State != "Launched" || c.Phase != "collect" || c.Participants != 89 || !c.Stepped || c.Title.EN == "" {
			t.Errorf("campaign is %+v", c)
		}
		want := []look.Condition{
			{Type: "Ready", Status: "True", Reason: "Reconciled"},
			{Type: "Launched", Status: "True", Reason: "Launched"},
			{Type: "Succeeded", Status: "False", Reason: "InProgress"},
			{Type: "DeliveryDegraded", Status: "False", Reason: "Delivering"},
			{Type: "Stalled", Status: "False", Reason: "Moving"},
		}
		if diff := cmp.Diff(want, c.Conditions, cmpopts.IgnoreFields(look.Condition{}, "Message")); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("round", func(t *testing.T) {
		var got look.Round
		for _, r := range b.Rounds {
			if r.Name == "monthly/2021-10" {
				got = r
			}
		}
		want := look.Round{
			Name: "monthly/2021-10", Kind: "Report", Title: v1.Text{VI: "Báo cáo tháng 10/2021", EN: "Monthly report for October 2021"},
			Series: "monthly", Period: "2021-10", State: "Open", OpensAt: date(10, 8, 8, 30), DueAt: date(10, 15, 17, 0),
			LastDueAt: date(10, 15, 17, 0), ClosesAt: date(10, 29, 17, 0), DataFrom: "2021-09-07", DataTo: "2021-10-14",
			Expected: 89, Received: 87, OnTime: 86, Late: 1, Overdue: 2, Completeness: 97, Timeliness: 96,
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(look.Round{}, "ConsolidationAt")); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("late", func(t *testing.T) {
		heard := date(10, 18, 8, 30)
		title := v1.Text{VI: "Báo cáo tháng 10/2021", EN: "Monthly report for October 2021"}
		want := []look.Late{
			{Unit: look.Unit{Code: "DN-05"}, Kind: "Report", Round: "monthly/2021-10", Title: title, DueAt: date(10, 15, 17, 0), DaysLate: 3,
				Holder: "FocalPoint", LastStep: "overdue", LastStepAt: &heard},
			{Unit: look.Unit{Code: "STTTT-12"}, Kind: "Report", Round: "monthly/2021-10", Title: title, DueAt: date(10, 15, 17, 0), DaysLate: 3,
				Holder: "FocalPoint", LastStep: "overdue", LastStepAt: &heard},
		}
		if diff := cmp.Diff(want, b.Late, cmpopts.IgnoreFields(look.Unit{}, "Name")); diff != "" || b.LateTotal != 2 {
			t.Errorf("%d late: %s", b.LateTotal, diff)
		}
	})
	t.Run("next", func(t *testing.T) {
		if len(b.Next) == 0 {
			t.Fatal("nothing comes next")
		}
		want := look.Next{At: date(10, 22, 8, 30), Type: "Step", Round: "monthly/2021-10", Step: "escalate", Units: 2}
		if diff := cmp.Diff(want, b.Next[0], cmpopts.IgnoreFields(look.Next{}, "Title")); diff != "" {
			t.Error(diff)
		}
		for i, n := range b.Next {
			if i > 0 && n.At.Before(b.Next[i-1].At) {
				t.Errorf("%v comes after %v", n, b.Next[i-1])
			}
			if n.Type == "Reminder" && n.Round == "monthly/2021-10" {
				t.Errorf("the plan's ladder is shown for an open round: %v", n)
			}
		}
	})
	t.Run("phases", func(t *testing.T) {
		states := map[string]string{}
		for _, p := range b.Phases {
			states[p.Name+p.Subject] = p.State
		}
		want := map[string]string{"launch": "Done", "register": "Done", "collect": "Now", "reviewmidterm": "ToCome", "reviewfinal": "ToCome",
			"decide": "ToCome", "honour": "ToCome", "replicate": "ToCome"}
		if diff := cmp.Diff(want, states); diff != "" {
			t.Error(diff)
		}
	})
	if b.LettersTotal != 2 || b.Ranking != nil || len(b.Acts) == 0 || b.Outbox.Sent == 0 || b.Outbox.Pending != 0 {
		t.Errorf("%d letters, ranking %v, %d acts, outbox %+v", b.LettersTotal, b.Ranking, len(b.Acts), b.Outbox)
	}
}

func TestBoardBeforeLaunch(t *testing.T) {
	b := board(t, looktest.Declared)
	if b.Campaign.State != "Declared" || b.Campaign.Condition("Launched").Status != "False" || b.LateTotal != 0 {
		t.Errorf("campaign is %+v", b.Campaign)
	}
	if len(b.Next) == 0 || b.Next[0].Type != "Launch" {
		t.Errorf("next is %+v", b.Next)
	}
	for _, p := range b.Phases {
		if p.State != look.ToCome {
			t.Errorf("phase %s is %s", p.Name, p.State)
		}
	}
}

func TestBoardAtTheEnd(t *testing.T) {
	b := board(t, looktest.Over)
	if b.Campaign.State != "Closed" || b.Campaign.Condition("Succeeded").Status != "True" || len(b.Next) != 0 {
		t.Errorf("campaign is %+v, next %v", b.Campaign, b.Next)
	}
	for _, p := range b.Phases {
		if p.State != look.Done {
			t.Errorf("phase %s is %s", p.Name, p.State)
		}
	}
	k := b.Ranking
	if k == nil || !k.Final || k.Units != 89 || len(k.Groups) == 0 || len(k.Groups[0].Lines[0].Axes) != 2 || *k.Groups[0].Lines[0].Rank != 1 {
		t.Fatalf("ranking is %+v", k)
	}
	if b.NominationsTotal != 33 || !b.Nominations[0].Awarded || b.Nominations[0].Ordinal != 1 || b.Ceremony.Presented != 33 {
		t.Errorf("%d nominations, first %+v, ceremony %+v", b.NominationsTotal, b.Nominations[0], b.Ceremony)
	}
	if b.Decision == nil || b.Decision.Number != "512/QĐ-BTTTT" {
		t.Errorf("decision is %+v", b.Decision)
	}
}

// TestWhySilent follows the unit that never sent its first report.
func TestWhySilent(t *testing.T) {
	r := look.New(looktest.SharedSeed(t, looktest.Over))
	w, err := r.Why(context.Background(), looktest.Name, "DN-05")
	if err != nil {
		t.Fatal(err)
	}
	var o look.Obligation
	for _, each := range w.Obligations {
		if each.Round == "monthly/2021-10" {
			o = each
		}
	}
	if o.State != "Lapsed" || o.OnTime != nil || len(o.Reports) != 0 || len(o.Letters) != 1 {
		t.Errorf("obligation is %+v", o)
	}
	type line struct{ Step, Role, State, Reason string }
	var got []line
	for _, n := range o.Notices {
		got = append(got, line{n.Step, n.Role, n.State, n.Reason})
		if n.State == "Sent" && (len(n.Messages) != 1 || len(n.Messages[0].Attempts) != 1 || n.Messages[0].Attempts[0].Response == "") {
			t.Errorf("notice %s to %s went out by %+v", n.Step, n.Role, n.Messages)
		}
		if n.State == "NoRecipient" && n.ReasonText.VI == "" {
			t.Errorf("notice %s has no words for %s", n.Step, n.Reason)
		}
	}
	want := []line{
		{"prepare", "FocalPoint", "Sent", ""}, {"tomorrow", "FocalPoint", "Sent", ""}, {"overdue", "FocalPoint", "Sent", ""},
		{"overdue", "Leader", "Sent", ""}, {"letter", "Office", "Tasked", ""}, {"escalate", "AdministeringBody", "NoRecipient", "NoBody"},
		{"escalate", "Office", "Sent", ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if w.Rank == nil || w.Rank.Missing != 1 || w.OutOf == 0 {
		t.Errorf("rank is %+v of %d", w.Rank, w.OutOf)
	}
}

func TestWhyUnknownUnit(t *testing.T) {
	r := look.New(looktest.SharedSeed(t, looktest.Chased))
	_, err := r.Why(context.Background(), looktest.Name, "stttt12")
	var missing *look.NotFound
	if !errors.As(err, &missing) || len(missing.Similar) == 0 || missing.Similar[0] != "STTTT-12" {
		t.Errorf("error is %v", err)
	}
	_, err = r.Board(context.Background(), "covid")
	if !errors.As(err, &missing) || len(missing.Similar) != 1 {
		t.Errorf("error is %v", err)
	}
}

func TestNoticesAreComparable(t *testing.T) {
	ctx := context.Background()
	first, err := look.New(looktest.SharedSeed(t, looktest.Chased)).Notices(ctx, looktest.Name)
	if err != nil {
		t.Fatal(err)
	}
	again, err := look.New(looktest.Seed(t, looktest.Chased)).Notices(ctx, looktest.Name)
	if err != nil {
		t.Fatal(err)
	}
	if len(first) < 200 {
		t.Errorf("only %d notices", len(first))
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Error(diff)
	}
}

func TestMessagesAreFiltered(t *testing.T) {
	ctx := context.Background()
	r := look.New(looktest.SharedSeed(t, looktest.Chased))
	about, err := r.Messages(ctx, looktest.Name, look.MessageFilter{Unit: "DN-05", Round: "monthly/2021-10"})
	if err != nil {
		t.Fatal(err)
	}
	if len(about) != 4 || about[0].Step != "overdue" || about[0].Outcome != "Sent" {
		t.Errorf("messages are %+v", about)
	}
	few, err := r.Messages(ctx, looktest.Name, look.MessageFilter{Limit: 3})
	if err != nil || len(few) != 3 {
		t.Errorf("%d messages, %v", len(few), err)
	}
}

func TestLetterHoldsTheDraft(t *testing.T) {
	ctx := context.Background()
	r := look.New(looktest.SharedSeed(t, looktest.Chased))
	letters, err := r.Letters(ctx, looktest.Name)
	if err != nil || len(letters) != 2 {
		t.Fatalf("%d letters, %v", len(letters), err)
	}
	l, err := r.Letter(ctx, looktest.Name, letters[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	d := l.Document
	if d.Symbol != "BTTTT-TDKT" || d.Reminders != 4 || d.Basis == nil || d.Basis.Number != "1423/QĐ-BTTTT" || !d.Due.Equal(date(10, 15, 17, 0)) || d.DataTo != "2021-10-14" {
		t.Errorf("draft is %+v", d)
	}
}

func TestTodoOfUnitAndOffice(t *testing.T) {
	ctx := context.Background()
	r := look.New(looktest.SharedSeed(t, looktest.Chased))
	todo, err := r.Todo(ctx, "DN-05")
	if err != nil || len(todo) != 1 || !todo[0].Overdue || todo[0].Subject != "monthly/2021-10" {
		t.Errorf("todo is %+v, %v", todo, err)
	}
	todo, err = r.Todo(ctx, "BTTTT-TDKT")
	if err != nil || len(todo) < 2 || todo[len(todo)-1].Kind != "Letter" {
		t.Errorf("todo is %+v, %v", todo, err)
	}
}

func TestUnitsAreFound(t *testing.T) {
	r := look.New(looktest.SharedSeed(t, looktest.Chased))
	units, total, err := r.Units(context.Background(), looktest.Name, "sttTT-1", 5)
	if err != nil || len(units) != 5 || total < 6 || units[0].Code != "STTTT-10" {
		t.Errorf("%d of %d units, first %v, %v", len(units), total, units, err)
	}
}

// What comes next agrees with the rounds: a close that an extension moved stands where
// the round says.
func TestNextClosesAsTheRoundDoes(t *testing.T) {
	pool := looktest.Seed(t, looktest.Chased)
	ctx, r := t.Context(), look.New(pool)
	_, err := engine.New(pool, nil).Extend(ctx, engine.By(auth.Actor{Role: auth.Operator}, "lũ lụt"), looktest.Name, "monthly/2021-10", "STTTT-12",
		time.Date(2021, 10, 29, 17, 0, 0, 0, looktest.Zone))
	if err != nil {
		t.Fatal(err)
	}
	b, err := r.Board(ctx, looktest.Name)
	if err != nil {
		t.Fatal(err)
	}
	for _, round := range b.Rounds {
		for _, n := range b.Next {
			if round.State == "Open" && n.Type == "RoundCloses" && n.Round == round.Name && !n.At.Equal(round.ClosesAt) {
				t.Errorf("%s closes %s, and next says %s", round.Name, round.ClosesAt, n.At)
			}
		}
	}
	w, err := r.Why(ctx, looktest.Name, "STTTT-12")
	if err != nil {
		t.Fatal(err)
	}
	moved := 0
	for _, o := range w.Obligations {
		if o.MovedFrom != nil {
			moved++
		}
	}
	if moved != 1 {
		t.Errorf("%d deadlines are said to have moved", moved)
	}
}
