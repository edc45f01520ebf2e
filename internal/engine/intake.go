package engine

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/plan"
	"thidua.dev/thidua/internal/store/db"
)

// intake is what a report is judged by: what the unit owes, locked, and what was read
// after that.
type intake struct {
	owed    db.Obligation
	asked   asked
	version int32 // that the report will be
}

// beginIntake locks what a unit owes and reads the rest, in two statements: thousands
// of reports come in the last hour. Intake does not lock the campaign: cancelling,
// closing and approving all change the obligation under its own lock. A request that
// was carried out before returns its record.
func (t *tx) beginIntake(ctx context.Context, act Act, campaign, round, unit string) (in intake, done *db.Audit, err error) {
	l, err := t.LockForIntake(ctx, db.LockForIntakeParams{Campaign: campaign, Round: round, Unit: unit})
	if errors.Is(err, pgx.ErrNoRows) {
		// Something is not there. What it is takes a closer look.
		return t.beginUnknown(ctx, act, campaign, round, unit)
	}
	if err != nil {
		return in, nil, err
	}
	in.owed = l.Obligation
	if err := t.demand(ctx, act.Actor, auth.Submit, auth.Object{Campaign: campaign, Office: l.Office, Unit: unit}, "a report of unit "+unit); err != nil {
		return in, nil, err
	}
	f, err := t.IntakeFacts(ctx, db.IntakeFactsParams{
		RequestID: act.RequestID, Campaign: campaign, ObligationID: in.owed.ID, CampaignID: l.CampaignID, Round: round, Unit: unit,
	})
	if err != nil {
		return in, nil, err
	}
	if f.Repeated {
		done, err = t.repeated(ctx, act, auth.Submit, obligationName(in.owed))
		return in, done, err
	}
	c := db.Campaign{ID: l.CampaignID, Name: campaign, TimeZone: l.TimeZone}
	if err := t.stillOwed(c, f.Round, in.owed); err != nil {
		return in, nil, err
	}
	in.version, in.asked = f.Version, asked{round: f.Round, unit: f.Participant}
	if f.Round.Series == plan.RequestSeries {
		in.asked, err = t.asked(ctx, c, f.Round, unit)
		return in, nil, err
	}
	spec, err := t.specs.of(ctx, t, campaign, f.Generation)
	if err != nil {
		return in, nil, err
	}
	in.asked = in.asked.read(spec)
	return in, nil, nil
}

// beginUnknown says why nothing is owed; in between it may have come to be.
func (t *tx) beginUnknown(ctx context.Context, act Act, campaign, round, unit string) (in intake, done *db.Audit, err error) {
	c, r, o, done, err := t.lockForIntake(ctx, act, auth.Submit, campaign, round, unit)
	if err != nil || done != nil {
		return in, done, err
	}
	in.owed = o
	if in.asked, err = t.asked(ctx, c, r, unit); err != nil {
		return in, nil, err
	}
	newest, err := t.NewestReport(ctx, o.ID)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	in.version = newest.Version + 1
	return in, nil, err
}

// takeReport keeps a report and does all that follows from it.
func (t *tx) takeReport(ctx context.Context, act Act, in intake, report Report, receipt Receipt) (err error) {
	p := db.TakeReportParams{
		ObligationID: in.owed.ID, Version: in.version, Settles: receipt.Settled, Now: t.now,
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
	if p.Detail, err = json.Marshal(receipt); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(report.Figures)) {
		p.Indicators, p.Values = append(p.Indicators, string(name)), append(p.Values, report.Figures[name])
	}
	row, err := t.TakeReport(ctx, p)
	if err != nil {
		return err
	}
	if row.Owed == 0 {
		return &Conflict{Text: "the round was closed meanwhile"}
	}
	if row.Silenced > 0 {
		if err := t.DropUnsaid(ctx, in.owed.ID); err != nil {
			return err
		}
	}
	return t.keepFiles(ctx, row.ReportID, report)
}

// specs keeps the newest spec of each campaign as it was read last: a generation of an
// object never changes.
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
	spec, read, err := t.newestSpec(ctx, campaign)
	if err == nil {
		s.byName.Store(campaign, keptSpec{read, spec})
	}
	return spec, err
}
