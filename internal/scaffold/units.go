package scaffold

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"regexp"
	"slices"
	"strings"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/manifest"
)

const (
	defaultKind   = "unit"
	officeKind    = "office"
	defaultOffice = "VP"
	officeName    = "Văn phòng"
)

// Units is a list of units as an office keeps it, read.
type Units struct {
	File string `json:"file"`
	Rows []Row  `json:"rows"`
	// Columns are where each field stands: 1 is the first column, A.
	Columns map[string]int `json:"columns"`
	// Headings are the columns that are read, as they are headed, and Unused the others.
	Headings map[string]string `json:"headings"`
	Unused   []string          `json:"unused,omitempty"`
	// Words are kinds and groups as the list has them, by the names that were made of them.
	Words map[string]string `json:"words,omitempty"`
	// CodesMade tells that the list has no codes, and that they were made of names.
	CodesMade bool `json:"codesMade,omitempty"`
}

// Row is one unit: what its cells say, by field. Line is 0 for the office that was added.
type Row struct {
	Line  int               `json:"line"`
	Cells map[string]string `json:"cells"`
}

// ReadUnits reads a list of units: a workbook (.xlsx), or CSV. Above the header there may
// be titles; columns may be headed in Vietnamese or with the names of a roster file, in
// any order; columns that nothing is known of are left aside. Problems name their cells;
// units without any are still in the list.
func ReadUnits(file string, data []byte) (*Units, CellProblems) {
	sheets, problem := readTables(file, data)
	if problem != nil {
		return nil, CellProblems{*problem}
	}
	u := &Units{File: file, Words: map[string]string{}}
	lines, at := sheets[0], 0
	for i, sheet := range sheets { // before the list there may be a title page
		found, nothing := u.header(sheet)
		if nothing == nil {
			lines, at, problem = sheet, found, nil
			break
		}
		if i == 0 {
			problem = nothing
		}
	}
	if problem != nil {
		return nil, CellProblems{*problem}
	}
	width := len(lines[at].cells)
	var problems CellProblems
	for _, l := range lines[at+1:] {
		row := Row{l.no, map[string]string{}}
		for field, column := range u.Columns {
			if text := l.cell(column - 1); text != "" {
				row.Cells[field] = text
			}
		}
		switch {
		case slices.ContainsFunc(l.cells[min(width, len(l.cells)):], func(c string) bool { return c != "" }):
			problems = append(problems, CellProblem{Code: TooManyCells, Row: l.no, Column: width + 1, Value: l.cells[width]})
		case len(row.Cells) > 0:
			u.Rows = append(u.Rows, row)
		}
	}
	if len(u.Rows) == 0 && len(problems) == 0 {
		return nil, CellProblems{{Code: OnlyHeader, Row: lines[at].no}}
	}
	u.name()
	return u, append(problems, u.check()...)
}

// Declared is the list of units that are declared already.
func Declared(units []v1.Unit) *Units {
	u := &Units{}
	for _, unit := range units {
		u.Rows = append(u.Rows, Row{0, map[string]string{
			"code": string(unit.Code), "name": unit.Name, "kind": string(unit.Kind), "group": string(unit.Group), "calendar": string(unit.Calendar),
			"collects_to": string(unit.CollectsTo), "administered_by": string(unit.AdministeredBy), "submits_to": string(unit.SubmitsTo),
		}})
	}
	return u
}

// headerWithin is how many rows of titles may stand above the header.
const headerWithin = 30

// header finds the row that heads the columns: the first that has one for names.
func (u *Units) header(lines []line) (int, *CellProblem) {
	for i, l := range lines[:min(len(lines), headerWithin)] {
		u.Columns, u.Headings, u.Unused = map[string]int{}, map[string]string{}, nil
		for j, heading := range l.cells {
			field := fieldOf(heading)
			switch _, twice := u.Columns[field]; {
			case field == "" && heading != "":
				u.Unused = append(u.Unused, heading)
			case field == "":
			case twice && u.Columns["name"] > 0:
				return 0, &CellProblem{Code: ColumnTwice, Row: l.no, Column: j + 1, Value: heading}
			default:
				u.Columns[field], u.Headings[field] = j+1, heading
			}
		}
		if u.Columns["name"] > 0 && (len(u.Columns) > 1 || len(l.cells) == 1 || len(u.Unused) > 0) {
			return i, nil
		}
	}
	return 0, &CellProblem{Code: NoHeader, Row: lines[0].no}
}

