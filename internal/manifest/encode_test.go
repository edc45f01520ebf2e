package manifest

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	v1 "thidua.dev/thidua/api/v1"
)

func TestEncode(t *testing.T) {
	c := &v1.Calendar{}
	c.Name = "state"
	c.Labels = map[string]string{"year": "2021", "on": "yes"}
	c.Spec = v1.CalendarSpec{
		Title:        &v1.Text{VI: "Lịch: cơ quan"},
		WorkWeek:     []v1.Weekday{"Monday"},
		CoveredFrom:  "2021-01-01",
		CoveredUntil: "2021-12-31",
		Days:         []v1.Day{{Date: "2021-09-02", Kind: "Off", Name: "Quốc khánh"}},
	}
	got, err := Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	want := `apiVersion: thidua.dev/v1
kind: Calendar
metadata:
  name: state
  labels:
    "on": "yes"
    year: "2021"
spec:
  title:
    vi: 'Lịch: cơ quan'
  workWeek:
    - Monday
  coveredFrom: "2021-01-01"
  coveredUntil: "2021-12-31"
  days:
    - date: "2021-09-02"
      kind: "Off"
      name: Quốc khánh
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if _, err := Encode((*v1.Calendar)(nil)); err == nil {
		t.Error("nothing can be made of nil")
	}
}

// Everything in the examples comes back as it was.
func TestEncodeExamples(t *testing.T) {
	for _, dir := range []string{"seed-2021", "quickstart"} {
		set, err := Load([]string{examples(dir)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range set.Objects() {
			roundTrip(t, object)
		}
	}
}

func roundTrip(t interface {
	Fatalf(string, ...any)
}, object v1.Object) {
	data, err := Encode(object)
	if err != nil {
		t.Fatalf("%v", err)
	}
	again, err := Load([]string{"-"}, bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	if diff := cmp.Diff(object, again.Objects()[0]); diff != "" {
		t.Fatalf("-before +after:\n%s\n%s", diff, data)
	}
	var kubectl v1.MessageTemplate // what kubectl would read
	if want, ok := object.(*v1.MessageTemplate); ok {
		if err := yaml.UnmarshalStrict(data, &kubectl); err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		if diff := cmp.Diff(*want, kubectl); diff != "" {
			t.Fatalf("kubectl reads something else:\n%s\n%s", diff, data)
		}
	}
}

// Whatever text people put in comes back as it was, for us and for kubectl.
func TestEncodeAnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.StringN(1, 40, 160),
			rapid.SampledFrom([]string{"01", "08", "1e3", "no", "y", "~", "null", "0x1F", "1_000", "12:30:45", "2021-01-01", " a", "a ", "a\nb\n", "\ta", "- a", "a: b", "#", "&a", "*a", "!a", "%a", "@a", "`a", "\u0085", "\u2028", "\ufeff", "<<", "=", ".inf", "+1", "-.5", "|", ">", "'", `"`, `\`, "{a}", "[a", "? a", "---", "..."}),
		).Filter(func(s string) bool { return !strings.ContainsRune(s, 0) })
		m := &v1.MessageTemplate{}
		m.APIVersion, m.Kind, m.Name = APIVersion, "MessageTemplate", "nhac"
		m.Annotations = map[string]string{"thidua.dev/note": text.Draw(t, "note")}
		m.Spec = v1.MessageTemplateSpec{Step: "prepare", Language: "vi", Subject: text.Draw(t, "subject"), Body: text.Draw(t, "body")}
		roundTrip(t, m)
	})
}

// Whatever roster the schema allows comes back as it was.
func TestEncodeAnyRoster(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.StringMatching(`[A-Za-z0-9]([A-Za-z0-9._-]{0,8}[A-Za-z0-9])?`)
		name := rapid.StringMatching(`[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?`)
		r := &v1.Roster{}
		r.APIVersion, r.Kind, r.Name = APIVersion, "Roster", name.Draw(t, "name")
		codes := rapid.SliceOfNDistinct(code, 1, 8, rapid.ID[string]).Draw(t, "codes")
		for _, c := range codes {
			r.Spec.Units = append(r.Spec.Units, v1.Unit{
				Code: v1.UnitCode(c), Name: rapid.StringMatching(`[\p{Latin} ,:'"#-]{1,30}`).Draw(t, "name"),
				Kind:       v1.UnitKind(rapid.StringMatching(`[a-z][a-z0-9_]{0,8}`).Draw(t, "kind")),
				CollectsTo: v1.UnitCode(code.Draw(t, "collectsTo")), Group: v1.Name(name.Draw(t, "group")),
				ValidFrom: v1.Date(rapid.SampledFrom([]string{"", "2021-01-01"}).Draw(t, "validFrom")),
			})
		}
		roundTrip(t, r)
	})
}

