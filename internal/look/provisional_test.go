package look_test

import (
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/look/looktest"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/store/storetest"
)

// The office is asked for the coming year's days off 30 days before the campaign needs
// them, and not any more once they are there.
func TestCalendarShort(t *testing.T) {
	pool := storetest.Pool(t)
	e, r, office := engine.New(pool, slog.New(slog.DiscardHandler)), look.New(pool), auth.Actor{Name: "an", Role: auth.Office, Unit: "VP"}
	text, err := os.ReadFile("../engine/testdata/thi-dua.yaml")
	if err != nil {
		t.Fatal(err)
	}
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	apply := func(until string) {
		set, err := manifest.Load([]string{"../engine/testdata"}, nil)
		ok(err)
		changed, err := manifest.Load([]string{"-"}, strings.NewReader(strings.Replace(string(text), "coveredUntil: 2022-12-31", "coveredUntil: "+until, 1)))
		ok(err)
		set.Overlay(changed)
		_, err = e.Apply(t.Context(), engine.By(office, ""), set, false)
		ok(err)
	}
	ok(e.SetStepped(t.Context(), date(9, 7, 8, 0)))
	apply("2021-11-10")
	ok(e.Launch(t.Context(), engine.By(office, ""), "thi-dua", engine.LaunchOptions{}))
	// November's report is due on Monday the 15th, beyond the 10th; its first step, five
	// working days before on the 8th, rests on that.
	for _, c := range []struct {
		reason string
		now    time.Time
		until  string
		want   string
	}{
		{"31 days before", date(10, 8, 8, 29), "", ""},
		{"30 days before", date(10, 9, 8, 30), "", "2021-11-08"},
		{"the notice has come", date(10, 9, 8, 30), "2022-12-31", ""},
		{"the year after it is far", date(11, 20, 8, 30), "", ""},
	} {
		t.Run(c.reason, func(t *testing.T) {
			ok(e.Jump(t.Context(), c.now))
			if c.until != "" {
				apply(c.until)
			}
			campaign, err := r.Campaign(t.Context(), "thi-dua")
			ok(err)
			alarm := campaign.Condition("CalendarShort")
			if (alarm.Status == "True") != (c.want != "") || !strings.Contains(alarm.Message, c.want) {
				t.Errorf("condition %+v, want one about %q", alarm, c.want)
			}
			todo, err := r.Todo(t.Context(), "VP")
			ok(err)
			got := ""
			for _, d := range todo {
				if d.Kind == "Calendar" && d.Subject == "state" && d.Title.VI == "Bổ sung lịch ngày nghỉ của năm tới" {
					got = d.DueAt.In(looktest.Zone).Format(time.DateOnly)
				}
			}
			if got != c.want {
				t.Errorf("the office has to do it by %q, want %q", got, c.want)
			}
		})
	}
}
