package cli

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/plan"
)

func (a *app) describeCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "describe campaign NAME",
		Short: "Everything about one campaign on one page (chi tiết)",
		Long: `Describe prints one campaign: where it stands, its rounds, who is late, what
comes next, the ranking, the decision and the last acts.

Toàn cảnh một phong trào: tiến độ, đơn vị trễ hạn, việc sắp tới, xếp hạng.`,
		Example: `  thidua describe campaign covid-2021
  thidua describe campaign covid-2021 -o json`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) > 0 && !isCampaignWord(args[0]):
				name := args[len(args)-1] // of a campaign, when the word before it was forgotten
				if len(args) == 1 && strings.HasPrefix(args[0], "camp") {
					name = "NAME"
				}
				return fmt.Errorf("unknown resource %q; describe knows campaigns only: did you mean thidua describe campaign %s?", args[0], name)
			case len(args) != 2:
				return fmt.Errorf("describe what? usage: %s", cmd.UseLine())
			}
			return nil
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return []string{"campaign"}, cobra.ShellCompDirectiveNoFileComp
			}
			return a.completeCampaigns(cmd, args[1:], toComplete)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.looking(cmd.Context(), func(r reader) error {
				b, err := r.Board(cmd.Context(), args[1])
				if err != nil {
					return err
				}
				if format != formatTable {
					return WriteDocument(a.out, format, b)
				}
				return writeBoard(a.out, b, true)
			})
		},
	}
	outputFlag(cmd, &format, formatTable, formatJSON, formatYAML)
	return cmd
}

func isCampaignWord(s string) bool { return s == "campaign" || s == "campaigns" || s == "camp" }

// writeBoard writes a campaign for people; whole adds what a live board has no
// room for.
func writeBoard(w io.Writer, b look.Board, whole bool) error {
	zone := b.Campaign.Location()
	head := writeShortHead
	if whole {
		head = writeHead
	}
	head(w, b, zone)
	if err := writeTable(w, "Kỳ báo cáo (rounds)", roundColumns(zone), b.Rounds); err != nil {
		return err
	}
	late, all := b.Late, b.LateTotal+b.LateOther
	if !whole {
		late = late[:min(8, len(late))]
	}
	if err := writeTable(w, lateTitle(b), lateColumns(zone), late); err != nil {
		return err
	}
	if n := all - int64(len(late)); n > 0 {
		fmt.Fprintf(w, "… and %d more: thidua get late -c %s\n", n, b.Campaign.Name)
	}
	next := b.Next
	if !whole {
		next = next[:min(6, len(next))]
	}
	if err := writeTable(w, "Sắp tới (next)", nextColumns(zone), next); err != nil {
		return err
	}
	writeOutbox(w, b.Outbox, b.LettersTotal)
	if !whole {
		return nil
	}
	return writeResults(w, b, zone)
}

// lateTitle counts reports as the rounds do, and apart from them what bodies and the
// office owe.
func lateTitle(b look.Board) string {
	title := fmt.Sprintf("Quá hạn (late): %d báo cáo (%s)", b.LateTotal, counted(b.LateTotal, "report"))
	if b.LateOther > 0 {
		title += fmt.Sprintf("; %d việc tổng hợp, quyết định (consolidations, decisions)", b.LateOther)
	}
	return title
}

func writeHead(w io.Writer, b look.Board, zone *time.Location) {
	c := b.Campaign
	fmt.Fprintln(w, strings.TrimRight(c.Title.VI+"\n"+c.Title.EN, "\n"))
	var t table
	t.add("campaign", c.Name)
	t.add("state", stateLine(c))
	t.add("now", dayAndTime(c.Now, zone)+clockWord(c.Clock))
	t.add("units", number(c.Participants))
	launch := stamp(c.LaunchAt, zone)
	if c.Backdated && c.ActedAt != nil {
		launch += ", phát động lùi ngày lúc (backdated, by an act of) " + stamp(*c.ActedAt, zone)
	}
	t.add("launch", launch)
	t.add("closes", stamp(c.ClosesAt, zone))
	t.add("plan", c.PlanHash)
	t.add("generation", fmt.Sprintf("%d, observed %d", c.Generation, c.ObservedGeneration))
	for _, k := range c.Conditions {
		t.add(k.Type, conditionLine(k))
	}
	_ = t.write(w, "  ")
}

// writeShortHead is what a live board has room for: conditions only when one
// needs a look.
func writeShortHead(w io.Writer, b look.Board, zone *time.Location) {
	c := b.Campaign
	fmt.Fprintf(w, "%s\n%s: %s, %d đơn vị\n%s%s\n", c.Title.VI, c.Name, stateLine(c), c.Participants, dayAndTime(c.Now, zone), clockWord(c.Clock))
	for _, kind := range []string{"Stalled", "DeliveryDegraded", "CalendarShort"} {
		if k := c.Condition(kind); k.Status == "True" {
			fmt.Fprintf(w, "! %s: %s\n", kind, conditionLine(k))
		}
	}
}

