package cli

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/manifest"
)

var (
	unitColumns    = []string{"code", "name", "kind", "collects_to", "administered_by", "submits_to", "group", "calendar"}
	contactColumns = []string{"focal_name", "focal_email", "leader_name", "leader_email"}
)

// maxUnitsFile is far above the country: 11,367 units are about 2 MiB.
const maxUnitsFile = 16 << 20

const (
	defaultKind   = "unit"
	officeKind    = "office"
	defaultOffice = "VP"
	officeName    = "Văn phòng"
)

// unitList is a CSV file of units. What is in the cells is judged when the
// roster made of it is loaded.
type unitList struct {
	file  string
	rows  []map[string]string
	lines []int // of each row in the file; 0 for the office that was added
}

func readUnits(file string) (*unitList, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxUnitsFile {
		return nil, fail("%s: is %d MiB; a list of units is at most %d MiB", file, info.Size()>>20, maxUnitsFile>>20)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return nil, fail("%s: the file is empty; expected a header with code and name, then a row for each unit", file)
	case bytes.IndexByte(data, 0) >= 0 || !utf8.Valid(data):
		return nil, fail("%s: not text in UTF-8; in Excel, save it as CSV UTF-8", file)
	}
	return parseUnits(file, data)
}

func parseUnits(file string, data []byte) (*unitList, error) {
	r := csv.NewReader(bytes.NewReader(data))
	header, _, _ := bytes.Cut(data, []byte("\n"))
	if bytes.Contains(header, []byte(";")) && !bytes.Contains(header, []byte(",")) {
		r.Comma = ';' // as spreadsheets do where the comma is the decimal sign
	}
	r.FieldsPerRecord = -1
	u := &unitList{file: file}
	var names []string
	var twice manifest.Problems
	first := map[string]int{}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fail("%s: not valid CSV: %v", file, err)
		}
		line, _ := r.FieldPos(0)
		for i := range record {
			record[i] = strings.TrimSpace(record[i])
		}
		switch {
		case strings.Join(record, "") == "": // spreadsheets leave rows of bare commas behind
		case names == nil:
			names = record
			if err := checkUnitColumns(file, names); err != nil {
				return nil, err
			}
		case len(record) != len(names):
			return nil, fail("%s:%d: has %s, but the header has %s; put a cell that holds a comma in quotes", file, line, counted(len(record), "cell"), counted(len(names), "column"))
		default:
			row := map[string]string{}
			for i, name := range names {
				row[name] = record[i]
			}
			row["kind"] = orElse(row["kind"], defaultKind)
			code := row["code"]
			if before := first[code]; before > 0 && code != "" {
				_, at := r.FieldPos(slices.Index(names, "code"))
				twice = append(twice, manifest.Problem{
					File: file, Line: line, Column: at, Field: "code", Value: code,
					Message: fmt.Sprintf("the unit is there twice; the first is on line %d: give each unit one row, with a code of its own", before),
				})
				continue
			}
			first[code] = line
			u.rows, u.lines = append(u.rows, row), append(u.lines, line)
		}
	}
	if err := twice.Err(); err != nil {
		return nil, err
	}
	if len(u.rows) == 0 {
		return nil, fail("%s: only a header; expected a row for each unit", file)
	}
	return u, nil
}

func checkUnitColumns(file string, names []string) error {
	known := slices.Concat(unitColumns, contactColumns)
	for i, name := range names {
		if !slices.Contains(known, name) {
			return fail("%s:1: unknown column %q; known: %s", file, name, strings.Join(known, ", "))
		}
		if slices.Contains(names[:i], name) {
			return fail("%s:1: the column %s is there twice", file, name)
		}
	}
	for _, name := range []string{"code", "name"} {
		if !slices.Contains(names, name) {
			return fail("%s:1: the column %s is missing", file, name)
		}
	}
	return nil
}

// addOffice finds the unit that runs the campaign, and adds it when the list
// does not have it.
func (u *unitList) addOffice(n *newCampaign) {
	if n.office == "" {
		n.office = defaultOffice
		if i := slices.IndexFunc(u.rows, func(r map[string]string) bool { return r["kind"] == officeKind }); i >= 0 {
			n.office = u.rows[i]["code"]
		}
	}
	i := slices.IndexFunc(u.rows, func(r map[string]string) bool { return r["code"] == n.office })
	if i < 0 {
		u.rows = append(u.rows, map[string]string{"code": n.office, "name": officeName, "kind": officeKind})
		u.lines = append(u.lines, 0)
		i = len(u.rows) - 1
	}
	if n.officeEmail != "" {
		u.rows[i]["focal_email"] = n.officeEmail
	}
}

// excluded are the units that don't compete: the office, and those that others
// report to or belong to and that have nobody above themselves.
func (u *unitList) excluded(office string) []string {
	out := []string{office}
	for _, r := range u.rows {
		code := r["code"]
		if code == office || r["collects_to"]+r["administered_by"]+r["submits_to"] != "" {
			continue
		}
		if slices.ContainsFunc(u.rows, func(below map[string]string) bool {
			return below["code"] != code && (below["collects_to"] == code || below["administered_by"] == code || below["submits_to"] == code)
		}) {
			out = append(out, code)
		}
	}
	return out
}

// has tells whether any unit has something in a column.
func (u *unitList) has(column string) bool {
	return slices.ContainsFunc(u.rows, func(r map[string]string) bool { return r[column] != "" })
}

// withoutContact are the units that nobody can be written to at.
func (u *unitList) withoutContact() (codes []string) {
	for _, r := range u.rows {
		if r["focal_email"] == "" {
			codes = append(codes, r["code"])
		}
	}
	return codes
}

// rosterTable is NAME.roster.csv, one row for each of the list's.
func (u *unitList) rosterTable() [][]string {
	table := [][]string{unitColumns}
	for _, r := range u.rows {
		var cells []string
		for _, c := range unitColumns {
			cells = append(cells, r[c])
		}
		table = append(table, cells)
	}
	return table
}

// contactsTable is NAME.contacts.csv.
func (u *unitList) contactsTable() [][]string {
	table := [][]string{{"unit", "role", "name", "email"}}
	for _, r := range u.rows {
		for _, c := range []struct {
			prefix string
			role   v1.Role
		}{{"focal", v1.RoleFocalPoint}, {"leader", v1.RoleLeader}} {
			if email := r[c.prefix+"_email"]; email != "" {
				table = append(table, []string{r["code"], string(c.role), r[c.prefix+"_name"], email})
			}
		}
	}
	return table
}

// contactLines are the lines that the rows of contactsTable come from.
func (u *unitList) contactLines() (lines []int) {
	for i, r := range u.rows {
		for _, prefix := range []string{"focal", "leader"} {
			if r[prefix+"_email"] != "" {
				lines = append(lines, u.lines[i])
			}
		}
	}
	return lines
}

// locate tells of problems in the files that were made where they come from:
// the list of units.
func (u *unitList) locate(err error) error {
	var problems manifest.Problems
	if !errors.As(err, &problems) {
		return err
	}
	for i, p := range problems {
		lines := u.lines
		switch {
		case strings.HasSuffix(p.File, ".contacts.csv"):
			lines = u.contactLines()
		case !strings.HasSuffix(p.File, ".roster.csv"):
			problems[i].File = filepath.Base(p.File)
			continue
		}
		problems[i].File = u.file
		if row := p.Line - 2; row >= 0 && row < len(lines) {
			problems[i].Line = lines[row]
		}
	}
	return problems
}
