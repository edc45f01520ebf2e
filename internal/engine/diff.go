package engine

import (
	"context"
	"errors"
	"fmt"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/plan"
)

// Difference is what Apply would change; only what differs is in it.
type Difference struct {
	Objects []Applied
	Plans   []plan.Difference
}

// Diff is what Apply would change and which dates would come, go or move, as if an
// actor who may declare the set did so now. It stores nothing.
func (e *Engine) Diff(ctx context.Context, actor auth.Actor, set *manifest.Set) (Difference, error) {
	d := Difference{}
	err := e.in(ctx, func(t *tx) error {
		declared, err := t.declare(ctx, By(actor, ""), set)
		if err != nil {
			return err
		}
		d = Difference{Objects: []Applied{}}
		for _, o := range declared.applied {
			if o.Result != "unchanged" {
				d.Objects = append(d.Objects, o)
			}
		}
		if d.Plans, err = diffPlans(declared.before, declared.after); err != nil {
			return err
		}
		return errPutBack
	})
	if errors.Is(err, errPutBack) {
		err = nil
	}
	return d, err
}

// diffPlans compares the plans of every campaign: a calendar or a roster moves the
// dates of campaigns that no file names.
func diffPlans(before, after *manifest.Set) ([]plan.Difference, error) {
	diffs := []plan.Difference{}
	for _, c := range after.Campaigns {
		is, err := PlanOf(after, c.Name, 1)
		if err != nil {
			return nil, fmt.Errorf("campaign %s: %w", c.Name, err)
		}
		var was *plan.Plan
		if before.Campaign(v1.Name(c.Name)) != nil {
			if was, err = PlanOf(before, c.Name, 1); err != nil {
				return nil, fmt.Errorf("stored campaign %s: %w", c.Name, err)
			}
			if was.Hash == is.Hash {
				continue
			}
		}
		diffs = append(diffs, plan.Diff(was, is, c.Spec.TimeZone))
	}
	return diffs, nil
}
