package look

import (
	"context"
	"time"

	"thidua.dev/thidua/internal/audit"
	"thidua.dev/thidua/internal/store/db"
)

// Root is what the chain of acts had come to at the end of one day: whoever keeps it
// can find out later whether anything before it was changed.
type Root struct {
	Day  string     `json:"day"` // 2006-01-02, in Vietnam's time
	Seal int64      `json:"seal"`
	Root audit.Hash `json:"root"`
}

// Roots are the roots of the days on which something was sealed, the newest first.
// They say nothing about anybody and are for the public.
func (r *Reader) Roots(ctx context.Context) ([]Root, error) {
	rows, err := db.New(r.pool).LookRoots(ctx, "Asia/Ho_Chi_Minh")
	if err != nil {
		return nil, err
	}
	roots := make([]Root, len(rows))
	for i, row := range rows {
		roots[len(rows)-1-i] = Root{Day: row.Day.Format(time.DateOnly), Seal: row.No, Root: audit.Hash(row.Hash)}
	}
	return roots, nil
}

// LooseAttempt is a call to a server of which nobody knows whether it came through.
type LooseAttempt struct {
	Message   int64     `json:"message"`
	No        int64     `json:"no"`
	Step      string    `json:"step"`
	Round     string    `json:"round,omitempty"`
	Channel   string    `json:"channel"`
	Recipient string    `json:"recipient"`
	At        time.Time `json:"at"`        // business time
	StartedAt time.Time `json:"startedAt"` // machine time
	// State of the message now: Sent when it was repeated under the same Message-ID.
	State    string `json:"state"`
	Response string `json:"response,omitempty"`
}

// Ambiguous lists a campaign's ambiguous attempts, the oldest first.
func (r *Reader) Ambiguous(ctx context.Context, campaign string) ([]LooseAttempt, error) {
	var out []LooseAttempt
	err := r.view(ctx, func(v *view) error {
		c, err := v.campaign(ctx, campaign)
		if err != nil {
			return err
		}
		rows, err := v.LookAmbiguous(ctx, c.id)
		if err != nil {
			return err
		}
		out = make([]LooseAttempt, len(rows))
		for i, a := range rows {
			out[i] = LooseAttempt{
				Message: a.MessageID, No: int64(a.No), Step: a.Step, Round: a.Round, Channel: a.Channel, Recipient: a.Recipient,
				At: a.At.In(c.loc), StartedAt: a.StartedAt.In(c.loc), State: a.State, Response: a.Response,
			}
		}
		return nil
	})
	return out, err
}
