package pages_test

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"thidua.dev/thidua/internal/look/looktest"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/pages"
	"thidua.dev/thidua/internal/scaffold"
)

const proposalID = "77777777-7777-4777-8777-777777777777"

// sketch puts a proposal of the campaign's office where tests find it.
func (d *desk) sketch(id string) {
	d.t.Helper()
	units, problems := scaffold.ReadUnits("ds.csv", []byte("code,name\nBTTTT-TDKT,Vụ Thi đua\n01,Phòng Một\n"))
	if len(problems) > 0 {
		d.t.Fatal(problems)
	}
	c := scaffold.Campaign{Template: scaffold.Short, Name: "mau", Title: "Mẫu", Office: "BTTTT-TDKT"}
	text, err := c.YAML(units)
	d.ok(err)
	_, err = d.pool.Exec(context.Background(), `INSERT INTO proposal (id, office, title, manifest, units) VALUES ($1, 'BTTTT-TDKT', 'Mẫu', $2, '{"rows": []}')`, id, string(text))
	d.ok(err)
}

// list is a workbook as an office keeps it.
func list(t testing.TB, rows ...[]any) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i, row := range append([][]any{{"DANH SÁCH ĐƠN VỊ THAM GIA"}, {"STT", "Mã đơn vị", "Tên đơn vị", "Cụm thi đua", "Email đầu mối", "Email lãnh đạo", "Ghi chú"}}, rows...) {
		cell, err := excelize.CoordinatesToCellName(1, i+1)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.SetSheetRow("Sheet1", cell, &row); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var (
	inValue   = regexp.MustCompile(`name="version" value="(\d+)"`)
	inPlan    = regexp.MustCompile(`name="plan" value="([^"]+)"`)
	inRequest = regexp.MustCompile(`name="request" value="([^"]+)"`)
)

func found(t *testing.T, re *regexp.Regexp, page string) string {
	t.Helper()
	m := re.FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no %s in %s", re, page)
	}
	return m[1]
}

