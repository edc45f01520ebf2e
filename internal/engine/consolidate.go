package engine

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/logs"
	"thidua.dev/thidua/internal/store/db"
)

// Consolidated is what a consolidation was made from.
type Consolidated struct {
	Receipt
	Expected int `json:"expected"` // reports that the body puts together
	Reports  int `json:"reports"`  // of which had been received
}

// Consolidate records that a body has put the reports of a round together: it owed
// that by a date of its own. It may come before everybody has reported, and after the
// round was closed; what there was then is kept with it.
func (e *Engine) Consolidate(ctx context.Context, act Act, campaign, round, body string, report Report) (out Consolidated, err error) {
	ctx = logs.Campaign(ctx, campaign, round)
	began := time.Now()
	defer func() { e.intake(string(auth.Consolidate), err, time.Since(began)) }()
	err = e.in(ctx, func(t *tx) error {
		c, r, o, done, err := t.lockForConsolidation(ctx, act, campaign, round, body)
		if err != nil {
			return err
		}
		if done != nil {
			return json.Unmarshal(done.Detail, &out)
		}
		if err := checkConsolidation(report); err != nil {
			return err
		}
		n, err := t.CountToConsolidate(ctx, db.CountToConsolidateParams{RoundID: &r.ID, Office: c.Office, Body: body})
		if err != nil {
			return err
		}
		out = Consolidated{Receipt: Receipt{Unit: body, Round: round, ReceivedAt: t.now}, Expected: int(n.Expected), Reports: int(n.Received)}
		if out.Digest, err = report.Digest(); err != nil {
			return err
		}
		kept := db.InsertReportParams{ObligationID: o.ID, State: "Received", ReceivedAt: t.now, ApprovedAt: &t.now, Source: "System"}
		if out.Version, err = t.keepReport(ctx, kept, report); err != nil {
			return err
		}
		if o.State == "Lapsed" {
			_, err = t.SettleLapsed(ctx, db.SettleLapsedParams{ID: o.ID, ReceivedAt: t.now, Now: t.now})
			out.Settled, out.OnTime = true, false
		} else {
			err = t.settle(ctx, o, &out.Receipt)
		}
		if err != nil {
			return err
		}
		return t.audit(ctx, act, auth.Consolidate, obligationName(o), struct {
			Consolidated
			DueAt *time.Time `json:"dueAt,omitempty"`
		}{out, o.DueAt})
	})
	return out, err
}

func (t *tx) lockForConsolidation(ctx context.Context, act Act, campaign, round, body string) (c db.Campaign, r db.Round, o db.Obligation, done *db.Audit, err error) {
	fail := func(err error) (db.Campaign, db.Round, db.Obligation, *db.Audit, error) { return c, r, o, nil, err }
	if c, err = t.CampaignByName(ctx, campaign); errors.Is(err, pgx.ErrNoRows) {
		return fail(t.unknownCampaign(ctx, campaign))
	} else if err != nil {
		return fail(err)
	}
	if err := t.demand(ctx, act.Actor, auth.Consolidate, auth.Object{Campaign: campaign, Office: c.Office, Unit: body}, "the reports that go to "+body); err != nil {
		return fail(err)
	}
	o, err = t.ConsolidationForUpdate(ctx, db.ConsolidationForUpdateParams{CampaignID: c.ID, Subject: round, Owner: body})
	owes := !errors.Is(err, pgx.ErrNoRows)
	if owes && err != nil {
		return fail(err)
	}
	if r, err = t.RoundByName(ctx, c.ID, round); errors.Is(err, pgx.ErrNoRows) {
		return fail(t.unknownRound(ctx, c, round))
	} else if err != nil {
		return fail(err)
	}
	if !owes {
		return fail(t.noConsolidation(ctx, c, r, body))
	}
	if done, err = t.repeated(ctx, act, auth.Consolidate, obligationName(o)); done != nil || err != nil {
		return c, r, o, done, err
	}
	switch o.State {
	case "Settled":
		return fail(refuse("AlreadyReceived", "%s consolidated round %s on %s", body, round, local(*o.ReceivedAt, c.TimeZone)))
	case "Cancelled":
		return fail(refuse("Cancelled", "campaign %s was cancelled: nothing is owed any more", campaign))
	}
	return c, r, o, nil, nil
}

func (t *tx) noConsolidation(ctx context.Context, c db.Campaign, r db.Round, body string) error {
	switch {
	case r.ConsolidationAt == nil:
		return refuse("NotConsolidated", "round %s is not consolidated: its series in the spec sets no date for that (reporting[].consolidated)", r.Name)
	case r.State == "Planned":
		return refuse("NotOpen", "round %s opens on %s", r.Name, local(r.OpensAt, c.TimeZone))
	}
	bodies, err := t.ConsolidatorsOf(ctx, c.ID, r.Name)
	if err != nil {
		return err
	}
	return &NotFound{Kind: "consolidating body", Name: body, Known: bodies}
}

// checkConsolidation takes a summary in words, and files; figures stay the units' own.
func checkConsolidation(report Report) error {
	for name := range report.Sections {
		if name != SectionConsolidation {
			return refuse("InvalidReport", "a consolidation has one section, %s, and files", SectionConsolidation)
		}
	}
	if len(report.Figures) > 0 || len(report.HardTasks) > 0 {
		return refuse("InvalidReport", "a consolidation has no figures of its own: they are counted from the units' reports")
	}
	if strings.TrimSpace(report.Sections[SectionConsolidation]) == "" && len(report.Files) == 0 {
		return refuse("InvalidReport", "the consolidation is empty: give section %s or a file", SectionConsolidation)
	}
	return checkFiles(report.Files)
}

// SectionConsolidation is what a consolidation says in words.
const SectionConsolidation v1.SectionName = "tongHop"
