package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// Search attributes tell operators which procedure stands where.
var (
	searchCampaign = temporal.NewSearchAttributeKeyKeyword("ThiduaCampaign")
	searchKind     = temporal.NewSearchAttributeKeyKeyword("ThiduaKind")
	searchPhase    = temporal.NewSearchAttributeKeyKeyword("ThiduaPhase")
	searchNextAt   = temporal.NewSearchAttributeKeyTime("ThiduaNextAt")
)

// procedure is one run: what has been observed, and how often it was woken.
type procedure struct {
	in       Input
	kind     string
	activity string
	wakes    int64 // a signal, or an arriving Reconcile, adds 1
	observed int64 // generation that the last step saw
	idle     int   // consecutive turns with nothing to do and nothing to sleep for
	phase    string
	closed   bool
}

// run goes through the phases of a procedure, each at the pace of the loop.
func run(ctx workflow.Context, in Input, kind, activity string) error {
	p := &procedure{in: in, kind: kind, activity: activity}
	if err := p.listen(ctx); err != nil {
		return err
	}
	for _, phase := range Phases(kind) {
		if err := p.enter(ctx, phase); err != nil {
			return err
		}
		if err := p.pace(ctx); err != nil {
			return err
		}
	}
	p.closed = true
	workflow.SetCurrentDetails(ctx, fmt.Sprintf("**%s** is over.", in.ID))
	// Whoever waits in Reconcile is answered before the run ends.
	return workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}

// listen registers the handlers, before anything can block.
func (p *procedure) listen(ctx workflow.Context) error {
	signals := workflow.GetSignalChannelWithOptions(ctx, WakeSignal, workflow.SignalChannelOptions{
		Description: "Look again: something may be due. Carries nothing.",
	})
	// What started this run asks for the look that comes first anyway.
	for signals.ReceiveAsync(nil) {
	}
	workflow.Go(ctx, func(ctx workflow.Context) {
		for {
			signals.Receive(ctx, nil)
			p.wakes++
		}
	})
	return workflow.SetUpdateHandlerWithOptions(ctx, ReconcileUpdate, p.reconcile, workflow.UpdateHandlerOptions{
		Description: "Look again, and answer once the generation was observed.",
	})
}

// reconcile lets a caller wait until a generation was observed.
func (p *procedure) reconcile(ctx workflow.Context, in ReconcileInput) (ReconcileResult, error) {
	p.wakes++
	err := workflow.Await(ctx, func() bool { return p.observed >= in.Generation || p.closed })
	return ReconcileResult{Observed: p.observed}, err
}

// enter tells operators which phase begins.
func (p *procedure) enter(ctx workflow.Context, phase string) error {
	p.phase = phase
	return workflow.UpsertTypedSearchAttributes(ctx,
		searchCampaign.ValueSet(campaignOf(p.in.ID)), searchKind.ValueSet(p.kind), searchPhase.ValueSet(phase))
}

// pace is the loop that paces every phase: look, do what is due, sleep until
// the next instant or until somebody wakes us.
func (p *procedure) pace(ctx workflow.Context) error {
	for {
		seen := p.wakes
		r, err := p.step(ctx)
		if err != nil {
			return err // cancelled, or a bug: the sweep starts it again
		}
		p.observed = r.Generation
		if p.wakes != seen {
			continue
		}
		if r.Finished {
			return nil
		}
		// Check, never wait: a Reconcile may be waiting for this very loop.
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() && workflow.AllHandlersFinished(ctx) {
			return workflow.NewContinueAsNewError(ctx, workflow.GetInfo(ctx).WorkflowType.Name, p.in)
		}
		sleep := time.Duration(r.SleepSeconds) * time.Second
		switch {
		case r.Changed > 0:
			p.idle = 0
			if sleep <= 0 {
				continue
			}
		case sleep > 0:
			p.idle = 0
		default:
			p.idle++
		}
		if err := p.sleep(ctx, sleep, seen, r.NextAt); err != nil {
			return err
		}
	}
}

func (p *procedure) step(ctx workflow.Context) (StepResult, error) {
	var r StepResult
	err := workflow.ExecuteActivity(activityContext(ctx, p.phase), p.activity, StepInput{ID: p.in.ID, Phase: p.phase}).Get(ctx, &r)
	return r, err
}

func (p *procedure) sleep(ctx workflow.Context, d time.Duration, seen int64, next *time.Time) error {
	if err := p.show(ctx, next); err != nil {
		return err
	}
	_, err := workflow.AwaitWithOptions(ctx, workflow.AwaitOptions{
		Timeout:      min(max(d, floor(p.idle)), 24*time.Hour),
		TimerOptions: workflow.TimerOptions{Summary: p.phase},
	}, func() bool { return p.wakes != seen })
	return err
}

// show tells operators what the procedure waits for. Search attributes cost an
// event, so they are written when they change.
func (p *procedure) show(ctx workflow.Context, next *time.Time) error {
	details := fmt.Sprintf("**%s**: %s", p.in.ID, p.phase)
	shown, known := workflow.GetTypedSearchAttributes(ctx).GetTime(searchNextAt)
	if next == nil {
		workflow.SetCurrentDetails(ctx, details)
		if known {
			return workflow.UpsertTypedSearchAttributes(ctx, searchNextAt.ValueUnset())
		}
		return nil
	}
	workflow.SetCurrentDetails(ctx, details+", next at "+next.UTC().Format(time.RFC3339))
	if known && shown.Equal(*next) {
		return nil
	}
	return workflow.UpsertTypedSearchAttributes(ctx, searchNextAt.ValueSet(*next))
}

// floor keeps a step that finds nothing to do, and nothing to wait for, from
// spinning: 1 s, doubling to 5 min.
func floor(idle int) time.Duration {
	if idle == 0 {
		return 0
	}
	return min(time.Second<<min(idle-1, 9), 5*time.Minute)
}

// campaignOf a procedure's id: campaign/NAME or campaign/NAME/…; of another one
// the id itself.
func campaignOf(id string) string {
	name, ok := strings.CutPrefix(id, "campaign/")
	if !ok {
		return id
	}
	name, _, _ = strings.Cut(name, "/")
	return name
}
