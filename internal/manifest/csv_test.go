package manifest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	v1 "thidua.dev/thidua/api/v1"
)

func TestLoadRoster(t *testing.T) {
	wantUnits := []v1.Unit{
		{Code: "01", Name: "Phòng Bưu chính, Viễn thông", Kind: "unit", CollectsTo: "VP", AdministeredBy: "SO", SubmitsTo: "VP", Group: "khoi-1", Calendar: "state", ValidFrom: "2021-01-01", ValidTo: "2022-12-31"},
		{Code: "SO", Name: "Sở", Kind: "department"},
		{Code: "VP", Name: "Văn phòng", Kind: "office"},
	}
	wantContacts := []Contact{
		{Unit: "01", Role: v1.RoleFocalPoint, Name: "An", Email: "an@so.example"},
		{Unit: "01", Role: v1.RoleLeader, Email: "binh@so.example"},
	}
	const plain = "code,name,kind,collects_to,administered_by,submits_to,group,calendar,valid_from,valid_to,focal_name,focal_email,leader_email\n" +
		"SO,Sở,department,,,,,,,,,,\n" +
		"VP,Văn phòng,office,,,,,,,,,,\n" +
		"01,\"Phòng Bưu chính, Viễn thông\",unit,VP,SO,VP,khoi-1,state,2021-01-01,2022-12-31,An,an@so.example,binh@so.example\n"
	cases := []struct{ reason, text string }{
		{"as written by hand", plain},
		{"as a spreadsheet on Windows saves it", "\xef\xbb\xbf" + strings.ReplaceAll(plain, "\n", "\r\n")},
		{"with semicolons, where the comma is the decimal sign", strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(plain, "Bưu chính, Viễn", "Bưu chính\x00 Viễn"), ",", ";"), "\x00", ",")},
		{"with rows that a spreadsheet left behind", plain + ",,,,,,,,,,,,\n\n"},
		{"with spaces around", strings.ReplaceAll(plain, "\n01,", "\n 01 ,")},
		{"with columns in another order", "kind,name,focal_email,focal_name,code,leader_email,valid_to,valid_from,calendar,group,submits_to,administered_by,collects_to\n" +
			"department,Sở,,,SO,,,,,,,,\noffice,Văn phòng,,,VP,,,,,,,,\n" +
			"unit,\"Phòng Bưu chính, Viễn thông\",an@so.example,An,01,binh@so.example,2022-12-31,2021-01-01,state,khoi-1,VP,SO,VP\n"},
	}
	for _, tc := range cases {
		t.Run(tc.reason, func(t *testing.T) {
			set := NewSet()
			text, problem := readText("so.roster.csv", []byte(tc.text))
			if problem != nil {
				t.Fatal(problem)
			}
			if problems := set.loadCSV("so.roster.csv", text); len(problems) > 0 {
				t.Fatal(problems)
			}
			units, err := set.Units("so")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(wantUnits, units); diff != "" {
				t.Errorf("units (-want +got):\n%s", diff)
			}
			contacts := map[v1.Role]Contact{}
			for _, c := range set.Contacts {
				contacts[c.Role] = c
			}
			if diff := cmp.Diff(wantContacts, []Contact{contacts[v1.RoleFocalPoint], contacts[v1.RoleLeader]}); diff != "" {
				t.Errorf("contacts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLoadCSVRefuses(t *testing.T) {
	cases := []struct{ reason, file, text, want string }{
		{"an unknown column", "a.roster.csv", "code,name,kind,colects_to\n01,A,unit,\n",
			`a.roster.csv:1: colects_to: unknown column; did you mean "collects_to"? known: code, name, kind, collects_to, administered_by, submits_to, group, calendar, valid_from, valid_to, focal_email, focal_name, leader_email, leader_name`},
		{"a column twice", "a.roster.csv", "code,name,kind,code\n01,A,unit,01\n", "a.roster.csv:1: code: the column is there twice"},
		{"a column without a name", "a.roster.csv", "code,name,kind,\n01,A,unit,x\n", "a.roster.csv:1: column 4 has no name"},
		{"a column missing", "a.roster.csv", "code,name\n01,A\n", "a.roster.csv:1: kind: the column is missing"},
		{"no header", "a.roster.csv", "\n\n", "a.roster.csv: the file is empty; expected a header with code, name, kind"},
		{"only a header", "a.roster.csv", "code,name,kind\n", "a.roster.csv:1: only a header; expected a row for each unit"},
		{"a comma outside quotes", "a.roster.csv", "code,name,kind\n01,Phòng Bưu chính, Viễn thông,unit\n",
			"a.roster.csv:2: has 4 cells, but the header has 3 columns; put a cell that holds a comma in quotes"},
		{"a quotation mark left open", "a.roster.csv", "code,name,kind\n01,\"Phòng,unit\n", `a.roster.csv:2: not valid CSV: a quotation mark is not closed, or stands inside a cell; write "" for one`},
		{"a code twice", "a.roster.csv", "code,name,kind\n01,A,unit\n02,B,unit\n01,C,unit\n", `a.roster.csv:4: code: "01": the unit is there twice; the first is on line 2`},
		{"no code", "a.roster.csv", "code,name,kind\n,A,unit\n",
			"a.roster.csv:2: Roster a: code: is empty; it must be letters without accents, digits, dots, dashes and underscores, such as BTTTT-01"},
		{"what the schema refuses is called by its column", "a.roster.csv", "code,name,kind,collects_to,valid_to\n01,A,Đơn vị,V P,31/12/2021\n",
			`a.roster.csv:2: Roster a: collects_to: "V P": must be letters without accents, digits, dots, dashes and underscores, such as BTTTT-01` + "\n" +
				`a.roster.csv:2: Roster a: kind: "Đơn vị": must be lower-case letters, digits and underscores, such as provincial_department` + "\n" +
				`a.roster.csv:2: Roster a: valid_to: "31/12/2021": must be a date written year-month-day, such as 2021-10-15`},
		{"a line to nobody", "a.roster.csv", "code,name,kind,collects_to\n01,A,unit,\n02,B,unit,03\n",
			`a.roster.csv:3: Roster a: collects_to: unknown unit "03"; roster a has 01, 02`},
		{"a file whose name is no name", "Đơn vị.roster.csv", "code,name,kind\n01,A,unit\n",
			`Đơn vị.roster.csv:1: Roster Đơn vị: metadata.name: "Đơn vị": must be lower-case letters, digits and dashes, at most 63, such as nganh-tttt-2021`},
		{"a column that contacts don't have", "a.contacts.csv", "unit,role,email,phone\n01,Leader,a@b.vn,1\n",
			"a.contacts.csv:1: phone: unknown column; known: unit, role, name, email"},
		{"contacts without addresses", "a.contacts.csv", "unit,role\n01,Leader\n", "a.contacts.csv:1: email: the column is missing"},
	}
	for _, tc := range cases {
		t.Run(tc.reason, func(t *testing.T) {
			got := problemsOf(t, map[string]string{tc.file: tc.text})
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("-want +got:\n%s\n%s", diff, got)
			}
		})
	}
}

// A roster of the whole country does not fit one object. It is split without
// anybody noticing, and a mistake is still found on its line.
func TestLoadLargeRoster(t *testing.T) {
	file := country(t, 4500)
	set, err := Load([]string{file}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"ca-nuoc-1", "ca-nuoc-2", "ca-nuoc-3", "ca-nuoc"}, names(set.Rosters)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	units, err := set.Units("ca-nuoc")
	if err != nil || len(units) != 4500 || units[4499].Code != "U04499" {
		t.Errorf("%d units, %v", len(units), err)
	}
	state := &v1.Calendar{}
	state.Name = "state"
	if err := set.Add(state, "test"); err != nil {
		t.Fatal(err)
	}
	if problems := set.Check(); len(problems) > 0 {
		t.Errorf("a part may point to another part:\n%v", problems)
	}
	set.Rosters[2].Spec.Units[9].SubmitsTo = "U99999"
	problems := set.Check()
	if len(problems) != 1 || problems[0].Line != 4011 || problems[0].Field != "submits_to" {
		t.Errorf("got %v", problems)
	}
}
