package plan

import (
	"cmp"
	"slices"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/calendar"
)

// rung is a step of the ladder, read.
type rung struct {
	step   v1.Name
	offset int // working days from the deadline
	time   calendar.TimeOfDay
}

func (p *planner) readLadder() error {
	for _, step := range p.spec.Reminders {
		t, err := p.timeOfDay("spec.reminders["+string(step.Step)+"].time", step.Time)
		if err != nil {
			return err
		}
		p.ladder = append(p.ladder, rung{step.Step, int(step.Offset), t})
	}
	return nil
}

// reach is when the units of a deadline reach a rung.
func (p *planner) reach(d deadline, r rung) instant {
	return p.offset(d.cal, d.instant, r.offset, r.time)
}

// firstReminder is the earliest step over the calendars; false when no step is
// before the deadline's day.
func (p *planner) firstReminder(deadlines []deadline) (instant, bool) {
	var first instant
	found := false
	for _, d := range deadlines {
		for _, r := range p.ladder {
			if r.offset >= 0 {
				continue
			}
			if at := p.reach(d, r); !found || at.at.Before(first.at) {
				first, found = at, true
			}
		}
	}
	return first, found
}

// addReminders adds the steps that fall while the round is open: before the
// launch nothing is sent, and after the close nothing is owed.
func (p *planner) addReminders(r *Round, deadlines []deadline) {
	for _, d := range deadlines {
		for _, rung := range p.ladder {
			at := p.reach(d, rung)
			if at.at.Before(p.launch) || !at.at.Before(r.ClosesAt) {
				continue
			}
			r.Reminders = append(r.Reminders, RoundStep{rung.step, d.name, at.at, d.units, at.why.Text("vi"), at.provisional()})
			p.addEvent(Event{Type: Reminder, Round: r.Name, Step: string(rung.step), Calendar: d.name, Units: d.units}, at)
		}
	}
	slices.SortFunc(r.Reminders, compareSteps)
}

// compareSteps orders the ladder of a round.
func compareSteps(a, b RoundStep) int {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Step, b.Step), cmp.Compare(a.Calendar, b.Calendar))
}
