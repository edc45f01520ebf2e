package plan

import (
	"fmt"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/calendar"
)

// maxPeriods bounds one series: ten years of months.
const maxPeriods = 120

// period is one report of a series.
type period struct {
	name     string
	from, to calendar.Date // the data, both days included
	due      calendar.Date // before rolling
}

// periods lists the reports of a series. A month of data runs from the day after
// one cut-off to the next: the 15th to the 14th in NĐ 09/2019/NĐ-CP art. 12. A
// single report covers the days since the launch.
func (p *planner) periods(path string, s *v1.Series) ([]period, error) {
	launchDay := calendar.DateOf(p.launch, p.zone)
	if s.Period == "" {
		due, err := calendar.ParseDate(string(s.Due.Date))
		if err != nil {
			return nil, invalid(path+".due.date", "%v", err)
		}
		return []period{{name: due.String(), from: launchDay, to: due, due: due}}, nil
	}
	first, last, err := months(path, s)
	if err != nil {
		return nil, err
	}
	var periods []period
	for month := first; !month.After(last); month = month.MonthEnd().AddDays(1) {
		to := dayOfMonth(month, int(s.CutOffDay))
		from := dayOfMonth(month.AddDays(-1), int(s.CutOffDay)).AddDays(1)
		if month == first && s.FirstPeriod == "FromLaunch" {
			from = launchDay
		}
		if to.Before(from) {
			return nil, invalid(path, "period %s ends on %s, before the launch", monthName(month), to)
		}
		periods = append(periods, period{monthName(month), from, to, dayOfMonth(month, int(s.Due.Day))})
	}
	return periods, nil
}

// months are the first days of the first and the last month of a series.
func months(path string, s *v1.Series) (first, last calendar.Date, err error) {
	if first, err = calendar.ParseDate(string(s.From) + "-01"); err != nil {
		return first, last, invalid(path+".from", "%q is not a month such as 2021-10", s.From)
	}
	if last, err = calendar.ParseDate(string(s.To) + "-01"); err != nil {
		return first, last, invalid(path+".to", "%q is not a month such as 2021-10", s.To)
	}
	if last.Before(first) {
		return first, last, invalid(path+".to", "%s is before from %s", s.To, s.From)
	}
	if n := (last.Year-first.Year)*12 + int(last.Month-first.Month) + 1; n > maxPeriods {
		return first, last, invalid(path, "has %d periods; at most %d", n, maxPeriods)
	}
	for _, day := range []int32{s.CutOffDay, s.Due.Day} {
		if day < 1 || day > 31 {
			return first, last, invalid(path, "a monthly series has cutOffDay and due.day from 1 to 31")
		}
	}
	return first, last, nil
}

// dayOfMonth is a day of d's month, or its last day when the month is shorter.
func dayOfMonth(d calendar.Date, day int) calendar.Date {
	end := d.MonthEnd()
	return calendar.NewDate(end.Year, end.Month, min(day, end.Day))
}

func monthName(d calendar.Date) string { return fmt.Sprintf("%04d-%02d", d.Year, int(d.Month)) }
