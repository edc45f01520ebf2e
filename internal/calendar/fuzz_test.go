package calendar

import "testing"

// What is read is written as it was read; what is not, is an error and no panic.
func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"2021-10-15", "2024-02-29", "2023-02-29", "0000-01-01", "9999-12-31", "2021-1-5", "15/10/2021", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDate(s)
		if err == nil && d.String() != s {
			t.Errorf("%q was read as %s", s, d)
		}
	})
}

func FuzzParseTimeOfDay(f *testing.F) {
	for _, s := range []string{"08:30", "17:00", "00:00", "23:59", "24:00", "8:30", "0830", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, err := ParseTimeOfDay(s)
		if err == nil && at.String() != s {
			t.Errorf("%q was read as %s", s, at)
		}
	})
}
