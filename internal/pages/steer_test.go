package pages_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look/looktest"
)

// post sends a form as a browser does that may carry files.
func (b *browser) post(path string, values url.Values, files map[string]string) (*http.Response, string) {
	b.d.t.Helper()
	return b.postTo(path, values, "scan", files)
}

// postTo sends a form with files of a field.
func (b *browser) postTo(path string, values url.Values, field string, files map[string]string) (*http.Response, string) {
	b.d.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, all := range values {
		for _, v := range all {
			b.d.ok(form.WriteField(name, v))
		}
	}
	for name, content := range files {
		part, err := form.CreateFormFile(field, name)
		b.d.ok(err)
		_, err = io.WriteString(part, content)
		b.d.ok(err)
	}
	b.d.ok(form.Close())
	request, err := http.NewRequest(http.MethodPost, b.d.URL+path, &body)
	b.d.ok(err)
	request.Header.Set("Content-Type", form.FormDataContentType())
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	for name, value := range b.headers {
		request.Header.Set(name, value)
	}
	response, err := b.Do(request)
	b.d.ok(err)
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	b.d.ok(err)
	return response, string(page)
}

// The office steers a campaign from its page; what is refused is said beside the form,
// in Vietnamese, and nothing that was typed is lost.
func TestSteer(t *testing.T) {
	d := openDesk(t, "")
	d.account("van-phong", grants["office"])
	b := d.login("van-phong")
	const path = "/campaigns/covid-2021/steer"
	_, page := b.do(http.MethodGet, path, nil)
	wellFormed(t, "steer", page)
	contains(t, page, "Gia hạn", "Yêu cầu báo cáo đột xuất", "Tạm dừng", "Hủy phong trào", "Báo cáo tháng 10/2021, hạn 17 giờ 00, thứ Sáu, 15/10/2021")
	for _, c := range []struct {
		reason  string
		values  url.Values
		problem string
	}{
		{"into the past", url.Values{"act": {"extend"}, "round": {"monthly/2021-10"}, "to": {"2021-10-01"}, "reason": {"lũ <b>lụt</b>"}}, "Hạn mới đã qua"},
		{"without a day", url.Values{"act": {"extend"}, "round": {"monthly/2021-10"}, "to": {""}}, "Đề nghị chọn đủ ngày và giờ"},
		{"a unit that is none", url.Values{"act": {"extend"}, "round": {"monthly/2021-10"}, "to": {"2021-10-27"}, "unit": {"XX-1"}, "reason": {"x"}}, "XX-1"},
		{"a bad short name", url.Values{"act": {"request"}, "title": {"báo cáo bão"}, "short": {"Bão số 7"}, "due": {"2021-10-27"}, "reason": {"x"}}, "Tên ngắn chỉ gồm"},
		{"another name", url.Values{"act": {"cancel"}, "name": {"covid"}, "reason": {"x"}}, "Tên gõ lại chưa đúng"},
		{"no pause to end", url.Values{"act": {"resume"}, "deadlines": {"keep"}}, "không ở trạng thái tạm dừng"},
		{"nobody is nominated yet", url.Values{"act": {"decide"}, "number": {"512/QĐ"}, "dated": {"2022-04-08"}}, "Chưa có đề nghị khen thưởng"},
	} {
		response, page := b.post(path, c.values, nil)
		if response.StatusCode != http.StatusUnprocessableEntity || c.problem != "" && !strings.Contains(page, c.problem) && c.values.Get("act") != "resume" && c.values.Get("act") != "decide" {
			t.Errorf("%s: %d\n%s", c.reason, response.StatusCode, page)
		}
		wellFormed(t, c.reason, page)
		if strings.Contains(page, "<b>") {
			t.Errorf("%s: what was typed is not escaped", c.reason)
		}
		if to := c.values.Get("short"); to != "" && !strings.Contains(page, `value="`+to+`"`) {
			t.Errorf("%s: what was typed is lost", c.reason)
		}
	}
	extend := url.Values{"act": {"extend"}, "round": {"monthly/2021-10"}, "unit": {unit}, "to": {"2021-10-27"}, "toTime": {"11:30"}, "reason": {"lũ lụt"}, "request": {"44444444-4444-4444-8444-444444444444"}}
	for range 2 { // a finger that taps twice
		if response, page := b.post(path, extend, nil); response.StatusCode != http.StatusSeeOther {
			t.Fatalf("%d %s", response.StatusCode, page)
		}
	}
	if n := d.count(`SELECT count(*) FROM obligation WHERE owner = 'STTTT-12' AND subject = 'monthly/2021-10' AND due_at = '2021-10-27 11:30+07' AND deadline_no = 2`); n != 1 {
		t.Errorf("%d deadlines moved once", n)
	}
	for _, values := range []url.Values{
		{"act": {"request"}, "title": {"báo cáo thiệt hại do bão số 7"}, "short": {"bao-so-7"}, "due": {"2021-10-27"}, "units": {"STTTT-12, STTTT-22"}, "approval": {"1"}, "reason": {"Công điện 05"}},
		{"act": {"pause"}, "reason": {"chờ ý kiến"}},
		{"act": {"resume"}, "deadlines": {"keep"}},
		{"act": {"cancel"}, "name": {"covid-2021"}, "reason": {"thay bằng phong trào mới"}},
	} {
		if response, page := b.post(path, values, nil); response.StatusCode != http.StatusSeeOther {
			t.Errorf("%s: %d %s", values.Get("act"), response.StatusCode, page)
		}
	}
	if n := d.count(`SELECT count(*) FROM obligation WHERE subject = 'request/bao-so-7'`); n != 2 {
		t.Errorf("%d units were asked", n)
	}
	_, page = b.do(http.MethodGet, path, nil)
	contains(t, page, "không còn việc điều hành nào")
}

