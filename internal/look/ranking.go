package look

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	v1 "thidua.dev/thidua/api/v1"
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
// the latest one sealed.
func (r *Reader) Ranking(ctx context.Context, campaign, review string) (Ranking, error) {
	panic("not yet")
}
