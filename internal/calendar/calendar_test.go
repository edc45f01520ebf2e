package calendar_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/calendar"
)

var mondayToFriday = []v1.Weekday{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday"}

// stateSpec has the days off of state offices that the vectors need. Public
// notices: Tết and National Day of 2021, TB 9441/TB-BNV for 2026.
func stateSpec() v1.CalendarSpec {
	spec := v1.CalendarSpec{WorkWeek: mondayToFriday, CoveredFrom: "2021-01-01", CoveredUntil: "2026-12-31"}
	for _, run := range []struct {
		first string
		days  int
		name  string
	}{
		{"2021-04-30", 4, "30/4 và 1/5, nghỉ bù"},
		{"2021-09-02", 2, "Quốc khánh"},
		{"2022-01-03", 1, "Tết Dương lịch, nghỉ bù"},
		{"2022-01-31", 5, "Tết Nguyên đán"},
		{"2022-05-02", 2, "30/4 và 1/5, nghỉ bù"},
		{"2026-02-16", 5, "Tết Nguyên đán"},
		{"2026-08-31", 3, "Quốc khánh"},
	} {
		first, err := calendar.ParseDate(run.first)
		if err != nil {
			panic(err)
		}
		for i := range run.days {
			spec.Days = append(spec.Days, v1.Day{Date: v1.Date(first.AddDays(i).String()), Kind: "Off", Name: run.name})
		}
	}
	spec.Days = append(spec.Days, v1.Day{Date: "2026-08-22", Kind: "Work", Name: "làm bù cho 31/8"})
	return spec
}

func build(t testing.TB, spec v1.CalendarSpec) *calendar.Calendar {
	t.Helper()
	c, err := calendar.New("state", spec)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func date(t testing.TB, s string) calendar.Date {
	t.Helper()
	d, err := calendar.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestAdd(t *testing.T) {
	c := build(t, stateSpec())
	for _, tc := range []struct {
		reason string
		from   string
		n      int
		want   string
	}{
		{"National Day 2021 and a weekend lie between", "2021-09-01", 1, "2021-09-06"},
		{"ten working days are two weeks without holidays", "2021-09-07", 10, "2021-09-21"},
		{"Saturday 22/08/2026 is worked and counts", "2026-08-19", 5, "2026-08-25"},
		{"back over that Saturday", "2026-08-24", -1, "2026-08-22"},
		{"the first working day after a day off", "2021-09-02", 1, "2021-09-06"},
		{"the last one before a day off", "2021-09-03", -1, "2021-09-01"},
		{"a Saturday's next working day is Monday", "2021-09-25", 1, "2021-09-27"},
		{"a Saturday's previous working day is Friday", "2021-09-25", -1, "2021-09-24"},
		{"zero is the day itself if worked", "2021-09-24", 0, "2021-09-24"},
		{"zero from a day off is the next working day", "2021-09-25", 0, "2021-09-27"},
		{"the last day before Tết 2022 is Friday 28/01", "2022-02-07", -1, "2022-01-28"},
		{"five working days before the return from Tết", "2022-02-07", -5, "2022-01-24"},
		{"from inside Tết forward", "2022-02-02", 1, "2022-02-07"},
		{"from inside Tết backward", "2022-02-02", -1, "2022-01-28"},
		{"around Tết 2022 from the day before the eve", "2022-01-27", 3, "2022-02-08"},
		{"30/4/2021 to 3/5/2021 are off", "2021-04-29", 1, "2021-05-04"},
		{"30/4/2022 is a Saturday, made up on 2 and 3 May", "2022-04-29", 1, "2022-05-04"},
		{"the year's end with its made-up holiday", "2021-12-31", 1, "2022-01-04"},
	} {
		if got := c.Add(date(t, tc.from), tc.n); got != date(t, tc.want) {
			t.Errorf("%s: %s %+d = %s; want %s", tc.reason, tc.from, tc.n, got, tc.want)
		}
	}
}

func TestNext(t *testing.T) {
	c := build(t, stateSpec())
	for _, tc := range []struct {
		reason string
		day    string
		want   string
		name   string
	}{
		{"a worked day stays", "2021-10-15", "2021-10-15", ""},
		{"Saturday rolls to Monday", "2021-09-25", "2021-09-27", ""},
		{"Sunday 15/02/2026 rolls over the whole of Tết", "2026-02-15", "2026-02-23", ""},
		{"a holiday rolls over the weekend behind it", "2021-09-02", "2021-09-06", "Quốc khánh"},
		{"a make-up Saturday is worked", "2026-08-22", "2026-08-22", "làm bù cho 31/8"},
		{"the Saturday after it is not", "2026-08-29", "2026-09-03", ""},
	} {
		day := date(t, tc.day)
		if got := c.Next(day); got != date(t, tc.want) {
			t.Errorf("%s: Next(%s) = %s; want %s", tc.reason, tc.day, got, tc.want)
		}
		if got := c.Name(day); got != tc.name {
			t.Errorf("%s: Name(%s) = %q; want %q", tc.reason, tc.day, got, tc.name)
		}
	}
}

func TestDays(t *testing.T) {
	spec := stateSpec()
	spec.CoveredUntil = "2026-08-23"
	c := build(t, spec)
	first := c.Number(date(t, "2026-08-20"))
	want := []calendar.Day{
		{Date: date(t, "2026-08-21"), Working: true, Number: first + 1},
		{Date: date(t, "2026-08-22"), Working: true, Number: first + 2, Name: "làm bù cho 31/8"},
		{Date: date(t, "2026-08-23"), Number: first + 2},
		{Date: date(t, "2026-08-24"), Working: true, Number: first + 3, Provisional: true},
	}
	got := c.Days(date(t, "2026-08-21"), date(t, "2026-08-24"))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n := c.Between(date(t, "2026-08-19"), date(t, "2026-08-25")); n != 5 {
		t.Errorf("Between = %d; want the 5 working days of (19/08, 25/08]", n)
	}
	if n := c.Between(date(t, "1899-12-28"), date(t, "1900-01-02")); n != 3 {
		t.Errorf("Between = %d; want 3 working days, the numbering's epoch is not special", n)
	}
	if c.Covered(date(t, "2020-12-31")) {
		t.Error("a day before coveredFrom is covered")
	}
}

func TestNewRefuses(t *testing.T) {
	for _, tc := range []struct {
		reason string
		change func(*v1.CalendarSpec)
		want   string
	}{
		{"without a working day nothing ever rolls to an end", func(s *v1.CalendarSpec) { s.WorkWeek = nil }, "workWeek"},
		{"an unknown weekday", func(s *v1.CalendarSpec) { s.WorkWeek = []v1.Weekday{"Thứ Hai"} }, "workWeek"},
		{"a day that does not exist", func(s *v1.CalendarSpec) { s.Days[0].Date = "2021-02-30" }, "days"},
		{"a day with two meanings", func(s *v1.CalendarSpec) { s.Days = append(s.Days, s.Days[0]) }, "listed twice"},
		{"an unknown kind", func(s *v1.CalendarSpec) { s.Days[0].Kind = "false" }, "neither Off nor Work"},
		{"covered backwards", func(s *v1.CalendarSpec) { s.CoveredUntil = "2020-01-01" }, "coveredUntil"},
		{"no cover at all", func(s *v1.CalendarSpec) { s.CoveredFrom = "" }, "coveredFrom"},
	} {
		spec := stateSpec()
		tc.change(&spec)
		if _, err := calendar.New("state", spec); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error %v; want one about %q", tc.reason, err, tc.want)
		}
	}
}

// TestAddIsNumberArithmetic holds Add equal to what SQL does with the running
// number of working days.
func TestAddIsNumberArithmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyCalendar(t)
		d, n := anyDate(t), rapid.IntRange(-60, 60).Draw(t, "n")
		number := c.Number(d)
		switch {
		case c.Working(d) || n > 0:
			number += n
		case n < 0:
			number += n + 1
		default: // the next working day
			number++
		}
		if got := c.Add(d, n); !c.Working(got) || c.Number(got) != number {
			t.Fatalf("%v %+d = %v, working %v, number %d; want the working day %d",
				d, n, got, c.Working(got), c.Number(got), number)
		}
	})
}

