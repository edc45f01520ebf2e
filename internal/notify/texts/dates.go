package texts

import (
	"fmt"
	"time"

	v1 "thidua.dev/thidua/api/v1"
)

// ParseDate reads a civil date; the time is midnight UTC.
func ParseDate(d v1.Date) (time.Time, error) { return time.Parse(time.DateOnly, string(d)) }

// Date is a day in figures: 07/9/2021, 01/02/2022. Decree 30/2020/NĐ-CP writes
// days below 10 and the months 1 and 2 with a leading zero, other months without.
// English is 7 September 2021.
func (c *Catalogue) Date(t time.Time) string {
	if c.Language == EN {
		return t.Format("2 January 2006")
	}
	return fmt.Sprintf("%s/%d", viDayMonth(t), t.Year())
}

// DayMonth is a day where the year is known: 07/9, 7 Sep.
func (c *Catalogue) DayMonth(t time.Time) string {
	if c.Language == EN {
		return t.Format("2 Jan")
	}
	return viDayMonth(t)
}

// LongDate is a day in words: ngày 07 tháng 9 năm 2021.
func (c *Catalogue) LongDate(t time.Time) string {
	if c.Language == EN {
		return t.Format("2 January 2006")
	}
	return fmt.Sprintf("ngày %02d tháng %s năm %d", t.Day(), viMonth(t), t.Year())
}

// Weekday is the name of the day.
func (c *Catalogue) Weekday(t time.Time) string { return c.Words.Weekdays[t.Weekday()] }

// Moment is an instant inside a sentence: 17 giờ 00, thứ Sáu, ngày 15/10/2021. It
// is written in t's own location.
func (c *Catalogue) Moment(t time.Time) string {
	if c.Language == EN {
		return c.ShortMoment(t)
	}
	return fmt.Sprintf("%02d giờ %02d, %s, ngày %s", t.Hour(), t.Minute(), c.Weekday(t), c.Date(t))
}

// ShortMoment is an instant in a heading or table: 17 giờ 00, thứ Sáu, 15/10/2021.
func (c *Catalogue) ShortMoment(t time.Time) string {
	if c.Language == EN {
		return t.Format("15:04, ") + c.Weekday(t) + ", " + c.Date(t)
	}
	return fmt.Sprintf("%02d giờ %02d, %s, %s", t.Hour(), t.Minute(), c.Weekday(t), c.Date(t))
}

// Month is a month after the name of what comes every month: 10/2021.
func (c *Catalogue) Month(t time.Time) string {
	if c.Language == EN {
		return t.Format("for January 2006")
	}
	return viMonth(t) + t.Format("/2006")
}

// Period is a span of days, both included: từ 07/9 đến hết 14/10/2021. Either
// end may be empty; with both empty it is empty.
func (c *Catalogue) Period(from, to v1.Date) (string, error) {
	var ends [2]time.Time
	for i, d := range []v1.Date{from, to} {
		if d == "" {
			continue
		}
		var err error
		if ends[i], err = ParseDate(d); err != nil {
			return "", err
		}
	}
	start, end := ends[0], ends[1]
	sameYear := start.Year() == end.Year()
	if c.Language == EN {
		switch {
		case from == "" && to == "":
			return "", nil
		case from == "":
			return "to " + c.Date(end), nil
		case to == "":
			return "from " + c.Date(start), nil
		case sameYear:
			return start.Format("from 2 January to ") + c.Date(end), nil
		}
		return "from " + c.Date(start) + " to " + c.Date(end), nil
	}
	switch {
	case from == "" && to == "":
		return "", nil
	case from == "":
		return "đến hết " + c.Date(end), nil
	case to == "":
		return "từ " + c.Date(start), nil
	case sameYear:
		return "từ " + viDayMonth(start) + " đến hết " + c.Date(end), nil
	}
	return "từ " + c.Date(start) + " đến hết " + c.Date(end), nil
}

// Count is a number inside a sentence; Vietnamese offices write 03.
func (c *Catalogue) Count(n int) string {
	if c.Language == EN {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%02d", n)
}

func viDayMonth(t time.Time) string { return fmt.Sprintf("%02d/%s", t.Day(), viMonth(t)) }

func viMonth(t time.Time) string {
	if t.Month() < time.March {
		return fmt.Sprintf("%02d", t.Month())
	}
	return fmt.Sprint(int(t.Month()))
}