// An office draws up a campaign of a list that it has, mends it, and launches it.
func TestProposal(t *testing.T) {
	d := openDesk(t, "")
	d.account("office", grants["office"])
	b := d.login("office")
	_, page := b.do(http.MethodGet, "/declare", nil)
	wellFormed(t, "propose", page)
	contains(t, page, "Phát động phong trào mới", "nganh-tttt-2021", "Theo chuyên đề")

	asked := url.Values{"title": {"Thi đua số hóa: đợt 1"}, "template": {"thematic"}, "launch": {"2021-11-02"}, "launchTime": {"14:00"}}
	response, page := b.postTo("/declare", asked, "units", map[string]string{"ds.xlsx": list(t,
		[]any{1, "SYT", "Sở Y tế", "Cụm 1", "a@yte.example", "", "x"}, []any{2, "SYT", "Sở Xây dựng", "Cụm 1", "b@", "", ""}, []any{3, "SGD", "", "Cụm 1"})})
	if response.StatusCode != http.StatusUnprocessableEntity {
		t.Fatalf("%d", response.StatusCode)
	}
	wellFormed(t, "problems", page)
	contains(t, page, "Danh sách có 3 chỗ cần sửa", "Ô B4 (Mã đơn vị)", "đã có ở dòng 3", "Ô E4 (Email đầu mối): “b@” chưa phải", "Ô C5 (Tên đơn vị): Chưa có tên", "Sở Xây dựng", "Thi đua số hóa: đợt 1")
	if response, page := b.postTo("/declare", asked, "units", nil); response.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, "Đề nghị chọn tệp danh sách") {
		t.Errorf("without a list: %d", response.StatusCode)
	}

	response, page = b.postTo("/declare", asked, "units", map[string]string{"ds.xlsx": list(t,
		[]any{1, "SYT", "Sở Y tế", "Cụm 1", "a@yte.example", "gd@yte.example"}, []any{2, "SXD", "Sở Xây dựng", "Cụm 1", "b@xd.example", ""}, []any{3, "SGD", "Sở Giáo dục", "Cụm 2", "", ""})})
	if response.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %s", response.StatusCode, page)
	}
	here := response.Header.Get("Location")
	_, page = b.do(http.MethodGet, here, nil)
	wellFormed(t, "proposal", page)
	contains(t, page, "Đọc được 4 đơn vị từ ds.xlsx", "3 đơn vị tham gia", "2 đơn vị chưa có địa chỉ thư", "Các cột không dùng: STT, Ghi chú", "Cụm 1 (2)", "2021-11-02T14:00:00+07:00", "thi-dua-so-hoa-dot-1",
		"VN-2003", "thứ Hai 17/01", "phát động lúc", "14 giờ 00")
	if strings.Contains(page, "Cần sửa trước khi") {
		t.Errorf("something is to be mended: %s", page)
	}

	// A field writes the manifest.
	change := url.Values{"act": {"fields"}, "version": {found(t, inValue, page)}, "spec.ceremony.at": {"2022-01-01"}, "spec.axes[professional].weight": {"70"}, "metadata.name": {"so-hoa-1"},
		"spec.indicators[tasks-on-time].title.vi": {"Tỷ lệ hồ sơ: \"đúng hạn\""}, "repeat.spec.indicators": {"online-files"}}
	response, page = b.do(http.MethodPost, here, change)
	if response.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %s", response.StatusCode, page)
	}
	_, page = b.do(http.MethodGet, here, nil)
	wellFormed(t, "mend", page)
	contains(t, page, "Cần sửa trước khi phát động", "Lễ trao thưởng: 01/01/2022 phải sau", "Trọng số cộng lại là 110", "online-files-2", "roster: so-hoa-1", "name: so-hoa-1", "at: 2022-01-01")
	if strings.Contains(page, `value="launch"`) {
		t.Error("it can be launched with something to mend")
	}
	if response, page := b.do(http.MethodPost, here, change); response.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, "vừa được thay đổi, ở cửa sổ khác") {
		t.Errorf("a version that is not the newest: %d", response.StatusCode)
	}
	// What comes from the page that saved last is no conflict: it saves itself while one types.
	own := url.Values{"act": {"fields"}, "version": {found(t, inValue, page)}, "editor": {"trang-1"}, "spec.launch.chairedBy": {"Thứ trưởng"}}
	for _, who := range []string{"Thứ trưởng A", "Thứ trưởng B"} {
		own.Set("spec.launch.chairedBy", who)
		if response, page := b.do(http.MethodPost, here, own); response.StatusCode != http.StatusSeeOther {
			t.Errorf("the page that saved last: %d %.200s", response.StatusCode, page)
		}
	}
	own.Set("editor", "trang-2")
	own.Set("spec.launch.chairedBy", "C")
	if response, _ := b.do(http.MethodPost, here, own); response.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("another page: %d", response.StatusCode)
	}
	// A word where a whole number belongs is not written, and a number can follow.
	_, page = b.do(http.MethodGet, here, nil)
	const most = "spec.registration.hardTasks.max"
	for value, want := range map[string]int{"ba": http.StatusUnprocessableEntity, "4": http.StatusSeeOther} {
		if response, _ := b.do(http.MethodPost, here, url.Values{"act": {"fields"}, "version": {found(t, inValue, page)}, most: {value}}); response.StatusCode != want {
			t.Errorf("%s is %q: %d", most, value, response.StatusCode)
		}
	}
	_, page = b.do(http.MethodGet, here, nil)
	contains(t, page, "{max: 4}")
	if response, _ := b.do(http.MethodPost, here, url.Values{"act": {"launch"}, "sure": {"1"}}); response.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("launched with something to mend: %d", response.StatusCode)
	}

	// A limit that may be left out can be, and comes back.
	_, page = b.do(http.MethodGet, here, nil)
	const limit = "spec.awards[giay-khen].nominate.minScore"
	b.do(http.MethodPost, here, url.Values{"act": {"fields"}, "version": {found(t, inValue, page)}, limit: {""}})
	if text := d.manifest(here); strings.Contains(text, "minScore") {
		t.Errorf("the limit stays: %s", text)
	}
	_, page = b.do(http.MethodGet, here, nil)
	contains(t, page, limit)
	b.do(http.MethodPost, here, url.Values{"act": {"fields"}, "version": {found(t, inValue, page)}, limit: {"60,5"}})
	if text := d.manifest(here); !strings.Contains(text, `minScore: "60.5"`) {
		t.Errorf("the limit does not come back: %s", text)
	}
	_, page = b.do(http.MethodGet, here, nil)

	// The manifest fills in the form.
	text := d.manifest(here)
	text = strings.Replace(text, `weight: "70"`, `weight: "60"`, 1)
	text = strings.Replace(text, "at: 2022-01-01", "at: 2022-04-29", 1)
	b.do(http.MethodPost, here, url.Values{"act": {"yaml"}, "version": {found(t, inValue, page)}, "yaml": {strings.ReplaceAll(text, "\n", "\r\n")}})
	_, page = b.do(http.MethodGet, here, nil)
	contains(t, page, `value="2022-04-29"`)
	if strings.Contains(page, "Cần sửa trước khi") {
		t.Errorf("something is to be mended: %s", page)
	}
	// What cannot be read stays before whoever wrote it.
	b.do(http.MethodPost, here, url.Values{"act": {"yaml"}, "version": {found(t, inValue, page)}, "yaml": {"spec: [\n"}})
	_, broken := b.do(http.MethodGet, here, nil)
	wellFormed(t, "broken", broken)
	contains(t, broken, "Tệp YAML đang có lỗi", "spec: [")
	b.do(http.MethodPost, here, url.Values{"act": {"yaml"}, "version": {found(t, inValue, broken)}, "yaml": {text}})

	_, page = b.do(http.MethodGet, here, nil)
	plan := found(t, inPlan, page)
	launch := url.Values{"act": {"launch"}, "plan": {plan}, "request": {found(t, inRequest, page)}, "reason": {"KH 01"}}
	if response, page := b.do(http.MethodPost, here, launch); response.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, "đánh dấu xác nhận") {
		t.Errorf("launched without a tick: %d", response.StatusCode)
	}
	launch.Set("sure", plan)
	for range 2 { // a form may come twice
		response, page = b.do(http.MethodPost, here, launch)
		if got := response.Header.Get("Location"); got != "/campaigns/so-hoa-1" {
			t.Fatalf("%d, on to %q: %s", response.StatusCode, got, page)
		}
	}
	if n := d.count(`SELECT count(*) FROM campaign c JOIN participant p ON p.campaign_id = c.id WHERE c.name = 'so-hoa-1' AND c.state = 'Launched'`); n != 3 {
		t.Errorf("%d participants", n)
	}
	if n := d.count(`SELECT count(*) FROM contact WHERE unit IN ('SYT', 'SXD')`); n != 3 {
		t.Errorf("%d contacts", n)
	}
	if n := d.count(`SELECT count(*) FROM proposal WHERE units::text LIKE '%yte.example%'`); n != 0 {
		t.Error("the list is kept beside the facts")
	}
	_, page = b.do(http.MethodGet, "/campaigns/so-hoa-1", nil)
	contains(t, page, "Thi đua số hóa: đợt 1")
}

