package mailbox

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"thidua.dev/thidua/internal/notify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, o Options) *App {
	t.Helper()
	o.Logger = slog.New(slog.DiscardHandler)
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, a) })
	return a
}

func stop(t *testing.T, a *App) {
	t.Helper()
	http.DefaultClient.CloseIdleConnections()
	if err := a.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

// send hands a mail over and returns the mailbox's name for it.
func send(t *testing.T, a *App, step, round string, units ...string) string {
	t.Helper()
	c, err := notify.NewSMTP(notify.SMTPOptions{Addr: a.SMTPAddr(), TLS: notify.TLSNone, Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	res := c.Send(t.Context(), notify.Mail{
		From: mail.Address{Address: "thidua@example.vn"}, To: mail.Address{Name: "Hoa", Address: "hoa@example.vn"},
		Subject: "Bước " + step, Text: "Kính gửi <Hoa>\n", HTML: "<!doctype html>\n<html><head></head><body><p>Kính gửi</p><script>alert(1)</script></body></html>\n",
		MessageID: step + "." + round + "@example.vn", Date: time.Date(2021, 10, 8, 8, 30, 0, 0, time.FixedZone("", 7*3600)),
		Labels: notify.Labels{Campaign: "covid-2021", Round: round, Step: step, Units: units},
	})
	if res.Outcome != notify.Sent {
		t.Fatalf("%+v", res)
	}
	_, id, _ := strings.Cut(res.Response, "queued as ")
	return id
}

func get(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func TestDirOutlivesProcess(t *testing.T) {
	dir := t.TempDir()
	first := start(t, Options{Dir: dir})
	send(t, first, "prepare", "monthly/2021-10", "HN")
	send(t, first, "overdue", "monthly/2021-10", "HN", "HP")
	before, err := first.Messages()
	if err != nil {
		t.Fatal(err)
	}
	stop(t, first)

	after, err := ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before, after); d != "" {
		t.Errorf("another process reads other mails (-kept +read):\n%s", d)
	}

	// A mail reader moves what it has shown.
	name := after[0].ID
	if err := os.Rename(filepath.Join(dir, "new", name), filepath.Join(dir, "cur", name+":2,S")); err != nil {
		t.Fatal(err)
	}
	second := start(t, Options{Dir: dir})
	send(t, second, "escalate", "monthly/2021-10", "HN")
	all, err := second.Messages()
	if err != nil {
		t.Fatal(err)
	}
	var steps []string
	for _, m := range all {
		steps = append(steps, m.Step)
	}
	if d := cmp.Diff([]string{"prepare", "overdue", "escalate"}, steps); d != "" {
		t.Errorf("order of arrival (-want +got):\n%s", d)
	}
}

func TestJSON(t *testing.T) {
	a := start(t, Options{})
	first := send(t, a, "prepare", "monthly/2021-10", "HN")
	second := send(t, a, "overdue", "monthly/2021-10, final", "HN", "HP")
	third := send(t, a, "launch", "", "HP")
	for _, tt := range []struct {
		query, reason string
		want          []string
	}{
		{"", "newest first", []string{third, second, first}},
		{"?step=overdue", "", []string{second}},
		{"?round=final", "one of several rounds", []string{second}},
		{"?unit=hp", "codes are found in any case", []string{third, second}},
		{"?unit=HN&step=prepare", "", []string{first}},
		{"?unit=H", "a code is no prefix", nil},
	} {
		_, body := get(t, a.URL()+"api/messages"+tt.query)
		var got []Message
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, m := range got {
			ids = append(ids, m.ID)
		}
		if d := cmp.Diff(tt.want, ids); d != "" {
			t.Errorf("%q: %s (-want +got):\n%s", tt.query, tt.reason, d)
		}
	}
	_, body := get(t, a.URL()+"api/messages?step=launch")
	want := fmt.Sprintf(`[{"id":%q,"date":"2021-10-08T08:30:00+07:00","from":"thidua@example.vn","to":"hoa@example.vn","subject":"Bước launch","messageID":"launch.@example.vn","campaign":"covid-2021","round":"","step":"launch","units":["HP"]}]`+"\n", third)
	if d := cmp.Diff(want, body); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestPages(t *testing.T) {
	a := start(t, Options{Location: time.FixedZone("", 7*3600)})
	if _, body := get(t, a.URL()); !strings.Contains(body, "Chưa có thư nào") || !strings.Contains(body, a.SMTPAddr()) {
		t.Error("an empty mailbox doesn't say where mail goes")
	}
	id := send(t, a, "prepare", "monthly/2021-10", "HN", "HP", "DN", "CT")
	send(t, a, "overdue", "monthly/2021-10", "HN")
	for _, tt := range []struct {
		path    string
		reason  string
		has     []string
		without []string
	}{
		{"", "the list", []string{"Bước prepare", "Bước overdue", "08/10/2021 08:30", "HN, HP, DN …", "(4)", `http-equiv="refresh"`, `lang="en"`}, nil},
		{"?step=prepare", "filtered", []string{"Bước prepare", "1 trong 2 thư", `<option selected>prepare</option>`}, []string{"Bước overdue"}},
		{"?refresh=off", "a page that stands still", []string{"Tự làm mới"}, []string{`http-equiv="refresh"`}},
		{"?page=99", "there is no such page", []string{"Bước prepare"}, nil},
		{"messages/" + id, "one mail", []string{"Bước prepare", "monthly/2021-10", "Kính gửi &lt;Hoa&gt;", `sandbox="allow-popups allow-popups-to-escape-sandbox"`, "X-Thidua-Step: prepare", "08/10/2021 08:30 &#43;07:00"}, []string{"<script>"}},
	} {
		res, body := get(t, a.URL()+tt.path)
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", tt.path, res.Status)
		}
		if csp := res.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") {
			t.Errorf("%s: policy %q", tt.path, csp)
		}
		for _, s := range tt.has {
			if !strings.Contains(body, s) {
				t.Errorf("%s (%s) lacks %q", tt.path, tt.reason, s)
			}
		}
		for _, s := range tt.without {
			if strings.Contains(body, s) {
				t.Errorf("%s (%s) has %q", tt.path, tt.reason, s)
			}
		}
	}
	res, body := get(t, a.URL()+"messages/"+id+"/html")
	if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "sandbox") || strings.Contains(csp, "script-src") || !strings.Contains(body, `<base target="_blank">`) {
		t.Errorf("the mail's page is not in a sandbox: %q", csp)
	}
	if res, body := get(t, a.URL()+"messages/"+id+"/raw"); res.Header.Get("Content-Type") != "text/plain; charset=utf-8" || !strings.HasPrefix(body, "Auto-Submitted:") {
		t.Errorf("source: %s", body)
	}
	if res, _ := get(t, a.URL()+"messages/none"); res.StatusCode != http.StatusNotFound {
		t.Errorf("no such mail: %s", res.Status)
	}
	if res, body := get(t, a.URL()+"style.css"); res.StatusCode != http.StatusOK || !strings.Contains(body, "--ink") {
		t.Errorf("style: %s", res.Status)
	}
}

func TestMailThatCannotBeParsedIsShown(t *testing.T) {
	a := start(t, Options{})
	if _, err := a.store.add([]byte("\x00 no mail\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, body := get(t, a.URL()); !strings.Contains(body, "parse mail") {
		t.Error("hidden")
	}
}

func TestStartOnTakenPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, o := range []Options{{SMTPAddr: l.Addr().String()}, {HTTPAddr: l.Addr().String()}} {
		a, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Start(t.Context()); err == nil || !strings.Contains(err.Error(), l.Addr().String()) {
			t.Errorf("%+v: %v", o, err)
		}
		stop(t, a)
	}
}

func TestParseMail(t *testing.T) {
	got, err := ParseMail([]byte("From: a@example.vn\r\nTo: Hoa <b@example.vn>\r\nSubject: =?utf-8?q?Ch=C3=A0o?=\r\nX-Thidua-Units: HN,\r\n HP\r\n\r\nxin chào\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := Message{From: "a@example.vn", To: "b@example.vn", Subject: "Chào", Units: []string{"HN", "HP"}, Text: "xin chào\n", Raw: got.Raw}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
