package verify

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"thidua.dev/thidua/internal/audit"
	"thidua.dev/thidua/internal/store/db"
)

const (
	// One look takes so much: a tenth of a second of one core.
	lookSeals = 1000
	lookRows  = 5000
)

// Watch recomputes the chain of acts all the time, a part at each look, from the first
// seal to the last and then again: what was altered is found within one round, and not
// only when somebody asks. What is not sealed yet it does not see. Nor does a chain say
// that its end was cut off, so Watch remembers the last seal that it saw, as long as it
// lives; after a restart only a published root tells.
type Watch struct {
	pool *pgxpool.Pool
	log  *slog.Logger

	no       int64 // verified up to this seal
	hash     audit.Hash
	found    []audit.Finding // in this round
	before   int             // in the whole round before
	last     int64           // the last seal ever seen, and its hash
	lastHash audit.Hash
	cut      bool // it is there no more
	known    map[string]bool
	rounds   int
}

// NewWatch begins at the first seal.
func NewWatch(pool *pgxpool.Pool, log *slog.Logger) *Watch {
	return &Watch{pool: pool, log: log, known: map[string]bool{}}
}

// Findings is how many things do not add up: in the round before, or in this one.
func (w *Watch) Findings() int {
	n := max(w.before, len(w.found))
	if w.cut {
		n++
	}
	return n
}

// Rounds is how often the whole chain has been recomputed.
func (w *Watch) Rounds() int { return w.rounds }

// Run looks until the context ends, and tells after each look.
func (w *Watch) Run(ctx context.Context, every time.Duration, tell func(*Watch)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := w.Look(ctx); err == nil {
			tell(w)
		} else if ctx.Err() == nil {
			w.log.WarnContext(ctx, "audit chain not verified", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Look recomputes the next part.
func (w *Watch) Look(ctx context.Context) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return pgx.BeginTxFunc(ctx, w.pool, options, func(tx pgx.Tx) error {
		q := db.New(tx)
		if err := w.lookAtEnd(ctx, q); err != nil {
			return err
		}
		seals, err := sealsAfter(ctx, q, w.no, lookSeals, lookRows)
		if err != nil {
			return err
		}
		for _, f := range audit.Continue(w.no, w.hash, seals) {
			w.found = append(w.found, f)
			w.report(ctx, f)
		}
		if n := len(seals); n > 0 {
			w.no, w.hash = seals[n-1].No, seals[n-1].Hash
		}
		if len(seals) == 0 || w.no >= w.last { // the end, as it is in this snapshot
			w.before, w.found = len(w.found), nil
			w.no, w.hash = 0, audit.Hash{}
			w.rounds++
		}
		return nil
	})
}

// lookAtEnd finds the last seal that was seen, and then the last one there is.
func (w *Watch) lookAtEnd(ctx context.Context, q *db.Queries) error {
	if w.last > 0 {
		hash, err := q.SealHash(ctx, w.last)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if w.cut = !bytes.Equal(hash, w.lastHash[:]); w.cut {
			w.report(ctx, audit.Finding{Code: "ChainCut", Seal: w.last, Text: "a seal that was there is gone, or another is in its place"})
		}
	}
	last, err := q.LastSeal(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err == nil && !w.cut {
		w.last, w.lastHash = last.No, audit.Hash(last.Hash)
	}
	return err
}

// report logs each finding once, however many rounds find it again.
func (w *Watch) report(ctx context.Context, f audit.Finding) {
	if key := f.Code + f.Text; !w.known[key] {
		w.known[key] = true
		w.log.ErrorContext(ctx, "the audit's chain is broken", "code", f.Code, "seal", f.Seal, "row", f.AuditID, "finding", f.Text)
	}
}
