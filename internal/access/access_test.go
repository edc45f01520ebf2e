package access_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"thidua.dev/thidua/internal/access"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/logs"
)

func TestALineForEachRequest(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /u/{link}", func(w http.ResponseWriter, r *http.Request) {
		access.By(r.Context(), auth.Actor{Name: "Trần An", Role: auth.Leader, Unit: "U1", Means: auth.ByToken, Token: 7})
		w.WriteHeader(http.StatusAccepted)
		io.WriteString(w, "hello")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /broken", func(http.ResponseWriter, *http.Request) { panic("no place for an@so.example") })
	var b strings.Builder
	handler := access.Log(logs.New(&b, logs.JSON, slog.LevelInfo), nil, mux)
	ask := func(method, path, id string) (number string, lines []map[string]any) {
		t.Helper()
		b.Reset()
		w, r := httptest.NewRecorder(), httptest.NewRequest(method, path, nil)
		r.Header.Set(access.Header, id)
		func() {
			defer func() {
				if broken := recover(); broken != nil && broken != http.ErrAbortHandler {
					t.Errorf("net/http hears %v", broken)
				}
			}()
			handler.ServeHTTP(w, r)
		}()
		for line := range strings.Lines(b.String()) {
			var m map[string]any
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				t.Fatal(err, line)
			}
			delete(m, "time")
			delete(m, "seconds")
			delete(m, "stack")
			lines = append(lines, m)
		}
		return w.Header().Get(access.Header), lines
	}
	_, lines := ask("GET", "/u/s3cret?who=an@so.example", "proxy-0042")
	want := []map[string]any{{
		"level": "INFO", "msg": "request", "request_id": "proxy-0042", "route": "GET /u/{link}", "status": 202.0, "bytes": 5.0,
		"actor": map[string]any{"role": "Leader", "means": "token", "no": 7.0},
	}}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	for _, id := range []string{"", "an@so.example", "a b", "short", strings.Repeat("x", 65)} {
		if number, _ := ask("GET", "/u/x", id); number == id || len(number) != 36 {
			t.Errorf("%q became %q", id, number)
		}
	}
	_, lines = ask("GET", "/nothing/an@so.example", "proxy-0042")
	if len(lines) != 1 || lines[0]["route"] != "none" || lines[0]["status"] != 404.0 {
		t.Errorf("without a route: %v", lines)
	}
	if _, lines = ask("GET", "/readyz", "proxy-0042"); len(lines) != 0 {
		t.Errorf("probes are no news: %v", lines)
	}
	_, lines = ask("POST", "/broken", "proxy-0042")
	if len(lines) != 2 || lines[0]["panic"] != "no place for …" || lines[0]["request_id"] != "proxy-0042" || lines[1]["status"] != 500.0 {
		t.Errorf("of a panic: %v", lines)
	}
}
