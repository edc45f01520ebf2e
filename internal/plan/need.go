package plan

import (
	"slices"
	"time"

	v1 "thidua.dev/thidua/api/v1"
)

// Need is a calendar that a plan needs for days whose days off it does not know yet.
type Need struct {
	Calendar v1.Name
	// At is the first instant to come that rests on such days.
	At time.Time
}

// NeedsAhead is how long before it needs a year's notice of days off a campaign asks for
// it.
const NeedsAhead = 30 * 24 * time.Hour

// ProvisionalMark stands in a stored plan that has anything provisional in it.
const ProvisionalMark = `"provisional": true`

// Needs are the calendars that a plan needs extended, for instants after now and at
// most ahead of it, the earliest first.
func (p *Plan) Needs(now time.Time, ahead time.Duration) []Need {
	var needs []Need
	for _, e := range p.Events {
		if !e.Provisional || !e.At.After(now) || e.At.Sub(now) > ahead {
			continue
		}
		i := slices.IndexFunc(needs, func(n Need) bool { return n.Calendar == e.Calendar })
		switch {
		case i < 0:
			needs = append(needs, Need{e.Calendar, e.At})
		case e.At.Before(needs[i].At):
			needs[i].At = e.At
		}
	}
	slices.SortStableFunc(needs, func(a, b Need) int { return a.At.Compare(b.At) })
	return needs
}
