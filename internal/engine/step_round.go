package engine

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/store/db"
)

// closeGrace lets a report that had arrived by the close commit before the
// round is closed.
const closeGrace = time.Minute

// round is the procedure's; an amendment that came in between may have dropped it.
func (s *step) round(ctx context.Context) (db.Round, error) {
	r, err := s.RoundForUpdate(ctx, s.c.ID, s.p.Subject)
	if errors.Is(err, pgx.ErrNoRows) {
		return r, errDropped
	}
	return r, err
}

// openRound lets every participant owe the report and puts them at the foot of
// the ladder: six statements, however many they are.
func (s *step) openRound(ctx context.Context) (outcome, error) {
	r, err := s.round(ctx)
	if err != nil {
		return outcome{}, err
	}
	if r.State == "Planned" && s.now.Before(r.OpensAt) {
		return outcome{next: &r.OpensAt}, nil // an amendment moved it
	}
	if err := s.OpenRound(ctx, s.now, r.ID); err != nil {
		return outcome{}, err
	}
	n, err := s.OpenObligations(ctx, db.OpenObligationsParams{RoundID: r.ID, LadderFrom: later(r.OpensAt, s.actedAt()), Now: s.now})
	if err != nil {
		return outcome{}, err
	}
	bodies, err := s.OpenConsolidations(ctx, db.OpenConsolidationsParams{
		RoundID: r.ID, Calendar: s.c.Calendar, Office: s.c.Office, LadderFrom: later(r.OpensAt, s.actedAt()), Now: s.now,
	})
	if err != nil {
		return outcome{}, err
	}
	n += bodies
	if r.State == "Planned" || n > 0 {
		if err := s.auditOpening(ctx, s.c, r); err != nil {
			return outcome{}, err
		}
	}
	owing, err := s.OwingIn(ctx, &r.ID)
	if err != nil {
		return outcome{}, err
	}
	if err := s.InsertRungs(ctx, s.c.TimeZone, owing); err != nil {
		return outcome{}, err
	}
	_, err = s.StartClimb(ctx, owing)
	return outcome{finished: true, changed: n}, err
}

// climb moves whoever still owes up the ladder, one statement a step, until the
// round is over.
func (s *step) climb(ctx context.Context) (outcome, error) {
	var o outcome
	r, err := s.round(ctx)
	if err != nil {
		return o, err
	}
	for {
		row, err := s.ClimbLadder(ctx, db.ClimbLadderParams{RoundID: &r.ID, Now: s.now, ClosesAt: r.ClosesAt, Office: s.c.Office})
		if err != nil {
			return o, err
		}
		if row.Climbed == 0 {
			break
		}
		o.changed += row.Notices
	}
	over := r.ClosesAt.Add(closeGrace)
	o.finished = !s.now.Before(over)
	next, err := s.nextClimb(ctx, r.ID)
	o.next = earliest(next, &over)
	return o, err
}

func (t *tx) nextClimb(ctx context.Context, round int64) (*time.Time, error) {
	at, err := t.NextClimb(ctx, &round)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return &at, err
}

// closeRound lets what never came lapse and keeps the counts for good.
func (s *step) closeRound(ctx context.Context) (outcome, error) {
	r, err := s.round(ctx)
	if err != nil {
		return outcome{}, err
	}
	if s.now.Before(r.ClosesAt.Add(closeGrace)) {
		return s.climb(ctx) // its deadlines were shifted meanwhile
	}
	lapsed, err := s.CloseObligations(ctx, r.ID)
	if err != nil {
		return outcome{}, err
	}
	if err := s.SupersedeRoundNotices(ctx, &r.ID); err != nil {
		return outcome{}, err
	}
	if err := s.CloseRound(ctx, s.now, r.ID); err != nil {
		return outcome{}, err
	}
	if err := s.CountRound(ctx, r.ID); err != nil {
		return outcome{}, err
	}
	closed, err := s.closed(ctx, s.c.ID, r.Name)
	if err != nil {
		return outcome{}, err
	}
	if err := s.audit(ctx, ownAct(), auth.Close, roundObject(s.c.Name, r.Name), closed); err != nil {
		return outcome{}, err
	}
	return outcome{finished: true, over: true, changed: lapsed + 1}, s.tellCampaign(ctx)
}

// tellCampaign wakes the campaign's own procedure when what it waits for may be
// over, and not before: the last round or review of many. Those that end at once
// take turns, or each would see the other as not over yet.
func (s *step) tellCampaign(ctx context.Context) error {
	if _, err := s.ProcedureForUpdate(ctx, campaignID(s.c.Name)); err != nil {
		return err
	}
	pending, err := s.PendingCollection(ctx, s.c.ID)
	if err != nil || pending > 0 {
		return err
	}
	return s.Hasten(ctx, s.now, campaignID(s.c.Name))
}
