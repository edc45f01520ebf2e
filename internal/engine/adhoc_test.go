package engine

import (
	"strings"
	"testing"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
)

const flood = "request/bao-lu"

func (w *world) request(units ...string) Requested {
	w.t.Helper()
	r, err := w.Request(w.t.Context(), By(office, "Công điện 05/CĐ-BTTTT"), name, AdHoc{
		Name: "bao-lu", Title: "báo cáo thiệt hại do bão lũ", Due: at("2021-10-26 17:00"), Units: units,
	})
	w.ok(err)
	return r
}

// A report outside the plan is owed by those that it names, on the campaign's own
// ladder, from the act on.
func TestRequestRunsLikeAnyRound(t *testing.T) {
	w := running(t)
	w.to("2021-10-22 09:00")
	// Calendar state works on Saturday the 23rd: the 26th less one is the 25th, and
	// less five the 20th, older than the act.
	r := w.request("B1", "A1", "A1", "C1")
	if r.Round != flood || r.Units != 3 || r.Told != 2 {
		t.Errorf("requested: %+v", r)
	}
	w.dispatch()
	w.to("2021-10-25 10:00")
	w.check("those asked are told, then reminded; C1 has no address", w.notices(flood),
		"10-20 08:30 A1 prepare FocalPoint:A1 Skipped BeforeAct",
		"10-20 08:30 B1 prepare FocalPoint:B1 Skipped BeforeAct",
		"10-20 08:30 C1 prepare FocalPoint:C1 Skipped BeforeAct",
		"10-22 09:00 A1 request FocalPoint:A1 Sent",
		"10-22 09:00 B1 request FocalPoint:B1 Sent",
		"10-22 09:00 C1 request FocalPoint:C1 NoRecipient NoContact",
		"10-25 08:30 A1 tomorrow FocalPoint:A1 Sent",
		"10-25 08:30 B1 tomorrow FocalPoint:B1 Sent",
		"10-25 08:30 C1 tomorrow FocalPoint:C1 NoRecipient NoContact")
	sent := w.inbox.mails[len(w.inbox.mails)-2:]
	for _, m := range sent {
		if !strings.Contains(m.Subject, "báo cáo thiệt hại do bão lũ") || !strings.Contains(m.Text, "báo cáo thiệt hại do bão lũ") {
			t.Errorf("the mail does not say what is asked for: %s", m.Subject)
		}
	}
	_, err := w.Submit(t.Context(), By(focal("A1"), ""), name, flood, "A1", Report{Sections: map[v1.SectionName]string{"ketQua": "12 trạm"}, Figures: map[v1.Name]string{"done": "1"}})
	w.refused(err, "InvalidReport") // it asks for no figures
	_, err = w.Submit(t.Context(), By(focal("A1"), ""), name, flood, "A1", Report{Sections: map[v1.SectionName]string{"ketQua": "12 trạm"}})
	w.ok(err)
	w.approve("A1", flood)
	_, err = w.Submit(t.Context(), By(focal("A2"), ""), name, flood, "A2", Report{Sections: map[v1.SectionName]string{"ketQua": "x"}})
	w.refused(err, "NotOpen") // A2 was not asked

	// Ten working days of calendar state after the 26th: the 9th of November.
	w.to("2021-11-09 17:02")
	w.check("it closes like any round", w.rows(counts, flood), "Closed 3 1 0 2")
	w.to("2022-02-01 00:00")
	w.check("the campaign goes on and closes", w.rows(`SELECT state FROM campaign`), "Closed")
}

// The first mail quotes the office's reason.
func TestRequestSaysWhy(t *testing.T) {
	w := running(t)
	w.to("2021-10-22 09:00")
	before := w.inbox.count()
	w.request("A1")
	w.dispatch()
	m := w.inbox.mails[before]
	for _, want := range []string{"Đề nghị báo cáo đột xuất: báo cáo thiệt hại do bão lũ – hạn 17 giờ 00, thứ Ba, 26/10/2021"} {
		if m.Subject != want {
			t.Errorf("subject %q, want %q", m.Subject, want)
		}
	}
	for _, want := range []string{"Lý do, căn cứ: Công điện 05/CĐ-BTTTT", "trước 17 giờ 00, thứ Ba, ngày 26/10/2021"} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("the text lacks %q:\n%s", want, m.Text)
		}
	}
}

// Who gets more days before the first mail has left still hears what is asked, with the
// new date.
func TestRequestExtendedAtOnce(t *testing.T) {
	w := running(t)
	w.to("2021-10-22 09:00")
	before := w.inbox.count()
	w.request("A1")
	_, err := w.Extend(t.Context(), By(office, "sửa trụ sở"), name, flood, "A1", at("2021-10-29 17:00"))
	w.ok(err)
	w.dispatch()
	if w.inbox.count() != before+1 || !strings.Contains(w.inbox.mails[before].Subject, "hạn 17 giờ 00, thứ Sáu, 29/10/2021") {
		t.Errorf("%d mails, %v", w.inbox.count()-before, w.inbox.mails[before:])
	}
}

