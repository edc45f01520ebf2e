package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/logs"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/store/db"
)

// LaunchOptions of an act of launch.
type LaunchOptions struct {
	// Backdate confirms that the campaign started on an earlier day. Steps older
	// than the act are recorded as skipped, and nobody hears of them.
	Backdate bool
}

// Launch is the act by which a declared campaign starts. Before it nothing is
// sent; after it the campaign runs by itself. A launch planned for a later
// instant waits for it.
func (e *Engine) Launch(ctx context.Context, act Act, name string, opt LaunchOptions) error {
	ctx = logs.Campaign(ctx, name, "")
	return e.in(ctx, func(t *tx) error { return t.launch(ctx, act, name, opt) })
}

func (t *tx) launch(ctx context.Context, act Act, name string, opt LaunchOptions) error {
	c, done, err := t.lockForCommand(ctx, act, auth.Launch, name)
	if done != nil || err != nil {
		return err
	}
	if c.State == "Cancelled" || c.State == "Closed" {
		return refuse("Ended", "campaign %s is %s: declare another", name, c.State)
	}
	if c.State != "Declared" {
		return refuse("AlreadyLaunched", "campaign %s is %s already (launched %s)", name, c.State, local(c.LaunchAt, c.TimeZone))
	}
	launchAt := c.LaunchAt
	earlier := dayOf(launchAt, c.TimeZone).Before(dayOf(t.now, c.TimeZone))
	switch {
	case earlier && !opt.Backdate:
		return refuse("NeedsBackdate", "campaign %s was to start on %s, which is past (today is %s): launch it with --backdate, which sends nothing for steps before today, or move spec.launch.at",
			name, local(launchAt, c.TimeZone), local(t.now, c.TimeZone))
	case !earlier && launchAt.Before(t.now):
		launchAt = t.now // later on the day itself
	}
	if err := t.enroll(ctx, c); err != nil {
		return err
	}
	if err := t.LaunchCampaign(ctx, db.LaunchCampaignParams{ID: c.ID, ActedAt: &t.now, Backdated: earlier, LaunchAt: launchAt}); err != nil {
		return err
	}
	if err := t.openProcedure(ctx, c.ID, campaignID(name), KindCampaign, "", later(launchAt, t.now)); err != nil {
		return err
	}
	return t.audit(ctx, act, auth.Launch, "Campaign/"+name, map[string]any{"launchAt": launchAt, "backdated": earlier})
}

// enroll copies the units that the plan counts.
func (t *tx) enroll(ctx context.Context, c db.Campaign) error {
	stored, err := t.storedObjects(ctx)
	if err != nil {
		return err
	}
	campaign := stored.set.Campaign(v1.Name(c.Name))
	rosters, units := rosterParts(stored.set, campaign.Spec.Participants.Roster, map[string]bool{}), []string{}
	for _, u := range stored.set.Participants(campaign) {
		units = append(units, string(u.Code))
	}
	n, err := t.Enroll(ctx, db.EnrollParams{CampaignID: c.ID, Calendar: c.Calendar, Rosters: rosters, Units: units})
	if err != nil {
		return err
	}
	if n == 0 {
		return refuse("NoParticipants", "campaign %s has no participants: look at spec.participants", c.Name)
	}
	return nil
}

// Pause holds everything that is pending. Reports are still taken.
func (e *Engine) Pause(ctx context.Context, act Act, name string) error {
	ctx = logs.Campaign(ctx, name, "")
	return e.in(ctx, func(t *tx) error {
		c, done, err := t.lockForCommand(ctx, act, auth.Pause, name)
		if done != nil || err != nil {
			return err
		}
		if c.State != "Launched" {
			return refuse("NotRunning", "campaign %s is %s: only a running campaign can be paused", name, c.State)
		}
		if err := t.PauseCampaign(ctx, t.now, c.ID); err != nil {
			return err
		}
		if err := t.WakeCampaign(ctx, t.now, c.ID); err != nil {
			return err
		}
		return t.audit(ctx, act, auth.Pause, "Campaign/"+name, nil)
	})
}

