package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/logs"
	"thidua.dev/thidua/internal/store/db"
)

// Choice says which messages of a campaign an act is about: those that match every field
// given. All of them only by saying so: leaving a field out is too easily done.
type Choice struct {
	ID    int64  `json:"message,omitempty"`
	Round string `json:"round,omitempty"`
	Step  string `json:"step,omitempty"`
	// Unit is whom messages go to, or are about alone: a list about many is nobody's own.
	Unit string `json:"unit,omitempty"`
	All  bool   `json:"all,omitempty"`
}

// Held says what a hold did.
type Held struct {
	Held int `json:"held"`
	// UnderWay were being sent at that moment and may have gone; those that come back are held.
	UnderWay int `json:"underWay"`
}

// Released says what a release did.
type Released struct {
	Released int `json:"released"`
}

// CancelledMessages says what a cancellation did.
type CancelledMessages struct {
	Cancelled int `json:"cancelled"`
	// Notices are the steps that nobody hears of now.
	Notices int `json:"notices"`
	// UnderWay were being sent at that moment: they stay.
	UnderWay int `json:"underWay"`
}

// Resent says what was put back to be sent.
type Resent struct {
	Resent int `json:"resent"`
	// Skipped counts the others by what is against them: Settled, Lapsed, Cancelled,
	// DeadlineMoved, PastNotAfter, NoContact, or Said when another message has said it.
	Skipped map[string]int `json:"skipped"`
}

// waiting are messages that may still go.
var waiting = []string{"Pending", "Claimed"}

// HoldMessages keeps messages that wait from being sent, until they are released. They
// are overtaken and expire as if they were not held.
func (e *Engine) HoldMessages(ctx context.Context, act Act, name string, choice Choice) (Held, error) {
	return onMessages(ctx, e, act, auth.Hold, name, choice, func(t *tx, c db.Campaign) (did Held, err error) {
		if err := reasoned(act, "hold messages of "+name); err != nil {
			return did, err
		}
		found, err := t.choose(ctx, c, choice, waiting, nil)
		if err != nil {
			return did, err
		}
		var ids []int64
		for _, m := range found {
			switch {
			case m.Held:
				continue
			case m.State == "Claimed":
				did.UnderWay++
			default:
				did.Held++
			}
			ids = append(ids, m.ID)
		}
		if len(ids) == 0 {
			return did, t.inVain(ctx, c, choice, "NothingWaits", "only one that waits can be held", "no message waits that is not held already")
		}
		return did, t.Queries.HoldMessages(ctx, db.HoldMessagesParams{Now: t.now, Why: strings.TrimSpace(act.Reason), Ids: ids})
	})
}

// ReleaseMessages lets held messages go, if what they say is still to be said.
func (e *Engine) ReleaseMessages(ctx context.Context, act Act, name string, choice Choice) (Released, error) {
	return onMessages(ctx, e, act, auth.Release, name, choice, func(t *tx, c db.Campaign) (did Released, err error) {
		found, err := t.choose(ctx, c, choice, waiting, nil)
		if err != nil {
			return did, err
		}
		var ids []int64
		for _, m := range found {
			if m.Held {
				ids = append(ids, m.ID)
			}
		}
		if len(ids) == 0 {
			return did, t.inVain(ctx, c, choice, "NothingHeld", "only one that is held can be released", "no message is held")
		}
		return Released{len(ids)}, t.Queries.ReleaseMessages(ctx, ids)
	})
}

// CancelMessages ends messages that wait, held or not: they are never sent. One that is
// named may also have come to nothing; then nobody has to look at it any more.
func (e *Engine) CancelMessages(ctx context.Context, act Act, name string, choice Choice) (CancelledMessages, error) {
	return onMessages(ctx, e, act, auth.CancelMessages, name, choice, func(t *tx, c db.Campaign) (did CancelledMessages, err error) {
		if err := reasoned(act, "cancel messages of "+name); err != nil {
			return did, err
		}
		found, err := t.choose(ctx, c, choice, waiting, []string{"Parked", "Ambiguous"})
		if err != nil {
			return did, err
		}
		var ids []int64
		for _, m := range found {
			if m.State == "Claimed" {
				did.UnderWay++
				continue
			}
			ids = append(ids, m.ID)
		}
		switch {
		case len(ids) == 0 && did.UnderWay > 0:
			return did, refuse("UnderWay", "what was chosen is being sent at this moment (messages: %d) and cannot be taken back: look again in a minute", did.UnderWay)
		case len(ids) == 0:
			return did, t.inVain(ctx, c, choice, "NothingWaits", "only one that waits can be cancelled, or one that came to nothing", "no message waits")
		}
		notices, err := t.Queries.CancelMessages(ctx, strings.TrimSpace(act.Reason), ids)
		did.Cancelled, did.Notices = len(ids), int(notices)
		return did, err
	})
}

