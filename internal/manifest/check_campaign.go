package manifest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	v1 "thidua.dev/thidua/api/v1"
)

const (
	// deadlineTime and eventTime are what a date without a time means.
	deadlineTime = "17:00"
	eventTime    = "08:30"
	// maxSlots keeps single extensions from multiplying the instants at which the
	// engine has to look.
	maxSlots = 4
)

func (c *checker) campaign(campaign *v1.Campaign) {
	spec := &campaign.Spec
	c.references(campaign)
	c.participants(campaign)
	c.axes(campaign)
	c.indicators(campaign)
	if contact := spec.Contact; contact != nil && contact.Email != "" {
		if why := BadEmail(contact.Email); why != "" {
			c.report(campaign, "spec.contact.email", contact.Email, "%s", why)
		}
	}
	zone, err := time.LoadLocation(spec.TimeZone)
	if err != nil || spec.TimeZone == "Local" || spec.TimeZone == "" {
		c.report(campaign, "spec.timeZone", spec.TimeZone, "unknown time zone; expected an IANA name, such as Asia/Ho_Chi_Minh")
		return // without it no two instants can be compared
	}
	c.order(campaign, zone)
	c.series(campaign, zone)
	c.ladder(campaign)
	c.slots(campaign, zone)
}

func (c *checker) references(campaign *v1.Campaign) {
	spec := &campaign.Spec
	calendar := c.set.Calendar(spec.Calendar)
	if calendar == nil {
		c.unknown(campaign, "spec.calendar", "Calendar", string(spec.Calendar), names(c.set.Calendars))
	} else if day := dayOf(spec.Launch.At); day < calendar.Spec.CoveredFrom {
		c.report(campaign, "spec.launch.at", string(spec.Launch.At), "is before calendar %s begins (%s)", spec.Calendar, calendar.Spec.CoveredFrom).as(BeforeCalendar, string(calendar.Spec.CoveredFrom))
	}
	if pack := c.set.RulePack(spec.RulePack); pack == nil {
		c.unknown(campaign, "spec.rulePack", "RulePack", string(spec.RulePack), names(c.set.RulePacks))
	} else {
		c.awards(campaign, pack)
	}
	if len(spec.Awards) > 0 && len(spec.Reviews) == 0 {
		c.report(campaign, "spec.awards", "", "awards are nominated from the final review's ranking; add reviews")
	}
	if spec.Parent != "" {
		c.parents(campaign)
	}
}

func (c *checker) parents(campaign *v1.Campaign) {
	if c.set.Campaign(campaign.Spec.Parent) == nil {
		c.unknown(campaign, "spec.parent", "Campaign", string(campaign.Spec.Parent), names(c.set.Campaigns))
		return
	}
	path := []v1.Name{v1.Name(campaign.Name)}
	for at := campaign; at != nil && at.Spec.Parent != ""; at = c.set.Campaign(at.Spec.Parent) {
		path = append(path, at.Spec.Parent)
		if at.Spec.Parent == path[0] {
			c.report(campaign, "spec.parent", string(campaign.Spec.Parent), "campaigns form a tree, but this runs in a circle: %s", chain(path))
			return
		}
		if len(path) > len(c.set.Campaigns) {
			return // a circle further up, which is reported there
		}
	}
}

func (c *checker) awards(campaign *v1.Campaign, pack *v1.RulePack) {
	launch, in := dayOf(campaign.Spec.Launch.At), pack.Spec.InForce
	if launch < in.From || in.To != "" && launch > in.To {
		until := "on"
		if in.To != "" {
			until = "to " + string(in.To)
		}
		c.report(campaign, "spec.rulePack", string(campaign.Spec.RulePack), "is not in force on the day of launch, %s; it governs acts from %s %s", launch, in.From, until).as(NotInForce, string(launch))
	}
	var forms []string
	for _, f := range pack.Spec.Forms {
		forms = append(forms, f.Name)
	}
	for i, award := range campaign.Spec.Awards {
		if !slices.Contains(forms, award.Form) {
			c.report(campaign, fmt.Sprintf("spec.awards[%d].form", i), award.Form,
				"rule pack %s has no such form%s", campaign.Spec.RulePack, hint(award.Form, forms, "it has "+some(forms)))
		}
	}
}

