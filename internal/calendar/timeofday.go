package calendar

import (
	"cmp"
	"fmt"
	"time"
)

// TimeOfDay is an hour and a minute, 00:00 to 23:59. The zero value is 00:00.
type TimeOfDay struct {
	Hour   int
	Minute int
}

// ParseTimeOfDay reads a time such as 08:30.
func ParseTimeOfDay(s string) (TimeOfDay, error) {
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != len("15:04") {
		return TimeOfDay{}, fmt.Errorf("parse time of day %q: want hours and minutes such as 08:30", s)
	}
	return TimeOfDay{t.Hour(), t.Minute()}, nil
}

// String is the time as 08:30.
func (t TimeOfDay) String() string { return fmt.Sprintf("%02d:%02d", t.Hour, t.Minute) }

// Compare is -1, 0 or +1 as t is before, the same as or after u.
func (t TimeOfDay) Compare(u TimeOfDay) int {
	return cmp.Or(cmp.Compare(t.Hour, u.Hour), cmp.Compare(t.Minute, u.Minute))
}

// On is the instant of t on a day in loc.
func (t TimeOfDay) On(d Date, loc *time.Location) time.Time { return d.At(t.Hour, t.Minute, loc) }

// TimeOfDayOf is the hour and minute of an instant in loc; seconds are dropped.
func TimeOfDayOf(t time.Time, loc *time.Location) TimeOfDay {
	t = t.In(loc)
	return TimeOfDay{t.Hour(), t.Minute()}
}
