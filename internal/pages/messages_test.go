package pages_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look/looktest"
)

// asking is a desk on which a request to all units waits in the outbox, but for those
// that the mail server has refused.
func asking(t *testing.T, refused ...string) *desk {
	t.Helper()
	d := openDesk(t, "")
	d.account("van-phong", grants["office"])
	_, err := d.engine.Request(t.Context(), engine.By(auth.Actor{Role: auth.Operator}, "Công điện 05"), looktest.Name,
		engine.AdHoc{Name: "bao-so-7", Title: "báo cáo thiệt hại do bão số 7", Due: looktest.Chased.AddDate(0, 0, 6), Approval: "None"})
	d.ok(err)
	_, err = d.pool.Exec(t.Context(), `WITH m AS (UPDATE message SET state = 'Parked', tries = 1 WHERE step = 'request' AND recipient = ANY($1) RETURNING id),
		n AS (UPDATE notice SET state = 'Failed', reason = 'Rejected' FROM m JOIN message_notice mn ON mn.message_id = m.id WHERE notice.id = mn.notice_id)
		INSERT INTO attempt (message_id, no, claim, at, outcome, response, finished_at)
		SELECT id, 1, gen_random_uuid(), (SELECT now FROM clock), 'Rejected', '550 5.1.1 <b>no such user</b>', now() FROM m`, refused)
	d.ok(err)
	return d
}

const mailPath = "/campaigns/covid-2021/messages"

