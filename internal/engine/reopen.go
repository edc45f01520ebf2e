package engine

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/logs"
	"thidua.dev/thidua/internal/store/db"
)

// StepReturned is the notice by which a unit hears that its report came back.
const StepReturned = "returned"

// HandBack gives a draft that waits for the leader's approval back to the focal
// point. The deadline stands.
func (e *Engine) HandBack(ctx context.Context, act Act, campaign, round, unit string) error {
	ctx = logs.Campaign(ctx, campaign, round)
	return e.in(ctx, func(t *tx) error {
		_, _, o, done, err := t.lockForIntake(ctx, act, auth.Return, campaign, round, unit)
		if Code(err) == "AlreadyReceived" {
			return refuse("NeedsDeadline", "the report of unit %s for round %s was received: to return it, say by when it is to be sent again (--to DATE)", unit, round)
		}
		if done != nil || err != nil {
			return err
		}
		if err := needReason(act, "return"); err != nil {
			return err
		}
		newest, err := t.NewestReport(ctx, o.ID)
		if errors.Is(err, pgx.ErrNoRows) || err == nil && newest.State != "HandedUp" {
			return refuse("NothingHandedUp", "unit %s has no report for round %s that waits for approval", unit, round)
		}
		if err != nil {
			return err
		}
		if err := t.ReturnReport(ctx, db.ReturnReportParams{ID: newest.ID, At: t.now, Reason: act.Reason}); err != nil {
			return err
		}
		if _, err := t.Queries.HandBack(ctx, o.ID); err != nil {
			return err
		}
		return t.audit(ctx, act, auth.Return, obligationName(o), map[string]any{"version": newest.Version})
	})
}

// Return gives a report that was received back to the unit for supplement, by a
// new deadline. The version that was received is kept, and the unit hears why.
func (e *Engine) Return(ctx context.Context, act Act, campaign, round, unit string, to time.Time) error {
	ctx = logs.Campaign(ctx, campaign, round)
	return e.in(ctx, func(t *tx) error {
		c, r, o, done, err := t.lockForReopening(ctx, act, auth.Return, campaign, round, unit, to)
		if done != nil || err != nil {
			return err
		}
		if o.State != "Settled" {
			return refuse("NothingReceived", "unit %s has no report for round %s that was received (%s)", unit, round, o.State)
		}
		newest, err := t.NewestReport(ctx, o.ID)
		if err != nil {
			return err
		}
		if err := t.ReturnReport(ctx, db.ReturnReportParams{ID: newest.ID, At: t.now, Reason: act.Reason}); err != nil {
			return err
		}
		if err := t.oweAgain(ctx, c, r, o, to); err != nil {
			return err
		}
		if _, err := t.Tell(ctx, db.TellParams{Step: StepReturned, Now: t.now, RoundID: &r.ID, Owner: unit}); err != nil {
			return err
		}
		return t.audit(ctx, act, auth.Return, "Campaign/"+campaign, map[string]any{"round": round, "unit": unit, "version": newest.Version, "to": to})
	})
}

// Reopen lets a unit whose report never came still send it, by a new deadline.
func (e *Engine) Reopen(ctx context.Context, act Act, campaign, round, unit string, to time.Time) error {
	ctx = logs.Campaign(ctx, campaign, round)
	return e.in(ctx, func(t *tx) error {
		c, r, o, done, err := t.lockForReopening(ctx, act, auth.Reopen, campaign, round, unit, to)
		if done != nil || err != nil {
			return err
		}
		if o.State != "Lapsed" {
			return refuse("NotLapsed", "unit %s has nothing to reopen in round %s (%s)", unit, round, o.State)
		}
		if err := t.oweAgain(ctx, c, r, o, to); err != nil {
			return err
		}
		return t.audit(ctx, act, auth.Reopen, "Campaign/"+campaign, map[string]any{"round": round, "unit": unit, "to": to})
	})
}

func (t *tx) lockForReopening(ctx context.Context, act Act, verb auth.Verb, campaign, round, unit string, to time.Time) (c db.Campaign, r db.Round, o db.Obligation, done *db.Audit, err error) {
	c, done, err = t.lockForCommand(ctx, act, verb, campaign)
	if done != nil || err != nil {
		return c, r, o, done, err
	}
	if c.State != "Launched" {
		return c, r, o, nil, refuse("NotRunning", "campaign %s is %s: nothing can be sent in any more", campaign, c.State)
	}
	if err := needReason(act, string(verb)); err != nil {
		return c, r, o, nil, err
	}
	if !to.After(t.now) {
		return c, r, o, nil, refuse("PastDeadline", "%s is past: by when is it to be sent?", local(to, c.TimeZone))
	}
	r, o, err = t.lockOwed(ctx, c, round, unit)
	return c, r, o, nil, err
}

// supersede takes back the reminders that have not left, and the messages with them.
func (t *tx) supersede(ctx context.Context, reason string, obligation int64) error {
	n, err := t.SupersedeNotices(ctx, reason, obligation)
	if err != nil || n == 0 {
		return err
	}
	return t.DropUnsaid(ctx, obligation)
}

// oweAgain lets one obligation be owed by a new deadline. A round that was closed
// runs again for it: its procedure begins anew, finds everybody else settled or
// lapsed, and closes a second time.
func (t *tx) oweAgain(ctx context.Context, c db.Campaign, r db.Round, o db.Obligation, to time.Time) error {
	if err := t.supersede(ctx, "DeadlineMoved", o.ID); err != nil {
		return err
	}
	if err := t.WithdrawLetters(ctx, o.ID); err != nil {
		return err
	}
	if _, err := t.OweAgain(ctx, db.OweAgainParams{ID: o.ID, DueAt: to, Now: t.now}); err != nil {
		return err
	}
	if _, err := t.ReopenRound(ctx, r.ID); err != nil {
		return err
	}
	if err := t.reclimb(ctx, c, r.ID, r.Name, []int64{o.ID}); err != nil {
		return err
	}
	if _, err := t.ReopenProcedure(ctx, t.now, roundID(c.Name, r.Name)); err != nil {
		return err
	}
	r, err := t.RoundByName(ctx, c.ID, r.Name)
	if err != nil {
		return err
	}
	if err := withinCampaign(c, r, to); err != nil {
		return err
	}
	return t.BumpGeneration(ctx, c.ID)
}

// needReason asks for the words that the unit reads and the audit keeps.
func needReason(act Act, verb string) error {
	if strings.TrimSpace(act.Reason) == "" {
		return refuse("ReasonMissing", "%s: say why (--reason): the unit reads it, and the audit keeps it", verb)
	}
	return nil
}
