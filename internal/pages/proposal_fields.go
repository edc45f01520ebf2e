package pages

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/manifest"
)

// What kind of value a field takes.
const (
	kindText   = "text"
	kindName   = "name"
	kindUnit   = "unit"
	kindDate   = "date"
	kindMoment = "moment" // a day, and perhaps a time
	kindMonth  = "month"
	kindTime   = "time"
	kindNumber = "number" // a decimal
	kindWhole  = "whole"  // a whole number
	kindChoice = "choice"
	kindUnits  = "units" // a list of codes
	// kindMeasure is a unit of measure; percent is written % by people.
	kindMeasure = "measure"
)

// fieldSpec is a value of a manifest that the page asks for, wherever the manifest has
// it: a list's items are each asked for.
type fieldSpec struct {
	path, kind string
	choices    []string
}

// optional are the values that may be left out, by the ends of their paths; with how the
// manifest has them: as text, or as a whole number.
var optional = map[string]bool{"floor": true, "nominate.minScore": true, "nominate.maxMissing": false}

// fieldGroups are what the page asks for, in the order in which an office thinks of it.
var fieldGroups = []struct {
	name   string
	list   string // the fields are of this list's items
	more   bool   // items can be added and taken away
	fields []fieldSpec
}{
	{"general", "", false, []fieldSpec{
		{"spec.title.vi", kindText, nil}, {"metadata.name", kindName, nil}, {"spec.office", kindUnit, nil},
		{"spec.launch.at", kindMoment, nil}, {"spec.launch.chairedBy", kindText, nil}, {"spec.participants.exclude", kindUnits, nil},
	}},
	{"registration", "", false, []fieldSpec{{"spec.registration.until", kindMoment, nil}, {"spec.registration.hardTasks.max", kindWhole, nil}}},
	{"reporting", "spec.reporting", false, []fieldSpec{
		{"title.vi", kindText, nil}, {"from", kindMonth, nil}, {"to", kindMonth, nil}, {"cutOffDay", kindWhole, nil}, {"due.day", kindWhole, nil}, {"due.date", kindDate, nil},
		{"due.time", kindTime, nil}, {"closes.workingDaysAfterDue", kindWhole, nil},
	}},
	{"axes", "spec.axes", false, []fieldSpec{{"title.vi", kindText, nil}, {"weight", kindNumber, nil}, {"floor", kindNumber, nil}}},
	{"indicators", "spec.indicators", true, []fieldSpec{
		{"title.vi", kindText, nil}, {"axis", kindChoice, nil}, {"unit", kindMeasure, nil}, {"baseline", kindNumber, nil}, {"target", kindNumber, nil}, {"direction", kindChoice, []string{"Up", "Down"}},
	}},
	{"reminders", "spec.reminders", false, []fieldSpec{{"offset", kindWhole, nil}, {"time", kindTime, nil}}},
	{"reviews", "spec.reviews", true, []fieldSpec{{"title.vi", kindText, nil}, {"at", kindMoment, nil}}},
	{"awards", "spec.awards", true, []fieldSpec{{"title.vi", kindText, nil}, {"nominate.top", kindWhole, nil}, {"nominate.minScore", kindNumber, nil}, {"nominate.maxMissing", kindWhole, nil}}},
	{"scoring", "", false, []fieldSpec{{"spec.scoring.latePoints", kindNumber, nil}, {"spec.scoring.missingPoints", kindNumber, nil}, {"spec.scoring.ranking.within", kindChoice, []string{"Group", "All"}}}},
	{"end", "", false, []fieldSpec{{"spec.decision.at", kindMoment, nil}, {"spec.ceremony.at", kindMoment, nil}, {"spec.replication.until", kindMoment, nil}}},
}

// formField is a value that the manifest has.
type formField struct {
	fieldSpec
	path, value string
	label       string            // its key in the catalogues
	named       map[string]string // what choices are called that no catalogue has
}

// day of a moment, and time where it has one.
func (f formField) day() string {
	day, _, _ := strings.Cut(f.value, "T")
	return day
}

