package cli

import (
	"time"

	"github.com/spf13/cobra"
)

// DrillOptions of a drill.
type DrillOptions struct {
	Console
	DemoDir string
	Kills   int
	Pace    time.Duration
	Seed    uint64 // 0: another one each time
	Output  string // table, json or yaml on Console.Out
}

func (a *app) drillCommand() *cobra.Command {
	var opt DrillOptions
	cmd := &cobra.Command{
		Use:   "drill",
		Short: "Kill parts of a running campaign at random and count what is lost (diễn tập sự cố)",
		Long: `Drill plays the demo's campaign on an installation of its own and kills -9, at
random, the worker with its dispatcher, Temporal, PostgreSQL, or all at once.
Mails go to a sink outside. At the end what came out is held against an
undisturbed rehearsal: reports lost, steps missed, notices doubled, and attempts
that had no answer. Exit code 0: nothing was lost, missed or doubled.

Diễn tập sự cố: ngắt đột ngột từng phần trong khi phong trào đang chạy.`,
		Example: `  thidua drill --kills 50
  thidua drill --kills 5 --seed 7 -o json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opt.Kills < 1 {
				return misuse("--kills must be at least 1")
			}
			if opt.Pace < 0 {
				return misuse("--pace must not be negative")
			}
			opt.Console = a.console()
			return a.withRunner(func(r Runner) error { return r.Drill(cmd.Context(), opt) })
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&opt.Kills, "kills", 10, "how often something is killed")
	flags.StringVar(&opt.DemoDir, "demo-dir", "examples/seed-2021", "directory with the manifests of one campaign, and simulation/people.yaml")
	flags.DurationVar(&opt.Pace, "pace", 500*time.Millisecond, "pause between jumps of the clock, so that there is time to kill in")
	flags.Uint64Var(&opt.Seed, "seed", 0, "repeat the choices of an earlier drill; 0: others each time")
	outputFlag(cmd, &opt.Output, formatTable, formatJSON, formatYAML)
	return cmd
}
