package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/plan"
	"thidua.dev/thidua/internal/store/db"
)

// Applied says what Apply did with one object.
type Applied struct {
	Kind       string            `json:"-"`
	Name       string            `json:"-"`
	Result     string            `json:"result"` // created, configured or unchanged
	Generation int64             `json:"generation"`
	Changes    []manifest.Change `json:"changes,omitempty"`  // against the generation before
	PlanHash   string            `json:"planHash,omitempty"` // of a campaign
}

// errPutBack rolls back what a transaction has done, and is no failure: of a dry run, of a
// look at what would come of it.
var errPutBack = errors.New("put back")

// Apply declares objects: all of them, or none when one is refused. It sends
// nothing; a campaign starts by the act of launch.
func (e *Engine) Apply(ctx context.Context, act Act, set *manifest.Set, dryRun bool) ([]Applied, error) {
	var applied []Applied
	err := e.in(ctx, func(t *tx) error {
		declared, err := t.declare(ctx, act, set)
		applied = declared.applied
		if err != nil || declared.repeated {
			return err
		}
		for _, a := range applied {
			if a.Result == "unchanged" {
				continue
			}
			each := act
			each.RequestID = newRequestID(act.RequestID, a.Kind+"/"+a.Name)
			if err := t.audit(ctx, each, auth.Apply, a.Kind+"/"+a.Name, a); err != nil {
				return err
			}
		}
		if declared.contacts != nil {
			each := act
			each.RequestID = newRequestID(act.RequestID, contactsName)
			if err := t.audit(ctx, each, auth.Apply, contactsName, declared.contacts); err != nil {
				return err
			}
		}
		if dryRun {
			return errPutBack
		}
		return nil
	})
	if errors.Is(err, errPutBack) {
		err = nil
	}
	return applied, err
}

// declared is what a set has changed.
type declared struct {
	before, after *manifest.Set // everything that is declared
	applied       []Applied
	contacts      *importedContacts // nil when none has changed
	repeated      bool              // it was carried out before, under the same request id
}

