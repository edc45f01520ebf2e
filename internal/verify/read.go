package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"thidua.dev/thidua/internal/audit"
	"thidua.dev/thidua/internal/store/db"
)

// FromDatabase reads a bundle from one snapshot.
func FromDatabase(ctx context.Context, pool *pgxpool.Pool) (*Bundle, error) {
	b := &Bundle{Format: Format, MadeAt: time.Now().UTC(), Unsealed: []audit.Row{}, Reports: []Report{}, Settled: []Settled{}, Rankings: []Ranking{}}
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, pool, options, func(tx pgx.Tx) error {
		q := db.New(tx)
		for _, read := range []func(context.Context, *db.Queries) error{b.readSeals, b.readReports, b.readRankings} {
			if err := read(ctx, q); err != nil {
				return err
			}
		}
		return nil
	})
	return b, err
}

func (b *Bundle) readSeals(ctx context.Context, q *db.Queries) error {
	var err error
	if b.Seals, err = sealsAfter(ctx, q, 0, math.MaxInt64, math.MaxInt64); err != nil {
		return err
	}
	unsealed, err := q.LookUnsealedRows(ctx)
	if err != nil {
		return err
	}
	for _, r := range unsealed {
		b.Unsealed = append(b.Unsealed, audit.Row{
			ID: r.ID, RecordedAt: r.RecordedAt, At: r.At, Actor: r.Actor, Verb: r.Verb, Object: r.Object,
			Reason: r.Reason, RequestID: r.RequestID, Detail: r.Detail,
		})
	}
	return nil
}

// sealsAfter reads the links behind one with their rows, until they cover so many.
func sealsAfter(ctx context.Context, q *db.Queries, after, seals, rows int64) ([]audit.Seal, error) {
	links, err := q.LookSeals(ctx, db.LookSealsParams{After: after, MaxSeals: seals, MaxRows: rows})
	if err != nil || len(links) == 0 {
		return []audit.Seal{}, err
	}
	at := map[int64]*audit.Seal{}
	chain := make([]audit.Seal, len(links))
	for i, s := range links {
		chain[i] = audit.Seal{No: s.No, SealedAt: s.SealedAt, Previous: audit.Hash(s.Previous), Hash: audit.Hash(s.Hash), Leaves: []audit.Leaf{}}
		at[s.No] = &chain[i]
	}
	found, err := q.LookSealedRows(ctx, after, links[len(links)-1].No)
	if err != nil {
		return nil, err
	}
	for _, r := range found {
		l := audit.Leaf{AuditID: r.AuditID, Hash: audit.Hash(r.Leaf)}
		if r.ID != nil && r.RecordedAt != nil && r.At != nil {
			l.Row = &audit.Row{
				ID: *r.ID, RecordedAt: *r.RecordedAt, At: *r.At, Actor: r.Actor, Verb: r.Verb, Object: r.Object,
				Reason: r.Reason, RequestID: r.RequestID, Detail: r.Detail,
			}
		}
		if s := at[r.Seal]; s != nil { // a seal that is gone is found by its number
			s.Leaves = append(s.Leaves, l)
		}
	}
	return chain, nil
}

func (b *Bundle) readReports(ctx context.Context, q *db.Queries) error {
	reports, err := q.VerifyReports(ctx)
	if err != nil {
		return err
	}
	for _, r := range reports {
		out := Report{
			Obligation: r.ObligationID, Campaign: r.Campaign, Unit: r.Unit, Round: r.Round, Version: int(r.Version),
			State: r.State, Source: r.Source, ReceivedAt: r.ReceivedAt,
		}
		for _, part := range []struct {
			raw  []byte
			into any
		}{{r.Sections, &out.Content.Sections}, {r.Figures, &out.Content.Figures}, {r.HardTasks, &out.Content.HardTasks}, {r.Files, &out.Content.Files}} {
			if err := json.Unmarshal(part.raw, part.into); err != nil {
				return fmt.Errorf("report of %s for %s, version %d: %w", r.Unit, r.Round, r.Version, err)
			}
		}
		b.Reports = append(b.Reports, out)
	}
	settled, err := q.VerifySettled(ctx)
	if err != nil {
		return err
	}
	for _, s := range settled {
		b.Settled = append(b.Settled, Settled{s.ObligationID, s.Campaign, s.Unit, s.Round, s.ReceivedAt})
	}
	return nil
}

func (b *Bundle) readRankings(ctx context.Context, q *db.Queries) error {
	rankings, err := q.VerifyRankings(ctx)
	if err != nil {
		return err
	}
	for _, r := range rankings {
		out := Ranking{Campaign: r.Campaign, Review: r.Review, Version: int(r.Version), SealedAt: r.SealedAt, Hash: r.Hash, InputsHash: r.InputsHash}
		if err := json.Unmarshal(r.Inputs, &out.Inputs); err != nil {
			return fmt.Errorf("inputs of ranking %s of %s: %w", r.Review, r.Campaign, err)
		}
		if err := json.Unmarshal(r.Lines, &out.Lines); err != nil {
			return fmt.Errorf("lines of ranking %s of %s: %w", r.Review, r.Campaign, err)
		}
		b.Rankings = append(b.Rankings, out)
	}
	return nil
}
