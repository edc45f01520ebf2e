package manifest

import (
	"fmt"
	"net/mail"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"text/template/parse"
	"time"
	_ "time/tzdata" // the zones must be the same on every machine

	v1 "thidua.dev/thidua/api/v1"
)

// Check finds what no single object shows: references to what is not there, and
// specs that are well formed but make no sense. Warnings among the problems are
// allowed; see Problems.Err.
func (s *Set) Check() Problems {
	c := &checker{set: s, rosters: map[v1.Name]*roster{}}
	for _, object := range s.Objects() {
		c.dates(object)
	}
	for _, calendar := range s.Calendars {
		c.calendar(calendar)
	}
	for _, pack := range s.RulePacks {
		c.rulePack(pack)
	}
	c.allRosters()
	for _, template := range s.Templates {
		c.template(template)
	}
	for _, campaign := range s.Campaigns {
		c.campaign(campaign)
	}
	c.contacts()
	return c.problems.sorted()
}

type checker struct {
	set      *Set
	problems Problems
	rosters  map[v1.Name]*roster
	hints    int // how often a unit was looked for; see unknownUnit
}

// report adds a problem of an object's field. A value is printed before the
// message; leave it empty where the message itself names it.
func (c *checker) report(object v1.Object, field, value, format string, args ...any) reported {
	o := c.set.origins[object]
	c.problems = append(c.problems, o.problem(keyOf(object).String(), field, value, fmt.Sprintf(format, args...)))
	return reported{&c.problems[len(c.problems)-1]}
}

// reported is the problem that was reported last.
type reported struct{ problem *Problem }

// as gives it a word of its own, for texts in other languages.
func (r reported) as(code string, other ...string) {
	r.problem.Code = code
	copy(r.problem.Other[:], other)
}

func (c *checker) warn(object v1.Object, field, value, format string, args ...any) reported {
	r := c.report(object, field, value, format, args...)
	r.problem.Warning = true
	return r
}

// unknown reports a reference to an object that is not there, unless it is there
// and was refused: then that is what has to be mended.
func (c *checker) unknown(object v1.Object, field, kind, given string, known []string) {
	name := given
	if kind == "RulePack" {
		name = v1.PackName(given).ObjectName()
	}
	if c.set.refused[objectKey{kind, name}] {
		return
	}
	for key := range c.set.refused {
		if key.kind == kind {
			known = append(known, key.name)
		}
	}
	slices.Sort(known)
	r := c.report(object, field, "", "unknown %s %q%s", kindWords[kind], given, hint(given, known, "known: "+some(known)))
	if kind == "Calendar" {
		r.as(UnknownCalendar, given, strings.Join(known, ", "))
	}
}

var kindWords = map[string]string{"Campaign": "campaign", "Roster": "roster", "Calendar": "calendar", "RulePack": "rule pack"}

// unknownUnit is the message about a code that no unit has. A wrong column in a
// long list makes thousands of them, so only the first get a suggestion.
func (c *checker) unknownUnit(code v1.UnitCode, r *roster) string {
	c.hints++
	if c.hints > perFile {
		return fmt.Sprintf("unknown unit %q", code)
	}
	codes := codesOf(r)
	return fmt.Sprintf("unknown unit %q%s", code, hint(string(code), codes, fmt.Sprintf("roster %s has %s", r.name, some(codes))))
}

func names[T v1.Object](objects []T) []string {
	all := make([]string, len(objects))
	for i, o := range objects {
		all[i] = o.GetName()
	}
	return all
}

var (
	dateType   = reflect.TypeFor[v1.Date]()
	momentType = reflect.TypeFor[v1.Moment]()
	monthType  = reflect.TypeFor[v1.YearMonth]()
)

// dates refuses days that the pattern lets through but no calendar has.
func (c *checker) dates(object v1.Object) {
	spec := reflect.ValueOf(object).Elem().FieldByName("Spec")
	eachValue(spec, "spec", func(path string, v reflect.Value) {
		text := v.String()
		if text == "" {
			return
		}
		switch v.Type() {
		case dateType, momentType, monthType:
		default:
			return
		}
		year, month := text[:4], text[5:7]
		if year < "1900" || year > "2199" {
			c.report(object, path, text, "the year must be from 1900 to 2199")
			return
		}
		if len(text) < len("2006-01-02") {
			return
		}
		if _, err := time.Parse(time.DateOnly, text[:len("2006-01-02")]); err != nil {
			first, err := time.Parse("2006-01", year+"-"+month)
			if err != nil {
				c.report(object, path, text, "there is no such day")
				return
			}
			c.report(object, path, text, "there is no such day; %s has %d days", first.Format("January 2006"), first.AddDate(0, 1, -1).Day())
		}
	})
}

