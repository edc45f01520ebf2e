// Package seedtest holds what a run of the example of 2021 must have done,
// counted by hand: every run of it, rehearsed or real, is held to the same.
//
// In October's round STTTT-04 sends on the 19th, STTTT-12 on the 21st, DN-05
// never; everybody else, and in the other rounds everybody, on the due day at
// 10:00. DN-05 has no administering body.
package seedtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/mailbox"
	"thidua.dev/thidua/internal/manifest"
)

const (
	// Campaign of the example.
	Campaign = "covid-2021"
	// Participants of it: 20 agencies, 63 provincial departments, 6 enterprises.
	Participants = 89

	october = "monthly/2021-10"
	office  = "BTTTT-TDKT"
)

// dates at which a round's first two steps reach everybody who owes a report,
// the working days -5 and -1, in local time.
var rounds = map[string][2]string{
	"monthly/2021-10":  {"2021-10-08 08:30", "2021-10-14 08:30"},
	"monthly/2021-11":  {"2021-11-08 08:30", "2021-11-12 08:30"}, // Monday the 15th: the day before is Friday
	"monthly/2021-12":  {"2021-12-08 08:30", "2021-12-14 08:30"},
	"monthly/2022-01":  {"2022-01-10 08:30", "2022-01-14 08:30"}, // due on Monday the 17th
	"monthly/2022-02":  {"2022-02-08 08:30", "2022-02-14 08:30"},
	"final/2022-03-15": {"2022-03-08 08:30", "2022-03-14 08:30"},
}

// consolidations are owed by the ministry, to which all report: on the first working
// day after the monthly reports and the second after the final one. It makes them on
// time. Its own two reminders come on the working days -5 and -1 of that.
var consolidations = map[string][2]string{
	"monthly/2021-10":  {"2021-10-11 08:30", "2021-10-15 08:30"}, // due on Monday the 18th
	"monthly/2021-11":  {"2021-11-09 08:30", "2021-11-15 08:30"},
	"monthly/2021-12":  {"2021-12-09 08:30", "2021-12-15 08:30"},
	"monthly/2022-01":  {"2022-01-11 08:30", "2022-01-17 08:30"},
	"monthly/2022-02":  {"2022-02-09 08:30", "2022-02-15 08:30"},
	"final/2022-03-15": {"2022-03-10 08:30", "2022-03-16 08:30"},
}

// wantMails by round, step and date of the mails themselves.
func wantMails() map[string]int {
	want := map[string]int{
		"registration launch 2021-09-07 14:00":      Participants,
		" invitation 2022-04-07 08:30":              Participants, // five working days before the ceremony, 11 April off
		"monthly/2021-10 overdue 2021-10-18 08:30":  6,            // three units, focal point and leader each
		"monthly/2021-10 escalate 2021-10-22 08:30": 1,            // one list, to the office
	}
	for round, at := range rounds {
		want[round+" prepare "+at[0]] = Participants
		want[round+" tomorrow "+at[1]] = Participants
	}
	for round, at := range consolidations {
		want[round+" consolidation/prepare "+at[0]] = 1
		want[round+" consolidation/tomorrow "+at[1]] = 1
	}
	return want
}

// CheckMails holds the mails of a whole run, as they arrived, to the hand count.
func CheckMails(t testing.TB, set *manifest.Set, mails []mailbox.Message) {
	t.Helper()
	got, about := map[string]int{}, map[string]map[string]int{}
	for _, m := range mails {
		key := fmt.Sprintf("%s %s %s", m.Round, m.Step, m.Date.Format("2006-01-02 15:04"))
		got[key]++
		if about[key] == nil {
			about[key] = map[string]int{}
		}
		about[key][strings.Join(m.Units, ",")]++
		if _, offset := m.Date.Zone(); offset != 7*60*60 {
			t.Errorf("the mail %s has its Date in another zone: %s", m.MessageID, m.Date)
		}
	}
	if d := cmp.Diff(wantMails(), got); d != "" {
		t.Errorf("mails by round, step and date (-want +got):\n%s", d)
	}
	for key, units := range about {
		if got[key] == Participants && len(units) != Participants {
			t.Errorf("%s: %d mails are about %d units, want one each", key, got[key], len(units))
		}
	}
	for key, want := range map[string]map[string]int{
		october + " overdue 2021-10-18 08:30":  {"STTTT-04": 2, "STTTT-12": 2, "DN-05": 2},
		october + " escalate 2021-10-22 08:30": {"DN-05": 1},
	} {
		if d := cmp.Diff(want, about[key]); d != "" {
			t.Errorf("%s: units named (-want +got):\n%s", key, d)
		}
	}
	checkReaders(t, set, mails)
	checkTexts(t, mails)
}

