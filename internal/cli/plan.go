package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
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
				return WriteDocument(a.out, format, p)
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
		on, release, err := a.open(ctx)
		if err != nil {
			return nil, nil, err
		}
		defer release()
		old, err := readStored(ctx, on)
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

// writePlan writes a plan for people, day by day, with the reason below each
// event that was moved. What makes dates provisional is said once, at the top.
func writePlan(w io.Writer, p *plan.Plan, zone *time.Location, wide bool) error {
	units := 0
	for _, e := range p.Events {
		units = max(units, e.Units)
	}
	fmt.Fprintf(w, "Phong trào %s: %d đơn vị, %d mốc, từ %s đến %s\n", p.Campaign, units, len(p.Events),
		p.Launch.In(zone).Format("02/01/2006"), p.ClosedAt.In(zone).Format("02/01/2006"))
	fmt.Fprintf(w, "generation %d, plan %s\n", p.Generation, p.Hash)
	for _, why := range provisionalBecause(p.Events) {
		fmt.Fprintln(w, why)
	}
	var t table
	for _, e := range p.Events {
		t.add(planCells(e, zone, wide)...)
	}
	lines := t.lines("  ")
	today := ""
	for i, e := range p.Events {
		day, _ := dayAndHour(e, zone)
		if day != today {
			today = day
			fmt.Fprintf(w, "\n%s\n", upperFirst(day))
		}
		fmt.Fprintln(w, lines[i])
		if reason := movedBecause(e); reason != "" {
			fmt.Fprintf(w, "          ↳ %s\n", reason)
		}
	}
	return nil
}

func planCells(e plan.Event, zone *time.Location, wide bool) []string {
	_, at := dayAndHour(e, zone)
	mark := ""
	if e.Provisional {
		mark = "tạm tính"
	}
	cells := []string{at, eventWords(e), orDash(e.Round), string(e.Calendar), fmt.Sprintf("%d đơn vị", e.Units), mark}
	if wide {
		cells = append(cells, string(e.Type))
	}
	return cells
}

// dayAndHour is where an event stands in the calendar. A day's data end at
// 24:00, which is not the next day's 00:00 to people.
func dayAndHour(e plan.Event, zone *time.Location) (day, hour string) {
	at := e.At.In(zone)
	if e.Type == plan.CutOff && at.Hour() == 0 && at.Minute() == 0 {
		return longDay(at.Add(-time.Minute), zone), "24:00"
	}
	return longDay(at, zone), at.Format("15:04")
}

// movedBecause is why an event is not where its rule alone would put it.
func movedBecause(e plan.Event) string {
	why := e.Why
	why.Beyond = nil
	return why.Text("vi")
}

// provisionalBecause are the calendars that do not reach far enough.
func provisionalBecause(events []plan.Event) (reasons []string) {
	for _, e := range events {
		if e.Why.Beyond == nil {
			continue
		}
		if text := (plan.Reason{Beyond: e.Why.Beyond}).Text("vi"); !slices.Contains(reasons, text) {
			reasons = append(reasons, text)
		}
	}
	return reasons
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
		return stepWords(e.Step)
	case plan.ReviewHeld:
		return "Sơ kết, tổng kết: " + string(e.Review)
	}
	return cmp.Or(eventWord[e.Type], string(e.Type))
}

// stepWords is a step in words, with its name in the campaign's spec.
func stepWords(step string) string {
	if word := look.Word("step." + step).VI; word != step {
		return upperFirst(word) + " (" + step + ")"
	}
	return "Bước nhắc: " + step
}

func upperFirst(s string) string {
	r := []rune(s)
	return strings.ToUpper(string(r[:1])) + string(r[1:])
}
