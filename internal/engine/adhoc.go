package engine

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/logs"
	"thidua.dev/thidua/internal/plan"
	"thidua.dev/thidua/internal/store/db"
)

// StepRequest is the notice by which a unit hears that a report is asked of it.
const StepRequest = "request"

// AdHoc is a report that the office asks for outside the plan (báo cáo đột xuất).
type AdHoc struct {
	// Name of the request; its round is request/NAME.
	Name string
	// Title is what the report is called, in office Vietnamese.
	Title string
	// Due is the deadline, the same for everybody: it is said by a person and never
	// moves off a day off.
	Due time.Time
	// Units that are asked; none is every participant.
	Units []string
	// Sections are the outline; none asks for one, ketQua.
	Sections []v1.Section
	// Approval says whose word settles; empty is the unit's leader.
	Approval v1.Approval
}

// Requested says what a request came to.
type Requested struct {
	Round    string    `json:"round"`
	Units    int       `json:"units"`
	DueAt    time.Time `json:"dueAt"`
	ClosesAt time.Time `json:"closesAt"`
	Told     int       `json:"told"` // units that have an address to hear of it
}

var requestName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

// Request opens a report that the plan does not have, at once: those asked are told,
// and owe it on the same ladder as any other, from today on.
func (e *Engine) Request(ctx context.Context, act Act, campaign string, q AdHoc) (Requested, error) {
	ctx = logs.Campaign(ctx, campaign, "")
	var out Requested
	err := e.in(ctx, func(t *tx) error {
		c, done, err := t.lockForCommand(ctx, act, auth.Request, campaign)
		if err != nil {
			return err
		}
		if done != nil {
			return json.Unmarshal(done.Detail, &out)
		}
		if err := t.checkRequest(ctx, act, c, &q); err != nil {
			return err
		}
		r, err := t.openRequest(ctx, act, c, q)
		if err != nil {
			return err
		}
		told, err := t.Tell(ctx, db.TellParams{Step: StepRequest, Now: t.now, RoundID: &r.ID})
		if err != nil {
			return err
		}
		if err := t.openProcedure(ctx, c.ID, roundID(campaign, r.Name), KindRound, r.Name, t.now); err != nil {
			return err
		}
		if err := t.BumpGeneration(ctx, c.ID); err != nil {
			return err
		}
		out = Requested{Round: r.Name, Units: int(told.Notices), DueAt: q.Due, ClosesAt: r.ClosesAt, Told: int(told.Messages)}
		return t.audit(ctx, act, auth.Request, "Campaign/"+campaign, struct {
			Requested
			Title string   `json:"title"`
			Asked []string `json:"asked,omitempty"`
		}{out, q.Title, q.Units})
	})
	return out, err
}

func (t *tx) checkRequest(ctx context.Context, act Act, c db.Campaign, q *AdHoc) error {
	switch {
	case c.State != "Launched":
		return refuse("NotRunning", "campaign %s is %s: only a running campaign can ask for reports", c.Name, c.State)
	case !requestName.MatchString(q.Name):
		return refuse("InvalidName", "a request is named by small letters, digits and hyphens, such as thien-tai-11, at most 40 of them, not %.60q", q.Name)
	case strings.TrimSpace(q.Title) == "":
		return refuse("TitleMissing", "request %s: what is the report called? (--title) units read it", q.Name)
	case !q.Due.After(t.now):
		return refuse("PastDeadline", "%s is past: by when is it to be sent?", local(q.Due, c.TimeZone))
	}
	if err := needReason(act, "request"); err != nil {
		return err
	}
	if len(q.Sections) == 0 {
		q.Sections = []v1.Section{{Name: "ketQua", Required: true}}
	}
	if err := checkOutline(q.Sections); err != nil {
		return err
	}
	switch q.Approval {
	case "":
		q.Approval = v1.ApprovalUnitLeader
	case v1.ApprovalUnitLeader, v1.ApprovalNone:
	default:
		return refuse("InvalidApproval", "whose word settles the report: %s or %s, not %.40q", v1.ApprovalUnitLeader, v1.ApprovalNone, q.Approval)
	}
	slices.Sort(q.Units)
	q.Units = slices.Compact(q.Units)
	if len(q.Units) == 0 {
		return nil
	}
	strangers, err := t.NotParticipants(ctx, q.Units, c.ID)
	if err != nil {
		return err
	}
	if len(strangers) > 0 {
		return refuse("NotParticipant", "these take no part in campaign %s: %s", c.Name, shortList(strangers))
	}
	return nil
}

// sectionName is a SectionName as the kinds have it.
var sectionName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]{0,62}$`)

// checkOutline holds an outline to what a campaign's spec would be held to.
func checkOutline(sections []v1.Section) error {
	seen := map[v1.SectionName]bool{}
	for _, s := range sections {
		switch {
		case !sectionName.MatchString(string(s.Name)):
			return refuse("InvalidSection", "a section is named by letters, digits and hyphens, such as thietHai, not %.80q", s.Name)
		case seen[s.Name]:
			return refuse("InvalidSection", "section %s stands twice in the outline", s.Name)
		}
		seen[s.Name] = true
	}
	return nil
}

// openRequest writes the round with everything that is owed in it.
func (t *tx) openRequest(ctx context.Context, act Act, c db.Campaign, q AdHoc) (db.Round, error) {
	name := plan.RequestSeries + "/" + q.Name
	switch _, err := t.RoundByName(ctx, c.ID, name); {
	case err == nil:
		return db.Round{}, refuse("NameTaken", "campaign %s has a round %s already: names are never used again", c.Name, name)
	case !errors.Is(err, pgx.ErrNoRows):
		return db.Round{}, err
	}
	id, err := t.InsertRequestedRound(ctx, db.InsertRequestedRoundParams{
		CampaignID: c.ID, Name: name, Series: plan.RequestSeries, Period: q.Name, Now: &t.now, ClosesAt: q.Due, Approval: string(q.Approval),
	})
	if err != nil {
		return db.Round{}, err
	}
	sections, err := json.Marshal(q.Sections)
	if err != nil {
		return db.Round{}, err
	}
	units := q.Units
	if units == nil {
		units = []string{}
	}
	if err := t.InsertRequest(ctx, db.InsertRequestParams{RoundID: id, Title: strings.TrimSpace(q.Title), Sections: sections, Units: units, Reason: act.Reason, AskedAt: t.now}); err != nil {
		return db.Round{}, err
	}
	if err := t.ReplaceRoundDue(ctx, db.ReplaceRoundDueParams{RoundID: id, Calendar: c.Calendar, DueAt: q.Due}); err != nil {
		return db.Round{}, err
	}
	if _, err := t.OpenObligations(ctx, db.OpenObligationsParams{RoundID: id, LadderFrom: t.now, Now: t.now}); err != nil {
		return db.Round{}, err
	}
	if err := t.reclimbAll(ctx, c, id, name); err != nil {
		return db.Round{}, err
	}
	r, err := t.RoundByName(ctx, c.ID, name)
	if err != nil {
		return db.Round{}, err
	}
	if err := t.auditOpening(ctx, c, r); err != nil {
		return db.Round{}, err
	}
	return r, withinCampaign(c, r, q.Due)
}
