package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/plan"
	"thidua.dev/thidua/internal/store/db"
)

// PlanOf makes the plan of a campaign from declared objects alone.
func PlanOf(set *manifest.Set, name string, generation int64) (*plan.Plan, error) {
	c := set.Campaign(v1.Name(name))
	if c == nil {
		known := make([]string, len(set.Campaigns))
		for i, k := range set.Campaigns {
			known[i] = k.Name
		}
		return nil, &NotFound{Kind: "campaign", Name: name, Known: known}
	}
	in := plan.Input{
		Campaign: c, Generation: generation, Units: set.Participants(c),
		Calendars: map[v1.Name]*calendar.Calendar{},
	}
	for _, declared := range set.Calendars {
		cal, err := calendar.New(declared.Name, declared.Spec)
		if err != nil {
			return nil, err
		}
		in.Calendars[v1.Name(declared.Name)] = cal
	}
	depends := []any{set.RulePack(c.Spec.RulePack), in.Units}
	for _, cal := range set.Calendars {
		depends = append(depends, cal)
	}
	for _, template := range set.Templates {
		depends = append(depends, template)
	}
	for _, d := range depends {
		b, err := json.Marshal(d)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(b)
		in.Inputs = append(in.Inputs, fmt.Sprintf("%T:%s", d, hex.EncodeToString(sum[:])))
	}
	return plan.Make(in)
}

// replan brings the plans of campaigns in line with what they depend on.
func (t *tx) replan(ctx context.Context, act Act, stored storedObjects, all *manifest.Set, applied []Applied) error {
	changed := map[string]Applied{}
	for _, a := range applied {
		if a.Result != "unchanged" {
			changed[a.Kind+"/"+a.Name] = a
		}
	}
	if len(changed) == 0 {
		return nil
	}
	calendars, err := changedCalendars(stored, all, changed)
	if err != nil {
		return err
	}
	for _, c := range all.Campaigns {
		old, err := t.CampaignForUpdate(ctx, c.Name)
		exists := !errors.Is(err, pgx.ErrNoRows)
		if exists && err != nil {
			return err
		}
		a, touched := changed["Campaign/"+c.Name]
		if exists && (old.State == "Closed" || old.State == "Cancelled") {
			if touched {
				return refuse("Ended", "campaign %s is %s: it cannot be amended (field %s); declare another", c.Name, old.State, firstField(a))
			}
			continue
		}
		if exists && old.State != "Declared" {
			if err := t.amendable(ctx, old, a); err != nil {
				return err
			}
		}
		p, err := PlanOf(all, c.Name, old.SpecGeneration)
		if err != nil {
			return fmt.Errorf("Campaign %s: %w", c.Name, err)
		}
		if exists && p.Hash == old.PlanHash {
			continue
		}
		if touched {
			p.Generation = a.Generation
		}
		if err := t.movePlan(ctx, act, c, p, old, exists, calendars); err != nil {
			return err
		}
	}
	return nil
}

// movePlan stores a campaign's new plan and lets what is owed follow its calendars. A
// calendar or a roster moves the dates of campaigns that no file names: whose those
// are is asked here.
func (t *tx) movePlan(ctx context.Context, act Act, c *v1.Campaign, p *plan.Plan, old db.Campaign, exists bool, calendars []calendarChange) error {
	office := string(c.Spec.Office)
	if exists {
		office = old.Office
	}
	if err := t.demand(ctx, act.Actor, auth.Apply, auth.Object{Campaign: c.Name, Office: office}, "campaign "+c.Name+", whose dates this moves"); err != nil {
		return err
	}
	if err := t.storePlan(ctx, c, p, old, exists); err != nil {
		return err
	}
	return t.followCalendars(ctx, act, old, p, c.Spec, calendars)
}

func firstField(a Applied) string {
	if len(a.Changes) == 0 {
		return "none"
	}
	return a.Changes[0].Field
}

// amendable keeps what units were promised at the launch.
func (t *tx) amendable(ctx context.Context, c db.Campaign, a Applied) error {
	name := c.Name
	for _, change := range a.Changes {
		if change.Field == "spec.registration.until" {
			if err := t.registrationAmendable(ctx, c, change); err != nil {
				return err
			}
			continue
		}
		for _, fixed := range []string{"spec.rulePack", "spec.launch.at", "spec.participants", "spec.office", "spec.calendar", "spec.reminders"} {
			if change.Field == fixed || len(change.Field) > len(fixed) && change.Field[:len(fixed)] == fixed && (change.Field[len(fixed)] == '.' || change.Field[len(fixed)] == '[') {
				return refuse("Launched", "campaign %s is launched: %s cannot change any more (%s → %s); end this campaign and declare another", name, change.Field, change.Old, change.New)
			}
		}
	}
	return nil
}

