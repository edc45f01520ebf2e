package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/engine"
)

func (a *app) requestCommand() *cobra.Command {
	var req request
	var q engine.AdHoc
	var campaign, due, approval string
	var sections []string
	cmd := &cobra.Command{
		Use:   "request NAME -c CAMPAIGN --title TITLE --due DATE --reason WHY [--unit UNIT …]",
		Short: "Ask for a report outside the plan (yêu cầu báo cáo đột xuất)",
		Long: `Request opens a report that the plan does not have, at once, for all units or for
those that --unit names. They are told, with the reason, and owe it on the
campaign's own ladder. The deadline is taken as said: it does not move off a day off.
The campaign may also stand before the name, without -c.

Yêu cầu báo cáo đột xuất; đơn vị nhận thư ngay và được nhắc như mọi kỳ báo cáo.`,
		Example: `  thidua request bao-so-7 -c covid-2021 --title "báo cáo thiệt hại do bão số 7" --due 2021-10-26 --reason "Công điện 05/CĐ-BTTTT"
  thidua request f0 -c covid-2021 --title "báo cáo số ca F0" --due 2021-10-26T11:30:00+07:00 --unit STTTT-01 --unit STTTT-79 --reason "…"`,
		Args: func(_ *cobra.Command, args []string) error {
			want := 1
			if campaign == "" {
				want = 2
			}
			if len(args) != want {
				return misuse("request: give the campaign and a name for the request, such as: request bao-so-7 -c covid-2021")
			}
			return nil
		},
		ValidArgsFunction: a.completeCampaigns,
		RunE: func(cmd *cobra.Command, args []string) error {
			if campaign == "" {
				campaign = args[0]
			}
			switch {
			case q.Title == "":
				return misuse("request: what is the report called? give --title, such as \"báo cáo thiệt hại do bão\"")
			case due == "":
				return misuse("request: by when? give --due DATE")
			}
			for _, name := range sections {
				name, required := strings.CutSuffix(name, "!")
				q.Sections = append(q.Sections, v1.Section{Name: v1.SectionName(name), Required: required})
			}
			q.Name, q.Approval = args[len(args)-1], v1.Approval(approval)
			return a.steer(cmd.Context(), req, func(on installation, act engine.Act) error {
				at, zone, err := a.instantOf(cmd, on, campaign, "--due", due)
				if err != nil {
					return err
				}
				q.Due = at
				done, err := on.Request(cmd.Context(), act, campaign, q)
				if err != nil {
					return err
				}
				fmt.Fprintf(a.out, "%s: đã yêu cầu %d đơn vị, hạn %s, %s (asked, due %s)\n", done.Round, done.Units,
					hour(at, zone), longDay(at, zone), at.In(zone).Format("2006-01-02 15:04"))
				if done.Told < done.Units {
					fmt.Fprintf(a.err, "note: not told for want of an address: %d; import contacts\n", done.Units-done.Told)
				}
				return nil
			})
		},
	}
	a.campaignFlag(cmd, &campaign)
	flags := cmd.Flags()
	flags.StringVar(&q.Title, "title", "", "what the report is called, as it stands inside a sentence")
	flags.StringVar(&due, "due", "", "the deadline: a date (17:00) or an instant")
	flags.StringArrayVar(&q.Units, "unit", nil, "a unit that is asked; may be given several times (default all)")
	flags.StringSliceVar(&sections, "sections", nil, "the outline; a name with ! is required (default ketQua!)")
	choiceVar(cmd, flags, &approval, "approval", "", string(v1.ApprovalUnitLeader), "whose word settles the report", string(v1.ApprovalUnitLeader), string(v1.ApprovalNone))
	req.flags(cmd)
	return cmd
}
