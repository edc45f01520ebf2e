package score_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/score"
)

// spec has the dual goal: two axes of 50 points with floors, one indicator for
// all, one for departments only, one that goes down.
func spec() *v1.CampaignSpec {
	return &v1.CampaignSpec{
		Axes: []v1.Axis{
			{Name: "prevention", Weight: "50", Floor: "25"},
			{Name: "professional", Weight: "50", Floor: "25"},
		},
		Indicators: []v1.Indicator{
			{Name: "commune-vc-2way", Axis: "prevention", Unit: "percent", Baseline: "50", Target: "100", Direction: v1.Up, Weight: "2",
				AppliesTo: &v1.AppliesTo{Kinds: []v1.UnitKind{"provincial_department"}}},
			{Name: "manual-permits", Axis: "prevention", Unit: "count", Baseline: "30", Target: "0", Direction: v1.Down, Weight: "1",
				AppliesTo: &v1.AppliesTo{Kinds: []v1.UnitKind{"provincial_department"}}},
			{Name: "hard-tasks", Axis: "professional", Unit: "count", Baseline: "0", Target: "5", Direction: v1.Up, Weight: "1"},
		},
		Scoring: v1.Scoring{LatePoints: "1", MissingPoints: "3"},
	}
}

func d(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func figures(pairs ...string) map[v1.Name]decimal.Decimal {
	all := map[v1.Name]decimal.Decimal{}
	for i := 0; i < len(pairs); i += 2 {
		all[v1.Name(pairs[i])] = d(pairs[i+1])
	}
	return all
}

func TestAttainment(t *testing.T) {
	up := v1.Indicator{Baseline: "50", Target: "100", Direction: v1.Up, Weight: "1"}
	down := v1.Indicator{Baseline: "30", Target: "0", Direction: v1.Down, Weight: "1"}
	keep := v1.Indicator{Baseline: "0", Target: "0", Direction: v1.Down, Weight: "1"}
	for _, tc := range []struct {
		reason string
		ind    v1.Indicator
		value  string
		want   string // a fraction
	}{
		{"at the baseline nothing is attained", up, "50", "0/1"},
		{"halfway", up, "75", "1/2"},
		{"at the target", up, "100", "1/1"},
		{"beyond the target there is no more", up, "120", "1/1"},
		{"below the baseline there is no less", up, "20", "0/1"},
		{"thirds stay exact", v1.Indicator{Baseline: "0", Target: "3", Direction: v1.Up, Weight: "1"}, "1", "1/3"},
		{"down is better when declared so", down, "10", "2/3"},
		{"and rising is nothing", down, "40", "0/1"},
		{"a figure to be kept is kept", keep, "0", "1/1"},
		{"or not", keep, "0.1", "0/1"},
	} {
		got, err := score.Attainment(tc.ind, d(tc.value))
		if err != nil || got.String() != tc.want {
			t.Errorf("%s: attainment of %s is %v, %v; want %s", tc.reason, tc.value, got, err, tc.want)
		}
	}
}

func TestScore(t *testing.T) {
	department, agency := v1.UnitKind("provincial_department"), v1.UnitKind("agency")
	for _, tc := range []struct {
		reason string
		unit   score.Unit
		want   string // base, malus, total, reason
	}{
		{"everything attained",
			score.Unit{Kind: department, Figures: figures("commune-vc-2way", "100", "manual-permits", "0", "hard-tasks", "5")},
			"100 0 100 "},
		{"weights within an axis: (2*0.6 + 1*0.5)/3 * 50 + 0.8 * 50",
			score.Unit{Kind: department, Figures: figures("commune-vc-2way", "80", "manual-permits", "15", "hard-tasks", "4")},
			"68.3333 0 68.3333 "},
		{"a missing figure is no attainment: 2/3 * 50 + 50",
			score.Unit{Kind: department, Figures: figures("commune-vc-2way", "100", "hard-tasks", "5")},
			"83.3333 0 83.3333 "},
		{"late costs 1, missing 3",
			score.Unit{Kind: department, Late: 2, Missing: 1, Figures: figures("commune-vc-2way", "100", "manual-permits", "0", "hard-tasks", "5")},
			"100 5 95 "},
		{"one axis below its floor",
			score.Unit{Kind: department, Figures: figures("commune-vc-2way", "100", "manual-permits", "0", "hard-tasks", "2")},
			"70 0 70 BelowFloor"},
		{"exactly on the floor is enough: 37.5 + 25",
			score.Unit{Kind: department, Figures: figures("commune-vc-2way", "100", "manual-permits", "22.5", "hard-tasks", "2.5")},
			"62.5 0 62.5 "},
		{"an agency is measured on one axis, which then carries 100 points",
			score.Unit{Kind: agency, Figures: figures("hard-tasks", "4")},
			"80 0 80 "},
		{"and its floor grows with it: 40 of 100 is as low as 20 of 50",
			score.Unit{Kind: agency, Figures: figures("hard-tasks", "2")},
			"40 0 40 BelowFloor"},
		{"figures that do not apply do not count",
			score.Unit{Kind: agency, Figures: figures("hard-tasks", "5", "commune-vc-2way", "100")},
			"100 0 100 "},
		{"a bonus may lift above 100",
			score.Unit{Kind: agency, Bonus: d("10"), Late: 1, Figures: figures("hard-tasks", "5")},
			"100 1 109 "},
		{"silence may fall below 0",
			score.Unit{Kind: agency, Missing: 6},
			"0 18 -18 BelowFloor"},
	} {
		lines, err := score.Score(spec(), []score.Unit{tc.unit})
		if err != nil {
			t.Fatal(err)
		}
		l := lines[0]
		got := strings.Join([]string{l.Base.String(), l.Malus.String(), l.Total.String(), string(l.Reason)}, " ")
		if got != tc.want || l.Ranked != (l.Reason == "") {
			t.Errorf("%s: %s; want %s", tc.reason, got, tc.want)
		}
	}
}

func TestScoreAxes(t *testing.T) {
	lines, err := score.Score(spec(), []score.Unit{{Code: "A", Kind: "agency", Figures: figures("hard-tasks", "2")}})
	if err != nil {
		t.Fatal(err)
	}
	want := []score.AxisPoints{
		{Axis: "prevention"},
		{Axis: "professional", Measured: true, Weight: d("100"), Points: d("40"), Floor: d("50"), BelowFloor: true},
	}
	if diff := cmp.Diff(want, lines[0].Axes); diff != "" {
		t.Error(diff)
	}
}

func TestNotMeasured(t *testing.T) {
	only := spec()
	only.Indicators = only.Indicators[:2]
	for _, tc := range []struct {
		reason string
		spec   *v1.CampaignSpec
	}{
		{"no indicator applies to an agency", only},
		{"no axes at all", &v1.CampaignSpec{Scoring: spec().Scoring}},
	} {
		lines, err := score.Score(tc.spec, []score.Unit{{Kind: "agency", Missing: 1}})
		if err != nil {
			t.Fatal(err)
		}
		if l := lines[0]; l.Ranked || l.Reason != score.NotMeasured || l.Total.String() != "-3" {
			t.Errorf("%s: %+v", tc.reason, l)
		}
	}
}

// TestRoundOnce: thirds of three axes add up before they are rounded.
func TestRoundOnce(t *testing.T) {
	thirds := &v1.CampaignSpec{Scoring: v1.Scoring{LatePoints: "0.00005", MissingPoints: "0"}}
	for i, weight := range []v1.Decimal{"33", "33", "34"} {
		name := v1.Name([]string{"a", "b", "c"}[i])
		thirds.Axes = append(thirds.Axes, v1.Axis{Name: name, Weight: weight})
		thirds.Indicators = append(thirds.Indicators, v1.Indicator{
			Name: name, Axis: name, Baseline: "0", Target: "9", Direction: v1.Up, Weight: "1"})
	}
	for _, tc := range []struct {
		reason  string
		a, b, c string
		late    int
		want    string
	}{
		{"33/9 + 33/9 + 34/9 = 11.11111...", "1", "1", "1", 0, "11.1111"},
		{"33/9 * 2 + 33/9 * 2 + 34/9 * 2 = 22.22222...", "2", "2", "2", 0, "22.2222"},
		{"33/9 * 0.000006 * 2 = 0.000044 rounds down, although neither axis shows it", "0.000006", "0.000006", "0", 0, "0"},
		{"33/9 * 0.000009 * 2 = 0.000066 rounds up, although each axis shows 0", "0.000009", "0.000009", "0", 0, "0.0001"},
		{"100 - 0.00005 ends in a half: up", "9", "9", "9", 1, "100"},
		{"-0.00005 is a half: away from zero", "0", "0", "0", 1, "-0.0001"},
	} {
		lines, err := score.Score(thirds, []score.Unit{{Late: tc.late, Figures: figures("a", tc.a, "b", tc.b, "c", tc.c)}})
		if err != nil {
			t.Fatal(err)
		}
		if got := lines[0].Total.String(); got != tc.want {
			t.Errorf("%s: %s; want %s", tc.reason, got, tc.want)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, tc := range []struct {
		reason string
		change func(*v1.CampaignSpec)
		want   string
	}{
		{"a good spec", func(*v1.CampaignSpec) {}, ""},
		{"weights are shares of 100", func(s *v1.CampaignSpec) { s.Axes[0].Weight = "40" }, "add up to 90"},
		{"a floor nobody can reach", func(s *v1.CampaignSpec) { s.Axes[0].Floor = "51" }, "spec.axes[prevention].floor"},
		{"an axis that is not declared", func(s *v1.CampaignSpec) { s.Indicators[0].Axis = "x" }, "spec.indicators[commune-vc-2way].axis"},
		{"a target behind the baseline", func(s *v1.CampaignSpec) { s.Indicators[0].Target = "40" }, "worse than the baseline"},
		{"a direction that contradicts", func(s *v1.CampaignSpec) { s.Indicators[1].Direction = v1.Up }, "worse than the baseline"},
		{"a negative weight", func(s *v1.CampaignSpec) { s.Indicators[0].Weight = "-1" }, "is negative"},
		{"a malus that rewards", func(s *v1.CampaignSpec) { s.Scoring.LatePoints = "-1" }, "spec.scoring.latePoints"},
		{"a spec that nobody defaulted", func(s *v1.CampaignSpec) { s.Scoring.MissingPoints = "" }, "spec.scoring.missingPoints"},
	} {
		s := spec()
		tc.change(s)
		err := score.Check(s)
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: %v; want %q", tc.reason, err, tc.want)
		}
	}
}

// TestScoreProperties: points stay within their axes, base is at most 100, total
// is base plus bonus less malus, and a better figure never lowers the base.
func TestScoreProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unit := anyUnit(t, "U")
		lines, err := score.Score(spec(), []score.Unit{unit})
		if err != nil {
			t.Fatal(err)
		}
		line := lines[0]
		for _, axis := range line.Axes {
			if axis.Points.IsNegative() || axis.Points.GreaterThan(axis.Weight) {
				t.Fatalf("%s of %s points on %s", axis.Points, axis.Weight, axis.Axis)
			}
		}
		if line.Base.GreaterThan(d("100")) || line.Base.IsNegative() {
			t.Fatalf("base is %s", line.Base)
		}
		if sum := line.Base.Add(line.Bonus).Sub(line.Malus); sum.Sub(line.Total).Abs().GreaterThan(d("0.0001")) {
			t.Fatalf("%s + %s - %s is not %s", line.Base, line.Bonus, line.Malus, line.Total)
		}
		unit.Figures["hard-tasks"] = unit.Figures["hard-tasks"].Add(d("1"))
		better, err := score.Score(spec(), []score.Unit{unit})
		if err != nil {
			t.Fatal(err)
		}
		if better[0].Base.LessThan(line.Base) {
			t.Fatalf("one more hard task lowers %s to %s", line.Base, better[0].Base)
		}
	})
}

func anyUnit(t *rapid.T, code v1.UnitCode) score.Unit {
	unit := score.Unit{
		Code:    code,
		Kind:    rapid.SampledFrom([]v1.UnitKind{"provincial_department", "agency"}).Draw(t, "kind"),
		Group:   rapid.SampledFrom([]v1.Name{"", "cum-1", "cum-2"}).Draw(t, "group"),
		Figures: map[v1.Name]decimal.Decimal{},
		Late:    rapid.IntRange(0, 2).Draw(t, "late"),
		Missing: rapid.IntRange(0, 2).Draw(t, "missing"),
	}
	// coarse steps from beyond the baseline to beyond the target, so that units tie
	for _, figure := range []struct {
		name v1.Name
		step string
	}{{"commune-vc-2way", "10"}, {"manual-permits", "3"}, {"hard-tasks", "0.5"}} {
		if rapid.Bool().Draw(t, "reported") {
			unit.Figures[figure.name] = d(figure.step).Mul(decimal.NewFromInt(rapid.Int64Range(0, 12).Draw(t, "value")))
		}
	}
	return unit
}
