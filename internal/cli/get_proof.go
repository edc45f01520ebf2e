package cli

import (
	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/look"
)

func (a *app) getRootsCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "roots",
		Short:   "The root of each day's acts, to keep elsewhere (giá trị gốc)",
		Example: "  thidua get roots\n  thidua verify audit --root \"$(thidua get roots -o json | jq -r '.roots[0].root')\"",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.looking(cmd.Context(), func(r reader) error {
				roots, err := r.Roots(cmd.Context())
				if err != nil {
					return err
				}
				return writeList(a, format, "roots", roots, func(r look.Root) string { return "root/" + r.Day }, []column[look.Root]{
					{title: "DAY", cell: func(r look.Root) string { return r.Day }},
					{title: "SEAL", cell: func(r look.Root) string { return number(r.Seal) }},
					{title: "ROOT", cell: func(r look.Root) string { return r.Root.String() }},
				})
			})
		},
	}
	outputFlag(cmd, &format, formatTable, formatJSON, formatYAML, formatName)
	return cmd
}

func (a *app) getAmbiguousCommand() *cobra.Command {
	return a.getting("ambiguous -c CAMPAIGN", "Calls to mail servers whose outcome nobody knows (lần gửi không rõ kết quả)", "  thidua get ambiguous -c covid-2021",
		func(cmd *cobra.Command, r reader, campaign, format string) error {
			c, err := r.Campaign(cmd.Context(), campaign)
			if err != nil {
				return err
			}
			attempts, err := r.Ambiguous(cmd.Context(), campaign)
			if err != nil {
				return err
			}
			return writeList(a, format, "ambiguous attempts", attempts, func(t look.LooseAttempt) string { return "message/" + number(t.Message) + "/" + number(t.No) }, []column[look.LooseAttempt]{
				{title: "MESSAGE", cell: func(t look.LooseAttempt) string { return number(t.Message) }},
				{title: "NO", cell: func(t look.LooseAttempt) string { return number(t.No) }},
				{title: "STEP", cell: func(t look.LooseAttempt) string { return t.Step }},
				{title: "ROUND", cell: func(t look.LooseAttempt) string { return orDash(t.Round) }},
				{title: "TO", cell: func(t look.LooseAttempt) string { return t.Recipient }},
				{title: "AT", cell: func(t look.LooseAttempt) string { return stamp(t.At, c.Location()) }},
				{title: "MESSAGE NOW", cell: func(t look.LooseAttempt) string { return t.State }},
				{title: "ANSWER", wide: true, cell: func(t look.LooseAttempt) string { return orDash(t.Response) }},
			})
		})
}