// ResendMessages puts messages back that came to nothing, and no others. What has been
// overtaken meanwhile stays as it is. One whose outcome nobody knows goes again only when
// it is named: it may have arrived.
func (e *Engine) ResendMessages(ctx context.Context, act Act, name string, choice Choice) (Resent, error) {
	return onMessages(ctx, e, act, auth.Resend, name, choice, func(t *tx, c db.Campaign) (Resent, error) {
		did := Resent{Skipped: map[string]int{}}
		found, err := t.choose(ctx, c, choice, []string{"Parked"}, []string{"Ambiguous"})
		if err != nil {
			return did, err
		}
		if len(found) == 0 {
			return did, t.inVain(ctx, c, choice, "NothingFailed", "only one that came to nothing can be sent again", "no message came to nothing")
		}
		ids := make([]int64, len(found))
		for i, m := range found {
			ids[i] = m.ID
		}
		judged, err := t.Queries.ResendMessages(ctx, t.now, ids)
		if err != nil {
			return did, err
		}
		for _, j := range judged {
			switch {
			case j.Against == "":
				did.Resent = int(j.Messages)
			case choice.ID != 0:
				return did, refuse("Overtaken", "message %d is not sent again, for what it says is not to be said any more (%s)", choice.ID, j.Against)
			default:
				did.Skipped[j.Against] = int(j.Messages)
			}
		}
		return did, nil
	})
}

// onMessages is what acts on messages have in common. Procedures don't hear of them: what
// is in the outbox is not theirs any more.
func onMessages[D any](ctx context.Context, e *Engine, act Act, verb auth.Verb, name string, choice Choice, do func(*tx, db.Campaign) (D, error)) (did D, err error) {
	type detail struct {
		Chosen Choice `json:"chosen"`
		Did    D      `json:"did"`
	}
	ctx = logs.Campaign(ctx, name, choice.Round)
	err = e.in(ctx, func(t *tx) error {
		c, done, err := t.lockForCommand(ctx, act, verb, name)
		if err != nil {
			return err
		}
		if done != nil {
			var before detail
			err := json.Unmarshal(done.Detail, &before)
			did = before.Did
			return err
		}
		switch {
		case c.State != "Launched" && c.State != "Paused":
			return refuse("NotRunning", "campaign %s is %s: it has no messages to steer", name, c.State)
		case choice == Choice{}:
			return refuse("ChoiceMissing", "%s %s: which? name one by its id, or those of a round, a step or a unit, or say all", said(verb), name)
		}
		if did, err = do(t, c); err != nil {
			return err
		}
		return t.audit(ctx, act, verb, "Campaign/"+name, detail{choice, did})
	})
	return did, err
}

// choose locks the messages that an act is about.
func (t *tx) choose(ctx context.Context, c db.Campaign, choice Choice, states, named []string) ([]db.LockMessagesRow, error) {
	if choice.Round != "" {
		if _, err := t.RoundByName(ctx, c.ID, choice.Round); errors.Is(err, pgx.ErrNoRows) {
			return nil, t.unknownRound(ctx, c, choice.Round)
		} else if err != nil {
			return nil, err
		}
	}
	return t.LockMessages(ctx, db.LockMessagesParams{
		CampaignID: c.ID, States: states, ID: choice.ID, Named: named, Step: choice.Step, Round: choice.Round, Unit: choice.Unit,
	})
}

// inVain says why an act found no message.
func (t *tx) inVain(ctx context.Context, c db.Campaign, choice Choice, code, only, none string) error {
	if choice.ID == 0 {
		return refuse(code, "campaign %s: of those chosen %s", c.Name, none)
	}
	state, err := t.MessageState(ctx, choice.ID, c.ID)
	if errors.Is(err, pgx.ErrNoRows) {
		return &NotFound{Kind: "message", Name: fmt.Sprint(choice.ID)}
	}
	if err != nil {
		return err
	}
	return refuse(code, "message %d is %s: %s", choice.ID, state, only)
}

// reasoned refuses an act without a reason.
func reasoned(act Act, what string) error {
	if strings.TrimSpace(act.Reason) == "" {
		return refuse("ReasonMissing", "%s: say why (--reason); it is kept in the audit", what)
	}
	return nil
}
