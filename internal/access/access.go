// Package access gives every HTTP request a number that all lines of its log carry, and
// writes one line when it is over: which route, for which kind of actor, how it ended. It
// knows patterns of routes, never paths: a link's path is a secret.
package access

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/logs"
	"thidua.dev/thidua/internal/traces"
)

// Header carries the request's number, in and out.
const Header = "X-Request-ID"

// numbers that others may give a request: nothing that could be a person's.
var numbers = regexp.MustCompile(`^[A-Za-z0-9_-]{8,64}$`)

// entry is what becomes known of a request on its way.
type entry struct{ actor auth.Actor }

type entryKey struct{}

// By tells who a request turned out to come from.
func By(ctx context.Context, actor auth.Actor) {
	if e, ok := ctx.Value(entryKey{}).(*entry); ok {
		e.actor = actor
	}
}

// instruments are asked every few seconds by machines.
var instruments = map[string]bool{"GET /metrics": true, "GET /healthz": true, "GET /readyz": true}

// Log serves requests by h and writes a line for each. h must be a ServeMux, or hand
// requests on to one as they are: it is their Pattern that is written.
// Where requests are traced, one is a span by the same pattern.
func Log(log *slog.Logger, tracer *traces.Tracer, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		id := r.Header.Get(Header)
		if !numbers.MatchString(id) {
			id = uuid.NewString()
		}
		w.Header().Set(Header, id)
		e := &entry{}
		ctx := logs.With(context.WithValue(r.Context(), entryKey{}, e), slog.String(logs.KeyRequestID, id))
		ctx, span := tracer.Start(tracer.From(ctx, r.Header), trace.SpanKindServer, r.Method)
		if trace := tracer.ID(ctx); trace != "" {
			ctx = logs.With(ctx, slog.String("trace_id", trace))
		}
		r = r.WithContext(ctx)
		answer := &answer{ResponseWriter: w}
		defer func() {
			broken := recover()
			if broken != nil && !aborted(broken) {
				log.ErrorContext(ctx, "request panicked", "route", r.Pattern, "panic", logs.Clean(fmt.Sprint(broken)), "stack", string(debug.Stack()))
			}
			level := slog.LevelInfo
			if instruments[r.Pattern] {
				level = slog.LevelDebug
			}
			status := cmp.Or(answer.status, http.StatusOK)
			if broken != nil {
				status = http.StatusInternalServerError
			}
			log.LogAttrs(ctx, level, "request", slog.String("route", cmp.Or(r.Pattern, "none")), slog.Int("status", status),
				slog.Float64("seconds", time.Since(began).Seconds()), slog.Int64("bytes", answer.bytes), slog.Any("actor", e.actor))
			finish(span, r.Pattern, status)
			if broken != nil {
				panic(http.ErrAbortHandler) // the connection ends, and net/http writes no line of its own
			}
		}()
		h.ServeHTTP(answer, r)
	})
}

// finish a request's span. Nothing of its address stands in it but the pattern.
func finish(span *traces.Span, route string, status int) {
	span.Name(cmp.Or(route, "none"))
	span.Set(attribute.String("http.route", route), attribute.Int("http.response.status_code", status))
	failed := ""
	if status >= http.StatusInternalServerError {
		failed = http.StatusText(status)
	}
	span.End(failed)
}

func aborted(broken any) bool {
	err, ok := broken.(error)
	return ok && errors.Is(err, http.ErrAbortHandler)
}

// answer counts what is written.
type answer struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	a.status = cmp.Or(a.status, http.StatusOK)
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
