package pages_test

import (
	"bytes"
	"cmp"
	"context"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/look/looktest"
)

// hammer asks the pages without a network, so that a panic is one.
type hammer struct {
	*desk
	routes  []string
	said    *bytes.Buffer // the log of the last request
	cookies map[string][]*http.Cookie
}

// whose sessions there are; the first has none.
var hammerers = []string{"nobody", "office", "operator", "unit", "leader-account"}

func newHammer(t testing.TB) *hammer {
	t.Helper()
	h := &hammer{said: &bytes.Buffer{}, cookies: map[string][]*http.Cookie{}}
	h.desk = &desk{t: t, pool: looktest.Seed(t, looktest.Chased), log: textLog(h.said)}
	h.open("")
	home, err := url.Parse(h.URL)
	h.ok(err)
	for _, who := range hammerers[1:] {
		var b *browser
		if who == "unit" {
			b = h.visiting(auth.FocalPoint)
		} else {
			h.account(who, grants[who])
			b = h.login(who)
		}
		h.cookies[who] = b.Jar.Cookies(home)
	}
	h.sketch(proposalID)
	for _, table := range []string{"sessions", "account", "account_role", "proposal"} {
		_, err := h.pool.Exec(context.Background(), `CREATE TABLE kept_`+table+` AS TABLE `+table)
		h.ok(err)
	}
	h.routes = h.app.Routes()
	return h
}

// mend lets everybody in again, and the proposal be drawn up again: what one request ends
// is no excuse for the next.
func (h *hammer) mend(t testing.TB) {
	t.Helper()
	_, err := h.pool.Exec(context.Background(), `
		INSERT INTO sessions TABLE kept_sessions ON CONFLICT (token) DO UPDATE SET data = excluded.data, expiry = excluded.expiry;
		UPDATE account a SET version = k.version, disabled_at = NULL, locked_until = NULL, password = k.password, totp = k.totp FROM kept_account k WHERE k.id = a.id;
		UPDATE account_role r SET revoked_at = NULL, expires_at = k.expires_at FROM kept_account_role k WHERE k.id = r.id;
		DELETE FROM proposal; INSERT INTO proposal TABLE kept_proposal`)
	if err != nil {
		t.Fatal(err)
	}
}

// raw marks a body that no browser would send.
const raw = 1 << 7

// shot is one request.
type shot struct {
	route       string
	who         string
	odd         byte   // which parts of the path are word; the highest bit: file is the body as it is
	word, query string // word also names the file
	form        string
	file        []byte // sent with the form, in each of the fields that take files
}

var pathPart = regexp.MustCompile(`\{([a-z]+)(\.\.\.)?\}`)

// path of a route with its parts filled in.
func (s shot) path() string {
	_, pattern, _ := strings.Cut(s.route, " ")
	if pattern == "" {
		pattern = "/nowhere"
	}
	given := map[string]string{
		"name": looktest.Name, "campaign": looktest.Name, "code": unit, "round": "monthly/2021-10", "proposal": proposalID, "id": "1", "secret": "x",
		"picture": "ranks", "digest": "x", "file": "style.css", "link": strings.TrimPrefix(link(auth.FocalPoint), "/u/"),
	}
	n := 0
	return pathPart.ReplaceAllStringFunc(strings.ReplaceAll(pattern, "{$}", ""), func(part string) string {
		n++
		if s.odd&(1<<(n-1)) != 0 {
			return url.PathEscape(s.word)
		}
		return given[pathPart.FindStringSubmatch(part)[1]]
	})
}

