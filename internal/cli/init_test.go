package cli

import (
	"path/filepath"
	"testing"

	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/scaffold"
)

// Whatever the day of the launch, what init writes can be applied as it is.
func TestInitOnAnyDay(t *testing.T) {
	list := []byte("code,name\n01,Phòng Một\n02,Phòng Hai\n")
	for day := calendar.NewDate(2026, 1, 1); day.Year < 2028; day = day.AddDays(5) {
		for _, template := range scaffold.Templates {
			n := newCampaign{dir: filepath.Join(t.TempDir(), "new"), name: "mau", template: template, today: day}
			u, problems := scaffold.ReadUnits("units.csv", list)
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			n.office = u.AddOffice("", "")
			s, err := n.schedule()
			if err != nil {
				t.Fatalf("%s, %s: %v", template, day, err)
			}
			files, err := n.files(s, u)
			if err != nil {
				t.Fatalf("%s, %s: %v", template, day, err)
			}
			p, warnings, err := writeChecked(n, u, files)
			if err != nil {
				t.Fatalf("%s, %s: %v", template, day, err)
			}
			if len(warnings) > 0 {
				t.Errorf("%s, %s: %v", template, day, warnings)
			}
			if p.Launch.Before(day.At(0, 0, zoneOf(defaultZone))) {
				t.Errorf("%s, %s: launched on %s", template, day, p.Launch)
			}
			for _, r := range p.Rounds {
				if !r.OpensAt.Before(r.Dues[0].At) {
					t.Errorf("%s, %s: round %s opens at %s, due at %s", template, day, r.Name, r.OpensAt, r.Dues[0].At)
				}
			}
			got := len(p.Rounds)
			if want := map[scaffold.Template]int{scaffold.Thematic: 5, scaffold.Short: 2}[template]; want > 0 && got != want || got > 17 {
				t.Errorf("%s, %s: %d rounds, want registration, the months and a final one", template, day, got)
			}
		}
	}
}
