package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/plan"
)

func (a *app) planCommand() *cobra.Command {
	var files []string
	var format string
	cmd := &cobra.Command{
		Use:   "plan [-f FILE] [CAMPAIGN]",
		Short: "Print every date of a campaign, and why it is there (lịch trình)",
		Long: `Plan prints the whole calendar of a campaign before anything is stored or
sent, with the day off behind each moved date. With -f it reads the files alone
and needs no database; without, it prints the plan of a declared campaign.

-o json is a contract for programs: {"campaign", "generation", "planHash", "events"}.

Lịch trình đầy đủ của phong trào, kèm lý do dời ngày (nghỉ lễ, Tết, cuối tuần).`,
		Example: `  thidua plan -f my-campaign
  thidua plan -f my-campaign -o json | jq -r .planHash
  thidua plan covid-2021`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeCampaigns,
		RunE: func(cmd *cobra.Command, args []string) error {
			name := strings.Join(args, "")
			p, zone, err := a.planOf(cmd.Context(), files, name)
			if err != nil {
				return err
			}
			if format == formatJSON || format == formatYAML {
				return writeDocument(a.out, format, p)
			}
			return writePlan(a.out, p, zone, format == formatWide)
		},
	}
	filesFlag(cmd, &files)
	outputFlag(cmd, &format, formatTable, formatWide, formatJSON, formatYAML)
	return cmd
}

func (a *app) planOf(ctx context.Context, files []string, name string) (*plan.Plan, *time.Location, error) {
	var set *manifest.Set
	generation := int64(1)
	if len(files) > 0 {
		var warnings manifest.Problems
		var err error
		set, warnings, err = load(files, a.in, nil)
		a.warn(warnings)
		if err != nil {
			return nil, nil, err
		}
	} else {
		if name == "" {
			return nil, nil, misuse("which campaign? give its name, or -f FILE")
		}
		e, closeDB, err := a.open(ctx)
		if err != nil {
			return nil, nil, err
		}
		defer closeDB()
		old, err := readStored(ctx, e)
		if err != nil {
			return nil, nil, err
		}
		set, generation = old.set, old.generation("Campaign", name)
	}
	if name == "" {
		var err error
		if name, err = onlyCampaign(set); err != nil {
			return nil, nil, err
		}
	}
	p, err := engine.PlanOf(set, name, generation)
	if err != nil {
		return nil, nil, err
	}
	return p, zoneOf(set.Campaign(v1.Name(name)).Spec.TimeZone), nil
}

// onlyCampaign is the campaign that is meant when none is named.
func onlyCampaign(set *manifest.Set) (string, error) {
	names := make([]string, len(set.Campaigns))
	for i, c := range set.Campaigns {
		names[i] = c.Name
	}
	switch len(names) {
	case 0:
		return "", fail("the files declare no campaign")
	case 1:
		return names[0], nil
	}
	return "", misuse("which campaign? the files declare %s", strings.Join(names, ", "))
}

// writePlan writes a plan for people, day by day.
func writePlan(w io.Writer, p *plan.Plan, zone *time.Location, wide bool) error {
	units := 0
	for _, e := range p.Events {
		units = max(units, e.Units)
	}
	fmt.Fprintf(w, "Phong trào %s: %d đơn vị, %d mốc, từ %s đến %s\n", p.Campaign, units, len(p.Events),
		p.Launch.In(zone).Format("02/01/2006"), p.ClosedAt.In(zone).Format("02/01/2006"))
	fmt.Fprintf(w, "generation %d, plan %s\n", p.Generation, p.Hash)
	for rest := p.Events; len(rest) > 0; {
		day := longDay(rest[0].At, zone)
		n := 1
		for n < len(rest) && longDay(rest[n].At, zone) == day {
			n++
		}
		fmt.Fprintf(w, "\n%s\n", upperFirst(day))
		if err := writePlanDay(w, rest[:n], zone, wide); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

func writePlanDay(w io.Writer, events []plan.Event, zone *time.Location, wide bool) error {
	var t table
	reasons := []string{}
	for _, e := range events {
		mark := ""
		if e.Provisional {
			mark = "tạm tính"
		}
		cells := []string{e.At.In(zone).Format("15:04"), eventWords(e), orDash(e.Round), string(e.Calendar), fmt.Sprintf("%d đơn vị", e.Units), mark}
		if wide {
			cells = append(cells, string(e.Type))
		}
		t.add(cells...)
		reasons = append(reasons, e.Reason)
	}
	var lines strings.Builder
	if err := t.write(&lines, "  "); err != nil {
		return err
	}
	for i, line := range strings.SplitAfter(lines.String(), "\n") {
		io.WriteString(w, line)
		if i < len(reasons) && reasons[i] != "" && (i+1 == len(reasons) || reasons[i+1] != reasons[i]) {
			fmt.Fprintf(w, "         ↳ %s\n", reasons[i])
		}
	}
	return nil
}

var eventWord = map[plan.EventType]string{
	plan.Launch:             "Phát động",
	plan.RegistrationCloses: "Hạn đăng ký",
	plan.RoundOpens:         "Mở kỳ",
	plan.CutOff:             "Chốt số liệu",
	plan.ReportDue:          "Hạn nộp báo cáo",
	plan.ConsolidationDue:   "Tổng hợp xong",
	plan.RoundCloses:        "Đóng kỳ",
	plan.Decision:           "Quyết định khen thưởng",
	plan.Ceremony:           "Lễ trao thưởng",
	plan.Closed:             "Kết thúc",
}

// eventWords is what an office calls an event.
func eventWords(e plan.Event) string {
	switch e.Type {
	case plan.Reminder:
		if e.Step == plan.StepInvitation {
			return "Gửi giấy mời"
		}
		return "Bước nhắc: " + e.Step
	case plan.ReviewHeld:
		return "Sơ kết, tổng kết: " + string(e.Review)
	}
	return cmp.Or(eventWord[e.Type], string(e.Type))
}

func upperFirst(s string) string {
	r := []rune(s)
	return strings.ToUpper(string(r[:1])) + string(r[1:])
}
