package cli

import (
	"bytes"
	"embed"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"text/template"
	"time"

	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/manifest"
)

//go:embed scaffold
var scaffoldFS embed.FS

// schedule is the dates that init proposes.
type schedule struct {
	zone   *time.Location
	launch calendar.Date

	registration, finalDue, midterm, finalReview, decision, ceremony, until calendar.Date
	first, last                                                             calendar.Date // of the monthly reports, any day of the month
}

// firstReportUntil is the last day of a month on which a launch still leaves a
// week for that month's report.
const firstReportUntil = 8

// schedule proposes dates: three monthly reports from the month of the launch,
// or the next when it is too late in it, a final one, and what follows.
func (n *newCampaign) schedule() (schedule, error) {
	s := schedule{zone: zoneOf(defaultZone), launch: n.today}
	if n.launch != "" {
		at, err := parseInstant(n.launch, 8, 30, s.zone)
		if err != nil {
			return s, misuse("--launch %v", err)
		}
		s.launch = calendar.DateOf(at, s.zone)
	}
	cal, err := scaffoldCalendar()
	if err != nil {
		return s, err
	}
	if s.launch.Before(cal.CoveredFrom()) {
		return s, fail("--launch %s: init knows days off from %s on; copy an example and its calendar instead", s.launch, cal.CoveredFrom())
	}
	s.first = s.launch
	if s.launch.Day > firstReportUntil {
		s.first = monthDay(s.launch, 1, 1)
	}
	s.last = monthDay(s.first, 2, 1)
	s.registration = s.launch.AddDays(14)
	s.midterm, s.finalDue = monthDay(s.first, 2, 8), monthDay(s.first, 3, 15)
	s.finalReview, s.decision = monthDay(s.first, 4, 8), monthDay(s.first, 4, 20)
	s.ceremony = monthDay(s.first, 4, 28)
	if !cal.Working(s.ceremony) {
		s.ceremony = cal.Next(s.ceremony)
	}
	s.until = monthDay(s.ceremony, 6, 1).MonthEnd()
	if n.until == "" {
		return s, nil
	}
	if s.until, err = calendar.ParseDate(n.until); err != nil {
		return s, misuse("--until %q is not a date such as 2027-12-31", n.until)
	}
	if !s.until.After(s.ceremony) {
		return s, misuse("--until %s is not after the ceremony on %s: give a later day", n.until, s.ceremony)
	}
	return s, nil
}

// monthDay is a day of the month so many months after d.
func monthDay(d calendar.Date, months, day int) calendar.Date {
	return calendar.NewDate(d.Year, d.Month+time.Month(months), day)
}

// scaffoldCalendar is the calendar that init writes, with every default.
func scaffoldCalendar() (*calendar.Calendar, error) {
	data, err := scaffoldFS.ReadFile("scaffold/calendar.yaml")
	if err != nil {
		return nil, err
	}
	set, err := manifest.Load([]string{"-"}, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	declared := set.Calendars[0]
	return calendar.New(declared.Name, declared.Spec)
}

type scaffoldFile struct {
	name string
	data []byte
}

// scaffold makes the files of a new campaign.
func scaffold(n newCampaign, s schedule, units *unitList) ([]scaffoldFile, error) {
	var files []scaffoldFile
	for _, name := range []string{"calendar.yaml", "rulepack.yaml"} {
		data, err := scaffoldFS.ReadFile("scaffold/" + name)
		if err != nil {
			return nil, err
		}
		files = append(files, scaffoldFile{name, data})
	}
	campaign, err := scaffoldCampaign(n, s, units)
	if err != nil {
		return nil, err
	}
	roster, err := toCSV(units.rosterTable())
	if err != nil {
		return nil, err
	}
	files = append(files, scaffoldFile{"campaign.yaml", campaign}, scaffoldFile{n.name + ".roster.csv", roster})
	if table := units.contactsTable(); len(table) > 1 {
		contacts, err := toCSV(table)
		if err != nil {
			return nil, err
		}
		files = append(files, scaffoldFile{n.name + ".contacts.csv", contacts})
	}
	return files, nil
}

func scaffoldCampaign(n newCampaign, s schedule, units *unitList) ([]byte, error) {
	t, err := template.New("campaign.yaml.tmpl").Funcs(template.FuncMap{"quote": quoteYAML}).ParseFS(scaffoldFS, "scaffold/campaign.yaml.tmpl")
	if err != nil {
		return nil, err
	}
	title := orElse(n.title, "Phong trào thi đua "+n.name)
	escalate, within := "Office", "All"
	if units.has("administered_by") {
		escalate = "AdministeringBody, Office"
	}
	if units.has("group") {
		within = "Group"
	}
	var b bytes.Buffer
	err = t.Execute(&b, map[string]any{
		"Name": n.name, "Title": title, "Office": n.office, "Excluded": units.excluded(n.office), "Launch": orElse(n.launch, s.launch.String()),
		"Registration": s.registration, "FirstMonth": month(s.first), "LastMonth": month(s.last), "FinalDue": s.finalDue,
		"EscalateTo": escalate, "Within": within, "Midterm": s.midterm, "FinalReview": s.finalReview,
		"Top": min(3, max(1, (len(units.rows)-1)/3)), "Decision": s.decision, "Ceremony": s.ceremony, "Until": s.until,
	})
	return b.Bytes(), err
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

func toCSV(table [][]string) ([]byte, error) {
	var b bytes.Buffer
	err := csv.NewWriter(&b).WriteAll(table)
	return b.Bytes(), err
}
