package look

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/plan"
)

// Next is something that will happen by itself.
type Next struct {
	At time.Time `json:"at"`
	// Type is Step for the ladder's next rung of those who still owe, else a
	// plan's event type such as ReportDue.
	Type  string  `json:"type"`
	Round string  `json:"round,omitempty"`
	Title v1.Text `json:"title"`
	Step  string  `json:"step,omitempty"`
	// Units are those concerned: for a Step as things stand (a report that arrives
	// first takes its unit off), for a Reminder of a round to come all of them.
	Units       int64  `json:"units"`
	Reason      string `json:"reason,omitempty"` // why the plan moved it, in Vietnamese
	Provisional bool   `json:"provisional,omitempty"`
}

// fillNext joins two lists: for rounds that are open the rungs that those who
// still owe will reach, for everything else what the plan says.
func (v *view) fillNext(ctx context.Context, b *Board) error {
	b.Next = []Next{}
	if b.Campaign.State == "Cancelled" || b.Campaign.State == "Closed" {
		return nil
	}
	steps, err := v.LookNextSteps(ctx, b.Campaign.id, boardNext)
	if err != nil {
		return err
	}
	for _, s := range steps {
		b.Next = append(b.Next, Next{
			At: s.At.In(b.Campaign.loc), Type: "Step", Round: s.Round, Title: b.Campaign.roundTitle(s.Kind, s.Series, s.Period),
			Step: s.Step, Units: s.Units,
		})
	}
	planned, err := b.plannedNext(v.now)
	if err != nil {
		return err
	}
	reviews, err := v.ReviewsOf(ctx, b.Campaign.id)
	if err != nil {
		return err
	}
	for i := range planned {
		for _, r := range reviews {
			if planned[i].Type == string(plan.ReviewHeld) && r.At.Equal(planned[i].At) {
				planned[i].Title = b.Campaign.reviewTitle(r.Name)
			}
		}
	}
	b.Next = append(b.Next, planned...)
	slices.SortStableFunc(b.Next, compareNext)
	b.Next = b.Next[:min(len(b.Next), boardNext)]
	return nil
}

func (b *Board) plannedNext(now time.Time) ([]Next, error) {
	var p plan.Plan
	if err := json.Unmarshal(b.Campaign.row.Plan, &p); err != nil {
		return nil, err
	}
	planned := map[string]*Round{}
	for i := range b.Rounds {
		planned[b.Rounds[i].Name] = &b.Rounds[i]
	}
	var next []Next
	for _, e := range p.Events {
		round := planned[e.Round]
		// The ladder and the close of a round that has opened are in the facts, not in
		// the plan.
		opened := round != nil && round.State != "Planned"
		if !e.At.After(now) || opened && (e.Type == plan.Reminder || e.Type == plan.RoundCloses) {
			continue
		}
		n := Next{
			At: e.At.In(b.Campaign.loc), Type: string(e.Type), Round: e.Round, Step: e.Step, Units: int64(e.Units),
			Reason: e.Reason, Provisional: e.Provisional,
		}
		if round != nil {
			n.Title = round.Title
		}
		// Units of several calendars meet at one instant.
		if last := len(next) - 1; last >= 0 && e.Round != "" && sameNext(next[last], n) {
			next[last].Units += n.Units
			continue
		}
		next = append(next, n)
	}
	for _, r := range b.Rounds {
		if r.State == "Open" && r.ClosesAt.After(now) {
			next = append(next, Next{At: r.ClosesAt, Type: string(plan.RoundCloses), Round: r.Name, Title: r.Title, Units: r.Overdue + r.NotYet})
		}
	}
	slices.SortStableFunc(next, compareNext)
	return next[:min(len(next), boardNext)], nil
}

// compareNext orders by instant; at one instant a round opens before it reminds.
func compareNext(a, b Next) int {
	opens := func(n Next) int {
		if n.Type == string(plan.RoundOpens) {
			return 0
		}
		return 1
	}
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Round, b.Round), cmp.Compare(opens(a), opens(b)))
}

func sameNext(a, b Next) bool {
	return a.At.Equal(b.At) && a.Type == b.Type && a.Round == b.Round && a.Step == b.Step
}
