// Package scaffold draws up a new campaign: of a list of units as an office keeps it, and
// of a day for the launch, it makes manifests that can be launched as they are. Nothing
// here reads a clock, a file or a network.
package scaffold

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"github.com/xuri/excelize/v2"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/manifest"
)

//go:embed templates
var templates embed.FS

// Campaign is what a new campaign is asked to be.
type Campaign struct {
	Template Template
	Name     string // such as chuyen-doi-so-2027; see IsName
	Title    string // in Vietnamese; empty: made of the name
	Office   string // the code of the unit that runs it
	Roster   string // its units; empty: a roster of the campaign's name
	Calendar string // its working days; empty: state
	RulePack string // its law, as people write it; empty: VN-2022-B
	Launch   string // a day, or an instant with its offset; empty: the day of Schedule
	Schedule Schedule
}

// Draw draws up a campaign of a list of units, out of what is declared: under a name that
// is free where it has none, and with the dates that follow from the day of the launch. It
// is a *TooEarly before days off are known.
func (c *Campaign) Draw(units *Units, launch calendar.Date, declared *manifest.Set) ([]byte, error) {
	if !slices.Contains(Templates, c.Template) {
		c.Template = Thematic
	}
	if c.Name == "" {
		c.Name = freeName(declared, c.Title)
	}
	c.Office = units.AddOffice(c.Office, "")
	all := Given()
	all.Overlay(declared)
	if err := c.On(launch, all); err != nil {
		return nil, err
	}
	return c.YAML(units)
}

// freeName is a name made of a title that no campaign and no roster has.
func freeName(declared *manifest.Set, title string) string {
	base := cmp.Or(Name(title), "phong-trao")
	name := base
	for n := 2; declared.Campaign(v1.Name(name)) != nil || declared.Roster(v1.Name(name)) != nil; n++ {
		name = fmt.Sprintf("%s-%d", base, n)
	}
	return name
}

// IsName tells that a campaign may be called so: lower-case letters, digits and dashes, at
// most 63.
func IsName(name string) bool { return len(name) <= 63 && isName.MatchString(name) }

// YAML is the campaign's manifest with a note on each line.
func (c *Campaign) YAML(units *Units) ([]byte, error) {
	t, err := template.New("campaign.yaml.tmpl").Funcs(template.FuncMap{"quote": quoteYAML}).ParseFS(templates, "templates/campaign.yaml.tmpl")
	if err != nil {
		return nil, err
	}
	s := c.Schedule
	data := map[string]any{
		"Name": c.Name, "Title": c.Title, "Kind": "Thematic", "Office": c.Office, "Roster": cmp.Or(c.Roster, c.Name),
		"Calendar": cmp.Or(c.Calendar, usualCalendar), "RulePack": cmp.Or(c.RulePack, "VN-2022-B"), "Excluded": units.Excluded(c.Office), "Launch": c.Launch,
		"Registration": s.Registration, "Monthly": s.First != calendar.Date{}, "FirstMonth": month(s.First), "LastMonth": month(s.Last), "FinalDue": s.FinalDue,
		"EscalateTo": "Office", "Within": "All", "Midterm": "", "FinalReview": s.FinalReview,
		"Top": min(3, max(1, (len(units.Rows)-1)/3)), "Decision": s.Decision, "Ceremony": s.Ceremony, "Until": s.Until,
	}
	if c.Title == "" {
		data["Title"] = "Phong trào thi đua " + c.Name
	}
	if c.Launch == "" {
		data["Launch"] = s.Launch
	}
	if c.Template == Yearly {
		data["Kind"] = "Regular"
	}
	if (s.Midterm != calendar.Date{}) {
		data["Midterm"] = s.Midterm.String()
	}
	if units.has("administered_by") {
		data["EscalateTo"] = "AdministeringBody, Office"
	}
	if units.has("group") {
		data["Within"] = "Group"
	}
	var b bytes.Buffer
	err = t.Execute(&b, data)
	return b.Bytes(), err
}

// Sample is a list of units to fill in, as a workbook.
func Sample() ([]byte, error) {
	table, err := csv.NewReader(bytes.NewReader(embedded("units.csv"))).ReadAll()
	if err != nil {
		return nil, err
	}
	f := excelize.NewFile()
	defer f.Close()
	for i, row := range table {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			return nil, err
		}
	}
	if err := f.SetColWidth("Sheet1", "A", "I", 24); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = f.Write(&b)
	return b.Bytes(), err
}

// Calendar is calendar.yaml: the working days that the campaign counts in.
func Calendar() []byte { return embedded("calendar.yaml") }

// RulePack is rulepack.yaml: the law that the campaign names.
func RulePack() []byte { return embedded("rulepack.yaml") }

func embedded(name string) []byte {
	data, err := templates.ReadFile("templates/" + name)
	if err != nil {
		panic(err) // it is embedded
	}
	return data
}

func month(d calendar.Date) string { return fmt.Sprintf("%04d-%02d", d.Year, d.Month) }

// quoteYAML writes text so that YAML reads back the same: JSON's form is one.
func quoteYAML(s string) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(s)
	return strings.TrimSpace(b.String()), err
}