// Deadlines says what a resumed campaign does with the deadlines of the pause.
type Deadlines string

const (
	Keep  Deadlines = "keep"  // they stand; what was missed follows each step's catchUp
	Shift Deadlines = "shift" // open ones move by the working days of the pause
)

// DeadlineChoices are both.
var DeadlineChoices = []Deadlines{Keep, Shift}

// Resume ends a pause.
func (e *Engine) Resume(ctx context.Context, act Act, name string, deadlines Deadlines) error {
	ctx = logs.Campaign(ctx, name, "")
	return e.in(ctx, func(t *tx) error {
		c, done, err := t.lockForCommand(ctx, act, auth.Resume, name)
		if done != nil || err != nil {
			return err
		}
		if c.State != "Paused" {
			return refuse("NotPaused", "campaign %s is %s: only a paused campaign can be resumed", name, c.State)
		}
		switch deadlines {
		case Keep:
		case Shift:
			if err := t.shift(ctx, c); err != nil {
				return err
			}
		default:
			return refuse("DeadlinesUnsaid", "resume %s: say what becomes of the deadlines: --deadlines=keep or --deadlines=shift", name)
		}
		if err := t.ResumeCampaign(ctx, c.ID); err != nil {
			return err
		}
		if err := t.WakeCampaign(ctx, t.now, c.ID); err != nil {
			return err
		}
		return t.audit(ctx, act, auth.Resume, "Campaign/"+name, map[string]any{"deadlines": deadlines})
	})
}

func (t *tx) shift(ctx context.Context, c db.Campaign) error {
	if _, err := t.ShiftDeadlines(ctx, db.ShiftDeadlinesParams{CampaignID: c.ID, TimeZone: c.TimeZone, PausedAt: *c.PausedAt, Now: t.now}); err != nil {
		return err
	}
	rounds, err := t.OpenRoundsOf(ctx, c.ID)
	if err != nil {
		return err
	}
	for _, r := range rounds {
		if err := t.reclimbAll(ctx, c, r.ID, r.Name); err != nil {
			return err
		}
	}
	return nil
}

// reclimbAll is reclimb for everything that is owed in a round.
func (t *tx) reclimbAll(ctx context.Context, c db.Campaign, round int64, name string) error {
	owing, err := t.OwingIn(ctx, &round)
	if err != nil {
		return err
	}
	return t.reclimb(ctx, c, round, name, owing)
}

// reclimb puts obligations of a round whose deadline has moved back on the ladder, and
// makes the round look again if that is sooner than it would have.
func (t *tx) reclimb(ctx context.Context, c db.Campaign, round int64, name string, moved []int64) error {
	days, err := t.closingDays(ctx, c, name)
	if err != nil {
		return err
	}
	if err := t.InsertRungs(ctx, c.TimeZone, moved); err != nil {
		return err
	}
	if err := t.StretchRound(ctx, db.StretchRoundParams{ID: round, Days: days, TimeZone: c.TimeZone, Obligations: moved}); err != nil {
		return err
	}
	if _, err := t.StartClimb(ctx, moved); err != nil {
		return err
	}
	next, err := t.NextNews(ctx, moved, t.now)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return t.Hasten(ctx, next, roundID(c.Name, name))
}

// Extended says what an extension did.
type Extended struct {
	Units      int `json:"units"`
	Superseded int `json:"superseded"`
}

