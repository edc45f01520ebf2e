package pages_test

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/pgxstore"
	"github.com/jackc/pgx/v5/pgxpool"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/evidence"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/look/looktest"
	"thidua.dev/thidua/internal/pages"
	"thidua.dev/thidua/internal/store/db"
)

const (
	unit = "STTTT-12" // owes October's report
	form = "/unit/covid-2021/report/monthly/2021-10"
)

var signingKey = []byte("0123456789abcdef0123456789abcdef")

// desk is the pages of units over the example of 2021, while two units are chased.
type desk struct {
	*httptest.Server
	t      testing.TB
	pool   *pgxpool.Pool
	engine *engine.Engine
	app    *pages.App

	files    *evidence.Store
	scanner  scanner
	rehearse pages.Rehearse
	log      *slog.Logger
	browsers int
}

func openDesk(t testing.TB, base string) *desk {
	t.Helper()
	d := &desk{t: t, pool: looktest.Seed(t, looktest.Chased)}
	d.open(base)
	return d
}

func (d *desk) open(base string) {
	d.t.Helper()
	d.engine, d.files = engine.New(d.pool, nil), evidence.New(d.t.TempDir()).Scanned(&d.scanner)
	d.ok(db.New(d.pool).InsertLinkKey(context.Background(), 1, signingKey))
	sessions := pgxstore.NewWithCleanupInterval(d.pool, 0)
	d.app = pages.New(pages.Options{Look: look.New(d.pool), Engine: d.engine, Sessions: sessions, BaseURL: base, Files: d.files, Rehearse: d.rehearse, Log: d.log})
	d.Server = httptest.NewServer(d.app)
	d.t.Cleanup(func() { d.app.Stop(); d.Close() })
}

// scanner says of every file what a test lets it say.
type scanner struct{ says error }

func (s *scanner) Scan(context.Context, io.Reader) error { return s.says }

func (d *desk) ok(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func link(role auth.Role, edit ...func(*auth.Link)) string {
	l := auth.Link{Unit: unit, Role: role, Campaign: looktest.Name, Version: 1, Key: 1, Expires: time.Now().Add(time.Hour)}
	for _, e := range edit {
		e(&l)
	}
	return "/u/" + l.Sign(signingKey)
}

// browser keeps cookies and follows nothing. Each comes from an address of its own.
type browser struct {
	*http.Client
	d       *desk
	headers map[string]string
}

func (d *desk) browser() *browser {
	jar, err := cookiejar.New(nil)
	d.ok(err)
	d.browsers++
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 1, byte(d.browsers>>8), byte(d.browsers))}}
	return &browser{&http.Client{Jar: jar, Transport: &http.Transport{DialContext: from.DialContext}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, d, map[string]string{}}
}