// checkTexts holds each step to what its mails are to say: how the subject begins, and a
// date that the hand count gives.
func checkTexts(t testing.TB, mails []mailbox.Message) {
	t.Helper()
	for step, want := range map[string][2]string{
		"launch":     {"Mời tham gia", "đăng ký thi đua trước 17 giờ 00, thứ Năm, ngày 30/9/2021"},
		"prepare":    {"Chuẩn bị", "trước 17 giờ 00"},
		"overdue":    {"Chưa nhận được", "chưa nhận được"},
		"invitation": {"Mời dự hội nghị tổng kết và trao thưởng", "Thời gian: 08 giờ 30, thứ Sáu, ngày 15/4/2022"},
	} {
		n := 0
		for _, m := range mails {
			if m.Step != step {
				continue
			}
			n++
			if !strings.HasPrefix(m.Subject, want[0]) || !strings.Contains(m.Text, want[1]) {
				t.Errorf("step %s says %q, want %q … %q:\n%s", step, m.Subject, want[0], want[1], m.Text)
				break
			}
		}
		if n == 0 {
			t.Errorf("no mail of step %s", step)
		}
	}
}

// checkReaders finds a mail about a unit that went to anybody but the unit, its
// administering body and the office.
func checkReaders(t testing.TB, set *manifest.Set, mails []mailbox.Message) {
	t.Helper()
	owner := map[string]string{} // of an address
	for _, c := range set.Contacts {
		owner[c.Email] = string(c.Unit)
	}
	body := map[string]string{}
	for _, r := range set.Rosters {
		for _, u := range r.Spec.Units {
			body[string(u.Code)] = string(u.AdministeredBy)
		}
	}
	for _, m := range mails {
		if len(m.Units) == 0 {
			t.Errorf("the mail %s is about no unit", m.MessageID)
		}
		for _, unit := range m.Units {
			if !slices.Contains([]string{unit, body[unit], office}, owner[m.To]) {
				t.Errorf("a mail about %s went to %s (%s)", unit, m.To, owner[m.To])
			}
		}
	}
}

// CheckLedger holds the notices of a whole run to the hand count.
func CheckLedger(t testing.TB, notices []look.Notice) {
	t.Helper()
	got := map[string]int{}
	for _, n := range notices {
		got[fmt.Sprintf("%s %s %s %s", n.Round, n.Step, n.State, n.Reason)]++
	}
	want := map[string]int{
		"registration launch Sent ":              Participants,
		" invitation Sent ":                      Participants,
		october + " overdue Sent ":               6,
		october + " letter Tasked ":              2,
		october + " escalate Sent ":              1,
		october + " escalate NoRecipient NoBody": 1,
	}
	for round := range rounds {
		want[round+" prepare Sent "] = Participants
		want[round+" tomorrow Sent "] = Participants
		want[round+" consolidation/prepare Sent "] = 1
		want[round+" consolidation/tomorrow Sent "] = 1
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("notices by round, step and state (-want +got):\n%s", d)
	}
	var chased []string
	for _, n := range notices {
		if n.Round == october && !strings.HasSuffix(n.Step, "prepare") && !strings.HasSuffix(n.Step, "tomorrow") {
			chased = append(chased, fmt.Sprintf("%s %s %s to %s:%s %s", n.Instant.Format("2006-01-02 15:04"), n.Step, n.Unit, n.Role, n.Recipient, n.State))
		}
	}
	slices.Sort(chased)
	if d := cmp.Diff([]string{
		"2021-10-18 08:30 overdue DN-05 to FocalPoint:DN-05 Sent",
		"2021-10-18 08:30 overdue DN-05 to Leader:DN-05 Sent",
		"2021-10-18 08:30 overdue STTTT-04 to FocalPoint:STTTT-04 Sent",
		"2021-10-18 08:30 overdue STTTT-04 to Leader:STTTT-04 Sent",
		"2021-10-18 08:30 overdue STTTT-12 to FocalPoint:STTTT-12 Sent",
		"2021-10-18 08:30 overdue STTTT-12 to Leader:STTTT-12 Sent",
		"2021-10-20 08:30 letter DN-05 to Office:BTTTT-TDKT Tasked",
		"2021-10-20 08:30 letter STTTT-12 to Office:BTTTT-TDKT Tasked",
		"2021-10-22 08:30 escalate DN-05 to AdministeringBody: NoRecipient",
		"2021-10-22 08:30 escalate DN-05 to Office:BTTTT-TDKT Sent",
	}, chased); d != "" {
		t.Errorf("who was chased in %s (-want +got):\n%s", october, d)
	}
}

// Doubled are the Message-IDs that arrived more than once.
func Doubled(mails []mailbox.Message) []string {
	count := map[string]int{}
	for _, m := range mails {
		count[m.MessageID]++
	}
	maps.DeleteFunc(count, func(_ string, n int) bool { return n == 1 })
	return slices.Sorted(maps.Keys(count))
}

// Once keeps the first of every mail that arrived more than once.
func Once(mails []mailbox.Message) []mailbox.Message {
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(mails), func(m mailbox.Message) bool {
		again := seen[m.MessageID]
		seen[m.MessageID] = true
		return again
	})
}

// Instant reads a local time of the example, such as 2021-10-15 17:00.
func Instant(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", text, time.FixedZone("+07", 7*60*60))
	if err != nil {
		panic(err)
	}
	return t
}