// The office sees what is about to leave and what became of it, and acts on it; what each
// act did is told on the page that follows, once.
func TestMessages(t *testing.T) {
	d := asking(t, "STTTT-12", "DN-05")
	b := d.login("van-phong")
	_, page := b.do(http.MethodGet, "/campaigns/covid-2021", nil)
	contains(t, page, `href="`+mailPath+`"`, "Xem từng thư")
	_, page = b.do(http.MethodGet, mailPath, nil)
	wellFormed(t, "messages", page)
	contains(t, page, "Các bước sắp đến lượt", "Chờ gửi (87)", "Bị từ chối, chờ người xử lý (2)", "Giữ lại 87 thư", "Gửi lại 2 thư", "Các thư trước đó", "báo cáo thiệt hại do bão số 7")
	if n := strings.Count(page, `<th scope="row">`); n != 100 {
		t.Errorf("%d messages on one page", n)
	}
	_, page = b.do(http.MethodGet, mailPath+"?state=Parked", nil)
	wellFormed(t, "refused", page)
	contains(t, page, "550 5.1.1 <b>no such user", "đã thử 1 lần", "STTTT-12")
	if n := strings.Count(page, `<th scope="row">`); n != 2 {
		t.Errorf("%d were refused", n)
	}
	act := func(query string, values url.Values, told string) {
		t.Helper()
		response, page := b.post(mailPath+query, values, nil)
		if response.StatusCode != http.StatusSeeOther {
			t.Fatalf("%v: %d %s", values, response.StatusCode, page)
		}
		_, page = b.do(http.MethodGet, response.Header.Get("Location"), nil)
		wellFormed(t, told, page)
		contains(t, page, told)
		if _, page = b.do(http.MethodGet, response.Header.Get("Location"), nil); strings.Contains(page, told) {
			t.Errorf("%s: is told twice", told)
		}
	}
	refused := func(reason string, values url.Values, problem string) {
		t.Helper()
		response, page := b.post(mailPath+"?step=request", values, nil)
		if response.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, problem) {
			t.Errorf("%s: %d\n%s", reason, response.StatusCode, page)
		}
		wellFormed(t, reason, page)
	}
	refused("all, unsaid", url.Values{"act": {"hold"}, "reason": {"x"}}, "xác nhận là mọi thư")
	refused("no reason", url.Values{"act": {"cancelMessages"}, "step": {"request"}}, "Đề nghị ghi lý do")
	refused("nothing is held", url.Values{"act": {"release"}, "step": {"request"}}, "Không có thư nào đang giữ lại")
	refused("what was typed stays", url.Values{"act": {"cancelMessages"}, "unit": {"STTTT-99"}, "reason": {"lũ <b>lụt</b>"}}, `value="lũ &lt;b&gt;lụt&lt;/b&gt;"`)

	hold := url.Values{"act": {"hold"}, "step": {"request"}, "reason": {"chờ ý kiến"}, "request": {"55555555-5555-4555-8555-555555555555"}}
	act("?step=request", hold, "Đã giữ lại 87 thư.")
	act("?step=request", hold, "Đã giữ lại 87 thư.") // a finger that taps twice
	_, page = b.do(http.MethodGet, mailPath+"?state=Held", nil)
	contains(t, page, "lý do: chờ ý kiến", "Cho gửi tiếp 87 thư", "giữ lại từ")
	id := d.count(`SELECT id FROM message WHERE step = 'request' AND recipient = 'STTTT-22'`)
	one := fmt.Sprintf("?message=%d", id)
	_, page = b.do(http.MethodGet, mailPath+one, nil)
	wellFormed(t, "one", page)
	contains(t, page, fmt.Sprintf("Thư số %d", id), "STTTT-22", "Hủy 1 thư", "Xem các thư khác")
	act(one, url.Values{"act": {"cancelMessages"}, "message": {fmt.Sprint(id)}, "reason": {"đã gọi điện"}}, "Đã hủy 1 thư.")
	_, page = b.do(http.MethodGet, "/campaigns/covid-2021/units/STTTT-22", nil)
	contains(t, page, "cơ quan chủ trì đã hủy thư này", "lý do: đã gọi điện")
	act("", url.Values{"act": {"release"}, "all": {"1"}}, "Đã cho gửi tiếp 86 thư.")
	_, err := d.pool.Exec(context.Background(), `UPDATE obligation SET state = 'Settled', received_at = opened_at, next_seq = NULL, next_at = NULL WHERE owner = 'DN-05' AND subject = 'request/bao-so-7'`)
	d.ok(err)
	act("", url.Values{"act": {"resend"}, "all": {"1"}}, "Đã đưa 1 thư vào gửi lại. 1 thư không gửi lại: báo cáo đã được tiếp nhận.")
	if n := d.count(`SELECT count(*) FROM message WHERE step = 'request' AND state = 'Pending'`); n != 87 {
		t.Errorf("%d wait", n)
	}
	if response, _ := b.do(http.MethodGet, mailPath+"?message=4711", nil); response.StatusCode != http.StatusNotFound {
		t.Errorf("no such message: %d", response.StatusCode)
	}
	d.account("kiem-tra", grants["auditor"])
	_, page = d.login("kiem-tra").do(http.MethodGet, mailPath, nil)
	wellFormed(t, "auditor", page)
	if strings.Contains(page, "<form class=\"fields\"") {
		t.Error("who may not act is offered to")
	}
}

// Page by page through all messages, each once.
func TestMessagesPaging(t *testing.T) {
	d := asking(t)
	b := d.login("van-phong")
	seen := map[string]bool{}
	pages := 0
	for path := mailPath; path != ""; pages++ {
		_, page := b.do(http.MethodGet, path, nil)
		for _, row := range strings.Split(page, "?message=")[1:] {
			id, _, _ := strings.Cut(row, "\"")
			if seen[id] {
				t.Fatalf("message %s is shown twice", id)
			}
			seen[id] = true
		}
		_, next, more := strings.Cut(page, `rel="next" href="`)
		path, _, _ = strings.Cut(next, `"`)
		if !more {
			break
		}
	}
	if n := d.count(`SELECT count(*) FROM message`); len(seen) != n || pages < 2 {
		t.Errorf("%d messages on %d pages, of %d", len(seen), pages+1, n)
	}
}
