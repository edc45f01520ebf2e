package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/look"
)

func (a *app) getRankingCommand() *cobra.Command {
	var review string
	cmd := a.getting("ranking -c CAMPAIGN", "The ranking that a review sealed (bảng xếp hạng)",
		"  thidua get ranking -c covid-2021\n  thidua get ranking -c covid-2021 --review midterm -o json",
		func(cmd *cobra.Command, r reader, campaign, format string) error {
			c, err := r.Campaign(cmd.Context(), campaign)
			if err != nil {
				return err
			}
			ranking, err := r.Ranking(cmd.Context(), campaign, review)
			if err != nil {
				return err
			}
			switch format {
			case formatJSON, formatYAML:
				return WriteDocument(a.out, format, ranking)
			case formatName:
				fmt.Fprintf(a.out, "ranking/%s/%d\n", ranking.Review, ranking.Version)
				return nil
			}
			return writeRanking(a.out, ranking, c.Location(), format == formatWide)
		})
	cmd.Flags().StringVar(&review, "review", "", "the review (default the latest one sealed)")
	return cmd
}

func writeRanking(w io.Writer, r look.Ranking, zone *time.Location, wide bool) error {
	fmt.Fprintf(w, "%s: phiên bản %d, chốt %s, %d đơn vị (%s)\n", r.Title.VI, r.Version, stamp(r.SealedAt, zone), r.Units, r.Hash)
	for _, g := range r.Groups {
		if g.Name != "" {
			fmt.Fprintf(w, "\n%s\n", g.Name)
		}
		var t table
		titles := []string{"RANK", "UNIT", "NAME", "TOTAL"}
		if wide {
			for _, axis := range r.Axes {
				titles = append(titles, axis.Name)
			}
			titles = append(titles, "MALUS", "LATE", "MISSING")
		}
		t.add(append(titles, "NOTE")...)
		for _, l := range g.Lines {
			t.add(rankingCells(l, wide)...)
		}
		if err := t.write(w, ""); err != nil {
			return err
		}
		if more := g.Units - int64(len(g.Lines)); more > 0 {
			fmt.Fprintf(w, "… and %d more\n", more)
		}
	}
	return nil
}

func rankingCells(l look.RankingLine, wide bool) []string {
	rank := "-"
	if l.Rank != nil {
		rank = number(*l.Rank)
	}
	cells := []string{rank, l.Code, l.Name, l.Total.String()}
	if wide {
		for _, axis := range l.Axes {
			points := axis.Points.String()
			if !axis.Measured {
				points = "-"
			}
			cells = append(cells, points)
		}
		cells = append(cells, l.Malus.String(), number(l.Late), number(l.Missing))
	}
	return append(cells, l.ReasonText.VI)
}
