package engine

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"thidua.dev/thidua/internal/audit"
	"thidua.dev/thidua/internal/store/db"
)

// sealRows is how many rows one seal takes at most.
const sealRows = 10_000

// Seal chains the acts that have ended since the last seal, and tells how many.
// Acts themselves are plain inserts and wait for nobody; a row is sealed once no
// older transaction can still put one before it.
func (e *Engine) Seal(ctx context.Context) (rows int, err error) {
	for {
		n, err := e.sealOnce(ctx)
		rows += n
		if err != nil || n < sealRows {
			return rows, err
		}
	}
}

func (e *Engine) sealOnce(ctx context.Context) (n int, err error) {
	err = e.in(ctx, func(t *tx) error {
		n = 0
		// One sealer at a time: the chain has one end.
		if _, err := t.raw.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('thidua.seal'))`); err != nil {
			return err
		}
		last, err := t.LastSeal(ctx)
		if errors.Is(err, pgx.ErrNoRows) {
			last, err = db.LastSealRow{Horizon: "0", Hash: make([]byte, len(audit.Hash{}))}, nil
		}
		if err != nil {
			return err
		}
		below, err := t.SealHorizon(ctx)
		if err != nil {
			return err
		}
		since := last.Horizon
		if len(since) > len(below) || len(since) == len(below) && since > below {
			since = "0" // restored into a new cluster, whose transactions count anew
		}
		found, err := t.RowsToSeal(ctx, db.RowsToSealParams{Since: since, Below: below, MaxRows: sealRows})
		if err != nil || len(found) == 0 {
			return err
		}
		if len(found) == sealRows {
			below = since // the rest of them is still to come
		}
		sealed := db.InsertSealedParams{Seal: last.No + 1}
		leaves := make([]audit.Hash, len(found))
		for i, r := range found {
			leaves[i] = audit.Row{
				ID: r.ID, RecordedAt: r.RecordedAt, At: r.At, Actor: r.Actor, Verb: r.Verb, Object: r.Object,
				Reason: r.Reason, RequestID: r.RequestID, Detail: r.Detail,
			}.Leaf()
			sealed.Ids, sealed.Positions = append(sealed.Ids, r.ID), append(sealed.Positions, int32(i))
			sealed.Leaves = append(sealed.Leaves, leaves[i][:])
		}
		hash := audit.Next(audit.Hash(last.Hash), sealed.Seal, leaves)
		if err := t.InsertSeal(ctx, db.InsertSealParams{No: sealed.Seal, Horizon: below, Rows: int32(len(found)), Previous: last.Hash, Hash: hash[:]}); err != nil {
			return err
		}
		n = len(found)
		return t.InsertSealed(ctx, sealed)
	})
	return n, err
}
