package engine

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/store/db"
)

// OpenLink finds who holds a link that was sent to a unit. One that is not ours, has
// expired or was made worthless is *Unauthenticated. It changes nothing: programs
// that look through mails open links too.
func (e *Engine) OpenLink(ctx context.Context, text string) (auth.Link, auth.Actor, error) {
	fail := func(err error) (auth.Link, auth.Actor, error) { return auth.Link{}, auth.Actor{}, err }
	unknown := &Unauthenticated{"LinkUnknown", "this link is not complete: copy the whole address from the message"}
	sealed, err := auth.ParseLink(text)
	if err != nil {
		return fail(unknown)
	}
	key, err := db.New(e.pool).NewestLinkKey(ctx)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fail(err)
	}
	if err != nil || int(key.Version) != sealed.Key() {
		return fail(linkRevoked)
	}
	l, ok := sealed.Open(key.Key)
	if !ok {
		return fail(unknown)
	}
	actor, err := e.Holder(ctx, l)
	return l, actor, err
}

var linkRevoked = &Unauthenticated{"LinkRevoked", "this link is not valid any more: use that of the newest message, or ask the office"}

// Holder is who holds a link that was opened before: a session lives no longer than
// the link that it was exchanged for.
func (e *Engine) Holder(ctx context.Context, l auth.Link) (auth.Actor, error) {
	actor := l.Actor()
	if !actor.Valid.At(time.Now()) {
		return auth.Actor{}, &Unauthenticated{"LinkExpired", "this link has expired: use that of the newest message, or ask the office"}
	}
	q := db.New(e.pool)
	key, err := q.NewestLinkKey(ctx)
	if err != nil {
		return auth.Actor{}, err
	}
	version := 1
	rows, err := q.LinkVersions(ctx, []string{l.Unit})
	if err != nil {
		return auth.Actor{}, err
	}
	if len(rows) > 0 {
		version = int(rows[0].Version)
	}
	if version != l.Version || int(key.Version) != l.Key {
		return auth.Actor{}, linkRevoked
	}
	return actor, nil
}

// RevokeLinks makes every link that was sent to a unit worthless, with the sessions
// that they were exchanged for. The next message carries new ones.
func (e *Engine) RevokeLinks(ctx context.Context, act Act, unit string) (version int, err error) {
	err = e.in(ctx, func(t *tx) error {
		if err := t.demand(ctx, act.Actor, auth.Unlink, auth.Object{Unit: unit}, "unit "+unit); err != nil {
			return err
		}
		known, err := t.KnownUnit(ctx, unit)
		if err != nil {
			return err
		}
		if !known {
			return &NotFound{Kind: "unit", Name: unit}
		}
		// Two at once take turns at the row.
		n, err := t.RaiseLinkVersion(ctx, unit)
		if err != nil {
			return err
		}
		done, err := t.repeated(ctx, act, auth.Unlink, "Unit/"+unit)
		if err != nil {
			return err
		}
		if done != nil {
			var before struct{ Version int }
			if err := json.Unmarshal(done.Detail, &before); err != nil {
				return err
			}
			version = before.Version
			return errPutBack // what was raised now
		}
		version = int(n)
		return t.audit(ctx, act, auth.Unlink, "Unit/"+unit, map[string]any{"version": version})
	})
	if errors.Is(err, errPutBack) {
		err = nil
	}
	return version, err
}

// RotateLinkKey makes every link of the installation worthless.
func (e *Engine) RotateLinkKey(ctx context.Context, act Act) (version int, err error) {
	err = e.in(ctx, func(t *tx) error {
		if err := t.demand(ctx, act.Actor, auth.Issue, auth.Object{}, "the key of links"); err != nil {
			return err
		}
		if _, err := t.raw.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('thidua.link'))`); err != nil {
			return err
		}
		done, err := t.repeated(ctx, act, auth.Unlink, "Installation")
		if err != nil {
			return err
		}
		if done != nil {
			var before struct{ Key int }
			err := json.Unmarshal(done.Detail, &before)
			version = before.Key
			return err
		}
		newest, err := t.NewestLinkKey(ctx)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		version = int(newest.Version) + 1
		key := make([]byte, 32)
		rand.Read(key)
		if err := t.InsertLinkKey(ctx, int32(version), key); err != nil {
			return err
		}
		return t.audit(ctx, act, auth.Unlink, "Installation", map[string]any{"key": version})
	})
	return version, err
}
