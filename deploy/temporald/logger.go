package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/log/tag"
	"golang.org/x/time/rate"
)

// newLogger writes text lines for people. It also takes over the standard
// library's logger, which the UI uses for chatter, at level info.
func newLogger(out io.Writer, level slog.Level) *slog.Logger {
	l := slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: level}))
	slog.SetDefault(l)
	return l
}

// While its database is away, Temporal logs hundreds of lines a second, which
// over a night fill a disk.
const (
	logRate  = 20 // lines a second
	logBurst = 1000
)

// serverLogger gives Temporal's services a slog.Logger, so that the whole
// program logs in one form and a fatal condition is one line, not a stack.
type serverLogger struct {
	slog *slog.Logger
	tags []tag.Tag
	*logBudget
}

// logBudget is shared by a logger and all that are made from it.
type logBudget struct {
	limiter *rate.Limiter
	dropped atomic.Int64
}

func newServerLogger(l *slog.Logger) serverLogger {
	return serverLogger{slog: l, logBudget: &logBudget{limiter: rate.NewLimiter(logRate, logBurst)}}
}

var (
	_ log.Logger      = serverLogger{}
	_ log.WithLogger  = serverLogger{}
	_ log.SLogWrapper = serverLogger{}
)

func (l serverLogger) write(level slog.Level, msg string, tags []tag.Tag) {
	ctx := context.Background()
	if !l.slog.Enabled(ctx, level) {
		return // before the tags are rendered: debug calls are on every hot path
	}
	if !l.limiter.Allow() {
		l.dropped.Add(1)
		return
	}
	attrs := make([]slog.Attr, 0, len(l.tags)+len(tags)+1)
	for _, t := range slices.Concat(l.tags, tags) {
		attrs = append(attrs, slog.Any(t.Key(), t.Value()))
	}
	if n := l.dropped.Swap(0); n > 0 {
		attrs = append(attrs, slog.Int64("lines-dropped-before", n))
	}
	l.slog.LogAttrs(ctx, level, msg, attrs...)
}

func (l serverLogger) Debug(msg string, tags ...tag.Tag) { l.write(slog.LevelDebug, msg, tags) }
func (l serverLogger) Info(msg string, tags ...tag.Tag)  { l.write(slog.LevelInfo, msg, tags) }
func (l serverLogger) Warn(msg string, tags ...tag.Tag)  { l.write(slog.LevelWarn, msg, tags) }
func (l serverLogger) Error(msg string, tags ...tag.Tag) { l.write(slog.LevelError, msg, tags) }

// DPanic is Temporal's "must not happen": logged, survived.
func (l serverLogger) DPanic(msg string, tags ...tag.Tag) { l.write(slog.LevelError, msg, tags) }

// Panic logs and panics.
func (l serverLogger) Panic(msg string, tags ...tag.Tag) {
	l.write(slog.LevelError, msg, tags)
	panic(msg)
}

// Fatal ends the process as Temporal means it to, with one line that says why.
func (l serverLogger) Fatal(msg string, tags ...tag.Tag) {
	var b strings.Builder
	b.WriteString(msg)
	for _, t := range slices.Concat(l.tags, tags) {
		fmt.Fprintf(&b, " %s=%v", t.Key(), t.Value())
	}
	fmt.Fprintln(os.Stderr, "temporald:", oneLine(b.String()))
	os.Exit(1) //nolint:forbidigo // what Temporal's Fatal promises
}

// With adds tags to every later line.
func (l serverLogger) With(tags ...tag.Tag) log.Logger {
	return serverLogger{slog: l.slog, tags: slices.Concat(l.tags, tags), logBudget: l.logBudget}
}

// SLog lets the SDK inside the services log through the same logger.
func (l serverLogger) SLog() *slog.Logger { return l.slog }

// oneLine folds an error of several lines into one.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
