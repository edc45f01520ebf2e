package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/plan"
	"thidua.dev/thidua/internal/scaffold"
)

func (a *app) initCommand() *cobra.Command {
	var n newCampaign
	cmd := &cobra.Command{
		Use:   "init --units FILE [--launch DATE] DIR",
		Short: "Write a campaign's files that can be launched today (tạo mới)",
		Long: `Init writes a directory with everything that a campaign needs: the campaign
itself with a note on each line, the calendar of working days, the rule pack, and
the units of a list. The template thematic asks for three monthly reports and a final
one, short for one report at the end, yearly for one each month of the year; all have
reminders, reviews, an award and a ceremony. Change what is not yours, then apply.

The list is a workbook of Excel (.xlsx) or CSV in UTF-8 with the columns code and name
and, where you have them, kind, group, collects_to, administered_by, submits_to,
calendar, focal_name, focal_email, leader_name, leader_email; or headed in Vietnamese,
such as Mã, Tên đơn vị, Loại, Cụm khối, Trực thuộc, Đầu mối, Email, Lãnh đạo, Email lãnh
đạo. Codes may be left out: they are made of the names then.

Tạo thư mục phong trào từ danh sách đơn vị (bảng tính Excel hoặc CSV UTF-8).`,
		Example: `  thidua init --units units.csv my-campaign
  thidua init --units units.csv --launch 2026-12-07 --name chuyen-doi-so-2027 --title "Thi đua chuyển đổi số" --office VP my-campaign`,
		Args: oneName("directory"),
		RunE: func(_ *cobra.Command, args []string) error {
			n.dir, n.today = args[0], calendar.DateOf(time.Now(), zoneOf(defaultZone))
			return a.initCampaign(n)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&n.units, "units", "", "list of the units that take part: .xlsx or CSV")
	flags.StringVar((*string)(&n.template), "template", string(scaffold.Thematic), "thematic, short or yearly")
	flags.StringVar(&n.launch, "launch", "", "day of the launch, or an instant (default today)")
	flags.StringVar(&n.name, "name", "", "the campaign's short name (default that of the directory)")
	flags.StringVar(&n.title, "title", "", "the campaign's full name, in Vietnamese")
	flags.StringVar(&n.office, "office", "", "code of the unit that runs the campaign (default the unit of kind office, else VP)")
	flags.StringVar(&n.officeEmail, "office-email", "", "mail address of the office")
	flags.StringVar(&n.until, "until", "", "last day of the campaign (default half a year after the ceremony)")
	_ = cmd.MarkFlagFilename("units", "xlsx", "csv")
	return cmd
}

// newCampaign is what init was asked for.
type newCampaign struct {
	dir, units, launch, name, title, office, officeEmail, until string

	template scaffold.Template
	today    calendar.Date
}

func (a *app) initCampaign(n newCampaign) error {
	if n.units == "" {
		return misuse("init: which units? give --units FILE with the columns code and name")
	}
	if n.name == "" {
		n.name = filepath.Base(filepath.Clean(n.dir))
	}
	if !scaffold.IsName(n.name) {
		return misuse("init: %q cannot be a campaign's name; give --name with lower-case letters, digits and dashes, such as chuyen-doi-so-2027", n.name)
	}
	if !slices.Contains(scaffold.Templates, n.template) {
		return misuse("--template %q is none of thematic, short and yearly", n.template)
	}
	if err := emptyDir(n.dir); err != nil {
		return err
	}
	units, err := readUnits(n.units)
	if err != nil {
		return err
	}
	n.office = units.AddOffice(n.office, n.officeEmail)
	s, err := n.schedule()
	if err != nil {
		return err
	}
	files, err := n.files(s, units)
	if err != nil {
		return err
	}
	p, warnings, err := writeChecked(n, units, files)
	a.warn(warnings)
	if err != nil {
		return err
	}
	a.printInit(n, s, p, units)
	return nil
}

func readUnits(file string) (*scaffold.Units, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.Size() > scaffold.MaxSize {
		return nil, fail("%s: is %d MiB; a list of units is at most %d MiB", file, info.Size()>>20, scaffold.MaxSize>>20)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	units, problems := scaffold.ReadUnits(file, data)
	return units, problems.Problems(file).Err()
}

// schedule is what is proposed, with what was asked for put in its place.
func (n *newCampaign) schedule() (scaffold.Schedule, error) {
	day := n.today
	if n.launch != "" {
		at, err := parseInstant(n.launch, 8, 30, zoneOf(defaultZone))
		if err != nil {
			return scaffold.Schedule{}, misuse("--launch %v", err)
		}
		day = calendar.DateOf(at, zoneOf(defaultZone))
	}
	c := scaffold.Campaign{Template: n.template}
	err := c.On(day, scaffold.Given())
	if err != nil {
		return scaffold.Schedule{}, fail("--launch %s: %v", day, err)
	}
	s := c.Schedule
	if n.until == "" {
		return s, nil
	}
	if s.Until, err = calendar.ParseDate(n.until); err != nil {
		return s, misuse("--until %q is not a date such as 2027-12-31", n.until)
	}
	if !s.Until.After(s.Ceremony) {
		return s, misuse("--until %s is not after the ceremony on %s: give a later day", n.until, s.Ceremony)
	}
	return s, nil
}

// newFile is one that init writes.
type newFile struct {
	name string
	data []byte
}

// files of a new campaign.
func (n *newCampaign) files(s scaffold.Schedule, units *scaffold.Units) ([]newFile, error) {
	c := scaffold.Campaign{Template: n.template, Name: n.name, Title: n.title, Office: n.office, Launch: n.launch, Schedule: s}
	campaign, err := c.YAML(units)
	if err != nil {
		return nil, err
	}
	files := []newFile{
		{"calendar.yaml", scaffold.Calendar()}, {"rulepack.yaml", scaffold.RulePack()}, {"campaign.yaml", campaign}, {n.name + ".roster.csv", units.Roster()},
	}
	if contacts := units.Contacts(); contacts != nil {
		files = append(files, newFile{n.name + ".contacts.csv", contacts})
	}
	return files, nil
}

// emptyDir refuses to write where something is.
func emptyDir(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fail("%s: is not a directory that can be written to", dir)
	case len(entries) > 0:
		return fail("%s: is not empty; init overwrites nothing, name another directory", dir)
	}
	return nil
}

// writeChecked writes the files beside their place, sees that they load, check
// and plan, and only then puts them there: all of them, or none.
func writeChecked(n newCampaign, units *scaffold.Units, files []newFile) (*plan.Plan, manifest.Problems, error) {
	parent := filepath.Dir(filepath.Clean(n.dir))
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, nil, err
	}
	draft, err := os.MkdirTemp(parent, ".thidua-init-*")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(draft)
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(draft, f.name), f.data, 0o644); err != nil {
			return nil, nil, err
		}
	}
	set, warnings, err := load([]string{draft}, nil, nil)
	if err != nil {
		return nil, nil, inTheList(err, units)
	}
	p, err := engine.PlanOf(set, n.name, 1)
	if err != nil {
		return nil, nil, err
	}
	if err := os.Chmod(draft, 0o755); err != nil {
		return nil, nil, err
	}
	if err := os.Remove(n.dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	return p, warnings, os.Rename(draft, n.dir)
}

