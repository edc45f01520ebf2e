package manifest

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	v1 "thidua.dev/thidua/api/v1"
)

var update = flag.Bool("update", false, "write the golden files")

const calendarYAML = "apiVersion: thidua.dev/v1\nkind: Calendar\nmetadata: {name: state}\nspec: {coveredFrom: 2021-01-01, coveredUntil: 2021-12-31}\n"

func TestLoadRefuses(t *testing.T) {
	cases := []struct {
		reason, text, want string
	}{
		// what is no text
		{"nothing", "", "a.yaml: the file is empty (0 bytes)"},
		{"a byte order mark and nothing", "\xef\xbb\xbf", "a.yaml: the file is empty (0 bytes)"},
		{"only notes", "# later\n", "a.yaml: no object in this file; expected apiVersion, kind, metadata and spec"},
		{"only separators", "---\n---\n", "a.yaml: no object in this file; expected apiVersion, kind, metadata and spec"},
		{"a picture", "\x89PNG\x00\x00", "a.yaml: this is a binary file; expected text in UTF-8"},
		{"an old Vietnamese encoding", "kind: X\nname: Th\xfe", "a.yaml:2: the text is not in UTF-8; save it as UTF-8 (in Excel: CSV UTF-8)"},
		{"UTF-16 as Notepad writes it", "\xff\xfek\x00", "a.yaml: the text is in UTF-16; save it as UTF-8"},

		// what is no YAML
		{"a tab for indentation", "kind: Campaign\nspec:\n\toffice: A\n", "a.yaml:3: not valid YAML: this character cannot stand here; indent with spaces, not tabs, and put text that begins with a special character in quotes"},
		{"a second colon", "kind: Campaign: x\n", "a.yaml:1: not valid YAML: a second colon on the line, or wrong indentation; put text that holds a colon in quotes"},
		{"no colon", "kind\nspec: {}\n", "a.yaml:2: not valid YAML: a second colon on the line, or wrong indentation; put text that holds a colon in quotes"},
		{"a list is no object", "- a\n", "a.yaml:1: expected an object that begins with apiVersion, kind and metadata"},
		{"a word is no object", "hello\n", "a.yaml:1: expected an object that begins with apiVersion, kind and metadata"},

		// hostile YAML
		{"an alias could be a bomb", "a: &a [x]\nb: [*a, *a]\n",
			"a.yaml:1: a: anchors (&name) and aliases (*name) are not supported; write the value out, or in quotes if it is text\n" +
				"a.yaml:2: b[0]: anchors (&name) and aliases (*name) are not supported; write the value out, or in quotes if it is text\n" +
				"a.yaml:2: b[1]: anchors (&name) and aliases (*name) are not supported; write the value out, or in quotes if it is text"},
		{"an alias to nothing", "a: *b\n", "a.yaml: aliases (*name) are not supported; put text that begins with * in quotes"},
		{"a merge", "a: {<<: {b: c}}\n", "a.yaml:1: a: merge keys (<<) are not supported; write the fields out"},
		{"a tag", "a: !!str 01\n", "a.yaml:1: a: tags (!!str) are not supported; put text in quotes instead"},
		{"a flood of words", "a: !" + strings.Repeat("x", 2000) + " y\n", "a.yaml:1: a: tags (!" + strings.Repeat("x", 793) + "…"},
		{"a tag of one's own", "a: !include other.yaml\n", "a.yaml:1: a: tags (!include) are not supported; put text in quotes instead"},
		{"a well", "a: " + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "\n", "a.yaml:1: nested more than 32 levels deep; is the indentation right?"},
		{"a flood", strings.Repeat("- a\n", 1_000_001), "a.yaml: more than 1,000,000 values; put large lists of units into NAME.roster.csv"},
		{"a field that is a list", "[a]: b\n", "a.yaml:1: a field's name must be plain text"},
		{"a field that is a boolean", "on: b\n", `a.yaml:1: a field's name must be text; put it in quotes: "on"`},
		{"a field given twice", "apiVersion: thidua.dev/v1\nkind: Calendar\nkind: Roster\n", "a.yaml:3: kind: given twice; the first is on line 2"},
		{"deep down too", strings.Replace(calendarYAML, "coveredFrom: 2021-01-01", "coveredFrom: 2021-01-01, coveredFrom: 2021-01-02", 1),
			"a.yaml:4: spec.coveredFrom: given twice; the first is on line 4"},

		// what is none of ours
		{"neither version nor kind", "name: x\n", "a.yaml:1: no apiVersion and kind; an object begins with apiVersion: thidua.dev/v1 and kind: Calendar, Campaign, MessageTemplate, Roster or RulePack"},
		{"no version", "kind: Calendar\n", "a.yaml:1: apiVersion is missing; write apiVersion: thidua.dev/v1"},
		{"no kind", "apiVersion: thidua.dev/v1\n", "a.yaml:1: kind is missing; it is Calendar, Campaign, MessageTemplate, Roster or RulePack"},
		{"another version", "apiVersion: thidua.dev/v2\nkind: Calendar\n", `a.yaml:1: apiVersion: "thidua.dev/v2": must be thidua.dev/v1`},
		{"another kind", "apiVersion: thidua.dev/v1\nkind: Campain\n",
			`a.yaml:2: kind: "Campain": unknown kind; did you mean "Campaign"? known: Calendar, Campaign, MessageTemplate, Roster, RulePack`},

		// metadata
		{"no metadata", strings.Replace(calendarYAML, "metadata: {name: state}\n", "", 1), "a.yaml:1: Calendar: metadata.name: is missing; every object needs a name, such as state"},
		{"no name", strings.Replace(calendarYAML, "name: state", "", 1), "a.yaml:3: Calendar: metadata.name: is missing; every object needs a name, such as state"},
		{"a number for a name", strings.Replace(calendarYAML, "name: state", "name: 2021", 1), `a.yaml:3: Calendar: metadata.name: put it in quotes: "2021"`},
		{"a name that a cluster would not take", strings.Replace(calendarYAML, "name: state", "name: State", 1),
			`a.yaml:3: Calendar State: metadata.name: "State": must be lower-case letters, digits and dashes, at most 63, such as state`},
		{"a name with a dot could not be referred to", strings.Replace(calendarYAML, "name: state", "name: state.2021", 1),
			`a.yaml:3: Calendar state.2021: metadata.name: "state.2021": must be lower-case letters, digits and dashes, at most 63, such as state`},
		{"a slip in metadata", strings.Replace(calendarYAML, "name: state", "name: state, lables: {}", 1),
			"a.yaml:3: Calendar state: metadata.lables: unknown field; metadata takes name, labels and annotations"},
		{"a number for a label", strings.Replace(calendarYAML, "name: state", "name: state, labels: {year: 2021}", 1),
			`a.yaml:3: Calendar state: metadata.labels[year]: put it in quotes: "2021"`},
		{"metadata that is a word", strings.Replace(calendarYAML, "{name: state}", "state", 1),
			"a.yaml:3: Calendar: metadata: must be a group of fields: name, and perhaps labels and annotations"},
		{"the same object twice", calendarYAML + "---\n" + calendarYAML, "a.yaml:6: Calendar state: declared twice; the other one is in a.yaml:1"},
	}
	for _, tc := range cases {
		t.Run(tc.reason, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.WriteFile("a.yaml", []byte(tc.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Load([]string{"a.yaml"}, nil)
			got := fmt.Sprint(err)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("-want +got:\n%s\n%s", diff, got)
			}
		})
	}
}

