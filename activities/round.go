package activities

import (
	"context"

	"thidua.dev/thidua/workflows"
)

// StepRound does what is due in one phase of the procedure Round.
func (a *Activities) StepRound(ctx context.Context, in workflows.StepInput) (workflows.StepResult, error) {
	return a.Step(ctx, in)
}
