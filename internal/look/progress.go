package look

import (
	"context"
	"time"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/store/db"
)

// boardSendings bounds how many sendings a board shows: at one time there are a few.
const boardSendings = 5

// Progress is something that is going on and will be over soon.
type Progress struct {
	// What is Launch, counted in procedures that have begun, or Sending, in messages.
	What  string    `json:"what"`
	Round string    `json:"round,omitempty"`
	Title v1.Text   `json:"title"`
	Step  string    `json:"step,omitempty"`
	At    time.Time `json:"at"` // since when
	Done  int64     `json:"done"`
	Total int64     `json:"total"`
}

func (v *view) fillProgress(ctx context.Context, b *Board) error {
	b.Progress = []Progress{}
	c := &b.Campaign
	if v.past || c.ActedAt == nil {
		return nil
	}
	if c.Condition("Ready").Reason == "Reconciling" {
		p, err := v.PictureProcedures(ctx, c.id)
		if err != nil {
			return err
		}
		if p.Begun < p.Total {
			b.Progress = append(b.Progress, Progress{What: "Launch", At: *c.ActedAt, Done: p.Begun, Total: p.Total})
		}
	}
	if c.State == "Paused" {
		return nil // what is pending is held
	}
	sendings, err := v.PictureSendings(ctx, db.PictureSendingsParams{CampaignID: c.id, Now: v.now, MaxRows: boardSendings})
	if err != nil {
		return err
	}
	for _, s := range sendings {
		p := Progress{What: "Sending", Round: s.Round, Step: s.Step, At: s.NotBefore.In(c.loc), Done: s.Sent, Total: s.Total}
		if s.Round != "" {
			p.Title = c.roundTitle(s.Kind, s.Series, s.Period)
		}
		b.Progress = append(b.Progress, p)
	}
	return nil
}