func TestFieldDiff(t *testing.T) {
	load := func(file string) *v1.Campaign {
		set, err := Load([]string{file}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return set.Campaigns[0]
	}
	old := load("testdata/small.yaml")
	if got := FieldDiff(old, old.DeepCopy()); len(got) != 0 {
		t.Errorf("nothing differs, but %v", got)
	}
	new := old.DeepCopy()
	new.Generation, new.Status.Phase = 7, "Launched" // the engine's own
	new.Labels = map[string]string{"year": "2021"}
	new.Spec.Registration = nil
	new.Spec.Participants.Exclude = []v1.UnitCode{"02", "01"}
	new.Spec.Reporting[1].Due.Date = "2022-03-16"
	new.Spec.Reviews = append([]v1.Review{{Name: "early", At: "2021-11-30"}}, new.Spec.Reviews...)
	want := []Change{
		{"metadata.labels[year]", "", "2021"},
		{"spec.participants.exclude", "02", "02, 01"},
		{"spec.registration.until", "2021-09-30", ""},
		{"spec.reporting[final].due.date", "2022-03-15", "2022-03-16"},
		{"spec.reviews[early].at", "", "2021-11-30"},
		{"spec.reviews[early].name", "", "early"},
	}
	if diff := cmp.Diff(want, FieldDiff(old, new)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := FieldDiff(nil, old); len(got) < 50 || got[0].Old != "" {
		t.Errorf("everything is new: %d changes", len(got))
	}
	if got := FieldDiff((*v1.Campaign)(nil), nil); len(got) != 0 {
		t.Errorf("nothing and nothing: %v", got)
	}
}

func FuzzLoadYAML(f *testing.F) {
	data, err := os.ReadFile("testdata/small.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for doc := range bytes.SplitSeq(data, []byte("---\n")) {
		if len(doc) < 600 { // go test spends minutes on shrinking large inputs
			f.Add(doc)
		}
	}
	f.Add([]byte("apiVersion: thidua.dev/v1\nkind: Campaign\nmetadata: {name: a}\nspec:\n  title: {vi: A}\n  rulePack: V\n  calendar: a\n  office: a\n  launch: {at: 2021-01-01}\n  participants: {roster: a}\n  reporting: [{name: a, due: {date: 2021-02-01}}]\n"))
	for _, text := range []string{"", "a: *a", "a: &a [*a]", "? [a]\n: b", "<<: {}", "- - - -", "%YAML 1.2\n---\n", "a: !!binary x", "a: 0x_1", "a: 1__0", "a: +.inf", calendarYAML} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := Load([]string{"-"}, bytes.NewReader(data))
		if err == nil && len(set.Objects()) == 0 {
			t.Error("neither an object nor a problem")
		}
		set.Check()
		for _, object := range set.Objects() {
			roundTrip(t, object)
		}
		sameAsKubectl(t, data)
	})
}

// sameAsKubectl holds our reader against the parser of kubectl, for every
// document that is an object and that ours takes.
func sameAsKubectl(t *testing.T, data []byte) {
	text, problem := readText("-", data)
	if problem != nil {
		return
	}
	if bytes.Contains(text, []byte("!")) {
		return // our parser does not show a bare tag, "a: ! 1", which makes text of it
	}
	docs, problems := parseYAML("-", text)
	if len(docs) != 1 || len(problems) > 0 {
		return
	}
	var want map[string]any
	if err := yaml.UnmarshalStrict(text, &want); err != nil {
		return // it has stricter limits in places; ours must only agree where both read
	}
	if diff := cmp.Diff(normal(want), normal(docs[0].raw)); diff != "" {
		t.Errorf("-kubectl +ours:\n%s", diff)
	}
}

// normal gives numbers one type, as the two parsers go through JSON or not.
func normal(v any) any {
	switch x := v.(type) {
	case map[string]any:
		m := map[string]any{}
		for k, item := range x {
			m[k] = normal(item)
		}
		return m
	case []any:
		list := make([]any, len(x))
		for i, item := range x {
			list[i] = normal(item)
		}
		return list
	case int64:
		return float64(x)
	}
	return v
}

func FuzzLoadCSV(f *testing.F) {
	for _, text := range []string{
		"code,name,kind\n01,A,unit\n", "code;name;kind\r\n01;A;unit\r\n", "\xef\xbb\xbfcode,name,kind\n\"0\n1\",A,unit\n",
		"code,name,kind,focal_email\n01,A,unit,a@b.vn\n01,A,unit,a@b.vn\n", "code,name,kind\n,,\n", "\n", "\"",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, file := range []string{"a.roster.csv", "a.contacts.csv"} {
			set := NewSet()
			text, problem := readText(file, data)
			if problem != nil {
				continue
			}
			problems := set.loadCSV(file, text)
			if len(problems) == 0 && len(set.Rosters)+len(set.Contacts) == 0 {
				t.Error("neither a unit nor a problem")
			}
			set.Check()
			for _, object := range set.Objects() {
				roundTrip(t, object)
			}
		}
	})
}