func (b *browser) do(method, path string, values url.Values) (*http.Response, string) {
	b.d.t.Helper()
	request, err := http.NewRequest(method, b.d.URL+path, strings.NewReader(values.Encode()))
	b.d.ok(err)
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for name, value := range b.headers {
		request.Header.Set(name, value)
	}
	response, err := b.Do(request)
	b.d.ok(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	b.d.ok(err)
	return response, string(body)
}

// visiting is a browser that has come by a link.
func (d *desk) visiting(role auth.Role) *browser {
	d.t.Helper()
	b := d.browser()
	if response, page := b.do(http.MethodPost, link(role), nil); response.StatusCode != http.StatusSeeOther {
		d.t.Fatalf("%d %s", response.StatusCode, page)
	}
	return b
}

func (d *desk) count(sql string) (n int) {
	d.t.Helper()
	d.ok(d.pool.QueryRow(context.Background(), sql).Scan(&n))
	return n
}

var october = url.Values{
	"s.ketQua": {"Đã hoàn thành"}, "f.commune-vc-2way": {"97,5"}, "f.manual-travel-permits": {"1"}, "f.platform-shared": {"50"}, "f.hard-tasks-done": {"2"},
}

// TestUnitSendsItsReport goes the way of a focal point: mail, button, form.
func TestUnitSendsItsReport(t *testing.T) {
	d := openDesk(t, "")
	b := d.browser()
	// A program that looks through mails opens the link many times: nothing happens.
	for range 3 {
		response, page := b.do(http.MethodGet, link(auth.FocalPoint), nil)
		if response.StatusCode != http.StatusOK || response.Header.Get("Referrer-Policy") != "same-origin" || len(response.Header["Set-Cookie"]) > 0 {
			t.Errorf("%d %v", response.StatusCode, response.Header)
		}
		contains(t, page, "Sở Thông tin và Truyền thông Lai Châu", "Mở trang của đơn vị", `method="post"`)
		wellFormed(t, "link", page)
	}
	if n := d.count(`SELECT count(*) FROM sessions`); n != 0 {
		t.Errorf("looking made %d sessions", n)
	}
	// A browser that tells the origin only, as all do without https.
	b.headers["Sec-Fetch-Site"], b.headers["Origin"] = "", d.URL
	response, _ := b.do(http.MethodPost, link(auth.FocalPoint), nil)
	if response.StatusCode != http.StatusSeeOther || response.Header.Get("Location") != "/unit" {
		t.Fatalf("%d to %s", response.StatusCode, response.Header.Get("Location"))
	}
	cookie := response.Cookies()[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Secure {
		t.Errorf("the cookie is %v", cookie)
	}
	if d.count(`SELECT count(*) FROM sessions WHERE token = '`+cookie.Value+`'`) != 0 || d.count(`SELECT count(*) FROM sessions`) != 1 {
		t.Error("the session is kept under the cookie itself, not under its hash")
	}
	clear(b.headers)
	response, _ = b.do(http.MethodGet, "/unit", nil)
	if response.Header.Get("Location") != "/unit/covid-2021" {
		t.Errorf("a link of one campaign leads to %s", response.Header.Get("Location"))
	}
	_, page := b.do(http.MethodGet, "/unit/covid-2021", nil)
	wellFormed(t, "/unit", page)
	contains(t, page, "Báo cáo tháng 10/2021", form, "quá hạn 3 ngày làm việc")
	_, page = b.do(http.MethodGet, form, nil)
	wellFormed(t, form, page)
	contains(t, page, "Tỷ lệ xã, phường, thị trấn có hội nghị truyền hình hai chiều", "Kết quả thực hiện", "từ 0 đến 100", "Trình Lãnh đạo đơn vị")

	// What is wrong is said beside it, and nothing that was typed is lost.
	values := url.Values{"s.phuongHuong": {"<b>tiếp tục</b>"}, "f.commune-vc-2way": {"101"}, "f.manual-travel-permits": {"nhiều"}, "f.platform-shared": {""}, "f.hard-tasks-done": {"2"}}
	response, page = b.do(http.MethodPost, form, values)
	wellFormed(t, form, page)
	if response.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("%d", response.StatusCode)
	}
	contains(t, page, "Số phải từ 0 đến 100.", "Đề nghị ghi một số, ví dụ 97,5.", "Chưa có nội dung.", "<b>tiếp tục</b>", `value="nhiều"`)
	if strings.Contains(page, "<b>") {
		t.Error("what was typed is not escaped")
	}

	// Half a report is kept as it was typed, and is there when the page is opened again.
	response, _ = b.do(http.MethodPost, form, url.Values{"draft": {"1"}, "s.ketQua": {"viết dở"}, "f.commune-vc-2way": {"chưa rõ"}})
	if response.StatusCode != http.StatusSeeOther {
		t.Errorf("a draft: %d", response.StatusCode)
	}
	_, page = b.do(http.MethodGet, form, nil)
	contains(t, page, "Đã lưu nháp lúc", "viết dở", `value="chưa rõ"`)
	if n := d.count(`SELECT count(*) FROM report p JOIN obligation o ON o.id = p.obligation_id WHERE o.owner = 'STTTT-12' AND o.subject = 'monthly/2021-10'`); n != 0 {
		t.Errorf("a draft made %d versions", n)
	}

	values = url.Values{"request": {"22222222-2222-4222-8222-222222222222"}}
	maps.Copy(values, october)
	for range 2 { // a finger that taps twice
		response, _ = b.do(http.MethodPost, form, values)
		if response.StatusCode != http.StatusSeeOther {
			t.Fatalf("%d", response.StatusCode)
		}
	}
	_, page = b.do(http.MethodGet, response.Header.Get("Location"), nil)
	contains(t, page, "Đã gửi bản 1; đang chờ Lãnh đạo đơn vị phê duyệt.", `value="97,5"`)
	if n := d.count(`SELECT count(*) FROM report p JOIN obligation o ON o.id = p.obligation_id WHERE o.owner = 'STTTT-12' AND o.subject = 'monthly/2021-10' AND o.holder = 'Leader' AND o.state = 'Owing'`); n != 1 {
		t.Errorf("%d versions wait for the leader", n)
	}
	if n := d.count(`SELECT count(*) FROM audit WHERE actor = 'FocalPoint of STTTT-12 by link' AND verb = 'submit'`); n != 1 {
		t.Errorf("%d acts by the link", n)
	}
	response, _ = b.do(http.MethodPost, "/unit/leave", nil)
	if response.StatusCode != http.StatusSeeOther || d.count(`SELECT count(*) FROM sessions`) != 0 {
		t.Error("leaving keeps the session")
	}
	if response, _ := b.do(http.MethodGet, "/unit", nil); response.StatusCode != http.StatusSeeOther || response.Header.Get("Location") != "/login?next=%2Funit" {
		t.Errorf("after leaving: %d", response.StatusCode)
	}
}

// What is asked for outside the plan has a form as well.
func TestUnitAnswersARequest(t *testing.T) {
	d := openDesk(t, "")
	now, err := d.engine.Now(t.Context())
	d.ok(err)
	_, err = d.engine.Request(t.Context(), engine.By(auth.Actor{Name: "an", Role: auth.Operator}, "bão số 7"), "covid-2021",
		engine.AdHoc{Name: "bao-so-7", Title: "báo cáo thiệt hại do bão số 7", Due: now.Add(72 * time.Hour), Units: []string{"STTTT-12"}})
	d.ok(err)
	b := d.visiting(auth.FocalPoint)
	_, page := b.do(http.MethodGet, "/unit/covid-2021", nil)
	contains(t, page, "Báo cáo thiệt hại do bão số 7")
	const form = "/unit/covid-2021/report/request/bao-so-7"
	_, page = b.do(http.MethodGet, form, nil)
	wellFormed(t, form, page)
	contains(t, page, "ketQua", "Trình Lãnh đạo đơn vị")
	if strings.Contains(page, `name="f.`) {
		t.Error("it asks for figures")
	}
	response, page := b.do(http.MethodPost, form, url.Values{"s.ketQua": {"12 trạm"}})
	if response.StatusCode != http.StatusSeeOther {
		t.Errorf("%d %s", response.StatusCode, page)
	}
}

// A leader's link reads the draft and says what approving takes.
func TestLeaderReadsByLink(t *testing.T) {
	d := openDesk(t, "")
	d.visiting(auth.FocalPoint).do(http.MethodPost, form, october)
	b := d.visiting(auth.Leader)
	_, page := b.do(http.MethodGet, form, nil)
	wellFormed(t, form, page)
	contains(t, page, "Đã hoàn thành", "97,5 %", "Phê duyệt cần mã truy cập cá nhân")
	if strings.Contains(page, "<textarea") {
		t.Error("the leader's link has a form")
	}
	if response, _ := b.do(http.MethodPost, form, october); response.StatusCode != http.StatusForbidden {
		t.Errorf("the leader's link submits: %d", response.StatusCode)
	}
}

// The cookie is Secure where the pages are https, and lives below their path.
func TestCookieBehindHTTPS(t *testing.T) {
	d := openDesk(t, "https://thidua.example/goc")
	b := d.browser()
	response, page := b.do(http.MethodPost, "/goc"+link(auth.FocalPoint), nil)
	if response.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %s", response.StatusCode, page)
	}
	if c := response.Cookies()[0]; !c.Secure || c.Path != "/goc/" || response.Header.Get("Location") != "/goc/unit" {
		t.Errorf("%v, on to %s", c, response.Header.Get("Location"))
	}
}

