package httpapi_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/evidence"
	"thidua.dev/thidua/internal/httpapi"
	"thidua.dev/thidua/internal/limit"
	"thidua.dev/thidua/internal/look"
)

// A scan goes the way of a focal point: bytes first, then a report that names them.
func TestFiles(t *testing.T) {
	s := serve(t)
	focal := s.token(engine.Grant{Role: auth.FocalPoint, Unit: unit})
	base := "/api/v1/campaigns/" + campaign + "/units/" + unit
	page := "<html><script>alert(1)</script>"
	var kept httpapi.KeptFile
	s.do(http.MethodPost, "/api/v1/files?name=b%C3%A1o%20c%C3%A1o.html", focal, page, "Content-Type", "application/pdf").into(t, &kept)
	if kept.Name != "báo cáo.html" || kept.Size != int64(len(page)) || kept.MediaType != "text/html; charset=utf-8" || len(kept.SHA256) != 64 {
		t.Fatalf("kept %+v", kept)
	}
	if got := s.do(http.MethodGet, base+"/files/"+kept.SHA256, focal, ""); got.StatusCode != http.StatusNotFound {
		t.Errorf("before a report refers to it: %d", got.StatusCode)
	}
	send := func(files string) answer {
		return s.do(http.MethodPost, base+"/submit", focal, `{`+here+`,`+report+`,"files":`+files+`}`)
	}
	for _, c := range []struct{ reason, files, code string }{
		{"bytes that were never sent", `[{"name":"x","sha256":"` + abc + `"}]`, "FileUnknown"},
		{"a path", `[{"name":"../x","sha256":"` + kept.SHA256 + `"}]`, "InvalidFile"},
		{"a line", `[{"name":"x\r\ny","sha256":"` + kept.SHA256 + `"}]`, "InvalidFile"},
	} {
		got := send(c.files)
		if got.StatusCode != http.StatusUnprocessableEntity || got.code() != c.code || bytes.Count(got.body, []byte("\n")) > 1 {
			t.Errorf("%s: %d %s", c.reason, got.StatusCode, got.body)
		}
	}
	for reason, files := range map[string]string{
		"no hash":                   `[{"name":"x","sha256":"../../etc/passwd"}]`,
		"a size, which is ours":     `[{"name":"x","sha256":"` + kept.SHA256 + `","size":1}]`,
		"more than one can look at": `[` + strings.Repeat(`{"name":"x","sha256":"`+kept.SHA256+`"},`, 20) + `{"name":"x","sha256":"` + kept.SHA256 + `"}]`,
	} {
		if got := send(files); got.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", reason, got.StatusCode, got.body)
		}
	}
	if got := send(`[{"name":"báo cáo.html","sha256":"` + kept.SHA256 + `"}]`); got.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", got.StatusCode, got.body)
	}
	got := s.do(http.MethodGet, base+"/files/"+kept.SHA256, focal, "")
	if got.StatusCode != http.StatusOK || string(got.body) != page {
		t.Errorf("%d %q", got.StatusCode, got.body)
	}
	for name, want := range map[string]string{
		"Content-Disposition": "attachment; filename*=utf-8''b%C3%A1o%20c%C3%A1o.html", "X-Content-Type-Options": "nosniff",
		"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store",
	} {
		if h := got.Header.Get(name); h != want {
			t.Errorf("%s is %q, want %q", name, h, want)
		}
	}
	var why look.Why
	s.do(http.MethodGet, base, focal, "").into(t, &why)
	found := false
	for _, o := range why.Obligations {
		for _, r := range o.Reports {
			for _, f := range r.Files {
				found = found || f == look.File{Name: "báo cáo.html", SHA256: kept.SHA256, Size: kept.Size, MediaType: kept.MediaType}
			}
		}
	}
	if !found {
		t.Error("the unit's history does not name the file")
	}
	// Damage is a fault of ours, and is told without the place.
	s.ok(os.Remove(filepath.Join(s.files, kept.SHA256[:2], kept.SHA256)))
	if got := s.do(http.MethodGet, base+"/files/"+kept.SHA256, focal, ""); got.StatusCode != http.StatusInternalServerError || bytes.Contains(got.body, []byte(s.files)) {
		t.Errorf("bytes that are gone: %d %s", got.StatusCode, got.body)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestFilesAreLimited(t *testing.T) {
	s := serve(t)
	focal := s.token(engine.Grant{Role: auth.FocalPoint, Unit: unit})
	for _, name := range []string{"..%2F..%2Fx", "a%5Cb", "%20", "a%0Ab"} {
		if got := s.do(http.MethodPost, "/api/v1/files?name="+name, focal, "abc"); got.code() != "InvalidFile" || !bytes.Contains(got.body, []byte("no slashes")) {
			t.Errorf("a file called %s: %d %s", name, got.StatusCode, got.body)
		}
	}
	if got := s.do(http.MethodPost, "/api/v1/files", focal, ""); got.code() != "FileEmpty" {
		t.Errorf("nothing: %d %s", got.StatusCode, got.body)
	}
	ask := func(body io.Reader, size int64) answer {
		request, err := http.NewRequest(http.MethodPost, s.URL+"/api/v1/files", body)
		s.ok(err)
		request.ContentLength = size
		request.Header.Set("Authorization", "Bearer "+focal)
		request.Header.Set("Expect", "100-continue")
		response, err := http.DefaultClient.Do(request)
		s.ok(err)
		defer response.Body.Close()
		b, err := io.ReadAll(response.Body)
		s.ok(err)
		return answer{response, b}
	}
	if got := ask(zeros{}, evidence.MaxSize+1); got.StatusCode != http.StatusRequestEntityTooLarge || got.code() != "FileTooLarge" {
		t.Errorf("one byte too many: %d %s", got.StatusCode, got.body)
	}
	if got := ask(io.LimitReader(zeros{}, evidence.MaxSize+1), -1); got.StatusCode != http.StatusRequestEntityTooLarge || got.code() != "FileTooLarge" {
		t.Errorf("one byte too many, unsaid: %d %s", got.StatusCode, got.body)
	}
	// A line that breaks in the middle leaves nothing behind.
	line, err := net.Dial("tcp", s.Listener.Addr().String())
	s.ok(err)
	defer line.Close()
	fmt.Fprintf(line, "POST /api/v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 10\r\n\r\nabc", focal)
	s.ok(line.(*net.TCPConn).CloseWrite())
	if response, err := http.ReadResponse(bufio.NewReader(line), nil); err == nil { // who hangs up may hear nothing
		if response.StatusCode != http.StatusRequestTimeout && response.StatusCode != 499 {
			t.Errorf("a line that breaks: %d", response.StatusCode)
		}
		response.Body.Close()
	}
	left, err := filepath.Glob(filepath.Join(s.files, "*"))
	s.ok(err)
	hidden, err := filepath.Glob(filepath.Join(s.files, ".*"))
	s.ok(err)
	if len(left)+len(hidden) > 0 {
		t.Errorf("left behind: %v %v", left, hidden)
	}
}

// What a scanner refuses, or cannot tell about, is not kept.
func TestFilesAreScanned(t *testing.T) {
	s := serve(t)
	focal := s.token(engine.Grant{Role: auth.FocalPoint, Unit: unit})
	for _, c := range []struct {
		reason, body string
		says         error
		status       int
		code, retry  string
	}{
		{"a virus", "abc", &evidence.Refused{Code: "FileInfected", Text: "malware"}, http.StatusUnprocessableEntity, "FileInfected", ""},
		{"nobody can tell", "abc", &evidence.Refused{Code: "ScannerAway", Text: "later", Later: true}, http.StatusServiceUnavailable, "ScannerAway", "5"},
		{"a program", "\x7fELF", nil, http.StatusUnprocessableEntity, "FileProgram", ""},
		{"a clean one", "abc", nil, http.StatusOK, "", ""},
	} {
		s.scans.says = c.says
		got := s.do(http.MethodPost, "/api/v1/files?name=x.pdf", focal, c.body)
		if got.StatusCode != c.status || c.code != "" && got.code() != c.code || got.Header.Get("Retry-After") != c.retry {
			t.Errorf("%s: %d %s", c.reason, got.StatusCode, got.body)
		}
		kept, err := filepath.Glob(filepath.Join(s.files, "*", "*"))
		s.ok(err)
		if len(kept) > 0 != (c.status == http.StatusOK) {
			t.Errorf("%s: kept %v", c.reason, kept)
		}
	}
}

// A token that sends more than a program has reason to is asked to wait; others are not.
func TestFilesOfOneToken(t *testing.T) {
	defer func(r limit.Rate) { *httpapi.FilesOfOne = r }(*httpapi.FilesOfOne)
	*httpapi.FilesOfOne = limit.Rate{AtOnce: 3, Every: time.Hour}
	s := serve(t)
	focal, leader := s.token(engine.Grant{Role: auth.FocalPoint, Unit: unit}), s.token(engine.Grant{Role: auth.Leader, Unit: unit})
	for range 3 {
		if got := s.do(http.MethodPost, "/api/v1/files", focal, "abc"); got.StatusCode != http.StatusOK {
			t.Fatalf("%d %s", got.StatusCode, got.body)
		}
	}
	got := s.do(http.MethodPost, "/api/v1/files", focal, "abc")
	if got.StatusCode != http.StatusTooManyRequests || got.code() != "TooManyFiles" || got.Header.Get("Retry-After") == "" {
		t.Errorf("%d %v %s", got.StatusCode, got.Header, got.body)
	}
	if got := s.do(http.MethodPost, "/api/v1/files", leader, "abc"); got.StatusCode != http.StatusOK {
		t.Errorf("another's: %d %s", got.StatusCode, got.body)
	}
}
