package score_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/score"
)

// line makes "group unit base total late missing"; a unit in lower case is not
// ranked.
func line(t testing.TB, s string) score.Line {
	t.Helper()
	var group, unit, base, total string
	var l score.Line
	if _, err := fmt.Sscan(s, &group, &unit, &base, &total, &l.Late, &l.Missing); err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	l.Group, l.Unit, l.Base, l.Total = v1.Name(group), v1.UnitCode(unit), d(base), d(total)
	l.Ranked = strings.ToUpper(unit) == unit
	if !l.Ranked {
		l.Reason = score.BelowFloor
	}
	return l
}

func lines(t testing.TB, all ...string) []score.Line {
	t.Helper()
	var made []score.Line
	for _, s := range all {
		made = append(made, line(t, s))
	}
	return made
}

func ranks(ranked []score.Line) string {
	var b strings.Builder
	for _, l := range ranked {
		joint := ""
		if l.Joint {
			joint = "="
		}
		fmt.Fprintf(&b, "%s%s%d ", l.Unit, joint, l.Rank)
	}
	return strings.TrimSpace(b.String())
}

func TestRank(t *testing.T) {
	for _, tc := range []struct {
		reason string
		within string
		lines  []string
		want   string
	}{
		{"by total", score.WithinGroup, []string{"g A 80 80 0 0", "g B 90 90 0 0"}, "B1 A2"},
		{"a tie goes to the better base", score.WithinGroup, []string{"g A 90 90 0 0", "g B 93 90 3 0"}, "B1 A2"},
		{"then to discipline", score.WithinGroup, []string{"g A 90 90 1 1", "g B 90 90 1 0"}, "B1 A2"},
		{"then the rank is shared and the next skipped", score.WithinGroup,
			[]string{"g A 80 80 0 0", "g B 90 90 0 0", "g C 80 80 0 0", "g D 70 70 0 0"}, "B1 A=2 C=2 D4"},
		{"three share", score.WithinGroup, []string{"g A 80 80 0 0", "g B 80 80 0 0", "g C 80 80 0 0", "g D 70 70 0 0"}, "A=1 B=1 C=1 D4"},
		{"late and missing weigh the same in discipline", score.WithinGroup, []string{"g A 80 80 2 0", "g B 80 80 0 2"}, "A=1 B=1"},
		{"each group by itself", score.WithinGroup, []string{"h A 80 80 0 0", "g B 90 90 0 0", "h C 85 85 0 0", "g D 90 90 0 0"}, "B=1 D=1 C1 A2"},
		{"equal ranks of two groups are not shared", score.WithinGroup, []string{"g A 80 80 0 0", "h B 80 80 0 0"}, "A1 B1"},
		{"all in one list", score.WithinAll, []string{"h A 80 80 0 0", "g B 90 90 0 0", "h C 85 85 0 0", "g D 90 90 0 0"}, "B=1 D=1 C3 A4"},
		{"those not ranked take no place", score.WithinGroup, []string{"g a 99 99 0 0", "g B 90 90 0 0", "g c 1 1 0 0"}, "B1 a0 c0"},
		{"nobody ranked", score.WithinGroup, []string{"g a 99 99 0 0", "g b 99 99 0 0"}, "a0 b0"},
	} {
		if got := ranks(score.Rank(lines(t, tc.lines...), tc.within)); got != tc.want {
			t.Errorf("%s: %s; want %s", tc.reason, got, tc.want)
		}
	}
}

// anyRanking scores and ranks units that tie often.
func anyRanking(t *rapid.T) (unranked []score.Line, within string) {
	var units []score.Unit
	for i := range rapid.IntRange(0, 12).Draw(t, "units") {
		units = append(units, anyUnit(t, v1.UnitCode(fmt.Sprintf("U%02d", i))))
	}
	unranked, err := score.Score(spec(), units)
	if err != nil {
		t.Fatal(err)
	}
	return unranked, rapid.SampledFrom([]string{score.WithinGroup, score.WithinAll}).Draw(t, "within")
}

func TestRankIsPermutationInvariant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unranked, within := anyRanking(t)
		want := score.Rank(unranked, within)
		shuffle := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		shuffle.Shuffle(len(unranked), func(i, j int) { unranked[i], unranked[j] = unranked[j], unranked[i] })
		if diff := cmp.Diff(want, score.Rank(unranked, within)); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(want, score.Rank(want, within)); diff != "" {
			t.Fatalf("ranking a ranking changes it:\n%s", diff)
		}
	})
}

// TestRankIsOneMoreThanTheBetter: a rank is 1 + the number of ranked units of
// the group that are strictly better, which is all that joint ranks with skips
// mean; and a higher total is never ranked lower.
func TestRankIsOneMoreThanTheBetter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unranked, within := anyRanking(t)
		ranked := score.Rank(unranked, within)
		for _, l := range ranked {
			better, equal := 0, 0
			for _, other := range ranked {
				if !other.Ranked || within == score.WithinGroup && other.Group != l.Group {
					continue
				}
				switch c := merit(other, l); {
				case c > 0:
					better++
				case c == 0:
					equal++
				}
			}
			switch {
			case !l.Ranked && (l.Rank != 0 || l.Joint || l.Reason == ""):
				t.Fatalf("%s is not ranked but has rank %d, reason %q", l.Unit, l.Rank, l.Reason)
			case l.Ranked && (l.Rank != better+1 || l.Joint != (equal > 1)):
				t.Fatalf("%s has rank %d, joint %v; %d are better, %d equal", l.Unit, l.Rank, l.Joint, better, equal)
			}
		}
	})
}

// merit is positive when a is better than b.
func merit(a, b score.Line) int {
	if c := a.Total.Cmp(b.Total); c != 0 {
		return c
	}
	if c := a.Base.Cmp(b.Base); c != 0 {
		return c
	}
	return (b.Late + b.Missing) - (a.Late + a.Missing)
}