// Revoking a unit's links ends what they have opened.
func TestRevokedWhileOpen(t *testing.T) {
	d := openDesk(t, "")
	b := d.visiting(auth.FocalPoint)
	_, err := d.engine.RevokeLinks(context.Background(), engine.By(auth.Actor{Role: auth.Operator}, "x"), unit)
	d.ok(err)
	for _, ask := range []struct{ method, path string }{{http.MethodGet, "/unit"}, {http.MethodGet, form}, {http.MethodPost, form}} {
		if response, page := b.do(ask.method, ask.path, october); response.StatusCode != http.StatusForbidden || !strings.Contains(page, "không còn hiệu lực") {
			t.Errorf("%s %s: %d", ask.method, ask.path, response.StatusCode)
		}
	}
}

// Who asks for pages: strangers, who come by a link, who log in.
var (
	strangers = []string{"nobody", "token", "expired", "revoked", "forged", "stolen"}
	linked    = []string{"focal", "leader", "cross-origin"}
	accounts  = []string{"office", "office-other", "operator", "auditor", "appraiser", "focal-account", "leader-account", "leader-other"}
)

// pageRow is one route and what each is answered; what is left out is answered as nobody.
type pageRow struct {
	route, path string
	want        map[string]int
}

// to is what the named are answered, and nobody.
func to(status int, nobody int, who ...string) map[string]int {
	want := map[string]int{"nobody": nobody}
	for _, w := range who {
		want[w] = status
	}
	return want
}

