package cli

import (
	"fmt"
	"time"
	_ "time/tzdata" // zones must be the same on every machine

	"thidua.dev/thidua/internal/calendar"
)

// defaultZone is where campaigns are when nothing says otherwise.
const defaultZone = "Asia/Ho_Chi_Minh"

// zoneOf is a campaign's time zone; it was checked when it was declared.
func zoneOf(name string) *time.Location {
	for _, n := range []string{name, defaultZone} {
		if loc, err := time.LoadLocation(n); err == nil && n != "" {
			return loc
		}
	}
	return time.UTC
}

var weekdays = [...]string{"Chủ nhật", "thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy"}

func weekday(t time.Time) string { return weekdays[t.Weekday()] }

// stamp writes an instant in tables.
func stamp(t time.Time, zone *time.Location) string { return t.In(zone).Format("02/01/2006 15:04") }

func stampOrDash(t *time.Time, zone *time.Location) string {
	if t == nil || t.IsZero() {
		return "-"
	}
	return stamp(*t, zone)
}

// longDay writes a day as offices do.
func longDay(t time.Time, zone *time.Location) string {
	t = t.In(zone)
	return weekday(t) + " " + t.Format("02/01/2006")
}

// hour writes a time of day as offices say it: 16 giờ 42.
func hour(t time.Time, zone *time.Location) string {
	t = t.In(zone)
	if t.Minute() == 0 {
		return fmt.Sprintf("%d giờ", t.Hour())
	}
	return fmt.Sprintf("%d giờ %02d", t.Hour(), t.Minute())
}

// parseInstant reads a date, which means the given hour of that day in the
// campaign's zone, or an instant with its offset.
func parseInstant(text string, hour, minute int, zone *time.Location) (time.Time, error) {
	if day, err := calendar.ParseDate(text); err == nil {
		return day.At(hour, minute, zone), nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	return time.Time{}, fmt.Errorf("%q is neither a date such as 2027-01-20 nor an instant such as 2027-01-20T17:00:00+07:00", text)
}
