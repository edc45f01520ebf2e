package look

import (
	"context"
	"encoding/json"
	"math"
	"time"

	"thidua.dev/thidua/internal/plan"
	"thidua.dev/thidua/internal/store/db"
)

// Entry is an act as the audit keeps it.
type Entry struct {
	ID        int64     `json:"id"`
	At        time.Time `json:"at"` // business time
	Actor     string    `json:"actor"`
	Verb      string    `json:"verb"`
	Object    string    `json:"object"`
	Reason    string    `json:"reason,omitempty"`
	RequestID string    `json:"requestID"`
	// Detail is what the act did, by its verb.
	Detail any `json:"detail"`
}

// Audit is the acts of a campaign, or with campaign empty of the installation, the
// newest first; below, when not 0, is the id to go on from.
func (r *Reader) Audit(ctx context.Context, campaign string, below int64, limit int) ([]Entry, error) {
	if below <= 0 {
		below = math.MaxInt64
	}
	acts := []Entry{}
	err := r.view(ctx, func(v *view) error {
		rows, err := v.LookAudit(ctx, db.LookAuditParams{Below: below, Campaign: campaign, MaxRows: int32(limit)})
		if err != nil {
			return err
		}
		for _, a := range rows {
			e := Entry{ID: a.ID, At: a.At, Actor: a.Actor, Verb: a.Verb, Object: a.Object, Reason: a.Reason, RequestID: a.RequestID.String()}
			if err := json.Unmarshal(a.Detail, &e.Detail); err != nil {
				return err
			}
			acts = append(acts, e)
		}
		return nil
	})
	return acts, err
}

// Plan is every instant of a campaign, as it was made when the campaign was
// declared or amended last.
func (r *Reader) Plan(ctx context.Context, campaign string) (plan.Plan, error) {
	var p plan.Plan
	c, err := r.Campaign(ctx, campaign)
	if err != nil {
		return p, err
	}
	err = json.Unmarshal(c.row.Plan, &p)
	return p, err
}
