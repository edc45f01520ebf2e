package plan

import (
	"slices"
	"time"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/calendar"
)

// registrationClosesAfter is how many working days after its deadline the
// registration takes late comers, as long as a report does by default.
const registrationClosesAfter = 10

// deadline is a due and the instant behind it.
type deadline struct {
	group
	instant
}

// addRegistration adds the registration's round: open from the launch, closed
// after its last ladder step.
func (p *planner) addRegistration() error {
	if p.spec.Registration == nil {
		return nil
	}
	m, err := p.moment("spec.registration.until", p.spec.Registration.Until, deadlineTime)
	if err != nil {
		return err
	}
	deadlines := make([]deadline, len(p.groups))
	for i, g := range p.groups {
		deadlines[i] = deadline{g, p.rolled(g.cal, m)}
		if err := p.checkAfterLaunch("spec.registration.until", deadlines[i].instant); err != nil {
			return err
		}
	}
	closesAfter := registrationClosesAfter
	for _, rung := range p.ladder {
		closesAfter = max(closesAfter, rung.offset+1)
	}
	p.addRound(roundPlan{
		round: Round{Name: RegistrationRound, Kind: Registration, Series: RegistrationRound, Seq: 1,
			Approval: v1.ApprovalNone},
		dueType:     RegistrationCloses,
		deadlines:   deadlines,
		opens:       instant{at: p.launch},
		closesAfter: closesAfter,
	})
	return nil
}

// roundPlan is what addRound needs to know beside the round itself.
type roundPlan struct {
	round             Round
	dueType           EventType
	deadlines         []deadline
	opens             instant
	closesAfter       int // working days after the deadline
	consolidatedAfter int // 0 for none
	campaignDue       instant
}

// addRound completes a round and adds its events.
func (p *planner) addRound(rp roundPlan) {
	r := &rp.round
	r.OpensAt = rp.opens.at
	p.addRoundEvent(RoundOpens, r.Name, rp.opens)
	if r.CutOffAt != nil && !r.CutOffAt.Before(p.launch) {
		p.addRoundEvent(CutOff, r.Name, instant{at: *r.CutOffAt})
	}
	for _, d := range rp.deadlines {
		due := Due{Calendar: d.name, At: d.at, Units: d.units, Reason: d.why.Text("vi"), Provisional: d.provisional()}
		if d.why.Rolled != nil {
			due.Off = d.why.Rolled.From
		}
		r.Dues = append(r.Dues, due)
		p.addEvent(Event{Type: rp.dueType, Round: r.Name, Calendar: d.name, Units: d.units}, d.instant)
	}
	closes := p.closes(rp.deadlines, rp.closesAfter)
	r.ClosesAt = closes.at
	p.addRoundEvent(RoundCloses, r.Name, closes)
	p.addReminders(r, rp.deadlines)
	if rp.consolidatedAfter > 0 {
		at := p.offset(p.cal, rp.campaignDue, rp.consolidatedAfter, calendar.TimeOfDayOf(rp.campaignDue.at, p.zone))
		r.ConsolidationAt = &at.at
		p.addRoundEvent(ConsolidationDue, r.Name, at)
	}
	p.plan.Rounds = append(p.plan.Rounds, *r)
}

// closes is n working days after each deadline, at its time of day: the latest
// over the calendars.
func (p *planner) closes(deadlines []deadline, n int) instant {
	var latest instant
	for _, d := range deadlines {
		at := p.offset(d.cal, d.instant, n, calendar.TimeOfDayOf(d.at, p.zone))
		if at.at.After(latest.at) {
			latest = at
		}
	}
	return latest
}

// addReports adds the rounds of every series.
func (p *planner) addReports() error {
	for i := range p.spec.Reporting {
		if err := p.addSeries(&p.spec.Reporting[i]); err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) addSeries(s *v1.Series) error {
	path := "spec.reporting[" + string(s.Name) + "]"
	if s.Name == RequestSeries {
		return invalid(path+".name", "%s is what reports are called that are asked for by an act: choose another name", RequestSeries)
	}
	if s.Closes == nil {
		return invalid(path+".closes", "is empty: default the spec before planning it")
	}
	dueTime, err := p.timeOfDay(path+".due.time", s.Due.Time)
	if err != nil {
		return err
	}
	periods, err := p.periods(path, s)
	if err != nil {
		return err
	}
	for i, period := range periods {
		due := moment{day: period.due, time: dueTime, explicit: s.Due.Roll == v1.RollNone}
		if err := p.addReport(path, s, i+1, period, due); err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) addReport(path string, s *v1.Series, seq int, period period, due moment) error {
	r := Round{
		Name: string(s.Name) + "/" + period.name, Kind: Report, Series: string(s.Name), Period: period.name, Seq: seq,
		DataFrom: period.from, DataTo: period.to, Approval: s.Approval,
	}
	if s.Period != "" {
		end := endOf(period.to, p.zone)
		r.CutOffAt = &end
	}
	deadlines := make([]deadline, len(p.groups))
	for i, g := range p.groups {
		deadlines[i] = deadline{g, p.rolled(g.cal, due)}
		if err := p.checkAfterLaunch(path+": deadline of "+period.name, deadlines[i].instant); err != nil {
			return err
		}
	}
	rp := roundPlan{
		round: r, dueType: ReportDue, deadlines: deadlines,
		opens:       p.opens(&r, deadlines),
		closesAfter: int(s.Closes.WorkingDaysAfterDue),
		campaignDue: p.rolled(p.cal, due),
	}
	if s.Consolidated != nil {
		rp.consolidatedAfter = int(s.Consolidated.WorkingDaysAfterDue)
		if rp.consolidatedAfter > rp.closesAfter {
			return invalid(path+".consolidated", "%d working days after the deadline is after the round closes (%d): consolidate before", rp.consolidatedAfter, rp.closesAfter)
		}
	}
	p.addRound(rp)
	return nil
}

// opens is the earliest ladder step over the calendars. A ladder that starts at
// or after the deadline opens the round when its data are complete or, where
// that is not before the deadline (single reports), when their period starts.
// Nothing opens before the launch.
func (p *planner) opens(r *Round, deadlines []deadline) instant {
	if first, ok := p.firstReminder(deadlines); ok {
		return p.notBeforeLaunch(first)
	}
	firstDue := slices.MinFunc(deadlines, func(a, b deadline) int { return a.at.Compare(b.at) }).at
	if end := endOf(r.DataTo, p.zone); end.Before(firstDue) {
		return p.notBeforeLaunch(instant{at: end})
	}
	return p.notBeforeLaunch(instant{at: r.DataFrom.At(0, 0, p.zone)})
}

// endOf is the end of a day, which is 24:00 (Civil Code 2015 art. 148).
func endOf(d calendar.Date, zone *time.Location) time.Time { return d.At(24, 0, zone) }
