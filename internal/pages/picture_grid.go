package pages

import (
	"cmp"
	"fmt"
	"slices"
	"unicode/utf8"

	"thidua.dev/thidua/internal/look"
)

// gridStates in the order of the legend: what is good first, what asks for something
// last.
var gridStates = []string{"OnTime", "Late", "NotYet", "Extended", "Overdue", "Lapsed", "Exempt"}

// bodiesDrawn is how many tiles of bodies are drawn, those that lag most; the table has
// all of them.
const bodiesDrawn = 160

func gridCounts(g look.Grid) []counted {
	counts := make([]counted, len(gridStates))
	for i, state := range gridStates {
		counts[i].state = state
	}
	for _, t := range g.Tiles {
		if t.State != "" {
			counts[slices.Index(gridStates, t.State)].n++
		}
	}
	return counts
}

// mapped tells that some of a grid lies on the map.
func mapped(g look.Grid) bool {
	return slices.ContainsFunc(g.Tiles, func(t look.Tile) bool { return t.Place != nil })
}

// there are the counts that are not zero: a legend of what one sees.
func there(counts []counted) []counted {
	return slices.DeleteFunc(slices.Clone(counts), func(c counted) bool { return c.n == 0 })
}

func gridWords(u ui, g look.Grid) string {
	if g.By == "Unit" {
		return u.t("grid.says", "{round}", u.text(g.Round.Title), "{states}", stateWords(u, gridCounts(g)), "{n}", u.n(int64(len(g.Tiles))))
	}
	var full int64
	for _, t := range g.Tiles {
		if t.Received() == t.Expected {
			full++
		}
	}
	return u.t("grid.says.bodies", "{round}", u.text(g.Round.Title), "{full}", u.n(full), "{n}", u.n(int64(len(g.Tiles))), "{received}", u.n(g.Round.Received), "{expected}", u.n(g.Round.Expected))
}

func gridDrawings(u ui, campaign string, g look.Grid) []drawing {
	return both(func(narrow bool) drawing { return drawGrid(u, campaign, g, narrow) })
}

// tileSize is that of tiles and of the room that they take.
type tileSize struct{ w, h, gap float64 }

// drawGrid has the provinces where they lie and everybody else by group: beside them on
// a desk, below them on a telephone.
func drawGrid(u ui, campaign string, g look.Grid, narrow bool) drawing {
	d := drawing{id: "grid", title: u.t("picture.grid"), desc: gridWords(u, g), width: 900}
	mapped, plain := tileSize{88, 32, 3}, tileSize{88, 32, 3}
	if narrow {
		d.width, mapped, plain = 336, tileSize{45, 32, 3}, tileSize{81, 32, 3}
	}
	var rest []look.Tile
	columns, bottom := 0, 0.0
	for _, t := range g.Tiles {
		if t.Place == nil {
			rest = append(rest, t)
			continue
		}
		x, y := float64(t.Place.Column-1)*(mapped.w+mapped.gap), float64(t.Place.Row-1)*(mapped.h+mapped.gap)
		name := t.Place.Province
		if narrow {
			name = t.Place.Short
		}
		d.tiles = append(d.tiles, gridTile(u, campaign, t, x, y, mapped, name))
		columns, bottom = max(columns, t.Place.Column), max(bottom, y+mapped.h)
	}
	left, top := 0.0, 0.0
	if columns > 0 && len(rest) > 0 {
		left = float64(columns)*(mapped.w+mapped.gap) + 18
		if narrow {
			left, top = 0, bottom+12
		}
	}
	if g.By == "Body" {
		slices.SortStableFunc(rest, func(a, b look.Tile) int { return cmp.Compare(a.Completeness(), b.Completeness()) })
		rest = rest[:min(len(rest), bodiesDrawn)]
	}
	bottom = max(bottom, drawGroups(&d, u, campaign, g, rest, left, top, plain))
	d.height = int(bottom) + 2
	return d
}

