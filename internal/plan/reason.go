package plan

import (
	"strings"

	"thidua.dev/thidua/internal/calendar"
)

// Reason says why an instant is not where its rule alone would put it: values
// here, words in the catalogue. The zero Reason means that nothing moved it.
type Reason struct {
	// Rolled is set when a deadline or review fell on a day off.
	Rolled *Rolled
	// Skipped are the holidays that a count of working days passed over.
	Skipped []NamedDays
	// Counted are the make-up days that a count of working days included.
	Counted []NamedDays
	// On is the make-up day on which the instant falls.
	On *NamedDays
	// Beyond is set when the calendar does not cover the days the instant rests on.
	Beyond *Beyond
}

// Rolled is a move from a day off to the next working day.
type Rolled struct {
	From, To calendar.Date
	// Holidays are the names of the holidays passed; the first is "" when From is
	// off by the weekly rhythm only.
	Holidays []string
}

// NamedDays is a run of days of one name. Days that are off or worked anyway may
// lie inside.
type NamedDays struct {
	Name        string
	First, Last calendar.Date
}

// Beyond is a calendar and the days it covers.
type Beyond struct {
	Calendar    string
	From, Until calendar.Date
}

// Text is the reason in words of a language, vi or en; "" for the zero Reason.
func (r Reason) Text(language string) string {
	c := catalogues[language]
	var parts []string
	if r.Rolled != nil {
		parts = append(parts, r.Rolled.text(c))
	}
	if len(r.Skipped) > 0 {
		parts = append(parts, c.text("skipped", "{days}", runs(c, r.Skipped)))
	}
	for _, day := range r.Counted {
		parts = append(parts, c.makeUp("counted", day))
	}
	if r.On != nil {
		parts = append(parts, c.makeUp("makeUp", *r.On))
	}
	if r.Beyond != nil {
		parts = append(parts, c.text("beyond", "{calendar}", r.Beyond.Calendar,
			"{from}", c.date(r.Beyond.From), "{until}", c.date(r.Beyond.Until)))
	}
	return strings.Join(parts, c["join"])
}

func (r *Rolled) text(c catalogue) string {
	causes := make([]string, len(r.Holidays))
	for i, name := range r.Holidays {
		if name == "" {
			causes[i] = c.text("cause.dayOff", "{weekday}", c.weekday(r.From))
		} else {
			causes[i] = c.text("cause.holiday", "{name}", name)
		}
	}
	return c.text("rolled", "{from}", c.date(r.From), "{causes}", strings.Join(causes, c["cause.then"]),
		"{weekday}", c.weekday(r.To), "{to}", c.date(r.To))
}

func runs(c catalogue, days []NamedDays) string {
	words := make([]string, len(days))
	for i, run := range days {
		key := "run.days"
		if run.First == run.Last {
			key = "run.day"
		}
		words[i] = c.text(key, "{name}", run.Name, "{first}", c.date(run.First), "{last}", c.date(run.Last))
	}
	return strings.Join(words, c["run.join"])
}

// rollReason says why from became to; the zero Reason when from was worked, save
// a mention of a make-up day.
func rollReason(cal *calendar.Calendar, from, to calendar.Date) Reason {
	var r Reason
	if from != to {
		r.Rolled = &Rolled{From: from, To: to, Holidays: []string{cal.Name(from)}}
		for d := from.AddDays(1); d.Before(to); d = d.AddDays(1) {
			last := r.Rolled.Holidays[len(r.Rolled.Holidays)-1]
			if name := cal.Name(d); name != "" && name != last {
				r.Rolled.Holidays = append(r.Rolled.Holidays, name)
			}
		}
	}
	r.On = makeUp(cal, to)
	return r
}

// countReason names the exceptions that a count of working days from anchor to
// at met: without them it would have ended elsewhere.
func countReason(cal *calendar.Calendar, anchor, at calendar.Date) Reason {
	first, last := anchor, at
	if at.Before(anchor) {
		first, last = at, anchor
	}
	r := Reason{On: makeUp(cal, at)}
	for d := first.AddDays(1); d.Before(last); d = d.AddDays(1) {
		r.note(cal, d)
	}
	return r
}

// note adds d when it is an exception to the weekly rhythm.
func (r *Reason) note(cal *calendar.Calendar, d calendar.Date) {
	if day := makeUp(cal, d); day != nil {
		r.Counted = append(r.Counted, *day)
		return
	}
	if cal.Working(d) || !cal.Usual(d) {
		return
	}
	if n := len(r.Skipped); n > 0 && r.Skipped[n-1].Name == cal.Name(d) && cal.Next(r.Skipped[n-1].Last).After(d) {
		r.Skipped[n-1].Last = d
		return
	}
	r.Skipped = append(r.Skipped, NamedDays{cal.Name(d), d, d})
}

// makeUp is d when it is worked against the weekly rhythm, else nil.
func makeUp(cal *calendar.Calendar, d calendar.Date) *NamedDays {
	if !cal.Working(d) || cal.Usual(d) {
		return nil
	}
	return &NamedDays{cal.Name(d), d, d}
}
