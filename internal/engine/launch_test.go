package engine

import (
	"testing"
	"time"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/manifest"
)

func TestLaunch(t *testing.T) {
	t.Parallel()
	campaign := `SELECT state, acted_at, launch_at, backdated, (SELECT count(*) FROM participant) FROM campaign`
	invitations := `SELECT state, reason, count(*) FROM notice WHERE step = 'launch' GROUP BY 1, 2 ORDER BY 1`
	cases := []struct {
		reason, now string
		backdate    bool
		refused     string
		campaign    string
		invitations []string
	}{
		{"early: it waits for the instant planned", "2021-09-06 10:00", false, "",
			"Launched 09-06 10:00 09-07 14:00 false 7", nil},
		{"later on the day itself: it starts now", "2021-09-07 16:00", false, "",
			"Launched 09-07 16:00 09-07 16:00 false 7", []string{"NoRecipient NoContact 1", "Pending  6"}},
		{"the day after, unconfirmed", "2021-09-08 00:00", false, "NeedsBackdate",
			"Declared - 09-07 14:00 false 0", nil},
		{"the day after, confirmed: nobody hears of it", "2021-09-08 00:00", true, "",
			"Launched 09-08 00:00 09-07 14:00 true 7", []string{"Skipped BeforeAct 7"}},
		{"confirmed without need: it is not a backdated one", "2021-09-07 16:00", true, "",
			"Launched 09-07 16:00 09-07 16:00 false 7", []string{"NoRecipient NoContact 1", "Pending  6"}},
	}
	for _, c := range cases {
		t.Run(c.reason, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.ok(w.SetStepped(t.Context(), at(c.now)))
			err := w.Launch(t.Context(), By(office, ""), name, LaunchOptions{Backdate: c.backdate})
			if c.refused != "" {
				w.refused(err, c.refused)
			} else {
				w.ok(err)
			}
			w.work()
			w.check("the campaign", w.rows(campaign), c.campaign)
			w.check("the invitations", w.rows(invitations), c.invitations...)
			if c.now == "2021-09-06 10:00" {
				w.to("2021-09-07 13:59")
				w.check("not a minute early", w.rows(invitations))
				w.to("2021-09-07 14:00")
				w.check("the invitations at their instant", w.rows(invitations), "NoRecipient NoContact 1", "Sent  6")
			}
		})
	}
}

func TestLaunchOnce(t *testing.T) {
	w := newWorld(t)
	w.refused(w.Launch(t.Context(), By(office, ""), "thi-dau", LaunchOptions{}), "NotFound")
	w.refused(w.Launch(t.Context(), By(auth.Actor{Name: "x", Role: auth.Office, Unit: "TK"}, ""), name, LaunchOptions{}), "Forbidden")
	w.refused(w.Launch(t.Context(), By(leader("A1"), ""), name, LaunchOptions{}), "Forbidden")
	stale := By(office, "")
	stale.Generation = 7
	w.refused(w.Launch(t.Context(), stale, name, LaunchOptions{}), "Conflict")
	w.check("a refused act writes nothing", w.rows(`SELECT verb FROM audit WHERE verb <> 'apply'`))

	act := By(office, "theo kế hoạch")
	act.Generation = 1
	w.ok(w.Launch(t.Context(), act, name, LaunchOptions{}))
	before := w.facts()
	w.ok(w.Launch(t.Context(), act, name, LaunchOptions{}))
	if w.facts() != before {
		t.Error("the request repeated changes something")
	}
	w.refused(w.Launch(t.Context(), By(office, ""), name, LaunchOptions{}), "AlreadyLaunched")
	w.refused(w.Pause(t.Context(), act, name), "RequestIDReused")
	w.check("one act, one record", w.rows(`SELECT verb, actor, reason FROM audit WHERE verb <> 'apply'`),
		"launch Office an of VP theo kế hoạch")
	w.check("one procedure, one wake-up", w.rows(`SELECT p.id, p.next_at, w.seq FROM procedure p JOIN wake w USING (id)`),
		"campaign/thi-dua 09-07 14:00 1")
}

// Whoever the plan counts takes part, and nobody else.
func TestLaunchEnrollsWhomThePlanCounts(t *testing.T) {
	w := newWorld(t)
	set := fixture(t)
	for i := range set.Rosters[0].Spec.Units {
		switch u := &set.Rosters[0].Spec.Units[i]; u.Code {
		case "A3":
			u.ValidTo = "2021-08-31" // merged before the launch
		case "B1":
			u.ValidTo = "2021-12-31"
		}
	}
	w.apply(set)
	w.ok(w.Launch(t.Context(), By(office, ""), name, LaunchOptions{}))
	w.check("participants", w.rows(`SELECT unit, calendar FROM participant ORDER BY unit`),
		"A1 state", "A2 state", "B1 six", "B2 six", "C1 state", "C2 state")
}

// A campaign that lies wholly in the past, launched at real time: nobody hears of
// it, every step is on record as skipped, and it waits for people to decide.
func TestBackdatedWhollyPast(t *testing.T) {
	w := onPool(t, newWorld(t).Pool())
	_, err := w.Pool().Exec(t.Context(), `UPDATE clock SET mode = 'real', now = NULL`)
	w.ok(err)
	w.ok(w.Launch(t.Context(), By(office, "ghi nhận lại"), name, LaunchOptions{Backdate: true}))
	for range 12 { // each look may open the next
		due, err := w.DueProcedures(t.Context())
		w.ok(err)
		for _, p := range due {
			w.run(p)
		}
	}
	if n := w.dispatch(); n != 0 {
		t.Errorf("%d messages were sent", n)
	}
	w.check("no message", w.rows(`SELECT count(*) FROM message`), "0")
	// Two invitations, and in each of three rounds five steps to seven recipients.
	w.check("all steps skipped", w.rows(`SELECT state, reason, count(*) FROM notice GROUP BY 1, 2`), "Skipped BeforeAct 161")
	w.check("no letter", w.rows(`SELECT count(*) FROM letter`), "0")
	w.check("rounds are closed", w.rows(`SELECT name, state, expected, missing FROM round ORDER BY opens_at`),
		"registration Closed 7 7", "monthly/2021-10 Closed 7 7", "monthly/2021-11 Closed 7 7")
	w.check("nobody nominated: nothing to decide, and it closes", w.rows(`SELECT state FROM campaign`), "Closed")
}

func TestApplySeedAtRealTime(t *testing.T) {
	set, err := manifest.Load([]string{"../../examples/seed-2021"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	w := onPool(t, newWorld(t).Pool())
	_, err = w.Pool().Exec(t.Context(), `UPDATE clock SET mode = 'real', now = NULL`)
	w.ok(err)
	_, err = w.Apply(t.Context(), By(auth.Actor{Name: "x", Role: auth.Operator}, ""), set, false)
	w.ok(err)
	w.Sweep(t.Context(), time.Minute)
	w.check("declaring a campaign of the past sends nothing",
		w.rows(`SELECT (SELECT count(*) FROM procedure), (SELECT count(*) FROM wake), (SELECT count(*) FROM obligation), (SELECT count(*) FROM message)`),
		"0 0 0 0")
	if n := w.dispatch(); n != 0 {
		t.Errorf("%d messages were sent", n)
	}
}