// drawGroups draws tiles in rows, a heading above each group, and returns where they end.
func drawGroups(d *drawing, u ui, campaign string, g look.Grid, tiles []look.Tile, left, top float64, size tileSize) float64 {
	perRow := max(1, int((float64(d.width)-left+size.gap)/(size.w+size.gap)))
	y, n, group := top, 0, ""
	for i, t := range tiles {
		if g.By == "Unit" && (i == 0 || t.Group != group) {
			if i > 0 {
				y += size.h + 14
			}
			group, n = t.Group, 0
			d.text(left, y+11, "start", "quiet", cut(cmp.Or(group, u.t("ranking.together")), 40))
			y += 18
		}
		if n > 0 && n%perRow == 0 {
			y += size.h + size.gap
		}
		x := left + float64(n%perRow)*(size.w+size.gap)
		d.tiles = append(d.tiles, gridTile(u, campaign, t, x, y, size, tail(cmp.Or(t.Code, t.Group), int(size.w/7.2))))
		n++
	}
	if len(tiles) == 0 {
		return top
	}
	return y + size.h
}

func gridTile(u ui, campaign string, t look.Tile, x, y float64, size tileSize, name string) tile {
	out := tile{x: tidy(x), y: tidy(y), w: size.w, h: size.h}
	if t.State == "" {
		out.class, out.lines, out.label = shareClass(t), []string{fmt.Sprintf("%d%%", t.Completeness()), name}, bodyWords(u, t)
	} else {
		out.class, out.lines, out.label = t.State, []string{u.t("picture.letter." + t.State), name}, t.Name+": "+u.t("picture.legend."+t.State)
		out.href = u.unit(campaign, t.Code)
	}
	if utf8.RuneCountInString(name) > 13 {
		out.class += " long"
	}
	return out
}

// shareClass is how full a body is, in four shades.
func shareClass(t look.Tile) string {
	switch p := t.Completeness(); {
	case t.Expected == 0:
		return "Exempt"
	case p == 100:
		return "share4"
	case p >= 90:
		return "share3"
	case p >= 70:
		return "share2"
	}
	return "share1"
}

func bodyName(t look.Tile) string { return cmp.Or(t.Name, t.Code, t.Group) }

func bodyWords(u ui, t look.Tile) string {
	return u.t("grid.body", "{body}", bodyName(t), "{received}", u.n(t.Received()), "{expected}", u.n(t.Expected))
}

func gridSheet(u ui, p look.Pictures) sheet {
	g := p.Grid
	if g.By == "Body" {
		s := sheet{columns: u.columns("code", "body", "#expected", "#share", "#OnTime", "#Late", "#Overdue", "#Lapsed", "#NotYet")}
		for _, t := range g.Tiles {
			s.rows = append(s.rows, []cell{
				text(cmp.Or(t.Code, t.Group)), text(bodyName(t)), u.cell(t.Expected), u.cell(t.Completeness()), u.cell(t.OnTime), u.cell(t.Late), u.cell(t.Overdue), u.cell(t.Lapsed), u.cell(t.NotYet),
			})
		}
		return s
	}
	s := sheet{columns: u.columns("code", "unit", "group", "province", "state", "dueAt", "receivedAt")}
	for _, t := range g.Tiles {
		row := []cell{text(t.Code), {text: t.Name, href: u.unit(p.Campaign.Name, t.Code)}, text(t.Group), text("–"), text(u.t("picture.legend." + t.State)), text("–"), text("–")}
		if t.Place != nil {
			row[3] = text(t.Place.Province + " (" + t.Place.Short + ")")
		}
		if t.DueAt != nil {
			row[5] = u.instantCell(*t.DueAt)
		}
		if t.ReceivedAt != nil {
			row[6] = u.instantCell(*t.ReceivedAt)
		}
		s.rows = append(s.rows, row)
	}
	return s
}
