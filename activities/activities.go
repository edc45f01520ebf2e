// Package activities is what procedures ask for: thin calls into the engine,
// counts and instants back.
package activities

import (
	"context"
	"log/slog"
	"time"

	"go.temporal.io/sdk/temporal"

	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/logs"
	"thidua.dev/thidua/workflows"
)

// Activities call one engine.
type Activities struct {
	Engine *engine.Engine
	Log    *slog.Logger
}

var _ workflows.Activities = (*Activities)(nil)

// SweepGrace is how long something may be due before a sweep wakes it: the
// wake-up that belongs to it is usually under way.
const SweepGrace = time.Minute

// Sweep wakes what is overdue, in one query.
func (a *Activities) Sweep(ctx context.Context) (workflows.SweepResult, error) {
	woken, err := a.Engine.Sweep(ctx, SweepGrace)
	return workflows.SweepResult{Woken: woken}, a.coded(ctx, err)
}

// Step looks at one procedure. Drivers without Temporal call it by the kind.
func (a *Activities) Step(ctx context.Context, in workflows.StepInput) (workflows.StepResult, error) {
	s, err := a.Engine.StepProcedure(ctx, in.ID, in.Phase)
	if err != nil {
		return workflows.StepResult{}, a.coded(logs.Procedure(ctx, in.ID), err)
	}
	return workflows.StepResult{
		Generation: s.Generation, Finished: s.Finished, Changed: s.Changed,
		SleepSeconds: int64((s.Sleep + time.Second - 1) / time.Second), NextAt: s.NextAt,
	}, nil
}

// coded keeps what an error may tell out of a workflow's history: a code, never
// Postgres's detail. The detail is logged here, where it is known.
func (a *Activities) coded(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	code := engine.Code(err)
	a.Log.ErrorContext(ctx, "step failed", "code", code, "error", err)
	return temporal.NewApplicationErrorWithOptions(code, code, temporal.ApplicationErrorOptions{NonRetryable: code == "NotFound"})
}
