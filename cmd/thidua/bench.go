package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"thidua.dev/thidua/internal/bench"
	"thidua.dev/thidua/internal/cli"
)

// Bench makes the measurements of package bench, and those that take pages or Temporal.
func (runner) Bench(ctx context.Context, opt cli.BenchOptions) error {
	all := slices.Concat(bench.All, withPages, withTemporal)
	results, err := bench.Run(ctx, bench.Options{
		Units: opt.Units, Repeat: opt.Repeat, SeedDir: opt.DemoDir, Log: opt.Log,
		Progress: func(text string) { fmt.Fprintln(opt.Err, text) },
	}, all, opt.Names, func(r bench.Result) {
		fmt.Fprintf(opt.Err, "  %s: %s\n", r.Name, strings.TrimSpace(figure(r.Value, r.Unit)+" "+r.Note))
	})
	if errors.Is(err, context.Canceled) {
		return err
	}
	if results == nil {
		results = []bench.Result{}
	}
	return errors.Join(err, writeBench(opt, results), exceeded(results))
}

func writeBench(opt cli.BenchOptions, results []bench.Result) error {
	if opt.Output != "table" {
		return cli.WriteDocument(opt.Out, opt.Output, results)
	}
	w := tabwriter.NewWriter(opt.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "WHAT\tFIGURE\tPEER\tPEER'S\tRATIO\tLIMIT\tHOLDS\tNOTE")
	for _, r := range results {
		cells := []string{r.Name, figure(r.Value, r.Unit), "", "", "", "", "", r.Note}
		if r.Peer != "" {
			cells[2], cells[3], cells[4] = r.Peer, figure(r.PeerValue, r.Unit), fmt.Sprintf("%.2f", r.Ratio)
		}
		if r.Holds != nil {
			cells[5] = map[string]string{bench.AtMost: "≤ ", bench.AtLeast: "≥ "}[r.LimitIs] + fmt.Sprintf("%.4g", r.Limit)
			cells[6] = map[bool]string{true: "yes", false: "NO"}[*r.Holds]
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	return w.Flush()
}

func figure(v float64, unit string) string {
	switch {
	case unit == "":
		return ""
	case v >= 100:
		return fmt.Sprintf("%.0f %s", v, unit)
	case v >= 10:
		return fmt.Sprintf("%.1f %s", v, unit)
	}
	return fmt.Sprintf("%.3g %s", v, unit)
}

// exceeded says which limits do not hold.
func exceeded(results []bench.Result) error {
	var names []string
	for _, r := range results {
		if r.Holds != nil && !*r.Holds {
			names = append(names, r.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("a limit does not hold: %s", strings.Join(names, "; "))
}
