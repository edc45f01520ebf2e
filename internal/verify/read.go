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
	b := &Bundle{Format: Format, MadeAt: time.Now().UTC(), Unsealed: []audit.Row{}, Reports: []Report{}, Owed: []Owed{}, Rounds: []Round{},
		Decisions: []Decision{}, Rankings: []Ranking{}, Nominations: []Nomination{}}
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, pool, options, func(tx pgx.Tx) error {
		q := db.New(tx)
		for _, read := range []func(context.Context, *db.Queries) error{b.readSeals, b.readReports, b.readOwed, b.readDecisions, b.readRankings} {
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
			State: r.State, Source: r.Source, ReceivedAt: r.ReceivedAt, ApprovedAt: r.ApprovedAt,
			DocumentNumber: r.DocumentNumber, DocumentDate: r.DocumentDate, ReturnReason: r.ReturnReason,
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
	return nil
}

func (b *Bundle) readOwed(ctx context.Context, q *db.Queries) error {
	owed, err := q.VerifyOwed(ctx)
	if err != nil {
		return err
	}
	for _, o := range owed {
		b.Owed = append(b.Owed, Owed{o.ObligationID, o.Campaign, o.Unit, o.Round, o.Kind, o.Calendar, o.State, o.DueAt, o.ReceivedAt})
	}
	rounds, err := q.VerifyRounds(ctx)
	if err != nil {
		return err
	}
	for _, r := range rounds {
		b.Rounds = append(b.Rounds, Round{
			Campaign: r.Campaign, Round: r.Round, State: r.State, ClosesAt: r.ClosesAt, ClosedAt: r.ClosedAt,
			Expected: count(r.Expected), OnTime: count(r.OnTime), Late: count(r.Late), Missing: count(r.Missing),
		})
	}
	return nil
}

func count(n *int32) *int {
	if n == nil {
		return nil
	}
	m := int(*n)
	return &m
}

func (b *Bundle) readDecisions(ctx context.Context, q *db.Queries) error {
	decisions, err := q.VerifyDecisions(ctx)
	if err != nil {
		return err
	}
	for _, d := range decisions {
		b.Decisions = append(b.Decisions, Decision{d.Campaign, d.Number, d.Dated, d.SignedBy, d.RecordedAt})
	}
	nominations, err := q.VerifyNominations(ctx)
	if err != nil {
		return err
	}
	for _, n := range nominations {
		b.Nominations = append(b.Nominations, Nomination{
			n.Campaign, n.Unit, n.Award, n.Form, n.Review, int(n.Version), int(n.Rank), n.Total, n.Awarded, n.AwardedForm,
		})
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
