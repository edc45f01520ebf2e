package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/plan"
)

func (a *app) initCommand() *cobra.Command {
	var n newCampaign
	cmd := &cobra.Command{
		Use:   "init --units FILE [--launch DATE] DIR",
		Short: "Write a campaign's files that can be launched today (tạo mới)",
		Long: `Init writes a directory with everything that a campaign needs: the campaign
itself with a note on each line, the calendar of working days, the rule pack, and
the units of a CSV file. It asks for three monthly reports and a final one, with
reminders, reviews, an award and a ceremony. Change what is not yours, then apply.

The CSV file has the columns code and name and, where you have them, kind, group,
collects_to, administered_by, submits_to, calendar, focal_name, focal_email,
leader_name, leader_email.

Tạo thư mục phong trào từ danh sách đơn vị (bảng tính lưu dạng CSV UTF-8).`,
		Example: `  thidua init --units units.csv my-campaign
  thidua init --units units.csv --launch 2026-12-07 --name chuyen-doi-so-2027 --title "Thi đua chuyển đổi số" --office VP my-campaign`,
		Args: oneName("directory"),
		RunE: func(_ *cobra.Command, args []string) error {
			n.dir, n.today = args[0], calendar.DateOf(time.Now(), zoneOf(defaultZone))
			return a.initCampaign(n)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&n.units, "units", "", "CSV file of the units that take part")
	flags.StringVar(&n.launch, "launch", "", "day of the launch, or an instant (default today)")
	flags.StringVar(&n.name, "name", "", "the campaign's short name (default that of the directory)")
	flags.StringVar(&n.title, "title", "", "the campaign's full name, in Vietnamese")
	flags.StringVar(&n.office, "office", "", "code of the unit that runs the campaign (default the unit of kind office, else VP)")
	flags.StringVar(&n.officeEmail, "office-email", "", "mail address of the office")
	flags.StringVar(&n.until, "until", "", "last day of the campaign (default half a year after the ceremony)")
	_ = cmd.MarkFlagFilename("units", "csv")
	return cmd
}

// newCampaign is what init was asked for.
type newCampaign struct {
	dir, units, launch, name, title, office, officeEmail, until string

	today calendar.Date
}

var campaignName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

func (a *app) initCampaign(n newCampaign) error {
	if n.units == "" {
		return misuse("init: which units? give --units FILE.csv with the columns code and name")
	}
	if n.name == "" {
		n.name = filepath.Base(filepath.Clean(n.dir))
	}
	if !campaignName.MatchString(n.name) || len(n.name) > 63 {
		return misuse("init: %q cannot be a campaign's name; give --name with lower-case letters, digits and dashes, such as chuyen-doi-so-2027", n.name)
	}
	if err := emptyDir(n.dir); err != nil {
		return err
	}
	units, err := readUnits(n.units)
	if err != nil {
		return err
	}
	units.addOffice(&n)
	s, err := n.schedule()
	if err != nil {
		return err
	}
	files, err := scaffold(n, s, units)
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
func writeChecked(n newCampaign, units *unitList, files []scaffoldFile) (*plan.Plan, manifest.Problems, error) {
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
		return nil, nil, units.locate(err)
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

func (a *app) printInit(n newCampaign, s schedule, p *plan.Plan, units *unitList) {
	provisional := 0
	for _, e := range p.Events {
		if e.Provisional {
			provisional++
		}
	}
	fmt.Fprintf(a.out, "%s: campaign %s, %s, %s from %s to %s\n", n.dir, n.name, counted(len(units.rows)-len(units.excluded(n.office)), "unit"), counted(len(p.Events), "date"),
		p.Launch.In(s.zone).Format("02/01/2006"), p.ClosedAt.In(s.zone).Format("02/01/2006"))
	if provisional > 0 {
		fmt.Fprintf(a.err, "note: the days off after 31/12/2026 are not known yet, so what comes after is provisional (%s); add the year's notice to calendar.yaml when it comes\n", counted(provisional, "date"))
	}
	if silent := units.withoutContact(); len(silent) > 0 {
		fmt.Fprintf(a.err, "note: no mail address for %s; add them to %s.contacts.csv, or nobody is reminded there\n", shortList(silent), n.name)
	}
	backdate := ""
	if s.launch.Before(n.today) {
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
