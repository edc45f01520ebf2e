package plan

import "cmp"

// addEvent completes e with its instant and keeps it.
func (p *planner) addEvent(e Event, at instant) {
	e.At = at.at
	e.Reason = at.why.Text("vi")
	e.Provisional = at.provisional()
	e.Why = at.why
	p.plan.Events = append(p.plan.Events, e)
}

// addCampaignEvent adds an event of all participants, outside any round.
func (p *planner) addCampaignEvent(t EventType, at instant) {
	p.addRoundEvent(t, "", at)
}

// addRoundEvent adds an event of all participants in a round.
func (p *planner) addRoundEvent(t EventType, round string, at instant) {
	p.addEvent(Event{Type: t, Round: round, Calendar: p.spec.Calendar, Units: p.units}, at)
}

// compareEvents is the order of the contract. Reviews at one instant, which the
// contract cannot tell apart, go by name.
func compareEvents(a, b Event) int {
	return cmp.Or(
		a.At.Compare(b.At),
		cmp.Compare(a.Type, b.Type),
		cmp.Compare(a.Round, b.Round),
		cmp.Compare(a.Step, b.Step),
		cmp.Compare(a.Calendar, b.Calendar),
		cmp.Compare(a.Review, b.Review),
	)
}
