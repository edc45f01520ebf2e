package manifest

import (
	"errors"
	"fmt"
	"slices"

	v1 "thidua.dev/thidua/api/v1"
)

// roster is a Roster with everything it includes.
type roster struct {
	name  v1.Name
	order []place // in order of loading
	units map[v1.UnitCode]place
	kinds []string
}

// place is where a unit stands.
type place struct {
	in    *v1.Roster
	index int
}

func (p place) unit() v1.Unit            { return p.in.Spec.Units[p.index] }
func (p place) field(name string) string { return fmt.Sprintf("spec.units[%d].%s", p.index, name) }

// allRosters checks each roster once as a whole: a part may point to units of
// another part, so parts are looked at through what includes them.
func (c *checker) allRosters() {
	part := map[v1.Name]bool{}
	for _, r := range c.set.Rosters {
		for i, include := range r.Spec.Include {
			part[include] = true
			if c.set.Roster(include) == nil {
				c.unknown(r, fmt.Sprintf("spec.include[%d]", i), "Roster", string(include), names(c.set.Rosters))
			}
		}
	}
	used := map[v1.Name]bool{}
	for _, campaign := range c.set.Campaigns {
		used[campaign.Spec.Participants.Roster] = true
	}
	whole := 0
	for _, r := range c.set.Rosters {
		// What is stored and used by nobody was checked when it was stored, and may
		// have lost the roster that included it since.
		stored := c.set.origins[r].line() == 0
		if name := v1.Name(r.Name); used[name] || !part[name] && !stored {
			whole++
			c.roster(v1.Name(r.Name))
		}
	}
	if whole == 0 { // then they may include one another in a circle
		for _, r := range c.set.Rosters {
			if c.set.origins[r].line() > 0 {
				c.roster(v1.Name(r.Name))
				return
			}
		}
	}
}

// roster resolves and checks a roster once; nil means that it is not there or
// that a part of it is missing.
func (c *checker) roster(name v1.Name) *roster {
	if r, ok := c.rosters[name]; ok {
		return r
	}
	c.rosters[name] = nil
	object := c.set.Roster(name)
	if object == nil {
		return nil
	}
	r := &roster{name: name, units: map[v1.UnitCode]place{}}
	err := c.set.eachPart(name, nil, map[v1.Name]bool{}, func(part *v1.Roster) {
		for i := range part.Spec.Units {
			r.order = append(r.order, place{part, i})
		}
	})
	if err != nil {
		if errors.Is(err, errCircle) {
			c.report(object, "spec.include", "", "%v", err)
		}
		return nil // a part that is missing is reported already
	}
	for _, p := range r.order {
		u := p.unit()
		if had, twice := r.units[u.Code]; twice {
			c.report(p.in, p.field("code"), string(u.Code), "the unit is there twice; the other one is in %s", c.whereIs(had))
			continue
		}
		r.units[u.Code] = p
		if !slices.Contains(r.kinds, string(u.Kind)) {
			r.kinds = append(r.kinds, string(u.Kind))
		}
		if u.ValidFrom != "" && u.ValidTo != "" && u.ValidFrom > u.ValidTo {
			c.report(p.in, p.field("validTo"), string(u.ValidTo), "must not be before validFrom (%s)", u.ValidFrom)
		}
	}
	slices.Sort(r.kinds)
	c.rosters[name] = r
	c.unitCalendars(r)
	for _, l := range lines {
		c.line(r, l)
	}
	return r
}

func (c *checker) whereIs(p place) string {
	o := c.set.origins[p.in]
	if at := o.find(p.field("code")); at.line > 0 {
		return fmt.Sprintf("%s:%d", o.file, at.line)
	}
	return keyOf(p.in).String()
}

// unitCalendars reports each calendar that is not there once, at its first unit.
func (c *checker) unitCalendars(r *roster) {
	seen := map[v1.Name]bool{}
	for _, p := range r.order {
		name := p.unit().Calendar
		if name == "" || seen[name] {
			continue
		}
		seen[name] = true
		if c.set.Calendar(name) == nil {
			c.unknown(p.in, p.field("calendar"), "Calendar", string(name), names(c.set.Calendars))
		}
	}
}

// unitLine is one of the three lines between units.
type unitLine struct {
	field string
	next  func(v1.Unit) v1.UnitCode
}

// lines are the three lines between units. Each unit has at most one next unit on
// a line, so a line is a forest, or it runs in a circle.
var lines = []unitLine{
	{"collectsTo", func(u v1.Unit) v1.UnitCode { return u.CollectsTo }},
	{"administeredBy", func(u v1.Unit) v1.UnitCode { return u.AdministeredBy }},
	{"submitsTo", func(u v1.Unit) v1.UnitCode { return u.SubmitsTo }},
}

func (c *checker) line(r *roster, l unitLine) {
	done := map[v1.UnitCode]bool{} // leads out of the roster, or into a circle that is reported
	for _, p := range r.order {
		u := p.unit()
		next := l.next(u)
		if next == "" {
			continue
		}
		if _, ok := r.units[next]; !ok {
			c.report(p.in, p.field(l.field), "", "%s", c.unknownUnit(next, r))
			continue
		}
		var path []v1.UnitCode
		onPath := map[v1.UnitCode]int{}
		for at := u.Code; at != "" && !done[at]; {
			if start, ok := onPath[at]; ok {
				first := r.units[path[start]]
				c.report(first.in, first.field(l.field), string(l.next(first.unit())),
					"the line runs in a circle: %s", chain(append(path[start:], at)))
				break
			}
			onPath[at] = len(path)
			path = append(path, at)
			stop, ok := r.units[at]
			if !ok {
				break
			}
			at = l.next(stop.unit())
		}
		for _, code := range path {
			done[code] = true
		}
	}
}
