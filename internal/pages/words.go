package pages

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/shopspring/decimal"

	"thidua.dev/thidua/internal/look"
)

// boardParts are the sections of a campaign's page, in order.
func boardParts(u ui, b look.Board) []part {
	return []part{
		{id: "head", component: headSection(u, b)}, {id: "progress", component: progressSection(u, b)},
		{id: "timeline", component: timelineSection(u, b)}, {id: "rounds", component: roundsSection(u, b)},
		{id: "late", component: lateSection(u, b)}, {id: "next", component: nextSection(u, b)}, {id: "ranking", component: rankingSection(u, b)},
		{id: "honours", component: honoursSection(u, b)}, {id: "delivery", component: deliverySection(u, b)}, {id: "acts", component: actsSection(u, b)},
	}
}

func itoa(n int64) string { return fmt.Sprint(n) }

// summary says in a sentence where each open round stands.
func summary(u ui, b look.Board) []string {
	var lines []string
	for _, r := range b.Rounds {
		if r.State == "Open" {
			lines = append(lines, u.t("head.round", "{round}", u.text(r.Title), "{received}", u.n(r.Received), "{expected}", u.n(r.Expected),
				"{percent}", itoa(r.Completeness), "{due}", u.moment(r.DueAt), "{overdue}", u.n(r.Overdue)))
		}
	}
	return lines
}

func phaseDates(u ui, p look.Phase) string {
	switch {
	case p.From != nil && p.Until != nil:
		return u.t("timeline.span", "{from}", u.date(*p.From), "{until}", u.date(*p.Until))
	case p.From != nil:
		return u.date(*p.From)
	case p.Until != nil:
		return u.t("timeline.until", "{until}", u.date(*p.Until))
	}
	return u.t("timeline.open")
}

// nextWords say what happens: "Báo cáo tháng 10/2021: nhắc sát hạn".
func nextWords(u ui, n look.Next) string {
	what := u.word("event", n.Type)
	if n.Step != "" {
		what = u.word("step", n.Step)
	}
	if title := u.text(n.Title); n.Type == "Review" && title != "" {
		return title
	} else if title != "" {
		return title + ": " + what
	}
	return capital(what)
}

// nextUnits says how many hear of it, where it is the units that it concerns.
func nextUnits(u ui, n look.Next) string {
	switch n.Type {
	case "Step", "Launch", "ReportDue", "RegistrationCloses":
		return u.t("next.units", "{n}", u.n(n.Units))
	case "Reminder":
		return u.t("next.units.most", "{n}", u.n(n.Units))
	}
	return ""
}

type fact struct{ label, value string }

// outboxFacts are the counts that are not zero, and always what was sent.
func outboxFacts(u ui, o look.Outbox) []fact {
	facts := []fact{{capital(u.word("message", "Sent")), u.n(o.Sent)}}
	for _, f := range []struct {
		state string
		count int64
	}{
		{"Pending", o.Pending}, {"Held", o.Held}, {"Claimed", o.Claimed}, {"Parked", o.Parked}, {"Ambiguous", o.Ambiguous},
		{"NotConfigured", o.NotConfigured}, {"Superseded", o.Superseded}, {"Expired", o.Expired},
		{"Cancelled", o.Cancelled},
	} {
		if f.count > 0 {
			facts = append(facts, fact{capital(u.word("message", f.state)), u.n(f.count)})
		}
	}
	return facts
}

func axisTitle(u ui, k look.Ranking, name string) string {
	for _, a := range k.Axes {
		if a.Name == name {
			return u.text(a.Title)
		}
	}
	return name
}

func axisPoints(u ui, a look.AxisPoints) string {
	switch {
	case !a.Measured:
		return u.t("ranking.unmeasured")
	case a.BelowFloor:
		return u.points(a.Points) + " " + u.t("ranking.belowFloor", "{floor}", u.points(a.Floor))
	}
	return u.points(a.Points)
}

// axes are the points of each goal in one line.
func axes(u ui, k look.Ranking, l look.RankingLine) string {
	parts := make([]string, len(l.Axes))
	for i, a := range l.Axes {
		parts[i] = axisTitle(u, k, a.Axis) + ": " + axisPoints(u, a)
	}
	return strings.Join(parts, " · ")
}

// malus is what late and missing reports cost.
func malus(u ui, l look.RankingLine) string {
	if l.Malus.IsZero() {
		return "0"
	}
	return "−" + u.points(l.Malus)
}

func nominationTotal(u ui, n look.Nomination) string {
	d, err := decimal.NewFromString(n.Total)
	if err != nil {
		return n.Total
	}
	return u.points(d)
}

func nominationState(u ui, n look.Nomination) string {
	switch {
	case n.PresentedAt != nil:
		return u.t("honours.handed", "{at}", u.date(*n.PresentedAt))
	case n.Awarded:
		return u.t("honours.awarded")
	}
	return u.t("honours.waiting")
}

func rankWords(u ui, w look.Why) string {
	if w.Rank.Rank == nil {
		return u.t("why.unranked", "{review}", u.text(w.RankedIn), "{why}", u.text(w.Rank.ReasonText))
	}
	return u.t("why.ranked", "{rank}", u.n(*w.Rank.Rank), "{of}", u.n(w.OutOf), "{review}", u.text(w.RankedIn), "{total}", u.points(w.Rank.Total))
}

