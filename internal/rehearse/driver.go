package rehearse

import (
	"context"
	"fmt"

	"thidua.dev/thidua/activities"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/notify"
	"thidua.dev/thidua/workflows"
)

// driver does the work of workers and dispatcher in a plain loop: the same
// phases, the same activities, no Temporal.
type driver struct {
	engine     *engine.Engine
	activities *activities.Activities
	dispatcher *notify.Dispatcher
	phase      map[string]int // where each procedure stands
	steps      int
}

// work does everything that is due now.
func (d *driver) work(ctx context.Context) error {
	due, err := d.engine.DueProcedures(ctx)
	if err != nil {
		return err
	}
	for _, p := range due {
		if err := d.run(ctx, p); err != nil {
			return err
		}
	}
	sent := 0
	for {
		n, err := d.dispatcher.Once(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		sent += n
	}
	if len(due) == 0 && sent == 0 {
		u, err := d.engine.Undone(ctx)
		if err != nil {
			return err
		}
		if !u.None() {
			return fmt.Errorf("nothing moves: %d procedures and %d messages are due and stay so", u.Procedures, u.Messages)
		}
	}
	return nil
}

// run lets one procedure go through its phases until it would sleep.
func (d *driver) run(ctx context.Context, p engine.Procedure) error {
	phases := workflows.Phases(p.Kind)
	for d.phase[p.ID] < len(phases) {
		r, err := d.activities.Step(ctx, workflows.StepInput{ID: p.ID, Phase: phases[d.phase[p.ID]]})
		if err != nil {
			return fmt.Errorf("%s, %s: %w", p.ID, phases[d.phase[p.ID]], err)
		}
		d.steps++
		switch {
		case r.Finished:
			d.phase[p.ID]++
		case r.Changed > 0 && r.SleepSeconds <= 0:
		default:
			return nil
		}
	}
	return nil
}