func (f formField) time() string {
	_, rest, ok := strings.Cut(f.value, "T")
	if !ok || len(rest) < 5 {
		return ""
	}
	return rest[:5]
}

// shown is the value as people write it.
func (f formField) shown() string {
	switch f.kind {
	case kindMeasure:
		return measure(f.value)
	case kindNumber:
		return strings.Replace(f.value, ".", ",", 1)
	}
	return f.value
}

// long tells that a value takes a line of its own.
func (f formField) long() bool { return strings.HasSuffix(f.path, "title.vi") }

// formItem is an item of a list, or with no name all of a group that is none.
type formItem struct {
	name   string
	fields []formField
}

// formGroup is a part of the form.
type formGroup struct {
	name, list string
	more       bool
	items      []formItem
}

// formGroups are the parts of the form for what the manifest has.
func formGroups(s *manifest.Source) (groups []formGroup) {
	for _, g := range fieldGroups {
		group := formGroup{name: g.name, list: g.list, more: g.more}
		names := []string{""}
		if g.list != "" {
			names = s.Items(g.list)
		}
		for _, name := range names {
			item := formItem{name: name}
			for _, f := range g.fields {
				path := f.path
				if g.list != "" {
					path = fmt.Sprintf("%s[%s].%s", g.list, name, f.path)
				}
				if field, ok := fieldOf(s, f, path); ok {
					item.fields = append(item.fields, field)
				}
			}
			if len(item.fields) > 0 {
				group.items = append(group.items, item)
			}
		}
		if len(group.items) > 0 {
			groups = append(groups, group)
		}
	}
	return groups
}

// fieldOf is a value of the manifest, where it has it.
func fieldOf(s *manifest.Source, f fieldSpec, path string) (formField, bool) {
	field := formField{fieldSpec: f, path: path, label: labelOf(path)}
	if f.kind == kindUnits {
		codes, ok := s.List(path)
		field.value = strings.Join(codes, ", ")
		return field, ok
	}
	var ok bool
	field.value, ok = s.Get(path)
	if _, may := optional[f.path]; may && !ok {
		ok = s.Holds(path)
	}
	if f.path == "axis" { // a goal, by its name
		field.named = map[string]string{}
		for _, axis := range s.Items("spec.axes") {
			field.choices = append(field.choices, axis)
			if title, titled := s.Get("spec.axes[" + axis + "].title.vi"); titled {
				field.named[axis] = title
			}
		}
	}
	return field, ok
}

var inBrackets = regexp.MustCompile(`\[[^\]]*\]`)

// labelOf is the key under which catalogues have a field's name.
func labelOf(path string) string { return "field." + inBrackets.ReplaceAllString(path, "") }

// setFields writes what was typed into the manifest, and does what a button asked for:
// to add an item like another, or to take one away. A list of the proposal's own is found
// under the campaign's name.
func setFields(s *manifest.Source, values url.Values, zone *time.Location, ownList bool) error {
	old, renamed := s.Get("metadata.name")
	for _, g := range formGroups(s) {
		for _, item := range g.items {
			for _, f := range item.fields {
				if !values.Has(f.path) {
					continue
				}
				if err := f.set(s, values, zone); err != nil {
					return err
				}
			}
		}
	}
	if roster, ok := s.Get("spec.participants.roster"); ownList && renamed && ok && roster == old {
		if name, ok := s.Get("metadata.name"); ok {
			if err := s.Set("spec.participants.roster", name); err != nil {
				return &engine.Refused{Code: "unreadable"}
			}
		}
	}
	return setItems(s, values)
}

