package engine

import (
	"testing"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/calendar"
)

// figures are all that is typed in of a paper: the document carries the outline.
var figures = Report{Figures: map[v1.Name]string{"done": "80"}}

func paper(receivedAt string) Arrival {
	return Arrival{Source: Paper, DocumentNumber: "88/BC-A3", DocumentDate: calendar.Date{Year: 2021, Month: 10, Day: 15}, ReceivedAt: at(receivedAt)}
}

const (
	owed   = `SELECT owner, state, holder, received_at, deadline_no FROM obligation WHERE subject = $1 AND owner = $2`
	counts = `SELECT state, expected, on_time, late, missing FROM round WHERE name = $1`
)

// A paper that came in time and is recorded later, while the round is open: in
// time, and what was about to be said about it is not said.
func TestPaperWhileTheRoundIsOpen(t *testing.T) {
	w := running(t)
	w.to("2021-10-18 10:00")
	w.leap("2021-10-19 08:30") // overdue has reached A3; its mails wait
	r, err := w.Record(t.Context(), By(office, "văn thư chuyển"), name, oct, "A3", figures, paper("2021-10-15 16:50"))
	w.ok(err)
	if !r.Settled || !r.OnTime || r.Version != 1 {
		t.Errorf("receipt: %+v", r)
	}
	w.check("received when it came", w.rows(owed, oct, "A3"), "A3 Settled FocalPoint 10-15 16:50 1")
	w.check("the document is found again", w.rows(`SELECT p.state, p.source, p.document_number, p.document_date, p.received_at, p.recorded_at
		FROM report p JOIN obligation o ON o.id = p.obligation_id WHERE o.owner = 'A3' AND o.subject = $1`, oct),
		"Received Paper 88/BC-A3 10-15 07:00 10-15 16:50 10-19 08:30")
	w.to("2021-10-29 17:02")
	w.check("nothing more was said about it", w.notices(oct, "n.unit = 'A3'", "n.instant >= '2021-10-19'"),
		"10-19 08:30 A3 overdue Leader:A3 Superseded Settled", "10-19 08:30 A3 overdue FocalPoint:A3 Superseded Settled")
	w.check("one of seven was in time", w.rows(counts, oct), "Closed 7 1 0 6")
}

// What came before the close and is recorded after it is reopened and settled at
// once, and the round's counts follow.
func TestPaperRecordedAfterTheClose(t *testing.T) {
	w := running(t)
	w.to("2021-11-02 09:00")
	w.check("all missing", w.rows(counts, oct), "Closed 7 0 0 7")
	for _, c := range []struct {
		reason, unit, receivedAt, owed, counts string
	}{
		{"before the deadline", "A1", "2021-10-15 17:00", "A1 Settled FocalPoint 10-15 17:00 2", "Closed 7 1 0 6"},
		{"after it", "A2", "2021-10-15 17:01", "A2 Settled FocalPoint 10-15 17:01 2", "Closed 7 1 1 5"},
		{"in the last minute before the close", "A3", "2021-10-29 17:00", "A3 Settled FocalPoint 10-29 17:00 2", "Closed 7 1 2 4"},
	} {
		_, err := w.Record(t.Context(), By(office, ""), name, oct, c.unit, figures, paper(c.receivedAt))
		w.ok(err)
		w.check(c.reason, w.rows(owed, oct, c.unit), c.owed)
		w.check(c.reason+": the counts", w.rows(counts, oct), c.counts)
	}
	_, err := w.Record(t.Context(), By(office, ""), name, oct, "B1", figures, paper("2021-10-29 17:01"))
	w.refused(err, "RoundClosed")
}

func TestRecordRefused(t *testing.T) {
	w := running(t)
	w.to("2021-10-14 10:00")
	for _, c := range []struct {
		reason string
		change func(a *Arrival, r *Report)
		code   string
	}{
		{"not yet come", func(a *Arrival, _ *Report) { a.ReceivedAt = at("2021-10-14 10:01") }, "FutureArrival"},
		{"before the round opened", func(a *Arrival, _ *Report) { a.ReceivedAt = at("2021-10-01 10:00") }, "BeforeOpening"},
		{"a paper that nobody finds again", func(a *Arrival, _ *Report) { a.DocumentNumber = " " }, "NumberMissing"},
		{"by pigeon", func(a *Arrival, _ *Report) { a.Source = "Pigeon" }, "SourceUnknown"},
		{"without a figure", func(_ *Arrival, r *Report) { r.Figures = nil }, "InvalidReport"},
		{"out of range", func(_ *Arrival, r *Report) { r.Figures = map[v1.Name]string{"done": "101"} }, "InvalidReport"},
		{"a section that nobody asked for", func(_ *Arrival, r *Report) { r.Sections = map[v1.SectionName]string{"khac": "x"} }, "InvalidReport"},
	} {
		t.Run(c.reason, func(*testing.T) {
			a, r := paper("2021-10-13 10:00"), figures
			c.change(&a, &r)
			_, err := w.Record(t.Context(), By(office, ""), name, oct, "A1", r, a)
			w.refused(err, c.code)
		})
	}
	_, err := w.Record(t.Context(), By(focal("A1"), ""), name, oct, "A1", figures, paper("2021-10-13 10:00"))
	w.refused(err, "Forbidden")
	w.submit("A2", oct)
	w.approve("A2", oct)
	_, err = w.Record(t.Context(), By(office, ""), name, oct, "A2", figures, paper("2021-10-13 10:00"))
	w.refused(err, "AlreadyReceived")
	w.check("nothing is kept of what was refused", w.rows(`SELECT count(*) FROM report p JOIN obligation o ON o.id = p.obligation_id WHERE o.subject = $1`, oct), "1")
}

func TestRecordTwiceIsOnce(t *testing.T) {
	w := running(t)
	w.to("2021-10-14 10:00")
	act := By(office, "")
	first, err := w.Record(t.Context(), act, name, oct, "A1", figures, paper("2021-10-13 10:00"))
	w.ok(err)
	again, err := w.Record(t.Context(), act, name, oct, "A1", figures, paper("2021-10-13 10:00"))
	w.ok(err)
	if !first.ReceivedAt.Equal(again.ReceivedAt) || first.Version != again.Version {
		t.Errorf("first %+v, again %+v", first, again)
	}
	w.check("one version", w.rows(`SELECT count(*) FROM report p JOIN obligation o ON o.id = p.obligation_id WHERE o.subject = $1`, oct), "1")
}
