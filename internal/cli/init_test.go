package cli

import (
	"path/filepath"
	"testing"

	"thidua.dev/thidua/internal/calendar"
)

// Whatever the day of the launch, what init writes can be applied as it is.
func TestInitOnAnyDay(t *testing.T) {
	units := func() *unitList {
		return &unitList{
			file:  "units.csv",
			rows:  []map[string]string{{"code": "01", "name": "Phòng Một", "kind": "unit"}, {"code": "02", "name": "Phòng Hai", "kind": "unit"}},
			lines: []int{2, 3},
		}
	}
	for day := calendar.NewDate(2026, 1, 1); day.Year < 2028; day = day.AddDays(5) {
		n := newCampaign{dir: filepath.Join(t.TempDir(), "new"), name: "mau", today: day}
		u := units()
		u.addOffice(&n)
		s, err := n.schedule()
		if err != nil {
			t.Fatalf("%s: %v", day, err)
		}
		files, err := scaffold(n, s, u)
		if err != nil {
			t.Fatalf("%s: %v", day, err)
		}
		p, warnings, err := writeChecked(n, u, files)
		if err != nil {
			t.Fatalf("%s: %v", day, err)
		}
		if len(warnings) > 0 {
			t.Errorf("%s: %v", day, warnings)
		}
		if p.Launch.Before(day.At(0, 0, s.zone)) {
			t.Errorf("%s: launched on %s", day, p.Launch)
		}
		for _, r := range p.Rounds {
			if !r.OpensAt.Before(r.Dues[0].At) {
				t.Errorf("%s: round %s opens at %s, due at %s", day, r.Name, r.OpensAt, r.Dues[0].At)
			}
		}
		if got := len(p.Rounds); got != 5 {
			t.Errorf("%s: %d rounds, want registration, three months and a final one", day, got)
		}
	}
}

func TestQuoteYAML(t *testing.T) {
	for in, want := range map[string]string{
		`Thi đua "mẫu": <đợt> 1 & 2`: `"Thi đua \"mẫu\": <đợt> 1 & 2"`,
		"no":                         `"no"`,
		"a\nb":                       `"a\nb"`,
	} {
		if got, err := quoteYAML(in); err != nil || got != want {
			t.Errorf("quoteYAML(%q) = %s, %v; want %s", in, got, err, want)
		}
	}
}
