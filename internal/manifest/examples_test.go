package manifest

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	v1 "thidua.dev/thidua/api/v1"
)

func examples(name string) string { return filepath.Join("..", "..", "examples", name) }

// The examples are what people copy, so they must be without a problem, and
// without a warning.
func TestExamples(t *testing.T) {
	cases := []struct {
		reason       string
		dir          string
		campaign     v1.Name
		units        int
		participants map[v1.UnitKind]int
		contacts     int
	}{
		{"the seed has all 154 bodies of 2021, of which 89 take part", "seed-2021", "covid-2021", 154,
			map[v1.UnitKind]int{"agency": 20, "provincial_department": 63, "enterprise": 6}, 308},
		{"the quickstart has five units that take part, and two bodies that run it", "quickstart", "chuyen-doi-so-2027", 7,
			map[v1.UnitKind]int{"unit": 5}, 14},
	}
	for _, tc := range cases {
		t.Run(tc.dir, func(t *testing.T) {
			set, err := Load([]string{examples(tc.dir)}, nil)
			if err != nil {
				t.Fatalf("%s: %v", tc.reason, err)
			}
			if problems := set.Check(); len(problems) > 0 {
				t.Fatalf("%s:\n%v", tc.reason, problems)
			}
			campaign := set.Campaign(tc.campaign)
			if campaign == nil {
				t.Fatalf("no campaign %s", tc.campaign)
			}
			units, err := set.Units(campaign.Spec.Participants.Roster)
			if err != nil || len(units) != tc.units {
				t.Errorf("%s: %d units, %v", tc.reason, len(units), err)
			}
			kinds := map[v1.UnitKind]int{}
			for _, u := range set.Participants(campaign) {
				kinds[u.Kind]++
			}
			if diff := cmp.Diff(tc.participants, kinds); diff != "" {
				t.Errorf("%s: participants (-want +got):\n%s", tc.reason, diff)
			}
			if len(set.Contacts) != tc.contacts {
				t.Errorf("%s: %d contacts", tc.reason, len(set.Contacts))
			}
		})
	}
}