// Extend moves the deadline of a round, for one unit or, with unit empty, for
// all that still owe. Deadlines move later only.
func (e *Engine) Extend(ctx context.Context, act Act, name, round, unit string, to time.Time) (Extended, error) {
	ctx = logs.Campaign(ctx, name, round)
	var out Extended
	err := e.in(ctx, func(t *tx) error {
		c, done, err := t.lockForCommand(ctx, act, auth.Extend, name)
		if err != nil {
			return err
		}
		if done != nil {
			return json.Unmarshal(done.Detail, &out)
		}
		if c.State != "Launched" && c.State != "Paused" {
			return refuse("NotRunning", "campaign %s is %s: there is nothing to extend", name, c.State)
		}
		r, err := t.RoundForUpdate(ctx, c.ID, round)
		if errors.Is(err, pgx.ErrNoRows) {
			return t.unknownRound(ctx, c, round)
		}
		if err != nil {
			return err
		}
		if err := extendable(c, r, to, t.now); err != nil {
			return err
		}
		owing, err := t.extending(ctx, c, r, unit, to)
		if err != nil {
			return err
		}
		moved, err := t.MoveDeadline(ctx, db.MoveDeadlineParams{Obligations: owing, DueAt: &to, Now: t.now})
		if err != nil {
			return err
		}
		out = Extended{Units: len(moved)}
		if len(moved) == 0 {
			return refuse("NothingOwed", "round %s of %s: nobody owes a report that is due before %s", round, name, local(to, c.TimeZone))
		}
		out.Superseded = int(moved[0].Superseded)
		ids := make([]int64, len(moved))
		for i, m := range moved {
			ids[i] = m.ID
		}
		if err := t.reclimb(ctx, c, r.ID, r.Name, ids); err != nil {
			return err
		}
		if r, err = t.RoundByName(ctx, c.ID, round); err != nil {
			return err
		}
		if err := withinCampaign(c, r, to); err != nil {
			return err
		}
		if err := t.BumpGeneration(ctx, c.ID); err != nil {
			return err
		}
		return t.audit(ctx, act, auth.Extend, "Campaign/"+name,
			map[string]any{"round": round, "unit": unit, "to": to, "units": out.Units, "superseded": out.Superseded})
	})
	return out, err
}

// withinCampaign holds a moved deadline, and the round that was stretched for it, to
// what the calendars and the campaign reach.
func withinCampaign(c db.Campaign, r db.Round, to time.Time) error {
	switch {
	case !r.ClosesAt.After(to):
		return refuse("BeyondCalendar", "%s is further than the calendars reach: is the year right?", local(to, c.TimeZone))
	case r.ClosesAt.After(c.ClosesAt):
		return refuse("BeyondCampaign", "with %s the round would take reports until %s, after the campaign ends (%s)",
			local(to, c.TimeZone), local(r.ClosesAt, c.TimeZone), local(c.ClosesAt, c.TimeZone))
	}
	return nil
}

func extendable(c db.Campaign, r db.Round, to, now time.Time) error {
	switch {
	case r.State == "Planned":
		return refuse("NotOpen", "round %s opens on %s: until then move the deadline in the campaign's spec", r.Name, local(r.OpensAt, c.TimeZone))
	case r.State != "Open" || now.After(r.ClosesAt):
		return refuse("RoundClosed", "round %s was closed on %s: it cannot be extended", r.Name, local(r.ClosesAt, c.TimeZone))
	case !to.After(now):
		return refuse("PastDeadline", "%s is past: a deadline can only move to a later instant", local(to, c.TimeZone))
	}
	return nil
}

// extending is what is owed by whoever is extended.
func (t *tx) extending(ctx context.Context, c db.Campaign, r db.Round, unit string, to time.Time) ([]int64, error) {
	if unit == "" {
		return t.OwingIn(ctx, &r.ID)
	}
	if err := t.checkUnitOwes(ctx, c, r, unit, to); err != nil {
		return nil, err
	}
	return t.OwingOf(ctx, db.OwingOfParams{CampaignID: c.ID, Round: r.Name, Owner: unit})
}

func (t *tx) checkUnitOwes(ctx context.Context, c db.Campaign, r db.Round, unit string, to time.Time) error {
	o, err := t.ObligationForUpdate(ctx, db.ObligationForUpdateParams{CampaignID: c.ID, Subject: r.Name, Owner: unit})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return refuse("NotParticipant", "unit %s takes no part in round %s of %s", unit, r.Name, c.Name)
	case err != nil:
		return err
	case o.State != "Owing":
		return refuse("NothingOwed", "unit %s owes nothing in round %s (%s)", unit, r.Name, o.State)
	case o.DueAt != nil && !to.After(*o.DueAt):
		return refuse("EarlierDeadline", "unit %s is due on %s already: a deadline can only move later", unit, local(*o.DueAt, c.TimeZone))
	}
	return nil
}

