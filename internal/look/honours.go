package look

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/store/db"
)

// Nomination is a unit that the final review nominated.
type Nomination struct {
	Unit
	Group   string    `json:"group"`
	Award   string    `json:"award"`
	Title   v1.Text   `json:"title"`
	Form    string    `json:"form"`
	Rank    int64     `json:"rank"`
	Total   string    `json:"total"`
	At      time.Time `json:"at"`
	Awarded bool      `json:"awarded"`
	// Ordinal is the order of presentation, 0 before the decision.
	Ordinal     int64      `json:"ordinal,omitempty"`
	PresentedAt *time.Time `json:"presentedAt,omitempty"`
}

// Decision is the competent authority's, as recorded.
type Decision struct {
	// ExpectedAt is when the plan expects it.
	ExpectedAt *time.Time `json:"expectedAt,omitempty"`
	Number     string     `json:"number,omitempty"`
	Dated      string     `json:"dated,omitempty"` // a day
	SignedBy   string     `json:"signedBy,omitempty"`
	RecordedAt *time.Time `json:"recordedAt,omitempty"`
}

// Ceremony is when awards are handed over.
type Ceremony struct {
	InviteAt *time.Time `json:"inviteAt,omitempty"`
	At       time.Time  `json:"at"`
	Occasion string     `json:"occasion"`
	// Presented counts the awards that were handed over.
	Presented int64 `json:"presented"`
}

// fillHonours adds who is nominated, what was decided and when it is handed over.
func (v *view) fillHonours(ctx context.Context, b *Board) error {
	c := &b.Campaign
	awards := []string{}
	for _, a := range c.spec.Awards {
		awards = append(awards, string(a.Name))
	}
	rows, err := v.LookNominations(ctx, db.LookNominationsParams{CampaignID: c.id, Awards: awards, MaxRows: boardNominated})
	if err != nil {
		return err
	}
	b.Nominations = make([]Nomination, len(rows))
	var presented int64
	for i, row := range rows {
		b.NominationsTotal, presented = row.TotalRows, row.Presented
		b.Nominations[i] = Nomination{
			Unit: Unit{row.Unit, row.Name}, Group: row.Grp, Award: row.Award, Title: c.awardTitle(row.Award), Form: row.Form,
			Rank: int64(row.Rank), Total: row.Total.String(), At: row.NominatedAt.In(c.loc), Awarded: row.Ordinal != nil,
			Ordinal: number(row.Ordinal), PresentedAt: local(row.PresentedAt, c.loc),
		}
	}
	if c.row.CeremonyAt != nil {
		b.Ceremony = &Ceremony{At: c.row.CeremonyAt.In(c.loc), InviteAt: local(c.row.InviteAt, c.loc), Presented: presented}
		if c.spec.Ceremony != nil {
			b.Ceremony.Occasion = c.spec.Ceremony.Occasion
		}
	}
	return v.fillDecision(ctx, b)
}

func (v *view) fillDecision(ctx context.Context, b *Board) error {
	c := &b.Campaign
	decided, err := v.DecisionOf(ctx, c.id)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		if c.row.DecisionAt != nil {
			b.Decision = &Decision{ExpectedAt: local(c.row.DecisionAt, c.loc)}
		}
		return nil
	case err != nil:
		return err
	}
	b.Decision = &Decision{
		ExpectedAt: local(c.row.DecisionAt, c.loc), Number: decided.Number, Dated: decided.Dated.Format(time.DateOnly),
		SignedBy: decided.SignedBy, RecordedAt: local(&decided.RecordedAt, c.loc),
	}
	return nil
}
