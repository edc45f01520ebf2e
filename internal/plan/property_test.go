package plan_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/plan"
)

var times = []v1.TimeOfDay{"08:30", "14:00", "17:00"}

// anyInput is a campaign that can be planned: any ladder, any cut-off and due
// days, units of three calendars.
func anyInput(t *rapid.T, calendars map[v1.Name]*calendar.Calendar) plan.Input {
	launch := calendar.NewDate(2021, 1, 1).AddDays(rapid.IntRange(0, 900).Draw(t, "launch"))
	first := launch.MonthEnd().AddDays(1 + 31*rapid.IntRange(0, 3).Draw(t, "first"))
	last := first.AddDays(31 * rapid.IntRange(0, 6).Draw(t, "months"))
	spec := v1.CampaignSpec{
		TimeZone: "Asia/Ho_Chi_Minh",
		Calendar: "state",
		Launch:   v1.Launch{At: anyMoment(t, launch)},
		Reporting: []v1.Series{{
			Name: "monthly", Period: v1.PeriodMonth,
			CutOffDay:    rapid.Int32Range(1, 31).Draw(t, "cutOffDay"),
			FirstPeriod:  rapid.SampledFrom([]string{"FromLaunch", "FromCutOff"}).Draw(t, "firstPeriod"),
			From:         v1.YearMonth(first.String()[:7]),
			To:           v1.YearMonth(last.String()[:7]),
			Due:          v1.Due{Day: rapid.Int32Range(1, 31).Draw(t, "day"), Time: anyTime(t), Roll: v1.RollNextWorkingDay},
			Consolidated: &v1.AfterDue{WorkingDaysAfterDue: rapid.Int32Range(1, 5).Draw(t, "consolidated")},
			Closes:       &v1.AfterDue{WorkingDaysAfterDue: rapid.Int32Range(5, 20).Draw(t, "closes")}, // not before it is consolidated
		}},
		Registration: &v1.Registration{Until: v1.Moment(launch.AddDays(rapid.IntRange(1, 90).Draw(t, "registration")).String())},
		Reviews:      []v1.Review{{Name: "final", At: v1.Moment(last.AddDays(40).String())}},
	}
	for i := range rapid.IntRange(0, 6).Draw(t, "steps") {
		spec.Reminders = append(spec.Reminders, v1.Step{
			Step:   v1.Name(fmt.Sprintf("step-%d", i)),
			Offset: rapid.Int32Range(-20, 20).Draw(t, "offset"),
			Time:   anyTime(t),
		})
	}
	in := plan.Input{
		Campaign:  &v1.Campaign{ObjectMeta: metav1.ObjectMeta{Name: "any"}, Spec: spec},
		Calendars: calendars,
	}
	for _, name := range []v1.Name{"", "state", "enterprise", "saturday"} {
		in.Units = append(in.Units, units(name, rapid.IntRange(0, 3).Draw(t, "units"))...)
	}
	in.Units = append(in.Units, v1.Unit{Code: "one"})
	return in
}

func anyTime(t *rapid.T) v1.TimeOfDay { return rapid.SampledFrom(times).Draw(t, "time") }

// anyMoment is a day, or an instant of that day.
func anyMoment(t *rapid.T, d calendar.Date) v1.Moment {
	if rapid.Bool().Draw(t, "explicit") {
		return v1.Moment(fmt.Sprintf("%sT%s:00+07:00", d, anyTime(t)))
	}
	return v1.Moment(d.String())
}

func TestPlanProperties(t *testing.T) {
	calendars := calendars(t)
	rapid.Check(t, func(t *rapid.T) {
		in := anyInput(t, calendars)
		p, err := plan.Make(in)
		if err != nil {
			t.Fatal(err)
		}
		checkOrder(t, p)
		checkSlots(t, p)
		for _, r := range p.Rounds {
			checkRound(t, p, r)
			checkLadder(t, in, r)
		}
	})
}