// name gives units what their rows leave open: a kind, a code; and writes kinds and
// groups as names, and bodies above by their codes.
func (u *Units) name() {
	u.CodesMade = u.Columns["code"] == 0
	byName := map[string]string{}
	for _, r := range u.Rows {
		if u.CodesMade && r.Cells["name"] != "" {
			r.Cells["code"] = codeOf(r.Cells["name"])
		}
		if r.Cells["kind"] == "" {
			r.Cells["kind"] = defaultKind
		} else if !isKind.MatchString(r.Cells["kind"]) {
			kind := slug(r.Cells["kind"], "_")
			if slices.Contains(officeKinds, kind) {
				kind = officeKind
			}
			u.Words[kind] = r.Cells["kind"]
			r.Cells["kind"] = kind
		}
		for _, field := range []string{"group", "calendar"} {
			if text := r.Cells[field]; text != "" && !isName.MatchString(text) {
				r.Cells[field] = slug(text, "-")
				u.Words[r.Cells[field]] = text
			}
		}
		byName[folded(r.Cells["name"])] = r.Cells["code"]
	}
	codes := u.codes()
	for _, r := range u.Rows {
		for _, field := range above {
			if code := byName[folded(r.Cells[field])]; code != "" && !codes[r.Cells[field]] {
				r.Cells[field] = code
			}
		}
	}
}

// above are the lines of a roster: who stands above a unit.
var above = []string{"collects_to", "administered_by", "submits_to"}

// codeOf makes a code of a unit's name: "Sở Y tế" gives SO-Y-TE.
func codeOf(name string) string {
	code := strings.ToUpper(slug(name, "-"))
	return strings.Trim(code[:min(len(code), 60)], "-")
}

func (u *Units) codes() map[string]bool {
	codes := map[string]bool{}
	for _, r := range u.Rows {
		codes[r.Cells["code"]] = true
	}
	return codes
}

var (
	isCode = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)
	isKind = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	isName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)
)

// officeKinds are how offices call the kind of the one that runs campaigns.
var officeKinds = []string{"van_phong", "co_quan_chu_tri", "don_vi_chu_tri", "co_quan_thuong_truc", "don_vi_thuong_truc"}

const (
	longestCode = 63
	longestName = 300
)

// check finds what can be told cell by cell; the rest is said when the manifests are
// checked.
func (u *Units) check() (problems CellProblems) {
	codes, first := u.codes(), map[string]int{}
	for _, r := range u.Rows {
		report := func(code, field, other string) {
			problems = append(problems, CellProblem{Code: code, Row: r.Line, Column: u.Columns[field], Field: field, Heading: u.Headings[field], Value: r.Cells[field], Other: other})
		}
		name, code := r.Cells["name"], r.Cells["code"]
		switch {
		case name == "":
			report(NameMissing, "name", "")
			continue
		case len([]rune(name)) > longestName:
			report(TooLong, "name", fmt.Sprint(longestName))
		}
		field := "code"
		if u.CodesMade {
			field = "name"
		}
		switch {
		case code == "":
			report(CodeMissing, field, "")
		case len(code) > longestCode:
			report(TooLong, field, fmt.Sprint(longestCode))
		case !isCode.MatchString(code):
			report(BadCode, field, "")
		case first[code] > 0:
			report(UnitTwice, field, fmt.Sprint(first[code]))
		default:
			first[code] = r.Line
		}
		if !isKind.MatchString(r.Cells["kind"]) {
			report(BadKind, "kind", "")
		}
		for _, field := range above {
			if body := r.Cells[field]; body != "" && !codes[body] {
				report(UnknownUnit, field, "")
			}
		}
		for _, field := range []string{"focal_email", "leader_email"} {
			if address := r.Cells[field]; address != "" && manifest.BadEmail(address) != "" {
				report(BadEmail, field, "")
			}
		}
	}
	return problems
}

// AddOffice finds the unit that runs the campaign: the one asked for, else the first of
// kind office, else VP, which is added where the list does not have it. It gives the
// office's mail address where one is known.
func (u *Units) AddOffice(code, email string) string {
	if code == "" {
		code = defaultOffice
		if i := slices.IndexFunc(u.Rows, func(r Row) bool { return r.Cells["kind"] == officeKind }); i >= 0 {
			code = u.Rows[i].Cells["code"]
		}
	}
	i := slices.IndexFunc(u.Rows, func(r Row) bool { return r.Cells["code"] == code })
	if i < 0 {
		u.Rows = append(u.Rows, Row{0, map[string]string{"code": code, "name": officeName, "kind": officeKind}})
		i = len(u.Rows) - 1
	}
	if email != "" {
		u.Rows[i].Cells["focal_email"] = email
	}
	return code
}

// Excluded are the units that don't compete: the office, and those that others report to
// or belong to and that have nobody above themselves.
func (u *Units) Excluded(office string) []string {
	below := map[string]bool{}
	for _, r := range u.Rows {
		for _, field := range above {
			if body := r.Cells[field]; body != r.Cells["code"] {
				below[body] = true
			}
		}
	}
	out := []string{office}
	for _, r := range u.Rows {
		code := r.Cells["code"]
		if code != office && below[code] && r.Cells["collects_to"]+r.Cells["administered_by"]+r.Cells["submits_to"] == "" {
			out = append(out, code)
		}
	}
	return out
}

// Grouped tells that the units are in groups (cụm, khối).
func (u *Units) Grouped() bool { return u.has("group") }

// Added is the office that was added because the list has none; nil when it has one.
func (u *Units) Added() *Row {
	if i := slices.IndexFunc(u.Rows, func(r Row) bool { return r.Line == 0 && u.File != "" }); i >= 0 {
		return &u.Rows[i]
	}
	return nil
}

// has tells whether any unit has something in a column.
func (u *Units) has(field string) bool {
	return slices.ContainsFunc(u.Rows, func(r Row) bool { return r.Cells[field] != "" })
}

// WithoutContact are the units that nobody can be written to at.
func (u *Units) WithoutContact() (codes []string) {
	for _, r := range u.Rows {
		if r.Cells["focal_email"] == "" {
			codes = append(codes, r.Cells["code"])
		}
	}
	return codes
}

// Roster is NAME.roster.csv, one row for each of the list's.
func (u *Units) Roster() []byte {
	table := [][]string{unitFields}
	for _, r := range u.Rows {
		var cells []string
		for _, field := range unitFields {
			cells = append(cells, r.Cells[field])
		}
		table = append(table, cells)
	}
	return toCSV(table)
}

// Contacts is NAME.contacts.csv; nil when there are none.
func (u *Units) Contacts() []byte {
	table := [][]string{{"unit", "role", "name", "email"}}
	for _, r := range u.Rows {
		for _, c := range contactRoles {
			if email := r.Cells[c.prefix+"_email"]; email != "" {
				table = append(table, []string{r.Cells["code"], string(c.role), r.Cells[c.prefix+"_name"], email})
			}
		}
	}
	if len(table) == 1 {
		return nil
	}
	return toCSV(table)
}

var contactRoles = []struct {
	prefix string
	role   v1.Role
}{{"focal", v1.RoleFocalPoint}, {"leader", v1.RoleLeader}}

func toCSV(table [][]string) []byte {
	var b bytes.Buffer
	_ = csv.NewWriter(&b).WriteAll(table) // a buffer takes everything
	return b.Bytes()
}

// Locate tells of problems in the files that were made of the list where they come from:
// in the list itself. Other problems stay as they are.
func (u *Units) Locate(problems manifest.Problems) {
	for i, p := range problems {
		lines := make([]int, 0, len(u.Rows))
		switch {
		case strings.HasSuffix(p.File, ".contacts.csv"):
			for _, r := range u.Rows {
				for _, c := range contactRoles {
					if r.Cells[c.prefix+"_email"] != "" {
						lines = append(lines, r.Line)
					}
				}
			}
		case strings.HasSuffix(p.File, ".roster.csv"):
			for _, r := range u.Rows {
				lines = append(lines, r.Line)
			}
		default:
			continue
		}
		problems[i].File = u.File
		if row := p.Line - 2; row >= 0 && row < len(lines) {
			problems[i].Line = lines[row]
		}
	}
}
