package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/look"
)

func (a *app) getCompletenessCommand() *cobra.Command {
	var round string
	cmd := a.getting("completeness -c CAMPAIGN", "How a round filled, day by day (báo cáo đến theo ngày)",
		"  thidua get completeness -c covid-2021\n  thidua get completeness -c covid-2021 --round monthly/2021-10 -o json",
		func(cmd *cobra.Command, r reader, campaign, format string) error {
			c, err := r.Completeness(cmd.Context(), campaign, round)
			if err != nil {
				return err
			}
			if format == formatJSON || format == formatYAML {
				return WriteDocument(a.out, format, c)
			}
			if c.Round != nil && format != formatName {
				fmt.Fprintf(a.out, "%s (%s)\n", c.Round.Title.VI, c.Round.Name)
			}
			return writeList(a, format, "days", c.Days, func(d look.CurveDay) string { return d.Day.Day }, []column[look.CurveDay]{
				{title: "DAY", cell: func(d look.CurveDay) string { return d.Day.Day }},
				{title: "EXPECTED", cell: func(d look.CurveDay) string { return number(d.Expected) }},
				{title: "ON TIME", cell: func(d look.CurveDay) string { return number(d.OnTime) }},
				{title: "LATE", cell: func(d look.CurveDay) string { return number(d.Late) }},
				{title: "OVERDUE", cell: func(d look.CurveDay) string { return number(d.Overdue) }},
				{title: "NOT YET", cell: func(d look.CurveDay) string { return number(d.NotYet) }},
				{title: "OFF", wide: true, cell: func(d look.CurveDay) string { return off(d.Day) }},
			})
		})
	roundFlag(cmd, &round)
	return cmd
}

func (a *app) getGridCommand() *cobra.Command {
	var round string
	cmd := a.getting("grid -c CAMPAIGN", "Where every unit stands in a round (tình hình nộp của từng đơn vị)",
		"  thidua get grid -c covid-2021\n  thidua get grid -c covid-2021 --as-of 2021-10-18",
		func(cmd *cobra.Command, r reader, campaign, format string) error {
			c, err := r.Campaign(cmd.Context(), campaign)
			if err != nil {
				return err
			}
			g, err := r.Grid(cmd.Context(), campaign, round)
			if err != nil {
				return err
			}
			if format == formatJSON || format == formatYAML {
				return WriteDocument(a.out, format, g)
			}
			return writeList(a, format, "units", g.Tiles, func(t look.Tile) string { return strings.ToLower(g.By) + "/" + t.Code }, gridColumns(g, c.Location()))
		})
	roundFlag(cmd, &round)
	return cmd
}

func gridColumns(g look.Grid, zone *time.Location) []column[look.Tile] {
	if g.By == "Body" {
		return []column[look.Tile]{
			{title: "BODY", cell: func(t look.Tile) string { return orDash(t.Code) }},
			{title: "GROUP", cell: func(t look.Tile) string { return orDash(t.Group) }},
			{title: "RECEIVED", cell: func(t look.Tile) string {
				return fmt.Sprintf("%d/%d (%d%%)", t.Received(), t.Expected, t.Completeness())
			}},
			{title: "LATE", cell: func(t look.Tile) string { return number(t.Late) }},
			{title: "OVERDUE", cell: func(t look.Tile) string { return number(t.Overdue) }},
			{title: "NAME", wide: true, cell: func(t look.Tile) string { return t.Name }},
		}
	}
	return []column[look.Tile]{
		{title: "UNIT", cell: func(t look.Tile) string { return t.Code }},
		{title: "GROUP", cell: func(t look.Tile) string { return orDash(t.Group) }},
		{title: "STATE", cell: func(t look.Tile) string { return t.State }},
		{title: "DUE", cell: func(t look.Tile) string { return stampOrDash(t.DueAt, zone) }},
		{title: "RECEIVED", cell: func(t look.Tile) string { return stampOrDash(t.ReceivedAt, zone) }},
		{title: "NAME", wide: true, cell: func(t look.Tile) string { return t.Name }},
	}
}

func (a *app) getLoadCommand() *cobra.Command {
	cmd := a.getting("load -c CAMPAIGN", "What the next 30 days bring at most (khối lượng 30 ngày tới)", "  thidua get load -c covid-2021",
		func(cmd *cobra.Command, r reader, campaign, format string) error {
			l, err := r.Load(cmd.Context(), campaign)
			if err != nil {
				return err
			}
			if format == formatJSON || format == formatYAML {
				return WriteDocument(a.out, format, l)
			}
			return writeList(a, format, "days", l.Days, func(d look.LoadDay) string { return d.Day.Day }, []column[look.LoadDay]{
				{title: "DAY", cell: func(d look.LoadDay) string { return d.Day.Day }},
				{title: "MESSAGES", cell: func(d look.LoadDay) string { return number(d.Messages) }},
				{title: "LETTERS", cell: func(d look.LoadDay) string { return number(d.Letters) }},
				{title: "DEADLINES", cell: func(d look.LoadDay) string { return number(d.Deadlines) }},
				{title: "OFF", cell: func(d look.LoadDay) string { return off(d.Day) }},
			})
		})
	return cmd
}

// off is why a day is not worked.
func off(d look.Day) string {
	if d.Name == "" && !d.Working {
		return "nghỉ hằng tuần"
	}
	return orDash(d.Name)
}

func roundFlag(cmd *cobra.Command, round *string) {
	cmd.Flags().StringVar(round, "round", "", "the round (default the last that has opened)")
}