func (c *checker) participants(campaign *v1.Campaign) {
	spec := &campaign.Spec
	p := spec.Participants
	if c.set.Roster(p.Roster) == nil {
		c.unknown(campaign, "spec.participants.roster", "Roster", string(p.Roster), names(c.set.Rosters))
		return
	}
	r := c.roster(p.Roster)
	if r == nil {
		return // reported at the roster
	}
	if len(r.order) == 0 {
		c.report(campaign, "spec.participants.roster", string(p.Roster), "the roster has no unit")
		return
	}
	if _, ok := r.units[spec.Office]; !ok {
		c.report(campaign, "spec.office", "", "%s", c.unknownUnit(spec.Office, r)).as(UnknownUnit, string(spec.Office))
	}
	broken := false
	for i, kind := range p.Kinds {
		if !slices.Contains(r.kinds, string(kind)) {
			broken = true
			c.report(campaign, fmt.Sprintf("spec.participants.kinds[%d]", i), "", "%s", unknownKind(kind, r))
		}
	}
	for i, code := range p.Exclude {
		if _, ok := r.units[code]; !ok {
			c.report(campaign, fmt.Sprintf("spec.participants.exclude[%d]", i), "", "%s", c.unknownUnit(code, r)).as(UnknownUnit, string(code))
		}
	}
	for i, indicator := range spec.Indicators {
		if indicator.AppliesTo == nil {
			continue
		}
		for j, kind := range indicator.AppliesTo.Kinds {
			field := fmt.Sprintf("spec.indicators[%d].appliesTo.kinds[%d]", i, j)
			switch {
			case !slices.Contains(r.kinds, string(kind)):
				c.report(campaign, field, "", "%s", unknownKind(kind, r))
			case len(p.Kinds) > 0 && !broken && !slices.Contains(p.Kinds, kind):
				c.warn(campaign, field, "", "units of kind %q do not take part; participants.kinds leaves them out", kind)
			}
		}
	}
	units := c.set.Participants(campaign)
	if len(units) == 0 && !broken {
		c.report(campaign, "spec.participants", "", "no unit takes part: roster %s has %s units, and kinds, exclude and validTo leave none of them", r.name, thousands(len(r.order))).as(NoParticipants)
	}
	c.measured(campaign, units)
}

func unknownKind(kind v1.UnitKind, r *roster) string {
	return fmt.Sprintf("unknown kind %q%s", kind, hint(string(kind), r.kinds, fmt.Sprintf("roster %s has %s", r.name, some(r.kinds))))
}

// measured warns of kinds that cannot score on an axis, since nothing that counts
// towards it applies to them.
func (c *checker) measured(campaign *v1.Campaign, units []v1.Unit) {
	if len(campaign.Spec.Indicators) == 0 {
		return
	}
	var kinds []v1.UnitKind
	for _, u := range units {
		if !slices.Contains(kinds, u.Kind) {
			kinds = append(kinds, u.Kind)
		}
	}
	slices.Sort(kinds)
	for i, axis := range campaign.Spec.Axes {
		for _, kind := range kinds {
			if !slices.ContainsFunc(campaign.Spec.Indicators, func(in v1.Indicator) bool {
				return in.Axis == axis.Name && (in.AppliesTo == nil || slices.Contains(in.AppliesTo.Kinds, kind))
			}) {
				c.warn(campaign, fmt.Sprintf("spec.axes[%d]", i), "", "no indicator of axis %s applies to units of kind %s, so they cannot score on it", axis.Name, kind)
			}
		}
	}
}

// number reads a Decimal; the pattern has been checked, so it only fails on "".
func number(d v1.Decimal) (decimal.Decimal, bool) {
	n, err := decimal.NewFromString(string(d))
	return n, err == nil
}

func (c *checker) notNegative(campaign *v1.Campaign, field string, d v1.Decimal) {
	if n, ok := number(d); ok && n.IsNegative() {
		c.report(campaign, field, string(d), "must not be negative")
	}
}

