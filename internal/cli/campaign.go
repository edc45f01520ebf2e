package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/calendar"
)

// looking opens the read model for a verb that only looks.
func (a *app) looking(ctx context.Context, do func(r reader) error) error {
	on, release, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer release()
	return do(on)
}

// asOfFlag adds --as-of. Answers are by recorded time: what was known at an instant,
// not what has become known of it since.
func asOfFlag(cmd *cobra.Command, asOf *string) {
	cmd.Flags().StringVar(asOf, "as-of", "", "what was known at an instant, such as 2027-01-20T17:00:00+07:00, or at the end of a day, such as 2027-01-20; today is now")
}

// lookingAsOf is looking, at an instant of the past if one is given.
func (a *app) lookingAsOf(ctx context.Context, asOf string, do func(r reader) error) error {
	if asOf == "" {
		return a.looking(ctx, do)
	}
	from, until, err := parseAsOf(asOf)
	if err != nil {
		return err
	}
	on, release, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer release()
	clock, err := on.Clock(ctx)
	if err != nil {
		return err
	}
	if until.After(clock.Now) && !from.After(clock.Now) {
		until = clock.Now // a day that has not ended: as far as it has gone
	}
	return do(on.Then(until))
}

// parseAsOf reads --as-of: the instant, or the day from its beginning to its end.
func parseAsOf(text string) (from, until time.Time, err error) {
	zone := zoneOf(defaultZone)
	if day, err := calendar.ParseDate(text); err == nil {
		return day.At(0, 0, zone), day.At(24, 0, zone), nil
	}
	at, err := parseInstant(text, 24, 0, zone)
	if err != nil {
		return at, at, misuse("--as-of %v", err)
	}
	return at, at, nil
}
