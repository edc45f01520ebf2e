package plan_test

import (
	"testing"
	"time"

	"thidua.dev/thidua/internal/plan"
)

func TestDiff(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2027, 1, n, 10, 0, 0, 0, time.UTC) }
	due := func(round string, n int) plan.Event {
		return plan.Event{Type: plan.ReportDue, Round: round, Calendar: "state", At: day(n)}
	}
	before := &plan.Plan{Campaign: "c", Hash: "a", Events: []plan.Event{due("monthly/2027-01", 15), due("monthly/2027-02", 16)}}
	after := &plan.Plan{Campaign: "c", Hash: "b", Events: []plan.Event{due("monthly/2027-01", 18), due("monthly/2027-03", 17)}}
	elsewhere := &plan.Plan{Campaign: "c", Hash: "b", Events: []plan.Event{due("monthly/2027-01", 15)}}
	elsewhere.Events[0].At = day(15).In(time.FixedZone("", 7*3600))
	for _, c := range []struct {
		reason                string
		before, after         *plan.Plan
		added, removed, moved int
	}{
		{"everything of a new campaign is added", nil, after, 2, 0, 0},
		{"another day, a round less, a round more", before, after, 1, 1, 1},
		{"one instant in another zone is the same", &plan.Plan{Events: before.Events[:1]}, elsewhere, 0, 0, 0},
		{"the same plan", before, before, 0, 0, 0},
	} {
		d := plan.Diff(c.before, c.after, "UTC")
		if len(d.Added) != c.added || len(d.Removed) != c.removed || len(d.Moved) != c.moved {
			t.Errorf("%s: %+v", c.reason, d)
		}
	}
	if m := plan.Diff(before, after, "UTC").Moved; len(m) != 1 || !m[0].From.Equal(day(15)) || !m[0].Event.At.Equal(day(18)) {
		t.Errorf("moved %+v", m)
	}
}
