package score

import (
	"cmp"
	"slices"

	v1 "thidua.dev/thidua/api/v1"
)

// Whom units are ranked among, as v1.Ranking has it.
const (
	WithinGroup = "Group" // in each cluster or block by itself
	WithinAll   = "All"
)

// Rank returns the lines with their ranks, group by group (WithinAll: in one
// list), best first; those not ranked come last, and equal ones by unit. The
// result does not depend on the order of lines, which stay as they are.
//
// Ties are broken by Base, then by discipline (fewer late and missing reports);
// what is still equal shares the rank, and the ranks behind it are skipped:
// 1, 2, 2, 4.
func Rank(lines []Line, within string) []Line {
	ranked := slices.Clone(lines)
	group := func(l *Line) v1.Name {
		if within == WithinAll {
			return ""
		}
		return l.Group
	}
	slices.SortFunc(ranked, func(a, b Line) int {
		return cmp.Or(cmp.Compare(group(&a), group(&b)), compareRanked(&a, &b), compareMerit(&a, &b), cmp.Compare(a.Unit, b.Unit))
	})
	place := 0 // within the group
	for i := range ranked {
		line := &ranked[i]
		line.Rank, line.Joint = 0, false
		if i == 0 || group(line) != group(&ranked[i-1]) {
			place = 0
		}
		place++
		switch {
		case !line.Ranked:
		case place > 1 && compareMerit(line, &ranked[i-1]) == 0:
			line.Rank = ranked[i-1].Rank
			line.Joint, ranked[i-1].Joint = true, true
		default:
			line.Rank = place
		}
	}
	return ranked
}

// compareRanked puts those that are ranked first.
func compareRanked(a, b *Line) int {
	switch {
	case a.Ranked == b.Ranked:
		return 0
	case a.Ranked:
		return -1
	default:
		return +1
	}
}

// compareMerit is 0 for lines that share a rank, negative when a goes before b.
func compareMerit(a, b *Line) int {
	return cmp.Or(b.Total.Cmp(a.Total), b.Base.Cmp(a.Base), cmp.Compare(a.Late+a.Missing, b.Late+b.Missing))
}
