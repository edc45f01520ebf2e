// Package manifest turns files into validated objects: it reads YAML and CSV,
// holds every object to the rules that the API server would apply to it, checks
// what objects say about one another, and writes objects back out.
//
// All problems of all files are reported at once, each with its file, line and
// field, so that a person mends a campaign in one round. Nothing here reads a
// clock or a network.
package manifest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	v1 "thidua.dev/thidua/api/v1"
)

// Contact is the person who speaks for a unit. Contacts are never part of a
// Roster, because personal data must stay erasable.
type Contact struct {
	Unit  v1.UnitCode
	Role  v1.Role // v1.RoleFocalPoint or v1.RoleLeader
	Name  string
	Email string
}

// Set is the objects that belong together: what the files say, or what the
// database holds overlaid with what the files say. Objects are as the API server
// would store them, with every default filled in. The slices are in order of
// loading; add through Load, Add and Overlay only, so that the Set knows where
// each object comes from.
type Set struct {
	Campaigns []*v1.Campaign
	Rosters   []*v1.Roster
	Calendars []*v1.Calendar
	RulePacks []*v1.RulePack
	Templates []*v1.MessageTemplate
	Contacts  []Contact

	origins  map[v1.Object]origin
	contacts map[contactKey]origin
	refused  map[objectKey]bool // declared in a file, but not admitted
}

type objectKey struct{ kind, name string }

func (k objectKey) String() string { return k.kind + " " + k.name }

type contactKey struct {
	unit v1.UnitCode
	role v1.Role
}

// Stored is the source of objects that were read from the database, as problems name it.
const Stored = "database"

// NewSet returns an empty Set.
func NewSet() *Set {
	return &Set{
		origins:  map[v1.Object]origin{},
		contacts: map[contactKey]origin{},
		refused:  map[objectKey]bool{},
	}
}

// Add puts an object (a pointer to a kind of api/v1), a Contact or []Contact into
// the Set. source tells people where it comes from, such as "database"; problems
// name it in the place of a file. An object or contact that the Set already holds
// is an error.
func (s *Set) Add(object any, source string) error {
	o := origin{file: source}
	switch x := object.(type) {
	case v1.Object:
		return s.add(x, o)
	case Contact:
		return s.addContact(x, o)
	case []Contact:
		for _, c := range x {
			if err := s.addContact(c, o); err != nil {
				return err
			}
		}
		return nil
	default:
		return fmt.Errorf("manifest: cannot add a %T", object)
	}
}

func (s *Set) add(object v1.Object, o origin) error {
	key := keyOf(object)
	if had := s.find(key); had != nil {
		return Problem{File: o.file, Line: o.line(), Object: key.String(),
			Message: "declared twice; the other one is in " + s.origins[had].place()}
	}
	s.origins[object] = o
	switch x := object.(type) {
	case *v1.Campaign:
		s.Campaigns = append(s.Campaigns, x)
	case *v1.Roster:
		s.Rosters = append(s.Rosters, x)
	case *v1.Calendar:
		s.Calendars = append(s.Calendars, x)
	case *v1.RulePack:
		s.RulePacks = append(s.RulePacks, x)
	case *v1.MessageTemplate:
		s.Templates = append(s.Templates, x)
	default:
		return fmt.Errorf("manifest: cannot add a %T", object)
	}
	return nil
}

func (s *Set) addContact(c Contact, o origin) error {
	key := contactKey{c.Unit, c.Role}
	if had, ok := s.contacts[key]; ok {
		return Problem{File: o.file, Line: o.line(), Object: contactName(c),
			Message: "given twice; the other one is in " + had.place() +
				"; a unit has one contact of each role, so use a shared mailbox for several people"}
	}
	s.contacts[key] = o
	s.Contacts = append(s.Contacts, c)
	return nil
}

func contactName(c Contact) string { return fmt.Sprintf("contact %s of %s", c.Role, c.Unit) }

// Overlay puts the objects and contacts of other over those of s: what both hold
// is taken from other. The objects themselves are shared, not copied.
func (s *Set) Overlay(other *Set) {
	for _, object := range other.Objects() {
		key := keyOf(object)
		delete(s.refused, key)
		if had := s.find(key); had != nil {
			delete(s.origins, had)
			s.remove(key)
		}
		_ = s.add(object, other.origins[object]) // cannot fail: the old one is gone
	}
	for _, c := range other.Contacts {
		key := contactKey{c.Unit, c.Role}
		if _, ok := s.contacts[key]; ok {
			delete(s.contacts, key)
			s.Contacts = slices.DeleteFunc(s.Contacts, func(had Contact) bool { return had.Unit == c.Unit && had.Role == c.Role })
		}
		_ = s.addContact(c, other.contacts[key])
	}
	for key := range other.refused {
		s.refused[key] = true
	}
}

// Objects returns every object: calendars, rule packs, rosters, templates and
// campaigns, which is the order in which they can be stored.
func (s *Set) Objects() []v1.Object {
	var all []v1.Object
	for _, o := range s.Calendars {
		all = append(all, o)
	}
	for _, o := range s.RulePacks {
		all = append(all, o)
	}
	for _, o := range s.Rosters {
		all = append(all, o)
	}
	for _, o := range s.Templates {
		all = append(all, o)
	}
	for _, o := range s.Campaigns {
		all = append(all, o)
	}
	return all
}

