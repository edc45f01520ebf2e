package bench

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/store"
)

// Page of the measured campaign.
type Page struct {
	Name string
	// Path below the campaign's own address.
	Path string
	// Read is what its reader asks for.
	Read func(ctx context.Context, r *look.Reader) error
	// Limit of the ratio; 0 demands nothing.
	Limit float64
}

// servings of a page make one measurement: one alone is shorter than what else happens.
const servings = 9

// Pages serves each page of a campaign in the midst of a round, from the request to the
// last byte, without a network; and in turns runs just the statements that its reader
// asks, with the same arguments in the same kind of transaction, and throws the rows away.
func (b *Bench) Pages(ctx context.Context, app func(*pgxpool.Pool, *engine.Engine) http.Handler, pages []Page) ([]Result, error) {
	w, err := b.world(ctx, midst)
	if err != nil {
		return nil, err
	}
	defer w.drop(ctx)
	served := app(w.pool, w.engine)
	var results []Result
	for _, p := range pages {
		asked, err := w.asks(ctx, p.Read)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		var whole, bare []float64
		size := 0
		for range b.Repeat * servings {
			began := time.Now()
			if size, err = serve(ctx, served, "/campaigns/"+Campaign+p.Path); err != nil {
				return nil, err
			}
			whole = append(whole, milliseconds(began))
			began = time.Now()
			if err := w.ask(ctx, asked); err != nil {
				return nil, err
			}
			bare = append(bare, milliseconds(began))
		}
		r := Result{
			Name: fmt.Sprintf("%s, %d units", p.Name, b.Units), Value: Median(whole), Unit: "ms",
			Note: fmt.Sprintf("%d kB, %d statements", size/1000, len(asked)),
		}.Beside("its reader's statements, bare", Median(bare))
		if p.Limit > 0 {
			r = r.Limited(AtMost, p.Limit)
		}
		results = append(results, r)
	}
	return results, nil
}

func milliseconds(since time.Time) float64 { return time.Since(since).Seconds() * 1000 }

// serve one page as a browser would have it that takes no compression.
func serve(ctx context.Context, h http.Handler, path string) (size int, err error) {
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequestWithContext(ctx, http.MethodGet, path, http.NoBody))
	if answer.Code != http.StatusOK {
		return 0, fmt.Errorf("%s: %d %.200s", path, answer.Code, answer.Body)
	}
	return answer.Body.Len(), nil
}

// statement as it went to PostgreSQL.
type statement struct {
	sql  string
	args []any
}

// listener hears the statements of a reader.
type listener struct {
	mu    sync.Mutex
	heard []statement
}

func (l *listener) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	if strings.HasPrefix(q.SQL, "-- name: ") { // begin and commit are no questions
		l.mu.Lock()
		defer l.mu.Unlock()
		l.heard = append(l.heard, statement{q.SQL, q.Args})
	}
	return ctx
}

func (*listener) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// asks are the statements of a reading.
func (w *world) asks(ctx context.Context, read func(context.Context, *look.Reader) error) ([]statement, error) {
	var l listener
	pool, err := store.Open(ctx, w.url, store.Traced(&l))
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	err = read(ctx, look.New(pool))
	return l.heard, err
}

// ask again, in one transaction as readers do, and drain what comes.
func (w *world) ask(ctx context.Context, all []statement) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return pgx.BeginTxFunc(ctx, w.pool, options, func(tx pgx.Tx) error {
		for _, s := range all {
			rows, err := tx.Query(ctx, s.sql, s.args...)
			if err != nil {
				return err
			}
			rows.Close() // reads what there is
			if err := rows.Err(); err != nil {
				return err
			}
		}
		return nil
	})
}
