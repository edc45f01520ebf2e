package activities

import (
	"context"

	"thidua.dev/thidua/workflows"
)

// StepCampaign does what is due in one phase of the procedure Campaign.
func (a *Activities) StepCampaign(ctx context.Context, in workflows.StepInput) (workflows.StepResult, error) {
	return a.Step(ctx, in)
}