// Saves of one page that meet, each of them with something of its own, are all kept.
func TestProposalSavedAtOnce(t *testing.T) {
	d := openDesk(t, "")
	d.account("office", grants["office"])
	b := d.login("office")
	response, page := b.postTo("/declare", url.Values{"title": {"Mau"}, "template": {"thematic"}, "launch": {"2021-11-02"}, "roster": {"nganh-tttt-2021"}}, "units", nil)
	if response.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %s", response.StatusCode, page)
	}
	here := response.Header.Get("Location")
	_, page = b.do(http.MethodGet, here, nil)
	version := found(t, inValue, page)
	save := func(more url.Values) url.Values {
		values := url.Values{"act": {"fields"}, "version": {version}, "editor": {"trang-1"}}
		maps.Copy(values, more)
		return values
	}
	b.do(http.MethodPost, here, save(url.Values{"spec.launch.chairedBy": {"A"}})) // the page has saved itself once
	var all sync.WaitGroup
	for _, more := range []url.Values{
		{"spec.launch.chairedBy": {"B"}}, {"repeat.spec.indicators": {"online-files"}}, {"repeat.spec.awards": {"giay-khen"}}, {"repeat.spec.reviews": {"midterm"}}, {"repeat.spec.indicators": {"tasks-on-time"}},
	} {
		all.Go(func() {
			if response, page := b.do(http.MethodPost, here, save(more)); response.StatusCode != http.StatusSeeOther {
				t.Errorf("%v: %d %.300s", more, response.StatusCode, page)
			}
		})
	}
	all.Wait()
	text := d.manifest(here)
	for _, want := range []string{`chairedBy: "B"`, "online-files-2", "giay-khen-2", "midterm-2", "tasks-on-time-2"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is lost", want)
		}
	}
}

