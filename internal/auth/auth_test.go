package auth

import "testing"

func TestCan(t *testing.T) {
	object := Object{Office: "BTTTT-TDKT", Unit: "STTTT-04"}
	verbs := []Verb{Apply, Launch, Pause, Resume, Extend, Cancel, Submit, Approve, Decide, Rebuild, Record, Return, Reopen}
	for _, tc := range []struct {
		reason string
		actor  Actor
		may    []Verb
	}{
		{"the operator acts on behalf of anybody", Actor{Role: Operator}, verbs},
		{"the office steers its campaign but is no unit's leader", Actor{Role: Office, Unit: "BTTTT-TDKT"},
			[]Verb{Apply, Launch, Pause, Resume, Extend, Cancel, Submit, Decide, Record, Return, Reopen}},
		{"another office may declare, not steer", Actor{Role: Office, Unit: "OTHER"}, []Verb{Apply}},
		{"a focal point sends its own unit's report", Actor{Role: FocalPoint, Unit: "STTTT-04"}, []Verb{Submit}},
		{"a focal point of another unit does nothing here", Actor{Role: FocalPoint, Unit: "STTTT-06"}, nil},
		{"a leader sends, approves, and hands back", Actor{Role: Leader, Unit: "STTTT-04"}, []Verb{Submit, Approve, Return}},
		{"a leader of another unit does nothing here", Actor{Role: Leader, Unit: "STTTT-06"}, nil},
		{"nobody does nothing", Actor{}, nil},
		{"a unit's role without a unit does nothing", Actor{Role: Leader}, nil},
	} {
		may := map[Verb]bool{}
		for _, v := range tc.may {
			may[v] = true
		}
		for _, v := range verbs {
			if got := Can(tc.actor, v, object); got != may[v] {
				t.Errorf("%s: Can(%s, %s) = %v", tc.reason, tc.actor, v, got)
			}
		}
	}
}
