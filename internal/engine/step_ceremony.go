package engine

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"thidua.dev/thidua/internal/store/db"
)

// invite sends the ceremony's invitations at their instant.
func (s *step) invite(ctx context.Context) (outcome, error) {
	if s.now.Before(*s.c.InviteAt) {
		return outcome{next: s.c.InviteAt}, nil
	}
	told, err := s.Inform(ctx, db.InformParams{
		Step: "invitation", Now: s.now, CampaignID: s.c.ID, Instant: *s.c.InviteAt, NotAfter: s.c.CeremonyAt, ActedAt: s.actedAt(),
	})
	return outcome{finished: true, changed: told.Notices}, err
}

// hold waits for the ceremony and, where there are nominees, for the decision:
// nothing undecided is handed over.
func (s *step) hold(ctx context.Context) (outcome, error) {
	if s.now.Before(*s.c.CeremonyAt) {
		return outcome{next: s.c.CeremonyAt}, nil
	}
	nominees, err := s.CountNominations(ctx, s.c.ID)
	if err != nil {
		return outcome{}, err
	}
	if nominees > 0 {
		if _, err := s.DecisionOf(ctx, s.c.ID); errors.Is(err, pgx.ErrNoRows) {
			return outcome{}, nil // recording it wakes us
		} else if err != nil {
			return outcome{}, err
		}
	}
	presented, err := s.PresentAwards(ctx, s.now, s.c.ID)
	if err != nil {
		return outcome{}, err
	}
	return outcome{finished: true, over: true, changed: presented + 1}, s.Hasten(ctx, s.now, campaignID(s.c.Name))
}
