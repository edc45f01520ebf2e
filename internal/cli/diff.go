package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/plan"
)

func (a *app) diffCommand() *cobra.Command {
	var files []string
	var format string
	cmd := &cobra.Command{
		Use:   "diff -f FILE",
		Short: "Show what apply would change, and which dates would move (so sánh)",
		Long: `Diff compares the files with what is declared: the fields of each object and,
for every campaign that they touch, the dates that would come, go or move, with
the hash of the plan before and after. It stores nothing.

Exit code: 0 nothing differs, 1 something does, 2 an error, as diff has it; for
every other command an error is 1, and 2 a command line that makes no sense.

So sánh tệp với nội dung đã khai báo: trường nào đổi, mốc thời gian nào dời.`,
		Example: `  thidua diff -f my-campaign
  thidua diff -f campaign.yaml -o json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := a.diff(cmd.Context(), files)
			if err != nil {
				return &withCode{err, exitUsage}
			}
			if format == formatTable {
				d.write(a.out)
			} else if err := WriteDocument(a.out, format, d); err != nil {
				return &withCode{err, exitUsage}
			}
			if len(d.Objects) > 0 || len(d.Plans) > 0 {
				return exitCode(exitFailed)
			}
			return nil
		},
	}
	filesFlag(cmd, &files)
	outputFlag(cmd, &format, formatTable, formatJSON, formatYAML)
	return cmd
}

// difference between files and what is declared. Only what differs is listed.
type difference struct {
	Objects []objectDiff      `json:"objects"`
	Plans   []plan.Difference `json:"plans"`
}

type objectDiff struct {
	Kind       string        `json:"kind"`
	Name       string        `json:"name"`
	Result     string        `json:"result"` // created or configured
	Generation int64         `json:"generation"`
	Fields     []fieldChange `json:"fields"`
}

type fieldChange struct {
	Field string `json:"field"`
	Old   string `json:"old"`
	New   string `json:"new"`
}

func (a *app) diff(ctx context.Context, files []string) (*difference, error) {
	if len(files) == 0 {
		return nil, misuse("which files? give -f FILE, -f DIR or -f -")
	}
	on, release, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	old, err := readStored(ctx, on)
	if err != nil {
		return nil, err
	}
	set, warnings, err := load(files, a.in, old.set)
	a.warn(warnings)
	if err != nil {
		return nil, err
	}
	found, err := on.Diff(ctx, operator(), set)
	if err != nil {
		return nil, err
	}
	d := &difference{Objects: []objectDiff{}, Plans: found.Plans}
	for _, o := range found.Objects {
		od := objectDiff{o.Kind, o.Name, o.Result, o.Generation, []fieldChange{}}
		for _, c := range o.Changes {
			od.Fields = append(od.Fields, fieldChange(c))
		}
		d.Objects = append(d.Objects, od)
	}
	return d, nil
}

func (d *difference) write(w io.Writer) {
	for _, o := range d.Objects {
		fmt.Fprintf(w, "%s %s (generation %d)\n", lowerKind(o.Kind, o.Name), o.Result, o.Generation)
		for _, f := range o.Fields {
			fmt.Fprintf(w, "  %s: %s → %s\n", f.Field, cmp.Or(f.Old, "(none)"), cmp.Or(f.New, "(none)"))
		}
	}
	for _, p := range d.Plans {
		writePlanDiff(w, p)
	}
}

func writePlanDiff(w io.Writer, p plan.Difference) {
	zone := zoneOf(p.TimeZone)
	fmt.Fprintf(w, "plan of campaign/%s: %s added, %d removed, %d moved\n  hash %s → %s\n",
		p.Campaign, counted(len(p.Added), "date"), len(p.Removed), len(p.Moved), cmp.Or(p.OldHash, "(none)"), p.NewHash)
	if p.OldHash == "" {
		fmt.Fprintf(w, "  see them with: thidua plan -f … %s\n", p.Campaign)
		return
	}
	for _, e := range p.Added {
		fmt.Fprintf(w, "  + %s  %s\n", dayAndTime(e.At, zone), eventLine(e))
	}
	for _, e := range p.Removed {
		fmt.Fprintf(w, "  - %s  %s\n", dayAndTime(e.At, zone), eventLine(e))
	}
	for _, m := range p.Moved {
		fmt.Fprintf(w, "  ~ %s → %s  %s\n", dayAndTime(m.From, zone), dayAndTime(m.Event.At, zone), eventLine(m.Event))
		if m.Event.Reason != "" {
			fmt.Fprintf(w, "      ↳ %s\n", m.Event.Reason)
		}
	}
}

func dayAndTime(t time.Time, zone *time.Location) string {
	return longDay(t, zone) + t.In(zone).Format(" 15:04")
}

// eventLine is an event without its instant.
func eventLine(e plan.Event) string {
	line := eventWords(e)
	if e.Round != "" {
		line += ", " + e.Round
	}
	return fmt.Sprintf("%s (%s, %d đơn vị)", line, e.Calendar, e.Units)
}
