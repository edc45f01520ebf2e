package engine

import (
	"testing"

	v1 "thidua.dev/thidua/api/v1"
)

const drafts = `SELECT o.owner, d.content->'sections'->>'ketQua', d.saved_at FROM draft d JOIN obligation o ON o.id = d.obligation_id ORDER BY 1`

func text(s string) Report {
	return Report{Sections: map[v1.SectionName]string{"ketQua": s}}
}

// Draft, waiting for the leader, handed back, sent again, received: the whole way of a
// report, and what reminds on it.
func TestDraftToReceipt(t *testing.T) {
	w := running(t)
	w.to("2021-10-13 10:00")
	for _, s := range []string{"mới viết", "viết thêm"} { // incomplete: the figure is missing
		_, err := w.SaveDraft(t.Context(), By(focal("A1"), ""), name, oct, "A1", text(s))
		w.ok(err)
	}
	w.check("the last one is kept", w.rows(drafts), "A1 viết thêm 10-13 10:00")
	w.check("nobody is judged by it", w.rows(owed, oct, "A1"), "A1 Owing FocalPoint - 1")
	w.check("it is no act", w.rows(`SELECT count(*) FROM audit WHERE verb = 'submit' AND object LIKE 'Obligation/%' AND at > '2021-10-01'`), "0")

	w.submit("A1", oct)
	w.check("handed up, and no draft any more", append(w.rows(drafts), w.rows(owed, oct, "A1")...), "A1 Owing Leader - 1")
	_, err := w.SaveDraft(t.Context(), By(focal("A1"), ""), name, oct, "A1", text("x"))
	w.refused(err, "WithLeader")
	w.ok(w.HandBack(t.Context(), By(leader("A1"), "thiếu số liệu"), name, oct, "A1"))
	_, err = w.SaveDraft(t.Context(), By(focal("A1"), ""), name, oct, "A1", text("bổ sung"))
	w.ok(err)
	w.submit("A1", oct)
	w.approve("A1", oct)
	w.check("received when the leader had approved", append(w.rows(drafts), w.rows(owed, oct, "A1")...), "A1 Settled Leader 10-13 10:00 1")
	_, err = w.SaveDraft(t.Context(), By(focal("A1"), ""), name, oct, "A1", text("x"))
	w.refused(err, "AlreadyReceived")
}

func TestDraftRefused(t *testing.T) {
	w := running(t)
	w.to("2021-10-13 10:00")
	for _, c := range []struct {
		reason string
		act    Act
		report Report
		code   string
	}{
		{"another unit's", By(focal("A2"), ""), text("x"), "Forbidden"},
		{"a misspelt section would be lost", By(focal("A1"), ""), Report{Sections: map[v1.SectionName]string{"ketqua": "x"}}, "InvalidReport"},
		{"a figure that nobody asks for", By(focal("A1"), ""), Report{Figures: map[v1.Name]string{"other": "1"}}, "InvalidReport"},
	} {
		_, err := w.SaveDraft(t.Context(), c.act, name, oct, "A1", c.report)
		w.refused(err, c.code)
	}
	// A paper settles it: what was being written is of no use any more.
	_, err := w.SaveDraft(t.Context(), By(focal("A1"), ""), name, oct, "A1", text("x"))
	w.ok(err)
	_, err = w.Record(t.Context(), By(office, ""), name, oct, "A1", figures, paper("2021-10-13 09:00"))
	w.ok(err)
	w.check("nothing is left of the draft", w.rows(drafts))
}

// The request id of a report that was sent is no way to keep a draft behind it: of what
// is received already, of what waits for the leader, of what came back.
func TestDraftUnderTheReportsRequestID(t *testing.T) {
	t.Run("nobody approves", func(t *testing.T) {
		w := running(t, "due: {day: 15}\n", "due: {day: 15}\n      approval: None\n")
		w.to("2021-10-13 10:00")
		act := By(focal("A1"), "")
		_, err := w.Submit(t.Context(), act, name, oct, "A1", goodReport)
		w.ok(err)
		_, err = w.SaveDraft(t.Context(), act, name, oct, "A1", text("x"))
		w.refused(err, "AlreadyReceived")
		w.check("nothing is drafted for what was received", append(w.rows(drafts), w.rows(owed, oct, "A1")...), "A1 Settled FocalPoint 10-13 10:00 1")
	})
	t.Run("the leader approves", func(t *testing.T) {
		w := running(t)
		w.to("2021-10-13 10:00")
		act := By(focal("A1"), "")
		_, err := w.Submit(t.Context(), act, name, oct, "A1", goodReport)
		w.ok(err)
		_, err = w.SaveDraft(t.Context(), act, name, oct, "A1", text("x"))
		w.refused(err, "WithLeader")
		w.ok(w.HandBack(t.Context(), By(leader("A1"), "thiếu số liệu"), name, oct, "A1"))
		_, err = w.SaveDraft(t.Context(), act, name, oct, "A1", text("x"))
		w.refused(err, "RequestIDReused")
		w.check("no draft", w.rows(drafts))
	})
}
