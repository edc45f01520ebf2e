package look

import (
	"context"
	"fmt"
	"time"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/plan"
)

// How much of a long list the board shows; Late, Ranking and Letters have the rest.
const (
	boardLate      = 30
	boardNext      = 10
	boardLetters   = 20
	boardActs      = 10
	boardGroups    = 12
	boardPerGroup  = 3
	boardNominated = 40
)

// Board is a campaign on one page. Long lists are cut, with their totals.
type Board struct {
	Campaign Campaign `json:"campaign"`
	Phases   []Phase  `json:"phases"`
	Rounds   []Round  `json:"rounds"`
	// Late are the latest first. LateTotal counts the reports and registrations among
	// all of them, as the rounds' Overdue do; LateOther what bodies and the office owe,
	// consolidations and the decision.
	Late      []Late `json:"late"`
	LateTotal int64  `json:"lateTotal"`
	LateOther int64  `json:"lateOther"`
	Next      []Next `json:"next"`
	// Progress is what is going on: a launch that unfolds, a sending.
	Progress []Progress `json:"progress"`
	Outbox   Outbox     `json:"outbox"`
	// Letters are those that wait for a signature.
	Letters      []Letter `json:"letters"`
	LettersTotal int64    `json:"lettersTotal"`
	// Ranking is the latest sealed one, the best of each group; nil before the
	// first review.
	Ranking          *Ranking     `json:"ranking,omitempty"`
	Nominations      []Nomination `json:"nominations"`
	NominationsTotal int64        `json:"nominationsTotal"`
	Decision         *Decision    `json:"decision,omitempty"`
	Ceremony         *Ceremony    `json:"ceremony,omitempty"`
	Acts             []Act        `json:"acts"`
}

// Outbox counts the campaign's messages.
type Outbox struct {
	Pending       int64 `json:"pending"`
	Held          int64 `json:"held"`
	Claimed       int64 `json:"claimed"`
	Sent          int64 `json:"sent"`
	Superseded    int64 `json:"superseded"`
	Expired       int64 `json:"expired"`
	Parked        int64 `json:"parked"`
	Ambiguous     int64 `json:"ambiguous"`
	Cancelled     int64 `json:"cancelled"`
	NotConfigured int64 `json:"notConfigured"`
	// OldestPendingSeconds is for how long the oldest waits, in machine time.
	OldestPendingSeconds int64 `json:"oldestPendingSeconds"`
}

// Act is an entry of the audit.
type Act struct {
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
	Verb   string    `json:"verb"`
	Reason string    `json:"reason,omitempty"`
}

// Board reads one campaign's page.
func (r *Reader) Board(ctx context.Context, name string) (Board, error) {
	var b Board
	err := r.view(ctx, func(v *view) error {
		c, err := v.campaign(ctx, name)
		if err != nil {
			return err
		}
		b = Board{Campaign: c}
		for _, fill := range []func(context.Context, *Board) error{
			v.fillRounds, v.fillLate, v.fillNext, v.fillOutbox, v.fillLetters, v.fillRanking, v.fillHonours, v.fillActs, v.fillProgress,
			v.fillPhases, // last: it is drawn from the rest
		} {
			if err := fill(ctx, &b); err != nil {
				return fmt.Errorf("board of campaign %s: %w", name, err)
			}
		}
		return nil
	})
	return b, err
}

func (v *view) fillOutbox(ctx context.Context, b *Board) error {
	row, err := v.LookOutbox(ctx, v.now, b.Campaign.id)
	if err != nil {
		return err
	}
	b.Outbox = Outbox{
		Pending: row.Pending, Held: row.Held, Cancelled: row.Cancelled, Claimed: row.Claimed, Sent: row.Sent, Superseded: row.Superseded, Expired: row.Expired,
		Parked: row.Parked, Ambiguous: row.Ambiguous, NotConfigured: row.NotConfigured, OldestPendingSeconds: row.OldestPending,
	}
	return nil
}

func (v *view) fillActs(ctx context.Context, b *Board) error {
	rows, err := v.LookActs(ctx, "Campaign/"+b.Campaign.Name, boardActs)
	if err != nil {
		return err
	}
	b.Acts = make([]Act, len(rows))
	for i, a := range rows {
		b.Acts[i] = Act{At: a.At.In(b.Campaign.loc), Actor: a.Actor, Verb: a.Verb, Reason: a.Reason}
	}
	return nil
}

// Planned is a board of what is not declared yet: the titles of a plan's rounds and
// reviews, and nothing else.
func Planned(spec *v1.CampaignSpec, p *plan.Plan) Board {
	b := Board{Campaign: Campaign{Name: p.Campaign, Title: spec.Title, TimeZone: spec.TimeZone, spec: *spec}}
	for _, r := range p.Rounds {
		b.Rounds = append(b.Rounds, Round{Name: r.Name, Title: b.Campaign.roundTitle(string(r.Kind), r.Series, r.Period)})
	}
	for _, r := range spec.Reviews {
		b.Phases = append(b.Phases, Phase{Subject: string(r.Name), Title: b.Campaign.reviewTitle(string(r.Name))})
	}
	return b
}
