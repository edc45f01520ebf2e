package pages_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/limit"
	"thidua.dev/thidua/internal/pages"
)

// Who sends more forms with files than a person does is asked to wait, beside the form and
// with what they have typed; others are not.
func TestFormsWithFilesAreLimited(t *testing.T) {
	defer func(r limit.Rate) { *pages.FilesOfOne = r }(*pages.FilesOfOne)
	*pages.FilesOfOne = limit.Rate{AtOnce: 3, Every: time.Hour}
	d := openDesk(t, "")
	b := d.visiting(auth.FocalPoint)
	draft := url.Values{"draft": {"1"}, "s.ketQua": {"Đã hoàn thành một nửa"}}
	files := map[string]string{"biểu.xlsx": "PK"}
	for range 3 {
		if response, page := b.post(form, draft, files); response.StatusCode != http.StatusSeeOther {
			t.Fatalf("%d %s", response.StatusCode, page)
		}
	}
	response, page := b.post(form, draft, files)
	if response.StatusCode != http.StatusTooManyRequests || response.Header.Get("Retry-After") == "" {
		t.Fatalf("%d %v", response.StatusCode, response.Header)
	}
	wellFormed(t, "too many", page)
	contains(t, page, "Có quá nhiều tệp gửi lên", "Đã hoàn thành một nửa")

	// What is typed is kept all the same, and forms without files go on.
	b.headers["Hx-Request"] = "true"
	typing := url.Values{"draft": {"1"}, "s.ketQua": {"Đã hoàn thành gần hết"}}
	if response, page := b.post(form, typing, files); response.StatusCode != http.StatusOK || !strings.Contains(page, "Đã lưu nháp lúc") {
		t.Errorf("typing: %d %s", response.StatusCode, page)
	}
	clear(b.headers)
	if response, page := b.post(form, october, nil); response.StatusCode != http.StatusSeeOther {
		t.Errorf("without files: %d %s", response.StatusCode, page)
	}
	d.account("van-phong", grants["office"])
	other := d.login("van-phong")
	if response, page := other.postTo("/declare", url.Values{"title": {"x"}, "launch": {"2021-11-02"}}, "units", map[string]string{"ds.csv": "code,name\n01,Một\n"}); response.StatusCode != http.StatusSeeOther {
		t.Errorf("an office: %d %s", response.StatusCode, page)
	}
}

// A form that did not arrive as one is nobody's fault but its sender's.
func TestBrokenForms(t *testing.T) {
	d := openDesk(t, "")
	for who, g := range map[string]engine.Grant{"van-phong": grants["office"], "quan-tri": grants["operator"]} {
		d.account(who, g)
	}
	for path, who := range map[string]string{"/declare": "van-phong", "/people": "quan-tri", "/campaigns/covid-2021/steer": "van-phong", "/login": "quan-tri"} {
		b := d.login(who)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.URL+path, strings.NewReader("--x\r\nbroken"))
		d.ok(err)
		request.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		request.Header.Set("Sec-Fetch-Site", "same-origin")
		response, err := b.Do(request)
		d.ok(err)
		response.Body.Close()
		if response.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", path, response.StatusCode)
		}
	}
}
