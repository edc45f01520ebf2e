package plan

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNeeds(t *testing.T) {
	at := func(month time.Month, day int) time.Time { return time.Date(2021, month, day, 8, 30, 0, 0, time.UTC) }
	p := &Plan{Events: []Event{
		{At: at(11, 1), Calendar: "state"},
		{At: at(11, 2), Calendar: "state", Provisional: true},
		{At: at(12, 28), Calendar: "state", Provisional: true},
		{At: at(12, 20), Calendar: "six", Provisional: true},
		{At: at(12, 30), Calendar: "state", Provisional: true},
	}}
	for _, c := range []struct {
		reason string
		now    time.Time
		want   []Need
	}{
		{"31 days before the first one", at(11, 2).Add(-31 * 24 * time.Hour), nil},
		{"30 days before it", at(11, 2).Add(-30 * 24 * time.Hour), []Need{{"state", at(11, 2)}}},
		{"it has passed, the next ones are far", at(11, 2), nil},
		{"one of another calendar", at(11, 20), []Need{{"six", at(12, 20)}}},
		{"both, the earliest of each first", at(12, 1), []Need{{"six", at(12, 20)}, {"state", at(12, 28)}}},
		{"nothing is to come", at(12, 31), nil},
	} {
		if d := cmp.Diff(c.want, p.Needs(c.now, 30*24*time.Hour)); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.reason, d)
		}
	}
}
