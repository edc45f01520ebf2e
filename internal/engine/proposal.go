package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/store/db"
)

// Proposal is a campaign that an office is drawing up (dự thảo): no fact yet, so nothing
// of it is in the audit, and nobody is told.
type Proposal struct {
	ID       uuid.UUID
	Office   string // whose it is; empty is the operator's
	Title    string // of the campaign, for a list
	Manifest string // the campaign's, in YAML
	// Units are the list that it began with, as whoever draws it up keeps it; it holds
	// names and addresses of people. Nil leaves what is stored.
	Units json.RawMessage
	// Version counts changes: what is changed is the version that was seen.
	Version int32
	// Editor is the page that has changed it last, if it has said so: so that a page, which
	// saves itself while one types, does not take its own saves for somebody else's.
	Editor string
	// Declared is the campaign that it has become; then its units are gone.
	Declared  string
	ChangedAt time.Time // machine time
}

const (
	// proposalDays is how long one that nobody touches is kept: its list names people.
	proposalDays = 90
	// maxProposal bounds its manifest, in bytes.
	maxProposal = 256 << 10
)

// Declared is everything that is declared, for whoever may declare more.
func (e *Engine) Declared(ctx context.Context, actor auth.Actor) (set *manifest.Set, err error) {
	err = e.in(ctx, func(t *tx) error {
		if err := t.demand(ctx, actor, auth.Apply, auth.Object{}, "a new campaign"); err != nil {
			return err
		}
		stored, err := t.storedObjects(ctx)
		set = stored.set
		return err
	})
	return set, err
}

// Propose begins a proposal, and says under which id: that of the proposal, where it has
// one, and then doing it again begins no other.
func (e *Engine) Propose(ctx context.Context, actor auth.Actor, p Proposal) (uuid.UUID, error) {
	if p.ID == uuid.Nil {
		p.ID = uuid.New()
	}
	return p.ID, e.in(ctx, func(t *tx) error {
		if err := t.demand(ctx, actor, auth.Apply, auth.Object{}, "a new campaign"); err != nil {
			return err
		}
		if err := p.check(); err != nil {
			return err
		}
		if err := t.DropOldProposals(ctx, proposalDays); err != nil {
			return err
		}
		return t.InsertProposal(ctx, db.InsertProposalParams{ID: p.ID, Office: actor.Unit, Title: p.Title, Manifest: p.Manifest, Units: p.Units})
	})
}

func (p Proposal) check() error {
	if len(p.Manifest) > maxProposal {
		return refuse("ProposalTooLarge", "the manifest is %d kB: at most %d; units go into the list, not into it", len(p.Manifest)>>10, maxProposal>>10)
	}
	return nil
}

// ChangeProposal keeps what was changed of the version that was seen.
func (e *Engine) ChangeProposal(ctx context.Context, actor auth.Actor, p Proposal) error {
	return e.in(ctx, func(t *tx) error {
		if _, err := t.proposal(ctx, actor, p.ID); err != nil {
			return err
		}
		if err := p.check(); err != nil {
			return err
		}
		n, err := t.Queries.ChangeProposal(ctx, db.ChangeProposalParams{ID: p.ID, Title: p.Title, Manifest: p.Manifest, Units: p.Units, Version: p.Version, Editor: p.Editor})
		if err == nil && n == 0 {
			err = &Conflict{Text: fmt.Sprintf("proposal %s was changed meanwhile: look at it again, then repeat", p.ID)}
		}
		return err
	})
}

// Proposal is one as it is now.
func (e *Engine) Proposal(ctx context.Context, actor auth.Actor, id uuid.UUID) (p Proposal, err error) {
	err = e.in(ctx, func(t *tx) error {
		p, err = t.proposal(ctx, actor, id)
		return err
	})
	return p, err
}

// proposal is locked; whose it is not does not learn that there is one.
func (t *tx) proposal(ctx context.Context, actor auth.Actor, id uuid.UUID) (Proposal, error) {
	if err := t.demand(ctx, actor, auth.Apply, auth.Object{}, "a new campaign"); err != nil {
		return Proposal{}, err
	}
	row, err := t.LockProposal(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && actor.Role == auth.Office && actor.Unit != row.Office {
		return Proposal{}, &NotFound{Kind: "proposal", Name: id.String()}
	}
	if err != nil {
		return Proposal{}, err
	}
	return Proposal(row), nil
}

// Proposals are those that an actor may go on with, the newest first; of each only what
// a list shows.
func (e *Engine) Proposals(ctx context.Context, actor auth.Actor) (all []Proposal, err error) {
	err = e.in(ctx, func(t *tx) error {
		if err := t.demand(ctx, actor, auth.Apply, auth.Object{}, "a new campaign"); err != nil {
			return err
		}
		rows, err := t.Queries.Proposals(ctx, actor.Role != auth.Office, actor.Unit)
		for _, r := range rows {
			all = append(all, Proposal{ID: r.ID, Title: r.Title, ChangedAt: r.ChangedAt})
		}
		return err
	})
	return all, err
}

// DropProposal throws one away.
func (e *Engine) DropProposal(ctx context.Context, actor auth.Actor, id uuid.UUID) error {
	return e.in(ctx, func(t *tx) error {
		if _, err := t.proposal(ctx, actor, id); err != nil {
			return err
		}
		return t.Queries.DropProposal(ctx, id)
	})
}

// DeclareProposal makes a campaign of a proposal, and with launch launches it: all in one
// act, or nothing. The set is what the proposal says; its campaign must be a new one, and
// with the act's PlanHash of exactly that plan. Doing it again says the same.
func (e *Engine) DeclareProposal(ctx context.Context, act Act, id uuid.UUID, set *manifest.Set, launch *LaunchOptions) error {
	if len(set.Campaigns) != 1 {
		return refuse("OneCampaign", "a proposal declares one campaign, not %d", len(set.Campaigns))
	}
	name := set.Campaigns[0].Name
	return e.in(ctx, func(t *tx) error {
		p, err := t.proposal(ctx, act.Actor, id)
		if err != nil || p.Declared == name {
			return err
		}
		applied, err := t.apply(ctx, act, set)
		if err != nil {
			return err
		}
		for _, a := range applied {
			if (a.Kind == "Campaign" || a.Kind == "Roster") && a.Result == "configured" {
				return refuse("NameTaken", "there is a %s %s already: give this one another name", a.Kind, a.Name)
			}
		}
		if launch != nil {
			each := act
			each.RequestID = newRequestID(act.RequestID, "launch/"+name)
			if err := t.launch(ctx, each, name, *launch); err != nil {
				return err
			}
		}
		return t.Queries.DeclareProposal(ctx, name, id)
	})
}
