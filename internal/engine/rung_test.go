package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/plan"
	"thidua.dev/thidua/internal/store/db"
	"thidua.dev/thidua/internal/store/storetest"
)

// ladders of a campaign as the statements of the engine see them, and as package
// plan prints them: "round calendar step instant", for the steps from the launch
// to before the close. Nothing of it stays in the database.
func ladders(e *Engine, set *manifest.Set, name string) (inSQL, planned []string, err error) {
	ctx := context.Background()
	p, err := PlanOf(set, name, 1)
	if err != nil {
		return nil, nil, err
	}
	err = e.in(ctx, func(t *tx) error {
		inSQL, planned = nil, nil
		for _, cal := range set.Calendars {
			if err := t.storeCalendar(ctx, cal); err != nil {
				return err
			}
		}
		for _, r := range set.Rosters {
			if err := t.storeRoster(ctx, r); err != nil {
				return err
			}
		}
		declared := set.Campaigns[slices.IndexFunc(set.Campaigns, func(c *v1.Campaign) bool { return c.Name == name })]
		if err := t.storePlan(ctx, declared, p, db.Campaign{}, false); err != nil {
			return err
		}
		c, err := t.CampaignByName(ctx, name)
		if err != nil {
			return err
		}
		codes := []string{}
		for _, u := range set.Participants(declared) {
			codes = append(codes, string(u.Code))
		}
		rosters := rosterParts(set, declared.Spec.Participants.Roster, map[string]bool{})
		if _, err := t.Enroll(ctx, db.EnrollParams{CampaignID: c.ID, Calendar: c.Calendar, Rosters: rosters, Units: codes}); err != nil {
			return err
		}
		for _, r := range p.Rounds {
			stored, err := t.RoundByName(ctx, c.ID, r.Name)
			if err != nil {
				return err
			}
			if _, err := t.OpenObligations(ctx, db.OpenObligationsParams{RoundID: stored.ID, LadderFrom: r.OpensAt, Now: r.OpensAt}); err != nil {
				return err
			}
			owing, err := t.OwingIn(ctx, &stored.ID)
			if err != nil {
				return err
			}
			if err := t.InsertRungs(ctx, c.TimeZone, owing); err != nil {
				return err
			}
			for _, s := range r.Reminders {
				planned = append(planned, fmt.Sprintf("%s %s %s %s", r.Name, s.Calendar, s.Step, s.At.UTC().Format(time.RFC3339)))
			}
			rows, err := t.raw.Query(ctx, `SELECT DISTINCT o.calendar, s.step, g.at FROM obligation o
				JOIN rung g ON g.campaign_id = o.campaign_id AND g.calendar = o.calendar AND g.due_at = o.due_at
				JOIN ladder_step s ON s.campaign_id = g.campaign_id AND s.seq = g.seq
				WHERE o.round_id = $1 AND g.at >= $2 AND g.at < $3`, stored.ID, p.Launch, r.ClosesAt)
			if err != nil {
				return err
			}
			var calendar, step string
			var instant time.Time
			for rows.Next() {
				if err := rows.Scan(&calendar, &step, &instant); err != nil {
					return err
				}
				inSQL = append(inSQL, fmt.Sprintf("%s %s %s %s", r.Name, calendar, step, instant.UTC().Format(time.RFC3339)))
			}
			if err := rows.Err(); err != nil {
				return err
			}
		}
		return errPutBack
	})
	if errors.Is(err, errPutBack) {
		err = nil
	}
	slices.Sort(inSQL)
	slices.Sort(planned)
	return inSQL, planned, err
}

func TestRungsOfExamples(t *testing.T) {
	e := New(storetest.Pool(t), slog.New(slog.DiscardHandler))
	for dir, name := range map[string]string{
		"testdata": "thi-dua", "../../examples/seed-2021": "covid-2021", "../../examples/quickstart": "chuyen-doi-so-2027",
	} {
		set, err := manifest.Load([]string{dir}, nil)
		if err != nil {
			t.Fatal(err)
		}
		inSQL, planned, err := ladders(e, set, name)
		if err != nil {
			t.Fatal(err)
		}
		if len(planned) < 10 {
			t.Errorf("%s: only %d steps", dir, len(planned))
		}
		if d := cmp.Diff(planned, inSQL); d != "" {
			t.Errorf("%s: steps in SQL differ from the plan's (-plan +SQL):\n%s", dir, d)
		}
	}
}