// eachValue visits every string in v, with its path as the API server writes it.
func eachValue(v reflect.Value, path string, visit func(path string, v reflect.Value)) {
	switch v.Kind() {
	case reflect.String:
		visit(path, v)
	case reflect.Pointer:
		if !v.IsNil() {
			eachValue(v.Elem(), path, visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachValue(v.Index(i), fmt.Sprintf("%s[%d]", path, i), visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			eachValue(v.Field(i), path+"."+name, visit)
		}
	}
}

func (c *checker) calendar(calendar *v1.Calendar) {
	spec := calendar.Spec
	if spec.CoveredFrom > spec.CoveredUntil {
		c.report(calendar, "spec.coveredUntil", string(spec.CoveredUntil), "must not be before coveredFrom (%s)", spec.CoveredFrom)
		return
	}
	for i, day := range spec.Days {
		if day.Date < spec.CoveredFrom || day.Date > spec.CoveredUntil {
			c.report(calendar, fmt.Sprintf("spec.days[%d].date", i), string(day.Date),
				"is outside the covered days, %s to %s; extend coveredFrom or coveredUntil if all days off of that time are known", spec.CoveredFrom, spec.CoveredUntil)
		}
	}
}

func (c *checker) rulePack(pack *v1.RulePack) {
	if in := pack.Spec.InForce; in.To != "" && in.From > in.To {
		c.report(pack, "spec.inForce.to", string(in.To), "must not be before from (%s)", in.From)
	}
}

var templateError = regexp.MustCompile(`^template: [^:]*:(\d+):(?:\d+:)? `)

// template checks the syntax only: the functions and the data belong to the
// package that sends.
func (c *checker) template(t *v1.MessageTemplate) {
	for _, part := range []struct{ field, text string }{{"spec.subject", t.Spec.Subject}, {"spec.body", t.Spec.Body}} {
		tree := parse.New("text")
		tree.Mode = parse.SkipFuncCheck
		if _, err := tree.Parse(part.text, "", "", map[string]*parse.Tree{}); err != nil {
			text := err.Error()
			line := ""
			if m := templateError.FindStringSubmatch(text); m != nil {
				line = " on line " + m[1] + " of the text"
			}
			o := c.set.origins[t]
			c.problems = append(c.problems, o.problem(keyOf(t).String(), part.field, "",
				"is not a valid template"+line+": "+templateError.ReplaceAllString(text, "")))
		}
	}
}

func (c *checker) contacts() {
	all := &roster{units: map[v1.UnitCode]place{}, name: "any roster"}
	complete := len(c.set.Rosters) > 0
	for key := range c.set.refused {
		complete = complete && key.kind != "Roster"
	}
	for _, r := range c.set.Rosters {
		for i, u := range r.Spec.Units {
			all.units[u.Code] = place{r, i}
		}
	}
	for _, contact := range c.set.Contacts {
		o := c.set.contacts[contactKey{contact.Unit, contact.Role}]
		report := func(field, value, message string) {
			c.problems = append(c.problems, Problem{File: o.file, Line: o.line(), Object: contactName(contact), Field: field, Value: value, Message: message})
		}
		if contact.Role != v1.RoleFocalPoint && contact.Role != v1.RoleLeader {
			report("role", string(contact.Role), "must be FocalPoint or Leader")
		}
		if why := BadEmail(contact.Email); why != "" {
			report("email", contact.Email, why)
		}
		if _, ok := all.units[contact.Unit]; !ok && complete {
			c.hints++
			message := fmt.Sprintf("unknown unit %q", contact.Unit)
			if c.hints <= perFile {
				message += hint(string(contact.Unit), codesOf(all), "no roster has it")
			}
			report("unit", "", message)
		}
	}
}

func codesOf(r *roster) []string {
	codes := make([]string, 0, len(r.units))
	for code := range r.units {
		codes = append(codes, string(code))
	}
	slices.Sort(codes)
	return codes
}

// BadEmail says what is wrong with an address, or nothing. It takes a bare
// address only: with a name or in brackets it is something that was pasted.
func BadEmail(email string) string {
	if email == "" {
		return "is empty; expected an address such as van-thu@don-vi.gov.vn"
	}
	address, err := mail.ParseAddress(email)
	if err != nil || address.Address != email || address.Name != "" {
		return "must be one bare e-mail address, such as van-thu@don-vi.gov.vn"
	}
	domain := email[strings.LastIndex(email, "@")+1:]
	if !strings.Contains(domain, ".") || strings.HasPrefix(domain, ".") || strings.HasPrefix(domain, "[") {
		return "must have a full domain after the @, such as don-vi.gov.vn"
	}
	return ""
}
