package score_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/score"
)

func award(name v1.Name, top int32, minScore v1.Decimal, maxMissing ...int32) v1.Award {
	a := v1.Award{Name: name, Nominate: v1.Nominate{Top: top, MinScore: minScore}}
	if len(maxMissing) > 0 {
		a.Nominate.MaxMissing = &maxMissing[0]
	}
	return a
}

func nominees(list []score.Nominee) string {
	var b strings.Builder
	for _, n := range list {
		fmt.Fprintf(&b, "%s:%s/%d/%s ", n.Award, n.Unit, n.Rank, n.Reason)
	}
	return strings.TrimSpace(b.String())
}

func TestNominate(t *testing.T) {
	group := []string{"g A 95 95 0 0", "g B 90 90 0 1", "g C 90 90 0 1", "g D 80 80 0 0", "g e 99 99 0 0"}
	for _, tc := range []struct {
		reason string
		awards []v1.Award
		lines  []string
		want   string
	}{
		{"the best of each group", []v1.Award{award("flag", 1, "")},
			append([]string{"h X 50 50 0 0"}, group...), "flag:A/1/TopRank flag:X/1/TopRank"},
		{"joint ranks go together, even beyond the number", []v1.Award{award("flag", 2, "")},
			group, "flag:A/1/TopRank flag:B/2/JointRank flag:C/2/JointRank"},
		{"rank 3 was skipped, so top 3 reaches no further than 2", []v1.Award{award("flag", 3, "")},
			group, "flag:A/1/TopRank flag:B/2/JointRank flag:C/2/JointRank"},
		{"a least score, itself included", []v1.Award{award("flag", 4, "90")},
			group, "flag:A/1/TopRank flag:B/2/JointRank flag:C/2/JointRank"},
		{"who missed reports is left out, and the place stays empty", []v1.Award{award("flag", 2, "", 0)},
			group, "flag:A/1/TopRank"},
		{"one form for one achievement, in declared order", []v1.Award{award("flag", 1, ""), award("certificate", 4, "")},
			group, "flag:A/1/TopRank certificate:B/2/JointRank certificate:C/2/JointRank certificate:D/4/TopRank"},
		{"who fails the first rule may meet the second", []v1.Award{award("flag", 2, "", 0), award("certificate", 2, "")},
			group, "flag:A/1/TopRank certificate:B/2/JointRank certificate:C/2/JointRank"},
		{"nobody meets the rule", []v1.Award{award("flag", 1, "99")}, group, ""},
	} {
		got, err := score.NominateAll(tc.awards, score.Rank(lines(t, tc.lines...), score.WithinGroup))
		if err != nil || nominees(got) != tc.want {
			t.Errorf("%s: %s, %v; want %s", tc.reason, nominees(got), err, tc.want)
		}
	}
}

func TestWhyNot(t *testing.T) {
	ranked := score.Rank(lines(t, "g A 95 95 0 0", "g B 90 90 0 1", "g C 85 85 0 0", "g D 60 60 0 0", "g E 50 50 0 0", "g f 99 99 0 0"), score.WithinGroup)
	got, err := score.WhyNot(award("flag", 4, "70", 0), ranked, map[v1.UnitCode]v1.Name{"A": "order", "E": "order"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[v1.UnitCode]score.Reason{
		"A": score.AlreadyNominated, "B": score.TooManyMissing, "D": score.ScoreTooLow, "E": score.RankTooLow, "f": score.BelowFloor,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNominateRefuses(t *testing.T) {
	bad := award("flag", 1, "many")
	if _, err := score.NominateAll([]v1.Award{bad}, nil); err == nil || !strings.Contains(err.Error(), "spec.awards[flag].nominate.minScore") {
		t.Errorf("a least score that is no number: %v", err)
	}
	unranked := lines(t, "g A 95 95 0 0")
	if got, err := score.Nominate(award("flag", 1, ""), unranked, nil); err != nil || len(got) != 0 {
		t.Errorf("lines that nobody ranked: %v, %v", got, err)
	}
}

// TestNominateProperties: nobody twice, everybody either nominated or with a
// reason why not, and all who share a rank and the conditions together.
func TestNominateProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unranked, within := anyRanking(t)
		ranked := score.Rank(unranked, within)
		first := award("flag", rapid.Int32Range(1, 3).Draw(t, "top"), "60", rapid.Int32Range(0, 2).Draw(t, "maxMissing"))
		second := award("certificate", rapid.Int32Range(1, 6).Draw(t, "top"), "")
		all, err := score.NominateAll([]v1.Award{first, second}, ranked)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[v1.UnitCode]v1.Name{}
		for _, n := range all {
			if seen[n.Unit] != "" {
				t.Fatalf("%s is nominated for %s and %s", n.Unit, seen[n.Unit], n.Award)
			}
			seen[n.Unit] = n.Award
		}
		whyNot, err := score.WhyNot(first, ranked, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range ranked {
			if (seen[l.Unit] == "flag") == (whyNot[l.Unit] != "") {
				t.Fatalf("%s: nominated for %q, reason against the flag %q", l.Unit, seen[l.Unit], whyNot[l.Unit])
			}
		}
	})
}
