package auth

import (
	"slices"
	"testing"
	"time"
)

func TestCan(t *testing.T) {
	now := time.Date(2026, 12, 7, 9, 0, 0, 0, time.UTC)
	object := Object{Campaign: "covid-2021", Office: "BTTTT-TDKT", Unit: "STTTT-04", Above: []string{"UBND-04", "CP"}, At: now}
	declared := Object{At: now} // a calendar, a roster: of no campaign
	reads := []Verb{Know, See, SeeUnit, SeeAll}
	all := without(Verbs, Delegate) // who is there in person has nothing to lend
	with := func(verbs []Verb, more ...Verb) []Verb { return append(append([]Verb{}, verbs...), more...) }
	for _, tc := range []struct {
		reason string
		actor  Actor
		object Object
		may    []Verb
	}{
		{"the operator acts on behalf of anybody", Actor{Role: Operator}, object, all},
		{"the office steers its campaign but is no unit's leader", Actor{Role: Office, Unit: "BTTTT-TDKT"}, object,
			with(reads, Keep, Apply, Launch, Pause, Resume, Extend, Cancel, Submit, Decide, Record, Return, Reopen, Request, Consolidate, Follow, Hold, Release, CancelMessages, Resend, Unlink)},
		{"another office sees that there is a campaign", Actor{Role: Office, Unit: "OTHER"}, object, []Verb{Know, Keep, See}},
		{"calendars and rosters are every office's", Actor{Role: Office, Unit: "OTHER"}, declared, with(reads, Keep, Apply, Unlink)},
		{"an office without a unit is none", Actor{Role: Office}, Object{At: now}, []Verb{Know, See}},
		{"an auditor reads everything and changes nothing", Actor{Role: Auditor}, object, with(reads, Inspect)},
		{"a focal point sends its own unit's report", Actor{Role: FocalPoint, Unit: "STTTT-04"}, object, []Verb{Know, Keep, See, SeeUnit, Submit, Consolidate}},
		{"a focal point of another unit does nothing here", Actor{Role: FocalPoint, Unit: "STTTT-06"}, object, []Verb{Know, Keep, See}},
		{"a leader sends, approves, and hands back", Actor{Role: Leader, Unit: "STTTT-04"}, object, []Verb{Know, Keep, See, SeeUnit, Submit, Approve, Return, Consolidate}},
		{"a leader of another unit does nothing here", Actor{Role: Leader, Unit: "STTTT-06"}, object, []Verb{Know, Keep, See}},
		{"a body above reads and reports down its line", Actor{Role: FocalPoint, Unit: "CP", Line: AdministeredBy}, object, []Verb{Know, Keep, See, SeeUnit, Submit}},
		{"its leader does not approve for those below", Actor{Role: Leader, Unit: "UBND-04", Line: AdministeredBy}, object, []Verb{Know, Keep, See, SeeUnit, Submit}},
		{"without a line it stands above nobody", Actor{Role: FocalPoint, Unit: "UBND-04"}, object, []Verb{Know, Keep, See}},
		{"a link sends a report in", Actor{Role: FocalPoint, Unit: "STTTT-04", Means: ByLink}, object, []Verb{Know, Keep, See, SeeUnit, Submit}},
		{"a link never approves", Actor{Role: Leader, Unit: "STTTT-04", Means: ByLink}, object, []Verb{Know, Keep, See, SeeUnit}},
		{"a link reaches down no line", Actor{Role: FocalPoint, Unit: "CP", Line: AdministeredBy, Means: ByLink}, object, []Verb{Know, Keep, See}},
		{"a link makes nobody an operator", Actor{Role: Operator, Means: ByLink}, object, []Verb{Know}},
		{"a link makes nobody an office", Actor{Role: Office, Unit: "BTTTT-TDKT", Means: ByLink}, object, []Verb{Know}},
		{"in the campaign that it is for", Actor{Role: FocalPoint, Unit: "STTTT-04", Campaign: "covid-2021"}, object, []Verb{Know, Keep, See, SeeUnit, Submit, Consolidate}},
		{"not in another", Actor{Role: Leader, Unit: "STTTT-04", Campaign: "cds-2027"}, object, []Verb{Know, Keep}},
		{"nor beside campaigns", Actor{Role: Office, Unit: "BTTTT-TDKT", Campaign: "covid-2021"}, declared, []Verb{Know, Keep}},
		{"not even an operator", Actor{Role: Operator, Campaign: "cds-2027"}, object, []Verb{Know, Keep}},
		{"a leader who has logged in may also lend the role", Actor{Role: Leader, Unit: "STTTT-04", Means: BySession, Account: 7}, object,
			[]Verb{Know, Keep, Delegate, See, SeeUnit, Submit, Approve, Return, Consolidate}},
		{"whom it was lent to may not lend it on", Actor{Role: Leader, Unit: "STTTT-04", Means: BySession, Account: 8, Delegated: true}, object,
			[]Verb{Know, Keep, See, SeeUnit, Submit, Approve, Return, Consolidate}},
		{"a token lends nothing", Actor{Role: Leader, Unit: "STTTT-04", Means: ByToken}, object, []Verb{Know, Keep, See, SeeUnit, Submit, Approve, Return, Consolidate}},
		{"an appraiser reads the campaigns of the office", Actor{Role: Appraiser, Unit: "BTTTT-TDKT", Means: BySession}, object, with(reads, Delegate)},
		{"and of another one that they exist", Actor{Role: Appraiser, Unit: "OTHER", Means: BySession}, object, []Verb{Know, See, Delegate}},
		{"expired", Actor{Role: Operator, Valid: Validity{Until: now}}, object, nil},
		{"not yet", Actor{Role: Operator, Valid: Validity{From: now.Add(time.Second)}}, object, nil},
		{"revoked", Actor{Role: Operator, Valid: Validity{Revoked: true}}, object, nil},
		{"valid", Actor{Role: Operator, Valid: Validity{From: now, Until: now.Add(time.Second)}}, object, all},
		{"who does not say when is never in time", Actor{Role: Operator, Valid: Validity{From: now}}, Object{}, nil},
		{"nobody does nothing", Actor{}, object, nil},
		{"a unit's role without a unit does nothing", Actor{Role: Leader}, Object{At: now}, []Verb{Know}},
	} {
		may := map[Verb]bool{}
		for _, v := range tc.may {
			may[v] = true
		}
		for _, v := range Verbs {
			if got := Can(tc.actor, v, tc.object); got != may[v] {
				t.Errorf("%s: Can(%s, %s) = %v", tc.reason, tc.actor, v, got)
			}
		}
	}
	published := object
	published.Public = true
	if focal := (Actor{Role: FocalPoint, Unit: "STTTT-06"}); !Can(focal, SeeAll, published) || Can(focal, Inspect, published) {
		t.Error("what is published is not what a unit of the campaign may see")
	}
}

