package notify

import (
	"flag"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/notify/texts"
)

var update = flag.Bool("update", false, "write golden files")

var hanoi = time.FixedZone("+07", 7*60*60)

func at(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", s, hanoi)
	if err != nil {
		panic(err)
	}
	return t
}

var quangNinh = Unit{"STTTT-QNH", "Sở Thông tin và Truyền thông Quảng Ninh"}

// envelope is the reminder of October 2021; cases change what they are about.
func envelope(change func(*Envelope)) Envelope {
	e := Envelope{
		Campaign: Campaign{
			Name: "covid-2021",
			Title: v1.Text{
				VI: "Ngành Thông tin và Truyền thông đoàn kết, chung sức, đồng lòng thi đua phòng, chống và chiến thắng đại dịch COVID-19",
				EN: "The ICT sector united against COVID-19",
			},
			Launched: at("2021-09-07 14:00"),
		},
		Office: Office{
			Unit:    Unit{"BTTTT-TDKT", "Vụ Thi đua - Khen thưởng"},
			Contact: &v1.OfficeContact{Name: "Phòng Tổng hợp", Phone: "024 3943 0000", Email: "tdkt@mic.example.vn"},
			Sender:  mail.Address{Name: "Vụ Thi đua - Khen thưởng", Address: "thidua@mic.example.vn"},
		},
		Basis:     &v1.Document{Number: "1423/QĐ-BTTTT", Date: "2021-09-16", Role: "Plan"},
		Recipient: Recipient{Role: v1.RoleFocalPoint, Unit: quangNinh, Email: "dau-moi@stttt-qnh.example.vn"},
		Notices: []Notice{{
			Kind: KindReport, Step: "prepare", Round: "monthly/2021-10",
			RoundTitle: RoundTitle(&v1.Text{VI: "báo cáo tháng", EN: "monthly report"}, "2021-10"),
			Unit:       quangNinh, Due: at("2021-10-15 17:00"), DataFrom: "2021-09-07", DataTo: "2021-10-14",
			FormURL: "/f/abc",
		}},
		Now: at("2021-10-08 08:30"), Location: hanoi, MessageID: "<n1@thidua.example.vn>",
		BaseURL: "https://thidua.mic.example.vn",
	}
	if change != nil {
		change(&e)
	}
	return e
}

func late(n Notice, u Unit, days int) Notice {
	n.Unit, n.Step, n.DaysLate = u, "escalate", days
	return n
}

