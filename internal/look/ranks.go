package look

import (
	"context"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/store/db"
)

// Ranks is how places changed from one sealed ranking to the next, corrections included.
type Ranks struct {
	Seals  []Seal       `json:"seals"`
	Groups []RanksGroup `json:"groups"`
	// GroupsTotal counts all groups, of which a page shows some.
	GroupsTotal int64 `json:"groupsTotal"`
}

// Seal is one version of a review's ranking.
type Seal struct {
	Review   string    `json:"review"`
	Title    v1.Text   `json:"title"`
	State    string    `json:"state"` // of the review
	Version  int64     `json:"version"`
	SealedAt time.Time `json:"sealedAt"`
}

// RanksGroup is a group as of the last ranking, its best first.
type RanksGroup struct {
	Name  string     `json:"name"`  // empty: all units together
	Units int64      `json:"units"` // of which a page shows the best
	Paths []RankPath `json:"paths"`
}

// RankPath is one unit through the rankings.
type RankPath struct {
	Unit
	// Standings are one for each of the seals; nil where the unit is not in it.
	Standings []*Standing `json:"standings"`
}

// Standing is a place in one ranking.
type Standing struct {
	// Rank is nil for a unit that is not ranked, for the reason given.
	Rank   *int64          `json:"rank"`
	Total  decimal.Decimal `json:"total"`
	Reason string          `json:"reason,omitempty"`
}

// RanksFilter says which rankings and units are meant. The zero filter is all.
type RanksFilter struct {
	Group     string // this one only
	Published bool   // what is open to units
	MaxGroups int
	MaxUnits  int // of each group
}

// Ranks reads them.
func (r *Reader) Ranks(ctx context.Context, campaign string, f RanksFilter) (Ranks, error) {
	var out Ranks
	err := r.view(ctx, func(v *view) error {
		c, err := v.campaign(ctx, campaign)
		if err != nil {
			return err
		}
		out, err = v.ranks(ctx, &c, f)
		return err
	})
	return out, err
}

func (v *view) ranks(ctx context.Context, c *Campaign, f RanksFilter) (Ranks, error) {
	out := Ranks{Seals: []Seal{}, Groups: []RanksGroup{}}
	sealed, err := v.PictureSeals(ctx, c.id)
	if err != nil {
		return out, err
	}
	p := db.PictureRanksParams{
		CampaignID: c.id, Together: c.together(), Grp: f.Group, MaxGroups: int32(f.MaxGroups), MaxUnits: int32(f.MaxUnits),
	}
	for _, s := range sealed {
		if f.Published && s.State != "Published" {
			continue
		}
		p.Rankings = append(p.Rankings, s.ID)
		out.Seals = append(out.Seals, Seal{s.Name, c.reviewTitle(s.Name), s.State, int64(s.Version), s.SealedAt.In(c.loc)})
	}
	if len(p.Rankings) == 0 {
		return out, nil
	}
	rows, err := v.PictureRanks(ctx, p)
	if err != nil {
		return out, err
	}
	for _, row := range rows {
		if n := len(out.Groups); n == 0 || out.Groups[n-1].Name != row.Grp {
			out.Groups = append(out.Groups, RanksGroup{Name: row.Grp, Units: row.Units})
		}
		out.GroupsTotal = row.Groups
		g := &out.Groups[len(out.Groups)-1]
		if n := len(g.Paths); n == 0 || g.Paths[n-1].Code != row.Unit {
			g.Paths = append(g.Paths, RankPath{Unit{row.Unit, row.Name}, make([]*Standing, len(out.Seals))})
		}
		g.Paths[len(g.Paths)-1].Standings[row.Seal-1] = &Standing{rank(row.Rank), row.Total, row.Reason}
	}
	return out, nil
}

// At are the units of a group that a ranking has ranked, in its order.
func (g RanksGroup) At(seal int) []RankPath {
	ranked := slices.DeleteFunc(slices.Clone(g.Paths), func(p RankPath) bool { return p.Standings[seal] == nil || p.Standings[seal].Rank == nil })
	slices.SortStableFunc(ranked, func(a, b RankPath) int { return int(*a.Standings[seal].Rank - *b.Standings[seal].Rank) })
	return ranked
}
