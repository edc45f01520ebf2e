package look

import (
	"context"
	"math"
	"time"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/store/db"
)

// Late is something owed past its deadline.
type Late struct {
	Unit
	// Kind is Registration or Report, Consolidation or Decision.
	Kind  string    `json:"kind"`
	Round string    `json:"round"`
	Title v1.Text   `json:"title"`
	DueAt time.Time `json:"dueAt"`
	// DaysLate are working days of the unit's own calendar.
	DaysLate int64 `json:"daysLate"`
	// Holder has the next move: FocalPoint, Leader or Office.
	Holder string `json:"holder"`
	// LastStep is the last step that reached somebody, and when; empty when none did.
	LastStep   string     `json:"lastStep,omitempty"`
	LastStepAt *time.Time `json:"lastStepAt,omitempty"`
}

// Late are all who owe something past its deadline, the longest first.
func (r *Reader) Late(ctx context.Context, name string) ([]Late, error) {
	var late []Late
	err := r.view(ctx, func(v *view) error {
		c, err := v.campaign(ctx, name)
		if err != nil {
			return err
		}
		late, _, _, err = v.late(ctx, &c, math.MaxInt32)
		return err
	})
	return late, err
}

func (v *view) fillLate(ctx context.Context, b *Board) (err error) {
	var total int64
	b.Late, b.LateTotal, total, err = v.late(ctx, &b.Campaign, boardLate)
	b.LateOther = total - b.LateTotal
	return err
}

func (v *view) late(ctx context.Context, c *Campaign, limit int32) (late []Late, reports, total int64, err error) {
	rows, err := v.LookLate(ctx, db.LookLateParams{CampaignID: c.id, Now: v.now, Zone: c.TimeZone, MaxRows: limit})
	if err != nil {
		return nil, 0, 0, err
	}
	late = make([]Late, len(rows))
	for i, row := range rows {
		reports, total = row.Reports, row.Total
		late[i] = Late{
			Unit: Unit{row.Owner, row.Name}, Kind: row.Kind, Round: row.Round, Title: c.roundTitle(row.Kind, row.Series, row.Period),
			DueAt: row.DueAt.In(c.loc), DaysLate: row.DaysLate, Holder: row.Holder, LastStep: row.LastStep,
		}
		if row.LastStep != "" {
			late[i].LastStepAt = local(&row.LastStepAt, c.loc)
		}
	}
	return late, reports, total, nil
}
