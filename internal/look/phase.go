package look

import (
	"context"
	"time"

	v1 "thidua.dev/thidua/api/v1"
)

// Phase is a stretch of the campaign's timeline.
type Phase struct {
	// Name is launch, register, collect, review, decide, honour or replicate.
	Name string `json:"name"`
	// Subject is the review's name.
	Subject string  `json:"subject,omitempty"`
	Title   v1.Text `json:"title"`
	// From is when it begins, Until when it ends; nil where no date is declared.
	From  *time.Time `json:"from,omitempty"`
	Until *time.Time `json:"until,omitempty"`
	// State is Done, Now, ToCome or Cancelled.
	State string `json:"state"`
}

// States of a phase.
const (
	Done      = "Done"
	Now       = "Now"
	ToCome    = "ToCome"
	Cancelled = "Cancelled"
)

// fillPhases draws the timeline from the facts: several phases may be under way
// at once, such as registration and the first reports.
func (v *view) fillPhases(ctx context.Context, b *Board) error {
	reviews, err := v.ReviewsOf(ctx, b.Campaign.id)
	if err != nil {
		return err
	}
	c := &b.Campaign
	t := timeline{c: c, now: v.now}
	launched := c.ActedAt != nil
	t.add("launch", "", &c.LaunchAt, nil, launched && !v.now.Before(c.LaunchAt), launched)
	t.addRounds(b.Rounds)
	final, decided := false, b.Decision != nil && b.Decision.Number != ""
	for _, r := range reviews {
		t.add("review", r.Name, local(&r.At, c.loc), nil, r.State == "Published", !v.now.Before(r.At))
		t.phases[len(t.phases)-1].Title = c.reviewTitle(r.Name)
		final = final || r.Final && r.State == "Published"
	}
	unneeded := final && b.NominationsTotal == 0
	if len(c.spec.Awards) > 0 || b.Decision != nil {
		t.add("decide", "", nil, local(c.row.DecisionAt, c.loc), decided || unneeded, final)
	}
	honoured := b.Ceremony == nil
	if b.Ceremony != nil {
		over, err := v.ceremonyOver(ctx, c.id)
		if err != nil {
			return err
		}
		honoured = over
		t.add("honour", "", &b.Ceremony.At, nil, over, b.Ceremony.InviteAt != nil && !v.now.Before(*b.Ceremony.InviteAt))
	}
	t.add("replicate", "", nil, &c.ClosesAt, c.State == "Closed", final && (decided || unneeded) && honoured)
	b.Phases = t.phases
	return nil
}

func (v *view) ceremonyOver(ctx context.Context, campaign int64) (bool, error) {
	procedures, err := v.LookProcedures(ctx, campaign)
	if err != nil {
		return false, err
	}
	for _, p := range procedures {
		if p.Kind == "Ceremony" {
			return p.State == "Finished", nil
		}
	}
	return false, nil
}

type timeline struct {
	c      *Campaign
	now    time.Time
	phases []Phase
}

func (t *timeline) add(name, subject string, from, until *time.Time, done, begun bool) {
	p := Phase{Name: name, Subject: subject, Title: Word("phase." + name), From: from, Until: until, State: ToCome}
	switch {
	case done:
		p.State = Done
	case t.c.State == "Cancelled":
		p.State = Cancelled
	case begun && t.c.ActedAt != nil:
		p.State = Now
	}
	t.phases = append(t.phases, p)
}

// addRounds adds the registration, and all reports as one phase.
func (t *timeline) addRounds(rounds []Round) {
	var from, until *time.Time
	begun, done := false, true
	for i := range rounds {
		r := &rounds[i]
		if r.Kind == "Registration" {
			t.add("register", "", &r.OpensAt, &r.LastDueAt, r.State == "Closed" || r.State == "Open" && t.now.After(r.LastDueAt), r.State == "Open")
			continue
		}
		if from == nil || r.OpensAt.Before(*from) {
			from = &r.OpensAt
		}
		if until == nil || r.ClosesAt.After(*until) {
			until = &r.ClosesAt
		}
		begun, done = begun || r.State != "Planned", done && r.State == "Closed"
	}
	if from != nil {
		t.add("collect", "", from, until, done, begun)
	}
}