func conditionLine(k look.Condition) string {
	line := k.Status + " " + k.Reason
	if k.Message != "" {
		line += ": " + k.Message
	}
	return line
}

func stateLine(c look.Campaign) string {
	line := c.State + " (" + stateWord[c.State] + ")"
	if c.Phase != "" {
		line += ", " + look.Word("phase."+c.Phase).VI
	}
	return line
}

var stateWord = map[string]string{
	"Declared": "đã khai báo", "Launched": "đang thực hiện", "Paused": "tạm dừng", "Cancelled": "đã hủy", "Closed": "đã kết thúc",
}

func clockWord(c look.Clock) string {
	switch {
	case c.AsOf:
		return " (đã biết đến lúc ấy: as of)"
	case c.Frozen:
		return " (stepped clock, frozen)"
	case c.Stepped:
		return fmt.Sprintf(" (stepped clock, %s)", counted(c.Jumps, "jump"))
	}
	return ""
}

func writeTable[T any](w io.Writer, title string, columns []column[T], items []T) error {
	if len(items) == 0 {
		return nil
	}
	fmt.Fprintf(w, "\n%s\n", title)
	var t table
	var titles []string
	for _, c := range columns {
		if !c.wide {
			titles = append(titles, c.title)
		}
	}
	t.add(titles...)
	for _, item := range items {
		var cells []string
		for _, c := range columns {
			if !c.wide {
				cells = append(cells, c.cell(item))
			}
		}
		t.add(cells...)
	}
	return t.write(w, "  ")
}

func nextColumns(zone *time.Location) []column[look.Next] {
	return []column[look.Next]{
		{title: "AT", cell: func(n look.Next) string { return dayAndTime(n.At, zone) }},
		{title: "WHAT", cell: nextWords},
		{title: "ROUND", cell: func(n look.Next) string { return orDash(n.Round) }},
		{title: "UNITS", cell: func(n look.Next) string { return number(n.Units) }},
	}
}

func nextWords(n look.Next) string {
	if n.Type == "Step" {
		return stepWords(n.Step)
	}
	if word := eventWord[plan.EventType(n.Type)]; word != "" {
		return word
	}
	if n.Type == string(plan.Reminder) {
		return eventWords(plan.Event{Type: plan.Reminder, Step: n.Step})
	}
	return cmp.Or(n.Title.VI, n.Type)
}

func writeOutbox(w io.Writer, o look.Outbox, letters int64) {
	fmt.Fprintf(w, "\nThư (outbox): %d sent, %d pending, %d held, %d being sent, %d superseded, %d expired, %d cancelled, %d parked, %d ambiguous, %d not configured\n",
		o.Sent, o.Pending, o.Held, o.Claimed, o.Superseded, o.Expired, o.Cancelled, o.Parked, o.Ambiguous, o.NotConfigured)
	if letters > 0 {
		fmt.Fprintf(w, "Công văn chờ ký (letters to sign): %d\n", letters)
	}
}

// writeResults writes what comes out of a campaign.
func writeResults(w io.Writer, b look.Board, zone *time.Location) error {
	if b.Ranking != nil {
		fmt.Fprintln(w)
		if err := writeRanking(w, *b.Ranking, zone, false); err != nil {
			return err
		}
	}
	if err := writeTable(w, fmt.Sprintf("Đề nghị khen thưởng (nominations): %d", b.NominationsTotal), []column[look.Nomination]{
		{title: "UNIT", cell: func(n look.Nomination) string { return n.Code }},
		{title: "NAME", cell: func(n look.Nomination) string { return n.Name }},
		{title: "AWARD", cell: func(n look.Nomination) string { return n.Title.VI }},
		{title: "RANK", cell: func(n look.Nomination) string { return number(n.Rank) }},
		{title: "TOTAL", cell: func(n look.Nomination) string { return n.Total }},
		{title: "AWARDED", cell: func(n look.Nomination) string { return yesNo(n.Awarded) }},
	}, b.Nominations); err != nil {
		return err
	}
	if d := b.Decision; d != nil {
		if d.Number != "" {
			fmt.Fprintf(w, "\nQuyết định (decision): %s ngày %s %s\n", d.Number, d.Dated, d.SignedBy)
		} else if d.ExpectedAt != nil {
			fmt.Fprintf(w, "\nQuyết định (decision): dự kiến %s\n", dayAndTime(*d.ExpectedAt, zone))
		}
	}
	if c := b.Ceremony; c != nil {
		fmt.Fprintf(w, "Lễ trao thưởng (ceremony): %s, %s, %d presented\n", dayAndTime(c.At, zone), c.Occasion, c.Presented)
	}
	return writeTable(w, "Việc đã làm (acts)", []column[look.Act]{
		{title: "AT", cell: func(x look.Act) string { return stamp(x.At, zone) }},
		{title: "ACTOR", cell: func(x look.Act) string { return x.Actor }},
		{title: "VERB", cell: func(x look.Act) string { return x.Verb }},
		{title: "REASON", cell: func(x look.Act) string { return orDash(x.Reason) }},
	}, b.Acts)
}