// request that a shot makes; nil where it is none that a server would see.
func (s shot) request() *http.Request {
	method, _, _ := strings.Cut(s.route, " ")
	if method == "/" {
		method = http.MethodGet
	}
	body, kind := strings.NewReader(s.form), "application/x-www-form-urlencoded"
	if s.odd&raw != 0 {
		body, kind = strings.NewReader(string(s.file)), "multipart/form-data; boundary=x"
	} else if len(s.file) > 0 {
		var b bytes.Buffer
		form := multipart.NewWriter(&b)
		values, _ := url.ParseQuery(s.form) // what can be read of it
		for name, all := range values {
			for _, v := range all {
				_ = form.WriteField(name, v) // a buffer takes all
			}
		}
		for _, field := range []string{"units", "files", "scan"} {
			if part, err := form.CreateFormFile(field, cmp.Or(s.word, "ds.csv")); err == nil {
				_, _ = part.Write(s.file)
			}
		}
		_ = form.Close()
		body, kind = strings.NewReader(b.String()), form.FormDataContentType()
	}
	r, err := http.NewRequest(method, "http://thidua.example"+s.path(), body)
	if err != nil {
		return nil
	}
	r.URL.RawQuery, r.RequestURI, r.RemoteAddr = s.query, s.path(), "127.0.0.1:1"
	if method == http.MethodPost {
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	return r
}

// listener hangs up when it hears the first word: live pages go on talking.
type listener struct {
	*httptest.ResponseRecorder
	hangUp func()
}

func (l listener) Write(b []byte) (int, error) {
	defer l.hangUp()
	return l.ResponseRecorder.Write(b)
}

// fire makes a request, goes where it leads, and holds both answers to be no fault of ours.
func (h *hammer) fire(t testing.TB, s shot) {
	t.Helper()
	r := s.request()
	if r == nil {
		return
	}
	w := h.ask(t, s, r)
	if r.Method != http.MethodPost || w.Code >= http.StatusBadRequest {
		return // nothing was done
	}
	if to, err := url.Parse(w.Header().Get("Location")); err == nil && w.Code == http.StatusSeeOther && to.Host == "" {
		if next, err := http.NewRequest(http.MethodGet, "http://thidua.example"+to.String(), http.NoBody); err == nil {
			h.ask(t, s, next)
		}
	}
	h.mend(t)
}

func (h *hammer) ask(t testing.TB, s shot, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, c := range h.cookies[s.who] {
		r.AddCookie(c)
	}
	h.said.Reset()
	w := httptest.NewRecorder()
	if strings.HasSuffix(r.URL.Path, "/live") {
		h.app.ServeHTTP(listener{w, cancel}, r.WithContext(ctx))
	} else {
		h.app.ServeHTTP(w, r.WithContext(ctx))
	}
	if w.Code >= http.StatusInternalServerError {
		t.Errorf("%s as %s answers %d at %.200q\npath  %q\nquery %q\nform  %q\nfile  %q %.200q\n%s", s.route, s.who, w.Code, r.URL, s.path(), s.query, s.form, s.word, s.file, h.said)
	}
	return w
}

// odd are words that no page asks for.
var odd = []string{
	"", "\x00", "\xff\xfe", "-1", "99999999999999999999", "0001-01-01", "9999-12-31", "NaN", "%", "../..", "a/b?c#d", "<b>'\"&", "=1+1", "\u202e\U0010ffff", strings.Repeat("đ", 3000),
}

// formActs of routes whose page has several forms.
var formActs = map[string][]string{
	"POST /campaigns/{name}/steer":                   {"launch", "pause", "resume", "cancel", "extend", "request", "consolidate", "decide"},
	"POST /campaigns/{name}/units/{code}/{round...}": {"handback", "record", "extend", "return", "reopen"},
	"POST /campaigns/{name}/messages":                {"hold", "release", "cancelMessages", "resend"},
	"POST /declare/{proposal}":                       {"fields", "units", "yaml", "rehearse", "declare", "launch", "drop"},
	"POST /people":                                   {"search", "admit", "give"},
	"POST /people/{id}":                              {"give", "revoke", "invite", "disable", "enable", "resetFactor", "signOut"},
}

// formFields are all that some form has.
var formFields = strings.Fields(`reason request to toTime due dueTime unit units round short title number dated signedBy received receivedTime source text deadlines
	approval name login role line campaign until from q message step all state below yaml version plan backdate password again old code next draft same keep
	template launch launchTime office roster typed t.0 s.ketQua f.commune-vc-2way f.hard-tasks-done
	metadata.name repeat.spec.indicators remove.spec.indicators spec.title.vi spec.ceremony.at spec.launch.at spec.axes[professional].weight spec.reminders[overdue].offset
	spec.registration.hardTasks.max spec.reporting[monthly].due.day spec.office spec.participants.kinds spec.timeZone spec.calendar`)

// oddForm has one word in all fields but some.
func oddForm(word string, but ...string) string {
	v := url.Values{}
	for _, f := range formFields {
		v.Set(f, word)
	}
	for i := 0; i+1 < len(but); i += 2 {
		v.Set(but[i], but[i+1])
	}
	return v.Encode()
}

// manifests that somebody may have typed.
var manifests = []string{
	"", "x", "a: [", "--- \n---\n", "kind: Campaign", "apiVersion: thidua.dev/v1\nkind: Campaign\nmetadata: {name: x}\nspec: {}", "apiVersion: thidua.dev/v1\nkind: Campaign\nmetadata: {name: x}\nspec: {timeZone: Mars/X, launch: {at: 9999-12-31}}",
	"apiVersion: thidua.dev/v1\nkind: Roster\nmetadata: {name: x}", "a: &a [*a]", strings.Repeat("[", 5000), "spec: !!binary x", "\xff", "apiVersion: thidua.dev/v1\nkind: Campaign\nmetadata: null\nspec: null",
}

// lists of units that somebody may have sent.
var lists = []string{
	"\x00", "code,name\n", "code,name\n,\n", "code,name\n\"", "code,name\nA,\xff\n", "code,name,collects_to\nA,A,A\n", "PK\x03\x04", "PK\x05\x06" + strings.Repeat("\x00", 18), "\xef\xbb\xbfMã;Tên đơn vị\n1;Một\n",
	"code,name\n" + strings.Repeat("A,B\n", 200), "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", strings.Repeat(",", 20000) + "\n1",
}

// seeds are asked in every run of the tests.
func (h *hammer) seeds(workbook string) (all []shot) {
	for _, route := range h.routes {
		who := "operator"
		if strings.Contains(route, "/unit") && !strings.Contains(route, "{name}") || strings.Contains(route, "/u/") {
			who = "unit"
		}
		if strings.Contains(route, "/approve/") || strings.Contains(route, "/handback/") {
			who = "leader-account"
		}
		parts := len(pathPart.FindAllString(route, -1))
		for i, word := range odd {
			if parts > 0 {
				all = append(all, shot{route: route, who: who, odd: byte(1 + i%(1<<parts-1)), word: word})
			}
		}
		if !strings.HasPrefix(route, "POST ") {
			for _, word := range append(odd[:4:4], "9223372036854775807") {
				all = append(all, shot{route: route, who: who, query: url.Values{
					"unit": {word}, "round": {word}, "state": {word}, "step": {word}, "message": {word}, "below": {word}, "review": {word}, "q": {word}, "next": {"/" + word}, "done": {word}, "seen": {word}, "lang": {word},
				}.Encode()})
			}
			all = append(all, shot{route: route, who: who, query: "%zz&;=%"})
			continue
		}
		for _, body := range []string{"", "--x", "--x\r\n\r\n\r\n--x--", "--x\r\nContent-Disposition: form-data; name=units; filename=a\r\n\r\nx", "--x\r\nContent-Disposition: form-data; name=\"act\"\r\n\r\n" + strings.Repeat("a", 1<<20) + "\r\n--x--"} {
			all = append(all, shot{route: route, who: who, odd: raw, file: []byte(body)})
		}
		for _, act := range append(formActs[route], "") {
			for i, word := range odd[:8] {
				all = append(all, shot{route: route, who: who, form: oddForm(word, "act", act)})
				if i%2 == 0 {
					all = append(all, shot{route: route, who: "office", form: oddForm(word, "act", act)})
				}
			}
			all = append(all, shot{route: route, who: who, form: oddForm("2021-10-29", "act", act, "toTime", "17:00", "round", "monthly/2021-10")},
				shot{route: route, who: "nobody", form: "act=" + act}, shot{route: route, who: who, form: "act=" + act + "&%zz"})
		}
	}
	for _, word := range odd { // "same" only fills in, "draft" only keeps
		all = append(all, shot{route: "POST /unit/{campaign}/report/{round...}", who: "unit", form: oddForm(word, "same", "")},
			shot{route: "POST /unit/{campaign}/report/{round...}", who: "unit", form: oddForm(word, "same", "", "draft", "")})
	}
	for _, text := range manifests {
		all = append(all, shot{route: "POST /declare/{proposal}", who: "office", form: url.Values{"act": {"yaml"}, "yaml": {text}}.Encode()})
	}
	begin := url.Values{"title": {"Mẫu"}, "template": {"short"}, "launch": {"2021-11-02"}}.Encode()
	for _, text := range append(lists, workbook, workbook[:len(workbook)/2], strings.Replace(workbook, "xl/worksheets", "xl/worksheetz", 1)) {
		for _, name := range []string{"ds.csv", "ds.xlsx"} {
			all = append(all, shot{route: "POST /declare", who: "office", word: name, form: begin, file: []byte(text)},
				shot{route: "POST /declare/{proposal}", who: "office", word: name, form: "act=units", file: []byte(text)})
		}
	}
	for _, name := range []string{"", "\x00", "..", "\xff.pdf", strings.Repeat("x", 300)} {
		all = append(all, shot{route: "POST /unit/{campaign}/report/{round...}", who: "unit", word: name, form: october.Encode(), file: []byte("x")},
			shot{route: "POST /campaigns/{name}/units/{code}/{round...}", who: "office", word: name, form: "act=record&number=1&received=2021-10-18&source=Paper", file: []byte("x")})
	}
	return all
}

// FuzzPages: whatever is asked, it is no fault of ours.
func FuzzPages(f *testing.F) {
	h := newHammer(f)
	seeds := h.seeds(list(f, []any{1, "SYT", "Sở Y tế", "Cụm 1", "a@yte.example", "gd@yte.example"}))
	index := func(all []string, one string) byte { return byte(max(slices.Index(all, one), 0)) }
	for _, s := range seeds {
		f.Add(index(h.routes, s.route), index(hammerers, s.who), s.odd, s.word, s.query, s.form, s.file)
	}
	f.Logf("%d requests", len(seeds))
	f.Fuzz(func(t *testing.T, route, who, odd byte, word, query, form string, file []byte) {
		h.fire(t, shot{h.routes[int(route)%len(h.routes)], hammerers[int(who)%len(hammerers)], odd, word, query, form, file})
	})
}
