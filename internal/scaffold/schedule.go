package scaffold

import (
	"fmt"
	"slices"
	"strings"
	"time"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/manifest"
)

// Template is a kind of campaign that can be drawn up.
type Template string

const (
	Thematic Template = "thematic" // three monthly reports, a mid-term and a final review
	Short    Template = "short"    // one report at the end
	Yearly   Template = "yearly"   // every month of the year of the launch
)

// Templates are all of them, the usual one first.
var Templates = []Template{Thematic, Short, Yearly}

// Schedule is the dates that are proposed. The zero Date is a day that the template
// does not have.
type Schedule struct {
	Launch, Registration, FinalDue, Midterm, FinalReview, Decision, Ceremony, Until calendar.Date
	// First and Last are months with a monthly report: any day of them.
	First, Last calendar.Date
}

// firstReportUntil is the last day of a month on which a launch still leaves a week for
// that month's report.
const firstReportUntil = 8

// TooEarly is a launch before days off are known.
type TooEarly struct{ From calendar.Date }

func (e *TooEarly) Error() string {
	return fmt.Sprintf("days off are known from %s on; copy an example and its calendar instead", e.From)
}

// propose gives dates for a launch on a day, in working days of a calendar.
func propose(t Template, launch calendar.Date, cal *calendar.Calendar) (Schedule, error) {
	if launch.Before(cal.CoveredFrom()) {
		return Schedule{}, &TooEarly{cal.CoveredFrom()}
	}
	s := Schedule{Launch: launch, First: launch, Registration: launch.AddDays(14)}
	if launch.Day > firstReportUntil {
		s.First = monthDay(launch, 1, 1)
	}
	switch t {
	case Short:
		s.First = calendar.Date{}
		s.FinalDue = monthDay(launch, 2, 15)
		s.after(monthDay(launch, 3, 1))
	case Yearly:
		s.yearly()
	default:
		s.Last = monthDay(s.First, 2, 1)
		s.Midterm, s.FinalDue = monthDay(s.First, 2, 8), monthDay(s.First, 3, 15)
		s.after(monthDay(s.First, 4, 1))
	}
	s.rolled(cal)
	return s, nil
}

// rolled moves meetings and decisions to the next day that is worked.
func (s *Schedule) rolled(cal *calendar.Calendar) {
	for _, day := range []*calendar.Date{&s.Midterm, &s.FinalReview, &s.Decision, &s.Ceremony} {
		if (*day != calendar.Date{}) && !cal.Working(*day) {
			*day = cal.Next(*day)
		}
	}
}

// after puts what follows the final report into a month and half a year behind it.
func (s *Schedule) after(month calendar.Date) {
	s.FinalReview, s.Decision, s.Ceremony = monthDay(month, 0, 8), monthDay(month, 0, 20), monthDay(month, 0, 28)
	s.Until = monthDay(s.Ceremony, 6, 1).MonthEnd()
}

// yearly reports until the end of the year of the launch, or of the next where little of
// it is left, and reviews in the middle of what there is.
func (s *Schedule) yearly() {
	year := s.First.Year
	if s.First.Month > time.September {
		year++
	}
	s.Last = calendar.NewDate(year, time.November, 1)
	months := (year-s.First.Year)*12 + int(time.November-s.First.Month)
	s.Midterm, s.FinalDue = monthDay(s.First, (months+1)/2, 25), calendar.NewDate(year, time.December, 15)
	s.after(calendar.NewDate(year+1, time.January, 1))
}

// monthDay is a day of the month so many months after d.
func monthDay(d calendar.Date, months, day int) calendar.Date {
	return calendar.NewDate(d.Year, d.Month+time.Month(months), day)
}

// the form of commendation that every template nominates for.
const awardForm = "giay_khen"

// On fills in what follows from the day of the launch: the dates, the calendar they are
// counted in, and the law in force, out of what is declared. It is a *TooEarly before days
// off are known.
func (c *Campaign) On(launch calendar.Date, declared *manifest.Set) error {
	days := declared.Calendar(usualCalendar)
	if days == nil {
		days = declared.Calendars[0]
	}
	cal, err := calendar.New(days.Name, days.Spec)
	if err != nil {
		return err
	}
	c.Calendar = days.Name
	day := v1.Date(launch.String())
	for _, pack := range declared.RulePacks {
		in := pack.Spec.InForce
		if day >= in.From && (in.To == "" || day <= in.To) && slices.ContainsFunc(pack.Spec.Forms, func(f v1.AwardForm) bool { return f.Name == awardForm }) {
			c.RulePack = strings.ToUpper(pack.Name)
		}
	}
	c.Schedule, err = propose(c.Template, launch, cal)
	return err
}

// usualCalendar is what offices call the calendar of state offices.
const usualCalendar = "state"

// Given are the calendar and the rule pack that go with a campaign where an installation
// has none of its own, with every default.
func Given() *manifest.Set {
	set := manifest.NewSet()
	for name, data := range map[string][]byte{"calendar.yaml": Calendar(), "rulepack.yaml": RulePack()} {
		if err := set.Read(name, data); err != nil {
			panic(err) // they are embedded, and a test reads them
		}
	}
	return set
}
