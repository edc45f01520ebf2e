package manifest

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

const form = `# a note
apiVersion: thidua.dev/v1
kind: Campaign
metadata: {name: mau}   # short
spec:
  title:
    vi: Thi đua "mẫu"     # the full name
  launch: {at: 2026-12-07}
  empty: ''
  axes:   # goals
    - name: một
      weight: "60"   # of 100
      title: {vi: 'Việc ''chung''', en: x}
    # between
    - {name: hai, weight: "40"}
  reminders:
    - {step: prepare, offset: -5, time: "08:30"}
  flow: [{name: a}]
  long: >
    folded
    text
`

func TestSource(t *testing.T) {
	s, err := NewSource([]byte(form), "Campaign")
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"metadata.name": "mau", "spec.title.vi": `Thi đua "mẫu"`, "spec.launch.at": "2026-12-07", "spec.empty": "",
		"spec.axes[một].weight": "60", "spec.axes[một].title.vi": "Việc 'chung'", "spec.axes[hai].weight": "40", "spec.reminders[prepare].offset": "-5",
	} {
		if got, ok := s.Get(path); !ok || got != want {
			t.Errorf("%s is %q, %v; want %q", path, got, ok, want)
		}
	}
	for _, path := range []string{"spec", "spec.long", "spec.none", "spec.axes[ba].weight", "spec.axes", "spec.title.vi.x", "spec.axes[một].title"} {
		if got, ok := s.Get(path); ok {
			t.Errorf("%s is %q, and is no value", path, got)
		}
	}
	want := form
	for _, c := range []struct{ path, value, old, now, reason string }{
		{"spec.launch.at", "2027-01-04T14:00:00+07:00", "{at: 2026-12-07}", "{at: 2027-01-04T14:00:00+07:00}", "an instant needs no quotes"},
		{"spec.axes[hai].weight", "45", `"40"`, `"45"`, "quotes stay"},
		{"spec.title.vi", "Đợt 2: # mới", `Thi đua "mẫu"`, `"Đợt 2: # mới"`, "what would read as something else is quoted; the note stays"},
		{"metadata.name", "no", "{name: mau}", `{name: "no"}`, "a word that YAML takes for something else is quoted"},
		{"spec.reminders[prepare].offset", "-3", "offset: -5", "offset: -3", "a number stays one"},
	} {
		if err := s.Set(c.path, c.value); err != nil {
			t.Fatalf("%s: %v", c.reason, err)
		}
		want = strings.Replace(want, c.old, c.now, 1)
		if diff := cmp.Diff(want, string(s.Text())); diff != "" {
			t.Errorf("%s: %s", c.reason, diff)
		}
	}
}

func TestSourceWhole(t *testing.T) {
	s, err := NewSource([]byte("kind: Campaign\na: {max: \"ba\"}\nb: 5\n"), "Campaign")
	if err != nil {
		t.Fatal(err)
	}
	for path, value := range map[string]string{"a.max": "3", "b": "-5"} {
		if err := s.SetWhole(path, value); err != nil {
			t.Error(err)
		}
	}
	if got := string(s.Text()); got != "kind: Campaign\na: {max: 3}\nb: -5\n" {
		t.Errorf("%q", got)
	}
	if s.SetWhole("b", "năm") == nil || s.SetWhole("c", "1") == nil {
		t.Error("what is no whole number was written")
	}
}

func TestSourceItems(t *testing.T) {
	s, err := NewSource([]byte(form), "Campaign")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Repeat("spec.axes", "một", "ba"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"một", "ba", "hai"}, s.Items("spec.axes")); diff != "" {
		t.Error(diff)
	}
	if got, _ := s.Get("spec.axes[ba].weight"); got != "60" {
		t.Errorf("the twin weighs %s", got)
	}
	for _, name := range []string{"ba", "một", "hai"} {
		if err := s.Remove("spec.axes", name); err != nil {
			t.Error(err)
		}
	}
	for _, err := range []error{s.Repeat("spec.flow", "a", "b"), s.Remove("spec.flow", "a"), s.Remove("spec.none", "a"), s.Repeat("spec.reminders", "none", "x"), s.Repeat("spec.reminders", "prepare", "prepare")} {
		if err == nil {
			t.Error("taken")
		}
	}
	if !strings.Contains(string(s.Text()), "# between") {
		t.Error("a note between the items is gone")
	}
}

