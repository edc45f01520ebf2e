package pages_test

import (
	"context"
	"io"
	"log/slog"
	"maps"
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
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/look/looktest"
	"thidua.dev/thidua/internal/pages"
	"thidua.dev/thidua/internal/store/db"
)

const (
	unit = "STTTT-12" // owes October's report
	form = "/unit/report/monthly/2021-10"
)

var signingKey = []byte("0123456789abcdef0123456789abcdef")

// desk is the pages of units over the example of 2021, while two units are chased.
type desk struct {
	*httptest.Server
	t      *testing.T
	pool   *pgxpool.Pool
	engine *engine.Engine
	app    *pages.App
}

func openDesk(t *testing.T, base string) *desk {
	t.Helper()
	d := &desk{t: t, pool: looktest.Seed(t, looktest.Chased)}
	d.engine = engine.New(d.pool, nil)
	d.ok(db.New(d.pool).InsertLinkKey(context.Background(), 1, signingKey))
	sessions := pgxstore.NewWithCleanupInterval(d.pool, 0)
	d.app = pages.New(pages.Options{Look: look.New(d.pool), Engine: d.engine, Sessions: sessions, BaseURL: base})
	d.Server = httptest.NewServer(d.app)
	t.Cleanup(func() { d.app.Stop(); d.Close() })
	return d
}

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

// browser keeps cookies and follows nothing.
type browser struct {
	*http.Client
	d       *desk
	headers map[string]string
}

func (d *desk) browser() *browser {
	jar, err := cookiejar.New(nil)
	d.ok(err)
	return &browser{&http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, d, map[string]string{}}
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
	_, page := b.do(http.MethodGet, "/unit", nil)
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
	if response, page := b.do(http.MethodGet, "/unit", nil); response.StatusCode != http.StatusForbidden || !strings.Contains(page, "mở liên kết") {
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
	_, page := b.do(http.MethodGet, "/unit", nil)
	contains(t, page, "Báo cáo thiệt hại do bão số 7")
	const form = "/unit/report/request/bao-so-7"
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

// Who asks for pages.
var askers = []string{"nobody", "token", "focal", "leader", "expired", "revoked", "forged", "stolen", "cross-origin"}

// pageRow is one route and what each is answered; what is left out is answered as nobody.
type pageRow struct {
	route, path string
	want        map[string]int
}

// everyone reads these, as long as the pages listen on the machine itself.
func open(route, path string, status int) pageRow {
	return pageRow{route, path, map[string]int{"nobody": status}}
}

var pageRows = []pageRow{
	open("GET /{$}", "/", 200), open("GET /live", "", 200), open("GET /campaigns/{name}", "/campaigns/covid-2021", 200), open("GET /campaigns/{name}/live", "", 200),
	open("GET /campaigns/{name}/units", "/campaigns/covid-2021/units", 200), open("GET /campaigns/{name}/units/{code}", "/campaigns/covid-2021/units/DN-05", 200),
	open("GET /campaigns/{name}/ranking", "/campaigns/covid-2021/ranking", 404), open("GET /campaigns/{name}/letters/{id}", "/campaigns/covid-2021/letters/1", 200),
	open("GET /roots", "/roots", 200),
	open("GET /assets/{digest}/{file}", "/assets/x/style.css", 200), open("/", "/nowhere", 404),
	{"GET /u/{link}", "LINK", map[string]int{"nobody": 200, "expired": 403, "revoked": 403, "forged": 403}},
	{"POST /u/{link}", "LINK", map[string]int{"nobody": 303, "expired": 403, "revoked": 403, "forged": 403, "cross-origin": 403}},
	{"GET /unit", "/unit", map[string]int{"nobody": 403, "focal": 200, "leader": 200, "cross-origin": 200}},
	{"GET /unit/report/{round...}", form, map[string]int{"nobody": 403, "focal": 200, "leader": 200, "cross-origin": 200}},
	{"POST /unit/report/{round...}", form, map[string]int{"nobody": 403, "focal": 303, "leader": 403}},
	{"POST /unit/leave", "/unit/leave", map[string]int{"nobody": 303, "cross-origin": 403}}, // it ends one's own session, and nobody's otherwise
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
	}
	return b, l
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
	acts := func() int {
		return d.count(`SELECT count(*) FROM audit WHERE verb <> 'issue'`) + d.count(`SELECT count(*) FROM report`)
	}
	for _, who := range askers {
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
			b, l := d.asker(who)
			path := r.path
			if path == "LINK" {
				path = l
			}
			before := acts()
			response, page := b.do(method, path, october)
			if response.StatusCode != want {
				t.Errorf("%s as %s answers %d, want %d: %.300s", r.route, who, response.StatusCode, want, page)
			}
			if wrote := acts() != before; wrote != (r.route == "POST /unit/report/{round...}" && who == "focal") {
				t.Errorf("%s as %s: something was written: %v", r.route, who, wrote)
			}
		}
	}
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
	for _, path := range []string{"/unit/report/", "/unit/report/nothing", "/unit/report/%00", "/unit/report/" + strings.Repeat("x", 3000), "/u/%00", "/u/" + strings.Repeat("A", 5000)} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if response, page := b.do(method, path, october); response.StatusCode >= 500 {
				t.Errorf("%s %s: %d %.300s", method, path, response.StatusCode, page)
			}
		}
	}
}

func textLog(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }
