package calendar

import (
	"fmt"
	"slices"
	"sort"
	"time"

	v1 "thidua.dev/thidua/api/v1"
)

// Calendar says which days are worked: a weekly rhythm and its exceptions. It
// is immutable and safe for concurrent use.
type Calendar struct {
	name         string
	week         [7]bool // by time.Weekday
	exceptions   map[Date]exception
	shifts       []shift
	coveredFrom  Date
	coveredUntil Date
}

// exception is a day off, or a make-up day worked.
type exception struct {
	working bool
	name    string
}

// shift is by how much the exceptions up to and including date change the count
// of working days that the weekly rhythm alone would give.
type shift struct {
	date Date
	sum  int
}

// Day is one row of the table calendar_day.
type Day struct {
	Date        Date
	Working     bool
	Number      int    // see Calendar.Number
	Name        string // of the day off or the make-up day, or ""
	Provisional bool   // the days off are not known this far
}

// epoch is a Monday before any campaign; working days are numbered from it.
var epoch = Date{1900, time.January, 1}

var weekdays = map[v1.Weekday]time.Weekday{
	"Monday": time.Monday, "Tuesday": time.Tuesday, "Wednesday": time.Wednesday, "Thursday": time.Thursday,
	"Friday": time.Friday, "Saturday": time.Saturday, "Sunday": time.Sunday,
}

// New builds the calendar of a spec. An error names the field that is wrong.
func New(name string, spec v1.CalendarSpec) (*Calendar, error) {
	c := &Calendar{name: name, exceptions: make(map[Date]exception, len(spec.Days))}
	if err := c.setWeek(spec.WorkWeek); err != nil {
		return nil, fmt.Errorf("calendar %s: workWeek: %w", name, err)
	}
	if err := c.setCovered(spec.CoveredFrom, spec.CoveredUntil); err != nil {
		return nil, fmt.Errorf("calendar %s: %w", name, err)
	}
	for _, day := range spec.Days {
		if err := c.addException(day); err != nil {
			return nil, fmt.Errorf("calendar %s: days: %w", name, err)
		}
	}
	c.sumShifts()
	return c, nil
}

func (c *Calendar) setWeek(week []v1.Weekday) error {
	for _, name := range week {
		weekday, ok := weekdays[name]
		if !ok {
			return fmt.Errorf("%q is not a weekday", name)
		}
		c.week[weekday] = true
	}
	if len(week) == 0 {
		return fmt.Errorf("no day of the week is worked")
	}
	return nil
}

func (c *Calendar) setCovered(from, until v1.Date) (err error) {
	if c.coveredFrom, err = ParseDate(string(from)); err != nil {
		return fmt.Errorf("coveredFrom: %w", err)
	}
	if c.coveredUntil, err = ParseDate(string(until)); err != nil {
		return fmt.Errorf("coveredUntil: %w", err)
	}
	if c.coveredUntil.Before(c.coveredFrom) {
		return fmt.Errorf("coveredUntil %s is before coveredFrom %s", until, from)
	}
	return nil
}

func (c *Calendar) addException(day v1.Day) error {
	d, err := ParseDate(string(day.Date))
	if err != nil {
		return err
	}
	if _, twice := c.exceptions[d]; twice {
		return fmt.Errorf("%s is listed twice", d)
	}
	if day.Kind != "Off" && day.Kind != "Work" {
		return fmt.Errorf("%s: kind %q is neither Off nor Work", d, day.Kind)
	}
	c.exceptions[d] = exception{working: day.Kind == "Work", name: day.Name}
	return nil
}

func (c *Calendar) sumShifts() {
	for d, e := range c.exceptions {
		switch {
		case e.working && !c.Usual(d):
			c.shifts = append(c.shifts, shift{d, +1})
		case !e.working && c.Usual(d):
			c.shifts = append(c.shifts, shift{d, -1})
		}
	}
	slices.SortFunc(c.shifts, func(a, b shift) int { return a.date.Compare(b.date) })
	for i := 1; i < len(c.shifts); i++ {
		c.shifts[i].sum += c.shifts[i-1].sum
	}
}

// CalendarName is the name the calendar was built with.
func (c *Calendar) CalendarName() string { return c.name }

// Working tells whether d is worked.
func (c *Calendar) Working(d Date) bool {
	if e, ok := c.exceptions[d]; ok {
		return e.working
	}
	return c.Usual(d)
}

// Usual tells whether the weekly rhythm alone, without holidays and make-up
// days, would have d worked.
func (c *Calendar) Usual(d Date) bool { return c.week[d.Weekday()] }

// Name is the name of the day off or make-up day that d is, or "".
func (c *Calendar) Name(d Date) string { return c.exceptions[d].name }

// Covered tells whether the days off around d are known. Dates computed beyond
// are provisional: next year's holidays may still move them.
func (c *Calendar) Covered(d Date) bool {
	return !d.Before(c.coveredFrom) && !d.After(c.coveredUntil)
}

// CoveredFrom is the first day for which days off are known.
func (c *Calendar) CoveredFrom() Date { return c.coveredFrom }

// CoveredUntil is the last day for which days off are known.
func (c *Calendar) CoveredUntil() Date { return c.coveredUntil }

// Next is d itself if worked, else the next working day: a limit that ends on a
// day off ends with the next working day (Civil Code 2015 art. 148).
func (c *Calendar) Next(d Date) Date {
	for !c.Working(d) {
		d = d.AddDays(1)
	}
	return d
}

// Add is T+n in working days. The day of the event is not counted (Civil Code
// 2015 art. 147): +1 is the first working day after d, -1 the last one before
// it, whether d is worked or not; 0 is Next(d).
//
// It equals arithmetic on Number: for d worked, the working day numbered
// Number(d)+n; for d off, Number(d)+n when n > 0 and Number(d)+1+n when n < 0.
func (c *Calendar) Add(d Date, n int) Date {
	if n == 0 {
		return c.Next(d)
	}
	direction := 1
	if n < 0 {
		direction, n = -1, -n
	}
	for n > 0 {
		d = d.AddDays(direction)
		if c.Working(d) {
			n--
		}
	}
	return d
}

// Between counts the working days in (a, b]; it is negative when b is before a.
func (c *Calendar) Between(a, b Date) int { return c.Number(b) - c.Number(a) }

// Number is the running number of working days from a fixed epoch up to and
// including d. It depends on the calendar and d only, never on a window, so
// that T±n is a join in SQL; loading other exceptions renumbers the days after
// them.
func (c *Calendar) Number(d Date) int {
	days := int(d.utc().Sub(epoch.utc()) / (24 * time.Hour))
	weeks, rest := days/7, days%7
	if rest < 0 {
		weeks, rest = weeks-1, rest+7
	}
	number := 0
	for weekday, worked := range c.week {
		if !worked {
			continue
		}
		number += weeks
		if sinceMonday := (weekday + 6) % 7; sinceMonday <= rest {
			number++
		}
	}
	return number + c.shiftAt(d)
}

// shiftAt is the sum of shifts up to and including d.
func (c *Calendar) shiftAt(d Date) int {
	after := sort.Search(len(c.shifts), func(i int) bool { return c.shifts[i].date.After(d) })
	if after == 0 {
		return 0
	}
	return c.shifts[after-1].sum
}

// Days lists every day from from to to, both included.
func (c *Calendar) Days(from, to Date) []Day {
	var days []Day
	for d := from; !d.After(to); d = d.AddDays(1) {
		days = append(days, Day{
			Date:        d,
			Working:     c.Working(d),
			Number:      c.Number(d),
			Name:        c.Name(d),
			Provisional: !c.Covered(d),
		})
	}
	return days
}
