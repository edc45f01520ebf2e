package workflows

import (
	"context"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// Activities is what the procedures ask for. Package activities implements it;
// here it only gives the calls their names and types.
type Activities interface {
	StepCampaign(context.Context, StepInput) (StepResult, error)
	StepRound(context.Context, StepInput) (StepResult, error)
	StepReview(context.Context, StepInput) (StepResult, error)
	StepCeremony(context.Context, StepInput) (StepResult, error)
	Sweep(context.Context) (SweepResult, error)
}

// names of the activities; never called.
var activities = struct{ StepCampaign, StepRound, StepReview, StepCeremony, Sweep string }{
	"StepCampaign", "StepRound", "StepReview", "StepCeremony", "Sweep",
}

// activityContext: every step is one short transaction, repeated until it
// works, at most a minute apart. A bad unit is a row, never an error, so what
// fails for good is a bug: then the procedure ends, and the sweep starts it
// again.
func activityContext(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 2 * time.Minute,
		Summary:             summary,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute,
		},
	})
}
