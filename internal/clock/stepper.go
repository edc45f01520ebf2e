// Package clock moves business time where it does not move by itself: the
// stepped clock of training, demo and tests jumps to the next instant once
// nothing that is due is undone. So a compressed run gives exactly the counts
// of a real one.
package clock

import (
	"context"
	"fmt"
	"time"
)

// Installation is what a stepped clock moves.
type Installation interface {
	// Now is business time.
	Now(ctx context.Context) (time.Time, error)
	// Settled tells that nothing due is undone and the outbox is settled.
	Settled(ctx context.Context) (bool, error)
	// NextInstant is when something is due next; nil when nothing is.
	NextInstant(ctx context.Context) (*time.Time, error)
	// Jump moves business time and wakes what is then due, in one transaction.
	Jump(ctx context.Context, to time.Time) error
}

// Actors are the people of a simulated campaign. They act at instants of their
// own, after the engine has done what was due.
type Actors interface {
	// Next is when somebody acts next, after now; nil when nobody will.
	Next(ctx context.Context, now time.Time) (*time.Time, error)
	// Act does what people do at now and returns how many acted. Acting twice
	// changes nothing.
	Act(ctx context.Context, now time.Time) (int, error)
}

// Stepper drives a stepped clock.
type Stepper struct {
	Installation Installation
	Actors       Actors
	// Work is called until the installation is settled. Under Temporal the
	// workers do the work and Work only waits a moment; a rehearsal does it here.
	Work func(ctx context.Context) error
	// Before is called before each jump: for pacing, and for showing progress.
	Before func(ctx context.Context, from, to time.Time) error
}

// Run jumps from instant to instant until nothing is left to come.
func (s *Stepper) Run(ctx context.Context) error {
	for {
		now, err := s.settle(ctx)
		if err != nil {
			return err
		}
		acted, err := s.Actors.Act(ctx, now)
		if err != nil {
			return fmt.Errorf("act at %s: %w", now.UTC().Format(time.RFC3339), err)
		}
		if acted > 0 {
			continue
		}
		engine, err := s.Installation.NextInstant(ctx)
		if err != nil {
			return err
		}
		people, err := s.Actors.Next(ctx, now)
		if err != nil {
			return err
		}
		to := Next(now, engine, people)
		if to == nil {
			return nil
		}
		if s.Before != nil {
			if err := s.Before(ctx, now, *to); err != nil {
				return err
			}
		}
		if err := s.Installation.Jump(ctx, *to); err != nil {
			return err
		}
	}
}

func (s *Stepper) settle(ctx context.Context) (time.Time, error) {
	for {
		settled, err := s.Installation.Settled(ctx)
		if err != nil {
			return time.Time{}, err
		}
		if settled {
			return s.Installation.Now(ctx)
		}
		if err := s.Work(ctx); err != nil {
			return time.Time{}, err
		}
		if err := ctx.Err(); err != nil {
			return time.Time{}, err
		}
	}
}

// Next is the earliest of the instants that lies after now; nil when none does.
func Next(now time.Time, instants ...*time.Time) *time.Time {
	var next *time.Time
	for _, at := range instants {
		if at != nil && at.After(now) && (next == nil || at.Before(*next)) {
			next = at
		}
	}
	return next
}
