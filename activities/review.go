package activities

import (
	"context"

	"thidua.dev/thidua/workflows"
)

// StepReview does what is due in one phase of the procedure Review.
func (a *Activities) StepReview(ctx context.Context, in workflows.StepInput) (workflows.StepResult, error) {
	return a.Step(ctx, in)
}
