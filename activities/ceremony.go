package activities

import (
	"context"

	"thidua.dev/thidua/workflows"
)

// StepCeremony does what is due in one phase of the procedure Ceremony.
func (a *Activities) StepCeremony(ctx context.Context, in workflows.StepInput) (workflows.StepResult, error) {
	return a.Step(ctx, in)
}
