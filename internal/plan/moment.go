package plan

import (
	"fmt"
	"slices"
	"time"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/calendar"
)

// Times of day of a v1.Moment that states none.
var (
	deadlineTime = calendar.TimeOfDay{Hour: 17, Minute: 0}
	otherTime    = calendar.TimeOfDay{Hour: 8, Minute: 30}
)

// instant is a moment in the campaign's time zone and why it is there.
type instant struct {
	at  time.Time
	why Reason
}

func (i instant) provisional() bool { return i.why.Beyond != nil }

// moment is a v1.Moment read: a day with a time, and whether it was given as an
// explicit instant, which nothing moves.
type moment struct {
	day      calendar.Date
	time     calendar.TimeOfDay
	explicit bool
}

// moment reads m; fallback is its time of day when it has none. The time becomes
// one of the campaign's slots.
func (p *planner) moment(path string, m v1.Moment, fallback calendar.TimeOfDay) (moment, error) {
	if day, err := calendar.ParseDate(string(m)); err == nil {
		p.addSlot(fallback)
		return moment{day: day, time: fallback}, nil
	}
	at, err := time.Parse(time.RFC3339, string(m))
	if err != nil {
		return moment{}, invalid(path, "%q is neither a day such as 2021-10-15 nor an instant such as 2021-09-07T14:00:00+07:00", m)
	}
	if at.Second() != 0 {
		return moment{}, invalid(path, "%s is not on the minute", m)
	}
	read := moment{calendar.DateOf(at, p.zone), calendar.TimeOfDayOf(at, p.zone), true}
	p.addSlot(read.time)
	return read, nil
}

// timeOfDay reads a time, which becomes one of the campaign's slots.
func (p *planner) timeOfDay(path string, t v1.TimeOfDay) (calendar.TimeOfDay, error) {
	read, err := calendar.ParseTimeOfDay(string(t))
	if err != nil {
		return read, invalid(path, "%v", err)
	}
	p.addSlot(read)
	return read, nil
}

func (p *planner) addSlot(t calendar.TimeOfDay) {
	if i, found := slices.BinarySearchFunc(p.slots, t, calendar.TimeOfDay.Compare); !found {
		p.slots = slices.Insert(p.slots, i, t)
	}
}

// fixed is m as given, worked or not: launch and ceremony may be held on a
// holiday.
func (p *planner) fixed(m moment) instant { return instant{at: m.time.On(m.day, p.zone)} }

// rolled is m, moved to the next working day when it is a day without a time and
// not worked (Civil Code 2015 art. 148).
func (p *planner) rolled(cal *calendar.Calendar, m moment) instant {
	if m.explicit {
		return p.fixed(m)
	}
	day := cal.Next(m.day)
	why := rollReason(cal, m.day, day)
	why.Beyond = beyond(cal, day)
	return instant{m.time.On(day, p.zone), why}
}

// offset is n working days from an instant, at a time of day. It rests on the
// instant it is counted from, so it is provisional when that one is.
func (p *planner) offset(cal *calendar.Calendar, from instant, n int, t calendar.TimeOfDay) instant {
	anchor := calendar.DateOf(from.at, p.zone)
	day := cal.Add(anchor, n)
	why := countReason(cal, anchor, day)
	if n == 0 {
		why = rollReason(cal, anchor, day)
	}
	why.Beyond = from.why.Beyond
	if why.Beyond == nil {
		why.Beyond = beyond(cal, day)
	}
	return instant{t.On(day, p.zone), why}
}

// beyond is nil when the calendar covers d.
func beyond(cal *calendar.Calendar, d calendar.Date) *Beyond {
	if cal.Covered(d) {
		return nil
	}
	return &Beyond{cal.CalendarName(), cal.CoveredFrom(), cal.CoveredUntil()}
}

// invalid makes the error of Make.
func invalid(path, format string, args ...any) error {
	return &Invalid{path, fmt.Sprintf(format, args...)}
}
