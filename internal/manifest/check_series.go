package manifest

import (
	"fmt"
	"time"

	v1 "thidua.dev/thidua/api/v1"
)

// series checks the reports: those of a period and single ones.
func (c *checker) series(campaign *v1.Campaign, zone *time.Location) {
	launch, ok := instant(campaign.Spec.Launch.At, eventTime, zone)
	if !ok {
		return
	}
	for i := range campaign.Spec.Reporting {
		field := fmt.Sprintf("spec.reporting[%d].", i)
		if s := &campaign.Spec.Reporting[i]; s.Period == "" {
			c.singleReport(campaign, field, s, launch, zone)
		} else {
			c.monthly(campaign, field, s, launch, zone)
		}
	}
}

func (c *checker) singleReport(campaign *v1.Campaign, field string, s *v1.Series, launch time.Time, zone *time.Location) {
	due, ok := instant(v1.Moment(s.Due.Date), string(s.Due.Time), zone)
	if !ok {
		return
	}
	if !due.After(launch) {
		c.report(campaign, field+"due.date", string(s.Due.Date), "must be after the launch (%s)", campaign.Spec.Launch.At).as(After, "spec.launch.at", string(campaign.Spec.Launch.At))
	}
	if n := len(campaign.Spec.Reviews); n > 0 {
		last := campaign.Spec.Reviews[n-1]
		if at, ok := instant(last.At, eventTime, zone); ok && due.After(at) {
			c.warn(campaign, field+"due.date", string(s.Due.Date), "is after the final review (%s), so its figures will not count", last.At).as(AfterFinalReview, string(last.At))
		}
	}
}

func (c *checker) monthly(campaign *v1.Campaign, field string, s *v1.Series, launch time.Time, zone *time.Location) {
	if s.Due.Day <= s.CutOffDay {
		c.report(campaign, field+"due.day", fmt.Sprint(s.Due.Day), "must be after cutOffDay (%d): a report is due once its period is over", s.CutOffDay).as(DueBeforeCutOff, fmt.Sprint(s.CutOffDay))
		return
	}
	first, err := time.ParseInLocation("2006-01", string(s.From), zone)
	last, err2 := time.ParseInLocation("2006-01", string(s.To), zone)
	if err != nil || err2 != nil {
		return
	}
	if due := dueDay(first, s.Due.Day); due.AddDate(0, 0, 1).Before(launch) {
		c.report(campaign, field+"from", string(s.From), "the first report would be due on %s, before the launch (%s)", due.Format(time.DateOnly), campaign.Spec.Launch.At).as(FirstDueTooEarly, due.Format(time.DateOnly))
	}
	calendar := c.set.Calendar(campaign.Spec.Calendar)
	if calendar == nil || s.Due.Roll != v1.RollNone {
		return // a deadline that rolls falls on a working day after the cut-off
	}
	for month := first; !month.After(last) && month.Before(first.AddDate(50, 0, 0)); month = month.AddDate(0, 1, 0) {
		cutOff, due := month.AddDate(0, 0, int(s.CutOffDay)-1), dueDay(month, s.Due.Day)
		if !workedBetween(calendar, cutOff, due) {
			c.warn(campaign, field+"due.day", fmt.Sprint(s.Due.Day),
				"in %s no working day lies between the cut-off and the deadline; NĐ 09/2019/NĐ-CP art. 8(5) asks for at least one (roll: NextWorkingDay gives it)", month.Format("2006-01"))
			return
		}
	}
}

// dueDay is the day of the month, or the month's last day if it is shorter.
func dueDay(month time.Time, day int32) time.Time {
	end := month.AddDate(0, 1, -1)
	return month.AddDate(0, 0, min(int(day), end.Day())-1)
}

// workedBetween tells whether a working day lies after the first day, up to and
// with the last.
func workedBetween(calendar *v1.Calendar, after, until time.Time) bool {
	for day := after.AddDate(0, 0, 1); !day.After(until); day = day.AddDate(0, 0, 1) {
		if worked(calendar, day) {
			return true
		}
	}
	return false
}

func worked(calendar *v1.Calendar, day time.Time) bool {
	for _, exception := range calendar.Spec.Days {
		if string(exception.Date) == day.Format(time.DateOnly) {
			return exception.Kind == "Work"
		}
	}
	for _, weekday := range calendar.Spec.WorkWeek {
		if string(weekday) == day.Weekday().String() {
			return true
		}
	}
	return false
}
