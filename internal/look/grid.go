package look

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"thidua.dev/thidua/internal/store/db"
)

// gridUnits is up to how many units a grid has a tile for each: more than one sees at
// once. Beyond it has one for each body.
const gridUnits = 400

// Grid is where everybody stands in one round, a tile for each.
type Grid struct {
	// Round is chosen as for Completeness.
	Round *Round `json:"round,omitempty"`
	// By is Unit, or Body for very many units: the highest body that administers them,
	// such as a province, else their group.
	By    string `json:"by"`
	Tiles []Tile `json:"tiles"`
}

// Tile is a unit, or a body with its units.
type Tile struct {
	Unit
	Kind  string `json:"kind,omitempty"`
	Group string `json:"group,omitempty"`
	// Place is where it lies on the map of provinces; nil: nowhere.
	Place *Place `json:"place,omitempty"`
	// State of a unit is OnTime, Late, NotYet, Extended (not yet, by a deadline that was
	// moved for it), Overdue, Lapsed or Exempt (it owes nothing in this round).
	State      string     `json:"state,omitempty"`
	DueAt      *time.Time `json:"dueAt,omitempty"`
	ReceivedAt *time.Time `json:"receivedAt,omitempty"`
	// Counts of the units of a body.
	Expected int64 `json:"expected"`
	OnTime   int64 `json:"onTime"`
	Late     int64 `json:"late"`
	Overdue  int64 `json:"overdue"`
	NotYet   int64 `json:"notYet"`
	Lapsed   int64 `json:"lapsed"`
}

// Received of the units of a body.
func (t Tile) Received() int64 { return t.OnTime + t.Late }

// Completeness of the units of a body in percent, rounded down.
func (t Tile) Completeness() int64 { return percent(t.Received(), t.Expected) }

// Grid reads it; with round empty, of the round that matters now.
func (r *Reader) Grid(ctx context.Context, campaign, round string) (Grid, error) {
	var out Grid
	err := r.inRound(ctx, campaign, round, func(v *view, b *Board, current *Round) (err error) {
		out, err = v.grid(ctx, b, current)
		return err
	})
	return out, err
}

func (v *view) grid(ctx context.Context, b *Board, current *Round) (Grid, error) {
	g := Grid{Round: current, By: "Unit", Tiles: []Tile{}}
	if b.Campaign.Participants > gridUnits {
		g.By = "Body"
	}
	if current == nil || current.State == "Planned" {
		return g, nil
	}
	row, err := v.RoundByName(ctx, b.Campaign.id, current.Name)
	if errors.Is(err, pgx.ErrNoRows) {
		return g, nil
	}
	if err != nil {
		return g, err
	}
	if g.By == "Body" {
		g.Tiles, err = v.bodyTiles(ctx, &b.Campaign, row.ID)
	} else {
		g.Tiles, err = v.unitTiles(ctx, &b.Campaign, row.ID)
	}
	place(g.Tiles)
	return g, err
}

func (v *view) unitTiles(ctx context.Context, c *Campaign, round int64) ([]Tile, error) {
	rows, err := v.PictureUnits(ctx, v.now, round)
	if err != nil {
		return nil, err
	}
	tiles := make([]Tile, len(rows))
	for i, u := range rows {
		tiles[i] = Tile{
			Unit: Unit{u.Unit, u.Name}, Kind: u.Kind, Group: u.Grp, State: u.State,
			DueAt: local(u.DueAt, c.loc), ReceivedAt: local(u.ReceivedAt, c.loc),
		}.counting()
	}
	return tiles, nil
}

// counting is a tile of one unit with its counts.
func (t Tile) counting() Tile {
	if t.State == "Exempt" {
		return t
	}
	t.Expected = 1
	switch t.State {
	case "OnTime":
		t.OnTime = 1
	case "Late":
		t.Late = 1
	case "Overdue":
		t.Overdue = 1
	case "Lapsed":
		t.Lapsed = 1
	default:
		t.NotYet = 1
	}
	return t
}

func (v *view) bodyTiles(ctx context.Context, c *Campaign, round int64) ([]Tile, error) {
	rows, err := v.PictureBodies(ctx, db.PictureBodiesParams{Now: v.now, Roster: c.row.Roster, RoundID: round, CampaignID: c.id})
	if err != nil {
		return nil, err
	}
	tiles := make([]Tile, len(rows))
	for i, b := range rows {
		tiles[i] = Tile{
			Unit: Unit{b.Body, b.Name}, Group: b.Grp, Expected: b.Expected, OnTime: b.OnTime, Late: b.Late, Overdue: b.Overdue, NotYet: b.NotYet, Lapsed: b.Lapsed,
		}
	}
	return tiles, nil
}
