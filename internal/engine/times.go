package engine

import (
	"strings"
	"time"

	"thidua.dev/thidua/internal/calendar"
)

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// earliest of instants; nil stands for never.
func earliest(instants ...*time.Time) *time.Time {
	var first *time.Time
	for _, at := range instants {
		if at != nil && (first == nil || at.Before(*first)) {
			first = at
		}
	}
	return first
}

func dayOf(t time.Time, zone string) calendar.Date {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		loc = time.UTC // the zone was checked when the campaign was declared
	}
	return calendar.DateOf(t, loc)
}

// seriesOf a round's name SERIES/PERIOD.
func seriesOf(round string) string {
	series, _, _ := strings.Cut(round, "/")
	return series
}
