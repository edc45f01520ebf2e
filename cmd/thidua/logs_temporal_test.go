//go:build temporal

package main

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/cli"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/logs"
	"thidua.dev/thidua/internal/mailbox"
	"thidua.dev/thidua/internal/standalone"
)

// logbook is a log that many write to.
type logbook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// lines that were written so far, parsed.
func (l *logbook) lines(t *testing.T) (raw []string, parsed []map[string]any) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Errorf("no JSON: %s", line)
		}
		raw, parsed = append(raw, line), append(parsed, m)
	}
	return raw, parsed
}

// A whole campaign, a database that is killed in the middle of it, and people at the
// pages and the API: the log of it all, at its most talkative, names nobody and gives
// away no secret, and says of each line what it is about.
func TestLogsNameNobody(t *testing.T) {
	var book logbook
	console, dir := discard(), dataDir(t)
	console.Log = logs.New(&book, logs.JSON, slog.LevelDebug)
	in := begin(t, cli.UpOptions{Console: console, Place: cli.Place{DataDir: dir}, Demo: true, DemoDir: seedDir})
	go func() {
		for t.Context().Err() == nil {
			var sent int
			if err := in.pool.QueryRow(t.Context(), `SELECT count(*) FROM message WHERE state = 'Sent'`).Scan(&sent); err == nil && sent > 100 {
				_, postgres := standalone.PIDs(dir)
				_ = syscall.Kill(postgres, syscall.SIGKILL)
				return
			}
			_ = pause(t.Context(), 50*time.Millisecond)
		}
	}()
	if err := in.play(t.Context()); err != nil {
		t.Fatal(err)
	}
	said := visit(t, in)

	// What must not be said.
	rows, err := in.pool.Query(t.Context(), `
		SELECT name FROM contact UNION SELECT email FROM contact UNION SELECT login FROM account UNION SELECT name FROM account
		UNION SELECT name FROM token UNION SELECT value FROM report, jsonb_each_text(sections)
		UNION SELECT value FROM report, jsonb_array_elements_text(hard_tasks)`)
	if err != nil {
		t.Fatal(err)
	}
	known, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if len(known) < 300 {
		t.Fatalf("only %d names, addresses and texts are known", len(known))
	}
	raw, parsed := book.lines(t)
	all := strings.ToLower(strings.Join(raw, ""))
	for _, word := range append(known, said...) {
		if word = strings.ToLower(word); len(word) > 3 && strings.Contains(all, word) {
			i := slices.IndexFunc(raw, func(line string) bool { return strings.Contains(strings.ToLower(line), word) })
			t.Errorf("the log says %q: %s", word, raw[i])
		}
	}
	if found := regexp.MustCompile(`[^\s"<]+@[^\s">]+\.(vn|example)`).FindString(all); found != "" {
		t.Errorf("the log says %q", found)
	}

	// What must be.
	requests, failures := map[string]int{}, 0
	for i, m := range parsed {
		if m["error"] != nil {
			failures++
		}
		if id, _ := m["WorkflowID"].(string); id != "" {
			t.Errorf("a workflow is not named as by us: %s", raw[i])
		}
		switch m["msg"] {
		case "request":
			requests[m["route"].(string)]++
			if m["request_id"] == "" || m["status"] == nil || m["seconds"] == nil || m["bytes"] == nil || m["actor"] == nil {
				t.Errorf("it lacks something: %s", raw[i])
			}
		case "step failed":
			if m["workflow"] == nil || m["campaign"] == nil {
				t.Errorf("which step? %s", raw[i])
			}
		}
	}
	if failures == 0 {
		t.Error("the database was killed, and nothing failed")
	}
	for _, route := range []string{"GET /{$}", "GET /campaigns/{name}", "GET /u/{link}", "POST /u/{link}", "POST /login", "GET /invite/{secret}", "GET /api/v1/whoami", "/"} {
		if requests[route] == 0 {
			t.Errorf("no line for %s in %v", route, requests)
		}
	}
	if !strings.Contains(all, `"request_id":"by-the-proxy-1"`) || !strings.Contains(all, `"actor":{"role":"leader","means":"token","no":1}`) {
		t.Error("the proxy's number, or the token's, is missing")
	}
}

