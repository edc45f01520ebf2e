package pages

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/notify"
	"thidua.dev/thidua/internal/notify/texts"
	"thidua.dev/thidua/internal/plan"
)

// Report is all that a rehearsal found, for one file that people can pass on.
type Report struct {
	Title string
	// Language is vi or en; empty is vi.
	Language string
	Story    []string
	Plan     *plan.Plan
	Board    look.Board
	// Ranking is the final one, whole; nil shows the board's.
	Ranking *look.Ranking
	Mails   []notify.Mail
	Letters []string // pages of HTML
}

// StaticReport writes the report as one page that needs no server and loads
// nothing: style inline, letters in sandboxed frames.
func StaticReport(w io.Writer, r Report) error {
	u := ui{lang: texts.Language(cmp.Or(r.Language, string(texts.VI))), static: true}
	style, err := assetFiles.ReadFile("assets/style.css")
	if err != nil {
		return err
	}
	if r.Ranking != nil {
		r.Board.Ranking = r.Ranking
	}
	return reportPage(u, r, string(style)).Render(context.Background(), w)
}

// inline writes the style sheet, which is ours and holds no markup.
func inline(style string) templ.Component {
	return templ.Raw("<style>" + style + "</style>")
}

// mailGroup is the mails of one step of one round.
type mailGroup struct {
	round, step string
	mails       []notify.Mail
	count       int // where only some are kept
}

// groupMails puts mails in order of time and together what went out together.
func groupMails(mails []notify.Mail) []mailGroup {
	sorted := slices.Clone(mails)
	slices.SortStableFunc(sorted, func(a, b notify.Mail) int {
		return cmp.Or(a.Date.Compare(b.Date), cmp.Compare(a.Labels.Round, b.Labels.Round), cmp.Compare(a.Labels.Step, b.Labels.Step),
			cmp.Compare(a.To.Address, b.To.Address))
	})
	var groups []mailGroup
	for _, m := range sorted {
		n := len(groups) - 1
		if n < 0 || groups[n].round != m.Labels.Round || groups[n].step != m.Labels.Step || !groups[n].mails[0].Date.Equal(m.Date) {
			groups = append(groups, mailGroup{round: m.Labels.Round, step: m.Labels.Step})
			n++
		}
		groups[n].mails = append(groups[n].mails, m)
	}
	return groups
}

// roundTitle of a mail's rounds; a list where one mail carries several.
func roundTitle(u ui, b look.Board, names string) string {
	var titles []string
	for name := range strings.SplitSeq(names, ",") {
		title := strings.TrimSpace(name)
		for _, r := range b.Rounds {
			if r.Name == title {
				title = u.text(r.Title)
			}
		}
		titles = append(titles, title)
	}
	return strings.Join(titles, ", ")
}

func stepTitle(u ui, names string) string {
	var titles []string
	for name := range strings.SplitSeq(names, ",") {
		titles = append(titles, u.word("step", strings.TrimSpace(name)))
	}
	return strings.Join(titles, ", ")
}

// eventWords say what the plan has at an instant.
func eventWords(u ui, b look.Board, e plan.Event) string {
	what := u.word("event", string(e.Type))
	if e.Step != "" {
		what = u.word("step", e.Step)
	}
	for _, p := range b.Phases {
		if e.Review != "" && p.Subject == string(e.Review) {
			what = u.text(p.Title)
		}
	}
	if e.Round == "" {
		return capital(what)
	}
	return roundTitle(u, b, e.Round) + ": " + what
}

// calendarLine is an instant of the plan for the units of all calendars that
// meet at it.
type calendarLine struct {
	plan.Event
	calendar string      // named where calendars part
	moved    plan.Reason // why it is not where its rule alone would put it
}

// calendarLines are the plan's events, those of several calendars at one instant
// as one line.
func calendarLines(p *plan.Plan) []calendarLine {
	type key struct {
		round, step string
		kind        plan.EventType
	}
	apart := map[key]map[int64]bool{}
	for _, e := range p.Events {
		k := key{e.Round, e.Step, e.Type}
		if apart[k] == nil {
			apart[k] = map[int64]bool{}
		}
		apart[k][e.At.Unix()] = true
	}
	var lines []calendarLine
	for _, e := range p.Events {
		if n := len(lines) - 1; n >= 0 && e.Round != "" && lines[n].At.Equal(e.At) && lines[n].Type == e.Type && lines[n].Round == e.Round &&
			lines[n].Step == e.Step && lines[n].Reason == e.Reason {
			lines[n].Units += e.Units
			continue
		}
		line := calendarLine{Event: e, moved: e.Why}
		line.moved.Beyond = nil
		if e.Round != "" && len(apart[key{e.Round, e.Step, e.Type}]) > 1 {
			line.calendar = string(e.Calendar)
		}
		lines = append(lines, line)
	}
	return lines
}

// beyond are the calendars that do not reach far enough, each once, in words.
func beyond(u ui, p *plan.Plan) (all []string) {
	for _, e := range p.Events {
		if e.Why.Beyond == nil {
			continue
		}
		if text := (plan.Reason{Beyond: e.Why.Beyond}).Text(string(u.lang)); !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}

// moved counts the lines whose instant depends on days off.
func moved(lines []calendarLine) int64 {
	var n int64
	for _, l := range lines {
		if l.moved.Text(string(texts.VI)) != "" {
			n++
		}
	}
	return n
}
