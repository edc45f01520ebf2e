package manifest

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	v1 "thidua.dev/thidua/api/v1"
)

const (
	rosterSuffix   = ".roster.csv"
	contactsSuffix = ".contacts.csv"
	// maxUnits is what one Roster object may hold; more go into parts.
	maxUnits = 2000
)

// rosterColumns are the columns of NAME.roster.csv, with the field of a unit that
// each fills; columns without a field make contacts.
var rosterColumns = []column{
	{"code", "code"}, {"name", "name"}, {"kind", "kind"},
	{"collects_to", "collectsTo"}, {"administered_by", "administeredBy"}, {"submits_to", "submitsTo"},
	{"group", "group"}, {"calendar", "calendar"}, {"valid_from", "validFrom"}, {"valid_to", "validTo"},
	{"focal_email", ""}, {"focal_name", ""}, {"leader_email", ""}, {"leader_name", ""},
}

var contactColumns = []column{{"unit", ""}, {"role", ""}, {"name", ""}, {"email", ""}}

type column struct{ name, field string }

// table is a CSV file with a header in any order.
type table struct {
	file    string
	columns map[string]int
	records [][]string
	lines   []int
}

func (t *table) cell(row int, column string) string {
	i, ok := t.columns[column]
	if !ok {
		return ""
	}
	return t.records[row][i]
}

// loadCSV loads a roster or a list of contacts; the file's name says which.
func (s *Set) loadCSV(file string, text []byte) Problems {
	base := filepath.Base(file)
	switch {
	case strings.HasSuffix(base, rosterSuffix):
		return s.loadRoster(file, v1.Name(strings.TrimSuffix(base, rosterSuffix)), text)
	case strings.HasSuffix(base, contactsSuffix):
		return s.loadContacts(file, text)
	}
	return Problems{{File: file, Message: "what is in this file? call it NAME.roster.csv for units, or NAME.contacts.csv for contacts"}}
}

// readTable reads a CSV file as spreadsheets save it: separated by commas, or by
// semicolons where the comma is the decimal sign.
func readTable(file string, text []byte, known []column, required ...string) (*table, Problems) {
	header, _, _ := bytes.Cut(text, []byte("\n"))
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = -1
	if bytes.Contains(header, []byte(";")) && !bytes.Contains(header, []byte(",")) {
		r.Comma = ';'
	}
	t := &table{file: file}
	var names []string
	var problems Problems
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			var syntax *csv.ParseError
			p := Problem{File: file, Message: "not valid CSV: " + err.Error()}
			if errors.As(err, &syntax) {
				p.Line, p.Column = syntax.StartLine, syntax.Column
				p.Message = "not valid CSV: a quotation mark is not closed, or stands inside a cell; write \"\" for one"
			}
			return nil, append(problems, p) // the reader has lost its place
		}
		line, _ := r.FieldPos(0)
		empty := true
		for i := range record {
			record[i] = strings.TrimSpace(record[i])
			empty = empty && record[i] == ""
		}
		switch {
		case empty: // spreadsheets leave rows of bare commas behind
		case names == nil:
			names = record
			t.columns, problems = columnsOf(file, line, names, known, required)
			if len(problems) > 0 {
				return nil, problems
			}
		case len(record) != len(names):
			problems = append(problems, Problem{File: file, Line: line,
				Message: fmt.Sprintf("has %d cells, but the header has %d columns; put a cell that holds a comma in quotes", len(record), len(names))})
		default:
			t.records = append(t.records, record)
			t.lines = append(t.lines, line)
		}
	}
	if names == nil {
		problems = append(problems, Problem{File: file, Message: "the file is empty; expected a header with " + some(required)})
	} else if len(t.records) == 0 && len(problems) == 0 {
		problems = append(problems, Problem{File: file, Line: 1, Message: "only a header; expected a row for each unit"})
	}
	return t, problems
}

func columnsOf(file string, line int, header []string, known []column, required []string) (map[string]int, Problems) {
	var problems Problems
	var names []string
	for _, c := range known {
		names = append(names, c.name)
	}
	columns := map[string]int{}
	for i, name := range header {
		switch _, twice := columns[name]; {
		case name == "":
			problems = append(problems, Problem{File: file, Line: line, Message: fmt.Sprintf("column %d has no name", i+1)})
		case !slices.Contains(names, name):
			problems = append(problems, Problem{File: file, Line: line, Field: name,
				Message: "unknown column" + hint(name, names, "known: "+strings.Join(names, ", "))})
		case twice:
			problems = append(problems, Problem{File: file, Line: line, Field: name, Message: "the column is there twice"})
		}
		columns[name] = i
	}
	for _, name := range required {
		if _, ok := columns[name]; !ok {
			problems = append(problems, Problem{File: file, Line: line, Field: name, Message: "the column is missing"})
		}
	}
	return columns, problems
}

