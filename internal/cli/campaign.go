package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

// looking opens the read model for a verb that only looks.
func (a *app) looking(ctx context.Context, do func(r reader) error) error {
	return a.lookingThen(ctx, time.Time{}, do)
}

// asOfFlag adds --as-of. Answers are by recorded time: what was known at an instant,
// not what has become known of it since.
func asOfFlag(cmd *cobra.Command, asOf *string) {
	cmd.Flags().StringVar(asOf, "as-of", "", "what was known at an instant, or at the end of a day, such as 2027-01-20T17:00:00+07:00 or 2027-01-20")
}

// lookingAsOf is looking, at an instant of the past if one is given.
func (a *app) lookingAsOf(ctx context.Context, asOf string, do func(r reader) error) error {
	at, err := parseAsOf(asOf)
	if err != nil {
		return err
	}
	return a.lookingThen(ctx, at, do)
}

func (a *app) lookingThen(ctx context.Context, at time.Time, do func(r reader) error) error {
	on, release, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer release()
	if !at.IsZero() {
		return do(on.Then(at))
	}
	return do(on)
}

// parseAsOf reads --as-of; the zero time when there is none.
func parseAsOf(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := parseInstant(text, 24, 0, zoneOf(defaultZone))
	if err != nil {
		return at, misuse("--as-of %v", err)
	}
	return at, nil
}
