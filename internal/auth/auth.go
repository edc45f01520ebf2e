// Package auth decides who may do what: role × scope. It is called only by
// package engine, so that every door leads past the same guard.
package auth

import "fmt"

// Role of an actor.
type Role string

const (
	Office     Role = "Office"     // the campaign office
	Operator   Role = "Operator"   // whoever runs the installation; acts on behalf, and is recorded so
	FocalPoint Role = "FocalPoint" // a unit's focal point (đầu mối)
	Leader     Role = "Leader"     // a unit's leader
	Engine     Role = "Engine"     // the installation itself
)

// Actor is who acts.
type Actor struct {
	Name string
	Role Role
	Unit string // the unit that a focal point or leader speaks for, or the office
}

// String is how the audit names an actor.
func (a Actor) String() string {
	if a.Unit == "" {
		return fmt.Sprintf("%s %s", a.Role, a.Name)
	}
	return fmt.Sprintf("%s %s of %s", a.Role, a.Name, a.Unit)
}

// Verb is what is done.
type Verb string

const (
	Apply       Verb = "apply"
	Launch      Verb = "launch"
	Pause       Verb = "pause"
	Resume      Verb = "resume"
	Extend      Verb = "extend"
	Cancel      Verb = "cancel"
	Submit      Verb = "submit"
	Approve     Verb = "approve"
	Decide      Verb = "decide"
	Rebuild     Verb = "rebuild"
	Record      Verb = "record"      // a report that came on paper, by e-mail or by the document axis
	Return      Verb = "return"      // of a report, for supplement
	Reopen      Verb = "reopen"      // of a round, for one unit
	Request     Verb = "request"     // of a report outside the plan
	Consolidate Verb = "consolidate" // of a round's reports
	Follow      Verb = "follow"      // what a changed calendar does to a campaign that runs
)

// Object is what it is done to.
type Object struct {
	Office string // the office of the campaign concerned
	Unit   string // the unit concerned, if any
}

// Can tells whether an actor may do verb to object.
func Can(a Actor, verb Verb, object Object) bool {
	switch a.Role {
	case Operator, Engine:
		return true
	case Office:
		switch verb {
		case Apply:
			return true
		case Approve, Rebuild:
			return false // a leader's word is a leader's, the installation the operator's
		}
		return a.Unit == object.Office
	case FocalPoint:
		return (verb == Submit || verb == Consolidate) && a.Unit != "" && a.Unit == object.Unit
	case Leader:
		return (verb == Submit || verb == Approve || verb == Return || verb == Consolidate) && a.Unit != "" && a.Unit == object.Unit
	}
	return false
}
