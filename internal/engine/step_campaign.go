package engine

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"thidua.dev/thidua/internal/plan"
	"thidua.dev/thidua/internal/store/db"
)

// awaitLaunch waits for the launch's instant and invites the participants.
func (s *step) awaitLaunch(ctx context.Context) (outcome, error) {
	if s.now.Before(s.c.LaunchAt) {
		return outcome{next: &s.c.LaunchAt}, nil
	}
	p := db.InformParams{
		Step: "launch", Now: s.now, CampaignID: s.c.ID, Instant: s.c.LaunchAt, ActedAt: s.actedAt(), NotAfter: &s.c.ClosesAt,
	}
	rounds, err := s.RoundsOf(ctx, s.c.ID)
	if err != nil {
		return outcome{}, err
	}
	for _, r := range rounds {
		if r.Name == plan.RegistrationRound {
			due, err := s.DueOfRound(ctx, r.ID, s.c.Calendar)
			if err != nil {
				return outcome{}, err
			}
			p.RoundID, p.DueAt, p.NotAfter = &r.ID, &due, &due
		}
	}
	told, err := s.Inform(ctx, p)
	return outcome{finished: true, changed: told.Notices}, err
}

// register opens the registration. It gates nothing: reports come when they come.
func (s *step) register(ctx context.Context) (outcome, error) {
	o, err := s.openDue(ctx)
	o.finished = true
	return o, err
}

// collect opens each round and review at its instant, and ends when all of them
// are over.
func (s *step) collect(ctx context.Context) (outcome, error) {
	o, err := s.openDue(ctx)
	if err != nil {
		return o, err
	}
	pending, err := s.PendingCollection(ctx, s.c.ID)
	o.finished = pending == 0
	return o, err
}

// openDue opens what the plan has due: rounds, reviews and the ceremony, each
// by a fact and a wake for its fixed id.
func (s *step) openDue(ctx context.Context) (outcome, error) {
	var o outcome
	opened := func(at time.Time, id, kind, subject string) error {
		if at.After(s.now) {
			o.next = earliest(o.next, &at)
			return nil
		}
		n, err := s.OpenProcedure(ctx, db.OpenProcedureParams{ID: id, CampaignID: s.c.ID, Kind: kind, Subject: subject, NextAt: s.now})
		if err != nil || n == 0 {
			return err
		}
		o.changed++
		return s.Wake(ctx, id, kind)
	}
	rounds, err := s.RoundsOf(ctx, s.c.ID)
	if err != nil {
		return o, err
	}
	for _, r := range rounds {
		if r.State == "Planned" {
			if err := opened(r.OpensAt, roundID(s.c.Name, r.Name), KindRound, r.Name); err != nil {
				return o, err
			}
		}
	}
	reviews, err := s.ReviewsOf(ctx, s.c.ID)
	if err != nil {
		return o, err
	}
	for _, r := range reviews {
		if r.State == "Planned" {
			if err := opened(r.At, reviewID(s.c.Name, r.Name), KindReview, r.Name); err != nil {
				return o, err
			}
		}
	}
	if s.c.InviteAt != nil {
		err = opened(*s.c.InviteAt, ceremonyID(s.c.Name), KindCeremony, "")
	}
	return o, err
}

// decide gives the office the decision to obtain and waits until it is
// recorded. With nobody nominated there is nothing to decide.
func (s *step) decide(ctx context.Context) (outcome, error) {
	o, err := s.openDue(ctx)
	if err != nil {
		return o, err
	}
	nominees, err := s.CountNominations(ctx, s.c.ID)
	if err != nil {
		return o, err
	}
	if nominees == 0 {
		o.finished = true
		return o, nil
	}
	if _, err := s.DecisionOf(ctx, s.c.ID); err == nil {
		o.finished = true
		return o, nil
	} else if !errors.Is(err, pgx.ErrNoRows) {
		return o, err
	}
	owed, err := s.OweDecision(ctx, db.OweDecisionParams{
		CampaignID: s.c.ID, Owner: s.c.Office, Calendar: s.c.Calendar, DueAt: s.c.DecisionAt, Now: s.now,
	})
	o.changed += owed
	return o, err
}

// honour waits for the ceremony.
func (s *step) honour(ctx context.Context) (outcome, error) {
	o, err := s.openDue(ctx)
	if err != nil || s.c.CeremonyAt == nil {
		o.finished = true
		return o, err
	}
	open, err := s.CountOpenProcedures(ctx, s.c.ID, KindCeremony)
	o.finished = open == 0 && !s.now.Before(*s.c.CeremonyAt)
	if !o.finished && s.now.Before(*s.c.CeremonyAt) {
		o.next = earliest(o.next, s.c.CeremonyAt)
	}
	return o, err
}

// replicate follows good practice until its date, then closes the campaign once
// nothing is owing.
func (s *step) replicate(ctx context.Context) (outcome, error) {
	if s.now.Before(s.c.ClosesAt) {
		return outcome{next: &s.c.ClosesAt}, nil
	}
	owing, err := s.CountOwing(ctx, s.c.ID)
	if err != nil {
		return outcome{}, err
	}
	if owing > 0 {
		return outcome{}, nil
	}
	err = s.EndCampaign(ctx, db.EndCampaignParams{ID: s.c.ID, State: "Closed", At: s.now})
	return outcome{finished: true, over: true, changed: 1}, err
}
