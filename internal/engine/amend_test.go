package engine

import (
	"context"
	"errors"
	"strings"
	"testing"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/manifest"
)

func TestAmendRunning(t *testing.T) {
	w := running(t)
	w.to("2021-10-11 10:00")
	plan := `SELECT name, state, opens_at, closes_at FROM round WHERE kind = 'Report' ORDER BY opens_at`
	w.check("before", w.rows(plan), oct+" Open 10-08 08:30 10-29 17:00", nov+" Planned 11-08 08:30 11-29 17:00")
	w.apply(load(t, edited(t, "to: 2021-11", "to: 2021-12", "due: {day: 15}", "due: {day: 17}", "at: 2021-12-10", "at: 2022-01-10",
		"at: 2021-12-17", "at: 2022-01-14", "at: 2021-12-24T", "at: 2022-01-24T")))
	w.check("planned rounds follow, the open one stays", w.rows(plan),
		oct+" Open 10-08 08:30 10-29 17:00", nov+" Planned 11-10 08:30 12-01 17:00", "monthly/2021-12 Planned 12-10 08:30 12-31 17:00")
	w.check("what is owed stands", w.rows(`SELECT DISTINCT due_at, deadline_no FROM obligation WHERE subject = $1`, oct), "10-15 17:00 1")
	w.check("the review moves", w.rows(`SELECT at FROM review`), "01-10 08:30")
	w.to("2021-11-11 00:00")
	w.check("the planned one opens by the new plan", w.rows(`SELECT opened_at FROM round WHERE name = $1`, nov), "11-10 08:30")

	w.apply(load(t, edited(t, "at: 2021-12-10", "at: 2022-01-10", "at: 2021-12-17", "at: 2022-01-14", "at: 2021-12-24T", "at: 2022-01-24T")))
	w.check("a planned round that the plan drops is gone, an open one is not", w.rows(`SELECT name FROM round WHERE kind = 'Report' ORDER BY 1`), oct, nov)
	w.to("2022-02-01 00:00")
	w.check("the campaign closes", w.rows(`SELECT state FROM campaign`), "Closed")
	_, err := w.Apply(t.Context(), By(office, ""), load(t, edited(t, "{vi: Phong trào thử nghiệm}", "{vi: Tên khác}")), false)
	w.refused(err, "Ended")
}

func TestAmendReviews(t *testing.T) {
	w := running(t, "reviews: [", "reviews: [{name: midterm, at: 2021-11-05}, ")
	w.to("2021-10-11 10:00")
	w.apply(load(t, edited(t)))
	w.check("a review that the plan drops is not held", w.rows(`SELECT name, final FROM review`), "final true")
	w.apply(load(t, edited(t, "reviews: [{name: final, at: 2021-12-10}]", "reviews: [{name: last, at: 2021-12-13}]")))
	w.check("and another is", w.rows(`SELECT name, final FROM review`), "last true")
}

func TestAmendRefused(t *testing.T) {
	w := running(t)
	w.to("2021-10-11 10:00")
	before := w.facts()
	for _, c := range []struct{ reason, old, new string }{
		{"launch", "at: 2021-09-07T14", "at: 2021-09-06T14"},
		{"participants", "kinds: [unit]", "kinds: [unit, department]"},
		{"office", "office: VP", "office: SO"},
		{"calendar", "calendar: state", "calendar: six"},
		{"registration", "until: 2021-09-30", "until: 2021-10-30"},
		{"no registration", "  registration: {until: 2021-09-30, hardTasks: {max: 2}}\n", ""},
		{"rule pack", "rulePack: VN-2003", "rulePack: VN-2004"},
		{"a step's day, which running ladders would not follow", "offset: -5", "offset: -6"},
		{"another step", "  reviews:", "    - {step: again, offset: 7, to: [Holder]}\n  reviews:"},
	} {
		t.Run(c.reason, func(t *testing.T) {
			text := edited(t, c.old, c.new)
			if c.reason == "rule pack" {
				text += "---\napiVersion: thidua.dev/v1\nkind: RulePack\nmetadata: {name: vn-2004}\nspec:\n  inForce: {from: 2017-10-01}\n  forms: [{name: giay_khen, title: {vi: Giấy khen}}]\n"
			}
			_, err := w.Apply(t.Context(), By(office, ""), load(t, text), false)
			(&world{t: t}).refused(err, "Launched")
		})
	}
	if after := w.facts(); after != before {
		t.Errorf("a refused amendment writes nothing:\n%s\n%s", before, after)
	}
	_, err := w.Apply(t.Context(), By(auth.Actor{Role: auth.Leader, Unit: "A1"}, ""), fixture(t), false)
	w.refused(err, "Forbidden")
}

