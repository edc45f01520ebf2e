package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/look"
)

func (a *app) getCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "get RESOURCE",
		Short: "List what there is: campaigns, rounds, notices, messages … (danh sách)",
		Long: `Get lists one kind of thing as a table for people, or as one JSON or YAML
document for programs.

Danh sách phong trào, kỳ báo cáo, lượt nhắc, thư, công văn chờ ký, bảng xếp hạng.`,
		Example: `  thidua get campaigns
  thidua get rounds -c covid-2021
  thidua get notices -c covid-2021 -o json
  thidua get late -c covid-2021 --as-of 2021-10-18   what was known that day
  thidua get objects roster/don-vi -o yaml`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			var names []string
			for _, c := range cmd.Commands() {
				names = append(names, c.Name())
			}
			if len(args) == 0 {
				return misuse("get what? there are: %s", strings.Join(names, ", "))
			}
			return misuse("unknown resource %q; there are: %s", args[0], strings.Join(names, ", "))
		},
	}
	cmd.AddCommand(
		a.getCampaignsCommand(), a.getRoundsCommand(), a.getLateCommand(), a.getNoticesCommand(), a.getMessagesCommand(),
		a.getLettersCommand(), a.getLetterCommand(), a.getRankingCommand(), a.getTodoCommand(), a.getObjectsCommand(), a.getFileCommand(), a.getAmbiguousCommand(), a.getRootsCommand(),
		a.getCompletenessCommand(), a.getGridCommand(), a.getLoadCommand(),
	)
	return cmd
}

// aliases of resources that are not the name of another one.
var aliases = map[string][]string{"rounds": {"round"}, "notices": {"notice"}, "messages": {"message"}}

// getting makes the command of one resource of a campaign.
func (a *app) getting(use, short, example string, get func(cmd *cobra.Command, r reader, campaign, format string) error) *cobra.Command {
	var campaign, format, asOf string
	name, _, _ := strings.Cut(use, " ")
	cmd := &cobra.Command{
		Use:     use,
		Aliases: aliases[name],
		Short:   short,
		Example: example,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if campaign == "" {
				return misuse("get %s: of which campaign? give -c CAMPAIGN", name)
			}
			return a.lookingAsOf(cmd.Context(), asOf, func(r reader) error { return get(cmd, r, campaign, format) })
		},
	}
	a.campaignFlag(cmd, &campaign)
	asOfFlag(cmd, &asOf)
	outputFlag(cmd, &format, formatTable, formatWide, formatJSON, formatYAML, formatName)
	return cmd
}