func (t *tx) unknownRound(ctx context.Context, c db.Campaign, round string) error {
	rounds, err := t.RoundsOf(ctx, c.ID)
	if err != nil {
		return err
	}
	known := make([]string, len(rounds))
	for i, r := range rounds {
		known[i] = r.Name
	}
	return &NotFound{Kind: "round", Name: round, Known: known}
}

// closingDays is how many working days after its deadline a round stays open.
func (t *tx) closingDays(ctx context.Context, c db.Campaign, round string) (int32, error) {
	spec, err := t.specs.of(ctx, t, c.Name, c.SpecGeneration)
	if err != nil {
		return 0, err
	}
	for _, s := range spec.Reporting {
		if seriesOf(round) == string(s.Name) && s.Closes != nil {
			return s.Closes.WorkingDaysAfterDue, nil
		}
	}
	// The registration: as package plan has it, open until after its last step.
	days := int32(defaultClosingDays)
	for _, s := range spec.Reminders {
		days = max(days, s.Offset+1)
	}
	return days, nil
}

// defaultClosingDays is what the schema's default says.
const defaultClosingDays = 10

// Cancel ends a campaign for good. What is pending is superseded in the same
// transaction: a cancelled campaign says nothing more.
func (e *Engine) Cancel(ctx context.Context, act Act, name string) error {
	ctx = logs.Campaign(ctx, name, "")
	return e.in(ctx, func(t *tx) error {
		c, done, err := t.lockForCommand(ctx, act, auth.Cancel, name)
		if done != nil || err != nil {
			return err
		}
		if c.State == "Cancelled" || c.State == "Closed" {
			return refuse("Ended", "campaign %s is %s already", name, c.State)
		}
		if strings.TrimSpace(act.Reason) == "" {
			return refuse("ReasonMissing", "cancel %s: say why (--reason); it is kept in the audit", name)
		}
		if err := t.EndCampaign(ctx, db.EndCampaignParams{ID: c.ID, State: "Cancelled", At: t.now}); err != nil {
			return err
		}
		if _, err := t.CancelObligations(ctx, c.ID); err != nil {
			return err
		}
		if _, err := t.SupersedeAllPending(ctx, "Cancelled", c.ID); err != nil {
			return err
		}
		if err := t.WithdrawLettersOf(ctx, c.ID); err != nil {
			return err
		}
		if err := t.CancelPlannedRounds(ctx, c.ID); err != nil {
			return err
		}
		if err := t.WakeCampaign(ctx, t.now, c.ID); err != nil {
			return err
		}
		return t.audit(ctx, act, auth.Cancel, "Campaign/"+name, nil)
	})
}

// openProcedure records that a procedure runs, and asks for it to be started.
func (t *tx) openProcedure(ctx context.Context, campaign int64, id, kind, subject string, next time.Time) error {
	n, err := t.OpenProcedure(ctx, db.OpenProcedureParams{ID: id, CampaignID: campaign, Kind: kind, Subject: subject, NextAt: next})
	if err != nil || n == 0 {
		return err
	}
	return t.Wake(ctx, id, kind)
}

func (t *tx) campaignSpec(ctx context.Context, name string) (*v1.CampaignSpec, error) {
	row, err := t.NewestObject(ctx, "Campaign", name)
	if err != nil {
		return nil, fmt.Errorf("read campaign %s: %w", name, err)
	}
	return decodeSpec(row.Manifest)
}

func decodeSpec(stored []byte) (*v1.CampaignSpec, error) {
	object, err := manifest.Decode("Campaign", stored)
	if err != nil {
		return nil, err
	}
	return &object.(*v1.Campaign).Spec, nil
}

// rosterParts names a roster and everything that it includes.
func rosterParts(set *manifest.Set, name v1.Name, seen map[string]bool) []string {
	r := set.Roster(name)
	if r == nil || seen[r.Name] {
		return nil
	}
	seen[r.Name] = true
	parts := []string{r.Name}
	for _, include := range r.Spec.Include {
		parts = append(parts, rosterParts(set, include, seen)...)
	}
	return parts
}