var messages = []struct {
	name   string
	reason string
	change func(*Envelope)
}{
	{"prepare", "a reminder five working days before the deadline", nil},
	{"prepare-leader", "the holder is the leader: the draft waits for approval; the deadline was rolled over Tết", func(e *Envelope) {
		e.Recipient = Recipient{Role: v1.RoleLeader, Unit: quangNinh, Name: "Lê Ngọc Hân", Email: "giam-doc@stttt-qnh.example.vn"}
		n := &e.Notices[0]
		n.Due, n.DueMoved, n.DueMovedWhy, n.AwaitingApproval = at("2022-02-07 17:00"), "2022-02-05", "Tết Nguyên đán", true
		n.Round, n.RoundTitle, n.DataFrom, n.DataTo = "monthly/2022-01", RoundTitle(&v1.Text{VI: "báo cáo tháng", EN: "monthly report"}, "2022-01"), "2021-12-15", "2022-01-14"
		e.Now = at("2022-01-24 08:30")
	}},
	{"prepare-registration", "a registration climbs the same ladder as a report; this one was extended", func(e *Envelope) {
		e.Notices[0] = Notice{Kind: KindRegistration, Step: "prepare", Unit: quangNinh, Due: at("2021-09-30 17:00"), FormURL: "/f/reg", Extended: true}
		e.Now = at("2021-09-23 08:30")
	}},
	{"prepare-bare", "no plan document, no base URL, no contact, no English: the sentences about them go", func(e *Envelope) {
		e.Basis, e.BaseURL, e.Office.Contact, e.Campaign.Title.EN = nil, "", nil, ""
		e.Office.Name, e.Campaign.Title.VI = "", "Phong trào thi đua lập thành tích chào mừng Đại hội"
		e.Notices[0].RoundTitle, e.Notices[0].DataFrom, e.Notices[0].DataTo = v1.Text{}, "", ""
	}},
	{"overdue", "the first working day after the deadline", func(e *Envelope) {
		e.Now, e.Notices[0].Step, e.Notices[0].Closes = at("2021-10-18 08:30"), "overdue", at("2021-10-29 17:00")
	}},
	{"returned", "the office asks for a supplement, and says of what", func(e *Envelope) {
		n := &e.Notices[0]
		e.Now, n.Step, n.Due = at("2021-10-20 09:15"), "returned", at("2021-10-25 17:00")
		n.Reason = "Chưa có số liệu của 02 huyện; đề nghị làm rõ mục Tồn tại, nguyên nhân."
	}},
	{"launch", "the invitation to take part", func(e *Envelope) {
		e.Notices[0] = Notice{Kind: KindRegistration, Step: "launch", Unit: quangNinh, Due: at("2021-09-30 17:00"), HardTasks: 5, FormURL: "/f/reg"}
		e.Now = at("2021-09-16 08:30")
	}},
	{"launch-bare", "the plan is not signed yet and cannot be cited; nothing to register", func(e *Envelope) {
		e.Campaign.Launched = time.Time{}
		e.Notices[0] = Notice{Kind: KindRegistration, Step: "launch", Unit: quangNinh}
		e.Now = at("2021-09-07 14:00")
	}},
	{"invitation", "to the ceremony, with a place and a date to answer by", func(e *Envelope) {
		e.Recipient.Role = v1.RoleLeader
		e.Notices[0] = Notice{Kind: KindInvitation, Step: "invitation", Unit: quangNinh, Due: at("2022-04-13 17:00"),
			EventAt: at("2022-04-15 08:30"), Occasion: "FinalReview", Place: "Hội trường tầng 11, 18 Nguyễn Du, Hà Nội", FormURL: "/f/reply"}
		e.Now = at("2022-04-07 08:30")
	}},
	{"invitation-bare", "neither place nor date to answer by", func(e *Envelope) {
		e.Notices[0] = Notice{Kind: KindInvitation, Step: "invitation", Unit: quangNinh, EventAt: at("2022-04-15 08:30"), Occasion: "NationalDay"}
		e.Now = at("2022-04-07 08:30")
	}},
	{"calendar", "the office is asked for the coming year's days off", func(e *Envelope) {
		e.Recipient = Recipient{Role: v1.RoleOffice, Unit: e.Office.Unit, Email: "tdkt@mic.example.vn"}
		e.Notices[0] = Notice{Kind: KindInvitation, Step: "calendar", Unit: e.Office.Unit, Due: at("2022-01-05 08:30"), Calendar: "state", CoveredUntil: "2021-12-31"}
		e.Now = at("2021-12-06 08:30")
	}},
	{"list", "late units, for the body that administers them", func(e *Envelope) {
		e.List, e.Now = true, at("2021-10-22 08:30")
		e.Recipient = Recipient{Role: v1.RoleAdministeringBody, Unit: Unit{"UBND-QNH", "Ủy ban nhân dân tỉnh Quảng Ninh"}, Email: "vanthu@quangninh.example.vn"}
		e.Notices = []Notice{
			late(e.Notices[0], quangNinh, 5),
			late(e.Notices[0], Unit{"TTCNTT-QNH", "Trung tâm Công nghệ thông tin <Quảng Ninh> & đối tác"}, 5),
		}
	}},
	{"list-office", "the same for the office, with two kinds of things owed", func(e *Envelope) {
		e.List, e.Now = true, at("2021-10-22 08:30")
		e.Recipient = Recipient{Role: v1.RoleOffice, Unit: e.Office.Unit, Email: "tdkt@mic.example.vn"}
		other := late(e.Notices[0], Unit{"VIETTEL", "Tập đoàn Công nghiệp - Viễn thông Quân đội"}, 16)
		other.Kind, other.Round, other.Due = KindRegistration, "", at("2021-09-30 17:00")
		e.Notices = []Notice{late(e.Notices[0], quangNinh, 5), other}
	}},
	{"list-early", "a list before the deadline does not say that anything is missing", func(e *Envelope) {
		e.Recipient = Recipient{Role: v1.RoleOffice, Unit: e.Office.Unit, Email: "tdkt@mic.example.vn"}
	}},
	{"digest", "one who owes two things, one of them late", func(e *Envelope) {
		reg := Notice{Kind: KindRegistration, Step: "overdue", Unit: quangNinh, Due: at("2021-09-30 17:00"), FormURL: "/f/reg"}
		e.Notices = []Notice{reg, e.Notices[0]}
	}},
}

func TestCompose(t *testing.T) {
	composer, err := NewComposer(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range messages {
		t.Run(tt.name, func(t *testing.T) {
			m, err := composer.Compose(envelope(tt.change))
			if err != nil {
				t.Fatalf("%s: %v", tt.reason, err)
			}
			golden(t, tt.name+".txt", "Subject: "+m.Subject+"\n\n"+m.Text)
			golden(t, tt.name+".html", m.HTML)
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", name, d)
	}
}

// What units owe is never called a debt, and a text names dates: a step called
// tomorrow falls on a Friday for a Monday.
func TestNoForbiddenWords(t *testing.T) {
	composer, err := NewComposer(nil)
	if err != nil {
		t.Fatal(err)
	}
	forbidden := []string{" nợ ", "ngày mai", "hôm qua", "hôm nay", "tomorrow", "yesterday", "debt"}
	for _, tt := range messages {
		m, err := composer.Compose(envelope(tt.change))
		if err != nil {
			t.Fatal(err)
		}
		said := strings.ToLower(" " + texts.Clean(m.Subject+" "+m.Text+" "+m.HTML) + " ")
		for _, word := range forbidden {
			if strings.Contains(said, word) {
				t.Errorf("%s says %q", tt.name, word)
			}
		}
	}
}

func TestRoundTitle(t *testing.T) {
	for _, tt := range []struct {
		reason string
		title  *v1.Text
		period v1.YearMonth
		want   v1.Text
	}{
		{"a monthly report", &v1.Text{VI: "báo cáo tháng", EN: "monthly report"}, "2022-01", v1.Text{VI: "báo cáo tháng 01/2022", EN: "monthly report for January 2022"}},
		{"a single report", &v1.Text{VI: "báo cáo tổng kết"}, "", v1.Text{VI: "báo cáo tổng kết", EN: "báo cáo tổng kết"}},
		{"no title", nil, "", v1.Text{VI: "báo cáo", EN: "report"}},
	} {
		if d := cmp.Diff(tt.want, RoundTitle(tt.title, tt.period)); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.reason, d)
		}
	}
}
