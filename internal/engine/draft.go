package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/logs"
	"thidua.dev/thidua/internal/store/db"
)

// SaveDraft keeps what a unit has written so far (bản nháp). It need not be complete,
// it replaces what was kept before, and nobody is judged by it; it goes when the
// report is handed up. It says when it was kept.
func (e *Engine) SaveDraft(ctx context.Context, act Act, campaign, round, unit string, report Report) (saved time.Time, err error) {
	ctx = logs.Campaign(ctx, campaign, round)
	err = e.in(ctx, func(t *tx) error {
		c, r, o, done, err := t.lockForIntake(ctx, act, auth.Submit, campaign, round, unit)
		if err != nil {
			return err
		}
		if done != nil { // the report was sent under this id: what has become of it comes first
			if err := t.stillOwed(c, r, o); err != nil {
				return err
			}
		}
		switch {
		case o.Holder != "FocalPoint":
			return refuse("WithLeader", "the report of unit %s for round %s waits for the leader: it is to be handed back first", unit, round)
		case done != nil:
			return refuse("RequestIDReused", "request id %s was used before, to hand the report up: give a draft its own", act.RequestID)
		}
		asked, err := t.asked(ctx, c, r, unit)
		if err != nil {
			return err
		}
		if err := asked.checkDraft(report); err != nil {
			return err
		}
		content, err := json.Marshal(report)
		if err != nil {
			return err
		}
		saved = t.now
		return t.Queries.SaveDraft(ctx, db.SaveDraftParams{ObligationID: o.ID, Content: content, SavedAt: t.now, Actor: act.Actor.String()})
	})
	return saved, err
}

// checkDraft refuses what could never be handed up under any name: a draft with a
// misspelt section would look kept and be lost.
func (a asked) checkDraft(report Report) error {
	var problems []string
	a.withoutText = true
	problems = append(problems, a.checkSections(report.Sections)...)
	applying := map[v1.Name]bool{}
	for _, ind := range a.indicators {
		applying[ind.Name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(report.Figures)) {
		if !applying[name] {
			problems = append(problems, fmt.Sprintf("figure %s is not asked of this unit (%s)", name, joined(applying)))
		}
	}
	if len(problems) > 0 {
		return refuse("InvalidReport", "draft of unit %s for round %s: %s", a.unit.Unit, a.round.Name, strings.Join(problems, "; "))
	}
	return checkFiles(report.Files)
}