func (t *tx) registrationAmendable(ctx context.Context, c db.Campaign, change manifest.Change) error {
	r, err := t.RoundByName(ctx, c.ID, plan.RegistrationRound)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return refuse("Launched", "campaign %s was launched without a registration: none can be added any more (%s)", c.Name, change.New)
	case err != nil:
		return err
	case r.State == "Planned":
		return nil // nobody has been told yet
	case r.State == "Open":
		return refuse("Launched", "campaign %s is launched and its registration is open: move its deadline by extending it (%s → %s)", c.Name, change.Old, change.New)
	}
	return refuse("Launched", "the registration of campaign %s was closed on %s: its deadline cannot move any more (%s → %s); reopen it for who still has to register",
		c.Name, local(r.ClosesAt, c.TimeZone), change.Old, change.New)
}

func (t *tx) storePlan(ctx context.Context, c *v1.Campaign, p *plan.Plan, old db.Campaign, exists bool) error {
	events, err := json.Marshal(p)
	if err != nil {
		return err
	}
	id := old.ID
	if exists {
		err = t.UpdateCampaignPlan(ctx, db.UpdateCampaignPlanParams{
			ID: id, Title: c.Spec.Title.VI, Calendar: string(c.Spec.Calendar), Office: string(c.Spec.Office),
			Roster: string(c.Spec.Participants.Roster), Plan: events, PlanHash: p.Hash, LaunchAt: p.Launch,
			DecisionAt: p.DecisionAt, InviteAt: p.InviteAt, CeremonyAt: p.CeremonyAt, ClosesAt: *p.ClosedAt,
			SpecGeneration: p.Generation,
		})
	} else {
		id, err = t.InsertCampaign(ctx, db.InsertCampaignParams{
			Name: c.Name, Title: c.Spec.Title.VI, TimeZone: c.Spec.TimeZone, Calendar: string(c.Spec.Calendar),
			Office: string(c.Spec.Office), Roster: string(c.Spec.Participants.Roster), Plan: events, PlanHash: p.Hash,
			LaunchAt: p.Launch, DecisionAt: p.DecisionAt, InviteAt: p.InviteAt, CeremonyAt: p.CeremonyAt,
			ClosesAt: *p.ClosedAt, CreatedAt: t.now,
		})
	}
	if err != nil {
		return err
	}
	if err := t.storeRounds(ctx, id, p); err != nil {
		return err
	}
	reviews := []string{}
	for _, r := range p.Reviews {
		reviews = append(reviews, string(r.Name))
		if err := t.UpsertReview(ctx, db.UpsertReviewParams{CampaignID: id, Name: string(r.Name), At: r.At, Final: r.Final}); err != nil {
			return err
		}
	}
	if err := t.DropPlannedReviews(ctx, id, reviews); err != nil {
		return err
	}
	if exists && old.State != "Declared" {
		// The ladder of running rounds keeps its steps; the plan of the rest moves.
		return t.WakeCampaign(ctx, t.now, id)
	}
	return t.storeLadder(ctx, id, c)
}

func (t *tx) storeRounds(ctx context.Context, id int64, p *plan.Plan) error {
	keep := []string{}
	for i, r := range p.Rounds {
		keep = append(keep, r.Name)
		params := db.UpsertRoundParams{
			CampaignID: id, Name: r.Name, Kind: string(r.Kind), Series: r.Series, Period: r.Period, Seq: int32(i + 1),
			OpensAt: r.OpensAt, ConsolidationAt: r.ConsolidationAt, ClosesAt: r.ClosesAt, Approval: string(r.Approval),
		}
		if !r.DataFrom.IsZero() {
			from, to := r.DataFrom.At(0, 0, time.UTC), r.DataTo.At(0, 0, time.UTC)
			params.DataFrom, params.DataTo = &from, &to
		}
		round, err := t.UpsertRound(ctx, params)
		if errors.Is(err, pgx.ErrNoRows) {
			continue // it has opened and keeps its instants
		}
		if err != nil {
			return err
		}
		for _, due := range r.Dues {
			params := db.ReplaceRoundDueParams{RoundID: round, Calendar: string(due.Calendar), DueAt: due.At}
			if !due.Off.IsZero() {
				off := due.Off.At(0, 0, time.UTC)
				params.DueOff = &off
			}
			if err := t.ReplaceRoundDue(ctx, params); err != nil {
				return err
			}
		}
	}
	return t.DropPlannedRounds(ctx, id, keep)
}

func (t *tx) storeLadder(ctx context.Context, id int64, c *v1.Campaign) error {
	if err := t.DeleteLadder(ctx, id); err != nil {
		return err
	}
	for i, s := range c.Spec.Reminders {
		roles, channels := []string{}, []string{}
		for _, r := range s.To {
			roles = append(roles, string(r))
		}
		if s.Task != "" {
			roles = []string{string(s.Assignee)}
		}
		for _, ch := range s.Channels {
			channels = append(channels, string(ch))
		}
		if err := t.InsertLadderStep(ctx, db.InsertLadderStepParams{
			CampaignID: id, Seq: int32(i + 1), Step: string(s.Step), OffsetDays: s.Offset, AtTime: string(s.Time),
			Roles: roles, Channels: channels, Gather: s.Gather == "ListPerRecipient", CatchUp: string(s.CatchUp), Task: s.Task,
		}); err != nil {
			return err
		}
	}
	return nil
}