// inTheList tells of problems in the list of units, where the files that they are found in
// come from, and by their own names in the others.
func inTheList(err error, units *scaffold.Units) error {
	var problems manifest.Problems
	if !errors.As(err, &problems) {
		return err
	}
	units.Locate(problems)
	for i, p := range problems {
		if p.File != units.File {
			problems[i].File = filepath.Base(p.File)
		}
	}
	return problems
}

func (a *app) printInit(n newCampaign, s scaffold.Schedule, p *plan.Plan, units *scaffold.Units) {
	provisional, zone := 0, zoneOf(defaultZone)
	for _, e := range p.Events {
		if e.Provisional {
			provisional++
		}
	}
	fmt.Fprintf(a.out, "%s: campaign %s, %s, %s from %s to %s\n", n.dir, n.name, counted(len(units.Rows)-len(units.Excluded(n.office)), "unit"), counted(len(p.Events), "date"),
		p.Launch.In(zone).Format("02/01/2006"), p.ClosedAt.In(zone).Format("02/01/2006"))
	if provisional > 0 {
		fmt.Fprintf(a.err, "note: the days off after 31/12/2026 are not known yet, so what comes after is provisional (%s); add the year's notice to calendar.yaml when it comes\n", counted(provisional, "date"))
	}
	if len(units.Unused) > 0 {
		fmt.Fprintf(a.err, "note: columns that are not read: %s\n", shortList(units.Unused))
	}
	if units.CodesMade {
		fmt.Fprintf(a.err, "note: the list has no codes; they were made of the names, see %s.roster.csv\n", n.name)
	}
	if silent := units.WithoutContact(); len(silent) > 0 {
		fmt.Fprintf(a.err, "note: no mail address for %s; add them to %s.contacts.csv, or nobody is reminded there\n", shortList(silent), n.name)
	}
	backdate := ""
	if s.Launch.Before(n.today) {
		backdate = " --backdate"
	}
	fmt.Fprintf(a.out, "next:\n  thidua plan -f %[1]s\n  thidua rehearse -f %[1]s\n  thidua apply -f %[1]s\n  thidua launch %[2]s%[3]s\n", n.dir, n.name, backdate)
}

func shortList(names []string) string {
	const most = 8
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" … (%d in all)", len(names))
	}
	return strings.Join(names, ", ")
}
