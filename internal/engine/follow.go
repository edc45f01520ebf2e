package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/plan"
	"thidua.dev/thidua/internal/store/db"
)

// calendarChange is a calendar that was declared anew: a year's notice that came, or
// one that was changed.
type calendarChange struct {
	name     string
	until    calendar.Date // covered now
	newlyOff []time.Time   // days off that were worked before
}

func changedCalendars(stored storedObjects, all *manifest.Set, changed map[string]Applied) ([]calendarChange, error) {
	var out []calendarChange
	for _, declared := range all.Calendars {
		before, known := stored.objects["Calendar/"+declared.Name].(*v1.Calendar)
		if _, touched := changed["Calendar/"+declared.Name]; !touched || !known {
			continue
		}
		old, err := calendar.New(before.Name, before.Spec)
		if err != nil {
			return nil, err
		}
		now, err := calendar.New(declared.Name, declared.Spec)
		if err != nil {
			return nil, err
		}
		c := calendarChange{name: declared.Name, until: now.CoveredUntil(), newlyOff: []time.Time{}}
		for d := now.CoveredFrom().AddDays(-daysBefore); !d.After(now.CoveredUntil().AddDays(daysBeyond)); d = d.AddDays(1) {
			if old.Working(d) && !now.Working(d) {
				c.newlyOff = append(c.newlyOff, d.At(0, 0, time.UTC))
			}
		}
		out = append(out, c)
	}
	return out, nil
}

// Followed says what a changed calendar did to a campaign that runs.
type Followed struct {
	Calendars []string `json:"calendars"`
	// Firm counts instants that were provisional and are not any more; Moved, those of
	// the plan that are elsewhere now.
	Firm  int `json:"firm"`
	Moved int `json:"moved"`
	// Units have a later deadline for something that they owed already.
	Units      int64 `json:"units"`
	Superseded int64 `json:"superseded"`
}

// followCalendars brings what is owed already in line with changed calendars; what is
// planned has followed the new plan. It wakes nobody: storing the plan did.
func (t *tx) followCalendars(ctx context.Context, act Act, c db.Campaign, p *plan.Plan, spec v1.CampaignSpec, changes []calendarChange) error {
	if c.State != "Launched" && c.State != "Paused" {
		return nil // a new or declared one owes nothing
	}
	rounds, err := t.OpenRoundsOf(ctx, c.ID)
	if err != nil {
		return err
	}
	fixed := []int64{}
	for _, r := range rounds {
		if fixedDeadline(spec, r.Name) {
			fixed = append(fixed, r.ID)
		}
	}
	var out Followed
	for _, change := range changes {
		if !usesCalendar(p, change.name) {
			continue
		}
		rolled, err := t.RollDeadlines(ctx, db.RollDeadlinesParams{
			CampaignID: c.ID, Calendar: change.name, TimeZone: c.TimeZone, Now: t.now, Fixed: fixed, NewlyOff: change.newlyOff,
		})
		if err != nil {
			return err
		}
		out.Units, out.Superseded = out.Units+rolled.Moved, out.Superseded+rolled.Superseded
		if err := t.RefreshRungs(ctx, db.RefreshRungsParams{CampaignID: c.ID, Calendar: change.name, TimeZone: c.TimeZone}); err != nil {
			return err
		}
		if _, err := t.FollowRungs(ctx, c.ID, change.name); err != nil {
			return err
		}
		out.Calendars = append(out.Calendars, fmt.Sprintf("%s (→ %s)", change.name, change.until))
	}
	if len(out.Calendars) == 0 {
		return nil
	}
	for _, r := range rounds {
		if err := t.reclimbAll(ctx, c, r.ID, r.Name); err != nil {
			return err
		}
	}
	var old plan.Plan
	if err := json.Unmarshal(c.Plan, &old); err != nil {
		return fmt.Errorf("stored plan of %s: %w", c.Name, err)
	}
	d := plan.Diff(&old, p, c.TimeZone)
	out.Firm, out.Moved = d.Firm, len(d.Moved)
	act.RequestID = newRequestID(act.RequestID, "Campaign/"+c.Name+"/follow")
	act.Reason = out.words()
	return t.audit(ctx, act, auth.Follow, "Campaign/"+c.Name, out)
}

// words are what the office reads among the campaign's acts.
func (f Followed) words() string {
	return fmt.Sprintf("lịch %s: %d mốc tạm tính nay đã chắc chắn, %d mốc dời, %d đơn vị được lùi hạn",
		strings.Join(f.Calendars, ", "), f.Firm, f.Moved, f.Units)
}

// fixedDeadline tells that the instant itself was named, which no day off moves: by the
// spec, or by the act that asked for the report.
func fixedDeadline(spec v1.CampaignSpec, round string) bool {
	if seriesOf(round) == plan.RequestSeries {
		return true
	}
	if round == plan.RegistrationRound {
		return spec.Registration != nil && strings.Contains(string(spec.Registration.Until), "T")
	}
	for _, s := range spec.Reporting {
		if string(s.Name) == seriesOf(round) {
			return s.Due.Roll == v1.RollNone
		}
	}
	return false
}

func usesCalendar(p *plan.Plan, name string) bool {
	for _, e := range p.Events {
		if string(e.Calendar) == name {
			return true
		}
	}
	return false
}