// Field by field: what the schema refuses, in words.
func TestLoadRefusesFields(t *testing.T) {
	cases := []struct {
		reason, old, new, want string
	}{
		{"an octal number", `code: "01"`, "code: 01", `small.yaml:32: Roster nganh: spec.units[2].code: put it in quotes: "01"`},
		{"a number that is no octal", `code: "01"`, "code: 08", `small.yaml:32: Roster nganh: spec.units[2].code: put it in quotes: "08"`},
		{"a boolean", `code: "01"`, "code: no", `small.yaml:32: Roster nganh: spec.units[2].code: put it in quotes: "no"`},
		{"a power of ten", `code: "01"`, "code: 1e3", `small.yaml:32: Roster nganh: spec.units[2].code: put it in quotes: "1e3"`},
		{"a decimal as a number", `weight: "60.5"`, "weight: 60.5", `small.yaml:60: Campaign thi-dua: spec.axes[0].weight: put it in quotes: "60.5"`},
		{"a decimal with a letter", `weight: "60.5"`, `weight: "6o"`, `small.yaml:60: Campaign thi-dua: spec.axes[0].weight: "6o": must be a decimal written as a string, such as "50"`},
		{"a decimal with a comma", `weight: "60.5"`, `weight: "60,5"`, `small.yaml:60: Campaign thi-dua: spec.axes[0].weight: "60,5": must be a decimal written as a string, such as "50" (with a point, not a comma: "12.5")`},
		{"a date as people say it", "until: 2021-09-30", "until: 30/09/2021", `small.yaml:58: Campaign thi-dua: spec.registration.until: "30/09/2021": must be a date such as 2021-10-15, or a date with a time such as 2021-10-15T08:30:00+07:00`},
		{"a day beyond every month", "date: 2022-03-15", "date: 2022-03-32", `small.yaml:85: Campaign thi-dua: spec.reporting[1].due.date: "2022-03-32": must be a date written year-month-day, such as 2021-10-15`},
		{"a month in words", "from: 2021-10\n", "from: tháng 10\n", `small.yaml:81: Campaign thi-dua: spec.reporting[0].from: "tháng 10": must be a month written year-month, such as 2021-10`},
		{"a time without a zero", "due: {day: 15}", `due: {day: 15, time: "8:30"}`, `small.yaml:83: Campaign thi-dua: spec.reporting[0].due.time: "8:30": must be a time of day from 00:00 to 23:59, such as "08:30"`},
		{"a name with accents", "name: calls", "name: cuộc-gọi", `small.yaml:63: Campaign thi-dua: spec.indicators[0].name: "cuộc-gọi": must be lower-case letters, digits and dashes, such as covid-2021`},
		{"a kind with a dash", "kind: ministry", "kind: bộ", `small.yaml:30: Roster nganh: spec.units[0].kind: "bộ": must be lower-case letters, digits and underscores, such as provincial_department`},
		{"a code with a space", "code: TDKT", "code: TD KT", `small.yaml:31: Roster nganh: spec.units[1].code: "TD KT": must be letters without accents, digits, dots, dashes and underscores, such as BTTTT-01`},
		{"an empty code", "code: BO", `code: ""`, `small.yaml:30: Roster nganh: spec.units[0].code: is empty; it must be letters without accents, digits, dots, dashes and underscores, such as BTTTT-01`},
		{"an empty name", "name: Bộ", `name: ""`, "small.yaml:30: Roster nganh: spec.units[0].name: must not be empty"},
		{"a pack with a space", "rulePack: VN-2003", "rulePack: VN 2003", `small.yaml:48: Campaign thi-dua: spec.rulePack: "VN 2003": must be letters, digits, dots and dashes, such as VN-2003`},
		{"an unknown field", "  office: TDKT", "  ofice: TDKT",
			"small.yaml:46: Campaign thi-dua: spec.office: is missing (office is the unit that runs the campaign)\n" +
				`small.yaml:50: Campaign thi-dua: spec.ofice: unknown field; did you mean "office"?`},
		{"an unknown field far from all", "due: {day: 15}", "due: {day: 15, holiday: 3}", "small.yaml:83: Campaign thi-dua: spec.reporting[0].due.holiday: unknown field; spec.reporting[0].due takes date, day, roll, time"},
		{"a text cut by its comma", "title: {vi: Thi đua}", "title: {vi: Thi đua, chống dịch}",
			"small.yaml:47: Campaign thi-dua: spec.title.chống dịch: unknown field; if it is the rest of a text, put the whole text in quotes, because of its comma"},
		{"a word of no enum", "occasion: FinalReview", "occasion: FinalReviews", `small.yaml:96: Campaign thi-dua: spec.ceremony.occasion: "FinalReviews": must be FinalReview, FoundingDay or NationalDay; did you mean "FinalReview"?`},
		{"a word of an enum that YAML reads as a boolean", "name: Quốc khánh", "name: Quốc khánh, kind: Off", `small.yaml:8: Calendar state: spec.days[0].kind: put it in quotes: "Off"`},
		{"a quoted number where a number belongs", "offset: -5", `offset: "-5"`, `small.yaml:87: Campaign thi-dua: spec.reminders[0].offset: "-5": must be a whole number, without quotes, such as 5`},
		{"too small", "top: 1", "top: 0", `small.yaml:94: Campaign thi-dua: spec.awards[0].nominate.top: "0": must be 1 or more`},
		{"too large", "cutOffDay: 14", "cutOffDay: 29", `small.yaml:80: Campaign thi-dua: spec.reporting[0].cutOffDay: "29": must be 28 or less`},
		{"a word for a list", `exclude: ["02"]`, `exclude: "02"`, `small.yaml:56: Campaign thi-dua: spec.participants.exclude: "02": must be a list: lines that begin with "- "`},
		{"a word for a group", "decision: {at: 2022-04-08}", "decision: 2022-04-08", `small.yaml:95: Campaign thi-dua: spec.decision: "2022-04-08": must be a group of fields: lines of "field: value", indented below it`},
		{"a list for a word", "office: TDKT", "office: [TDKT]", "small.yaml:50: Campaign thi-dua: spec.office: must be text, not a list or a group of fields"},
		{"a name that is too long", "name: calls", "name: " + strings.Repeat("a", 64), `small.yaml:63: Campaign thi-dua: spec.indicators[0].name: "` + strings.Repeat("a", 64) + `": is too long; at most 63 characters`},
		{"a name twice", "name: tasks", "name: calls", `small.yaml:69: Campaign thi-dua: spec.indicators[1]: "calls": is in the list twice`},
		{"a word twice", "to: [FocalPoint, Leader]", "to: [Leader, Leader]", `small.yaml:89: Campaign thi-dua: spec.reminders[2].to[1]: "Leader": is in the list twice`},
		{"a roster of nothing", "  units:\n  - {code: BO, name: Bộ, kind: ministry}\n  - {code: TDKT, name: Vụ Thi đua, kind: office, administeredBy: BO}\n  - {code: \"01\", name: Sở Một, kind: department, collectsTo: BO, calendar: state}\n  - {code: \"02\", name: Sở Hai, kind: department, collectsTo: \"01\", calendar: enterprise}\n", "  units: []\n",
			"small.yaml:28: Roster nganh: spec: a roster has units, or includes rosters that have"},
		{"a period without its months", "    from: 2021-10\n", "", "small.yaml:78: Campaign thi-dua: spec.reporting[0]: a series with a period has cutOffDay, from, to and due.day; a single report has due.date"},
		{"months in the wrong order", "to: 2022-02", "to: 2021-09", "small.yaml:78: Campaign thi-dua: spec.reporting[0]: from must not be after to"},
		{"a step that does nothing", "offset: -5, to: [Holder]", "offset: -5", "small.yaml:87: Campaign thi-dua: spec.reminders[0]: a step either sends (to) or gives a task (task and assignee)"},
	}
	for _, tc := range cases {
		t.Run(tc.reason, func(t *testing.T) {
			_, got := edited(t, tc.old, tc.new)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("-want +got:\n%s\n%s", diff, got)
			}
		})
	}
}

