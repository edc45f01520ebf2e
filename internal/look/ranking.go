package look

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/store/db"
)

// Ranking is what a review sealed.
type Ranking struct {
	Review string  `json:"review"`
	Title  v1.Text `json:"title"`
	Final  bool    `json:"final"`
	// State of the review: Ranked, then Published.
	State    string         `json:"state"`
	Version  int64          `json:"version"`
	SealedAt time.Time      `json:"sealedAt"`
	Hash     string         `json:"hash"`
	Units    int64          `json:"units"`
	Axes     []RankingAxis  `json:"axes"`
	Groups   []RankingGroup `json:"groups"`
	// GroupsTotal counts the groups; a board shows the first of many.
	GroupsTotal int64 `json:"groupsTotal"`
}

// RankingAxis names an axis in the order in which lines hold its points.
type RankingAxis struct {
	Name  string  `json:"name"`
	Title v1.Text `json:"title"`
}

// RankingGroup is the units that are ranked among themselves.
type RankingGroup struct {
	Name string `json:"name"` // empty: all units together
	// Units counts all lines of the group, of which a board shows the best.
	Units int64         `json:"units"`
	Lines []RankingLine `json:"lines"`
}

// RankingLine is one unit's place.
type RankingLine struct {
	Unit
	Group string `json:"group"`
	// Rank is nil for a unit that is not ranked, for the reason given.
	Rank       *int64          `json:"rank"`
	Axes       []AxisPoints    `json:"axes"`
	Base       decimal.Decimal `json:"base"`
	Malus      decimal.Decimal `json:"malus"`
	Total      decimal.Decimal `json:"total"`
	Late       int64           `json:"late"`
	Missing    int64           `json:"missing"`
	Expected   int64           `json:"expected"`
	Reason     string          `json:"reason,omitempty"`
	ReasonText v1.Text         `json:"reasonText"`
}

// AxisPoints are a unit's points on one axis.
type AxisPoints struct {
	Axis       string          `json:"axis"`
	Measured   bool            `json:"measured"`
	Weight     decimal.Decimal `json:"weight"`
	Points     decimal.Decimal `json:"points"`
	Floor      decimal.Decimal `json:"floor"`
	BelowFloor bool            `json:"belowFloor"`
}

// Ranking is the newest version of a review's ranking, whole; with review empty
// the latest one sealed. Before that it is a *NotFound.
func (r *Reader) Ranking(ctx context.Context, campaign, review string) (Ranking, error) {
	var out Ranking
	err := r.view(ctx, func(v *view) error {
		c, err := v.campaign(ctx, campaign)
		if err != nil {
			return err
		}
		found, err := v.ranking(ctx, &c, review, 0, 0)
		if err != nil {
			return err
		}
		if found == nil {
			return v.noRanking(ctx, &c, review)
		}
		out = *found
		return nil
	})
	return out, err
}

func (v *view) noRanking(ctx context.Context, c *Campaign, review string) error {
	reviews, err := v.ReviewsOf(ctx, c.id)
	if err != nil {
		return err
	}
	missing := &NotFound{Kind: "ranking", Name: review}
	if review == "" {
		missing.Kind = "sealed ranking of campaign " + c.Name
	}
	for _, r := range reviews {
		if r.State != "Planned" {
			missing.Similar = append(missing.Similar, r.Name)
		}
	}
	return missing
}

func (v *view) fillRanking(ctx context.Context, b *Board) (err error) {
	b.Ranking, err = v.ranking(ctx, &b.Campaign, "", boardPerGroup, boardGroups)
	return err
}

// together tells that all units are ranked among themselves.
func (c *Campaign) together() bool { return c.spec.Scoring.Ranking.Within == "All" }

// ranking reads a ranking, with at most so many lines of so many groups; 0 is all.
func (v *view) ranking(ctx context.Context, c *Campaign, review string, perGroup, groups int32) (*Ranking, error) {
	row, err := v.LookRanking(ctx, c.id, review)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	lines, err := v.LookRankingLines(ctx, db.LookRankingLinesParams{Together: c.together(), RankingID: row.ID, PerGroup: perGroup, MaxGroups: groups})
	if err != nil {
		return nil, err
	}
	k := &Ranking{
		Review: row.Name, Title: c.reviewTitle(row.Name), Final: row.Final, State: row.State, Version: int64(row.Version),
		SealedAt: row.SealedAt.In(c.loc), Hash: row.Hash, Axes: []RankingAxis{}, Groups: []RankingGroup{},
	}
	for _, a := range c.spec.Axes {
		axis := RankingAxis{Name: string(a.Name), Title: v1.Text{VI: string(a.Name), EN: string(a.Name)}}
		if a.Title != nil {
			axis.Title = *a.Title
		}
		k.Axes = append(k.Axes, axis)
	}
	for _, l := range lines {
		line := RankingLine{
			Unit: Unit{l.Unit, l.Name}, Group: l.Grp, Rank: rank(l.Rank), Base: l.Base, Malus: l.Malus, Total: l.Total,
			Late: int64(l.Late), Missing: int64(l.Missing), Expected: int64(l.Expected), Reason: l.Reason, ReasonText: reason(l.Reason),
		}
		if err := json.Unmarshal(l.Axes, &line.Axes); err != nil {
			return nil, err
		}
		name := l.Grp
		if c.together() {
			name = ""
		}
		k.Units, k.GroupsTotal = l.AllUnits, l.Groups
		if n := len(k.Groups); n == 0 || k.Groups[n-1].Name != name {
			k.Groups = append(k.Groups, RankingGroup{Name: name, Units: l.Units})
		}
		g := &k.Groups[len(k.Groups)-1]
		g.Lines = append(g.Lines, line)
	}
	return k, nil
}

func rank(n *int32) *int64 {
	if n == nil {
		return nil
	}
	r := int64(*n)
	return &r
}
