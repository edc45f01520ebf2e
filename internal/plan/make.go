package plan

import (
	"cmp"
	"maps"
	"slices"
	"time"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/calendar"
)

// Make computes the plan. Errors are *Invalid.
//
// Rules: a unit without a calendar uses the campaign's. A date without a time is
// 17:00 for deadlines (registration, decision, replication) and 08:30 for the
// rest. Dates of deadlines and reviews roll to the next working day; explicit
// instants, launch and ceremony never move. Only what a calendar computed can be
// provisional.
func Make(in Input) (*Plan, error) {
	p, err := newPlanner(in)
	if err != nil {
		return nil, err
	}
	for _, step := range []func() error{
		p.addLaunch, p.readLadder, p.addRegistration, p.addReports,
		p.addReviews, p.addDecision, p.addCeremony, p.addClosed, p.checkSlots,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(p.plan.Events, compareEvents)
	p.plan.Hash = hash(in, p.plan.Events)
	return p.plan, nil
}

// planner builds one plan.
type planner struct {
	spec   *v1.CampaignSpec
	zone   *time.Location
	cal    *calendar.Calendar // the campaign's
	groups []group
	units  int
	launch time.Time
	ladder []rung
	slots  []calendar.TimeOfDay
	plan   *Plan
}

// group is the participants that share a calendar.
type group struct {
	name  v1.Name
	cal   *calendar.Calendar
	units int
}

func newPlanner(in Input) (*planner, error) {
	spec := &in.Campaign.Spec
	p := &planner{
		spec:  spec,
		units: len(in.Units),
		plan:  &Plan{Campaign: in.Campaign.Name, Generation: in.Generation},
	}
	if spec.TimeZone == "" {
		return nil, invalid("spec.timeZone", "is empty: default the spec before planning it")
	}
	var err error
	if p.zone, err = time.LoadLocation(spec.TimeZone); err != nil {
		return nil, invalid("spec.timeZone", "%q is not an IANA time zone", spec.TimeZone)
	}
	if p.cal = in.Calendars[spec.Calendar]; p.cal == nil {
		return nil, invalid("spec.calendar", "calendar %q does not exist", spec.Calendar)
	}
	if p.units == 0 {
		return nil, invalid("spec.participants", "no unit takes part")
	}
	p.groups, err = groupByCalendar(in)
	return p, err
}

// groupByCalendar counts participants by calendar, in order of its name.
func groupByCalendar(in Input) ([]group, error) {
	counts := map[v1.Name]int{}
	for _, unit := range in.Units {
		name := cmp.Or(unit.Calendar, in.Campaign.Spec.Calendar)
		if in.Calendars[name] == nil {
			return nil, invalid("spec.participants", "calendar %q of unit %s does not exist", name, unit.Code)
		}
		counts[name]++
	}
	var groups []group
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		groups = append(groups, group{name, in.Calendars[name], counts[name]})
	}
	return groups, nil
}

func (p *planner) addLaunch() error {
	m, err := p.moment("spec.launch.at", p.spec.Launch.At, otherTime)
	if err != nil {
		return err
	}
	at := p.fixed(m)
	p.launch, p.plan.Launch = at.at, at.at
	p.addCampaignEvent(Launch, at)
	return nil
}

// addReviews wants reviews in the order in which they are held, so that the last
// one declared is the final review.
func (p *planner) addReviews() error {
	before := p.launch
	for i, review := range p.spec.Reviews {
		path := "spec.reviews[" + string(review.Name) + "].at"
		m, err := p.moment(path, review.At, otherTime)
		if err != nil {
			return err
		}
		at := p.rolled(p.cal, m)
		if at.at.Before(before) {
			return invalid(path, "%s is before the launch or the review declared above it", at.at.Format(time.RFC3339))
		}
		before = at.at
		final := i == len(p.spec.Reviews)-1
		p.plan.Reviews = append(p.plan.Reviews, Review{Name: review.Name, At: at.at, Final: final})
		p.addEvent(Event{Type: ReviewHeld, Calendar: p.spec.Calendar, Units: p.units, Review: review.Name}, at)
	}
	return nil
}

func (p *planner) addDecision() error {
	if p.spec.Decision == nil {
		return nil
	}
	m, err := p.moment("spec.decision.at", p.spec.Decision.At, deadlineTime)
	if err != nil {
		return err
	}
	at := p.rolled(p.cal, m)
	p.plan.DecisionAt = &at.at
	p.addCampaignEvent(Decision, at)
	return p.checkAfterLaunch("spec.decision.at", at)
}

// addCeremony adds the ceremony and its invitations: at 08:30, working days of
// the campaign's calendar before it, never before the launch.
func (p *planner) addCeremony() error {
	if p.spec.Ceremony == nil {
		return nil
	}
	m, err := p.moment("spec.ceremony.at", p.spec.Ceremony.At, otherTime)
	if err != nil {
		return err
	}
	if p.spec.Ceremony.Invite == nil {
		return invalid("spec.ceremony.invite", "is empty: default the spec before planning it")
	}
	at := p.fixed(m)
	if err := p.checkAfterLaunch("spec.ceremony.at", at); err != nil {
		return err
	}
	p.addSlot(otherTime)
	invite := p.notBeforeLaunch(p.offset(p.cal, at, -int(p.spec.Ceremony.Invite.WorkingDaysBefore), otherTime))
	p.plan.CeremonyAt, p.plan.InviteAt = &at.at, &invite.at
	p.addCampaignEvent(Ceremony, at)
	p.addEvent(Event{Type: Reminder, Step: StepInvitation, Calendar: p.spec.Calendar, Units: p.units}, invite)
	return nil
}

// addClosed comes last: a campaign closes when replication has ended, and not
// before the last other instant.
func (p *planner) addClosed() error {
	last := instant{at: p.launch}
	for _, event := range p.plan.Events {
		if event.At.After(last.at) {
			last = instant{event.At, Reason{Beyond: event.Why.Beyond}}
		}
	}
	if p.spec.Replication != nil {
		m, err := p.moment("spec.replication.until", p.spec.Replication.Until, deadlineTime)
		if err != nil {
			return err
		}
		until := p.rolled(p.cal, m)
		if err := p.checkAfterLaunch("spec.replication.until", until); err != nil {
			return err
		}
		if !until.at.Before(last.at) {
			last = until
		}
	}
	p.plan.ClosedAt = &last.at
	p.addCampaignEvent(Closed, last)
	return nil
}

func (p *planner) checkSlots() error {
	if len(p.slots) > MaxSlots {
		return invalid("spec", "names %d times of day %v; at most %d", len(p.slots), p.slots, MaxSlots)
	}
	p.plan.Slots = p.slots
	return nil
}

func (p *planner) checkAfterLaunch(path string, at instant) error {
	if at.at.Before(p.launch) {
		return invalid(path, "%s is before the launch at %s", at.at.Format(time.RFC3339), p.launch.Format(time.RFC3339))
	}
	return nil
}

func (p *planner) notBeforeLaunch(i instant) instant {
	if i.at.Before(p.launch) {
		return instant{at: p.launch}
	}
	return i
}
