package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/plan"
	"thidua.dev/thidua/internal/store/db"
)

// intake is what a report is judged by.
type intake struct {
	facts db.IntakeFactsRow
	owed  db.Obligation
	asked asked
}

// first reads what a report is judged by, in one statement that goes with the beginning
// of the transaction: thousands of reports come in the last hour. Nothing is locked for
// it: whoever cancels, closes, extends, approves or climbs changes the obligation, and a
// report is written only while the obligation is as it was read. The few that were
// overtaken come again, and lock it first.
func (in *intake) first(ctx context.Context, act Act, campaign, round, unit string, lock bool) []ask {
	facts := func(q *db.Queries) (err error) {
		in.facts, err = q.IntakeFacts(ctx, db.IntakeFactsParams{RequestID: act.RequestID, Campaign: campaign, Round: round, Unit: unit})
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // what it is that is not there takes a closer look
		}
		return err
	}
	if !lock {
		return []ask{facts}
	}
	return []ask{func(q *db.Queries) error {
		return q.LockForIntake(ctx, db.LockForIntakeParams{Campaign: campaign, Round: round, Unit: unit})
	}, facts}
}

// errOvertaken is a report that was judged by what has changed meanwhile; nothing of it
// was written.
var errOvertaken = &Conflict{Text: "what is owed has changed meanwhile: look at it again, then repeat"}

// judge judges by the facts, as far as they don't depend on what the report says. A
// request that was carried out before returns its record.
func (t *tx) judge(ctx context.Context, act Act, in *intake, campaign, round, unit string) (done *db.Audit, err error) {
	f := in.facts
	if t.now, t.stepped = f.Now, f.Stepped; f.ObligationID == 0 {
		if err := t.readTime(ctx, t.Queries); err != nil {
			return nil, err
		}
		return t.judgeUnknown(ctx, act, campaign, round, unit)
	}
	if err := t.demand(ctx, act.Actor, auth.Submit, auth.Object{Campaign: campaign, Office: f.Office, Unit: unit}, "a report of unit "+unit); err != nil {
		return nil, err
	}
	in.owed = db.Obligation{ID: f.ObligationID, Owner: unit, State: f.State, DueAt: f.DueAt, ReceivedAt: f.ReceivedAt}
	if f.Repeated {
		return t.repeated(ctx, act, auth.Submit, obligationName(in.owed))
	}
	c := db.Campaign{ID: f.CampaignID, Name: campaign, TimeZone: f.TimeZone}
	r := db.Round{ID: f.RoundID, Name: round, Kind: f.Kind, Series: f.Series, Approval: f.Approval, ClosesAt: f.ClosesAt}
	if err := t.stillOwed(c, r, in.owed); err != nil {
		return nil, err
	}
	if r.Series == plan.RequestSeries {
		in.asked, err = t.asked(ctx, c, r, unit)
		return nil, err
	}
	spec, err := t.specs.of(ctx, t, campaign, f.SpecGeneration)
	if err != nil {
		return nil, err
	}
	in.asked = asked{round: r, unit: db.Participant{Unit: unit, Kind: f.UnitKind}}.read(spec)
	return nil, nil
}

// judgeUnknown says why nothing is owed. When it has come to be owed in between, the
// report comes again.
func (t *tx) judgeUnknown(ctx context.Context, act Act, campaign, round, unit string) (done *db.Audit, err error) {
	_, _, owed, done, err := t.lockForIntake(ctx, act, auth.Submit, campaign, round, unit)
	if err == nil && done == nil && owed.ID != 0 {
		err = errOvertaken
	}
	return done, err
}

// takeReport keeps a report and does all that follows from it.
func (t *tx) takeReport(ctx context.Context, act Act, in *intake, report Report, receipt Receipt) (err error) {
	p := db.TakeReportParams{
		ObligationID: in.owed.ID, Version: in.facts.Version, Settles: receipt.Settled, Now: t.now,
		Actor: act.Actor.String(), Verb: string(auth.Submit), Object: obligationName(in.owed), Reason: act.Reason, Act: act.RequestID,
	}
	if p.Sections, err = json.Marshal(orEmpty(report.Sections)); err != nil {
		return err
	}
	tasks := report.HardTasks
	if tasks == nil {
		tasks = []string{}
	}
	if p.HardTasks, err = json.Marshal(tasks); err != nil {
		return err
	}
	if p.Detail, err = json.Marshal(receipt.judgedBy(in.owed)); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(report.Figures)) {
		p.Indicators, p.Values = append(p.Indicators, string(name)), append(p.Values, report.Figures[name])
	}
	var id int64
	statements := []ask{
		func(q *db.Queries) error {
			return q.SettleAsSeen(ctx, db.SettleAsSeenParams{ID: in.owed.ID, Seen: in.facts.Seen, Settles: receipt.Settled, Now: t.now})
		},
		func(q *db.Queries) (err error) {
			if id, err = q.TakeReport(ctx, p); errors.Is(err, pgx.ErrNoRows) {
				return errOvertaken
			}
			return err
		},
	}
	if receipt.Settled && in.facts.Unsaid {
		statements = append(statements, func(q *db.Queries) error { return q.TakeBack(ctx, in.owed.ID) })
	}
	if len(report.Files) == 0 {
		return t.last(ctx, statements...)
	}
	for _, s := range statements {
		if err := s(t.Queries); err != nil {
			return err
		}
	}
	return t.keepFiles(ctx, id, report)
}

// specs keeps one spec of each campaign, as it was read last: a generation of an object
// never changes.
type specs struct {
	byName sync.Map // of keptSpec
}

type keptSpec struct {
	generation int64
	spec       *v1.CampaignSpec
}

// of is the spec of a generation; whoever gets it must not change it.
func (s *specs) of(ctx context.Context, t *tx, campaign string, generation int64) (*v1.CampaignSpec, error) {
	if kept, ok := s.byName.Load(campaign); ok && kept.(keptSpec).generation == generation {
		return kept.(keptSpec).spec, nil
	}
	row, err := t.ObjectAt(ctx, db.ObjectAtParams{Kind: "Campaign", Name: campaign, Generation: generation})
	if err != nil {
		return nil, fmt.Errorf("read generation %d of campaign %s: %w", generation, campaign, err)
	}
	spec, err := decodeSpec(row.Manifest)
	if err == nil {
		s.byName.Store(campaign, keptSpec{generation, spec})
	}
	return spec, err
}