func TestChangedCalendarReplans(t *testing.T) {
	w := running(t)
	w.to("2021-10-11 10:00")
	dues := `SELECT r.name, d.calendar, d.due_at FROM round r JOIN round_due d ON d.round_id = r.id WHERE r.kind = 'Report' ORDER BY 1, 2`
	w.apply(load(t, edited(t, "- {date: 2021-10-18, name: nghỉ bù}",
		"- {date: 2021-10-14, name: bão}\n    - {date: 2021-10-15, name: bão}\n    - {date: 2021-10-18, name: nghỉ bù}\n    - {date: 2021-11-15, name: bão}")))
	w.check("deadlines to come move in that calendar, planned and open", w.rows(dues),
		oct+" six 10-15 17:00", oct+" state 10-19 17:00", nov+" six 11-15 17:00", nov+" state 11-16 17:00")
	w.to("2021-10-14 09:00")
	w.check("a ladder that has begun begins anew; what is older than the notice is not said again", w.notices(oct, "n.unit = 'A3'"),
		"10-07 08:30 A3 prepare FocalPoint:A3 Skipped BeforeAct", // 13, 12, 11, 8, 7
		"10-08 08:30 A3 prepare FocalPoint:A3 Sent",
		"10-13 08:30 A3 tomorrow FocalPoint:A3 Sent")
	w.to("2021-11-15 09:00")
	w.check("the next one follows the new calendar", w.notices(nov, "n.unit IN ('A3', 'B2')"),
		"11-08 08:30 A3 prepare FocalPoint:A3 Sent", "11-09 08:30 B2 prepare FocalPoint:B2 Sent",
		"11-12 08:30 A3 tomorrow FocalPoint:A3 Sent", "11-13 08:30 B2 tomorrow FocalPoint:B2 Sent")
}

// Units whose calendar nobody follows any more in the roster still owe what they
// were enrolled for.
func TestChangedRosterLeavesNobodyOut(t *testing.T) {
	w := running(t)
	w.to("2021-10-11 10:00")
	set := fixture(t, "to: 2021-11", "to: 2021-12", "at: 2021-12-10", "at: 2022-01-10", "at: 2021-12-17", "at: 2022-01-14", "at: 2021-12-24T", "at: 2022-01-24T")
	for i := range set.Rosters[0].Spec.Units {
		set.Rosters[0].Spec.Units[i].Calendar = ""
	}
	w.apply(set)
	w.to("2021-12-14 10:00")
	w.check("all seven owe", w.rows(`SELECT count(*) FROM obligation WHERE subject = 'monthly/2021-12' AND due_at = $1`, at("2021-12-15 17:00")), "7")
}

func TestApplyRepeated(t *testing.T) {
	w := newWorld(t)
	first, second := By(office, "một"), By(office, "hai")
	a, err := w.Apply(t.Context(), first, load(t, edited(t, "{vi: Phong trào thử nghiệm}", "{vi: Tên một}")), false)
	w.ok(err)
	_, err = w.Apply(t.Context(), second, load(t, edited(t, "{vi: Phong trào thử nghiệm}", "{vi: Tên hai}")), false)
	w.ok(err)
	before := w.facts()
	again, err := w.Apply(t.Context(), first, load(t, edited(t, "{vi: Phong trào thử nghiệm}", "{vi: Tên một}")), false)
	w.ok(err)
	if w.facts() != before {
		t.Error("the request repeated undoes the one after it")
	}
	for i := range a {
		if a[i].Kind != again[i].Kind || a[i].Name != again[i].Name || a[i].Result != again[i].Result || a[i].Generation != again[i].Generation {
			t.Errorf("got %+v, want %+v as the first time", again[i], a[i])
		}
	}
	w.check("the title", w.rows(`SELECT title FROM campaign`), "Tên hai")
	if _, err := w.Apply(t.Context(), By(office, ""), load(t, edited(t, "{vi: Phong trào thử nghiệm}", "{vi: Tên ba}")), true); err != nil {
		t.Fatal(err)
	}
	w.check("a dry run changes nothing", w.rows(`SELECT title FROM campaign`), "Tên hai")
}

// What is wrong with amending the registration is said as it is; what went wrong in
// asking is no refusal, and is tried again.
func TestAmendRegistration(t *testing.T) {
	const none = "  registration: {until: 2021-09-30, hardTasks: {max: 2}}\n"
	amend := func(w *world, edits ...string) error {
		_, err := w.Apply(t.Context(), By(office, ""), load(t, edited(t, edits...)), false)
		return err
	}
	says := func(err error, text string) {
		t.Helper()
		if err == nil || Code(err) != "Launched" || !strings.Contains(err.Error(), text) {
			t.Errorf("%v, want a refusal that says %q", err, text)
		}
	}
	w := running(t)
	says(amend(w, "until: 2021-09-30", "until: 2021-10-30"), "registration is open: move its deadline by extending it")
	w.to("2021-10-20 10:00")
	says(amend(w, "until: 2021-09-30", "until: 2021-10-30"), "was closed on 14/10/2021 17:00")

	err := w.in(t.Context(), func(x *tx) error {
		c, err := x.CampaignByName(t.Context(), name)
		w.ok(err)
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		return x.amendable(gone, c, Applied{Changes: []manifest.Change{{Field: "spec.registration.until", Old: "2021-09-30", New: "2021-10-30"}}})
	})
	if !errors.Is(err, context.Canceled) || Code(err) != "Internal" {
		t.Errorf("%v (%s), want what the database said", err, Code(err))
	}

	without := newWorld(t, none, "")
	without.ok(without.Launch(t.Context(), By(office, ""), name, LaunchOptions{}))
	says(amend(without), "was launched without a registration")
}