func TestSourceOptional(t *testing.T) {
	const text = "kind: Campaign\na: {x: 1, v: \"2\"} # note\nb:\n  c: 3\n  d: 4 # gone with its note\ne: [{name: f, g: h}]\ni:\n- j: k\n  l: m\n"
	for _, c := range []struct{ path, want, reason string }{
		{"a.x", "a: {v: \"2\"} # note", "the first goes with its comma"},
		{"a.v", "a: {x: 1} # note", "the last goes with the comma before it"},
		{"b.d", "b:\n  c: 3\ne:", "a line goes whole"},
		{"e[f].g", "e: [{name: f}]", "of a list's item"},
	} {
		s, err := NewSource([]byte(text), "Campaign")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Unset(c.path); err != nil || !strings.Contains(string(s.Text()), c.want) {
			t.Errorf("%s: %v\n%s", c.reason, err, s.Text())
		}
		if _, ok := s.Get(c.path); ok {
			t.Errorf("%s is still there", c.path)
		}
	}
	s, err := NewSource([]byte(text), "Campaign")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"none", "a.none", "b", "kind", "i.j"} {
		if s.Unset(path) == nil {
			t.Errorf("%s was taken out", path)
		}
	}
	for path, asText := range map[string]bool{"a.z": true, "e[f].o": false} {
		if !s.Holds(path) || s.Add(path, "5", asText) != nil {
			t.Errorf("%s was not added", path)
		}
	}
	if got := string(s.Text()); !strings.Contains(got, `{x: 1, v: "2", z: "5"} # note`) || !strings.Contains(got, "{name: f, g: h, o: 5}") {
		t.Errorf("%s", got)
	}
	for _, path := range []string{"a.x", "b.e", "none.x", "e.x"} {
		if s.Add(path, "5", true) == nil {
			t.Errorf("%s was added", path)
		}
	}
	if s.Add("a.w", "x: y", false) == nil {
		t.Error("what cannot stand without quotes was added without")
	}
}

func TestSourceList(t *testing.T) {
	s, err := NewSource([]byte("kind: Campaign\na: {exclude: [ \"VP\", SO ,]} # note\nb: []\nc: [{d: e}]\nd:\n- x\n"), "Campaign")
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := s.List("a.exclude"); !ok || len(got) != 2 || got[1] != "SO" {
		t.Errorf("%v, %v", got, ok)
	}
	for path, values := range map[string][]string{"a.exclude": nil, "b": {"01", "Sở: x"}} {
		if err := s.SetList(path, values); err != nil {
			t.Error(err)
		}
		if got, ok := s.List(path); !ok || !cmp.Equal(got, values, cmpopts.EquateEmpty()) {
			t.Errorf("%s is %v, %v", path, got, ok)
		}
	}
	for _, path := range []string{"c", "d", "kind", "none"} {
		if _, ok := s.List(path); ok || s.SetList(path, nil) == nil {
			t.Errorf("%s is such a list", path)
		}
	}
	if !strings.Contains(string(s.Text()), "{exclude: []} # note") {
		t.Errorf("%s", s.Text())
	}
}

// Whatever is written is read back, and nothing else changes.
func TestSourceReadsBack(t *testing.T) {
	text, err := os.ReadFile("../../examples/seed-2021/campaign.yaml")
	if err != nil {
		t.Fatal(err)
	}
	paths := []string{
		"metadata.name", "spec.title.vi", "spec.title.en", "spec.launch.at", "spec.launch.chairedBy", "spec.registration.until", "spec.axes[prevention].weight",
		"spec.axes[prevention].title.vi", "spec.reporting[monthly].due.day", "spec.reporting[monthly].from", "spec.reminders[overdue].offset",
	}
	rapid.Check(t, func(t *rapid.T) {
		s, err := NewSource(text, "Campaign")
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{}
		for _, p := range paths {
			v, ok := s.Get(p)
			if !ok {
				t.Fatalf("%s is not there", p)
			}
			want[p] = v
		}
		for range rapid.IntRange(1, 6).Draw(t, "edits") {
			path := rapid.SampledFrom(paths).Draw(t, "path")
			value := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "no", "15", "2026-12-07", "a: b", "'", `"`, "#", "- x", "\n", "~", "\u2028", "\u00a0"})).Draw(t, "value")
			if s.Set(path, value) == nil {
				want[path] = value
			}
			for p, w := range want {
				if got, ok := s.Get(p); !ok || got != w {
					t.Fatalf("after %s = %q: %s is %q, %v; want %q\n%s", path, value, p, got, ok, w, s.Text())
				}
			}
		}
	})
}

func FuzzSource(f *testing.F) {
	f.Add([]byte(form), "spec.axes[một].weight", "1")
	f.Add([]byte("kind: Campaign\na: [b, c]\n---\nkind: Roster\n"), "a", "x")
	f.Add([]byte("kind: Campaign\r\na: b\r\n"), "a", "x")
	f.Fuzz(func(t *testing.T, text []byte, path, value string) {
		s, err := NewSource(text, "Campaign")
		if err != nil {
			return
		}
		if s.Set(path, value) != nil {
			return
		}
		if got, ok := s.Get(path); path != "kind" && (!ok || got != value) {
			t.Errorf("%q is %q, %v; want %q in %q", path, got, ok, value, s.Text())
		}
		if s.Add(path+".new", value, true) == nil {
			if got, ok := s.Get(path + ".new"); !ok || got != value {
				t.Errorf("%q.new is %q, %v; want %q in %q", path, got, ok, value, s.Text())
			}
		}
		_ = s.Unset(path)
		for _, name := range s.Items(path) {
			_ = s.Repeat(path, name, "x")
			_ = s.Remove(path, name)
		}
	})
}
