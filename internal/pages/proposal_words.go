package pages

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/notify/texts"
	"thidua.dev/thidua/internal/scaffold"
)

// cellProblem is what is to be mended in a list of units, and in which cell.
func (u ui) cellProblem(p scaffold.CellProblem) string {
	text := u.t("cell."+p.Code, "{value}", p.Value, "{other}", p.Other)
	switch {
	case p.Row == 0:
		return text
	case p.Column == 0:
		return u.t("cell.row", "{row}", p.Cell(), "{text}", text)
	case p.Heading == "":
		return u.t("cell.at", "{cell}", p.Cell(), "{text}", text)
	}
	return u.t("cell.of", "{cell}", p.Cell(), "{heading}", p.Heading, "{text}", text)
}

// manifestProblem is what is to be mended in a proposal: which field, and what about it.
func (u ui) manifestProblem(p manifest.Problem) string {
	text := p.Message
	if p.Code != "" {
		other := p.Other
		if p.Code == manifest.After {
			other[0] = strings.ToLower(u.fieldName(other[0]))
		}
		text = u.t("mend."+p.Code, "{value}", u.day(p.Value), "{0}", u.day(other[0]), "{1}", u.day(other[1]), "{2}", other[2])
	}
	name := u.fieldName(p.Field)
	if name == "" {
		return text
	}
	return name + ": " + text
}

// wrongField is the same beside the field that it is about.
func (u ui) wrongField(p manifest.Problem) string {
	p.Field = ""
	return u.manifestProblem(p)
}

// choice is what a choice is called.
func (u ui) choice(f formField, c string) string {
	if name := f.named[c]; name != "" {
		return name
	}
	if f.named != nil {
		return c
	}
	return u.t(f.label + "." + c)
}

// namesOf some units, with what is behind them.
func (u ui) namesOf(units []v1.Unit) string {
	const most = 20
	var names []string
	for i, unit := range units {
		if i == most {
			names = append(names, "…")
			break
		}
		names = append(names, unit.Name+" ("+string(unit.Code)+")")
	}
	return strings.Join(names, "; ")
}

// fieldName is what people call a field: its name in the catalogue, else its path.
func (u ui) fieldName(path string) string {
	if name := u.t(labelOf(path)); name != labelOf(path) {
		return name
	}
	return path
}

// fieldHint says what a field is about; empty where its name says all.
func (u ui) fieldHint(label string) string {
	if hint := u.t(label + ".what"); hint != label+".what" {
		return hint
	}
	return ""
}

// written is a day in words, since browsers write days as their own settings say: thứ Ba,
// 01/12/2026.
func (u ui) written(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return ""
	}
	words := texts.In(u.lang)
	return capital(words.Weekday(t)) + ", " + words.Date(t)
}

// kindCount is how many units of a list are of a kind.
type kindCount struct {
	name  string
	count int64
}

// counts of a list's units by what a field says, the most first.
func counts(units *scaffold.Units, field string) (all []kindCount) {
	by := map[string]int64{}
	for _, r := range units.Rows {
		if text := r.Cells[field]; text != "" {
			by[cmp.Or(units.Words[text], text)]++
		}
	}
	for name, n := range by {
		all = append(all, kindCount{name, n})
	}
	slices.SortFunc(all, func(a, b kindCount) int {
		return cmp.Or(cmp.Compare(b.count, a.count), strings.Compare(a.name, b.name))
	})
	return all
}

// listed is counts in words.
func (u ui) listed(all []kindCount) string {
	const most = 12
	var parts []string
	for i, k := range all {
		if i == most {
			parts = append(parts, "…")
			break
		}
		parts = append(parts, k.name+" ("+u.n(k.count)+")")
	}
	return strings.Join(parts, ", ")
}

// shownFields are the columns worth showing of a list.
func shownFields(units *scaffold.Units) (fields []string) {
	for _, f := range []string{"code", "name", "kind", "group", "collects_to", "administered_by", "submits_to", "calendar", "focal_name", "focal_email", "leader_name", "leader_email"} {
		if units.Columns[f] > 0 || f == "code" {
			fields = append(fields, f)
		}
	}
	return fields
}

// rowNumber is a row's place in its file.
func rowNumber(r scaffold.Row) string {
	if r.Line == 0 {
		return "+"
	}
	return strconv.Itoa(r.Line)
}

// problemRows are the rows of a list that have something to mend, up to twenty.
func problemRows(units *scaffold.Units, problems scaffold.CellProblems) (rows []scaffold.Row) {
	const most = 20
	wrong := map[int]bool{}
	for _, p := range problems {
		wrong[p.Row] = true
	}
	for _, r := range units.Rows {
		if wrong[r.Line] && len(rows) < most {
			rows = append(rows, r)
		}
	}
	return rows
}

// problemCells are the cells to mend, by field and row.
func problemCells(problems scaffold.CellProblems) map[string]bool {
	cells := map[string]bool{}
	for _, p := range problems {
		cells[p.Field+strconv.Itoa(p.Row)] = true
	}
	return cells
}

// firstRows are the first rows of a list.
func firstRows(units *scaffold.Units) []scaffold.Row {
	const most = 500
	return units.Rows[:min(most, len(units.Rows))]
}

func joined(names []string) string { return strings.Join(names, ", ") }
