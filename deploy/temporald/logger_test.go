package main

import (
	"bytes"
	"errors"
	"log" //nolint:depguard // what the UI uses
	"log/slog"
	"strings"
	"testing"

	"go.temporal.io/server/common/log/tag"
	"golang.org/x/time/rate"
)

func TestServerLogger(t *testing.T) {
	var out bytes.Buffer
	l := newServerLogger(newLogger(&out, slog.LevelWarn))
	l.Info("unheard")
	log.Print("unheard too") // the UI's way
	if out.Len() != 0 {
		t.Errorf("below the level: %s", out.String())
	}
	l.With(tag.String("component", "history")).Warn("heard", tag.Error(errors.New("why")))
	for _, want := range []string{"level=WARN", "msg=heard", "component=history", "error=why"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in %s", want, out.String())
		}
	}
}

func TestServerLoggerFlood(t *testing.T) {
	var out bytes.Buffer
	l := newServerLogger(newLogger(&out, slog.LevelError))
	for range 10 * logBurst {
		l.With(tag.String("try", "again")).Error("no database")
	}
	if got := strings.Count(out.String(), "\n"); got > 2*logBurst {
		t.Errorf("%d lines came through", got)
	}
	l.limiter.SetBurst(10 * logBurst)
	l.limiter.SetLimit(rate.Inf) // as after a while
	out.Reset()
	l.Error("later")
	if !strings.Contains(out.String(), "lines-dropped-before=") {
		t.Errorf("the gap is not mentioned: %s", out.String())
	}
}

func TestOneLine(t *testing.T) {
	if got := oneLine(" a:\n\tb\r\n c "); got != "a: b c" {
		t.Errorf("got %q", got)
	}
}
