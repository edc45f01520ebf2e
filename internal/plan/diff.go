package plan

import (
	"time"

	v1 "thidua.dev/thidua/api/v1"
)

// Difference is what becomes of one campaign's dates.
type Difference struct {
	Campaign string  `json:"campaign"`
	TimeZone string  `json:"timeZone"`
	OldHash  string  `json:"oldPlanHash"` // empty: the campaign is new
	NewHash  string  `json:"newPlanHash"`
	Added    []Event `json:"added"`
	Removed  []Event `json:"removed"`
	Moved    []Move  `json:"moved"`
	// Firm counts instants that were provisional and are not any more.
	Firm int `json:"firm"`
}

// Move is an event that was planned for another instant.
type Move struct {
	From  time.Time `json:"from"`
	Event Event     `json:"event"`
}

// eventKey says which event of one plan is which of another.
type eventKey struct {
	kind        EventType
	round, step string
	calendar    v1.Name
	review      v1.Name
}

func keyOf(e Event) eventKey { return eventKey{e.Type, e.Round, e.Step, e.Calendar, e.Review} }

// Diff compares two plans of one campaign; before is nil for one that is new.
func Diff(before, after *Plan, timeZone string) Difference {
	if before == nil {
		before = &Plan{}
	}
	d := Difference{
		Campaign: after.Campaign, TimeZone: timeZone, OldHash: before.Hash, NewHash: after.Hash,
		Added: []Event{}, Removed: []Event{}, Moved: []Move{},
	}
	was := map[eventKey]Event{}
	for _, e := range before.Events {
		was[keyOf(e)] = e
	}
	is := map[eventKey]bool{}
	for _, e := range after.Events {
		is[keyOf(e)] = true
		from, there := was[keyOf(e)]
		switch {
		case !there:
			d.Added = append(d.Added, e)
		case !from.At.Equal(e.At):
			d.Moved = append(d.Moved, Move{from.At, e})
		}
		if from.Provisional && !e.Provisional {
			d.Firm++
		}
	}
	for _, e := range before.Events {
		if !is[keyOf(e)] {
			d.Removed = append(d.Removed, e)
		}
	}
	return d
}
