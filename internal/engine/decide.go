package engine

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/logs"
	"thidua.dev/thidua/internal/store/db"
)

// Decided is a decision of the competent authority, as printed.
type Decided struct {
	Number   string
	Dated    calendar.Date
	SignedBy string
}

// Decide records the award decision: people decide, the engine keeps it. The
// nominees of the final review are awarded, in the order of presentation.
func (e *Engine) Decide(ctx context.Context, act Act, name string, d Decided) error {
	ctx = logs.Campaign(ctx, name, "")
	return e.in(ctx, func(t *tx) error {
		c, done, err := t.lockForCommand(ctx, act, auth.Decide, name)
		if done != nil || err != nil {
			return err
		}
		if c.State != "Launched" {
			return refuse("NotRunning", "campaign %s is %s: no decision can be recorded", name, c.State)
		}
		if d.Number == "" {
			return refuse("NumberMissing", "decide %s: give the decision's number and symbol, such as 512/QĐ-BTTTT", name)
		}
		if old, err := t.DecisionOf(ctx, c.ID); err == nil {
			return refuse("AlreadyDecided", "campaign %s was decided by %s of %s", name, old.Number, old.Dated.Format("02/01/2006"))
		} else if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		nominees, err := t.CountNominations(ctx, c.ID)
		if err != nil {
			return err
		}
		if nominees == 0 {
			return refuse("NoNominees", "campaign %s has no nominees yet: its final review nominates them", name)
		}
		if _, err := t.InsertDecision(ctx, db.InsertDecisionParams{
			CampaignID: c.ID, Number: d.Number, Dated: d.Dated.At(0, 0, time.UTC), SignedBy: d.SignedBy, RecordedAt: t.now,
		}); err != nil {
			return err
		}
		spec, err := t.campaignSpec(ctx, name)
		if err != nil {
			return err
		}
		awards := []string{}
		for _, a := range spec.Awards {
			awards = append(awards, string(a.Name))
		}
		if _, err := t.GrantAwards(ctx, awards, c.ID); err != nil {
			return err
		}
		if _, err := t.SettleDecision(ctx, t.now, c.ID); err != nil {
			return err
		}
		if err := t.BumpGeneration(ctx, c.ID); err != nil {
			return err
		}
		if err := t.WakeCampaign(ctx, t.now, c.ID); err != nil {
			return err
		}
		return t.audit(ctx, act, auth.Decide, "Campaign/"+name, map[string]any{"number": d.Number, "dated": d.Dated.String(), "signedBy": d.SignedBy})
	})
}