// Campaign returns the campaign of that name, or nil.
func (s *Set) Campaign(name v1.Name) *v1.Campaign { return named(s.Campaigns, string(name)) }

// Roster returns the roster of that name, or nil.
func (s *Set) Roster(name v1.Name) *v1.Roster { return named(s.Rosters, string(name)) }

// Calendar returns the calendar of that name, or nil.
func (s *Set) Calendar(name v1.Name) *v1.Calendar { return named(s.Calendars, string(name)) }

// RulePack returns the rule pack that a campaign calls name, or nil.
func (s *Set) RulePack(name v1.PackName) *v1.RulePack { return named(s.RulePacks, name.ObjectName()) }

// Template returns the message template of that name, or nil.
func (s *Set) Template(name v1.Name) *v1.MessageTemplate { return named(s.Templates, string(name)) }

// Source returns the file, or the source given to Add, and the line on which the
// object starts; the line is 0 when it is not known.
func (s *Set) Source(object v1.Object) (source string, line int) {
	o := s.origins[object]
	return o.file, o.line()
}

func named[T v1.Object](objects []T, name string) (none T) {
	for _, o := range objects {
		if o.GetName() == name {
			return o
		}
	}
	return none
}

func (s *Set) find(key objectKey) v1.Object {
	for _, o := range s.Objects() {
		if keyOf(o) == key {
			return o
		}
	}
	return nil
}

func (s *Set) remove(key objectKey) {
	switch key.kind {
	case "Campaign":
		s.Campaigns = without(s.Campaigns, key.name)
	case "Roster":
		s.Rosters = without(s.Rosters, key.name)
	case "Calendar":
		s.Calendars = without(s.Calendars, key.name)
	case "RulePack":
		s.RulePacks = without(s.RulePacks, key.name)
	case "MessageTemplate":
		s.Templates = without(s.Templates, key.name)
	}
}

func without[T v1.Object](objects []T, name string) []T {
	return slices.DeleteFunc(objects, func(o T) bool { return o.GetName() == name })
}

func keyOf(object v1.Object) objectKey {
	return objectKey{kindOf(object), object.GetName()}
}

func kindOf(object v1.Object) string {
	switch object.(type) {
	case *v1.Campaign:
		return "Campaign"
	case *v1.Roster:
		return "Roster"
	case *v1.Calendar:
		return "Calendar"
	case *v1.RulePack:
		return "RulePack"
	case *v1.MessageTemplate:
		return "MessageTemplate"
	}
	return ""
}

// Units returns the units of a roster, those of the rosters it includes with
// them, sorted by code. A roster that is missing, or includes itself, is an error.
func (s *Set) Units(roster v1.Name) ([]v1.Unit, error) {
	var units []v1.Unit
	err := s.eachPart(roster, nil, map[v1.Name]bool{}, func(r *v1.Roster) {
		units = append(units, r.Spec.Units...)
	})
	slices.SortStableFunc(units, func(a, b v1.Unit) int { return strings.Compare(string(a.Code), string(b.Code)) })
	return units, err
}

// errCircle is a roster that includes itself, perhaps by way of others.
var errCircle = errors.New("includes itself")

// eachPart calls visit for the roster and everything it includes, each part once.
func (s *Set) eachPart(name v1.Name, path []v1.Name, seen map[v1.Name]bool, visit func(*v1.Roster)) error {
	if slices.Contains(path, name) {
		return fmt.Errorf("roster %q %w: %s", name, errCircle, chain(append(path, name)))
	}
	if seen[name] {
		return nil
	}
	seen[name] = true
	r := s.Roster(name)
	if r == nil {
		return fmt.Errorf("roster %q is not known", name)
	}
	visit(r)
	for _, include := range r.Spec.Include {
		if err := s.eachPart(include, append(path, name), seen, visit); err != nil {
			return err
		}
	}
	return nil
}

// Participants returns the units that take part in the campaign, sorted by code:
// those of the roster that are of the kinds asked for, not excluded, and that
// still existed on the day of launch. A unit that is founded later takes part
// from then on: ValidFrom says since when.
func (s *Set) Participants(c *v1.Campaign) []v1.Unit {
	units, _ := s.Units(c.Spec.Participants.Roster) // Check reports a broken roster
	launch := dayOf(c.Spec.Launch.At)
	return slices.DeleteFunc(units, func(u v1.Unit) bool {
		p := c.Spec.Participants
		return len(p.Kinds) > 0 && !slices.Contains(p.Kinds, u.Kind) ||
			slices.Contains(p.Exclude, u.Code) ||
			u.ValidTo != "" && u.ValidTo < launch
	})
}

// dayOf is the day of a moment as written, in the moment's own offset.
func dayOf(m v1.Moment) v1.Date {
	day, _, _ := strings.Cut(string(m), "T")
	return v1.Date(day)
}

func chain[T ~string](names []T) string {
	parts := make([]string, len(names))
	for i, n := range names {
		parts[i] = string(n)
	}
	return strings.Join(parts, " → ")
}