func TestLoadRefusesPaths(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("large.yaml", "")
	if err := os.Truncate("large.yaml", 200<<20); err != nil { // a hole: it takes no room
		t.Fatal(err)
	}
	write("units.csv", "code,name,kind\n")
	if err := os.MkdirAll("empty", 0o700); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		reason string
		paths  []string
		want   string
	}{
		{"nothing named", nil, "no file given; name files, directories, or - for standard input"},
		{"no such file", []string{"none.yaml"}, "none.yaml: no such file or directory"},
		{"a file too large is not even read", []string{"large.yaml"}, "large.yaml: is 200.0 MiB; the limit is 16 MiB"},
		{"a directory with nothing in it", []string{"empty"}, "empty: nothing to read in this directory; expected *.yaml, *.yml, *.roster.csv or *.contacts.csv"},
		{"a table that does not say what it is", []string{"units.csv"}, "units.csv: what is in this file? call it NAME.roster.csv for units, or NAME.contacts.csv for contacts"},
		{"no standard input", []string{"-"}, "-: there is no standard input to read"},
		{"every path is looked at", []string{"none.yaml", "empty"}, "empty: nothing to read in this directory; expected *.yaml, *.yml, *.roster.csv or *.contacts.csv\nnone.yaml: no such file or directory"},
	}
	for _, tc := range cases {
		t.Run(tc.reason, func(t *testing.T) {
			_, err := Load(tc.paths, nil)
			if diff := cmp.Diff(tc.want, fmt.Sprint(err)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	t.Run("a stream without end", func(t *testing.T) {
		_, err := Load([]string{"-"}, endless{})
		if want := "-: is more than 16 MiB; the limit is 16 MiB"; fmt.Sprint(err) != want {
			t.Errorf("got %v, want %s", err, want)
		}
	})
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestLoad(t *testing.T) {
	set, err := Load([]string{"-"}, strings.NewReader("\xef\xbb\xbf"+strings.ReplaceAll(calendarYAML, "\n", "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	want := &v1.Calendar{}
	want.APIVersion, want.Kind, want.Name = APIVersion, "Calendar", "state"
	want.Spec = v1.CalendarSpec{
		WorkWeek:    []v1.Weekday{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday"},
		CoveredFrom: "2021-01-01", CoveredUntil: "2021-12-31",
	}
	if diff := cmp.Diff([]*v1.Calendar{want}, set.Calendars); diff != "" {
		t.Errorf("with defaults filled in (-want +got):\n%s", diff)
	}
	if source, line := set.Source(set.Calendars[0]); source != "-" || line != 1 {
		t.Errorf("source %s:%d", source, line)
	}
}

// A document that is refused does not hide the others.
func TestLoadGoesOn(t *testing.T) {
	set, err := Load([]string{"-"}, strings.NewReader("kind: X\n---\n"+calendarYAML+"---\na: [\n"))
	if set.Calendar("state") == nil || err == nil || len(err.(Problems)) != 2 {
		t.Errorf("calendars %v, %v", set.Calendars, err)
	}
}

// Directories are read in order of name, without what lies deeper or is hidden,
// and no file twice.
func TestLoadDirectory(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("deeper", 0o700); err != nil {
		t.Fatal(err)
	}
	for name, calendar := range map[string]string{"b.yaml": "b", "a.yml": "a", ".c.yaml": "c", "deeper/d.yaml": "d", "e.txt": "e"} {
		if err := os.WriteFile(name, []byte(strings.Replace(calendarYAML, "state", calendar, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set, err := Load([]string{".", "b.yaml"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, names(set.Calendars)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// The golden file shows what a person sees who got much wrong at once.
func TestManyProblems(t *testing.T) {
	set, err := Load([]string{"testdata/many-problems.yaml"}, nil)
	got := fmt.Sprintf("%v\n%v\n", err, set.Check())
	const golden = "testdata/many-problems.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestProblemsAreCut(t *testing.T) {
	var days strings.Builder
	for i := range 150 {
		fmt.Fprintf(&days, "{date: x%d, name: Tết}, ", i)
	}
	text := strings.Replace(calendarYAML, "spec: {", "spec: {days: ["+days.String()+"], ", 1)
	_, err := Load([]string{"-"}, strings.NewReader(text))
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 101 || lines[100] != "-: … and 50 more problems like these" {
		t.Errorf("%d lines, the last: %s", len(lines), lines[len(lines)-1])
	}
}

func TestAddAndOverlay(t *testing.T) {
	calendar := func(name, until string) *v1.Calendar {
		c := &v1.Calendar{}
		c.Name, c.Spec.CoveredUntil = name, v1.Date(until)
		return c
	}
	stored := NewSet()
	for _, c := range []*v1.Calendar{calendar("state", "2021-12-31"), calendar("enterprise", "2021-12-31")} {
		if err := stored.Add(c, "database"); err != nil {
			t.Fatal(err)
		}
	}
	if err := stored.Add(Contact{Unit: "01", Role: v1.RoleLeader, Email: "old@so.example"}, "database"); err != nil {
		t.Fatal(err)
	}
	if err := stored.Add(calendar("state", "2022-12-31"), "database"); fmt.Sprint(err) != "database: Calendar state: declared twice; the other one is in database" {
		t.Errorf("the same object twice: %v", err)
	}
	if err := stored.Add("state", "database"); err == nil {
		t.Error("a string is no object")
	}

	files := NewSet()
	if err := files.Add(calendar("state", "2023-12-31"), "a.yaml"); err != nil {
		t.Fatal(err)
	}
	if err := files.Add([]Contact{{Unit: "01", Role: v1.RoleLeader, Email: "new@so.example"}, {Unit: "02", Role: v1.RoleLeader}}, "a.yaml"); err != nil {
		t.Fatal(err)
	}
	stored.Overlay(files)
	if got := stored.Calendar("state"); got.Spec.CoveredUntil != "2023-12-31" {
		t.Errorf("what both hold is taken from the files: %v", got)
	}
	if source, _ := stored.Source(stored.Calendar("state")); source != "a.yaml" {
		t.Errorf("source %s", source)
	}
	if source, _ := stored.Source(stored.Calendar("enterprise")); source != "database" {
		t.Errorf("source %s", source)
	}
	want := []Contact{{Unit: "01", Role: v1.RoleLeader, Email: "new@so.example"}, {Unit: "02", Role: v1.RoleLeader}}
	if diff := cmp.Diff(want, stored.Contacts, cmpopts.SortSlices(func(a, b Contact) bool { return a.Unit < b.Unit })); diff != "" {
		t.Errorf("contacts (-want +got):\n%s", diff)
	}
}
