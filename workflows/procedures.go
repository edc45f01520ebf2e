// Package workflows holds the procedures, as an office would write them down:
// the phases of each, in order. How a phase is paced is in loop.go. What is
// due in a phase, and for whom, is the engine's business behind one activity a
// kind; workflow code computes no rule and holds no unit, person or date.
package workflows

import "go.temporal.io/sdk/workflow"

// Phases of the procedures. A phase that the facts call finished returns at
// once, so that a restarted procedure runs through them in one turn.
var (
	// CampaignPhases: phát động → đăng ký → báo cáo, sơ kết, tổng kết → quyết
	// định → vinh danh → nhân rộng.
	CampaignPhases = []string{"launch", "register", "collect", "decide", "honour", "replicate"}
	// RoundPhases of a registration or a report.
	RoundPhases = []string{"open", "climb", "close"}
	// ReviewPhases of a mid-term or final review.
	ReviewPhases = []string{"rank", "publish"}
	// CeremonyPhases of handing over what was decided.
	CeremonyPhases = []string{"invite", "hold"}
)

// Phases by the name of the procedure.
func Phases(kind string) []string {
	switch kind {
	case "Campaign":
		return CampaignPhases
	case "Round":
		return RoundPhases
	case "Review":
		return ReviewPhases
	case "Ceremony":
		return CeremonyPhases
	}
	return nil
}

// Campaign runs an emulation campaign from its launch to its close.
func Campaign(ctx workflow.Context, in Input) error {
	return run(ctx, in, "Campaign", activities.StepCampaign)
}

// Round opens a registration or a report, climbs the ladder and closes it.
func Round(ctx workflow.Context, in Input) error {
	return run(ctx, in, "Round", activities.StepRound)
}

// Review scores, ranks and publishes; the final one nominates.
func Review(ctx workflow.Context, in Input) error {
	return run(ctx, in, "Review", activities.StepReview)
}

// Ceremony invites, and hands over what was decided.
func Ceremony(ctx workflow.Context, in Input) error {
	return run(ctx, in, "Ceremony", activities.StepCeremony)
}

// Sweep looks once over the whole installation for what should have been done.
func Sweep(ctx workflow.Context) (SweepResult, error) {
	var out SweepResult
	err := workflow.ExecuteActivity(activityContext(ctx, "sweep"), activities.Sweep).Get(ctx, &out)
	return out, err
}
