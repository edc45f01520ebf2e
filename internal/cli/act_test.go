package cli

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// An act that was carried out is told of, also when nothing can be read any more: what
// the words need is read before it.
func TestActIsToldOfWhenReadingFails(t *testing.T) {
	const (
		campaign = `{"name":"mau","timeZone":"Asia/Ho_Chi_Minh","launchAt":"2026-02-27T08:00:00+07:00","now":"2026-03-02T08:00:00+07:00","closesAt":"2027-03-02T08:00:00+07:00"}`
		board    = `{"campaign":` + campaign + `,"rounds":[{"name":"monthly/2026-02","dueAt":"2026-02-28T17:00:00+07:00","closesAt":"2026-03-14T17:00:00+07:00"}]}`
		receipt  = `{"unit":"01","round":"monthly/2026-03","version":1,"receivedAt":"2026-03-12T10:00:00+07:00","settled":true,"onTime":true}`
	)
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"submit", "01", "-c", "mau", "--round", "monthly/2026-03", "-f", "-"}, "đã tiếp nhận lúc 10 giờ"},
		{[]string{"submit", "01", "-c", "mau", "--round", "monthly/2026-03", "--on-behalf", "--document-number", "88/BC", "--received-at", "2026-03-12T10:00:00+07:00"}, "đã tiếp nhận lúc 10 giờ"},
		{[]string{"approve", "01", "-c", "mau", "--round", "monthly/2026-03"}, "đã tiếp nhận lúc 10 giờ"},
		{[]string{"launch", "mau", "--backdate"}, "phát động lùi về 27/02/2026"},
	} {
		t.Run(strings.Join(c.args[:2], " "), func(t *testing.T) {
			var acted atomic.Bool
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				switch {
				case r.Method == http.MethodPost:
					acted.Store(true)
					_, _ = w.Write([]byte(receipt))
				case acted.Load():
					w.WriteHeader(http.StatusInternalServerError)
				case strings.HasSuffix(r.URL.Path, "/board"):
					_, _ = w.Write([]byte(board))
				default:
					_, _ = w.Write([]byte(campaign))
				}
			}))
			defer server.Close()
			t.Setenv("THIDUA_TOKEN", "thidua_test")
			t.Setenv("THIDUA_DATABASE_URL", "")
			var out, err bytes.Buffer
			code := run(t.Context(), append(c.args, "--server", server.URL), strings.NewReader("sections: {ketQua: Xong}"), &out, &err, printRunner{})
			if code != 0 || !acted.Load() || !strings.Contains(out.String(), c.says) {
				t.Errorf("exit %d, acted %t, %s%s, want %q", code, acted.Load(), out.String(), err.String(), c.says)
			}
		})
	}
}
