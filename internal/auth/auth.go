// Package auth decides who may do what: role × scope × validity. It is called
// only by package engine, so that every door leads past the same guard.
package auth

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// Role of an actor.
type Role string

const (
	Office     Role = "Office"     // the campaign office
	Operator   Role = "Operator"   // whoever runs the installation; acts on behalf, and is recorded so
	FocalPoint Role = "FocalPoint" // a unit's focal point (đầu mối)
	Leader     Role = "Leader"     // a unit's leader
	Appraiser  Role = "Appraiser"  // appraises for an office (thẩm định)
	Auditor    Role = "Auditor"    // reads everything, changes nothing (thanh tra)
	Engine     Role = "Engine"     // the installation itself
)

// Roles are those that somebody can be given.
var Roles = []Role{Office, FocalPoint, Leader, Appraiser, Auditor, Operator}

// Line of a roster: who stands above a unit, for one purpose.
type Line string

const (
	CollectsTo     Line = "collects_to"     // reports
	AdministeredBy Line = "administered_by" // copies of escalation
	SubmitsTo      Line = "submits_to"      // dossiers
)

// Lines are all lines of a roster.
var Lines = []Line{CollectsTo, AdministeredBy, SubmitsTo}

// Means by which an actor has shown who they are.
type Means string

const (
	InPerson  Means = ""        // on the machine itself: the operator's command line, the engine
	ByToken   Means = "token"   // a personal token
	BySession Means = "session" // a personal login
	ByLink    Means = "link"    // a link that was sent to the unit: whoever holds the mail
)

// Validity of a grant, by the machine's clock. The zero value has no bounds.
type Validity struct {
	From, Until time.Time
	Revoked     bool
}

// At tells that the grant holds at an instant.
func (v Validity) At(at time.Time) bool {
	return !v.Revoked && (v.From.IsZero() || !at.Before(v.From)) && (v.Until.IsZero() || at.Before(v.Until))
}

// Actor is who acts.
type Actor struct {
	Name string
	Role Role
	Unit string // the unit that a focal point or leader speaks for, or the office

	// Line lets a unit's role reach down to the units below it on that line of the
	// roster; empty is the unit alone.
	Line Line
	// Campaign, when set, is the only one that the actor has to do with.
	Campaign string
	Means    Means
	// Token or Account is whose number stands in the audit; 0 without one. The audit names
	// no people who have an account: accounts are erasable, the audit is not.
	Token, Account int64
	// Delegated tells that somebody else's role is acted in.
	Delegated bool
	Valid     Validity
}

// String is how the audit names an actor.
func (a Actor) String() string {
	parts := []string{}
	if a.Role != "" {
		parts = append(parts, string(a.Role))
	}
	if a.Name != "" && a.Account == 0 {
		parts = append(parts, a.Name)
	}
	if a.Unit != "" {
		parts = append(parts, "of", a.Unit)
	}
	switch a.Means {
	case ByToken:
		parts = append(parts, fmt.Sprintf("by token %d", a.Token))
	case BySession:
		parts = append(parts, fmt.Sprintf("by account %d", a.Account))
	case ByLink:
		parts = append(parts, "by link")
	}
	return strings.Join(parts, " ")
}

// LogValue is how logs name an actor: by kind and number, never by name.
func (a Actor) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("role", cmp.Or(string(a.Role), "none"))}
	if a.Means != InPerson {
		attrs = append(attrs, slog.String("means", string(a.Means)))
	}
	if no := cmp.Or(a.Token, a.Account); no != 0 {
		attrs = append(attrs, slog.Int64("no", no))
	}
	return slog.GroupValue(attrs...)
}

// Verb is what is done.
type Verb string

const (
	Apply          Verb = "apply"
	Launch         Verb = "launch"
	Pause          Verb = "pause"
	Resume         Verb = "resume"
	Extend         Verb = "extend"
	Cancel         Verb = "cancel"
	Submit         Verb = "submit"
	Approve        Verb = "approve"
	Decide         Verb = "decide"
	Rebuild        Verb = "rebuild"
	Record         Verb = "record"          // a report that came on paper, by e-mail or by the document axis
	Return         Verb = "return"          // of a report, for supplement
	Reopen         Verb = "reopen"          // of a round, for one unit
	Request        Verb = "request"         // of a report outside the plan
	Consolidate    Verb = "consolidate"     // of a round's reports
	Hold           Verb = "hold"            // messages that wait
	Release        Verb = "release"         // messages that are held
	Resend         Verb = "resend"          // messages that came to nothing
	CancelMessages Verb = "cancel-messages" // that wait, or that nobody is to look at any more
	Follow         Verb = "follow"          // what a changed calendar does to a campaign that runs
	Issue          Verb = "issue"           // tokens: see, make and revoke them
	Admit          Verb = "admit"           // people: their accounts and roles
	Delegate       Verb = "delegate"        // one's own role, for a time
	Unlink         Verb = "unlink"          // make the links that were sent to a unit worthless
	Keep           Verb = "keep files in"   // bytes that a report will refer to
	Know           Verb = "know"            // who one is
	See            Verb = "see"             // what a campaign is: its plan, its rounds, its counts
	SeeUnit        Verb = "see unit"
	SeeAll         Verb = "see all" // every unit, notice, message and act of a campaign
	Inspect        Verb = "inspect" // the acts of the whole installation
)

