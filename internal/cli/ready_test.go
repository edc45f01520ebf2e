package cli

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"thidua.dev/thidua/internal/health"
)

func TestAskReadyTellsAnswersApart(t *testing.T) {
	for _, c := range []struct {
		reason string
		answer http.HandlerFunc
		want   string
	}{
		{"all is well", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("process: ok\npostgres: ok\n")) }, "ready at ADDRESS (process, postgres)"},
		{"one thing is not", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte("process: ok\npostgres: does not answer\n"))
		}, "NOT READY at ADDRESS: postgres: does not answer"},
		{"a proxy that asks for a login", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) }, "what answers at ADDRESS does not say whether it is ready (302 Found)"},
		{"somebody else's server", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<h1>It works</h1>")) }, "what answers at ADDRESS does not say whether it is ready (200 OK)"},
	} {
		server := httptest.NewServer(c.answer)
		got := strings.ReplaceAll(strings.Join(askReady(t.Context(), "up", server.URL).words(), "\n"), server.URL, "ADDRESS")
		server.Close()
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.reason, got, c.want)
		}
	}
}

func TestBlameNamesTheCause(t *testing.T) {
	var b bytes.Buffer
	a := &app{err: &b}
	a.blame([]processHealth{
		{Role: "up", Address: "x", Checks: []health.Result{{Name: "process"}, {Name: "postgres", Wrong: "does not answer"}}},
		{Role: "serve", Address: "y", Checks: []health.Result{{Name: "process"}}},
		{Role: "serve", Address: "z", Silent: "gone"},
	})
	if got, want := b.String(), "up: NOT READY at x: postgres: does not answer\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestRecordedOfAnotherDatabase(t *testing.T) {
	ours := Place{DataDir: t.TempDir()}
	theirs := Place{DataDir: ours.DataDir, DatabaseURL: "postgres://u:secret@db:5432/thidua"}
	forget, err := theirs.RecordWeb("serve", "http://localhost:1/")
	if err != nil {
		t.Fatal(err)
	}
	if address, err := ours.recorded("serve"); address != "" || err != nil {
		t.Errorf("%q %v of another database", address, err)
	}
	as := Place{DataDir: ours.DataDir, DatabaseURL: "postgres://auditor@db/thidua"}
	if address, err := as.recorded("serve"); address != "http://localhost:1/" || err != nil {
		t.Errorf("%q %v of the same database by another user", address, err)
	}
	if err := forget(); err != nil {
		t.Fatal(err)
	}
	if address, err := as.recorded("serve"); address != "" || err != nil {
		t.Errorf("%q %v after it was forgotten", address, err)
	}
}