func TestActorInTheAudit(t *testing.T) {
	for want, a := range map[string]Actor{
		"Operator root":  {Name: "root", Role: Operator},
		"Office x of VP": {Name: "x", Role: Office, Unit: "VP"},
		"Leader Lê Văn A of STTTT-04 by token 7": {Name: "Lê Văn A", Role: Leader, Unit: "STTTT-04", Means: ByToken, Token: 7},
		"FocalPoint of STTTT-04 by link":         {Role: FocalPoint, Unit: "STTTT-04", Means: ByLink},
	} {
		if got := a.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func without(verbs []Verb, not Verb) []Verb {
	return slices.DeleteFunc(slices.Clone(verbs), func(v Verb) bool { return v == not })
}

// An office lets in those who report to it, for its own campaign.
func TestAdmit(t *testing.T) {
	now := time.Now()
	office := Actor{Role: Office, Unit: "BTTTT-TDKT"}
	for _, tc := range []struct {
		reason string
		actor  Actor
		role   Role
		o      Object
		want   bool
	}{
		{"a leader, for its campaign", office, Leader, Object{Campaign: "covid-2021", Office: "BTTTT-TDKT"}, true},
		{"a focal point", office, FocalPoint, Object{Campaign: "covid-2021", Office: "BTTTT-TDKT"}, true},
		{"not for all campaigns", office, Leader, Object{}, false},
		{"not for another office's", office, Leader, Object{Campaign: "cds-2027", Office: "SO"}, false},
		{"no colleague", office, Office, Object{Campaign: "covid-2021", Office: "BTTTT-TDKT"}, false},
		{"no operator", office, Operator, Object{Campaign: "covid-2021", Office: "BTTTT-TDKT"}, false},
		{"the operator everybody", Actor{Role: Operator}, Operator, Object{}, true},
		{"a leader nobody", Actor{Role: Leader, Unit: "STTTT-04"}, FocalPoint, Object{Campaign: "covid-2021", Office: "BTTTT-TDKT"}, false},
	} {
		tc.o.At, tc.o.Admitted = now, tc.role
		if got := Can(tc.actor, Admit, tc.o); got != tc.want {
			t.Errorf("%s: %v", tc.reason, got)
		}
	}
}
