package plan

import (
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/calendar"
)

func TestReasonText(t *testing.T) {
	cal := holidays(t)
	day := func(s string) calendar.Date {
		d, err := calendar.ParseDate(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	roll := func(from string) Reason { return rollReason(cal, day(from), cal.Next(day(from))) }
	count := func(from string, n int) Reason { return countReason(cal, day(from), cal.Add(day(from), n)) }
	for _, tc := range []struct {
		reason string
		why    Reason
		vi, en string
	}{
		{"nothing moved", Reason{}, "", ""},
		{"a weekend", roll("2022-01-15"),
			"15/01/2022 là thứ Bảy → thứ Hai 17/01/2022", "15 January 2022 is a Saturday → Monday 17 January 2022"},
		{"a holiday", roll("2022-02-01"),
			"01/02/2022 nghỉ Tết Nguyên đán → thứ Hai 07/02/2022", "1 February 2022 is off, Tết Nguyên đán → Monday 7 February 2022"},
		{"a weekend and the holiday behind it", roll("2022-01-29"),
			"29/01/2022 là thứ Bảy, sau đó nghỉ Tết Nguyên đán → thứ Hai 07/02/2022",
			"29 January 2022 is a Saturday, then is off, Tết Nguyên đán → Monday 7 February 2022"},
		{"a deadline on a make-up day", roll("2022-02-12"),
			"thứ Bảy 12/02/2022 làm bù cho 31/01", "Saturday 12 February 2022 is worked: làm bù cho 31/01"},
		{"a day off that rolls to a make-up day", roll("2022-02-11"),
			"11/02/2022 nghỉ ngày hội → thứ Bảy 12/02/2022; thứ Bảy 12/02/2022 làm bù cho 31/01",
			"11 February 2022 is off, ngày hội → Saturday 12 February 2022; Saturday 12 February 2022 is worked: làm bù cho 31/01"},
		{"a count over weekends only", count("2022-01-10", 8), "", ""},
		{"a count over Tết", count("2022-02-08", -5),
			"không tính ngày nghỉ Tết Nguyên đán 31/01/2022–04/02/2022",
			"not counting the holiday Tết Nguyên đán from 31 January 2022 to 4 February 2022"},
		{"a count over a single day and a make-up day", count("2022-02-10", 2),
			"không tính ngày nghỉ ngày hội 11/02/2022; tính cả thứ Bảy 12/02/2022 làm bù cho 31/01",
			"not counting the holiday ngày hội on 11 February 2022; counting Saturday 12 February 2022, worked: làm bù cho 31/01"},
		{"beyond what the calendar covers", Reason{Beyond: beyond(cal, day("2023-01-01"))},
			"tạm tính: lịch state mới có ngày nghỉ từ 01/01/2022 đến 31/12/2022",
			"provisional: calendar state covers holidays from 1 January 2022 to 31 December 2022 only"},
	} {
		if diff := cmp.Diff([]string{tc.vi, tc.en}, []string{tc.why.Text("vi"), tc.why.Text("en")}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
		}
	}
}

func TestSameHolidayTwiceIsTwoRuns(t *testing.T) {
	spec := v1.CalendarSpec{
		WorkWeek: []v1.Weekday{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday"}, CoveredFrom: "2021-01-01", CoveredUntil: "2022-12-31",
		Days: []v1.Day{
			{Date: "2021-09-02", Kind: "Off", Name: "Quốc khánh"}, {Date: "2021-09-03", Kind: "Off", Name: "Quốc khánh"},
			{Date: "2022-09-02", Kind: "Off", Name: "Quốc khánh"},
		},
	}
	cal, err := calendar.New("state", spec)
	if err != nil {
		t.Fatal(err)
	}
	from := calendar.NewDate(2021, 9, 1)
	want := []NamedDays{
		{"Quốc khánh", calendar.NewDate(2021, 9, 2), calendar.NewDate(2021, 9, 3)},
		{"Quốc khánh", calendar.NewDate(2022, 9, 2), calendar.NewDate(2022, 9, 2)},
	}
	if diff := cmp.Diff(want, countReason(cal, from, cal.Add(from, 270)).Skipped); diff != "" {
		t.Error(diff)
	}
}

// TestCataloguesAgree: each language has the same keys with the same names to
// fill in, and every key is known.
func TestCataloguesAgree(t *testing.T) {
	names := regexp.MustCompile(`\{\w+\}`)
	shape := func(c catalogue) map[string][]string {
		keys := map[string][]string{}
		for key, text := range c {
			keys[key] = names.FindAllString(text, -1)
			slices.Sort(keys[key])
			if text == "" {
				t.Errorf("key %s is empty", key)
			}
		}
		return keys
	}
	if diff := cmp.Diff(shape(catalogues["vi"]), shape(catalogues["en"])); diff != "" {
		t.Errorf("vi and en differ:\n%s", diff)
	}
}

// holidays is 2022 with Tết, an invented day off and a make-up Saturday.
func holidays(t *testing.T) *calendar.Calendar {
	t.Helper()
	spec := v1.CalendarSpec{
		WorkWeek:    []v1.Weekday{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday"},
		CoveredFrom: "2022-01-01", CoveredUntil: "2022-12-31",
		Days: []v1.Day{
			{Date: "2022-02-11", Kind: "Off", Name: "ngày hội"},
			{Date: "2022-02-12", Kind: "Work", Name: "làm bù cho 31/01"},
		},
	}
	for d := calendar.NewDate(2022, 1, 31); d.Before(calendar.NewDate(2022, 2, 5)); d = d.AddDays(1) {
		spec.Days = append(spec.Days, v1.Day{Date: v1.Date(d.String()), Kind: "Off", Name: "Tết Nguyên đán"})
	}
	cal, err := calendar.New("state", spec)
	if err != nil {
		t.Fatal(err)
	}
	return cal
}