// TestNumberIsACount holds Number equal to counting, whatever the window.
func TestNumberIsACount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, from := anyCalendar(t), anyDate(t)
		to := from.AddDays(rapid.IntRange(0, 60).Draw(t, "length"))
		number := c.Number(from.AddDays(-1))
		for _, day := range c.Days(from, to) {
			if day.Working {
				number++
			}
			if day.Number != number {
				t.Fatalf("%v has number %d; counted %d", day.Date, day.Number, number)
			}
		}
		if got := c.Between(from.AddDays(-1), to); got != number-c.Number(from.AddDays(-1)) {
			t.Fatalf("Between = %d", got)
		}
	})
}

// anyCalendar has any week and any exceptions, also ones that change nothing.
func anyCalendar(t *rapid.T) *calendar.Calendar {
	week := rapid.SliceOfNDistinct(rapid.SampledFrom([]v1.Weekday{
		"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
	}), 1, 7, rapid.ID[v1.Weekday]).Draw(t, "week")
	spec := v1.CalendarSpec{WorkWeek: week, CoveredFrom: "2021-01-01", CoveredUntil: "2023-12-31"}
	days := rapid.SliceOfNDistinct(rapid.IntRange(-100, 900), 0, 60, rapid.ID[int]).Draw(t, "exceptions")
	for _, day := range days {
		spec.Days = append(spec.Days, v1.Day{
			Date: v1.Date(calendar.NewDate(2021, 1, 1).AddDays(day).String()),
			Kind: rapid.SampledFrom([]string{"Off", "Work"}).Draw(t, "kind"),
			Name: "x",
		})
	}
	c, err := calendar.New("any", spec)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
