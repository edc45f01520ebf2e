package look

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/store/db"
)

// Completeness is how the rounds of a campaign filled.
type Completeness struct {
	// Round is the one whose days are told: the one asked for, else the last that has
	// opened, those still open before others. Nil before the first.
	Round *Round     `json:"round,omitempty"`
	Days  []CurveDay `json:"days"`
	// Rounds are all that have opened, in the order of opening.
	Rounds []Round `json:"rounds"`
}

// CurveDay is where a round stood at the end of a day, and now on the last one.
type CurveDay struct {
	Day
	Expected int64 `json:"expected"`
	OnTime   int64 `json:"onTime"`
	Late     int64 `json:"late"`
	Overdue  int64 `json:"overdue"`
	NotYet   int64 `json:"notYet"`
	// Due counts deadlines of that day.
	Due int64 `json:"due"`
}

// Day of a calendar.
type Day struct {
	Day     string `json:"day"` // 2021-10-15
	Working bool   `json:"working"`
	Name    string `json:"name,omitempty"` // of the day off, or of the make-up day
}

// Completeness reads it; with round empty, of the round that matters now.
func (r *Reader) Completeness(ctx context.Context, campaign, round string) (Completeness, error) {
	var out Completeness
	err := r.inRound(ctx, campaign, round, func(v *view, b *Board, current *Round) (err error) {
		out, err = v.completeness(ctx, b, current)
		return err
	})
	return out, err
}

// inRound reads a campaign, its rounds, and one of them.
func (r *Reader) inRound(ctx context.Context, campaign, round string, do func(*view, *Board, *Round) error) error {
	return r.view(ctx, func(v *view) error {
		c, err := v.campaign(ctx, campaign)
		if err != nil {
			return err
		}
		b := Board{Campaign: c}
		if err := v.fillRounds(ctx, &b); err != nil {
			return err
		}
		current, err := b.round(round)
		if err != nil {
			return err
		}
		return do(v, &b, current)
	})
}

// round by its name; with none the last that has opened, open ones before others.
func (b *Board) round(name string) (*Round, error) {
	var current *Round
	missing := &NotFound{Kind: "round", Name: name}
	for i := range b.Rounds {
		switch r := &b.Rounds[i]; {
		case name != "" && r.Name == name:
			return r, nil
		case name != "":
			missing.Similar = append(missing.Similar, r.Name)
		case r.State == "Open", r.State == "Closed" && (current == nil || current.State != "Open"):
			current = r
		}
	}
	if name != "" {
		missing.Similar = similar(name, missing.Similar)
		return nil, missing
	}
	return current, nil
}

func (v *view) completeness(ctx context.Context, b *Board, current *Round) (Completeness, error) {
	out := Completeness{Round: current, Days: []CurveDay{}, Rounds: []Round{}}
	for _, r := range b.Rounds {
		if r.State == "Open" || r.State == "Closed" {
			out.Rounds = append(out.Rounds, r)
		}
	}
	if current == nil {
		return out, nil
	}
	row, err := v.RoundByName(ctx, b.Campaign.id, current.Name)
	if errors.Is(err, pgx.ErrNoRows) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	days, err := v.PictureCurve(ctx, db.PictureCurveParams{
		Zone: b.Campaign.TimeZone, Calendar: b.Campaign.Calendar, Now: v.now, RoundID: row.ID,
		FirstDay: dayOf(current.OpensAt, b.Campaign.loc), LastDay: dayOf(earlier(v.now, current.ClosesAt), b.Campaign.loc),
	})
	if err != nil {
		return out, err
	}
	for _, d := range days {
		out.Days = append(out.Days, CurveDay{
			Day: Day{d.Day.Format(time.DateOnly), d.Working, d.Name}, Expected: d.Expected, OnTime: d.OnTime, Late: d.Late, Overdue: d.Overdue,
			NotYet: d.Expected - d.OnTime - d.Late - d.Overdue, Due: d.Due,
		})
	}
	return out, nil
}

// dayOf an instant, as the database writes days.
func dayOf(at time.Time, zone *time.Location) time.Time {
	return calendar.DateOf(at, zone).At(0, 0, time.UTC)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