// Without names everybody is asked, and an amendment of the plan leaves it alone.
func TestRequestToAllOutlivesAmendments(t *testing.T) {
	w := running(t)
	w.to("2021-10-22 09:00")
	if r := w.request(); r.Units != len(units) {
		t.Errorf("requested: %+v", r)
	}
	w.apply(fixture(t, "to: 2021-11", "to: 2021-12", "final, at: 2021-12-10", "final, at: 2022-01-10",
		"at: 2021-12-17", "at: 2022-01-14", "2021-12-24T", "2022-01-21T"))
	w.work()
	w.check("it is still owed", w.rows(`SELECT state, count(*) FROM obligation WHERE subject = $1 GROUP BY 1`, flood), "Owing 7")
	w.refusedTwice(t)
}

func (w *world) refusedTwice(t *testing.T) {
	t.Helper()
	_, err := w.Request(t.Context(), By(office, "x"), name, AdHoc{Name: "bao-lu", Title: "x", Due: at("2021-11-26 17:00")})
	w.refused(err, "NameTaken")
}

func TestRequestTwiceIsOnce(t *testing.T) {
	w := running(t)
	w.to("2021-10-22 09:00")
	act := By(office, "Công điện 05/CĐ-BTTTT")
	q := AdHoc{Name: "bao-lu", Title: "báo cáo thiệt hại", Due: at("2021-10-26 17:00")}
	first, err := w.Request(t.Context(), act, name, q)
	w.ok(err)
	facts := w.facts()
	again, err := w.Request(t.Context(), act, name, q)
	w.ok(err)
	if first.Round != again.Round || first.Units != again.Units || !first.DueAt.Equal(again.DueAt) || facts != w.facts() {
		t.Errorf("first %+v, again %+v", first, again)
	}
}

func TestRequestRefused(t *testing.T) {
	w := running(t)
	w.to("2021-10-22 09:00")
	facts := w.facts()
	for _, c := range []struct {
		reason string
		change func(act *Act, q *AdHoc)
		code   string
	}{
		{"the deadline is past", func(_ *Act, q *AdHoc) { q.Due = at("2021-10-22 08:59") }, "PastDeadline"},
		{"the year is wrong", func(_ *Act, q *AdHoc) { q.Due = at("2031-10-26 17:00") }, "BeyondCalendar"},
		{"after the campaign's end", func(_ *Act, q *AdHoc) { q.Due = at("2022-01-28 17:00") }, "BeyondCampaign"},
		{"a stranger is asked", func(_ *Act, q *AdHoc) { q.Units = []string{"A1", "Z9"} }, "NotParticipant"},
		{"no name", func(_ *Act, q *AdHoc) { q.Name = "Bão lũ" }, "InvalidName"},
		{"nobody would know what is meant", func(_ *Act, q *AdHoc) { q.Title = " " }, "TitleMissing"},
		{"a section that no report could name", func(_ *Act, q *AdHoc) { q.Sections = []v1.Section{{Name: "thiệt hại"}} }, "InvalidSection"},
		{"a section twice", func(_ *Act, q *AdHoc) { q.Sections = []v1.Section{{Name: "ketQua"}, {Name: "ketQua"}} }, "InvalidSection"},
		{"nobody's word", func(_ *Act, q *AdHoc) { q.Approval = "Office" }, "InvalidApproval"},
		{"no reason", func(a *Act, _ *AdHoc) { a.Reason = "" }, "ReasonMissing"},
		{"a unit asks", func(a *Act, _ *AdHoc) { a.Actor = focal("A1") }, "Forbidden"},
		{"another office asks", func(a *Act, _ *AdHoc) { a.Actor = auth.Actor{Name: "b", Role: auth.Office, Unit: "A1"} }, "Forbidden"},
	} {
		t.Run(c.reason, func(*testing.T) {
			act, q := By(office, "vì bão"), AdHoc{Name: "bao-lu", Title: "báo cáo", Due: at("2021-10-26 17:00")}
			c.change(&act, &q)
			_, err := w.Request(t.Context(), act, name, q)
			w.refused(err, c.code)
		})
	}
	if facts != w.facts() {
		t.Error("something is kept of what was refused")
	}
	w.ok(w.Pause(t.Context(), By(office, ""), name))
	_, err := w.Request(t.Context(), By(office, "vì bão"), name, AdHoc{Name: "bao-lu", Title: "báo cáo", Due: at("2021-10-26 17:00")})
	w.refused(err, "NotRunning")
}
