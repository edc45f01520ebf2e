package engine

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/logs"
	"thidua.dev/thidua/internal/store/db"
)

// Source is the way by which a report came.
type Source string

// Ways outside of the system.
const (
	Paper        Source = "Paper"
	Email        Source = "Email"
	DocumentAxis Source = "DocumentAxis" // trục liên thông văn bản
)

// Sources are all of them.
var Sources = []Source{Paper, Email, DocumentAxis}

// Arrival is a report that did not come through the system.
type Arrival struct {
	Source Source
	// DocumentNumber and DocumentDate are the document's own, as printed.
	DocumentNumber string
	DocumentDate   calendar.Date
	// ReceivedAt is when it arrived; the report is judged by it.
	ReceivedAt time.Time
}

// Recorded is what the audit keeps of a report that was recorded.
type Recorded struct {
	Receipt
	DueAt          *time.Time `json:"dueAt,omitempty"` // it was judged by
	Source         Source     `json:"source"`
	DocumentNumber string     `json:"documentNumber"`
	DocumentDate   string     `json:"documentDate,omitempty"`
	// Closed is how the round stands with it; nil when it was not closed.
	Closed *Closed `json:"closed,omitempty"`
}

// Record takes in, for a unit, a report that came on paper, by e-mail or by the
// document axis. It is signed, so it needs no approval, and its document carries
// the outline; figures are typed in. It counts at its own arrival: what arrived
// before the close and is recorded after it is reopened and settled at once.
func (e *Engine) Record(ctx context.Context, act Act, campaign, round, unit string, report Report, a Arrival) (receipt Receipt, err error) {
	ctx = logs.Campaign(ctx, campaign, round)
	began := time.Now()
	defer func() { e.intake(string(auth.Record), err, time.Since(began)) }()
	err = e.in(ctx, func(t *tx) error {
		c, done, err := t.lockForCommand(ctx, act, auth.Record, campaign)
		if err != nil {
			return err
		}
		if done != nil {
			return json.Unmarshal(done.Detail, &receipt)
		}
		r, o, err := t.lockOwed(ctx, c, round, unit)
		if err != nil {
			return err
		}
		if err := checkArrival(c, r, o, unit, a, t.now); err != nil {
			return err
		}
		asked, err := t.asked(ctx, c, r, unit)
		if err != nil {
			return err
		}
		asked.withoutText = true
		if err := asked.check(report); err != nil {
			return err
		}
		kept := db.InsertReportParams{
			ObligationID: o.ID, State: "Received", ReceivedAt: a.ReceivedAt, ApprovedAt: &a.ReceivedAt,
			Source: string(a.Source), DocumentNumber: a.DocumentNumber, RecordedAt: &t.now,
		}
		if !a.DocumentDate.IsZero() {
			dated := a.DocumentDate.At(0, 0, time.UTC)
			kept.DocumentDate = &dated
		}
		version, err := t.keepReport(ctx, kept, report)
		if err != nil {
			return err
		}
		digest, err := report.Digest()
		if err != nil {
			return err
		}
		receipt = Receipt{Unit: unit, Round: round, Digest: digest, Version: version, ReceivedAt: a.ReceivedAt, Settled: true, OnTime: o.DueAt == nil || !a.ReceivedAt.After(*o.DueAt)}
		if err := t.settleArrival(ctx, r, o, a); err != nil {
			return err
		}
		// The receipt is what a repeat answers with; the document, what an auditor asks for.
		recorded := Recorded{Receipt: receipt, DueAt: o.DueAt, Source: a.Source, DocumentNumber: a.DocumentNumber}
		if !a.DocumentDate.IsZero() {
			recorded.DocumentDate = a.DocumentDate.String()
		}
		// After the close the round stands otherwise than the close said.
		if recorded.Closed, err = t.closed(ctx, c.ID, round); err != nil {
			return err
		}
		return t.audit(ctx, act, auth.Record, "Campaign/"+campaign, recorded)
	})
	return receipt, err
}

// lockOwed locks a round and what a unit owes in it.
func (t *tx) lockOwed(ctx context.Context, c db.Campaign, round, unit string) (r db.Round, o db.Obligation, err error) {
	r, err = t.RoundForUpdate(ctx, c.ID, round)
	if errors.Is(err, pgx.ErrNoRows) {
		return r, o, t.unknownRound(ctx, c, round)
	}
	if err != nil {
		return r, o, err
	}
	o, err = t.ObligationForUpdate(ctx, db.ObligationForUpdateParams{CampaignID: c.ID, Subject: round, Owner: unit})
	if errors.Is(err, pgx.ErrNoRows) {
		return r, o, t.noObligation(ctx, c, r, unit)
	}
	return r, o, err
}

func checkArrival(c db.Campaign, r db.Round, o db.Obligation, unit string, a Arrival, now time.Time) error {
	switch {
	case !slices.Contains(Sources, a.Source):
		return refuse("SourceUnknown", "how did it come? one of %s, %s, %s, not %q", Paper, Email, DocumentAxis, a.Source)
	case strings.TrimSpace(a.DocumentNumber) == "":
		return refuse("NumberMissing", "give the document's number and symbol, such as 88/STTTT-VP: it is how the paper is found again")
	case a.ReceivedAt.After(now):
		return refuse("FutureArrival", "%s has not come yet (now is %s): when did the document arrive? A day alone means 17:00 of it; of today give the time as well, such as %s",
			local(a.ReceivedAt, c.TimeZone), local(now, c.TimeZone), inZone(now, c.TimeZone).Format("2006-01-02T15:04:00Z07:00"))
	case r.OpenedAt != nil && a.ReceivedAt.Before(r.OpenedAt.Truncate(time.Minute)) && a.ReceivedAt.Before(r.OpensAt): // people note minutes
		return refuse("BeforeOpening", "%s is before round %s opened (%s)", local(a.ReceivedAt, c.TimeZone), r.Name, local(r.OpensAt, c.TimeZone))
	case o.State == "Settled":
		return refuse("AlreadyReceived", "the report of unit %s for round %s was received on %s; return it first when this one is to take its place", unit, r.Name, local(*o.ReceivedAt, c.TimeZone))
	case o.State == "Cancelled":
		return refuse("Cancelled", "campaign %s was cancelled: nothing is owed any more", c.Name)
	case o.State == "Lapsed" && a.ReceivedAt.After(closedFor(o, r)):
		return refuse("RoundClosed", "round %s was closed on %s, before the document arrived: reopen it for unit %s first", r.Name, local(closedFor(o, r), c.TimeZone), unit)
	}
	return nil
}

func (t *tx) settleArrival(ctx context.Context, r db.Round, o db.Obligation, a Arrival) error {
	var n int64
	var err error
	if o.State == "Lapsed" {
		n, err = t.SettleLapsed(ctx, db.SettleLapsedParams{ID: o.ID, ReceivedAt: a.ReceivedAt, Now: t.now})
	} else {
		n, err = t.Settle(ctx, db.SettleParams{ID: o.ID, ReceivedAt: a.ReceivedAt, Now: t.now})
	}
	if err != nil {
		return err
	}
	if n == 0 {
		return &Conflict{Text: "the report was settled meanwhile: look at it again"}
	}
	if err := t.DropDraft(ctx, o.ID); err != nil {
		return err
	}
	if err := t.silence(ctx, o.ID); err != nil {
		return err
	}
	return t.CountRound(ctx, r.ID)
}
