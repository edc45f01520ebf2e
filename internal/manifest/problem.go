package manifest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that a person has to mend, or with Warning set, to know.
type Problem struct {
	File    string // as given on the command line, or the source given to Add
	Line    int    // 0 when not known
	Column  int    // 0 when not known
	Object  string // such as "Campaign covid-2021"
	Field   string // such as spec.axes[0].weight
	Value   string // the text as written, or ""
	Message string // what was expected and what to do
	Warning bool   // it is allowed, but look at it

	// Code is a word for what an office is likely to meet, with Other beside the value; for
	// texts in other languages than Message is in.
	Code  string
	Other [3]string
}

// Codes of problems, with what is beside the value.
const (
	After            = "After"            // must be later: the other field, what it says
	SumNot100        = "SumNot100"        // weights: their sum
	FloorAboveWeight = "FloorAboveWeight" // an axis' floor: its weight
	SameAsBaseline   = "SameAsBaseline"   // a target
	LessThanBaseline = "LessThanBaseline" // a target, though more is better: the baseline
	MoreThanBaseline = "MoreThanBaseline" // a target, though less is better: the baseline
	TooManyTimes     = "TooManyTimes"     // of day: how many, which, how many may be
	StepOrder        = "StepOrder"        // a step stands before one that happens earlier: the step, the other
	StepNever        = "StepNever"        // a step that comes after the close: the step, the series
	BeforeCalendar   = "BeforeCalendar"   // a launch: the day from which days off are known
	NotInForce       = "NotInForce"       // a rule pack on the day of launch: that day
	UnknownUnit      = "UnknownUnit"      // a code
	FirstDueTooEarly = "FirstDueTooEarly" // a first month: when its report would be due
	AfterFinalReview = "AfterFinalReview" // a deadline whose figures count no more: the review's day
	DueBeforeCutOff  = "DueBeforeCutOff"  // a day of the month: the cut-off
	NoParticipants   = "NoParticipants"   // nobody is left
	UnknownCalendar  = "UnknownCalendar"  // a name, those that there are
	NotNumber        = "NotNumber"        // no decimal
	NotWhole         = "NotWhole"         // no whole number
	NotQuoted        = "NotQuoted"        // in the YAML it must stand in quotes
	NotDate          = "NotDate"          // no date, or no date with a time
	NotMonth         = "NotMonth"
	NotTime          = "NotTime" // of day
	NotName          = "NotName" // no lower-case letters, digits and dashes
	NotCode          = "NotCode" // no letters without accents, digits, dots, dashes and underscores
	Missing          = "Missing"
	EmptyText        = "EmptyText"
	TooMuch          = "TooMuch"      // the most
	TooLittle        = "TooLittle"    // the least
	UnknownField     = "UnknownField" // a field that there is not
	NotYAML          = "NotYAML"
)

// Codes are all of them.
var Codes = []string{
	After, SumNot100, FloorAboveWeight, SameAsBaseline, LessThanBaseline, MoreThanBaseline, TooManyTimes, StepOrder, StepNever,
	BeforeCalendar, NotInForce, UnknownUnit, FirstDueTooEarly, AfterFinalReview, DueBeforeCutOff, NoParticipants,
	UnknownCalendar, NotNumber, NotWhole, NotQuoted, NotDate, NotMonth, NotTime, NotName, NotCode, Missing, EmptyText, TooMuch, TooLittle, UnknownField, NotYAML,
}

// String is the problem on one line:
//
//	campaign.yaml:31: Campaign covid-2021: spec.axes[0].weight: "5o": must be a decimal …
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d", p.Line)
		}
		b.WriteString(": ")
	}
	if p.Warning {
		b.WriteString("warning: ")
	}
	for _, part := range []string{p.Object, p.Field} {
		if part != "" {
			b.WriteString(shorten(part, 400) + ": ")
		}
	}
	if p.Value != "" {
		b.WriteString(quote(p.Value) + ": ")
	}
	b.WriteString(shorten(p.Message, 800))
	return b.String()
}

// Error makes a Problem an error.
func (p Problem) Error() string { return p.String() }

// quote keeps a value on one line and at a length that people can read.
func quote(s string) string { return fmt.Sprintf("%q", shorten(s, 80)) }

// shorten cuts what a hostile or broken file would flood the screen with.
func shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}

// Problems is every problem that was found. As an error it prints one line each.
type Problems []Problem

// Error lists the problems, one a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Err returns the problems that must be mended as an error, or nil when there are
// none: warnings alone are no error.
func (ps Problems) Err() error {
	errs := slices.DeleteFunc(slices.Clone(ps), func(p Problem) bool { return p.Warning })
	if len(errs) == 0 {
		return nil
	}
	return errs
}

// Warnings returns what is allowed but worth a look.
func (ps Problems) Warnings() Problems {
	return slices.DeleteFunc(slices.Clone(ps), func(p Problem) bool { return !p.Warning })
}

// perFile is how many problems of one file are worth reading at once.
const perFile = 100

// sorted puts problems in the order of the files, so that they can be mended from
// top to bottom, and cuts what nobody would read.
func (ps Problems) sorted() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), strings.Compare(a.Field, b.Field))
	})
	total := map[string]int{}
	for _, p := range ps {
		total[p.File]++
	}
	seen := map[string]int{}
	var kept Problems
	for _, p := range ps {
		seen[p.File]++
		switch n := seen[p.File]; {
		case n <= perFile:
			kept = append(kept, p)
		case n == total[p.File]:
			kept = append(kept, Problem{File: p.File, Message: fmt.Sprintf("… and %s more problems like these", thousands(n-perFile))})
		}
	}
	return kept
}
