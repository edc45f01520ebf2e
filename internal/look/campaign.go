package look

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/notify"
	"thidua.dev/thidua/internal/plan"
	"thidua.dev/thidua/internal/store/db"
)

// Campaign is a campaign at a glance.
type Campaign struct {
	Name  string  `json:"name"`
	Title v1.Text `json:"title"`
	// State is Declared, Launched, Paused, Cancelled or Closed.
	State string `json:"state"`
	// Phase is the phase of the campaign's procedure that was looked at last,
	// such as collect; empty before the act of launch.
	Phase              string     `json:"phase"`
	Generation         int64      `json:"generation"`
	ObservedGeneration int64      `json:"observedGeneration"`
	SpecGeneration     int64      `json:"specGeneration"`
	PlanHash           string     `json:"planHash"`
	TimeZone           string     `json:"timeZone"`
	Calendar           string     `json:"calendar"`
	Office             Unit       `json:"office"`
	LaunchAt           time.Time  `json:"launchAt"`
	ActedAt            *time.Time `json:"actedAt,omitempty"` // the act of launch
	Backdated          bool       `json:"backdated,omitempty"`
	PausedAt           *time.Time `json:"pausedAt,omitempty"`
	ClosesAt           time.Time  `json:"closesAt"`
	EndedAt            *time.Time `json:"endedAt,omitempty"`
	// Participants are counted from the launch on.
	Participants int64 `json:"participants"`
	Clock
	Conditions []Condition `json:"conditions"`

	loc  *time.Location
	id   int64
	row  db.Campaign
	spec v1.CampaignSpec
	// requests are the titles of reports asked for by an act, by period.
	requests map[string]string

	needs []plan.Need
}

// Location is the campaign's time zone.
func (c *Campaign) Location() *time.Location {
	if c.loc == nil {
		return location(c.TimeZone)
	}
	return c.loc
}

// Condition is written as Kubernetes does.
type Condition struct {
	// Type is Ready, Launched, Succeeded, DeliveryDegraded or Stalled; CalendarShort
	// only while it is true.
	Type string `json:"type"`
	// Status is True or False.
	Status string `json:"status"`
	// Reason is a code; Word has words for it.
	Reason  string `json:"reason"`
	Message string `json:"message,omitempty"`
}

// Condition by its type; the zero Condition when there is none.
func (c *Campaign) Condition(kind string) Condition {
	for _, k := range c.Conditions {
		if k.Type == kind {
			return k
		}
	}
	return Condition{}
}

// Campaigns are all campaigns, by name.
func (r *Reader) Campaigns(ctx context.Context) ([]Campaign, error) {
	out := []Campaign{}
	err := r.view(ctx, func(v *view) (err error) {
		out, err = v.campaigns(ctx, "")
		return err
	})
	return out, err
}

// Campaign is one campaign.
func (r *Reader) Campaign(ctx context.Context, name string) (Campaign, error) {
	var c Campaign
	err := r.view(ctx, func(v *view) (err error) {
		c, err = v.campaign(ctx, name)
		return err
	})
	return c, err
}

func (v *view) campaign(ctx context.Context, name string) (Campaign, error) {
	found, err := v.campaigns(ctx, name)
	if err != nil {
		return Campaign{}, err
	}
	if len(found) == 0 && v.past {
		since, err := v.CampaignSince(ctx, name)
		if err == nil {
			zone := v.now.Location()
			return Campaign{}, &Unknown{fmt.Sprintf("campaign %s did not exist yet at %s; it exists since %s", name, v.now.Format(time.RFC3339), since.In(zone).Format(time.RFC3339))}
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			return Campaign{}, err
		}
	}
	if len(found) == 0 || name == "" {
		known, err := v.CampaignNames(ctx)
		if err != nil {
			return Campaign{}, err
		}
		return Campaign{}, &NotFound{Kind: "campaign", Name: name, Similar: similar(name, known)}
	}
	return found[0], nil
}

func (v *view) campaigns(ctx context.Context, name string) ([]Campaign, error) {
	rows, err := v.LookCampaigns(ctx, name)
	if err != nil {
		return nil, err
	}
	requests, err := v.RequestTitles(ctx, 0)
	if err != nil {
		return nil, err
	}
	out := make([]Campaign, len(rows))
	for i, row := range rows {
		if out[i], err = v.toCampaign(row); err != nil {
			return nil, fmt.Errorf("campaign %s: %w", row.Campaign.Name, err)
		}
		out[i].requests = map[string]string{}
		for _, q := range requests {
			if q.CampaignID == row.Campaign.ID {
				out[i].requests[q.Period] = q.Title
			}
		}
	}
	return out, nil
}

func (v *view) toCampaign(row db.LookCampaignsRow) (Campaign, error) {
	d := row.Campaign
	var manifest v1.Campaign
	if err := json.Unmarshal(row.Manifest, &manifest); err != nil {
		return Campaign{}, err
	}
	loc := location(d.TimeZone)
	c := Campaign{
		Name: d.Name, Title: manifest.Spec.Title, State: d.State, Phase: row.Phase, Generation: d.Generation,
		ObservedGeneration: d.Generation, SpecGeneration: d.SpecGeneration, PlanHash: d.PlanHash, TimeZone: d.TimeZone,
		Calendar: d.Calendar, Office: Unit{Code: d.Office, Name: row.OfficeName},
		LaunchAt: d.LaunchAt.In(loc), ActedAt: local(d.ActedAt, loc), Backdated: d.Backdated, PausedAt: local(d.PausedAt, loc),
		ClosesAt: d.ClosesAt.In(loc), EndedAt: local(d.EndedAt, loc), Participants: row.Participants, Clock: v.clock,
		loc: loc, id: d.ID, row: d, spec: manifest.Spec,
	}
	c.Now = v.now.In(loc)
	if row.Undone > 0 {
		c.ObservedGeneration = row.Observed
	}
	c.Conditions = conditions(c, row)
	if v.past {
		c.Phase, c.ObservedGeneration = "", c.Generation
		c.Conditions = slices.DeleteFunc(c.Conditions, func(k Condition) bool { return k.Type != "Launched" && k.Type != "Succeeded" })
		return c, nil
	}
	if c.State == "Cancelled" {
		c.Phase = "" // it ended in none
	}
	if err := c.findNeeds(v.now); err != nil {
		return Campaign{}, err
	}
	return c, nil
}

