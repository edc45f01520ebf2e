// Package look is what people and programs see of a campaign: plain structs
// read from the facts. It changes nothing, computes no rule that the engine
// acts on, and holds no page and no personal data.
package look

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"thidua.dev/thidua/internal/store/db"
)

// Reader reads from one database.
type Reader struct {
	pool *pgxpool.Pool
	asOf time.Time // zero: as it is
}

// New makes a Reader.
func New(pool *pgxpool.Pool) *Reader { return &Reader{pool: pool} }

// AsOf reads what was known at an instant of business time: acts of that very instant
// are in it, later ones are not, whatever they were about. What an engine did next and
// how it felt is not among the facts that are kept: a campaign of the past has no phase
// and only the conditions Launched and Succeeded.
func (r *Reader) AsOf(at time.Time) *Reader { return &Reader{pool: r.pool, asOf: at} }

// Unknown is the answer to a question about an instant of which nothing is kept.
type Unknown struct{ Text string }

func (e *Unknown) Error() string { return e.Text }

// Clock is business time.
type Clock struct {
	Now time.Time `json:"now"`
	// Stepped clocks jump from instant to instant: training, demo, tests.
	Stepped bool  `json:"stepped"`
	Frozen  bool  `json:"frozen"`
	Jumps   int64 `json:"jumps"`
	// AsOf tells that Now is an instant of the past, and that what is shown was known then.
	AsOf bool `json:"asOf,omitempty"`
}

// NotFound is a name that means nothing here, with names that look like it; without a
// name, there is none of the kind yet.
type NotFound struct {
	Kind, Name string
	Similar    []string
}

func (e *NotFound) Error() string {
	if e.Name == "" {
		return fmt.Sprintf("there is no %s yet", e.Kind)
	}
	text := fmt.Sprintf("%s %q does not exist", e.Kind, e.Name)
	if len(e.Similar) > 0 {
		text += "; similar: " + strings.Join(e.Similar, ", ")
	}
	return text
}

// view is one consistent look: everything in it is read from one snapshot, so
// that counts agree with lists.
type view struct {
	*db.Queries
	clock Clock
	now   time.Time
	past  bool // as of an instant
}

func (r *Reader) view(ctx context.Context, fn func(*view) error) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return pgx.BeginTxFunc(ctx, r.pool, options, func(tx pgx.Tx) error {
		q := db.New(tx)
		row, err := q.LookClock(ctx)
		if err != nil {
			return fmt.Errorf("read business time: %w", err)
		}
		clock := Clock{Now: row.Now, Stepped: row.Stepped, Frozen: row.Frozen, Jumps: row.Jumps}
		if !r.asOf.IsZero() {
			if clock, err = goBack(ctx, q, clock, r.asOf); err != nil {
				return err
			}
		}
		return fn(&view{Queries: q, clock: clock, now: clock.Now, past: !r.asOf.IsZero()})
	})
}

// goBack lets the rest of the transaction see every table as it was.
func goBack(ctx context.Context, q *db.Queries, now Clock, at time.Time) (Clock, error) {
	if at.After(now.Now) {
		return now, &Unknown{fmt.Sprintf("%s has not come yet: now is %s", at.Format(time.RFC3339), now.Now.In(at.Location()).Format(time.RFC3339))}
	}
	row, err := q.AsOf(ctx, at.UTC().Format(time.RFC3339Nano))
	if err != nil {
		return now, fmt.Errorf("go back to %s: %w", at, err)
	}
	if row.Unknown {
		return now, &Unknown{fmt.Sprintf("what was known is kept since %s only", row.Since.In(at.Location()).Format(time.RFC3339))}
	}
	return Clock{Now: at, Stepped: now.Stepped, AsOf: true}, nil
}

// Clock reads business time.
func (r *Reader) Clock(ctx context.Context) (Clock, error) {
	row, err := db.New(r.pool).LookClock(ctx)
	return Clock{Now: row.Now, Stepped: row.Stepped, Frozen: row.Frozen, Jumps: row.Jumps}, err
}

// Changes is a text that differs whenever what is shown would: a program polls
// it once for all who watch. Newest ids stand for what is only ever added, open
// work for what changes in place, and on a real clock the minute for what grows
// late by itself.
func (r *Reader) Changes(ctx context.Context) (string, error) {
	return db.New(r.pool).LookChanges(ctx)
}

// local is an instant in a campaign's time zone; nil stays nil.
func local(t *time.Time, loc *time.Location) *time.Time {
	if t == nil {
		return nil
	}
	in := t.In(loc)
	return &in
}

// location of a time zone's name, which was checked when the campaign was declared.
func location(zone string) *time.Location {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return time.UTC
	}
	return loc
}