func with(want map[string]int, status int, who ...string) map[string]int {
	for _, w := range who {
		want[w] = status
	}
	return want
}

// all who have shown who they are; the link's page of others is no show.
func all() []string { return slices.Concat(linked, accounts) }

const (
	in    = http.StatusOK
	onTo  = http.StatusSeeOther // for nobody, to the login
	no    = http.StatusForbidden
	none  = http.StatusNotFound
	wrong = http.StatusUnprocessableEntity
)

// reads is a page about a campaign, for those who may read all of it.
func reads(route, path string, status int) pageRow {
	want := with(to(no, onTo, all()...), status, "office", "operator", "auditor", "appraiser")
	return pageRow{route, path, want}
}

// steers is for those who steer the campaign.
func steers(route, path string, status, nobody int) pageRow {
	return pageRow{route, path, with(to(no, nobody, all()...), status, "office", "operator")}
}

// declares is for whoever may declare a campaign: an office its own, operators any. Another
// office is answered otherwise about a proposal than about a new one.
func declares(route, path string, status, nobody, other int) pageRow {
	return pageRow{route, path, with(with(to(no, nobody, all()...), status, "office", "operator"), other, "office-other")}
}

// admits is for operators, and for offices about people of their own campaigns.
func admits(route, path string, operator, nobody, office int) pageRow {
	return pageRow{route, path, with(with(to(no, nobody, all()...), operator, "operator"), office, "office", "office-other")}
}

// open is a page for everybody.
func open(route, path string, status int) pageRow { return pageRow{route, path, to(status, status)} }

// own is what somebody does about the account that they have logged in to.
func own(route, path string, status int) pageRow {
	nobody := onTo
	if strings.HasPrefix(route, "POST") {
		nobody = no
	}
	want := to(status, nobody, accounts...)
	return pageRow{route, path, with(want, nobody, "focal", "leader", "cross-origin")}
}

