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

// drawRanks draws the places of one group: a line a unit, its name beside the last. It
// fits a telephone and stands in columns on a desk, so there is one width.
func drawRanks(u ui, k look.Ranks, g look.RanksGroup, no string) drawing {
	const width, left, names, row, top = 340, 30.0, 176.0, 21.0, 36.0
	seals := len(k.Seals)
	d := drawing{id: "ranks-" + no, title: u.t("ranks.of", "{group}", cmp.Or(g.Name, u.t("ranking.together"))), desc: ranksWords(u, k), width: width}
	lowest := 0.0
	for _, p := range g.Paths {
		for _, s := range p.Standings {
			if s != nil && s.Rank != nil {
				lowest = max(lowest, float64(*s.Rank))
			}
		}
	}
	x := func(seal int) float64 {
		if seals == 1 {
			return names - 22
		}
		return left + float64(seal)*(names-22-left)/float64(seals-1)
	}
	short := brief(namesOf(g))
	// Who is not ranked at the end stands below those who are, each in a row.
	below := 0
	y := func(rank *int64, unranked int) float64 {
		if rank == nil {
			return top + row*(lowest+0.4+float64(unranked))
		}
		return top + row*float64(*rank-1)
	}
	for i, p := range g.Paths {
		last := p.Standings[seals-1]
		if last == nil {
			continue
		}
		class := "path"
		if last.Rank != nil && *last.Rank <= 3 {
			class = "path first"
		}
		endY := y(last.Rank, below)
		for s := 1; s < seals; s++ {
			a, b := p.Standings[s-1], p.Standings[s]
			if a != nil && b != nil && a.Rank != nil && b.Rank != nil {
				d.line(x(s-1), y(a.Rank, 0), x(s), y(b.Rank, 0), class)
			}
		}
		for s, standing := range p.Standings {
			if standing != nil && standing.Rank != nil {
				d.dots = append(d.dots, dot{tidy(x(s)), tidy(y(standing.Rank, 0)), 4.5, class})
			}
		}
		mark := "–"
		if last.Rank != nil {
			mark = u.n(*last.Rank)
		} else {
			below++
		}
		d.text(names-4, endY+4, "middle", "strong", mark)
		d.text(names+8, endY+4, "start", "", cut(short[i], 24))
	}
	if below > 0 {
		lowest += 0.4
	}
	notes := top + row*(lowest+float64(below)) + 2
	for s := range seals - 1 {
		if n := len(g.Paths) - len(g.At(s)); n > 0 {
			d.text(left-8, notes+float64(s)*14, "start", "quiet", u.t("ranks.unranked", "{review}", sealTitle(u, k.Seals[s]), "{n}", u.n(int64(n))))
		}
	}
	for s, seal := range k.Seals {
		title, anchor := u.n(int64(s+1)), "middle"
		if seals <= 2 && utf8.RuneCountInString(sealTitle(u, seal)) <= 14 {
			title = sealTitle(u, seal)
		}
		if s == 0 && seals > 1 {
			anchor = "start"
			d.text(x(s)-8, 14, anchor, "quiet", title)
			continue
		}
		d.text(x(s), 14, anchor, "quiet", title)
	}
	d.height = int(notes) + 14*max(0, seals-2) + 8
	return d
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
