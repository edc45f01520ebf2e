package health_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"thidua.dev/thidua/internal/health"
)

func ask(t *testing.T, p *health.Probe, path string) (int, string) {
	t.Helper()
	mux := http.NewServeMux()
	p.Register(mux)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

func TestReady(t *testing.T) {
	refused := errors.New("dial tcp 10.0.0.7:5432: password=secret refused")
	for _, c := range []struct {
		reason  string
		answers error
		before  bool // it has started
		status  int
		want    string
	}{
		{"all is well", nil, true, 200, "process: ok\npostgres: ok\n"},
		{"not everything runs yet", nil, false, 503, "process: not all of it has started yet\npostgres: ok\n"},
		{"what an error tells of addresses and passwords stays in the log", refused, true, 503, "process: ok\npostgres: does not answer\n"},
		{"what is for everybody is told", fmt.Errorf("%w: %w", health.Unready("not migrated: run thidua migrate"), refused), true, 503, "process: ok\npostgres: not migrated: run thidua migrate\n"},
	} {
		var log strings.Builder
		p := health.NewProbe(slog.New(slog.NewTextHandler(&log, nil)))
		p.Add(health.Check{Name: "postgres", Ask: func(context.Context) error { return c.answers }})
		if c.before {
			p.Started()
		}
		status, text := ask(t, p, "/readyz")
		if status != c.status || text != c.want {
			t.Errorf("%s: %d %q", c.reason, status, text)
		}
		if c.answers != nil && !strings.Contains(log.String(), "10.0.0.7") {
			t.Errorf("%s: the log says only %q", c.reason, log.String())
		}
		if status, text := ask(t, p, "/healthz"); status != 200 || text != "ok\n" {
			t.Errorf("%s: it lives: %d %q", c.reason, status, text)
		}
		p.Stopping()
		if status, text := ask(t, p, "/readyz"); status != 503 || !strings.Contains(text, "process: it is being stopped") {
			t.Errorf("%s: while it stops: %d %q", c.reason, status, text)
		}
	}
}

// One that hangs holds up neither the answer nor the others, and is asked once however
// many want to know.
func TestOneHangs(t *testing.T) {
	p := health.NewProbe(slog.New(slog.DiscardHandler))
	asked, release := make(chan struct{}, 10), make(chan struct{})
	defer close(release)
	p.Add(
		health.Check{Name: "deaf", Ask: func(context.Context) error { asked <- struct{}{}; <-release; return nil }},
		health.Check{Name: "quick", Ask: func(context.Context) error { return nil }},
	)
	p.Started()
	began := time.Now()
	answers := make(chan []health.Result, 3)
	for range cap(answers) {
		go func() { answers <- p.Ready(t.Context()) }()
	}
	for range cap(answers) {
		want := []health.Result{{Name: "process"}, {Name: "deaf", Wrong: "does not answer"}, {Name: "quick"}}
		if diff := cmp.Diff(want, <-answers); diff != "" {
			t.Error(diff)
		}
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	if len(asked) != 1 {
		t.Errorf("asked %d times", len(asked))
	}
}

// The log hears of changes, not of every question.
func TestLogOnChange(t *testing.T) {
	var log strings.Builder
	p := health.NewProbe(slog.New(slog.NewTextHandler(&log, nil)))
	var wrong error
	p.Add(health.Check{Name: "postgres", Ask: func(context.Context) error { return wrong }})
	for _, wrong = range []error{nil, errors.New("away"), errors.New("away"), nil, nil} {
		p.Started() // the answer before is not given again
		p.Ready(t.Context())
	}
	if n := strings.Count(log.String(), "\n"); n != 2 || strings.Count(log.String(), "not ready") != 1 || strings.Count(log.String(), "ready again") != 1 {
		t.Errorf("log:\n%s", log.String())
	}
}

func TestParse(t *testing.T) {
	want := []health.Result{{Name: "postgres"}, {Name: "temporal", Wrong: "does not answer: see its log"}}
	got := health.Parse(want[0].String() + "\n" + want[1].String() + "\n<html>\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
