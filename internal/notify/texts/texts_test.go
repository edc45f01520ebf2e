package texts

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	v1 "thidua.dev/thidua/api/v1"
)

func TestDates(t *testing.T) {
	zone := time.FixedZone("+07", 7*3600)
	for _, tt := range []struct {
		at     time.Time
		reason string
		vi     []string // Date, LongDate, Moment, ShortMoment
		en     []string
	}{
		{time.Date(2021, 9, 7, 14, 0, 0, 0, zone), "days below 10 have a zero, the months 3 to 9 none",
			[]string{"07/9/2021", "ngày 07 tháng 9 năm 2021", "14 giờ 00, thứ Ba, ngày 07/9/2021", "14 giờ 00, thứ Ba, 07/9/2021"},
			[]string{"7 September 2021", "7 September 2021", "14:00, Tuesday, 7 September 2021", "14:00, Tuesday, 7 September 2021"}},
		{time.Date(2022, 2, 1, 8, 5, 0, 0, zone), "the months 1 and 2 have a zero",
			[]string{"01/02/2022", "ngày 01 tháng 02 năm 2022", "08 giờ 05, thứ Ba, ngày 01/02/2022", "08 giờ 05, thứ Ba, 01/02/2022"},
			[]string{"1 February 2022", "1 February 2022", "08:05, Tuesday, 1 February 2022", "08:05, Tuesday, 1 February 2022"}},
		{time.Date(2021, 10, 31, 17, 0, 0, 0, zone), "Sunday is Chủ nhật",
			[]string{"31/10/2021", "ngày 31 tháng 10 năm 2021", "17 giờ 00, Chủ nhật, ngày 31/10/2021", "17 giờ 00, Chủ nhật, 31/10/2021"},
			[]string{"31 October 2021", "31 October 2021", "17:00, Sunday, 31 October 2021", "17:00, Sunday, 31 October 2021"}},
	} {
		for l, want := range map[Language][]string{VI: tt.vi, EN: tt.en} {
			c := In(l)
			got := []string{c.Date(tt.at), c.LongDate(tt.at), c.Moment(tt.at), c.ShortMoment(tt.at)}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s (-want +got):\n%s", tt.reason, d)
			}
		}
	}
}

func TestPeriod(t *testing.T) {
	for _, tt := range []struct {
		from, to v1.Date
		vi, en   string
	}{
		{"2021-09-07", "2021-10-14", "từ 07/9 đến hết 14/10/2021", "from 7 September to 14 October 2021"},
		{"2021-12-15", "2022-01-14", "từ 15/12/2021 đến hết 14/01/2022", "from 15 December 2021 to 14 January 2022"},
		{"2021-09-07", "", "từ 07/9/2021", "from 7 September 2021"},
		{"", "2021-10-14", "đến hết 14/10/2021", "to 14 October 2021"},
		{"", "", "", ""},
	} {
		for l, want := range map[Language]string{VI: tt.vi, EN: tt.en} {
			if got, err := In(l).Period(tt.from, tt.to); got != want || err != nil {
				t.Errorf("%s to %s: %q, %v; want %q", tt.from, tt.to, got, err, want)
			}
		}
	}
}

func TestDocument(t *testing.T) {
	for _, tt := range []struct {
		number, reason, vi, en string
	}{
		{"1423/QĐ-BTTTT", "", "Quyết định số 1423/QĐ-BTTTT ngày 16/9/2021", "Decision No. 1423/QĐ-BTTTT of 16 September 2021"},
		{"67/CT-BTTTT", "", "Chỉ thị số 67/CT-BTTTT ngày 16/9/2021", "Directive No. 67/CT-BTTTT of 16 September 2021"},
		{"3125/KH-UBND", "", "Kế hoạch số 3125/KH-UBND ngày 16/9/2021", "Plan No. 3125/KH-UBND of 16 September 2021"},
		{"09/2019/NĐ-CP", "the year may stand between number and letters", "Nghị định số 09/2019/NĐ-CP ngày 16/9/2021", "Decree No. 09/2019/NĐ-CP of 16 September 2021"},
		{"15764/BTC-TĐKT", "a letter has no letters for its type", "Văn bản số 15764/BTC-TĐKT ngày 16/9/2021", "Document No. 15764/BTC-TĐKT of 16 September 2021"},
		{"7", "", "Văn bản số 7 ngày 16/9/2021", "Document No. 7 of 16 September 2021"},
	} {
		for l, want := range map[Language]string{VI: tt.vi, EN: tt.en} {
			if got, err := In(l).Document(v1.Document{Number: tt.number, Date: "2021-09-16"}); got != want || err != nil {
				t.Errorf("%s: %q, %v; want %q (%s)", tt.number, got, err, want, tt.reason)
			}
		}
	}
}

// Both languages have the same words, so that no text has a hole in one of them.
func TestCataloguesMatch(t *testing.T) {
	vi, en := In(VI).Words, In(EN).Words
	for name, keys := range map[string][2]map[string]string{"documents": {vi.Documents, en.Documents}, "occasions": {vi.Occasions, en.Occasions}} {
		for k := range keys[0] {
			if keys[1][k] == "" {
				t.Errorf("%s: %s has no English", name, k)
			}
		}
		if len(keys[0]) != len(keys[1]) {
			t.Errorf("%s: %d in Vietnamese, %d in English", name, len(keys[0]), len(keys[1]))
		}
	}
	if len(vi.Weekdays) != 7 || len(en.Weekdays) != 7 {
		t.Error("a week has seven days")
	}
}
