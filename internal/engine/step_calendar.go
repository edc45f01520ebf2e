package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/plan"
	"thidua.dev/thidua/internal/store/db"
)

// StepCalendar asks the office for days off that a calendar does not know yet.
const StepCalendar = "calendar"

// askForDays tells the office, by a mail, that the campaign is about to need days that a
// calendar does not cover: once for each calendar and end of it, so the next year's notice
// is asked for anew. What is needed stays among the office's things to do until it comes.
func (s *step) askForDays(ctx context.Context, o *outcome) error {
	// Most plans have nothing provisional and need not be read for that.
	if !bytes.Contains(s.c.Plan, []byte(plan.ProvisionalMark)) {
		return nil
	}
	var p plan.Plan
	if err := json.Unmarshal(s.c.Plan, &p); err != nil {
		return fmt.Errorf("read the plan of campaign %s: %w", s.c.Name, err)
	}
	for _, n := range p.Needs(s.now, math.MaxInt64) {
		at := n.At.Add(-plan.NeedsAhead)
		if at.After(s.now) {
			o.next = earliest(o.next, &at)
			continue
		}
		until, err := s.coveredUntil(ctx, n.Calendar)
		if err != nil {
			return err
		}
		told, err := s.AskForDays(ctx, db.AskForDaysParams{
			CampaignID: s.c.ID, Subject: fmt.Sprintf("%s/%s/%s", StepCalendar, n.Calendar, until), Office: s.c.Office, Calendar: string(n.Calendar),
			DueAt: n.At, Now: s.now, Step: StepCalendar,
		})
		if err != nil {
			return err
		}
		o.changed += told.Notices
	}
	return nil
}

func (s *step) coveredUntil(ctx context.Context, name v1.Name) (v1.Date, error) {
	row, err := s.NewestObject(ctx, "Calendar", string(name))
	if err != nil {
		return "", fmt.Errorf("read calendar %s: %w", name, err)
	}
	object, err := manifest.Decode("Calendar", row.Manifest)
	if err != nil {
		return "", err
	}
	return object.(*v1.Calendar).Spec.CoveredUntil, nil
}