// declare stores a set and brings all plans in line with it.
func (t *tx) declare(ctx context.Context, act Act, set *manifest.Set) (d declared, err error) {
	if err := t.mayDeclare(ctx, act.Actor, set); err != nil {
		return d, err
	}
	// One apply at a time: what is checked is what is stored.
	if _, err := t.raw.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('thidua.apply'))`); err != nil {
		return d, err
	}
	stored, err := t.storedObjects(ctx)
	if err != nil {
		return d, err
	}
	if before, found, err := t.appliedBefore(ctx, act, stored, set); found || err != nil {
		return declared{applied: before, repeated: true}, err
	}
	d.before, d.after = stored.set, manifest.NewSet()
	d.after.Overlay(stored.set)
	d.after.Overlay(set)
	if err := d.after.Check().Err(); err != nil {
		return d, err
	}
	for _, object := range set.Objects() {
		a, err := t.storeObject(ctx, act, stored, object)
		if err != nil {
			return d, err
		}
		d.applied = append(d.applied, a)
	}
	if d.contacts, err = t.storeContacts(ctx, set.Contacts); err != nil {
		return d, err
	}
	if err := t.storeInventory(ctx, d.after, d.applied); err != nil {
		return d, err
	}
	if err := t.replan(ctx, act, stored, d.after, d.applied); err != nil {
		return d, err
	}
	return d, t.checkPlan(ctx, act, d.applied)
}

// mayDeclare authorises a set: each campaign for its office, and what belongs to no
// campaign as such.
func (t *tx) mayDeclare(ctx context.Context, actor auth.Actor, set *manifest.Set) error {
	if len(set.Objects()) > len(set.Campaigns) || len(set.Contacts) > 0 || len(set.Campaigns) == 0 {
		if err := t.demand(ctx, actor, auth.Apply, auth.Object{}, "what campaigns share"); err != nil {
			return err
		}
	}
	for _, c := range set.Campaigns {
		office := string(c.Spec.Office)
		old, err := t.CampaignByName(ctx, c.Name)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if err == nil {
			office = old.Office // whose it is decides; who is to have it does not
		}
		if err := t.demand(ctx, actor, auth.Apply, auth.Object{Campaign: c.Name, Office: office}, "campaign "+c.Name); err != nil {
			return err
		}
	}
	return nil
}

// checkPlan says which plan each campaign has now, and holds what is declared to the
// one that the actor has seen.
func (t *tx) checkPlan(ctx context.Context, act Act, applied []Applied) error {
	campaigns := 0
	for i := range applied {
		a := &applied[i]
		if a.Kind != "Campaign" {
			continue
		}
		campaigns++
		c, err := t.CampaignByName(ctx, a.Name)
		if err != nil {
			return err
		}
		a.PlanHash = c.PlanHash
		if act.PlanHash != "" && c.PlanHash != act.PlanHash {
			return &Conflict{Text: fmt.Sprintf("the plan of campaign %s would be %s, not %s: look at it again, then repeat", c.Name, c.PlanHash, act.PlanHash)}
		}
	}
	if act.PlanHash != "" && campaigns != 1 {
		return refuse("OnePlan", "a plan's hash belongs to one campaign, and %d are declared", campaigns)
	}
	return nil
}

// appliedBefore is the answer to a request, if that was carried out before.
func (t *tx) appliedBefore(ctx context.Context, act Act, stored storedObjects, set *manifest.Set) (before []Applied, found bool, err error) {
	for _, object := range set.Objects() {
		kind := object.GetObjectKind().GroupVersionKind().Kind
		key := kind + "/" + object.GetName()
		a := Applied{Result: "unchanged", Generation: stored.generations[key]}
		each := act
		each.RequestID = newRequestID(act.RequestID, key)
		done, err := t.repeated(ctx, each, auth.Apply, key)
		if err != nil {
			return nil, false, err
		}
		if done != nil {
			found = true
			if err := json.Unmarshal(done.Detail, &a); err != nil {
				return nil, false, err
			}
		}
		a.Kind, a.Name = kind, object.GetName()
		before = append(before, a)
	}
	if len(set.Contacts) > 0 && !found {
		each := act
		each.RequestID = newRequestID(act.RequestID, contactsName)
		done, err := t.repeated(ctx, each, auth.Apply, contactsName)
		if err != nil {
			return nil, false, err
		}
		found = done != nil
	}
	return before, found, nil
}

type storedObjects struct {
	set         *manifest.Set
	generations map[string]int64
	manifests   map[string][]byte
	objects     map[string]v1.Object
}

func (t *tx) storedObjects(ctx context.Context) (storedObjects, error) {
	s := storedObjects{manifest.NewSet(), map[string]int64{}, map[string][]byte{}, map[string]v1.Object{}}
	rows, err := t.NewestObjects(ctx)
	if err != nil {
		return s, err
	}
	for _, row := range rows {
		object, err := decodeObject(row.Kind, row.Manifest)
		if err != nil {
			return s, err
		}
		key := row.Kind + "/" + row.Name
		s.generations[key], s.objects[key] = row.Generation, object
		// jsonb keeps no order of keys; the canonical form is the type's own.
		if s.manifests[key], err = json.Marshal(object); err != nil {
			return s, err
		}
		if err := s.set.Add(object, "database"); err != nil {
			return s, err
		}
	}
	return s, nil
}

func decodeObject(kind string, b []byte) (v1.Object, error) {
	var object v1.Object
	switch kind {
	case "Campaign":
		object = &v1.Campaign{}
	case "Roster":
		object = &v1.Roster{}
	case "Calendar":
		object = &v1.Calendar{}
	case "RulePack":
		object = &v1.RulePack{}
	case "MessageTemplate":
		object = &v1.MessageTemplate{}
	default:
		return nil, fmt.Errorf("stored object of unknown kind %q", kind)
	}
	if err := json.Unmarshal(b, object); err != nil {
		return nil, fmt.Errorf("stored %s: %w", kind, err)
	}
	return object, nil
}

func (t *tx) storeObject(ctx context.Context, act Act, stored storedObjects, object v1.Object) (Applied, error) {
	kind := object.GetObjectKind().GroupVersionKind().Kind
	key := kind + "/" + object.GetName()
	a := Applied{Kind: kind, Name: object.GetName(), Generation: stored.generations[key]}
	old := stored.objects[key]
	if old != nil {
		if _, err := manifest.Admit(object, old); err != nil {
			return a, err
		}
		a.Changes = manifest.FieldDiff(old, object)
	}
	b, err := json.Marshal(object)
	if err != nil {
		return a, err
	}
	if bytes.Equal(b, stored.manifests[key]) {
		a.Result = "unchanged"
		return a, nil
	}
	a.Result, a.Generation = "configured", a.Generation+1
	if old == nil {
		a.Result = "created"
	}
	return a, t.InsertObject(ctx, db.InsertObjectParams{
		Kind: kind, Name: object.GetName(), Generation: a.Generation, Manifest: b, AppliedAt: t.now, Actor: act.Actor.String(),
	})
}

// contactsName is what the audit calls contacts, which are no objects.
const contactsName = "Contacts"

// importedContacts is what the audit keeps of contacts: no names and no addresses,
// which are erased elsewhere and could not be here.
type importedContacts struct {
	Contacts int      `json:"contacts"` // that are new or changed
	Units    []string `json:"units"`    // whose they are
}

func (t *tx) storeContacts(ctx context.Context, contacts []manifest.Contact) (*importedContacts, error) {
	if len(contacts) == 0 {
		return nil, nil
	}
	var p db.UpsertContactsParams
	for _, c := range contacts {
		p.Units, p.Roles = append(p.Units, string(c.Unit)), append(p.Roles, string(c.Role))
		p.Names, p.Emails = append(p.Names, c.Name), append(p.Emails, c.Email)
	}
	units, err := t.UpsertContacts(ctx, p)
	if err != nil || len(units) == 0 {
		return nil, err
	}
	n := len(units)
	slices.Sort(units)
	return &importedContacts{Contacts: n, Units: slices.Compact(units)}, nil
}

// storeInventory writes rosters and calendars as the tables that steps join.
func (t *tx) storeInventory(ctx context.Context, all *manifest.Set, applied []Applied) error {
	for _, a := range applied {
		if a.Result == "unchanged" {
			continue
		}
		switch a.Kind {
		case "Roster":
			if err := t.storeRoster(ctx, all.Roster(v1.Name(a.Name))); err != nil {
				return err
			}
		case "Calendar":
			if err := t.storeCalendar(ctx, all.Calendar(v1.Name(a.Name))); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *tx) storeRoster(ctx context.Context, r *v1.Roster) error {
	if err := t.DeleteRosterUnits(ctx, r.Name); err != nil {
		return err
	}
	p := db.InsertRosterUnitsParams{Roster: r.Name}
	for _, u := range r.Spec.Units {
		p.Codes, p.Names, p.Kinds = append(p.Codes, string(u.Code)), append(p.Names, u.Name), append(p.Kinds, string(u.Kind))
		p.CollectsTo, p.AdministeredBy = append(p.CollectsTo, string(u.CollectsTo)), append(p.AdministeredBy, string(u.AdministeredBy))
		p.SubmitsTo, p.Grps = append(p.SubmitsTo, string(u.SubmitsTo)), append(p.Grps, string(u.Group))
		p.Calendars = append(p.Calendars, string(u.Calendar))
	}
	_, err := t.InsertRosterUnits(ctx, p)
	return err
}

// Days around the covered ones that ladders may reach; they are provisional.
const (
	daysBefore = 120
	daysBeyond = 800
)

func (t *tx) storeCalendar(ctx context.Context, c *v1.Calendar) error {
	cal, err := calendar.New(c.Name, c.Spec)
	if err != nil {
		return err
	}
	if err := t.DeleteCalendarDays(ctx, c.Name); err != nil {
		return err
	}
	p := db.InsertCalendarDaysParams{Calendar: c.Name}
	for _, d := range cal.Days(cal.CoveredFrom().AddDays(-daysBefore), cal.CoveredUntil().AddDays(daysBeyond)) {
		p.Days = append(p.Days, d.Date.At(0, 0, time.UTC))
		p.Numbers, p.Workings = append(p.Numbers, int32(d.Number)), append(p.Workings, d.Working)
		p.Names, p.Provisionals = append(p.Names, d.Name), append(p.Provisionals, d.Provisional)
	}
	return t.InsertCalendarDays(ctx, p)
}

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