func (a *app) getCampaignsCommand() *cobra.Command {
	var format, asOf string
	cmd := &cobra.Command{
		Use:               "campaigns [CAMPAIGN]",
		Aliases:           []string{"campaign", "camp"},
		Short:             "Campaigns and where they stand (phong trào)",
		Example:           "  thidua get campaigns\n  thidua get campaign covid-2021 -o json",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeCampaigns,
		RunE: func(cmd *cobra.Command, args []string) error {
			if asOf != "" {
				return misuse("get campaigns: how the engine was is not kept, so there is no --as-of; why and the other resources have it")
			}
			return a.looking(cmd.Context(), func(r reader) error {
				if len(args) == 0 {
					all, err := r.Campaigns(cmd.Context())
					if err != nil {
						return err
					}
					return a.writeCampaigns(format, all)
				}
				c, err := r.Campaign(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if format == formatJSON || format == formatYAML {
					return WriteDocument(a.out, format, c)
				}
				return a.writeCampaigns(format, []look.Campaign{c})
			})
		},
	}
	asOfFlag(cmd, &asOf)
	_ = cmd.Flags().MarkHidden("as-of") // known, to be refused in words
	outputFlag(cmd, &format, formatTable, formatWide, formatJSON, formatYAML, formatName)
	return cmd
}

func (a *app) writeCampaigns(format string, all []look.Campaign) error {
	return writeList(a, format, "campaigns", all, func(c look.Campaign) string { return "campaign/" + c.Name }, []column[look.Campaign]{
		{title: "NAME", cell: func(c look.Campaign) string { return c.Name }},
		{title: "STATE", cell: func(c look.Campaign) string { return c.State }},
		{title: "PHASE", cell: func(c look.Campaign) string { return orDash(c.Phase) }},
		{title: "READY", cell: func(c look.Campaign) string { return c.Condition("Ready").Status }},
		{title: "UNITS", cell: func(c look.Campaign) string { return number(c.Participants) }},
		{title: "LAUNCH", cell: func(c look.Campaign) string { return stamp(c.LaunchAt, c.Location()) }},
		{title: "CLOSES", cell: func(c look.Campaign) string { return stamp(c.ClosesAt, c.Location()) }},
		{title: "OFFICE", wide: true, cell: func(c look.Campaign) string { return c.Office.Code }},
		{title: "TITLE", wide: true, cell: func(c look.Campaign) string { return c.Title.VI }},
	})
}

func (a *app) getRoundsCommand() *cobra.Command {
	return a.getting("rounds -c CAMPAIGN", "Rounds with what came in time, late, or not (kỳ báo cáo)", "  thidua get rounds -c covid-2021",
		func(cmd *cobra.Command, r reader, campaign, format string) error {
			c, err := r.Campaign(cmd.Context(), campaign)
			if err != nil {
				return err
			}
			rounds, err := r.Rounds(cmd.Context(), campaign)
			if err != nil {
				return err
			}
			return a.writeRounds(format, rounds, c.Location())
		})
}

func (a *app) writeRounds(format string, rounds []look.Round, zone *time.Location) error {
	return writeList(a, format, "rounds", rounds, func(r look.Round) string { return "round/" + r.Name }, roundColumns(zone))
}

// dueCell is a round's deadline, with the latest one where acts have moved some.
func dueCell(r look.Round, zone *time.Location) string {
	if r.LastDueAt.After(r.DueAt) {
		return stamp(r.DueAt, zone) + " – " + stamp(r.LastDueAt, zone)
	}
	return stamp(r.DueAt, zone)
}

func roundColumns(zone *time.Location) []column[look.Round] {
	return []column[look.Round]{
		{title: "ROUND", cell: func(r look.Round) string { return r.Name }},
		{title: "STATE", cell: func(r look.Round) string { return r.State }},
		{title: "DUE", cell: func(r look.Round) string { return dueCell(r, zone) }},
		{title: "EXPECTED", cell: func(r look.Round) string { return number(r.Expected) }},
		{title: "ON TIME", cell: func(r look.Round) string { return number(r.OnTime) }},
		{title: "LATE", cell: func(r look.Round) string { return number(r.Late) }},
		{title: "OVERDUE", cell: func(r look.Round) string { return number(r.Overdue) }},
		{title: "NOT YET", cell: func(r look.Round) string { return number(r.NotYet) }},
		{title: "MISSING", cell: func(r look.Round) string { return number(r.Lapsed) }},
		{title: "APPROVAL", wide: true, cell: func(r look.Round) string { return number(r.AwaitingApproval) }},
		{title: "OPENS", wide: true, cell: func(r look.Round) string { return stamp(r.OpensAt, zone) }},
		{title: "CLOSES", wide: true, cell: func(r look.Round) string { return stamp(r.ClosesAt, zone) }},
		{title: "TITLE", wide: true, cell: func(r look.Round) string { return r.Title.VI }},
	}
}

func (a *app) getLateCommand() *cobra.Command {
	return a.getting("late -c CAMPAIGN", "Who owes something past its deadline (đơn vị quá hạn)", "  thidua get late -c covid-2021",
		func(cmd *cobra.Command, r reader, campaign, format string) error {
			c, err := r.Campaign(cmd.Context(), campaign)
			if err != nil {
				return err
			}
			late, err := r.Late(cmd.Context(), campaign)
			if err != nil {
				return err
			}
			return writeList(a, format, "late units", late, func(l look.Late) string { return "unit/" + l.Code }, lateColumns(c.Location()))
		})
}

func lateColumns(zone *time.Location) []column[look.Late] {
	return []column[look.Late]{
		{title: "UNIT", cell: func(l look.Late) string { return l.Code }},
		{title: "NAME", cell: func(l look.Late) string { return l.Name }},
		{title: "ROUND", cell: func(l look.Late) string { return orDash(l.Round) }},
		{title: "KIND", cell: func(l look.Late) string { return l.Kind }},
		{title: "DUE", cell: func(l look.Late) string { return stamp(l.DueAt, zone) }},
		{title: "DAYS LATE", cell: func(l look.Late) string { return number(l.DaysLate) }},
		{title: "HOLDER", cell: func(l look.Late) string { return l.Holder }},
		{title: "LAST STEP", cell: func(l look.Late) string { return orDash(l.LastStep) }},
		{title: "AT", wide: true, cell: func(l look.Late) string { return stampOrDash(l.LastStepAt, zone) }},
	}
}

func (a *app) getNoticesCommand() *cobra.Command {
	return a.getting("notices -c CAMPAIGN", "Every step that reached somebody, and what became of it (lượt nhắc)",
		"  thidua get notices -c covid-2021 -o json   the same for two runs of one campaign",
		func(cmd *cobra.Command, r reader, campaign, format string) error {
			c, err := r.Campaign(cmd.Context(), campaign)
			if err != nil {
				return err
			}
			notices, err := r.Notices(cmd.Context(), campaign)
			if err != nil {
				return err
			}
			return writeList(a, format, "notices", notices, noticeName, []column[look.Notice]{
				{title: "INSTANT", cell: func(n look.Notice) string { return stamp(n.Instant, c.Location()) }},
				{title: "STEP", cell: func(n look.Notice) string { return n.Step }},
				{title: "UNIT", cell: func(n look.Notice) string { return n.Unit }},
				{title: "ROUND", cell: func(n look.Notice) string { return orDash(n.Round) }},
				{title: "ROLE", cell: func(n look.Notice) string { return n.Role }},
				{title: "RECIPIENT", cell: func(n look.Notice) string { return orDash(n.Recipient) }},
				{title: "STATE", cell: func(n look.Notice) string { return n.State }},
				{title: "REASON", cell: func(n look.Notice) string { return orDash(n.Reason) }},
				{title: "KIND", wide: true, cell: func(n look.Notice) string { return n.Kind }},
				{title: "DEADLINE", wide: true, cell: func(n look.Notice) string { return number(n.DeadlineNo) }},
			})
		})
}

// noticeName is unique within a campaign.
func noticeName(n look.Notice) string {
	return fmt.Sprintf("notice/%s/%s/%s/%d/%s/%s/%s", n.Unit, n.Kind, n.Round, n.DeadlineNo, n.Step, n.Role, n.Recipient)
}

func (a *app) getMessagesCommand() *cobra.Command {
	var filter look.MessageFilter
	cmd := a.getting("messages -c CAMPAIGN", "What was sent, or is to be, with the server's answer (thư)",
		"  thidua get messages -c covid-2021 --state Ambiguous\n  thidua get messages -c covid-2021 --unit STTTT-01 --limit 20",
		func(cmd *cobra.Command, r reader, campaign, format string) error {
			c, err := r.Campaign(cmd.Context(), campaign)
			if err != nil {
				return err
			}
			messages, err := r.Messages(cmd.Context(), campaign, filter)
			if err != nil {
				return err
			}
			return writeList(a, format, "messages", messages, func(m look.Message) string { return "message/" + number(m.ID) }, []column[look.Message]{
				{title: "ID", cell: func(m look.Message) string { return number(m.ID) }},
				{title: "STEP", cell: func(m look.Message) string { return m.Step }},
				{title: "ROUND", cell: func(m look.Message) string { return orDash(m.Round) }},
				{title: "TO", cell: func(m look.Message) string { return m.Role + " " + m.Recipient }},
				{title: "STATE", cell: func(m look.Message) string { return m.State }},
				{title: "SENT", cell: func(m look.Message) string { return stampOrDash(m.SentAt, c.Location()) }},
				{title: "WHY", wide: true, cell: func(m look.Message) string { return orDash(m.Why) }},
				{title: "TRIES", cell: func(m look.Message) string { return number(m.Tries) }},
				{title: "UNITS", wide: true, cell: func(m look.Message) string { return number(m.Units) }},
				{title: "CHANNEL", wide: true, cell: func(m look.Message) string { return m.Channel }},
				{title: "NOT BEFORE", wide: true, cell: func(m look.Message) string { return stamp(m.NotBefore, c.Location()) }},
				{title: "ANSWER", wide: true, cell: func(m look.Message) string { return orDash(m.Response) }},
			})
		})
	flags := cmd.Flags()
	flags.StringVar(&filter.Unit, "unit", "", "about or to this unit only")
	flags.StringVar(&filter.Round, "round", "", "of this round only")
	flags.StringVar(&filter.Step, "step", "", "of this step only")
	flags.StringVar(&filter.State, "state", "", "in this state only, such as Held, Parked or Ambiguous")
	flags.Int64Var(&filter.ID, "id", 0, "this one only")
	flags.IntVar(&filter.Limit, "limit", 200, "at most so many, the newest")
	flags.Int64Var(&filter.Below, "below", 0, "older than the message with this id, to go on from a list that was cut")
	return cmd
}

func (a *app) getLettersCommand() *cobra.Command {
	return a.getting("letters -c CAMPAIGN", "Official letters drafted for signature (công văn chờ ký)", "  thidua get letters -c covid-2021",
		func(cmd *cobra.Command, r reader, campaign, format string) error {
			c, err := r.Campaign(cmd.Context(), campaign)
			if err != nil {
				return err
			}
			letters, err := r.Letters(cmd.Context(), campaign)
			if err != nil {
				return err
			}
			return writeList(a, format, "letters", letters, func(l look.Letter) string { return "letter/" + number(l.ID) }, []column[look.Letter]{
				{title: "ID", cell: func(l look.Letter) string { return number(l.ID) }},
				{title: "TO", cell: func(l look.Letter) string { return l.Code }},
				{title: "NAME", cell: func(l look.Letter) string { return l.Name }},
				{title: "ROUND", cell: func(l look.Letter) string { return orDash(l.Round) }},
				{title: "STATE", cell: func(l look.Letter) string { return l.State }},
				{title: "DRAFTED", cell: func(l look.Letter) string { return stamp(l.DraftedAt, c.Location()) }},
				{title: "DUE", wide: true, cell: func(l look.Letter) string { return stamp(l.DueAt, c.Location()) }},
			})
		})
}

func (a *app) getLetterCommand() *cobra.Command {
	var campaign, out string
	cmd := &cobra.Command{
		Use:     "letter ID -c CAMPAIGN --out FILE",
		Short:   "One drafted letter as it would be printed, a page of HTML (dự thảo công văn)",
		Example: "  thidua get letter 7 -c covid-2021 --out cong-van-7.html",
		Args:    oneName("letter"),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			switch {
			case err != nil:
				return misuse("%q is not the number of a letter; see: thidua get letters -c CAMPAIGN", args[0])
			case campaign == "":
				return misuse("get letter: of which campaign? give -c CAMPAIGN")
			case out == "":
				return misuse("get letter: where to? give --out FILE, or --out - for stdout")
			}
			on, release, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer release()
			return a.create(out, func(w io.Writer) error { return on.WriteLetter(cmd.Context(), w, campaign, id) })
		},
	}
	a.campaignFlag(cmd, &campaign)
	cmd.Flags().StringVar(&out, "out", "", "the file to write, or -")
	return cmd
}

