package engine

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"thidua.dev/thidua/internal/auth"
)

// may asks the guard, and is the only place that calls auth.Can. Commands come by demand,
// each in its own transaction: on campaigns by lockForCommand, on what is owed by
// lockForIntake, judge and lockForConsolidation; those on the installation, on what is
// declared, on tokens, links, accounts and roles ask themselves. Readers come by Guarded.
func (t *tx) may(ctx context.Context, actor auth.Actor, verb auth.Verb, o auth.Object) (bool, error) {
	o.At = time.Now() // tokens and links live by the machine's clock
	if actor.Line != "" && o.Unit != "" {
		above, err := t.BodiesAbove(ctx, o.Unit, string(actor.Line))
		if err != nil {
			return false, err
		}
		o.Above = above
	}
	return auth.Can(actor, verb, o), nil
}

// demand is may with a refusal that says what is not allowed.
func (t *tx) demand(ctx context.Context, actor auth.Actor, verb auth.Verb, o auth.Object, what string) error {
	ok, err := t.may(ctx, actor, verb, o)
	if err != nil || ok {
		return err
	}
	return refuse("Forbidden", "%s may not %s %s", actor, said(verb), what)
}

// said is a verb as it stands in front of what it is done to.
func said(verb auth.Verb) string {
	switch verb {
	case auth.SeeUnit:
		return "see"
	case auth.SeeAll:
		return "see all of"
	case auth.Hold, auth.Release, auth.Resend:
		return string(verb) + " messages of"
	case auth.CancelMessages:
		return "cancel messages of"
	case auth.Inspect:
		return "see the acts of"
	}
	return string(verb)
}

// Of says what somebody wants to read about; empty is the installation.
type Of struct {
	Campaign, Unit string
	// Ranking asks for the ranking of Review, or of the last one sealed: what was
	// published is open to all units.
	Ranking bool
	Review  string
}

func (of Of) String() string {
	switch {
	case of.Unit != "":
		return "unit " + of.Unit
	case of.Campaign != "":
		return "campaign " + of.Campaign
	}
	return "the installation"
}

// Guarded is a reader that can be had only by those who may read what they ask for.
// It takes any reader, because the engine knows none: edges that serve strangers
// hold a Guarded and nothing else.
type Guarded[R any] struct {
	engine *Engine
	reader R
}

// Guard puts a reader behind the guard.
func Guard[R any](e *Engine, reader R) Guarded[R] { return Guarded[R]{e, reader} }

// For is the reader, for an actor who may do verb to what is asked about.
func (g Guarded[R]) For(ctx context.Context, actor auth.Actor, verb auth.Verb, of Of) (reader R, err error) {
	err = g.engine.in(ctx, func(t *tx) error {
		o := auth.Object{Campaign: of.Campaign, Unit: of.Unit}
		// Who is bound to one campaign does not hear of others.
		if of.Campaign != "" && (actor.Campaign == "" || actor.Campaign == of.Campaign) {
			c, err := t.CampaignByName(ctx, of.Campaign)
			if errors.Is(err, pgx.ErrNoRows) {
				return t.unknownCampaign(ctx, of.Campaign)
			}
			if err != nil {
				return err
			}
			o.Office = c.Office
			if of.Ranking {
				if o.Public, err = t.RankingPublished(ctx, c.ID, of.Review); err != nil {
					return err
				}
			}
		}
		return t.demand(ctx, actor, verb, o, of.String())
	})
	if err != nil {
		return reader, err
	}
	return g.reader, nil
}
