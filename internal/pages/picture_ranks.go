package pages

import (
	"cmp"
	"unicode/utf8"

	"thidua.dev/thidua/internal/look"
)

// moves are how places changed from the first of two rankings to the second.
type moves struct{ up, down, same, unranked int64 }

func movesOf(k look.Ranks) (m moves) {
	for _, g := range k.Groups {
		for _, p := range g.Paths {
			last := len(p.Standings) - 1
			a, b := p.Standings[last-1], p.Standings[last]
			switch {
			case a == nil || b == nil || a.Rank == nil || b.Rank == nil:
				m.unranked++
			case *b.Rank < *a.Rank:
				m.up++
			case *b.Rank > *a.Rank:
				m.down++
			default:
				m.same++
			}
		}
	}
	return m
}

func sealTitle(u ui, s look.Seal) string {
	if s.Version > 1 {
		return u.t("ranks.version", "{review}", u.text(s.Title), "{n}", u.n(s.Version))
	}
	return u.text(s.Title)
}

// ranksWords compare the last two rankings.
func ranksWords(u ui, k look.Ranks) string {
	n := len(k.Seals)
	if n == 1 {
		return u.t("ranks.one", "{review}", sealTitle(u, k.Seals[0]), "{at}", u.date(k.Seals[0].SealedAt))
	}
	m := movesOf(k)
	return u.t("ranks.says", "{from}", sealTitle(u, k.Seals[n-2]), "{to}", sealTitle(u, k.Seals[n-1]), "{up}", u.n(m.up), "{down}", u.n(m.down), "{same}", u.n(m.same), "{unranked}", u.n(m.unranked))
}

// Measures of a drawing of places. It fits a telephone and stands in columns on a desk, so
// there is one width.
const (
	ranksWidth = 340
	ranksLeft  = 30.0
	ranksRight = 154.0 // where the last ranking stands; names are beside it
	ranksTop   = 36.0
	ranksRow   = 21.0
)

// ranksDrawing is how places of one group become a drawing.
type ranksDrawing struct {
	drawing
	seals  int
	lowest float64 // the last rank that there is
}

// drawRanks draws a line a unit, its name beside the last ranking.
func drawRanks(u ui, k look.Ranks, g look.RanksGroup, no string) drawing {
	d := ranksDrawing{seals: len(k.Seals), drawing: drawing{
		id: "ranks-" + no, title: u.t("ranks.of", "{group}", cmp.Or(g.Name, u.t("ranking.together"))), desc: ranksWords(u, k), width: ranksWidth,
	}}
	for _, p := range g.Paths {
		for _, s := range p.Standings {
			if ranked(s) {
				d.lowest = max(d.lowest, float64(*s.Rank))
			}
		}
	}
	for i, seal := range k.Seals {
		d.text(d.x(i), 14, "middle", "quiet", sealLabel(u, seal, i, d.seals))
	}
	// Who is not ranked at the end stands below those who are.
	bottom := d.y(d.lowest + 1.4)
	names := brief(namesOf(g))
	for i, p := range g.Paths {
		d.path(p)
		switch last := p.Standings[d.seals-1]; {
		case ranked(last):
			d.name(d.y(float64(*last.Rank)), u.n(*last.Rank), names[i])
		case last != nil:
			d.name(bottom, "–", names[i])
			bottom += ranksRow
		}
	}
	if bottom == d.y(d.lowest+1.4) {
		bottom -= 0.4 * ranksRow // nobody does
	}
	for i, seal := range k.Seals[:d.seals-1] {
		if n := len(g.Paths) - len(g.At(i)); n > 0 {
			d.text(ranksLeft-8, bottom+2, "start", "quiet", u.t("ranks.unranked", "{review}", sealTitle(u, seal), "{n}", u.n(int64(n))))
			bottom += 14
		}
	}
	d.height = int(bottom) + 2
	return d.drawing
}

func ranked(s *look.Standing) bool { return s != nil && s.Rank != nil }

// x of a ranking; one alone stands beside the names.
func (d *ranksDrawing) x(seal int) float64 {
	if d.seals == 1 {
		return ranksRight
	}
	return ranksLeft + float64(seal)*(ranksRight-ranksLeft)/float64(d.seals-1)
}

func (d *ranksDrawing) y(rank float64) float64 { return ranksTop + ranksRow*(rank-1) }

// path joins the rankings that follow one another and both have a place for the unit.
func (d *ranksDrawing) path(p look.RankPath) {
	class := "path"
	if last := p.Standings[d.seals-1]; ranked(last) && *last.Rank <= 3 {
		class = "path first"
	}
	for i, s := range p.Standings {
		if !ranked(s) {
			continue
		}
		x, y := d.x(i), d.y(float64(*s.Rank))
		d.dots = append(d.dots, dot{tidy(x), tidy(y), 4.5, class})
		if i > 0 && ranked(p.Standings[i-1]) {
			d.line(d.x(i-1), d.y(float64(*p.Standings[i-1].Rank)), x, y, class)
		}
	}
}

func (d *ranksDrawing) name(y float64, rank, name string) {
	d.text(ranksRight+18, y+4, "middle", "strong", rank)
	d.text(ranksRight+30, y+4, "start", "", cut(name, 24))
}

// sealLabel is a ranking's title where there is room, else its number in the list above.
func sealLabel(u ui, s look.Seal, no, of int) string {
	if title := sealTitle(u, s); of <= 2 && utf8.RuneCountInString(title) <= 14 {
		return title
	}
	return u.n(int64(no + 1))
}

func namesOf(g look.RanksGroup) []string {
	names := make([]string, len(g.Paths))
	for i, p := range g.Paths {
		names[i] = p.Name
	}
	return names
}

func ranksSheet(u ui, p look.Pictures) sheet {
	k := p.Ranks
	s := sheet{columns: u.columns("group", "code", "unit")}
	for _, seal := range k.Seals {
		s.columns = append(s.columns,
			column{u.t("picture.column.rankIn", "{review}", sealTitle(u, seal)), true}, column{u.t("picture.column.totalIn", "{review}", sealTitle(u, seal)), true})
	}
	for _, g := range k.Groups {
		for _, path := range g.Paths {
			row := []cell{text(g.Name), text(path.Code), {text: path.Name, href: u.unit(p.Campaign.Name, path.Code)}}
			for _, st := range path.Standings {
				rank, total := text("–"), text("–")
				if st != nil {
					if st.Rank != nil {
						rank = u.cell(*st.Rank)
					}
					total = cell{text: u.points(st.Total), raw: st.Total.String()}
				}
				row = append(row, rank, total)
			}
			s.rows = append(s.rows, row)
		}
	}
	return s
}
