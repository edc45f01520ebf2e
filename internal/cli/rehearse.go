package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) rehearseCommand() *cobra.Command {
	var opt RehearseOptions
	cmd := &cobra.Command{
		Use:   "rehearse -f FILE [CAMPAIGN]",
		Short: "Run a campaign through in seconds, on a scratch database (diễn tập)",
		Long: `Rehearse drives the same procedures as the real engine under a stepped clock,
on a database that is thrown away: what everyone would get, and when. Nothing is
sent.

Diễn tập trọn phong trào trong vài giây; không gửi thư cho ai.`,
		Example: `  thidua rehearse -f my-campaign
  thidua rehearse -f examples/seed-2021 --simulation examples/seed-2021/simulation --out rehearsal.html`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(opt.Paths) == 0 {
				return misuse("which files? give -f FILE or -f DIR")
			}
			if slices.Contains(opt.Paths, "-") {
				return misuse("rehearse reads files and directories, not stdin")
			}
			set, warnings, err := load(opt.Paths, a.in, nil)
			a.warn(warnings)
			if err != nil {
				return err
			}
			if opt.Campaign = strings.Join(args, ""); opt.Campaign == "" {
				if opt.Campaign, err = onlyCampaign(set); err != nil {
					return err
				}
			}
			opt.Console, opt.Place = a.console(), a.place("")
			return a.withRunner(func(r Runner) error { return r.Rehearse(cmd.Context(), opt) })
		},
	}
	filesFlag(cmd, &opt.Paths)
	cmd.Flags().StringVar(&opt.Simulation, "simulation", "", "directory or file that says how units behave (default what lies beside the manifests; else all report in time but the first unit, which is silent once)")
	cmd.Flags().StringVar(&opt.HTML, "out", "", "HTML file to write: calendar, every message, board, letters")
	outputFlag(cmd, &opt.Output, formatTable, formatJSON, formatYAML)
	return cmd
}