func (a *app) getTodoCommand() *cobra.Command {
	var unit, format, asOf string
	cmd := &cobra.Command{
		Use:     "todo --unit UNIT",
		Short:   "What waits for one unit, across campaigns (việc phải làm)",
		Example: "  thidua get todo --unit STTTT-01",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if unit == "" {
				return misuse("get todo: whose? give --unit UNIT")
			}
			return a.lookingAsOf(cmd.Context(), asOf, func(r reader) error {
				todo, err := r.Todo(cmd.Context(), unit)
				if err != nil {
					return err
				}
				zone := zoneOf(defaultZone)
				return writeList(a, format, "work waiting", todo, func(t look.Todo) string { return t.Kind + "/" + t.Subject }, []column[look.Todo]{
					{title: "CAMPAIGN", cell: func(t look.Todo) string { return t.Campaign }},
					{title: "KIND", cell: func(t look.Todo) string { return t.Kind }},
					{title: "SUBJECT", cell: func(t look.Todo) string { return orDash(t.Subject) }},
					{title: "DUE", cell: func(t look.Todo) string { return stampOrDash(t.DueAt, zone) }},
					{title: "OVERDUE", cell: func(t look.Todo) string { return yesNo(t.Overdue) }},
					{title: "HOLDER", cell: func(t look.Todo) string { return orDash(t.Holder) }},
					{title: "ABOUT", wide: true, cell: func(t look.Todo) string { return orDash(t.About.Code) }},
					{title: "TITLE", wide: true, cell: func(t look.Todo) string { return t.Title.VI }},
				})
			})
		},
	}
	cmd.Flags().StringVar(&unit, "unit", "", "the unit's code")
	asOfFlag(cmd, &asOf)
	outputFlag(cmd, &format, formatTable, formatWide, formatJSON, formatYAML, formatName)
	return cmd
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