// obligationLines tell in sentences where something owed stands.
func obligationLines(u ui, o look.Obligation) []string {
	var lines []string
	if o.Kind == "Invitation" {
		return nil
	}
	if o.DueAt != nil {
		due := u.t("why.due", "{at}", u.moment(*o.DueAt))
		if o.MovedFrom != nil {
			due += " " + u.t("why.moved", "{at}", u.moment(*o.MovedFrom))
			if o.MovedWhy != "" {
				due += " " + u.t("why.movedWhy", "{reason}", o.MovedWhy)
			}
		}
		lines = append(lines, due)
	}
	switch {
	case o.ReceivedAt != nil && o.OnTime != nil && *o.OnTime:
		lines = append(lines, u.t("why.onTime", "{at}", u.moment(*o.ReceivedAt)))
	case o.ReceivedAt != nil:
		lines = append(lines, u.t("why.late", "{at}", u.moment(*o.ReceivedAt), "{n}", u.n(o.DaysLate)))
	case o.State == "Owing" && o.DaysLate > 0:
		lines = append(lines, u.t("why.overdue", "{n}", u.n(o.DaysLate), "{who}", u.word("role", o.Holder)))
	case o.State == "Owing":
		lines = append(lines, u.t("why.owing", "{who}", u.word("role", o.Holder)))
	case o.State == "Lapsed":
		lines = append(lines, u.lapsed(o))
	}
	switch {
	case o.NextAt != nil && o.NextState != "ToCome":
		lines = append(lines, u.t("why.nextHeld", "{step}", u.word("step", o.NextStep), "{at}", u.moment(*o.NextAt), "{state}", u.word("next", o.NextState)))
	case o.NextAt != nil:
		lines = append(lines, u.t("why.next", "{step}", u.word("step", o.NextStep), "{at}", u.moment(*o.NextAt)))
	case o.State == "Owing" && o.ClosesAt != nil:
		lines = append(lines, u.t("why.noNext", "{at}", u.moment(*o.ClosesAt)))
	}
	return lines
}

var actorWords = regexp.MustCompile(`^([A-Z][A-Za-z]+)(?: (.*?))??(?: of (\S+))?(?: by (account|token) (\d+)|( by link))?$`)

// actor is who acted, as the audit names them, in the reader's language: the audit has no
// names of people who have an account.
func (u ui) actor(s string) string {
	m := actorWords.FindStringSubmatch(s)
	if m == nil || u.t("role."+m[1]) == "role."+m[1] {
		return s
	}
	text := u.t("role." + m[1])
	if m[3] != "" {
		text += " " + m[3]
	}
	if m[2] != "" {
		text += ", " + m[2]
	}
	switch {
	case m[4] != "":
		text += " (" + u.t("actor."+m[4], "{no}", m[5]) + ")"
	case m[6] != "":
		text += " (" + u.t("actor.link") + ")"
	}
	return text
}

func reportWords(u ui, p look.ReportVersion) string {
	text := u.t("why.version", "{n}", u.n(p.Version), "{at}", u.moment(p.ReceivedAt), "{state}", u.word("report", p.State))
	if p.Source != "System" {
		text = u.t("why.document", "{n}", u.n(p.Version), "{number}", p.DocumentNumber, "{source}", u.word("source", p.Source), "{at}", u.moment(p.ReceivedAt), "{state}", u.word("report", p.State))
	} else if p.ApprovedAt != nil {
		text += ", " + u.t("why.approved", "{at}", u.moment(*p.ApprovedAt))
	}
	if p.ReturnReason != "" {
		text += "; " + u.t("why.returned", "{reason}", p.ReturnReason)
	}
	if len(p.Files) > 0 {
		names := make([]string, len(p.Files))
		for i, f := range p.Files {
			names[i] = f.Name
		}
		text += "; " + u.t("why.files", "{files}", strings.Join(names, ", "))
	}
	return text
}

func recipientWords(u ui, n look.UnitNotice) string {
	role := u.word("role", n.Role)
	if n.Recipient == "" || n.Recipient == n.Unit {
		return role
	}
	name := n.RecipientName
	if name == "" {
		name = n.Recipient
	}
	return role + " (" + name + ")"
}

func messageWords(u ui, m look.UnitMessage) string {
	text := capital(u.t("why.message", "{channel}", u.t("channel."+m.Channel), "{state}", u.word("message", m.State)))
	if m.SentAt != nil {
		text += ", " + u.moment(*m.SentAt)
	}
	if m.Why != "" {
		text += ", " + u.t("acts.reason", "{reason}", m.Why)
	}
	if m.List {
		text += " " + u.t("why.list")
	}
	return text
}

func attemptWords(u ui, a look.Attempt) string {
	outcome := a.Outcome
	if outcome == "" {
		outcome = "Open"
	}
	text := u.t("why.attempt", "{n}", u.n(a.No), "{outcome}", u.word("outcome", outcome), "{at}", u.clockTime(a.StartedAt))
	if response := strings.TrimSpace(a.Response); response != "" {
		text += ": " + response
	}
	return text
}

// orText is s, or other where s is empty.
func orText(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// size of a file in words.
func (u ui) size(bytes int64) string {
	switch {
	case bytes < 1<<10:
		return u.n(bytes) + " B"
	case bytes < 1<<20:
		return u.n(bytes>>10) + " kB"
	}
	return u.typed(fmt.Sprintf("%.1f", float64(bytes)/(1<<20))) + " MB"
}

// lapsed says that nothing came; when the round runs again for others, its close says
// nothing about this one.
func (u ui) lapsed(o look.Obligation) string {
	if o.ClosesAt == nil {
		return u.t("why.lapsed.again")
	}
	return u.t("why.lapsed", "{at}", u.moment(*o.ClosesAt))
}