// manifest of a proposal, as a file.
func (d *desk) manifest(here string) string {
	d.t.Helper()
	_, text := d.login("office").do(http.MethodGet, here+"/campaign.yaml", nil)
	return text
}

// A list that the installation has is used again, and names that are taken are refused.
func TestProposalOfRoster(t *testing.T) {
	d := openDesk(t, "")
	d.account("office", grants["office"])
	b := d.login("office")
	response, page := b.postTo("/declare", url.Values{"title": {"Covid 2021"}, "template": {"short"}, "launch": {"2021-11-02"}, "roster": {"nganh-tttt-2021"}}, "units", nil)
	if response.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %s", response.StatusCode, page)
	}
	here := response.Header.Get("Location")
	_, page = b.do(http.MethodGet, here, nil)
	contains(t, page, "Danh sách nganh-tttt-2021 đã có", "covid-2021-2")
	b.do(http.MethodPost, here, url.Values{"act": {"fields"}, "version": {found(t, inValue, page)}, "metadata.name": {"covid-2021"}})
	_, page = b.do(http.MethodGet, here, nil)
	contains(t, page, "Mã phong trào: Tên “covid-2021” đã được dùng")
	for path, values := range map[string]url.Values{here: {"act": {"nothing"}}, "/declare/x": {"act": {"drop"}}, "/declare/" + proposalID: {"act": {"drop"}}} {
		if response, _ := b.do(http.MethodPost, path, values); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, response.StatusCode)
		}
	}
	response, _ = b.do(http.MethodPost, here, url.Values{"act": {"drop"}})
	if response.Header.Get("Location") != "/declare" || d.count(`SELECT count(*) FROM proposal`) != 0 {
		t.Errorf("%d", response.StatusCode)
	}
}

// A rehearsal runs behind the page, tells how far it is, and shows what it found.
func TestRehearsalOfProposal(t *testing.T) {
	d := &desk{t: t, pool: looktest.Seed(t, looktest.Chased)}
	step, done := make(chan struct{}), make(chan struct{})
	d.rehearse = func(_ context.Context, set *manifest.Set, campaign, _ string, progress func(time.Time)) (pages.Report, error) {
		progress(time.Date(2022, 1, 1, 0, 0, 0, 0, looktest.Zone))
		step <- struct{}{}
		<-done
		if set.Campaign("mau") == nil || campaign != "mau" {
			t.Errorf("rehearsed %s", campaign)
		}
		return pages.Report{Title: "Diễn tập", Story: []string{"Một chuyện"}}, nil
	}
	d.open("")
	d.account("office", grants["office"])
	b := d.login("office")
	response, page := b.postTo("/declare", url.Values{"title": {"Mau"}, "template": {"short"}, "launch": {"2021-11-02"}, "roster": {"nganh-tttt-2021"}}, "units", nil)
	if response.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %s", response.StatusCode, page)
	}
	here := response.Header.Get("Location")
	b.do(http.MethodPost, here, url.Values{"act": {"rehearse"}})
	<-step
	_, page = b.do(http.MethodGet, here, nil)
	wellFormed(t, "rehearsing", page)
	contains(t, page, "Đã đến ngày 01/01/2022", "<progress")
	done <- struct{}{}
	d.app.Stop() // waits for it
	_, page = b.do(http.MethodGet, here, nil)
	wellFormed(t, "rehearsed", page)
	contains(t, page, "Một chuyện", "Xem toàn bộ kết quả")
	response, page = b.do(http.MethodGet, here+"/rehearsal", nil)
	if response.StatusCode != http.StatusOK || !strings.Contains(page, "Một chuyện") {
		t.Errorf("%d", response.StatusCode)
	}
}

// What the sample says can be read.
func TestSampleList(t *testing.T) {
	sample, err := scaffold.Sample()
	if err != nil {
		t.Fatal(err)
	}
	units, problems := scaffold.ReadUnits("x.xlsx", sample)
	if len(problems) > 0 || len(units.Rows) != 3 || units.Rows[0].Cells["kind"] != "office" {
		t.Errorf("%v, %+v", problems, units)
	}
}