// loadRoster makes a Roster of a table, and contacts of its e-mail columns. More
// units than an object may hold become NAME-1, NAME-2 …, which NAME includes.
func (s *Set) loadRoster(file string, name v1.Name, text []byte) Problems {
	t, problems := readTable(file, text, rosterColumns, "code", "name", "kind")
	if len(problems) > 0 {
		s.refused[objectKey{"Roster", string(name)}] = true
		return problems
	}
	var units []v1.Unit
	var lines []int
	first := map[v1.UnitCode]int{}
	for i, line := range t.lines {
		unit := v1.Unit{
			Code:           v1.UnitCode(t.cell(i, "code")),
			Name:           t.cell(i, "name"),
			Kind:           v1.UnitKind(t.cell(i, "kind")),
			CollectsTo:     v1.UnitCode(t.cell(i, "collects_to")),
			AdministeredBy: v1.UnitCode(t.cell(i, "administered_by")),
			SubmitsTo:      v1.UnitCode(t.cell(i, "submits_to")),
			Group:          v1.Name(t.cell(i, "group")),
			Calendar:       v1.Name(t.cell(i, "calendar")),
			ValidFrom:      v1.Date(t.cell(i, "valid_from")),
			ValidTo:        v1.Date(t.cell(i, "valid_to")),
		}
		if before, twice := first[unit.Code]; twice && unit.Code != "" {
			problems = append(problems, Problem{File: file, Line: line, Field: "code", Value: string(unit.Code),
				Message: fmt.Sprintf("the unit is there twice; the first is on line %d", before)})
			continue
		}
		first[unit.Code] = line
		units, lines = append(units, unit), append(lines, line)
		problems = append(problems, s.rosterContacts(t, i, unit.Code)...)
	}
	return append(problems, s.addRoster(file, name, units, lines)...)
}

func (s *Set) rosterContacts(t *table, row int, unit v1.UnitCode) (problems Problems) {
	for prefix, role := range map[string]v1.Role{"focal": v1.RoleFocalPoint, "leader": v1.RoleLeader} {
		c := Contact{Unit: unit, Role: role, Name: t.cell(row, prefix+"_name"), Email: t.cell(row, prefix+"_email")}
		if c.Name == "" && c.Email == "" {
			continue
		}
		problems = append(problems, s.addLoadedContact(c, origin{file: t.file, at: t.lines[row]})...)
	}
	return problems
}

// addRoster admits the units, in parts where they are too many for one object.
func (s *Set) addRoster(file string, name v1.Name, units []v1.Unit, lines []int) Problems {
	if len(units) <= maxUnits {
		return s.admitRoster(name, v1.RosterSpec{Units: units}, origin{file: file, rows: lines, at: 1})
	}
	var problems Problems
	var whole v1.RosterSpec
	for part := range slices.Chunk(units, maxUnits) {
		partName := v1.Name(fmt.Sprintf("%s-%d", name, len(whole.Include)+1))
		at := len(whole.Include) * maxUnits
		problems = append(problems, s.admitRoster(partName, v1.RosterSpec{Units: part}, origin{file: file, rows: lines[at : at+len(part)], at: 1})...)
		whole.Include = append(whole.Include, partName)
	}
	return append(problems, s.admitRoster(name, whole, origin{file: file, at: 1})...)
}

func (s *Set) admitRoster(name v1.Name, spec v1.RosterSpec, o origin) Problems {
	roster := &v1.Roster{Spec: spec}
	roster.Name = string(name)
	raw, err := toRaw(roster, "Roster")
	if err != nil {
		return Problems{{File: o.file, Message: err.Error()}}
	}
	problems := schemaOf("Roster").admit(raw, nil, o)
	if len(problems) > 0 {
		s.refused[objectKey{"Roster", string(name)}] = true
		return problems
	}
	roster.APIVersion, roster.Kind = APIVersion, "Roster" // no field of a roster has a default, a test says
	return s.addLoaded(roster, o)
}

func (s *Set) loadContacts(file string, text []byte) Problems {
	t, problems := readTable(file, text, contactColumns, "unit", "role", "email")
	if len(problems) > 0 {
		return problems
	}
	for i, line := range t.lines {
		c := Contact{Unit: v1.UnitCode(t.cell(i, "unit")), Role: v1.Role(t.cell(i, "role")), Name: t.cell(i, "name"), Email: t.cell(i, "email")}
		problems = append(problems, s.addLoadedContact(c, origin{file: file, at: line})...)
	}
	return problems
}

func (s *Set) addLoadedContact(c Contact, o origin) Problems {
	var p Problem
	if err := s.addContact(c, o); errors.As(err, &p) {
		return Problems{p}
	}
	return nil
}