// What the engine does by itself, on record so that facts can be held to it. Nobody asks
// for it, so no guard does.
const (
	Open  Verb = "open"  // a round: who owes by when
	Close Verb = "close" // a round: who was in time, late, missing
	Rank  Verb = "rank"  // a review
)

// Verbs are all that somebody can ask for.
var Verbs = []Verb{
	Apply, Launch, Pause, Resume, Extend, Cancel, Submit, Approve, Decide, Rebuild, Record, Return, Reopen, Request, Consolidate, Follow,
	Hold, Release, CancelMessages, Resend,
	Issue, Admit, Delegate, Unlink, Keep,
	Know, See, SeeUnit, SeeAll, Inspect,
}

// Object is what it is done to.
type Object struct {
	Campaign string // the campaign concerned, if any
	Office   string // its office
	Unit     string // the unit concerned, if any
	// Above are the bodies above the unit on the actor's line, at any distance.
	Above []string
	// Public is open to everybody who may see the campaign, such as a ranking that
	// was published.
	Public bool
	// Admitted is the role that somebody is to be given, or is to lose.
	Admitted Role
	// At is the machine's time.
	At time.Time
}

// Can tells whether an actor may do verb to object. What it does not name is not
// allowed.
func Can(a Actor, verb Verb, o Object) bool {
	if !a.Valid.At(o.At) {
		return false
	}
	if verb == Know {
		return a.Role != ""
	}
	if verb == Delegate {
		return a.Means == BySession && !a.Delegated && a.Role != Auditor
	}
	if verb == Keep {
		return keeps(a)
	}
	if a.Campaign != "" && a.Campaign != o.Campaign {
		return false
	}
	if verb == SeeAll && o.Public {
		verb = See
	}
	switch a.Role {
	case Operator, Engine:
		return a.Means != ByLink
	case Office:
		return a.Means != ByLink && office(a, verb, o)
	case Appraiser:
		return a.Means != ByLink && a.Unit != "" && (verb == See || a.Unit == o.Office && (verb == SeeUnit || verb == SeeAll))
	case Auditor:
		return a.Means != ByLink && (verb == See || verb == SeeUnit || verb == SeeAll || verb == Inspect)
	case FocalPoint, Leader:
		return unit(a, verb, o)
	}
	return false
}

// keeps tells that an actor may report somewhere, or record for others, and so may
// hand in files first; what refers to a file says what it is about.
func keeps(a Actor) bool {
	switch a.Role {
	case Operator, Engine:
		return a.Means != ByLink
	case Office:
		return a.Unit != "" && a.Means != ByLink
	case FocalPoint, Leader:
		return a.Unit != "" // by the unit's link too: evidence goes with its report
	}
	return false
}

func office(a Actor, verb Verb, o Object) bool {
	switch verb {
	case Approve, Rebuild, Issue, Inspect:
		return false // a leader's word is a leader's, the installation the operator's
	case Admit:
		// Those who report to it, and for its own campaign only.
		return a.Unit != "" && o.Campaign != "" && a.Unit == o.Office && (o.Admitted == FocalPoint || o.Admitted == Leader)
	case See:
		return true
	case Apply, SeeUnit, SeeAll, Unlink:
		// What belongs to no campaign, such as a calendar, is every office's.
		return a.Unit != "" && (o.Office == "" || a.Unit == o.Office)
	}
	return a.Unit != "" && a.Unit == o.Office
}

// unit is what a unit's focal point and leader may do. Reading and reporting reach
// down the line; a leader's word is about their own unit. A link says that its
// holder has the unit's mail, not who they are: it neither approves nor hands back.
func unit(a Actor, verb Verb, o Object) bool {
	own := a.Unit != "" && a.Unit == o.Unit
	below := own || a.Unit != "" && a.Line != "" && a.Means != ByLink && slices.Contains(o.Above, a.Unit)
	switch verb {
	case See:
		return a.Unit != ""
	case SeeUnit:
		return below
	case Submit:
		return below && (a.Role == FocalPoint || a.Means != ByLink)
	case Consolidate:
		return own && a.Means != ByLink
	case Approve, Return:
		return own && a.Role == Leader && a.Means != ByLink
	}
	return false
}