// set writes what was typed. An English title that stood beside a Vietnamese one goes with
// what it translated.
func (f formField) set(s *manifest.Source, values url.Values, zone *time.Location) error {
	value, err := f.typed(values, zone)
	if err != nil {
		return err
	}
	unreadable := &engine.Refused{Code: "unreadable"}
	if f.kind == kindUnits {
		if s.SetList(f.path, codesIn(value)) != nil {
			return unreadable
		}
		return nil
	}
	if f.kind == kindWhole && value != "" && !manifest.IsWhole(value) {
		return &engine.Refused{Code: "NotWhole"} // the manifest would have it as text, and no number could come back
	}
	_, there := s.Get(f.path)
	switch asText, may := optional[f.fieldSpec.path]; {
	case may && value == "" && !there:
		return nil
	case may && value == "":
		err = s.Unset(f.path)
	case may && !there:
		err = s.Add(f.path, value, asText)
	case f.kind == kindWhole && value != f.value:
		err = s.SetWhole(f.path, value)
	default:
		err = s.Set(f.path, value)
	}
	if err != nil {
		return unreadable
	}
	if title, ok := strings.CutSuffix(f.path, ".vi"); ok && value != f.value {
		if _, ok := s.Get(title + ".en"); ok && s.Set(title+".en", "") != nil {
			return unreadable
		}
	}
	return nil
}

// codesIn are the codes of a text, between commas, semicolons or spaces.
func codesIn(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || r <= ' ' })
}

func setItems(s *manifest.Source, values url.Values) error {
	for _, g := range fieldGroups {
		if !g.more {
			continue
		}
		if name := values.Get("remove." + g.list); name != "" {
			if err := s.Remove(g.list, name); err != nil {
				return &engine.Refused{Code: "ItemStays"}
			}
		}
		if name := values.Get("repeat." + g.list); name != "" {
			if err := s.Repeat(g.list, name, another(s.Items(g.list), name)); err != nil {
				return &engine.Refused{Code: "ItemStays"}
			}
		}
	}
	return nil
}

// another is a name like one that none has.
func another(taken []string, name string) string {
	has := map[string]bool{}
	for _, t := range taken {
		has[t] = true
	}
	for n := 2; ; n++ {
		if next := fmt.Sprintf("%s-%d", name, n); !has[next] {
			return next
		}
	}
}

// typed is a field's value as the manifest writes it.
func (f formField) typed(values url.Values, zone *time.Location) (string, error) {
	value := strings.TrimSpace(values.Get(f.path))
	switch f.kind {
	case kindMeasure:
		if value == "%" {
			return "percent", nil
		}
		return value, nil
	case kindNumber:
		return strings.ReplaceAll(value, ",", "."), nil
	case kindWhole:
		return strings.TrimPrefix(value, "+"), nil
	case kindMoment:
		at := values.Get(f.path + ".time")
		if at == "" {
			return value, nil
		}
		moment, err := time.ParseInLocation("2006-01-02 15:04", value+" "+at, zone)
		if err != nil {
			return "", &engine.Refused{Code: "BadDate"}
		}
		if written := moment.Format(time.RFC3339); written != f.value {
			return written, nil
		}
		return f.value, nil
	}
	return value, nil
}

// inputType is what browsers call it.
func inputType(kind string) string {
	switch kind {
	case kindDate, kindMonth, kindTime:
		return kind
	}
	return "text"
}

var inList = regexp.MustCompile(`^(spec\.[a-z]+)\[(\d+)\](.*)$`)

// formPath is where the form has a field that a problem names by its place in a list.
func formPath(s *manifest.Source, field string) string {
	m := inList.FindStringSubmatch(field)
	if m == nil {
		return field
	}
	i, err := strconv.Atoi(m[2])
	items := s.Items(m[1])
	if err != nil || i >= len(items) {
		return field
	}
	return m[1] + "[" + items[i] + "]" + m[3]
}

// pathOf is where the form has the field that a problem is about; empty where it has none.
func (p *proposal) pathOf(m manifest.Problem) string {
	if p.source == nil || m.Field == "" {
		return ""
	}
	path := formPath(p.source, m.Field)
	if _, ok := p.source.Get(path); !ok {
		return ""
	}
	return path
}

// wrongFields are the problems of fields that the form has, by their paths in it.
func wrongFields(s *manifest.Source, problems manifest.Problems) map[string]manifest.Problem {
	wrong := map[string]manifest.Problem{}
	for _, p := range problems {
		path := formPath(s, p.Field)
		if _, twice := wrong[path]; !twice && !p.Warning {
			wrong[path] = p
		}
	}
	return wrong
}