// checkOrder: by at, type, round, step, calendar; nothing twice, nothing before
// the launch, nothing after the close.
func checkOrder(t *rapid.T, p *plan.Plan) {
	for i, e := range p.Events {
		if e.At.Before(p.Launch) || e.At.After(*p.ClosedAt) {
			t.Fatalf("%s at %s is outside the campaign", e.Type, e.At)
		}
		if i == 0 {
			continue
		}
		before := p.Events[i-1]
		if c := cmp.Or(before.At.Compare(e.At), cmp.Compare(before.Type, e.Type), cmp.Compare(before.Round, e.Round),
			cmp.Compare(before.Step, e.Step), cmp.Compare(before.Calendar, e.Calendar)); c >= 0 {
			t.Fatalf("%v comes before %v", before, e)
		}
	}
}

// checkSlots: every instant is on a slot, but for the ends of days of data.
func checkSlots(t *rapid.T, p *plan.Plan) {
	if len(p.Slots) > plan.MaxSlots {
		t.Fatalf("%d slots", len(p.Slots))
	}
	for _, e := range p.Events {
		slot := calendar.TimeOfDayOf(e.At, e.At.Location())
		midnight := slot == calendar.TimeOfDay{} && (e.Type == plan.CutOff || e.Type == plan.RoundOpens || e.Type == plan.Closed)
		if !midnight && !slices.Contains(p.Slots, slot) {
			t.Fatalf("%s at %s is on none of %v", e.Type, e.At, p.Slots)
		}
	}
}

func checkRound(t *rapid.T, p *plan.Plan, r plan.Round) {
	for _, due := range r.Dues {
		if due.At.Before(r.OpensAt) || !due.At.Before(r.ClosesAt) {
			t.Fatalf("%s opens %s, due %s, closes %s", r.Name, r.OpensAt, due.At, r.ClosesAt)
		}
	}
	for _, step := range r.Reminders {
		if step.At.Before(r.OpensAt) && r.Kind == plan.Report {
			t.Fatalf("%s opens %s after its step %s at %s", r.Name, r.OpensAt, step.Step, step.At)
		}
		if step.At.Before(p.Launch) || !step.At.Before(r.ClosesAt) {
			t.Fatalf("%s: step %s at %s is outside the round", r.Name, step.Step, step.At)
		}
	}
}

// checkLadder holds each step equal to arithmetic on the running number of
// working days, which is how SQL computes it, and so never on a day off.
func checkLadder(t *rapid.T, in plan.Input, r plan.Round) {
	offsets := map[v1.Name]int{}
	for _, step := range in.Campaign.Spec.Reminders {
		offsets[step.Step] = int(step.Offset)
	}
	dues := map[v1.Name]time.Time{}
	for _, due := range r.Dues {
		dues[due.Calendar] = due.At
	}
	for _, step := range r.Reminders {
		cal, due := in.Calendars[step.Calendar], dues[step.Calendar]
		dueDay, day := calendar.DateOf(due, due.Location()), calendar.DateOf(step.At, due.Location())
		if !cal.Working(dueDay) || !cal.Working(day) {
			t.Fatalf("%s: step %s on %s for %s is on a day off", r.Name, step.Step, day, dueDay)
		}
		if got := cal.Number(day) - cal.Number(dueDay); got != offsets[step.Step] {
			t.Fatalf("%s: step %s is %d working days from its deadline; want %d", r.Name, step.Step, got, offsets[step.Step])
		}
	}
}

// TestOrderOfUnitsDoesNotMatter: nor does asking twice.
func TestOrderOfUnitsDoesNotMatter(t *testing.T) {
	calendars := calendars(t)
	rapid.Check(t, func(t *rapid.T) {
		in := anyInput(t, calendars)
		want, err := plan.Make(in)
		if err != nil {
			t.Fatal(err)
		}
		in.Units = slices.Clone(in.Units)
		shuffle := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		shuffle.Shuffle(len(in.Units), func(i, j int) { in.Units[i], in.Units[j] = in.Units[j], in.Units[i] })
		got, err := plan.Make(in)
		if err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Fatalf("another plan:\n%s", diff)
		}
	})
}