func (c *checker) axes(campaign *v1.Campaign) {
	spec := &campaign.Spec
	c.notNegative(campaign, "spec.scoring.latePoints", spec.Scoring.LatePoints)
	c.notNegative(campaign, "spec.scoring.missingPoints", spec.Scoring.MissingPoints)
	if len(spec.Axes) == 0 {
		return
	}
	sum := decimal.Zero
	for i, axis := range spec.Axes {
		field := fmt.Sprintf("spec.axes[%d]", i)
		weight, _ := number(axis.Weight)
		sum = sum.Add(weight)
		c.notNegative(campaign, field+".weight", axis.Weight)
		c.notNegative(campaign, field+".floor", axis.Floor)
		if floor, ok := number(axis.Floor); ok && floor.GreaterThan(weight) {
			c.report(campaign, field+".floor", string(axis.Floor), "must not be more than the axis' weight (%s)", axis.Weight).as(FloorAboveWeight, string(axis.Weight))
		}
	}
	if !sum.Equal(decimal.NewFromInt(100)) {
		c.report(campaign, "spec.axes", "", "the weights add up to %s; they must add up to 100", sum).as(SumNot100, sum.String())
	}
}

func (c *checker) indicators(campaign *v1.Campaign) {
	var axes []string
	for _, axis := range campaign.Spec.Axes {
		axes = append(axes, string(axis.Name))
	}
	for i, in := range campaign.Spec.Indicators {
		field := fmt.Sprintf("spec.indicators[%d].", i)
		if !slices.Contains(axes, string(in.Axis)) {
			c.report(campaign, field+"axis", "", "unknown axis %q%s", in.Axis, hint(string(in.Axis), axes, "spec.axes has "+some(axes)))
		}
		baseline, _ := number(in.Baseline)
		target, _ := number(in.Target)
		switch {
		case baseline.Equal(target):
			c.report(campaign, field+"target", string(in.Target), "must differ from the baseline, or there is nothing to attain").as(SameAsBaseline)
		case in.Direction == v1.Up && target.LessThan(baseline):
			c.report(campaign, field+"target", string(in.Target), "is less than the baseline (%s), but direction Up says that more is better; write direction: Down", in.Baseline).as(LessThanBaseline, string(in.Baseline))
		case in.Direction == v1.Down && target.GreaterThan(baseline):
			c.report(campaign, field+"target", string(in.Target), "is more than the baseline (%s), but direction Down says that less is better; write direction: Up", in.Baseline).as(MoreThanBaseline, string(in.Baseline))
		}
		if weight, ok := number(in.Weight); ok && !weight.IsPositive() {
			c.report(campaign, field+"weight", string(in.Weight), "must be more than 0")
		}
		c.indicatorBounds(campaign, field, in)
	}
}

func (c *checker) indicatorBounds(campaign *v1.Campaign, field string, in v1.Indicator) {
	least, hasLeast := number(in.Min)
	most, hasMost := number(in.Max)
	if hasLeast && hasMost && least.GreaterThan(most) {
		c.report(campaign, field+"max", string(in.Max), "must not be less than min (%s)", in.Min)
		return
	}
	if in.Unit == "percent" {
		hundred := decimal.NewFromInt(100)
		if !hasLeast || least.IsNegative() {
			least, hasLeast = decimal.Zero, true
		}
		if !hasMost || most.GreaterThan(hundred) {
			most, hasMost = hundred, true
		}
	}
	for _, v := range []struct {
		name  string
		given v1.Decimal
	}{{"baseline", in.Baseline}, {"target", in.Target}} {
		n, _ := number(v.given)
		if hasLeast && n.LessThan(least) {
			c.report(campaign, field+v.name, string(v.given), "must be %s or more", least)
		}
		if hasMost && n.GreaterThan(most) {
			c.report(campaign, field+v.name, string(v.given), "must be %s or less", most)
		}
	}
}

// event is an instant of the plan, with what people call it.
type event struct {
	field, what string
	text        string
	at          time.Time
}

// instant reads a moment in the campaign's zone; fallback is the time of day that
// a date alone means. Days that do not exist are reported elsewhere.
func instant(m v1.Moment, fallback string, zone *time.Location) (time.Time, bool) {
	text := string(m)
	if !strings.Contains(text, "T") {
		text += "T" + fallback + ":00"
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if at, err := time.ParseInLocation(layout, text, zone); err == nil {
			return at.In(zone), true
		}
	}
	return time.Time{}, false
}