var pageRows = []pageRow{
	{"GET /{$}", "/", with(to(in, onTo, "office", "office-other", "operator", "auditor", "appraiser"), onTo, "focal", "leader")},
	{"GET /live", "", nil}, {"GET /campaigns/{name}/live", "", nil}, {"GET /campaigns/{name}/pictures/live", "", nil},
	reads("GET /campaigns/{name}/pictures", "/campaigns/covid-2021/pictures", in),
	reads("GET /campaigns/{name}/pictures/{picture}", "/campaigns/covid-2021/pictures/ranks", in), // none is sealed: an empty picture
	reads("GET /campaigns/{name}", "/campaigns/covid-2021", in),
	reads("GET /campaigns/{name}/units", "/campaigns/covid-2021/units", in),
	reads("GET /campaigns/{name}/units/{code}", "/campaigns/covid-2021/units/DN-05", in),
	{"GET /todo", "/todo", with(to(in, onTo, all()...), no, "appraiser")},
	steers("GET /campaigns/{name}/steer", "/campaigns/covid-2021/steer", in, onTo),
	steers("POST /campaigns/{name}/steer", "/campaigns/covid-2021/steer", none, no),
	steers("GET /campaigns/{name}/units/{code}/{round...}", "/campaigns/covid-2021/units/DN-05/monthly/2021-10", in, onTo),
	steers("POST /campaigns/{name}/units/{code}/{round...}", "/campaigns/covid-2021/units/DN-05/monthly/2021-10", none, no),
	declares("GET /declare", "/declare", in, onTo, in),
	declares("POST /declare", "/declare", wrong, no, wrong),
	open("GET /declare/units.xlsx", "/declare/units.xlsx", in),
	declares("GET /declare/{proposal}", "/declare/"+proposalID, in, onTo, none),
	declares("POST /declare/{proposal}", "/declare/"+proposalID, none, no, none),
	declares("GET /declare/{proposal}/campaign.yaml", "/declare/"+proposalID+"/campaign.yaml", in, onTo, none),
	declares("GET /declare/{proposal}/rehearsal", "/declare/"+proposalID+"/rehearsal", none, onTo, none),
	reads("GET /campaigns/{name}/messages", "/campaigns/covid-2021/messages", in),
	steers("POST /campaigns/{name}/messages", "/campaigns/covid-2021/messages", none, no),
	admits("GET /people", "/people", in, onTo, in),
	admits("POST /people", "/people", none, no, none),
	admits("GET /people/{id}", "/people/1", in, onTo, none), // the office's own account is the operator's to change
	admits("POST /people/{id}", "/people/1", none, no, none),
	reads("GET /campaigns/{name}/ranking", "/campaigns/covid-2021/ranking", none),
	reads("GET /campaigns/{name}/letters/{id}", "/campaigns/covid-2021/letters/1", in),
	open("GET /roots", "/roots", in),
	open("GET /assets/{digest}/{file}", "/assets/x/style.css", in), open("/", "/nowhere", none),
	{"GET /u/{link}", "LINK", with(to(in, in), no, "expired", "revoked", "forged")},
	{"POST /u/{link}", "LINK", with(to(onTo, onTo), no, "expired", "revoked", "forged", "cross-origin")},
	{"GET /unit", "/unit", with(to(onTo, onTo, all()...), no, "office", "office-other", "operator", "auditor", "appraiser")},
	{"GET /unit/{campaign}", "/unit/covid-2021", with(to(no, onTo, accounts...), in, "focal", "leader", "cross-origin", "focal-account", "leader-account", "leader-other")},
	{"GET /unit/{campaign}/report/{round...}", form, with(to(no, onTo, accounts...), in, "focal", "leader", "cross-origin", "focal-account", "leader-account", "leader-other")},
	{"POST /unit/{campaign}/report/{round...}", form, with(with(to(no, no, all()...), onTo, "focal", "focal-account", "leader-account"), wrong, "leader-other")},
	{"POST /unit/{campaign}/approve/{round...}", "/unit/covid-2021/approve/monthly/2021-10", with(with(to(no, no), onTo, "leader-account"), wrong, "leader-other")},
	{"POST /unit/{campaign}/handback/{round...}", "/unit/covid-2021/handback/monthly/2021-10", with(to(no, no), wrong, "leader-account", "leader-other")},
	{"POST /unit/leave", "/unit/leave", with(to(onTo, onTo), no, "cross-origin")}, // it ends one's own session, and nobody's otherwise
	open("GET /login", "/login", in),
	{"POST /login", "/login", with(to(wrong, wrong), no, "cross-origin")},
	own("GET /login/code", "/login/code", in),
	own("POST /login/code", "/login/code", wrong),
	open("GET /invite/{secret}", "/invite/x", no),
	open("POST /invite/{secret}", "/invite/x", no),
	own("GET /account", "/account", in),
	own("GET /account/factor", "/account/factor", in),
	own("GET /account/factor.png", "/account/factor.png", in),
	own("POST /account/factor", "/account/factor", wrong),
	own("POST /account/password", "/account/password", wrong),
	own("POST /account/delegate", "/account/delegate", wrong),
	own("POST /account/undelegate", "/account/undelegate", none),
	own("POST /account/role", "/account/role", none),
	own("POST /account/everywhere", "/account/everywhere", onTo),
	{"POST /logout", "/logout", with(to(onTo, onTo), no, "cross-origin")},
}

