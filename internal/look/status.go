package look

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"thidua.dev/thidua/internal/store/db"
)

// Status is the installation on one screen.
type Status struct {
	Clock     Clock            `json:"clock"`
	Campaigns []CampaignStatus `json:"campaigns"`
	Outbox    Outbox           `json:"outbox"`
	// Undone is what keeps a stepped clock from its next jump; nil on a real one.
	Undone      *Undone    `json:"undone,omitempty"`
	NextInstant *time.Time `json:"nextInstant"`
}

// Undone counts procedures whose instant has come and messages to be settled.
type Undone struct {
	Procedures int64 `json:"procedures"`
	Messages   int64 `json:"messages"`
}

// CampaignStatus is one campaign of a Status.
type CampaignStatus struct {
	Campaign
	Outbox Outbox `json:"outbox"`
	// Late counts reports and registrations, LateOther consolidations and the decision.
	Late      int64 `json:"late"`
	LateOther int64 `json:"lateOther"`
	Next      *Next `json:"next,omitempty"`
}

// Status reads the whole installation.
func (r *Reader) Status(ctx context.Context) (*Status, error) {
	clock, err := r.Clock(ctx)
	if err != nil {
		return nil, err
	}
	s := &Status{Clock: clock, Campaigns: []CampaignStatus{}}
	campaigns, err := r.Campaigns(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range campaigns {
		one := CampaignStatus{Campaign: c}
		if c.State != "Declared" {
			b, err := r.Board(ctx, c.Name)
			if err != nil {
				return nil, err
			}
			one.Outbox, one.Late, one.LateOther = b.Outbox, b.LateTotal, b.LateOther
			if len(b.Next) > 0 {
				one.Next = &b.Next[0]
			}
			s.Outbox.add(b.Outbox)
		}
		s.Campaigns = append(s.Campaigns, one)
	}
	q := db.New(r.pool)
	if clock.Stepped {
		u, err := q.Undone(ctx)
		if err != nil {
			return nil, err
		}
		s.Undone = &Undone{u.Procedures, u.Messages}
	}
	next, err := q.NextInstant(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		return s, nil
	}
	s.NextInstant = &next
	return s, err
}

func (o *Outbox) add(more Outbox) {
	o.Pending += more.Pending
	o.Held += more.Held
	o.Cancelled += more.Cancelled
	o.Claimed += more.Claimed
	o.Sent += more.Sent
	o.Superseded += more.Superseded
	o.Expired += more.Expired
	o.Parked += more.Parked
	o.Ambiguous += more.Ambiguous
	o.NotConfigured += more.NotConfigured
	o.OldestPendingSeconds = max(o.OldestPendingSeconds, more.OldestPendingSeconds)
}
