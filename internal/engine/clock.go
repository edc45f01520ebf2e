package engine

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/store/db"
)

// SetStepped makes business time a stepped clock that stands at an instant.
func (e *Engine) SetStepped(ctx context.Context, at time.Time) error {
	return db.New(e.pool).SetStepped(ctx, at)
}

// EnsureStepped starts a stepped clock on an installation where nothing has
// happened yet; one that runs already goes on from where it stands. An
// installation at real time stays at real time.
func (e *Engine) EnsureStepped(ctx context.Context, at time.Time) error {
	q := db.New(e.pool)
	clock, err := q.Now(ctx)
	if err != nil || clock.Stepped {
		return err
	}
	campaigns, err := q.Campaigns(ctx)
	if err != nil {
		return err
	}
	if len(campaigns) > 0 {
		return refuse("RealTime", "this installation runs at real time and holds campaigns: a demo needs a data directory of its own")
	}
	return q.SetStepped(ctx, at)
}

// Stepped tells that business time is a stepped clock.
func (e *Engine) Stepped(ctx context.Context) (bool, error) {
	row, err := db.New(e.pool).Now(ctx)
	return row.Stepped, err
}

// Undone is what stands between a stepped clock and its next jump.
type Undone struct{ Procedures, Messages int64 }

// None tells that the clock may jump.
func (u Undone) None() bool { return u.Procedures == 0 && u.Messages == 0 }

// Undone counts procedures whose instant has come and messages to be settled.
func (e *Engine) Undone(ctx context.Context) (Undone, error) {
	row, err := db.New(e.pool).Undone(ctx)
	return Undone{Procedures: row.Procedures, Messages: row.Messages}, err
}

// NextInstant is when a procedure is due next; nil when none is.
func (e *Engine) NextInstant(ctx context.Context) (*time.Time, error) {
	at, err := db.New(e.pool).NextInstant(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return &at, err
}

// Jump moves the stepped clock and wakes what is then due, in one transaction.
func (e *Engine) Jump(ctx context.Context, to time.Time) error {
	return e.in(ctx, func(t *tx) error {
		n, err := t.Queries.Jump(ctx, to)
		if err != nil || n == 0 {
			return err
		}
		_, err = t.WakeDue(ctx, to, pgtype.Interval{Valid: true})
		return err
	})
}

// Sweep wakes every procedure that has been due for longer than grace and was
// not looked at: the net under lost wake-ups. One query for the installation.
func (e *Engine) Sweep(ctx context.Context, grace time.Duration) (woken int64, err error) {
	err = e.in(ctx, func(t *tx) error {
		if t.stepped {
			grace = 0 // a stepped clock stands still while something is undone
		}
		woken, err = t.WakeDue(ctx, t.now, pgtype.Interval{Microseconds: grace.Microseconds(), Valid: true})
		return err
	})
	return woken, err
}

// Rebuild wakes every open procedure: those that Temporal knows look again, those
// that it has lost begin anew and run through the phases that the facts call
// finished. It is all that is to be done after Temporal's databases are gone.
func (e *Engine) Rebuild(ctx context.Context, act Act) (woken int64, err error) {
	err = e.in(ctx, func(t *tx) error {
		if err := t.demand(ctx, act.Actor, auth.Rebuild, auth.Object{}, "the installation"); err != nil {
			return err
		}
		// Two at once take turns, so that the second finds the first.
		if _, err := t.raw.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('thidua.rebuild'))`); err != nil {
			return err
		}
		done, err := t.repeated(ctx, act, auth.Rebuild, "Installation")
		if err != nil {
			return err
		}
		var detail struct{ Woken int64 }
		if done != nil {
			err := json.Unmarshal(done.Detail, &detail)
			woken = detail.Woken
			return err
		}
		if woken, err = t.WakeOpen(ctx); err != nil {
			return err
		}
		return t.audit(ctx, act, auth.Rebuild, "Installation", map[string]any{"woken": woken})
	})
	return woken, err
}

// Procedure names a procedure and its kind.
type Procedure struct{ ID, Kind string }

// DueProcedures are what a driver without Temporal has to do now.
func (e *Engine) DueProcedures(ctx context.Context) ([]Procedure, error) {
	q := db.New(e.pool)
	now, err := q.Now(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := q.DueProcedures(ctx, now.Now)
	if err != nil {
		return nil, err
	}
	due := make([]Procedure, len(rows))
	for i, r := range rows {
		due[i] = Procedure{r.ID, r.Kind}
	}
	return due, nil
}

// Settled tells that nothing due is undone and the outbox is settled.
func (e *Engine) Settled(ctx context.Context) (bool, error) {
	u, err := e.Undone(ctx)
	return u.None(), err
}