// asker is a browser of each who asks, with the link that they hold.
func (d *desk) asker(who string) (*browser, string) {
	d.t.Helper()
	b, l := d.browser(), link(auth.FocalPoint)
	switch who {
	case "token": // pages know no tokens
		_, secret, err := d.engine.IssueToken(context.Background(), engine.By(auth.Actor{Role: auth.Operator}, ""), engine.Grant{Name: "x", Role: auth.Operator, ExpiresAt: time.Now().Add(time.Hour)})
		d.ok(err)
		b.headers["Authorization"] = "Bearer " + secret
	case "focal":
		b = d.visiting(auth.FocalPoint)
	case "leader":
		b, l = d.visiting(auth.Leader), link(auth.Leader)
	case "expired":
		l = link(auth.FocalPoint, func(l *auth.Link) { l.Expires = time.Now().Add(-time.Second) })
	case "revoked":
		l = link(auth.FocalPoint, func(l *auth.Link) { l.Version = 0 })
	case "forged":
		l = "/u/" + auth.Link{Unit: unit, Role: auth.FocalPoint, Campaign: looktest.Name, Version: 1, Key: 1, Expires: time.Now().Add(time.Hour)}.Sign([]byte("mine"))
	case "stolen": // a cookie of one's own making
		b.headers["Cookie"] = "thidua=" + strings.Repeat("A", 43)
	case "cross-origin": // a page of others, in a browser that has a session
		b = d.visiting(auth.FocalPoint)
		b.headers["Sec-Fetch-Site"], b.headers["Origin"] = "cross-site", "https://evil.example"
	case "nobody":
	default:
		b = d.login(who)
	}
	return b, l
}

// grants of those who log in.
var grants = map[string]engine.Grant{
	"office": {Role: auth.Office, Unit: "BTTTT-TDKT"}, "office-other": {Role: auth.Office, Unit: "BTTTT"},
	"operator": {Role: auth.Operator}, "auditor": {Role: auth.Auditor}, "appraiser": {Role: auth.Appraiser, Unit: "BTTTT-TDKT"},
	"focal-account": {Role: auth.FocalPoint, Unit: unit}, "leader-account": {Role: auth.Leader, Unit: unit},
	"leader-other": {Role: auth.Leader, Unit: "STTTT-22"},
}

// TestEveryPageForEverybody: one row a route; a route without a row fails.
func TestEveryPageForEverybody(t *testing.T) {
	d := openDesk(t, "")
	var rows []string
	for _, r := range pageRows {
		rows = append(rows, r.route)
	}
	slices.Sort(rows)
	if got := d.app.Routes(); !slices.Equal(got, rows) {
		t.Fatalf("routes %v\nrows   %v", got, rows)
	}
	for _, who := range accounts {
		d.account(who, grants[who])
	}
	d.sketch(proposalID)
	acts := func() int {
		return d.count(`SELECT count(*) FROM audit WHERE verb NOT IN ('issue', 'admit')`) + d.count(`SELECT count(*) FROM report`)
	}
	asked := 0
	for _, who := range slices.Concat(strangers, all()) {
		b, l := d.asker(who)
		for _, r := range pageRows {
			if r.path == "" {
				continue // it answers for as long as somebody listens; TestLive has it
			}
			want, ok := r.want[who]
			if !ok {
				want = r.want["nobody"]
			}
			method, _, _ := strings.Cut(r.route, " ")
			if method == "/" {
				method = http.MethodGet
			}
			switch r.route { // they end or change the session
			case "POST /u/{link}", "POST /unit/leave", "POST /logout", "POST /account/everywhere":
				b, l = d.asker(who)
			}
			path := r.path
			if path == "LINK" {
				path = l
			}
			before := acts()
			response, page := b.do(method, path, october)
			asked++
			if response.StatusCode != want {
				t.Errorf("%s as %s answers %d, want %d: %.300s", r.route, who, response.StatusCode, want, page)
			}
			does := strings.HasPrefix(r.route, "POST /unit/{campaign}/") && want == onTo
			if wrote := acts() != before; wrote != does {
				t.Errorf("%s as %s: something was written: %v", r.route, who, wrote)
			}
			switch r.route {
			case "POST /u/{link}", "POST /unit/leave", "POST /logout", "POST /account/everywhere":
				b, l = d.asker(who)
			}
		}
	}
	t.Logf("%d routes, %d requests", len(rows), asked)
}