// visit does what people do with the pages and the API, rightly and wrongly. It returns
// what they typed and followed.
func visit(t *testing.T, in *installation) (said []string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(method, path, token, mediaType, body string, want int) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, strings.TrimSuffix(address(in.web), "/")+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", mediaType)
		r.Header.Set("X-Request-ID", "by-the-proxy-1")
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		response, err := browser.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if b, _ := io.ReadAll(response.Body); response.StatusCode != want || response.Header.Get("X-Request-ID") != "by-the-proxy-1" {
			t.Errorf("%s %s: %d, not %d: %.300s", method, path, response.StatusCode, want, b)
		}
	}
	get := func(path string, want int) { t.Helper(); ask("GET", path, "", "", "", want) }
	post := func(path string, want int, form url.Values) {
		t.Helper()
		ask("POST", path, "", "application/x-www-form-urlencoded", form.Encode(), want)
	}
	get("/", 200)
	get("/campaigns/"+in.demo.campaign.Name, 200)
	get("/campaigns/nguyen.van.an@so.example", 404)
	get("/ai-do/nguyen.van.an@so.example?q=Nguyễn", 404)

	mails, err := mailbox.ReadDir(in.mailboxDir())
	if err != nil {
		t.Fatal(err)
	}
	links := regexp.MustCompile(`/u/[A-Za-z0-9._-]+`)
	i := slices.IndexFunc(mails, func(m mailbox.Message) bool { return links.MatchString(m.Text) })
	if i < 0 {
		t.Fatal("no mail has a link")
	}
	link := links.FindString(mails[i].Text)
	get(link, 200)
	post(link, 303, nil)
	get("/unit", 303)
	get(link+"x", 403)
	post("/unit/leave", 303, nil)

	operator := auth.Actor{Name: "root", Role: auth.Operator}
	const login, password = "le.thi.bi.mat@so.example", "mật khẩu không ai đoán ra"
	_, invitation, err := in.engine.CreateAccount(t.Context(), engine.By(operator, ""), login, engine.Grant{
		Name: "Lê Thị Bí Mật", Role: auth.Auditor, ExpiresAt: time.Now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	get("/invite/"+invitation, 200)
	get("/invite/"+invitation+"x", 403)
	post("/invite/"+invitation, 303, url.Values{"password": {password}, "again": {password}})
	post("/logout", 303, nil)
	post("/login", 422, url.Values{"login": {login}, "password": {"nhầm " + password}})
	post("/login", 303, url.Values{"login": {login}, "password": {password}})

	_, token, err := in.engine.IssueToken(t.Context(), engine.By(operator, ""), engine.Grant{
		Name: "Phạm Văn Kín", Role: auth.Leader, Unit: "STTTT-04", ExpiresAt: time.Now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	const text = "một câu chỉ có trong báo cáo này"
	ask("GET", "/api/v1/whoami", token, "", "", 200)
	ask("GET", "/api/v1/whoami", token+"x", "", "", 401)
	ask("GET", "/api/v1/campaigns/nguyen.van.an@so.example", token, "", "", 404)
	ask("POST", "/api/v1/campaigns/"+in.demo.campaign.Name+"/units/STTTT-04/submit", token, "application/json",
		`{"round": "monthly/2021-10", "sections": {"ketQua": "`+text+`"}, "figures": {"x": "`+text+`"}}`, 422)
	ask("POST", "/api/v1/files?name=ho-so-nguyen-van-an.pdf", token, "application/octet-stream", "%PDF-"+text, 200)
	return []string{
		"nguyen.van.an", "nguyen-van-an", strings.TrimPrefix(link, "/u/"), invitation, password, token, strings.TrimPrefix(token, "thidua_"), text,
	}
}
