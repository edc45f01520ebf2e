package cli

import (
	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/bench"
)

// BenchOptions of a run of measurements.
type BenchOptions struct {
	Console
	Names   []string // empty: all
	Units   int
	Repeat  int
	DemoDir string
	Output  string // table, json or yaml on Console.Out
}

func (a *app) benchCommand() *cobra.Command {
	var opt BenchOptions
	cmd := &cobra.Command{
		Use:   "bench [NAME…]",
		Short: "Measure the engine beside the least that the same work can cost (đo hiệu năng)",
		Long: `Bench measures on databases of its own, thrown away afterwards, and touches no
installation. Each figure stands beside a peer that ran in the same minutes on the
same PostgreSQL: a bare statement, pgbench, a raw mail client. Ratios travel from
machine to machine; figures don't. Exit code 1: a limit does not hold.

  step       a reminder to everybody, beside the bare statement
  intake     reports taken in, beside pgbench inserting the bare facts
  mail       mail drained with its ledger, beside a raw client at the same sink
  roster     a roster of 12,000 units loaded
  rehearsal  the example campaign rehearsed
  rounds     activities, timers and signals of a round, for few units and many
  children   one child workflow per unit at 500, beside the engine's step
  memory     a hundred running campaigns in up
  board      a campaign's pages served whole, beside their statements run bare

Rounds, children and memory need temporald (make temporald).

Đo hiệu năng trên cơ sở dữ liệu tạm; không động đến dữ liệu thật.`,
		Example: `  thidua bench
  thidua bench mail intake --repeat 5
  thidua bench -o json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if opt.Units < 1 || opt.Repeat < 1 {
				return misuse("--units and --repeat must be at least 1")
			}
			opt.Names, opt.Console = args, a.console()
			return a.withRunner(func(r Runner) error { return r.Bench(cmd.Context(), opt) })
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&opt.Units, "units", bench.Country, "units that take part")
	flags.IntVar(&opt.Repeat, "repeat", 3, "how often each measurement is made; the median counts")
	flags.StringVar(&opt.DemoDir, "demo-dir", "examples/seed-2021", "directory with the manifests to rehearse")
	outputFlag(cmd, &opt.Output, formatTable, formatJSON, formatYAML)
	return cmd
}