// T±k in SQL is package calendar's, whatever days are worked.
func TestRungsEqualThePlan(t *testing.T) {
	e := New(storetest.Pool(t), slog.New(slog.DiscardHandler))
	rapid.Check(t, func(t *rapid.T) {
		set, err := manifest.Load([]string{"-"}, strings.NewReader(drawCampaign(t)))
		if err != nil {
			t.Fatal(err)
		}
		inSQL, planned, err := ladders(e, set, "random")
		var invalid *plan.Invalid
		if errors.As(err, &invalid) {
			t.Skip(invalid)
		}
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(planned, inSQL); d != "" {
			t.Fatalf("steps in SQL differ from the plan's (-plan +SQL):\n%s", d)
		}
	})
}

var weekdays = []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}

func drawCampaign(t *rapid.T) string {
	var b strings.Builder
	for _, cal := range []string{"one", "two"} {
		week := rapid.SliceOfNDistinct(rapid.SampledFrom(weekdays), 1, 7, rapid.ID[string]).Draw(t, "week")
		fmt.Fprintf(&b, "apiVersion: thidua.dev/v1\nkind: Calendar\nmetadata: {name: %s}\nspec:\n  workWeek: [%s]\n  coveredFrom: 2021-01-01\n  coveredUntil: 2022-12-31\n  days:\n",
			cal, strings.Join(week, ", "))
		days := rapid.SliceOfNDistinct(rapid.IntRange(-30, 120), 0, 40, rapid.ID[int]).Draw(t, "days")
		for _, d := range append(days, 200) {
			kind := rapid.SampledFrom([]string{"Off", "Work"}).Draw(t, "kind")
			fmt.Fprintf(&b, "    - {date: %s, kind: %q, name: x}\n", time.Date(2021, 9, 7+d, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), kind)
		}
		b.WriteString("---\n")
	}
	b.WriteString(`apiVersion: thidua.dev/v1
kind: Roster
metadata: {name: all}
spec:
  units:
    - {code: VP, name: VP, kind: office}
    - {code: A, name: A, kind: unit}
    - {code: B, name: B, kind: unit, calendar: two}
---
apiVersion: thidua.dev/v1
kind: RulePack
metadata: {name: vn-2003}
spec:
  inForce: {from: 2017-10-01}
  forms: [{name: giay_khen, title: {vi: Giấy khen}}]
---
apiVersion: thidua.dev/v1
kind: Campaign
metadata: {name: random}
spec:
  title: {vi: x}
  rulePack: VN-2003
  calendar: one
  office: VP
  launch: {at: 2021-09-07T14:00:00+07:00}
  participants: {roster: all, kinds: [unit]}
`)
	fmt.Fprintf(&b, "  registration: {until: 2021-09-%02d}\n", rapid.IntRange(8, 30).Draw(t, "until"))
	fmt.Fprintf(&b, "  reporting:\n    - {name: m, period: Month, cutOffDay: 1, from: 2021-10, to: 2021-12, due: {day: %d, roll: %s}, closes: {workingDaysAfterDue: %d}}\n",
		rapid.IntRange(1, 31).Draw(t, "day"), rapid.SampledFrom([]string{"NextWorkingDay", "None"}).Draw(t, "roll"), rapid.IntRange(1, 12).Draw(t, "closes"))
	b.WriteString("  reminders:\n")
	offsets := rapid.SliceOfNDistinct(rapid.IntRange(-15, 15), 1, 8, rapid.ID[int]).Draw(t, "offsets")
	slices.Sort(offsets)
	for i, o := range offsets {
		fmt.Fprintf(&b, "    - {step: s%d, offset: %d, time: %q, to: [Holder]}\n", i, o, rapid.SampledFrom([]string{"00:00", "08:30", "17:00"}).Draw(t, "time"))
	}
	return b.String()
}