var secretInLog = regexp.MustCompile(`/u/[A-Za-z0-9_-]{20,}`)

// A page that fails logs its route, never a link.
func TestLinksAreNotLogged(t *testing.T) {
	d := openDesk(t, "")
	var log strings.Builder
	app := pages.New(pages.Options{Look: look.New(d.pool), Engine: d.engine, Sessions: pgxstore.NewWithCleanupInterval(d.pool, 0), Log: textLog(&log)})
	t.Cleanup(app.Stop)
	_, err := d.pool.Exec(context.Background(), `ALTER TABLE link_version RENAME TO gone`)
	d.ok(err)
	w := httptest.NewRecorder()
	app.ServeHTTP(w, httptest.NewRequest(http.MethodGet, link(auth.FocalPoint), nil))
	if w.Code != http.StatusInternalServerError || secretInLog.MatchString(log.String()) || !strings.Contains(log.String(), "/u/{link}") {
		t.Errorf("%d, logged: %s", w.Code, log.String())
	}
	if strings.Contains(w.Body.String(), "link_version") || strings.Contains(w.Body.String(), "42P01") {
		t.Error("the page tells what Postgres said")
	}
}

// Whatever is typed, it is no fault of ours.
func TestAnyFormIsAnswered(t *testing.T) {
	d := openDesk(t, "")
	b := d.visiting(auth.FocalPoint)
	for i, v := range []url.Values{
		{}, {"s.ketQua": {"\x00"}}, {"s.ketQua": {"\xff\xfe"}}, {"request": {"x"}}, {"f.platform-shared": {"1e9"}}, {"f.platform-shared": {strings.Repeat("9", 5000)}},
		{"s.ketQua": {strings.Repeat("a", 2<<20)}}, {"f.hard-tasks-done": {"-0"}}, {"t.0": {"x"}, "t.99999": {"y"}},
	} {
		values := url.Values{}
		maps.Copy(values, october)
		maps.Copy(values, v)
		response, page := b.do(http.MethodPost, form, values)
		if response.StatusCode >= 500 {
			t.Errorf("%d: %d %.300s", i, response.StatusCode, page)
		}
	}
	for _, path := range []string{"/unit/covid-2021/report/", "/unit/covid-2021/report/nothing", "/unit/covid-2021/report/%00", "/unit/covid-2021/report/" + strings.Repeat("x", 3000), "/u/%00", "/u/" + strings.Repeat("A", 5000)} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if response, page := b.do(method, path, october); response.StatusCode >= 500 {
				t.Errorf("%s %s: %d %.300s", method, path, response.StatusCode, page)
			}
		}
	}
}

