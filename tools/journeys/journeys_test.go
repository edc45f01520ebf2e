// Package journeys walks people's ways through the pages in a browser, against a whole
// installation. It is a module of its own: a browser's protocol is much to compile.
package journeys

import (
	"bytes"
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

const seedRoster = "../../examples/seed-2021/nganh-tttt-2021"

var headings = map[string]string{
	"code": "Mã đơn vị", "name": "Tên đơn vị", "kind": "Loại đơn vị", "collects_to": "Báo cáo về", "administered_by": "Trực thuộc",
	"submits_to": "Trình hồ sơ về", "group": "Cụm, khối", "calendar": "", "valid_from": "", "valid_to": "",
}

// workbook is the roster of 2021 as an office keeps it: in Excel, with a title, a number
// in front, and headings of its own.
func (in *installation) workbook(broken bool) string {
	in.t.Helper()
	emails := map[string]string{}
	for _, r := range readCSV(in, seedRoster+".contacts.csv")[1:] {
		emails[r[0]+" "+r[1]] = r[3]
	}
	table := readCSV(in, seedRoster+".roster.csv")
	f := excelize.NewFile()
	defer f.Close()
	row := func(n int, cells ...any) {
		cell, err := excelize.CoordinatesToCellName(1, n)
		in.ok(err)
		in.ok(f.SetSheetRow("Sheet1", cell, &cells))
	}
	row(1, "DANH SÁCH ĐƠN VỊ NGÀNH THÔNG TIN VÀ TRUYỀN THÔNG")
	var head []any
	var columns []int
	for i, name := range table[0] {
		if headings[name] != "" {
			head, columns = append(head, headings[name]), append(columns, i)
		}
	}
	row(3, append(append([]any{"STT"}, head...), "Email đầu mối", "Email lãnh đạo", "Ghi chú")...)
	for n, r := range table[1:] {
		cells := []any{n + 1}
		for _, i := range columns {
			cells = append(cells, r[i])
		}
		email := emails[r[0]+" FocalPoint"]
		if broken && n == 4 {
			email = "dau-moi@"
		}
		row(n+4, append(cells, email, emails[r[0]+" Leader"], "")...)
	}
	var b bytes.Buffer
	in.ok(f.Write(&b))
	path := filepath.Join(in.t.TempDir(), "danh-sach.xlsx")
	in.ok(os.WriteFile(path, b.Bytes(), 0o600))
	return path
}

func readCSV(in *installation, path string) [][]string {
	in.t.Helper()
	b, err := os.ReadFile(path)
	in.ok(err)
	all, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\ufeff")))).ReadAll()
	in.ok(err)
	return all
}

var inMail = regexp.MustCompile(`http://127\.0\.0\.1:\d+/u/[A-Za-z0-9_.-]+`)

const name = "chuyen-doi-so-nganh-tttt-2027"

// TestJourneys is one campaign, through the eyes of those it concerns.
func TestJourneys(t *testing.T) {
	in := start(t)
	chromium := chromium(t)
	ok := t.Run("the office launches", func(t *testing.T) { in.on(t).launches(chromium) }) &&
		t.Run("a unit reports by telephone, its leader approves, an auditor watches", func(t *testing.T) { in.on(t).reports(chromium) }) &&
		t.Run("another is late, gets more time, sends paper", func(t *testing.T) { in.on(t).chases(chromium) }) &&
		t.Run("every page is for everybody", func(t *testing.T) { in.on(t).pages(chromium) })
	if !ok {
		t.Log("what was seen last is in", seenDir())
	}
}

// on is the installation for a part of the story.
func (in *installation) on(t *testing.T) *installation {
	part := *in
	part.t = t
	return &part
}

// launches: from a list in Excel to the first mail, without a line of YAML.
func (in *installation) launches(chromium context.Context) {
	b := in.open(chromium, false)
	b.login("van-phong@btttt.example")
	b.tap(`nav a[href="/declare"]`, "#propose")
	propose := func(list string) {
		b.attach("#units", list)
		b.fill(`#propose\.title`, "Chuyển đổi số ngành TT&TT 2027")
		b.fill("#launch", "2026-12-01")
		b.fill("#launchTime", "08:30")
	}
	propose(in.workbook(true))
	b.photograph("launch-1-list")
	b.tap("#propose form button[type=submit]", "#problems")
	b.says("Ô I8 (Email đầu mối): “dau-moi@” chưa phải một địa chỉ thư")
	b.photograph("launch-2-mend")
	b.check("a list to mend")

	propose(in.workbook(false))
	b.tap("#propose form button[type=submit]", "#proposal")
	b.says("Đọc được 154 đơn vị", "89 đơn vị tham gia")
	b.photograph("launch-3-units")
	b.check("a proposal")
	// What is typed is in the manifest at once, and what does not fit is said.
	b.fill(`[name="metadata.name"]`, name)
	b.holds(`document.querySelector("#yaml").value.includes("name: ` + name + `")`)
	b.fill(`[name="spec.ceremony.at"]`, "2026-12-20")
	b.says("Cần sửa trước khi phát động", "Lễ trao thưởng: 20/12/2026 phải sau")
	b.show("#mend")
	b.photograph("launch-4-mend")
	b.check("a proposal to mend")
	b.fill(`[name="spec.ceremony.at"]`, "2027-04-28")
	b.holds(`!document.querySelector("#mend") && document.querySelector("#calendar")`)
	// And the other way round.
	b.fill("#yaml", strings.Replace(ask[string](b, `document.querySelector("#yaml").value`), "top: 3", "top: 2", 1))
	b.holds(`document.querySelector('[name="spec.awards[giay-khen].nominate.top"]').value === "2"`)
	b.show("#draw")
	b.photograph("launch-5-form-and-yaml")
	b.show("#calendar")
	b.photograph("launch-6-calendar")

	b.tap("#rehearsal form button", "#rehearsal")
	b.holds(`document.querySelector("#rehearsal details.mail") !== null`)
	b.says("Thư sẽ gửi", "mời tham gia")
	b.press("#rehearsal details.mail summary", `document.querySelector("#rehearsal details.mail[open]") !== null`)
	b.says("Mời tham gia")
	b.show("#rehearsal")
	b.photograph("launch-7-rehearsal")
	b.check("a rehearsed proposal")
	b.narrowed("a rehearsed proposal")
	b.fill(`[id="go.reason"]`, "Kế hoạch 12/KH-BTTTT")
	b.press(`#go [name="sure"]`, `document.querySelector('#go [name="sure"]').checked`)
	b.show("#go")
	b.photograph("launch-8-go")
	b.tap(`#go button[value="launch"]`, "#timeline")
	if got := b.path(); got != "/campaigns/"+name {
		in.t.Fatalf("on to %s", got)
	}
	in.until(time.Date(2026, 12, 1, 9, 0, 0, 0, zone))
	b.visit("/campaigns/" + name)
	b.says("Chuyển đổi số ngành TT&TT 2027")
	b.photograph("launch-9-board")
	m := in.mailTo("dau-moi.stttt-01@", "registration", "launch")
	if !strings.HasPrefix(m.Subject, "Mời tham gia phong trào thi đua") {
		in.t.Errorf("the first mail says %q", m.Subject)
	}
	if n := in.count(`SELECT count(*) FROM participant p JOIN campaign c ON c.id = p.campaign_id WHERE c.name = $1 AND c.state = 'Launched'`, name); n != 89 {
		in.t.Errorf("%d units take part", n)
	}
}

// reports: on a telephone from the mail to the receipt; the auditor's board changes by
// itself.
func (in *installation) reports(chromium context.Context) {
	in.until(time.Date(2026, 12, 14, 10, 0, 0, 0, zone))
	watcher := in.open(chromium, false)
	watcher.login("thanh-tra@btttt.example")
	watcher.visit("/campaigns/" + name)
	watcher.says("Báo cáo tháng 12/2026")

	link := inMail.FindString(in.mailTo("dau-moi.stttt-01@", "monthly/2026-12", "prepare").Text)
	if link == "" {
		in.t.Fatal("the reminder has no link")
	}
	p := in.open(chromium, true)
	p.visit(link)
	p.photograph("report-1-link")
	p.check("a link")
	p.taps = 1 // the link itself
	p.tap("main form button", "main article.card")
	p.photograph("report-2-due")
	p.check("what is due")
	p.tap(`main a.button[href*="/report/monthly/2026-12"]`, "main form.fields")
	p.fill(`[name="f.tasks-on-time"]`, "92,5")
	p.fill(`[name="f.online-files"]`, "81")
	p.fill(`[name="s.ketQua"]`, "Đã hoàn thành 37 trên 40 nhiệm vụ trong kỳ.")
	p.says("Đã lưu nháp lúc") // by itself
	p.photograph("report-3-form")
	p.check("a report")
	p.tap("main form.fields button.primary", "main")
	p.says("lãnh đạo")
	p.photograph("report-4-handed-up")
	if p.taps > 6 {
		in.t.Errorf("it takes %d taps", p.taps)
	}

	in.invite("giam-doc@stttt.example", leader)
	l := in.open(chromium, true)
	l.login("giam-doc@stttt.example")
	l.visit("/unit/" + name)
	l.tap(`main a.button[href*="/report/monthly/2026-12"]`, "main form.fields")
	l.photograph("report-5-leader")
	l.check("a report to approve")
	l.tap("main form.fields button.primary", "main")
	l.says("Đã nhận lúc", "đúng hạn")
	l.photograph("report-6-received")

	// Nobody has reloaded the auditor's page.
	watcher.says("1/89")
	watcher.show("#rounds")
	watcher.photograph("watch-1-board")
}

// chases: a unit that is late is reminded, gets more time with a reason, and in the end
// sends paper, which the office records.
func (in *installation) chases(chromium context.Context) {
	const unit = "STTTT-02"
	in.until(time.Date(2026, 12, 16, 9, 0, 0, 0, zone))
	if m := in.mailTo("dau-moi.stttt-02@", "monthly/2026-12", "overdue"); !strings.HasPrefix(m.Subject, "Chưa nhận được báo cáo tháng 12/2026") {
		in.t.Errorf("the reminder says %q", m.Subject)
	}
	b := in.open(chromium, false)
	b.login("van-phong@btttt.example")
	b.visit("/campaigns/" + name + "/units/" + unit)
	b.says("quá hạn")
	b.show(`main article.card:has(a[href*="/monthly/2026-12"])`)
	b.photograph("late-1-why")
	b.check("why")
	b.visit("/campaigns/" + name + "/units/" + unit + "/monthly/2026-12")
	b.photograph("late-2-desk")
	b.check("a desk")
	b.fill(`[id="extend.to"]`, "2026-12-21")
	b.fill(`[id="extend.reason"]`, "Trụ sở bị ngập, Công văn 45/STTTT-VP")
	b.tap("#extend button[type=submit]", "main")
	b.says("Hạn 17 giờ 00, thứ Hai, 21/12/2026", "đã dời", "Trụ sở bị ngập")
	b.show(`main article.card:has(a[href*="/monthly/2026-12"])`)
	b.photograph("late-3-extended")

	in.until(time.Date(2026, 12, 18, 15, 0, 0, 0, zone))
	scan := filepath.Join(in.t.TempDir(), "12-BC-STTTT.pdf")
	in.ok(os.WriteFile(scan, []byte("%PDF-1.7 12/BC-STTTT"), 0o600))
	b.visit("/campaigns/" + name + "/units/" + unit + "/monthly/2026-12")
	b.fill(`[id="record.received"]`, "2026-12-18")
	b.fill(`[id="record.receivedTime"]`, "14:30")
	b.fill(`[id="record.number"]`, "12/BC-STTTT")
	b.fill(`#record [name="f.tasks-on-time"]`, "88")
	b.fill(`#record [name="f.online-files"]`, "64")
	b.attach(`#record input[type=file]`, scan)
	b.show("#record")
	b.photograph("late-4-paper")
	b.tap("#record button[type=submit]", "main")
	b.says("12/BC-STTTT", "đúng hạn")
	b.show(`main article.card:has(a[href*="/monthly/2026-12"])`)
	b.photograph("late-5-settled")
	if n := in.count(`SELECT count(*) FROM obligation o JOIN campaign c ON c.id = o.campaign_id WHERE c.name = $1 AND o.owner = $2 AND o.subject = 'monthly/2026-12' AND o.state = 'Settled'`, name, unit); n != 1 {
		in.t.Error("the report is not settled")
	}
	in.until(time.Date(2026, 12, 18, 16, 0, 0, 0, zone))
	if n := in.count(`SELECT count(*) FROM message m JOIN campaign c ON c.id = m.campaign_id WHERE c.name = $1 AND m.recipient = $2 AND m.step = 'overdue' AND m.state = 'Sent' AND m.round_id = (SELECT r.id FROM round r WHERE r.campaign_id = c.id AND r.name = 'monthly/2026-12')`, name, unit); n != 2 {
		in.t.Errorf("%d reminders that it is late, want one each to the focal point and the leader", n)
	}
}
