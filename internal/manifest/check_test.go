package manifest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	v1 "thidua.dev/thidua/api/v1"
)

// edited loads testdata/small.yaml after replacing one text by another, and
// returns every problem of loading and checking, one a line.
func edited(t *testing.T, pairs ...string) (*Set, string) {
	t.Helper()
	data, err := os.ReadFile("testdata/small.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for i := 0; i < len(pairs); i += 2 {
		if n := strings.Count(text, pairs[i]); n != 1 {
			t.Fatalf("%q stands %d times in small.yaml", pairs[i], n)
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("small.yaml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := Load([]string{"small.yaml"}, nil)
	var lines []string
	if err != nil {
		lines = append(lines, err.Error())
	}
	if problems := set.Check(); len(problems) > 0 {
		lines = append(lines, problems.Error())
	}
	return set, strings.Join(lines, "\n")
}

func TestCheck(t *testing.T) {
	cases := []struct {
		reason   string
		old, new string
		want     string
	}{
		{"the file itself is fine", "Sở Một", "Sở 1", ""},

		// references
		{"a calendar that is not there names those that are", "  calendar: state\n", "  calendar: stat\n",
			`small.yaml:49: Campaign thi-dua: spec.calendar: unknown calendar "stat"; did you mean "state"? known: enterprise, state`},
		{"a roster likewise", "roster: nganh", "roster: ngan",
			`small.yaml:54: Campaign thi-dua: spec.participants.roster: unknown roster "ngan"; did you mean "nganh"? known: nganh`},
		{"a rule pack likewise", "rulePack: VN-2003", "rulePack: VN-2030",
			`small.yaml:48: Campaign thi-dua: spec.rulePack: unknown rule pack "VN-2030"; did you mean "vn-2003"? known: vn-2003`},
		{"the office is a unit", "office: TDKT", "office: TDK",
			`small.yaml:50: Campaign thi-dua: spec.office: unknown unit "TDK"; did you mean "TDKT"? roster nganh has 01, 02, BO, TDKT`},
		{"the parent is a campaign", "  office: TDKT", "  office: TDKT\n  parent: covid",
			`small.yaml:51: Campaign thi-dua: spec.parent: unknown campaign "covid"; known: thi-dua`},
		{"a campaign is not its own parent", "  office: TDKT", "  office: TDKT\n  parent: thi-dua",
			`small.yaml:51: Campaign thi-dua: spec.parent: "thi-dua": campaigns form a tree, but this runs in a circle: thi-dua → thi-dua`},
		{"a unit's calendar", "calendar: enterprise}", "calendar: enterprize}",
			`small.yaml:33: Roster nganh: spec.units[3].calendar: unknown calendar "enterprize"; did you mean "enterprise"? known: enterprise, state`},
		{"an included roster", "spec:\n  units:", "spec:\n  include: [tinh]\n  units:",
			`small.yaml:29: Roster nganh: spec.include[0]: unknown roster "tinh"; known: nganh`},
		{"what is refused is not unknown as well", "  coveredFrom: 2021-01-01\n  coveredUntil: 2022-12-31\n  days", "  coveredFrom: 2021\n  coveredUntil: 2022-12-31\n  days",
			`small.yaml:5: Calendar state: spec.coveredFrom: put it in quotes: "2021"`},

		// rosters
		{"a line to nobody", "administeredBy: BO", "administeredBy: BA",
			`small.yaml:31: Roster nganh: spec.units[1].administeredBy: unknown unit "BA"; roster nganh has 01, 02, BO, TDKT`},
		{"collecting in a circle", "collectsTo: BO", `collectsTo: "02"`,
			`small.yaml:32: Roster nganh: spec.units[2].collectsTo: "02": the line runs in a circle: 01 → 02 → 01`},
		{"administering oneself", "administeredBy: BO", "administeredBy: TDKT",
			`small.yaml:31: Roster nganh: spec.units[1].administeredBy: "TDKT": the line runs in a circle: TDKT → TDKT`},
		{"submitting in a circle", "kind: ministry}", "kind: ministry, submitsTo: BO}",
			`small.yaml:30: Roster nganh: spec.units[0].submitsTo: "BO": the line runs in a circle: BO → BO`},
		{"including oneself", "spec:\n  units:", "spec:\n  include: [nganh]\n  units:",
			`small.yaml:29: Roster nganh: spec.include: roster "nganh" includes itself: nganh → nganh`},
		{"a life that ends before it begins", "calendar: enterprise}", "calendar: enterprise, validFrom: 2021-02-01, validTo: 2021-01-31}",
			`small.yaml:33: Roster nganh: spec.units[3].validTo: "2021-01-31": must not be before validFrom (2021-02-01)`},

		// participants
		{"a kind that the roster lacks", "    kinds: [department]\n", "    kinds: [departement]\n",
			`small.yaml:55: Campaign thi-dua: spec.participants.kinds[0]: unknown kind "departement"; did you mean "department"? roster nganh has department, ministry, office`},
		{"excluding nobody", `exclude: ["02"]`, `exclude: ["03"]`,
			`small.yaml:56: Campaign thi-dua: spec.participants.exclude[0]: unknown unit "03"; roster nganh has 01, 02, BO, TDKT`},
		{"nobody left", `exclude: ["02"]`, `exclude: ["01", "02"]`,
			`small.yaml:53: Campaign thi-dua: spec.participants: no unit takes part: roster nganh has 4 units, and kinds, exclude and validTo leave none of them`},
		{"nobody lives until the launch", "calendar: state}", "calendar: state, validTo: 2021-09-06}",
			`small.yaml:53: Campaign thi-dua: spec.participants: no unit takes part: roster nganh has 4 units, and kinds, exclude and validTo leave none of them`},
		{"an indicator for a kind that the roster lacks", "appliesTo: {kinds: [department]}", "appliesTo: {kinds: [office, depot]}",
			`small.yaml:60: warning: Campaign thi-dua: spec.axes[0]: no indicator of axis prevention applies to units of kind department, so they cannot score on it` + "\n" +
				`small.yaml:65: warning: Campaign thi-dua: spec.indicators[0].appliesTo.kinds[0]: units of kind "office" do not take part; participants.kinds leaves them out` + "\n" +
				`small.yaml:65: Campaign thi-dua: spec.indicators[0].appliesTo.kinds[1]: unknown kind "depot"; roster nganh has department, ministry, office`},

		// axes and indicators
		{"weights are exact decimals", `weight: "39.5"`, `weight: "39.499999"`,
			`small.yaml:59: Campaign thi-dua: spec.axes: the weights add up to 99.999999; they must add up to 100`},
		{"a floor above the weight", `floor: "10"`, `floor: "60.6"`,
			`small.yaml:60: Campaign thi-dua: spec.axes[0].floor: "60.6": must not be more than the axis' weight (60.5)`},
		{"a negative floor", `floor: "10"`, `floor: "-1"`,
			`small.yaml:60: Campaign thi-dua: spec.axes[0].floor: "-1": must not be negative`},
		{"an axis that is not there", "axis: prevention", "axis: preventoin",
			`small.yaml:60: warning: Campaign thi-dua: spec.axes[0]: no indicator of axis prevention applies to units of kind department, so they cannot score on it` + "\n" +
				`small.yaml:64: Campaign thi-dua: spec.indicators[0].axis: unknown axis "preventoin"; did you mean "prevention"? spec.axes has prevention, work`},
		{"nothing to attain", `target: "100"`, `target: "50.0"`,
			`small.yaml:68: Campaign thi-dua: spec.indicators[0].target: "50.0": must differ from the baseline, or there is nothing to attain`},
		{"up is up", `target: "100"`, `target: "40"`,
			`small.yaml:68: Campaign thi-dua: spec.indicators[0].target: "40": is less than the baseline (50), but direction Up says that more is better; write direction: Down`},
		{"down is down", `baseline: "9"`, `baseline: "-9"`,
			`small.yaml:72: Campaign thi-dua: spec.indicators[1].baseline: "-9": must be 0 or more` + "\n" +
				`small.yaml:73: Campaign thi-dua: spec.indicators[1].target: "0": is more than the baseline (-9), but direction Down says that less is better; write direction: Up`},
		{"least above most", `max: "9"`, `max: "-1"`,
			`small.yaml:76: Campaign thi-dua: spec.indicators[1].max: "-1": must not be less than min (0)`},
		{"a percentage beyond 100", `target: "100"`, `target: "101"`,
			`small.yaml:68: Campaign thi-dua: spec.indicators[0].target: "101": must be 100 or less`},
		{"a weight of nothing", `max: "9"`, `weight: "0"`,
			`small.yaml:76: Campaign thi-dua: spec.indicators[1].weight: "0": must be more than 0`},

		// reports
		{"due before the cut-off", "due: {day: 15}", "due: {day: 14}",
			`small.yaml:83: Campaign thi-dua: spec.reporting[0].due.day: "14": must be after cutOffDay (14): a report is due once its period is over`},
		{"no working day to write the report in", "due: {day: 15}", "due: {day: 16, roll: None}",
			`small.yaml:83: warning: Campaign thi-dua: spec.reporting[0].due.day: "16": in 2022-01 no working day lies between the cut-off and the deadline; NĐ 09/2019/NĐ-CP art. 8(5) asks for at least one (roll: NextWorkingDay gives it)`},
		{"a series that begins before the launch", "from: 2021-10", "from: 2021-08",
			`small.yaml:81: Campaign thi-dua: spec.reporting[0].from: "2021-08": the first report would be due on 2021-08-15, before the launch (2021-09-07T14:00:00+07:00)`},
		{"a report before the launch", "date: 2022-03-15", "date: 2021-09-06",
			`small.yaml:85: Campaign thi-dua: spec.reporting[1].due.date: "2021-09-06": must be after the launch (2021-09-07T14:00:00+07:00)`},
		{"a report that the final review cannot see", "date: 2022-03-15", "date: 2022-04-01",
			`small.yaml:85: warning: Campaign thi-dua: spec.reporting[1].due.date: "2022-04-01": is after the final review (2022-03-31), so its figures will not count`},

		// order of events
		{"registration after the launch", "until: 2021-09-30", "until: 2021-09-06",
			`small.yaml:58: Campaign thi-dua: spec.registration.until: "2021-09-06": must be after the launch (2021-09-07T14:00:00+07:00)`},
		{"reviews in order", "at: 2022-03-31", "at: 2021-12-30",
			`small.yaml:85: warning: Campaign thi-dua: spec.reporting[1].due.date: "2022-03-15": is after the final review (2021-12-30), so its figures will not count` + "\n" +
				`small.yaml:92: Campaign thi-dua: spec.reviews[1].at: "2021-12-30": must be after review midterm (2021-12-31)`},
		{"the decision after the review", "decision: {at: 2022-04-08}", "decision: {at: 2022-03-30}",
			`small.yaml:95: Campaign thi-dua: spec.decision.at: "2022-03-30": must be after review final (2022-03-31)`},
		{"the ceremony after the decision", "2022-04-15T08:30:00+07:00", "2022-04-08T08:30:00+07:00",
			`small.yaml:96: Campaign thi-dua: spec.ceremony.at: "2022-04-08T08:30:00+07:00": must be after the decision (2022-04-08)`},
		{"replication after the ceremony", "until: 2023-06-30", "until: 2022-04-14",
			`small.yaml:97: Campaign thi-dua: spec.replication.until: "2022-04-14": must be after the ceremony (2022-04-15T08:30:00+07:00)`},
		{"awards need a ranking", "  reviews:\n  - {name: midterm, at: 2021-12-31}\n  - {name: final, at: 2022-03-31}\n", "",
			`small.yaml:90: Campaign thi-dua: spec.awards: awards are nominated from the final review's ranking; add reviews`},

		{"an address that is none", "replication: {until: 2023-06-30}", "contact: {name: Vụ, email: thi-dua}",
			`small.yaml:97: Campaign thi-dua: spec.contact.email: "thi-dua": must be one bare e-mail address, such as van-thu@don-vi.gov.vn`},

		// ladder
		{"steps in the order of their days", "offset: -1", "offset: -6",
			`small.yaml:88: Campaign thi-dua: spec.reminders[1]: step tomorrow (offset -6, 08:30) happens before step prepare (offset -5, 08:30); write the steps in the order in which they happen`},
		{"steps in the order of their times", "offset: -1,", `offset: -5, time: "07:30",`,
			`small.yaml:88: Campaign thi-dua: spec.reminders[1]: step tomorrow (offset -5, 07:30) happens before step prepare (offset -5, 08:30); write the steps in the order in which they happen`},
		{"two steps at once", "offset: -1", "offset: -5",
			`small.yaml:88: Campaign thi-dua: spec.reminders[1]: step tomorrow happens at the same time as step prepare (offset -5, 08:30); join them, or give it another time`},
		{"a step after the close", "offset: +1", "offset: 11",
			`small.yaml:89: warning: Campaign thi-dua: spec.reminders[2].offset: step overdue never happens for monthly, which closes 10 working days after the deadline` + "\n" +
				`small.yaml:89: warning: Campaign thi-dua: spec.reminders[2].offset: step overdue never happens for final, which closes 10 working days after the deadline`},
		{"five times of day", "offset: -1,", `offset: -1, time: "09:00",`, ""},
		{"more than four times of day", "offset: -5, to: [Holder]}\n  - {step: tomorrow, offset: -1,", `offset: -5, time: "09:00", to: [Holder]}` + "\n" + `  - {step: tomorrow, offset: -1, time: "10:00",`,
			`small.yaml:52: Campaign thi-dua: spec.launch.at: the campaign names 5 times of day (08:30, 09:00, 10:00, 14:00, 17:00); at most 4, so that everything due falls together`},

		// law
		{"a form that the pack lacks", "form: giay_khen", "form: bang_khen",
			`small.yaml:94: Campaign thi-dua: spec.awards[0].form: "bang_khen": rule pack VN-2003 has no such form; it has giay_khen`},
		{"a pack that is out of force", "to: 2023-12-31}", "to: 2021-09-06}",
			`small.yaml:48: Campaign thi-dua: spec.rulePack: "VN-2003": is not in force on the day of launch, 2021-09-07; it governs acts from 2004-07-01 to 2021-09-06`},
		{"a pack that is not yet in force", "inForce: {from: 2004-07-01, to: 2023-12-31}", "inForce: {from: 2024-01-01}",
			`small.yaml:48: Campaign thi-dua: spec.rulePack: "VN-2003": is not in force on the day of launch, 2021-09-07; it governs acts from 2024-01-01 on`},
		{"a pack that ends before it begins", "to: 2023-12-31}", "to: 2003-12-31}",
			`small.yaml:21: RulePack vn-2003: spec.inForce.to: "2003-12-31": must not be before from (2004-07-01)` + "\n" +
				`small.yaml:48: Campaign thi-dua: spec.rulePack: "VN-2003": is not in force on the day of launch, 2021-09-07; it governs acts from 2004-07-01 to 2003-12-31`},

		// dates, zones, calendars, texts
		{"a day that no calendar has", "until: 2021-09-30", "until: 2021-02-30",
			`small.yaml:58: Campaign thi-dua: spec.registration.until: "2021-02-30": there is no such day; February 2021 has 28 days`},
		{"nor has one with a time", `"2022-04-15T08:30:00+07:00"`, `"2022-04-31T08:30:00+07:00"`,
			`small.yaml:96: Campaign thi-dua: spec.ceremony.at: "2022-04-31T08:30:00+07:00": there is no such day; April 2022 has 30 days`},
		{"a year that is a slip", "until: 2023-06-30", "until: 0203-06-30",
			`small.yaml:97: Campaign thi-dua: spec.replication.until: "0203-06-30": the year must be from 1900 to 2199` + "\n" +
				`small.yaml:97: Campaign thi-dua: spec.replication.until: "0203-06-30": must be after the ceremony (2022-04-15T08:30:00+07:00)`},
		{"a zone that is not there", "  office: TDKT", "  office: TDKT\n  timeZone: Asia/Hanoi",
			`small.yaml:51: Campaign thi-dua: spec.timeZone: "Asia/Hanoi": unknown time zone; expected an IANA name, such as Asia/Ho_Chi_Minh`},
		{"the machine's own zone is none", "  office: TDKT", "  office: TDKT\n  timeZone: Local",
			`small.yaml:51: Campaign thi-dua: spec.timeZone: "Local": unknown time zone; expected an IANA name, such as Asia/Ho_Chi_Minh`},
		{"a day that the calendar does not cover", "date: 2021-09-02", "date: 2020-09-02",
			`small.yaml:8: Calendar state: spec.days[0].date: "2020-09-02": is outside the covered days, 2021-01-01 to 2022-12-31; extend coveredFrom or coveredUntil if all days off of that time are known`},
		{"a cover that ends before it begins", "  coveredUntil: 2022-12-31\n  days", "  coveredUntil: 2020-12-31\n  days",
			`small.yaml:6: Calendar state: spec.coveredUntil: "2020-12-31": must not be before coveredFrom (2021-01-01)`},
		{"a launch before the calendar begins", "at: 2021-09-07T14:00:00+07:00", "at: 2020-09-07",
			`small.yaml:52: Campaign thi-dua: spec.launch.at: "2020-09-07": is before calendar state begins (2021-01-01)`},
		{"a template that does not parse", "Kính gửi {{.Unit}}", `"Kính gửi {{.Unit"`,
			`small.yaml:41: MessageTemplate nhac: spec.body: is not a valid template on line 1 of the text: unclosed action`},
		{"a template may call functions that only the sender knows", "Kính gửi {{.Unit}}", `"{{date .Due}}"`, ""},
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

// A large roster that shrinks leaves its parts in the database. They point to units
// that are gone, but they concern nobody.
func TestCheckLeavesStoredPartsAlone(t *testing.T) {
	part := &v1.Roster{}
	part.Name, part.Spec.Units = "nganh-2", []v1.Unit{{Code: "03", Name: "Sở Ba", Kind: "department", CollectsTo: "BO"}}
	set, _ := edited(t)
	if err := set.Add(part, "database"); err != nil {
		t.Fatal(err)
	}
	if problems := set.Check(); len(problems) > 0 {
		t.Error(problems)
	}
	set.Campaigns[0].Spec.Participants.Roster = "nganh-2"
	if problems := set.Check(); !strings.Contains(problems.Error(), `database: Roster nganh-2: spec.units[0].collectsTo: unknown unit "BO"`) {
		t.Errorf("one that a campaign uses is checked, stored or not: %v", problems)
	}
}

func TestParticipants(t *testing.T) {
	set, _ := edited(t, `exclude: ["02"]`, `exclude: ["04"]`)
	set.Rosters[0].Spec.Units = []v1.Unit{
		{Code: "09", Kind: "department"},
		{Code: "02", Kind: "department", ValidTo: "2021-09-06"},
		{Code: "01", Kind: "department", ValidTo: "2021-09-07"},
		{Code: "03", Kind: "department", ValidFrom: "2022-01-01"},
		{Code: "04", Kind: "department"},
		{Code: "05", Kind: "office"},
	}
	var got []v1.UnitCode
	for _, u := range set.Participants(set.Campaigns[0]) {
		got = append(got, u.Code)
	}
	want := []v1.UnitCode{"01", "03", "09"} // dissolved before the launch, excluded, and of another kind are left out
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Contacts and rosters from files, checked together.
func TestCheckContacts(t *testing.T) {
	const roster = "code,name,kind\n01,Sở Một,department\n02,Sở Hai,department\n"
	cases := []struct{ reason, contacts, want string }{
		{"a contact of each role", "unit,role,name,email\n01,FocalPoint,An,an@so.example\n01,Leader,,binh@so.example\n", ""},
		{"a unit that is not there", "unit,role,name,email\n03,Leader,An,an@so.example\n",
			`a.contacts.csv:2: contact Leader of 03: unit: unknown unit "03"; no roster has it`},
		{"a role that units do not have", "unit,role,name,email\n01,Holder,An,an@so.example\n",
			`a.contacts.csv:2: contact Holder of 01: role: "Holder": must be FocalPoint or Leader`},
		{"no address", "unit,role,name,email\n01,Leader,An,\n",
			`a.contacts.csv:2: contact Leader of 01: email: is empty; expected an address such as van-thu@don-vi.gov.vn`},
		{"a name around the address", "unit,role,name,email\n01,Leader,An,An <an@so.example>\n",
			`a.contacts.csv:2: contact Leader of 01: email: "An <an@so.example>": must be one bare e-mail address, such as van-thu@don-vi.gov.vn`},
		{"two addresses", "unit,role,name,email\n01,Leader,An,an@so.example; binh@so.example\n",
			`a.contacts.csv:2: contact Leader of 01: email: "an@so.example; binh@so.example": must be one bare e-mail address, such as van-thu@don-vi.gov.vn`},
		{"a machine of the local network", "unit,role,name,email\n01,Leader,An,an@mayle\n",
			`a.contacts.csv:2: contact Leader of 01: email: "an@mayle": must have a full domain after the @, such as don-vi.gov.vn`},
		{"two contacts for one role", "unit,role,name,email\n01,Leader,An,an@so.example\n01,Leader,Bo,bo@so.example\n",
			`a.contacts.csv:3: contact Leader of 01: given twice; the other one is in a.contacts.csv:2; a unit has one contact of each role, so use a shared mailbox for several people`},
	}
	for _, tc := range cases {
		t.Run(tc.reason, func(t *testing.T) {
			got := problemsOf(t, map[string]string{"a.roster.csv": roster, "a.contacts.csv": tc.contacts})
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// problemsOf loads and checks a directory with these files.
func problemsOf(t *testing.T, files map[string]string) string {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set, err := Load([]string{"."}, nil)
	var lines []string
	if err != nil {
		lines = append(lines, err.Error())
	}
	if problems := set.Check(); len(problems) > 0 {
		lines = append(lines, problems.Error())
	}
	return strings.Join(lines, "\n")
}
