package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/logs"
	"thidua.dev/thidua/internal/store/db"
)

// Step is what a procedure learns from looking again: counts and instants,
// never a name, a date of somebody's or a reason.
type Step struct {
	// Generation of the campaign that the step saw.
	Generation int64
	// Finished tells that the phase is over.
	Finished bool
	// Changed counts what the step did; 0 means that there was nothing to do.
	Changed int64
	// Sleep until the next instant, rounded up to the second, at most a day. A
	// paused campaign and a stepped clock sleep the whole day: a wake ends it.
	Sleep time.Duration
	// NextAt is the next instant, nil when only an event can bring one.
	NextAt *time.Time
}

const day = 24 * time.Hour

// step is one transaction of a procedure.
type step struct {
	*tx
	c db.Campaign
	p db.Procedure
}

// outcome of a phase's handler.
type outcome struct {
	finished bool       // the phase
	over     bool       // the whole procedure
	changed  int64      // what was written; with nothing to sleep for, the loop asks again
	next     *time.Time // when to look again
}

// handlers are the phases of each kind of procedure, by the names that package
// workflows gives them.
var handlers = map[string]map[string]func(*step, context.Context) (outcome, error){
	KindCampaign: {
		"launch": (*step).awaitLaunch, "register": (*step).register, "collect": (*step).collect,
		"decide": (*step).decide, "honour": (*step).honour, "replicate": (*step).replicate,
	},
	KindRound:    {"open": (*step).openRound, "climb": (*step).climb, "close": (*step).closeRound},
	KindReview:   {"rank": (*step).rank, "publish": (*step).publish},
	KindCeremony: {"invite": (*step).invite, "hold": (*step).hold},
}

// StepProcedure lets one procedure look at its campaign and do what is due in
// the phase, in one transaction.
func (e *Engine) StepProcedure(ctx context.Context, id, phase string) (Step, error) {
	ctx = logs.Procedure(ctx, id)
	var out Step
	err := e.in(ctx, func(t *tx) error {
		campaign, err := t.CampaignOfProcedure(ctx, id)
		if errors.Is(err, pgx.ErrNoRows) {
			return &NotFound{Kind: "procedure", Name: id}
		}
		if err != nil {
			return err
		}
		s := &step{tx: t}
		if phase == closingPhase {
			s.c, err = t.CampaignForUpdateByID(ctx, campaign)
		} else {
			s.c, err = t.CampaignForShare(ctx, campaign)
		}
		if err != nil {
			return err
		}
		if s.p, err = t.ProcedureForUpdate(ctx, id); err != nil {
			return err
		}
		o, err := s.run(ctx, phase)
		if err != nil {
			return err
		}
		out, err = s.store(ctx, phase, o)
		return err
	})
	return out, err
}

// closingPhase ends the campaign, so it locks it for that.
const closingPhase = "replicate"

func (s *step) run(ctx context.Context, phase string) (outcome, error) {
	switch {
	case s.p.State == "Finished":
		return outcome{finished: true, over: true}, nil
	case s.c.State == "Cancelled":
		return outcome{finished: true, over: true, changed: 1}, nil
	case s.c.State == "Paused":
		return outcome{next: s.p.NextAt}, nil
	}
	handler := handlers[s.p.Kind][phase]
	if handler == nil {
		return outcome{}, fmt.Errorf("procedure %s has no phase %q", s.p.Kind, phase)
	}
	o, err := handler(s, ctx)
	if errors.Is(err, errDropped) {
		return outcome{finished: true, over: true, changed: 1}, nil
	}
	if err == nil && s.p.Kind == KindCampaign && !o.finished {
		err = s.askForDays(ctx, &o)
	}
	return o, err
}

// errDropped ends a procedure whose round or review the plan has no more.
var errDropped = errors.New("dropped from the plan")

// store writes where the procedure stands. Work undone is a next instant that
// is not in the future; a finished phase leaves the next one to be begun.
func (s *step) store(ctx context.Context, phase string, o outcome) (Step, error) {
	next, state := o.next, "Open"
	switch {
	case o.over:
		next, state = nil, "Finished"
	case o.finished:
		next = &s.now
	}
	if err := s.StoreStep(ctx, db.StoreStepParams{ID: s.p.ID, Phase: phase, NextAt: next, Observed: s.c.Generation, State: state}); err != nil {
		return Step{}, err
	}
	out := Step{Generation: s.c.Generation, Finished: o.finished, Changed: o.changed, NextAt: next, Sleep: day}
	if next != nil && !s.stepped && s.c.State != "Paused" {
		out.Sleep = sleepUntil(s.now, *next)
	}
	if next != nil && !next.After(s.now) && s.c.State != "Paused" {
		out.Sleep = 0
	}
	return out, nil
}

// sleepUntil rounds up to the second: a timer that fires early would find
// nothing to do.
func sleepUntil(now, next time.Time) time.Duration {
	d := next.Sub(now)
	if d <= 0 {
		return 0
	}
	return min((d + time.Second - 1).Truncate(time.Second), day)
}

func (s *step) spec(ctx context.Context) (*v1.CampaignSpec, error) {
	return s.campaignSpec(ctx, s.c.Name)
}

// actedAt is when the act of launch happened: nothing older is ever sent.
func (s *step) actedAt() time.Time {
	if s.c.ActedAt == nil {
		return s.c.LaunchAt
	}
	return *s.c.ActedAt
}
