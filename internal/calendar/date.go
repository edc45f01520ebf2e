package calendar

import (
	"cmp"
	"fmt"
	"time"
)

// Date is a day of the Gregorian calendar without time of day or zone. The zero
// Date is no day at all; see IsZero. Dates compare with ==.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// NewDate returns the day, carrying overflow as time.Date does: 32 January is
// 1 February.
func NewDate(year int, month time.Month, day int) Date {
	return fromUTC(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
}

// ParseDate reads a day such as 2021-10-15; a day that does not exist, such as
// 2021-02-30, is an error.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, fmt.Errorf("parse date %q: want a day such as 2021-10-15", s)
	}
	return fromUTC(t), nil
}

// DateOf is the day on which t falls in loc.
func DateOf(t time.Time, loc *time.Location) Date {
	year, month, day := t.In(loc).Date()
	return Date{year, month, day}
}

// IsZero tells whether d is no day.
func (d Date) IsZero() bool { return d == Date{} }

// String is the day as 2021-10-15.
func (d Date) String() string {
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day)
}

// MarshalText is String, or nothing for the zero Date.
func (d Date) MarshalText() ([]byte, error) {
	if d.IsZero() {
		return nil, nil
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads what MarshalText wrote.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// AddDays moves by calendar days, worked or not; n may be negative.
func (d Date) AddDays(n int) Date { return NewDate(d.Year, d.Month, d.Day+n) }

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday { return d.utc().Weekday() }

// Compare is -1, 0 or +1 as d is before, the same as or after e.
func (d Date) Compare(e Date) int {
	return cmp.Or(cmp.Compare(d.Year, e.Year), cmp.Compare(d.Month, e.Month), cmp.Compare(d.Day, e.Day))
}

// Before tells whether d is an earlier day than e.
func (d Date) Before(e Date) bool { return d.Compare(e) < 0 }

// After tells whether d is a later day than e.
func (d Date) After(e Date) bool { return d.Compare(e) > 0 }

// At is the instant of a time of day on d in loc. The end of d, 24:00, is
// At(24, 0, loc): the next day's 00:00.
func (d Date) At(hour, minute int, loc *time.Location) time.Time {
	return time.Date(d.Year, d.Month, d.Day, hour, minute, 0, 0, loc)
}

// MonthEnd is the last day of d's month.
func (d Date) MonthEnd() Date { return NewDate(d.Year, d.Month+1, 0) }

func (d Date) utc() time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}

func fromUTC(t time.Time) Date {
	year, month, day := t.Date()
	return Date{year, month, day}
}
