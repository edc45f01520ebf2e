package look

import (
	"context"
	"time"
)

// Notice is a notice as it can be compared between two runs of a campaign: it
// holds no id and no machine time.
type Notice struct {
	Kind       string    `json:"kind"`
	Round      string    `json:"round"` // empty outside of rounds
	Unit       string    `json:"unit"`
	DeadlineNo int64     `json:"deadlineNo"`
	Step       string    `json:"step"`
	Role       string    `json:"role"`
	Recipient  string    `json:"recipient"`
	Instant    time.Time `json:"instant"`
	State      string    `json:"state"`
	Reason     string    `json:"reason"`
}

// Notices are all notices of a campaign, sorted by instant and then by
// everything else, so that a rehearsal and a real run can be compared.
func (r *Reader) Notices(ctx context.Context, campaign string) ([]Notice, error) {
	var notices []Notice
	err := r.view(ctx, func(v *view) error {
		c, err := v.campaign(ctx, campaign)
		if err != nil {
			return err
		}
		rows, err := v.LookNotices(ctx, c.id)
		if err != nil {
			return err
		}
		notices = make([]Notice, len(rows))
		for i, n := range rows {
			notices[i] = Notice{
				Kind: n.Kind, Round: n.Round, Unit: n.Unit, DeadlineNo: int64(n.DeadlineNo), Step: n.Step, Role: n.Role,
				Recipient: n.Recipient, Instant: n.Instant.In(c.loc), State: n.State, Reason: n.Reason,
			}
		}
		return nil
	})
	return notices, err
}
