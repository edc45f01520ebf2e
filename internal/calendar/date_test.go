package calendar_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"thidua.dev/thidua/internal/calendar"
)

func TestParseDate(t *testing.T) {
	for _, tc := range []struct {
		reason string
		in     string
		want   calendar.Date
		ok     bool
	}{
		{"a plain day", "2021-10-15", calendar.Date{Year: 2021, Month: 10, Day: 15}, true},
		{"a leap day exists in 2024", "2024-02-29", calendar.Date{Year: 2024, Month: 2, Day: 29}, true},
		{"and not in 2023", "2023-02-29", calendar.Date{}, false},
		{"single digits are not padded for the author", "2021-9-7", calendar.Date{}, false},
		{"an instant is no day", "2021-09-07T14:00:00+07:00", calendar.Date{}, false},
		{"nothing is no day", "", calendar.Date{}, false},
	} {
		got, err := calendar.ParseDate(tc.in)
		if got != tc.want || (err == nil) != tc.ok {
			t.Errorf("%s: ParseDate(%q) = %v, %v; want %v", tc.reason, tc.in, got, err, tc.want)
		}
	}
}

func TestParseTimeOfDay(t *testing.T) {
	for _, tc := range []struct {
		reason string
		in     string
		want   calendar.TimeOfDay
		ok     bool
	}{
		{"morning", "08:30", calendar.TimeOfDay{Hour: 8, Minute: 30}, true},
		{"the first minute", "00:00", calendar.TimeOfDay{}, true},
		{"the last minute", "23:59", calendar.TimeOfDay{Hour: 23, Minute: 59}, true},
		{"24:00 belongs to the next day", "24:00", calendar.TimeOfDay{}, false},
		{"hours have two digits", "8:30", calendar.TimeOfDay{}, false},
		{"nothing is no time", "", calendar.TimeOfDay{}, false},
	} {
		got, err := calendar.ParseTimeOfDay(tc.in)
		if got != tc.want || (err == nil) != tc.ok {
			t.Errorf("%s: ParseTimeOfDay(%q) = %v, %v; want %v", tc.reason, tc.in, got, err, tc.want)
		}
	}
}

func TestDateInZone(t *testing.T) {
	hanoi, err := time.LoadLocation("Asia/Ho_Chi_Minh")
	if err != nil {
		t.Fatal(err)
	}
	late := time.Date(2021, 10, 14, 17, 30, 0, 0, time.UTC) // 00:30 of the 15th in Hà Nội
	if got := calendar.DateOf(late, hanoi).String(); got != "2021-10-15" {
		t.Errorf("DateOf = %s; want the day in Hà Nội, 2021-10-15", got)
	}
	end := calendar.NewDate(2021, 12, 31).At(24, 0, hanoi)
	if got := end.Format(time.RFC3339); got != "2022-01-01T00:00:00+07:00" {
		t.Errorf("24:00 of 31/12 = %s; want the next day's 00:00", got)
	}
	at := calendar.TimeOfDay{Hour: 17}.On(calendar.NewDate(2021, 10, 15), hanoi)
	if got := at.Format(time.RFC3339); got != "2021-10-15T17:00:00+07:00" {
		t.Errorf("On = %s", got)
	}
}

func TestDateProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, n := anyDate(t), rapid.IntRange(-5000, 5000).Draw(t, "n")
		moved := d.AddDays(n)
		if back := moved.AddDays(-n); back != d {
			t.Fatalf("%v %+d days and back is %v", d, n, back)
		}
		if (n > 0) != moved.After(d) || (n < 0) != moved.Before(d) {
			t.Fatalf("%v and %v compare wrongly", d, moved)
		}
		text, _ := d.MarshalText()
		var read calendar.Date
		if err := read.UnmarshalText(text); err != nil || read != d {
			t.Fatalf("%v reads back as %v, %v", d, read, err)
		}
		if end := d.MonthEnd(); end.Month != d.Month || end.AddDays(1).Day != 1 {
			t.Fatalf("month of %v ends on %v", d, end)
		}
	})
}

func anyDate(t *rapid.T) calendar.Date {
	return calendar.NewDate(2021, 1, 1).AddDays(rapid.IntRange(-2000, 4000).Draw(t, "day"))
}