// The office records a paper with its scan, then returns it, and what never came may come.
func TestDesk(t *testing.T) {
	d := openDesk(t, "")
	d.account("van-phong", grants["office"])
	b := d.login("van-phong")
	const path = "/campaigns/covid-2021/units/STTTT-12/monthly/2021-10"
	_, page := b.do(http.MethodGet, "/campaigns/covid-2021/units/STTTT-12", nil)
	contains(t, page, path, "Xử lý báo cáo này")
	_, page = b.do(http.MethodGet, path, nil)
	wellFormed(t, "desk", page)
	contains(t, page, "Ghi nhận báo cáo bằng văn bản", "Gia hạn", "Văn bản giấy", "Chưa gửi.")
	record := url.Values{
		"act": {"record"}, "source": {"Paper"}, "number": {"88/BC-STTTT"}, "received": {"2021-10-15"}, "receivedTime": {"16:10"},
		"f.commune-vc-2way": {"101"}, "f.manual-travel-permits": {"1"}, "f.platform-shared": {"50"}, "f.hard-tasks-done": {"2"},
	}
	response, page := b.post(path, record, nil)
	if response.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("%d", response.StatusCode)
	}
	wellFormed(t, "refused", page)
	contains(t, page, "Số phải từ 0 đến 100.", `value="88/BC-STTTT"`, `value="101"`)
	record.Set("f.commune-vc-2way", "97,5")
	if response, page = b.post(path, record, map[string]string{"rỗng.pdf": ""}); response.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, "Tệp không có nội dung") {
		t.Errorf("an empty scan: %d", response.StatusCode)
	}
	if response, page = b.post(path, record, map[string]string{"../../88 BC.pdf": "%PDF-1.7 88/BC"}); response.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %s", response.StatusCode, page)
	}
	var name, hash string
	d.ok(d.pool.QueryRow(context.Background(), `SELECT name, sha256 FROM report_file`).Scan(&name, &hash))
	if k, err := d.files.Stat(hash); name != "88 BC.pdf" || err != nil || k.Size != 14 {
		t.Errorf("the scan is %q, %+v, %v", name, k, err)
	}
	_, page = b.do(http.MethodGet, path, nil)
	contains(t, page, "Trả lại để bổ sung", "97,5 %")
	if response, page = b.post(path, url.Values{"act": {"return"}, "to": {"2021-10-25"}, "reason": {"thiếu số liệu của 02 huyện"}}, nil); response.StatusCode != http.StatusSeeOther {
		t.Errorf("%d %s", response.StatusCode, page)
	}
	_, page = d.visiting(auth.FocalPoint).do(http.MethodGet, form, nil)
	contains(t, page, "thiếu số liệu của 02 huyện")
}

// Everything that waits for somebody stands in one list, with dates and where it is done.
func TestTodo(t *testing.T) {
	d := openDesk(t, "")
	d.account("van-phong", grants["office"])
	_, page := d.login("van-phong").do(http.MethodGet, "/todo", nil)
	wellFormed(t, "todo", page)
	contains(t, page, "Ký công văn", "/campaigns/covid-2021/letters/")
	_, page = d.visiting(auth.FocalPoint).do(http.MethodGet, "/todo", nil)
	contains(t, page, "Báo cáo tháng 10/2021", "quá hạn", "/unit/covid-2021/report/monthly/2021-10")
	d.account("kiem-tra", grants["auditor"])
	auditor := d.login("kiem-tra")
	_, page = auditor.do(http.MethodGet, "/todo", nil)
	contains(t, page, "Của đơn vị nào")
	_, page = auditor.do(http.MethodGet, "/todo?unit=STTTT-12", nil)
	contains(t, page, "Báo cáo tháng 10/2021")
}

// A letter that an extension has taken back still says what was true when it was drafted.
func TestLetterAfterExtension(t *testing.T) {
	d := openDesk(t, "")
	d.account("van-phong", grants["office"])
	b := d.login("van-phong")
	path := fmt.Sprintf("/campaigns/covid-2021/letters/%d", d.count(`SELECT id FROM letter WHERE unit = 'STTTT-12'`))
	_, drafted := b.do(http.MethodGet, path, nil)
	_, err := d.engine.Extend(t.Context(), engine.By(auth.Actor{Role: auth.Operator}, "lũ lụt"), looktest.Name, "monthly/2021-10", unit, looktest.Chased.AddDate(0, 0, 5))
	d.ok(err)
	if n := d.count(`SELECT count(*) FROM letter WHERE unit = 'STTTT-12' AND state = 'Withdrawn'`); n != 1 {
		t.Fatalf("%d letters were taken back", n)
	}
	response, page := b.do(http.MethodGet, path, nil)
	if response.StatusCode != http.StatusOK || page != drafted {
		t.Errorf("%d %s", response.StatusCode, page)
	}
}
