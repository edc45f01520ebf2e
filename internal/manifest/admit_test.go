package manifest

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "thidua.dev/thidua/api/v1"
)

// small is the campaign of testdata/small.yaml.
func small(t testing.TB) *v1.Campaign {
	t.Helper()
	data, err := os.ReadFile("testdata/small.yaml")
	if err != nil {
		t.Fatal(err)
	}
	set, err := Load([]string{"-"}, strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	return set.Campaigns[0]
}

func TestAdmitTransitions(t *testing.T) {
	cases := []struct {
		reason string
		stored func(*v1.Campaign)
		edit   func(*v1.Campaign)
		want   string
	}{
		{"nothing changes", nil, func(*v1.Campaign) {}, "<nil>"},
		{"what may change", nil, func(c *v1.Campaign) { c.Spec.Title.VI = "Thi đua yêu nước" }, "<nil>"},
		{"the zone stays", nil, func(c *v1.Campaign) { c.Spec.TimeZone = "Asia/Tokyo" },
			`Campaign thi-dua: spec.timeZone: "Asia/Tokyo": timeZone cannot change after creation`},
		{"the parent stays", func(c *v1.Campaign) { c.Spec.Parent = "pm-2021" }, func(c *v1.Campaign) { c.Spec.Parent = "pm-2022" },
			`Campaign thi-dua: spec.parent: "pm-2022": parent cannot change after creation`},
		{"no parent is added", nil, func(c *v1.Campaign) { c.Spec.Parent = "pm-2021" },
			"Campaign thi-dua: spec: parent cannot be added or removed after creation"},
		{"nor removed", func(c *v1.Campaign) { c.Spec.Parent = "pm-2021" }, func(c *v1.Campaign) { c.Spec.Parent = "" },
			"Campaign thi-dua: spec: parent cannot be added or removed after creation"},
		{"the name stays", nil, func(c *v1.Campaign) { c.Name = "thi-dua-2" },
			`Campaign thi-dua-2: metadata.name: "thi-dua-2": field is immutable`},
		{"what a later rule would refuse may stay as it is", func(c *v1.Campaign) { c.Spec.Axes[0].Weight = "sixty" }, func(c *v1.Campaign) { c.Spec.Title.VI = "Thi đua yêu nước" }, "<nil>"},
		{"but not be changed into something else that is refused", func(c *v1.Campaign) { c.Spec.Axes[0].Weight = "sixty" }, func(c *v1.Campaign) { c.Spec.Axes[0].Weight = "fifty" },
			`Campaign thi-dua: spec.axes[0].weight: "fifty": must be a decimal written as a string, such as "50"`},
	}
	for _, tc := range cases {
		t.Run(tc.reason, func(t *testing.T) {
			stored := small(t)
			if tc.stored != nil {
				tc.stored(stored)
			}
			edited := stored.DeepCopy()
			tc.edit(edited)
			_, err := Admit(edited, stored)
			if diff := cmp.Diff(tc.want, fmt.Sprint(err)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestAdmitStatusAndGeneration(t *testing.T) {
	stored := small(t)
	stored.Generation, stored.ResourceVersion, stored.UID = 4, "17", "u-1"
	stored.CreationTimestamp = metav1.NewTime(time.Date(2021, 9, 1, 0, 0, 0, 0, time.UTC))
	stored.Status.ObservedGeneration, stored.Status.Phase = 4, "Launched"

	mine := small(t) // as a file has it: without what the server keeps
	mine.Status.Phase = "Closed"
	before := mine.DeepCopy()

	admitted, err := Admit(mine, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c := admitted.(*v1.Campaign); c.Generation != 1 || c.Status.Phase != "" || c.Status.ObservedGeneration != -1 {
		t.Errorf("created: generation %d, status %+v; want 1 and an unobserved status", c.Generation, c.Status)
	}
	admitted, err = Admit(mine, stored)
	if err != nil {
		t.Fatal(err)
	}
	if c := admitted.(*v1.Campaign); c.Generation != 4 || c.Status.Phase != "Launched" {
		t.Errorf("unchanged: generation %d, phase %s; want 4 and Launched", c.Generation, c.Status.Phase)
	}
	if diff := cmp.Diff(before, mine); diff != "" {
		t.Errorf("what is given must not change:\n%s", diff)
	}
	mine.Labels = map[string]string{"year": "2021"}
	if admitted, err = Admit(mine, stored); err != nil || admitted.GetGeneration() != 4 {
		t.Errorf("a label is no new generation: %d, %v", admitted.GetGeneration(), err)
	}
	mine.Spec.Title.EN = "Emulation"
	if admitted, err = Admit(mine, stored); err != nil || admitted.GetGeneration() != 5 {
		t.Errorf("a title is: %d, %v", admitted.GetGeneration(), err)
	}
}

func TestSetAdmitNamesTheLine(t *testing.T) {
	set, _ := edited(t)
	stored := set.Campaigns[0].DeepCopy()
	stored.Spec.Parent = "pm-2021"
	_, err := set.Admit(set.Campaigns[0], stored)
	want := "small.yaml:46: Campaign thi-dua: spec: parent cannot be added or removed after creation"
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAdmitFillsInDefaults(t *testing.T) {
	c := &v1.Calendar{}
	c.Name, c.Spec.CoveredFrom, c.Spec.CoveredUntil = "state", "2021-01-01", "2021-12-31"
	c.Spec.Days = []v1.Day{{Date: "2021-09-02", Name: "Quốc khánh"}}
	admitted, err := Admit(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := admitted.(*v1.Calendar).Spec; got.Days[0].Kind != "Off" || len(got.WorkWeek) != 5 {
		t.Errorf("got %+v", got)
	}
}

// Every pattern of the schema needs words: nobody reads regular expressions.
func TestEveryPatternHasWords(t *testing.T) {
	for kind := range kinds {
		spec := schemaOf(kind).structural.Properties["spec"]
		eachField("spec", &spec, func(path string, s *structuralschema.Structural) {
			if s.ValueValidation == nil || s.ValueValidation.Pattern == "" {
				return
			}
			words, ok := expected[s.ValueValidation.Pattern]
			if !ok {
				t.Errorf("%s: %s: no words for pattern %s", kind, path, s.ValueValidation.Pattern)
				return
			}
			example := words[strings.Index(words, "such as ")+len("such as "):]
			example = strings.Trim(strings.Split(example, ", or")[0], `"`)
			if !regexp.MustCompile(s.ValueValidation.Pattern).MatchString(example) {
				t.Errorf("%s: %s: the example %q is itself refused", kind, path, example)
			}
		})
	}
}

// The CSV loader puts rosters into the Set as they are, so no field of a roster
// may get a default.
func TestRosterHasNoDefaults(t *testing.T) {
	spec := schemaOf("Roster").structural.Properties["spec"]
	eachField("spec", &spec, func(path string, s *structuralschema.Structural) {
		if s.Default.Object != nil {
			t.Errorf("%s has a default; admitRoster has to convert back what it admits", path)
		}
	})
}

func eachField(path string, s *structuralschema.Structural, visit func(string, *structuralschema.Structural)) {
	visit(path, s)
	for name, property := range s.Properties {
		eachField(path+"."+name, &property, visit)
	}
	if s.Items != nil {
		eachField(path+"[]", s.Items, visit)
	}
}
