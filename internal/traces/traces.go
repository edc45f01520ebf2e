// Package traces says where time went: spans of requests, statements, steps and mails.
// It knows the API of OpenTelemetry only; package otlp exports. A nil Tracer traces
// nothing and costs nothing. Spans hold no personal data: no arguments of statements, no
// paths, no addresses, and of errors their codes.
package traces

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"thidua.dev/thidua/internal/logs"
)

// Tracer makes spans.
type Tracer struct {
	tracer trace.Tracer
	mu     sync.Mutex
	steps  map[string]step
}

// step is the last one of a procedure that this process has carried out.
type step struct {
	span trace.SpanContext
	at   time.Time
}

// New makes a Tracer.
func New(p trace.TracerProvider) *Tracer {
	return &Tracer{tracer: p.Tracer("thidua.dev/thidua"), steps: map[string]step{}}
}

// Span is what has begun; nil where nothing is traced.
type Span struct{ span trace.Span }

// Start begins a span about what ctx is about.
func (t *Tracer) Start(ctx context.Context, kind trace.SpanKind, name string) (context.Context, *Span) {
	if t == nil {
		return ctx, nil
	}
	ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(about(ctx)...)) //nolint:spancheck // Span.End does
	return ctx, &Span{span}                                                                               //nolint:spancheck // the same
}

// about is what ctx says, for lines of the log and for spans alike.
func about(ctx context.Context) (attrs []attribute.KeyValue) {
	for _, a := range logs.Fields(ctx) {
		if a.Value.Kind() == slog.KindInt64 {
			attrs = append(attrs, attribute.Int64("thidua."+a.Key, a.Value.Int64()))
			continue
		}
		attrs = append(attrs, attribute.String("thidua."+a.Key, a.Value.String()))
	}
	return attrs
}

// Set says more.
func (s *Span) Set(attrs ...attribute.KeyValue) {
	if s != nil {
		s.span.SetAttributes(attrs...)
	}
}

// Name renames it.
func (s *Span) Name(name string) {
	if s != nil {
		s.span.SetName(name)
	}
}

// End ends it; failed, when not empty, is a code for why.
func (s *Span) End(failed string) {
	if s == nil {
		return
	}
	if failed != "" {
		s.span.SetStatus(codes.Error, failed)
	}
	s.span.End()
}

// From continues the trace that a request says it belongs to.
func (t *Tracer) From(ctx context.Context, h http.Header) context.Context {
	if t == nil {
		return ctx
	}
	return propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(h))
}

// ID of the trace that ctx belongs to; empty without one.
func (t *Tracer) ID(ctx context.Context) string {
	if sc := trace.SpanContextFromContext(ctx); t != nil && sc.HasTraceID() {
		return sc.TraceID().String()
	}
	return ""
}

// Mails follow their step by seconds. What goes later, or in another process, begins a
// trace of its own, and says by its attributes what it belongs to.
const (
	followsWithin = 5 * time.Minute
	mostSteps     = 1000
)

// Stepped remembers the step of a procedure that ctx is in.
func (t *Tracer) Stepped(ctx context.Context, procedure string) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.steps) >= mostSteps {
		clear(t.steps)
	}
	t.steps[procedure] = step{trace.SpanContextFromContext(ctx), time.Now()}
}

// After is ctx behind the procedure's last step: a wake-up and a row of the outbox carry
// no trace, so the process that has done both remembers.
func (t *Tracer) After(ctx context.Context, procedure string) context.Context {
	if t == nil {
		return ctx
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if s, ok := t.steps[procedure]; ok && time.Since(s.at) < followsWithin {
		return trace.ContextWithSpanContext(ctx, s.span)
	}
	return ctx
}

// SQL traces statements within spans; those of loops that look for work are none's. It is
// nil where nothing is traced.
func (t *Tracer) SQL() pgx.QueryTracer {
	if t == nil {
		return nil
	}
	return statements{t}
}

type statements struct{ *Tracer }

var _ pgx.BatchTracer = statements{}

type statementKey struct{}

func (s statements) start(ctx context.Context, name string, attrs ...attribute.KeyValue) context.Context {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx
	}
	ctx, span := s.Start(ctx, trace.SpanKindClient, name)
	span.Set(append(attrs, attribute.String("db.system.name", "postgresql"))...)
	return context.WithValue(ctx, statementKey{}, span)
}

func end(ctx context.Context, err error) {
	span, _ := ctx.Value(statementKey{}).(*Span)
	var pg *pgconn.PgError
	switch {
	case err == nil || errors.Is(err, pgx.ErrNoRows):
		span.End("")
	case errors.As(err, &pg):
		span.End("SQLSTATE " + pg.Code)
	default:
		span.End("failed")
	}
}

func (s statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	return s.start(ctx, nameOf(q.SQL))
}

func (statements) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryEndData) {
	end(ctx, q.Err)
}

func (s statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, b pgx.TraceBatchStartData) context.Context {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx
	}
	names := make([]string, len(b.Batch.QueuedQueries))
	for i, q := range b.Batch.QueuedQueries {
		names[i] = nameOf(q.SQL)
	}
	return s.start(ctx, "pipeline", attribute.StringSlice("thidua.statements", names))
}

func (statements) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (statements) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, b pgx.TraceBatchEndData) {
	end(ctx, b.Err)
}

// nameOf a statement is what the queries call it, else its first word.
func nameOf(sql string) string {
	if rest, named := strings.CutPrefix(sql, "-- name: "); named {
		sql = rest
	}
	if words := strings.Fields(sql[:min(len(sql), 100)]); len(words) > 0 {
		return words[0]
	}
	return "statement"
}