func textLog(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

// Files go with a report, by the unit's link too; those that were sent stay unless they
// are unchecked, and a draft keeps them.
func TestUnitSendsFiles(t *testing.T) {
	d := openDesk(t, "")
	b := d.visiting(auth.FocalPoint)
	if response, page := b.post(form, october, map[string]string{"rỗng.pdf": ""}); response.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, "Tệp không có nội dung") || !strings.Contains(page, "Đã hoàn thành") {
		t.Errorf("an empty file: %d", response.StatusCode)
	}
	for want, says := range map[string]error{
		"phát hiện mã độc trong tệp": &evidence.Refused{Code: "FileInfected"},
		"Đề nghị thử lại sau":        &evidence.Refused{Code: "ScannerAway", Later: true},
	} {
		d.scanner.says = says
		if response, page := b.post(form, october, map[string]string{"x.pdf": "%PDF-1.7"}); response.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, want) || !strings.Contains(page, "Đã hoàn thành") {
			t.Errorf("%s: %d", want, response.StatusCode)
		}
	}
	d.scanner.says = nil
	draft := maps.Clone(october)
	draft["draft"] = []string{"1"}
	if response, page := b.post(form, draft, map[string]string{"ảnh.jpg": "\xff\xd8\xff\xe0 ảnh"}); response.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %s", response.StatusCode, page)
	}
	_, page := b.do(http.MethodGet, form, nil)
	wellFormed(t, "form", page)
	contains(t, page, "ảnh.jpg", `name="keep"`, "checked", "Mỗi tệp tối đa 64 MB")
	hash := regexp.MustCompile(`name="keep" value="([0-9a-f]{64})"`).FindStringSubmatch(page)[1]
	// While somebody types, what was typed is kept and nothing else happens.
	b.headers["Hx-Request"] = "true"
	typing := maps.Clone(draft)
	typing["keep"], typing["s.ketQua"] = []string{hash}, []string{"Đã hoàn thành, còn"}
	response, page := b.do(http.MethodPost, form, typing)
	if response.StatusCode != http.StatusOK || !strings.Contains(page, `id="kept"`) || !strings.Contains(page, "Đã lưu nháp lúc") || strings.Contains(page, "<html") {
		t.Errorf("%d %s", response.StatusCode, page)
	}
	clear(b.headers)
	final := maps.Clone(october)
	final["keep"] = []string{hash, strings.Repeat("0", 64)} // one of one's own making counts for nothing
	if response, page := b.post(form, final, map[string]string{"biểu 2.xlsx": "PK biểu 2"}); response.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %s", response.StatusCode, page)
	}
	if n := d.count(`SELECT count(*) FROM report_file f JOIN report p ON p.id = f.report_id JOIN obligation o ON o.id = p.obligation_id WHERE o.owner = 'STTTT-12' AND f.name IN ('ảnh.jpg', 'biểu 2.xlsx')`); n != 2 {
		t.Errorf("%d files went with the report", n)
	}
	_, page = d.visiting(auth.Leader).do(http.MethodGet, form, nil)
	contains(t, page, "ảnh.jpg", "biểu 2.xlsx")
}

// The round before stands beside the new one, and fills it in by one tap; nothing is
// sent by that.
func TestSameAsBefore(t *testing.T) {
	d := &desk{t: t, pool: looktest.Seed(t, time.Date(2021, 11, 9, 10, 0, 0, 0, looktest.Zone))}
	d.open("")
	b := d.browser()
	path := "/unit/covid-2021/report/monthly/2021-11"
	var late string
	d.ok(d.pool.QueryRow(t.Context(), `SELECT o.owner FROM obligation o WHERE o.kind = 'Report' AND o.subject = 'monthly/2021-11' AND o.state = 'Owing' AND EXISTS (
		SELECT FROM obligation p JOIN report r ON r.obligation_id = p.id WHERE p.owner = o.owner AND p.subject = 'monthly/2021-10' AND p.state = 'Settled') LIMIT 1`).Scan(&late))
	b.do(http.MethodPost, link(auth.FocalPoint, func(l *auth.Link) { l.Unit = late }), nil)
	_, page := b.do(http.MethodGet, path, nil)
	wellFormed(t, "form", page)
	contains(t, page, "Không thay đổi so với kỳ trước", "kỳ trước: ")
	before := d.count(`SELECT count(*) FROM report`)
	response, page := b.do(http.MethodPost, path, url.Values{"same": {"1"}, "s.ketQua": {"Giữ vững"}})
	if response.StatusCode != http.StatusOK || strings.Contains(page, `inputmode="decimal" autocomplete="off" value=""`) {
		t.Errorf("%d %s", response.StatusCode, page)
	}
	contains(t, page, "Giữ vững")
	if d.count(`SELECT count(*) FROM report`) != before || d.count(`SELECT count(*) FROM draft`) != 0 {
		t.Error("something was sent or kept")
	}
}
