package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"thidua.dev/thidua/internal/store/storetest"
)

// tracer counts the statements of a pool by the names of their queries, and keeps
// the last of each.
type tracer struct {
	mu    sync.Mutex
	count map[string]int
	took  map[string]time.Duration
	last  map[string]pgx.TraceQueryStartData
}

type begun struct {
	name string
	at   time.Time
}

func tracedPool(t testing.TB) (*pgxpool.Pool, *tracer) {
	t.Helper()
	config, err := pgxpool.ParseConfig(storetest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	tr := &tracer{}
	tr.reset()
	config.ConnConfig.Tracer = tr
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool, tr
}

func (tr *tracer) reset() {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.count, tr.took, tr.last = map[string]int{}, map[string]time.Duration{}, map[string]pgx.TraceQueryStartData{}
}

func (tr *tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	name, named := strings.CutPrefix(data.SQL, "-- name: ")
	if !named {
		return ctx // begin, commit and the tests' own
	}
	name, _, _ = strings.Cut(name, " ")
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.count[name]++
	tr.last[name] = data
	return context.WithValue(ctx, tr, begun{name, time.Now()})
}

func (tr *tracer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryEndData) {
	if b, ok := ctx.Value(tr).(begun); ok {
		tr.mu.Lock()
		defer tr.mu.Unlock()
		tr.took[b.name] += time.Since(b.at)
	}
}

// Those that go together are traced when they are answered.

func (tr *tracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (tr *tracer) TraceBatchQuery(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchQueryData) {
	tr.TraceQueryStart(ctx, conn, pgx.TraceQueryStartData{SQL: data.SQL, Args: data.Args})
}

func (tr *tracer) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// counts of statements, one line each.
func (tr *tracer) counts() []string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(tr.count)) {
		lines = append(lines, fmt.Sprintf("%s %d", name, tr.count[name]))
	}
	return lines
}
