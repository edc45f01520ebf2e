package verify

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"thidua.dev/thidua/internal/audit"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/score"
)

// rankingKey names a sealed ranking.
type rankingKey struct {
	campaign, review string
	version          int
}

// Ranking computes every sealed ranking again from what it was computed from, and holds
// both to the act that says their hashes, nominations to the lines that they name.
func (b *Bundle) Ranking() (findings []audit.Finding) {
	found := func(code string, id int64, format string, args ...any) {
		findings = append(findings, audit.Finding{Code: code, AuditID: id, Text: fmt.Sprintf(format, args...)})
	}
	acts, since := b.ranked(found)
	lines := map[rankingKey]map[string]score.Line{}
	for _, r := range b.Rankings {
		k := rankingKey{r.Campaign, r.Review, r.Version}
		a, ok := acts[k]
		delete(acts, k)
		switch {
		case ok && (a.Hash != r.Hash || a.InputsHash != r.InputsHash || !sameInstant(&a.row.At, &r.SealedAt)):
			found("RankingAltered", a.row.ID, "%s is not the one that was sealed (audit row %d)", r.name(), a.row.ID)
		case !ok && since != nil && !r.SealedAt.Before(*since):
			found("RankingWithoutAct", 0, "%s: no act sealed it", r.name())
		}
		lines[k] = r.check(b.Format == Format, found)
	}
	for k, a := range acts {
		found("RankingRemoved", a.row.ID, "ranking %s of %s, version %d, was sealed (audit row %d) and is gone", k.review, k.campaign, k.version, a.row.ID)
	}
	for _, n := range b.Nominations {
		n.check(lines[rankingKey{n.Campaign, n.Review, n.Version}], found)
	}
	return findings
}

// ranked is an act of ranking.
type ranked struct {
	row audit.Row
	engine.Ranked
}

// ranked are the acts that sealed rankings, and since when they are on record; an older
// version left none.
func (b *Bundle) ranked(found func(string, int64, string, ...any)) (map[rankingKey]ranked, *time.Time) {
	acts := map[rankingKey]ranked{}
	var since *time.Time
	for _, r := range b.rows() {
		if r.Verb != "rank" {
			continue
		}
		a := ranked{row: r}
		if err := json.Unmarshal([]byte(r.Detail), &a.Ranked); err != nil {
			found("RowUnreadable", r.ID, "audit row %d: %v", r.ID, err)
			continue
		}
		if since == nil || r.At.Before(*since) {
			since = &r.At
		}
		campaign, review, _ := strings.Cut(strings.TrimPrefix(r.Object, "Review/"), "/")
		acts[rankingKey{campaign, review, a.Version}] = a
	}
	return acts, since
}

func (r Ranking) name() string {
	return fmt.Sprintf("ranking %s of %s, version %d", r.Review, r.Campaign, r.Version)
}

// check computes a ranking again; the lines that come of it are nil when it cannot be.
func (r Ranking) check(whole bool, found func(string, int64, string, ...any)) map[string]score.Line {
	hash, err := r.Inputs.Hash()
	if err != nil || hash != r.InputsHash {
		found("InputsAltered", 0, "%s: its inputs are not those that were sealed", r.name())
		return nil
	}
	lines, err := r.Inputs.Compute()
	if err != nil {
		found("NotComputable", 0, "%s: %v", r.name(), err)
		return nil
	}
	if hash, err = score.HashLines(lines); err != nil || hash != r.Hash {
		found("RankingAltered", 0, "%s: computed again it has another hash", r.name())
	}
	byUnit, left := map[string]score.Line{}, map[string]bool{}
	for _, l := range lines {
		byUnit[string(l.Unit)], left[string(l.Unit)] = l, true
	}
	for _, p := range r.Lines {
		want, ok := byUnit[p.Unit]
		delete(left, p.Unit)
		if !ok || !equalDecimal(p.Total, want.Total) || p.Rank != want.Rank {
			found("LineAltered", 0, "%s: %s has %s points and rank %d; computed again %s and rank %d", r.name(), p.Unit, p.Total, p.Rank, want.Total, want.Rank)
			continue
		}
		if whole && !p.same(want) {
			found("LineAltered", 0, "%s: %s has %d late and %d missing of %d, %s points less %s in %s %s; computed again %d and %d of %d, %s less %s in %s %s", r.name(), p.Unit,
				p.Late, p.Missing, p.Expected, p.Base, p.Malus, p.Group, p.Reason, want.Late, want.Missing, want.Expected, want.Base, want.Malus, want.Group, want.Reason)
		}
	}
	for unit := range left {
		found("LineRemoved", 0, "%s: %s was ranked and is gone", r.name(), unit)
	}
	return byUnit
}

// same tells that all of a line is as computed, beside its points and rank.
func (p Place) same(l score.Line) bool {
	axes, err := json.Marshal(p.Axes)
	if err != nil {
		return false
	}
	want, err := json.Marshal(l.Axes)
	if err != nil || string(axes) != string(want) && len(p.Axes)+len(l.Axes) > 0 {
		return false
	}
	return p.Late == l.Late && p.Missing == l.Missing && p.Expected == l.Expected && p.Group == string(l.Group) && p.Reason == string(l.Reason) &&
		equalDecimal(p.Base, l.Base) && equalDecimal(p.Malus, l.Malus)
}

func equalDecimal(text string, want decimal.Decimal) bool {
	got, err := decimal.NewFromString(text)
	return err == nil && len(text) < 100 && got.Equal(want)
}

// check holds a nomination to the line of the ranking that it names, and an award to
// its nomination.
func (n Nomination) check(lines map[string]score.Line, found func(string, int64, string, ...any)) {
	if n.Awarded != "" && (n.Awarded != n.Award || n.AwardedForm != n.Form) {
		found("AwardAltered", 0, "%s of %s is awarded %s (%s) and was nominated for %q (%s)", n.Unit, n.Campaign, n.Awarded, n.AwardedForm, n.Award, n.Form)
	}
	l, ok := lines[n.Unit]
	if lines != nil && n.Award != "" && (!ok || n.Rank != l.Rank || !equalDecimal(n.Total, l.Total)) {
		found("NominationAltered", 0, "%s of %s is nominated with %s points and rank %d; the ranking has %s and %d", n.Unit, n.Campaign, n.Total, n.Rank, l.Total, l.Rank)
	}
}