// events are the campaign's instants in the order in which they must come.
func events(spec *v1.CampaignSpec, zone *time.Location) (all []event) {
	add := func(field, what string, m v1.Moment, fallback string) {
		if at, ok := instant(m, fallback, zone); ok {
			all = append(all, event{field, what, string(m), at})
		}
	}
	add("spec.launch.at", "the launch", spec.Launch.At, eventTime)
	for i, r := range spec.Reviews {
		add(fmt.Sprintf("spec.reviews[%d].at", i), "review "+string(r.Name), r.At, eventTime)
	}
	if spec.Decision != nil {
		add("spec.decision.at", "the decision", spec.Decision.At, deadlineTime)
	}
	if spec.Ceremony != nil {
		add("spec.ceremony.at", "the ceremony", spec.Ceremony.At, eventTime)
	}
	if spec.Replication != nil {
		add("spec.replication.until", "replication", spec.Replication.Until, deadlineTime)
	}
	return all
}

func (c *checker) order(campaign *v1.Campaign, zone *time.Location) {
	all := events(&campaign.Spec, zone)
	for i := 1; i < len(all); i++ {
		if before, e := all[i-1], all[i]; !e.at.After(before.at) {
			c.report(campaign, e.field, e.text, "must be after %s (%s)", before.what, before.text).as(After, before.field, before.text)
		}
	}
	if registration := campaign.Spec.Registration; registration != nil {
		launch, ok1 := instant(campaign.Spec.Launch.At, eventTime, zone)
		until, ok2 := instant(registration.Until, deadlineTime, zone)
		if ok1 && ok2 && !until.After(launch) {
			c.report(campaign, "spec.registration.until", string(registration.Until), "must be after the launch (%s)", campaign.Spec.Launch.At).as(After, "spec.launch.at", string(campaign.Spec.Launch.At))
		}
	}
}

// ladder checks that the steps stand in the order in which they happen, so that
// what is read from top to bottom is what units live through.
func (c *checker) ladder(campaign *v1.Campaign) {
	steps := campaign.Spec.Reminders
	for i := 1; i < len(steps); i++ {
		a, b := steps[i-1], steps[i]
		switch {
		case a.Offset == b.Offset && a.Time == b.Time:
			c.report(campaign, fmt.Sprintf("spec.reminders[%d]", i), "", "step %s happens at the same time as step %s (offset %d, %s); join them, or give it another time", b.Step, a.Step, b.Offset, b.Time).as(StepOrder, string(b.Step), string(a.Step))
		case a.Offset > b.Offset || a.Offset == b.Offset && a.Time > b.Time:
			c.report(campaign, fmt.Sprintf("spec.reminders[%d]", i), "", "step %s (offset %d, %s) happens before step %s (offset %d, %s); write the steps in the order in which they happen",
				b.Step, b.Offset, b.Time, a.Step, a.Offset, a.Time).as(StepOrder, string(b.Step), string(a.Step))
		}
	}
	for i, step := range steps {
		for _, s := range campaign.Spec.Reporting {
			if s.Closes != nil && step.Offset > s.Closes.WorkingDaysAfterDue {
				c.warn(campaign, fmt.Sprintf("spec.reminders[%d].offset", i), "", "step %s never happens for %s, which closes %d working days after the deadline", step.Step, s.Name, s.Closes.WorkingDaysAfterDue).as(StepNever, string(step.Step), string(s.Name))
			}
		}
	}
}

// slots counts the distinct times of day in the spec.
func (c *checker) slots(campaign *v1.Campaign, zone *time.Location) {
	var times []string
	over := ""
	add := func(field, text string) {
		if !slices.Contains(times, text) {
			times = append(times, text)
			if len(times) == maxSlots+1 {
				over = field
			}
		}
	}
	spec := &campaign.Spec
	for i, s := range spec.Reporting {
		add(fmt.Sprintf("spec.reporting[%d].due.time", i), string(s.Due.Time))
	}
	for i, s := range spec.Reminders {
		add(fmt.Sprintf("spec.reminders[%d].time", i), string(s.Time))
	}
	all := events(spec, zone)
	if r := spec.Registration; r != nil {
		if at, ok := instant(r.Until, deadlineTime, zone); ok {
			all = append(all, event{field: "spec.registration.until", at: at})
		}
	}
	for _, e := range all {
		add(e.field, strings.TrimSuffix(e.at.Format("15:04:05"), ":00"))
	}
	if over != "" {
		slices.Sort(times)
		c.report(campaign, over, "", "the campaign names %d times of day (%s); at most %d, so that everything due falls together", len(times), strings.Join(times, ", "), maxSlots).as(TooManyTimes, fmt.Sprint(len(times)), strings.Join(times, ", "), fmt.Sprint(maxSlots))
	}
}
