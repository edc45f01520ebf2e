package engine

import (
	"testing"

	v1 "thidua.dev/thidua/api/v1"
)

// The office puts the monthly reports together by the second working day after they
// are due: October's are due on Friday the 15th, Monday the 18th is off, so that is
// Wednesday the 20th; its ladder's -5 is Tuesday the 12th and -1 Tuesday the 19th,
// +1 Thursday the 21st.
var consolidated = []string{"      due: {day: 15}\n", "      due: {day: 15}\n      consolidated: {workingDaysAfterDue: 2}\n"}

var summary = Report{Sections: map[v1.SectionName]string{SectionConsolidation: "5/7 đơn vị đã báo cáo"}}

func (w *world) ofOffice() []string {
	w.t.Helper()
	return w.notices(oct, "n.unit = 'VP'")
}

func TestConsolidationHasItsOwnDeadline(t *testing.T) {
	w := running(t, consolidated...)
	w.to("2021-10-20 10:00")
	w.check("the office is reminded of it", w.ofOffice(),
		"10-12 08:30 VP consolidation/prepare FocalPoint:VP Sent", "10-19 08:30 VP consolidation/tomorrow FocalPoint:VP Sent")
	w.submit("A1", oct)
	w.approve("A1", oct)
	out, err := w.Consolidate(t.Context(), By(office, ""), name, oct, "VP", summary)
	w.ok(err)
	if !out.Settled || !out.OnTime || out.Expected != 7 || out.Reports != 1 {
		t.Errorf("consolidated: %+v", out)
	}
	w.to("2021-10-29 17:02")
	w.check("nothing more is said about it", w.rows(`SELECT count(*) FROM notice WHERE unit = 'VP'`), "2")
	w.check("the round counts units alone", w.rows(counts, oct), "Closed 7 0 1 6")
	_, err = w.Consolidate(t.Context(), By(office, ""), name, oct, "VP", summary)
	w.refused(err, "AlreadyReceived")
}

// Who forgets it is chased as a unit is, but no letter and no list is written about it.
func TestConsolidationForgotten(t *testing.T) {
	w := running(t, consolidated...)
	w.to("2021-10-29 17:02")
	w.check("reminded, chased, and no more", w.ofOffice(),
		"10-12 08:30 VP consolidation/prepare FocalPoint:VP Sent", "10-19 08:30 VP consolidation/tomorrow FocalPoint:VP Sent",
		"10-21 08:30 VP consolidation/overdue Leader:VP NoRecipient NoContact", "10-21 08:30 VP consolidation/overdue FocalPoint:VP Sent")
	w.check("it lapses with the round", w.rows(`SELECT state FROM obligation WHERE kind = 'Consolidation' AND subject = $1`, oct), "Lapsed")
	out, err := w.Consolidate(t.Context(), By(office, ""), name, oct, "VP", summary)
	w.ok(err)
	if !out.Settled || out.OnTime {
		t.Errorf("late, and it counts as that: %+v", out)
	}
	w.to("2022-02-01 00:00")
	w.check("the campaign closes", w.rows(`SELECT state FROM campaign`), "Closed")
}

func TestConsolidateRefused(t *testing.T) {
	w := running(t, consolidated...)
	for _, c := range []struct {
		reason, round, body string
		act                 Act
		report              Report
		code                string
	}{
		{"the round is not open", nov, "VP", By(office, ""), summary, "NotOpen"},
		{"registrations are not put together", "registration", "VP", By(office, ""), summary, "NotConsolidated"},
	} {
		_, err := w.Consolidate(t.Context(), c.act, name, c.round, c.body, c.report)
		w.refused(err, c.code)
	}
	w.to("2021-10-14 10:00")
	for _, c := range []struct {
		reason, body string
		act          Act
		report       Report
		code         string
	}{
		{"a unit that nobody reports to", "A1", By(office, ""), summary, "NotFound"},
		{"a unit for the office", "VP", By(focal("A1"), ""), summary, "Forbidden"},
		{"nothing in it", "VP", By(office, ""), Report{}, "InvalidReport"},
		{"figures of its own", "VP", By(office, ""), figures, "InvalidReport"},
		{"another section", "VP", By(office, ""), Report{Sections: map[v1.SectionName]string{"khac": "x"}}, "InvalidReport"},
		{"a file whose bytes nobody has", "VP", By(office, ""), Report{Files: []File{{Name: "th.pdf", SHA256: "x", Size: 1}}}, "InvalidFile"},
	} {
		t.Run(c.reason, func(*testing.T) {
			_, err := w.Consolidate(t.Context(), c.act, name, oct, c.body, c.report)
			w.refused(err, c.code)
		})
	}
}
