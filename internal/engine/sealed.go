package engine

import (
	"context"
	"time"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/store/db"
)

// What the engine does by itself leaves an act too, one for a whole round or review, so
// that the rows can be held to it once it is sealed (docs/decisions/0011).

// Opened is who owes in a round that has opened, and by when.
type Opened struct {
	// Due by calendar; who follows none of them is due on the latest.
	Due    map[string]time.Time `json:"due"`
	Units  int                  `json:"units"`
	Bodies int                  `json:"bodies"` // that put the reports together
	// ConsolidationDue is by when they owe that; nil when nobody does.
	ConsolidationDue *time.Time `json:"consolidationDue,omitempty"`
}

// Closed is how a round stands after its close. The digest covers of everybody who owed
// in it the deadline, what became of it, and when that came.
type Closed struct {
	ClosesAt time.Time `json:"closesAt"`
	ClosedAt time.Time `json:"closedAt"`
	Expected int       `json:"expected"`
	OnTime   int       `json:"onTime"`
	Late     int       `json:"late"`
	Missing  int       `json:"missing"`
	Digest   string    `json:"digest"`
}

// Ranked is a ranking as it was sealed.
type Ranked struct {
	Version    int    `json:"version"`
	Hash       string `json:"hash"`
	InputsHash string `json:"inputsHash"`
}

// judged is a receipt with the deadline that it was judged by.
type judged struct {
	Receipt
	DueAt *time.Time `json:"dueAt,omitempty"`
}

// judgedBy is what the audit keeps of a receipt.
func (r Receipt) judgedBy(o db.Obligation) judged {
	if !r.Settled {
		return judged{Receipt: r}
	}
	return judged{r, o.DueAt}
}

// ownAct is the engine's own act.
func ownAct() Act { return By(auth.Actor{Role: auth.Engine}, "") }

func roundObject(campaign, round string) string   { return "Round/" + campaign + "/" + round }
func reviewObject(campaign, review string) string { return "Review/" + campaign + "/" + review }

// auditOpening records that a round has opened.
func (t *tx) auditOpening(ctx context.Context, c db.Campaign, r db.Round) error {
	dues, err := t.RoundDues(ctx, r.ID)
	if err != nil {
		return err
	}
	n, err := t.CountOwed(ctx, &r.ID)
	if err != nil {
		return err
	}
	out := Opened{Due: map[string]time.Time{}, Units: int(n.Units), Bodies: int(n.Bodies), ConsolidationDue: r.ConsolidationAt}
	for _, d := range dues {
		out.Due[d.Calendar] = d.DueAt
	}
	return t.audit(ctx, ownAct(), auth.Open, roundObject(c.Name, r.Name), out)
}

// closed is how a closed round stands; nil while it is not closed. The caller holds the
// round, and has counted it.
func (t *tx) closed(ctx context.Context, campaign int64, round string) (*Closed, error) {
	r, err := t.RoundByName(ctx, campaign, round)
	if err != nil || r.State != "Closed" || r.ClosedAt == nil || r.Expected == nil {
		return nil, err
	}
	digest, err := t.DigestOfRound(ctx, &r.ID)
	if err != nil {
		return nil, err
	}
	return &Closed{
		ClosesAt: r.ClosesAt, ClosedAt: *r.ClosedAt, Digest: "sha256:" + digest,
		Expected: int(*r.Expected), OnTime: int(*r.OnTime), Late: int(*r.Late), Missing: int(*r.Missing),
	}, nil
}