// findNeeds raises the alarm for calendars that a campaign is about to need and that
// do not reach that far.
func (c *Campaign) findNeeds(now time.Time) error {
	// Most plans have nothing provisional and need not be read for that.
	if c.State == "Closed" || c.State == "Cancelled" || !bytes.Contains(c.row.Plan, []byte(plan.ProvisionalMark)) {
		return nil
	}
	var p plan.Plan
	if err := json.Unmarshal(c.row.Plan, &p); err != nil {
		return err
	}
	c.needs = p.Needs(now, plan.NeedsAhead)
	if len(c.needs) == 0 {
		return nil
	}
	texts := make([]string, len(c.needs))
	for i, n := range c.needs {
		texts[i] = fmt.Sprintf("calendar %s is needed for %s and its days off are not known that far", n.Calendar, n.At.In(c.loc).Format(time.DateOnly))
	}
	c.Conditions = append(c.Conditions, Condition{"CalendarShort", "True", "Provisional", strings.Join(texts, "; ")})
	return nil
}

// conditions say how the campaign and its engine are, in Kubernetes' way: Ready
// and Succeeded are good when true, DeliveryDegraded and Stalled when false.
func conditions(c Campaign, row db.LookCampaignsRow) []Condition {
	is := func(kind string, status bool, reason, message string) Condition {
		if status {
			return Condition{kind, "True", reason, message}
		}
		return Condition{kind, "False", reason, message}
	}
	ready := is("Ready", true, "Reconciled", "")
	switch {
	case c.State == "Paused":
		ready = is("Ready", false, "Paused", "nothing is sent until the campaign is resumed")
	case row.Undone > 0:
		ready = is("Ready", false, "Reconciling", counted(row.Undone, "procedure has", "procedures have")+" something to do")
	case c.State == "Declared":
		ready = is("Ready", true, "Planned", "the plan is made; nothing is sent before the act of launch")
	}
	launched := is("Launched", false, "NotLaunched", "")
	if c.ActedAt != nil {
		launched = is("Launched", true, "Launched", "since "+c.ActedAt.Format(time.RFC3339))
	}
	succeeded := is("Succeeded", c.State == "Closed", "InProgress", "")
	if c.State == "Closed" || c.State == "Cancelled" {
		succeeded.Reason = c.State
	}
	degraded := is("DeliveryDegraded", false, "Delivering", "")
	switch {
	case row.Unconfigured:
		degraded = is("DeliveryDegraded", true, "NotConfigured", "messages are held until they are stale: a channel has no settings")
	case row.Retrying > 0:
		degraded = is("DeliveryDegraded", true, "Retrying", counted(row.Retrying, "message was", "messages were")+" not taken by the server three times or more, and will be tried again")
	case row.Ambiguous > 0:
		degraded = is("DeliveryDegraded", true, "Ambiguous", counted(row.Ambiguous, "message", "messages")+" may or may not have left")
	case row.Parked > 0:
		degraded = is("DeliveryDegraded", true, "Parked", counted(row.Parked, "message was", "messages were")+" refused for good")
	}
	stalled := is("Stalled", false, "Moving", "")
	switch {
	case c.State == "Paused":
	case row.Undelivered > 0:
		stalled = is("Stalled", true, "WakesUndelivered", counted(row.Undelivered, "procedure was", "procedures were")+" called and did not answer")
	case row.Overdue > 0:
		stalled = is("Stalled", true, "Overdue", counted(row.Overdue, "procedure is", "procedures are")+" more than ten minutes late")
	}
	return []Condition{ready, launched, succeeded, degraded, stalled}
}

// counted is a number of things.
func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// roundTitle is what people call a round.
func (c *Campaign) roundTitle(kind, series, period string) v1.Text {
	switch kind {
	case "Consolidation":
		return notify.ConsolidationTitle(c.roundTitle("Report", series, period))
	case "Report":
		if series == plan.RequestSeries {
			return v1.Text{VI: c.requests[period]}
		}
		for _, s := range c.spec.Reporting {
			if string(s.Name) == series {
				if s.Period == "" {
					period = ""
				}
				return notify.RoundTitle(s.Title, v1.YearMonth(period))
			}
		}
		return v1.Text{VI: series + " " + period, EN: series + " " + period}
	default:
		return Word("subject." + kind)
	}
}

// reviewTitle is what people call a review.
func (c *Campaign) reviewTitle(name string) v1.Text {
	for _, r := range c.spec.Reviews {
		if string(r.Name) == name && r.Title != nil {
			return *r.Title
		}
	}
	return v1.Text{VI: name, EN: name}
}

// awardTitle is what people call an award.
func (c *Campaign) awardTitle(name string) v1.Text {
	for _, a := range c.spec.Awards {
		if string(a.Name) == name && a.Title != nil {
			return *a.Title
		}
	}
	return v1.Text{VI: name, EN: name}
}
