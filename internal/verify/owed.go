package verify

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"thidua.dev/thidua/internal/audit"
	"thidua.dev/thidua/internal/engine"
)

// What was owed is held to the acts by letting them happen again, in their order: what
// an obligation must be now follows from those that were about it. Of acts that an older
// version wrote some say less, and then less is held to them; nothing is guessed.

// roundKey names a round.
type roundKey struct{ campaign, round string }

// course of one obligation, as the acts tell it.
type course struct {
	owed     Owed
	touched  bool       // some act was about it
	state    string     // that it must be in
	dueKnown bool       // due is what it must be; an act that moves many may not say where to
	due      *time.Time //
	received time.Time
	onTime   *bool // as the last receipt says
	act      int64 // the last one that was about it
}

// standing of one round, as the acts tell it.
type standing struct {
	opened  *engine.Opened
	closed  *engine.Closed // how it stands since its last close; nil while it is open
	onAct   bool           // its closes leave acts
	closing int64          // the act that says closed
}

// versionKey names a version of what one obligation was answered with.
type versionKey struct {
	obligation int64
	version    int
}

// fate of a version.
type fate struct {
	state, reason string
	approvedAt    *time.Time
}

// history lets acts happen again.
type history struct {
	byID     map[string]*course // by what the acts call it
	byUnit   map[receiptKey]*course
	inRound  map[roundKey][]*course
	rounds   map[roundKey]*standing
	versions map[versionKey]fate
	found    func(code string, id int64, format string, args ...any)
}

func (b *Bundle) history(found func(string, int64, string, ...any)) *history {
	h := &history{
		byID: map[string]*course{}, byUnit: map[receiptKey]*course{}, inRound: map[roundKey][]*course{},
		rounds: map[roundKey]*standing{}, versions: map[versionKey]fate{}, found: found,
	}
	for _, o := range b.Owed {
		c := &course{owed: o, state: "Owing"}
		h.byID[fmt.Sprintf("Obligation/%d", o.Obligation)] = c
		if o.Kind != "Consolidation" {
			h.byUnit[receiptKey{object: "Campaign/" + o.Campaign, unit: o.Unit, round: o.Round}] = c
		}
		k := roundKey{o.Campaign, o.Round}
		h.inRound[k] = append(h.inRound[k], c)
	}
	for _, r := range b.rows() {
		if err := h.happen(r); err != nil {
			found("RowUnreadable", r.ID, "audit row %d: %v", r.ID, err)
		}
	}
	return h
}

// rows are all acts, in the order in which those about one thing happened: each held
// its lock when it took its number.
func (b *Bundle) rows() (rows []audit.Row) {
	for _, s := range b.Seals {
		for _, l := range s.Leaves {
			if l.Row != nil {
				rows = append(rows, *l.Row)
			}
		}
	}
	rows = append(rows, b.Unsealed...)
	slices.SortStableFunc(rows, func(a, b audit.Row) int { return cmp.Compare(a.ID, b.ID) })
	return rows
}

// told is what acts say of what is owed, whichever they are.
type told struct {
	engine.Receipt
	DueAt     *time.Time     `json:"dueAt"`
	To        *time.Time     `json:"to"`
	Closed    *engine.Closed `json:"closed"`
	Deadlines string         `json:"deadlines"`
}

func (h *history) happen(r audit.Row) error {
	campaign, ofCampaign := strings.CutPrefix(r.Object, "Campaign/")
	switch r.Verb {
	case "open", "close":
		return h.turn(r)
	case "follow":
		var f engine.Followed
		if err := json.Unmarshal([]byte(r.Detail), &f); err != nil {
			return err
		}
		if f.Units > 0 {
			h.move(campaign)
		}
		return nil
	case "submit", "approve", "record", "consolidate", "return", "reopen", "extend", "resume", "cancel":
	default:
		return nil
	}
	var d told
	if err := json.Unmarshal([]byte(r.Detail), &d); err != nil {
		return err
	}
	c := h.byID[r.Object]
	if ofCampaign {
		c = h.byUnit[receiptKey{object: r.Object, unit: d.Unit, round: d.Round}]
	}
	switch r.Verb {
	case "extend":
		h.extend(roundKey{campaign, d.Round}, d.Unit, d.To, r.ID)
	case "resume":
		if d.Deadlines == string(engine.Shift) {
			h.move(campaign)
		}
	case "cancel":
		h.owing(campaign, func(c *course) { c.state, c.act = "Cancelled", r.ID })
	case "return", "reopen":
		h.oweAgain(c, r, d)
	default:
		h.take(c, r, d)
	}
	if s := h.rounds[roundKey{campaign, d.Round}]; s != nil && d.Closed != nil {
		s.closed, s.closing = d.Closed, r.ID
	}
	return nil
}

// owing does something to all that a campaign is owed.
func (h *history) owing(campaign string, do func(*course)) {
	for k, all := range h.inRound {
		for _, c := range all {
			if k.campaign == campaign && c.state == "Owing" {
				do(c)
			}
		}
	}
}

// move is what a shift or a changed calendar does: it doesn't say where to.
func (h *history) move(campaign string) {
	h.owing(campaign, func(c *course) { c.touched, c.dueKnown = true, false })
}

// turn is the opening or the close of a round.
func (h *history) turn(r audit.Row) error {
	campaign, round, _ := strings.Cut(strings.TrimPrefix(r.Object, "Round/"), "/")
	k := roundKey{campaign, round}
	s := h.rounds[k]
	if s == nil {
		s = &standing{}
		h.rounds[k] = s
	}
	s.onAct = true
	if r.Verb == "close" {
		s.closed, s.closing = new(engine.Closed), r.ID
		for _, c := range h.inRound[k] {
			if c.state == "Owing" {
				c.state, c.act = "Lapsed", r.ID
			}
		}
		return json.Unmarshal([]byte(r.Detail), s.closed)
	}
	s.opened = &engine.Opened{}
	if err := json.Unmarshal([]byte(r.Detail), s.opened); err != nil {
		return err
	}
	for _, c := range h.inRound[k] {
		if c.touched {
			continue // open already, when an older version opened it
		}
		c.touched, c.dueKnown, c.due, c.act = true, true, s.opened.ConsolidationDue, r.ID
		if c.owed.Kind != "Consolidation" {
			c.due = dueIn(s.opened.Due, c.owed.Calendar)
		}
	}
	return nil
}

// dueIn a calendar, or on the latest day where the round has none in it.
func dueIn(due map[string]time.Time, calendar string) *time.Time {
	at, ok := due[calendar]
	for _, other := range due {
		if !ok && other.After(at) {
			at = other
		}
	}
	if at.IsZero() {
		return nil
	}
	return &at
}

func (h *history) extend(k roundKey, unit string, to *time.Time, act int64) {
	for _, c := range h.inRound[k] {
		if c.state != "Owing" || unit != "" && c.owed.Unit != unit {
			continue
		}
		c.touched = true
		switch {
		case to == nil:
			c.dueKnown = false
		case unit == "" && !c.dueKnown:
			// Moved, unless it was due later already.
		case c.dueKnown && (c.due == nil || !c.due.Before(*to)):
			// Later already.
		case c.owed.Kind == "Consolidation" && !c.dueKnown:
		default:
			c.dueKnown, c.due, c.act = true, to, act
		}
	}
}

func (h *history) oweAgain(c *course, r audit.Row, d told) {
	campaign, _ := strings.CutPrefix(r.Object, "Campaign/")
	if c != nil && r.Verb == "return" {
		k := versionKey{c.owed.Obligation, d.Version}
		f := h.versions[k]
		f.state, f.reason = "Returned", r.Reason
		h.versions[k] = f
	}
	if d.To == nil {
		return // handed back to the focal point: it was not received
	}
	if c != nil {
		c.touched, c.state, c.dueKnown, c.due, c.onTime, c.act = true, "Owing", true, d.To, nil, r.ID
	}
	if s := h.rounds[roundKey{campaign, d.Round}]; s != nil {
		s.closed = nil
	}
}

// take is a report that comes, is approved or is recorded.
func (h *history) take(c *course, r audit.Row, d told) {
	if c == nil {
		return
	}
	f := fate{state: "HandedUp"}
	if d.Settled {
		f.state, f.approvedAt = "Received", &d.ReceivedAt
	}
	h.versions[versionKey{c.owed.Obligation, d.Version}] = f
	if !d.Settled {
		return
	}
	if d.DueAt != nil {
		if c.dueKnown && !sameInstant(c.due, d.DueAt) {
			h.found("DeadlineMoved", r.ID, "%s: judged by the deadline %s (audit row %d), and by the acts before it was %s", c.owed.name(), utc(d.DueAt), r.ID, utc(c.due))
		}
		c.dueKnown, c.due = true, d.DueAt
	}
	c.touched, c.state, c.received, c.onTime, c.act = true, "Settled", d.ReceivedAt, &d.OnTime, r.ID
	if r.Verb == "consolidate" && !d.OnTime {
		c.onTime = nil // after the round's close it is late, whatever its own deadline
	}
}

// sameInstant, to the microsecond that the database keeps.
func sameInstant(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Sub(*b).Abs() <= time.Microsecond
}

func utc(t *time.Time) string {
	if t == nil {
		return "none"
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func (o Owed) name() string {
	if o.Kind == "Consolidation" {
		return fmt.Sprintf("consolidation by %s for %s of %s", o.Unit, o.Round, o.Campaign)
	}
	return fmt.Sprintf("%s for %s of %s", o.Unit, o.Round, o.Campaign)
}

// checkOwed holds what is owed to what the acts made of it.
func (b *Bundle) checkOwed(h *history) {
	for _, o := range b.Owed {
		c := h.byID[fmt.Sprintf("Obligation/%d", o.Obligation)]
		s := h.rounds[roundKey{o.Campaign, o.Round}]
		older := s == nil || !s.onAct // its close left no act
		switch {
		case o.State == "Settled" && (c.state != "Settled" || o.ReceivedAt == nil || !sameInstant(o.ReceivedAt, &c.received)):
			h.found("InstantMoved", c.act, "%s counts as received at %s, and no act says so", o.name(), utc(o.ReceivedAt))
		case o.State != c.state && c.state == "Settled":
			h.found("NotCounted", c.act, "%s was received at %s (audit row %d) and is %s", o.name(), utc(&c.received), c.act, o.State)
		case o.State != c.state && (!older || c.state != "Owing" || o.State != "Lapsed"):
			h.found("StateAltered", c.act, "%s is %s; by the acts it is %s", o.name(), o.State, c.state)
		case o.State != "Settled" && o.ReceivedAt != nil:
			h.found("InstantMoved", c.act, "%s is %s, and was received at %s", o.name(), o.State, utc(o.ReceivedAt))
		}
		switch {
		case c.dueKnown && !sameInstant(o.DueAt, c.due):
			h.found("DeadlineMoved", c.act, "%s is due at %s; by the acts at %s (audit row %d)", o.name(), utc(o.DueAt), utc(c.due), c.act)
		case !c.dueKnown && c.onTime != nil && o.State == "Settled" && o.ReceivedAt != nil && (o.DueAt == nil || !o.ReceivedAt.After(*o.DueAt)) != *c.onTime:
			h.found("DeadlineMoved", c.act, "%s came at %s and is due at %s; its receipt says in time: %t (audit row %d)", o.name(), utc(o.ReceivedAt), utc(o.DueAt), *c.onTime, c.act)
		}
	}
}

// checkRounds holds rounds to their obligations, and both to what the acts say of them.
func (b *Bundle) checkRounds(h *history) {
	seen := map[roundKey]bool{}
	for _, r := range b.Rounds {
		k := roundKey{r.Campaign, r.Round}
		seen[k] = true
		all, s := h.inRound[k], h.rounds[k]
		if s == nil {
			s = &standing{}
		}
		name := fmt.Sprintf("round %s of %s", r.Round, r.Campaign)
		b.checkOpened(h, name, s, all)
		counted := countOwed(all)
		if r.State == "Closed" && (deref(r.Expected) != counted.Expected || deref(r.OnTime) != counted.OnTime || deref(r.Late) != counted.Late || deref(r.Missing) != counted.Missing) {
			h.found("CountsAltered", s.closing, "%s says %d expected, %d in time, %d late, %d missing; its reports say %d, %d, %d, %d", name,
				deref(r.Expected), deref(r.OnTime), deref(r.Late), deref(r.Missing), counted.Expected, counted.OnTime, counted.Late, counted.Missing)
		}
		switch want := s.closed; {
		case !s.onAct:
		case (r.State == "Closed") != (want != nil):
			h.found("RoundAltered", s.closing, "%s is %s, and its acts say otherwise", name, r.State)
		case want == nil:
		case !sameInstant(r.ClosedAt, &want.ClosedAt) || !sameInstant(&r.ClosesAt, &want.ClosesAt):
			h.found("RoundAltered", s.closing, "%s was closed at %s, and was to close at %s (audit row %d); it says %s and %s", name,
				utc(&want.ClosedAt), utc(&want.ClosesAt), s.closing, utc(r.ClosedAt), utc(&r.ClosesAt))
		case want.Digest != digestOwed(all):
			h.found("RoundAltered", s.closing, "%s: who owed by when, and what came when, is not what it was at the close: %d expected, %d in time, %d late, %d missing (audit row %d)", name,
				want.Expected, want.OnTime, want.Late, want.Missing, s.closing)
		}
	}
	for k, s := range h.rounds {
		if !seen[k] {
			h.found("RoundAltered", s.closing, "round %s of %s was opened and is gone", k.round, k.campaign)
		}
	}
}

func (b *Bundle) checkOpened(h *history, name string, s *standing, all []*course) {
	if s.opened == nil {
		return
	}
	units, bodies := 0, 0
	for _, c := range all {
		if c.owed.Kind == "Consolidation" {
			bodies++
		} else {
			units++
		}
	}
	if units != s.opened.Units || bodies != s.opened.Bodies {
		h.found("RoundAltered", s.closing, "%s was opened for %d units and %d who put reports together; there are %d and %d", name, s.opened.Units, s.opened.Bodies, units, bodies)
	}
}

func deref(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

// countOwed counts as the engine does when a round is closed.
func countOwed(all []*course) (n engine.Closed) {
	for _, c := range all {
		o := c.owed
		if o.Kind == "Consolidation" {
			continue
		}
		n.Expected++
		switch {
		case o.State == "Lapsed":
			n.Missing++
		case o.State != "Settled" || o.ReceivedAt == nil || o.DueAt == nil:
		case o.ReceivedAt.After(*o.DueAt):
			n.Late++
		default:
			n.OnTime++
		}
	}
	return n
}

// digestOwed is the engine's digest of a closed round (DigestOfRound).
func digestOwed(all []*course) string {
	lines := make([]string, 0, len(all))
	owed := make([]Owed, 0, len(all))
	for _, c := range all {
		if c.owed.Kind != "Consolidation" {
			owed = append(owed, c.owed)
		}
	}
	slices.SortFunc(owed, func(a, b Owed) int { return strings.Compare(a.Unit, b.Unit) })
	for _, o := range owed {
		lines = append(lines, strings.Join([]string{o.Kind, o.Unit, o.State, micros(o.DueAt), micros(o.ReceivedAt)}, "\t"))
	}
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return "sha256:" + hex.EncodeToString(sum[:])
}

func micros(t *time.Time) string {
	if t == nil {
		return ""
	}
	return strconv.FormatInt(t.UnixMicro(), 10)
}

// checkVersions holds what became of each version of a report to the acts.
func (b *Bundle) checkVersions(h *history) {
	for _, r := range b.Reports {
		f, ok := h.versions[versionKey{r.Obligation, r.Version}]
		if !ok {
			continue // no act took it in, which is found elsewhere
		}
		if r.State != f.state || r.ReturnReason != f.reason {
			h.found("FateAltered", 0, "%s is %s %q; by the acts %s %q", r.name(), r.State, r.ReturnReason, f.state, f.reason)
		}
		if !sameInstant(r.ApprovedAt, f.approvedAt) {
			h.found("InstantMoved", 0, "%s counts from %s; by the acts from %s", r.name(), utc(r.ApprovedAt), utc(f.approvedAt))
		}
	}
}

func (r Report) name() string {
	return fmt.Sprintf("report of %s for %s of %s, version %d", r.Unit, r.Round, r.Campaign, r.Version)
}

// checkDecisions holds the recorded decisions to the acts that recorded them.
func (b *Bundle) checkDecisions(found func(string, int64, string, ...any)) {
	type decided struct {
		row      audit.Row
		Number   string  `json:"number"`
		Dated    string  `json:"dated"`
		SignedBy *string `json:"signedBy"` // older acts don't say
	}
	acts := map[string]decided{}
	for _, r := range b.rows() {
		if r.Verb != "decide" {
			continue
		}
		d := decided{row: r}
		if err := json.Unmarshal([]byte(r.Detail), &d); err != nil {
			found("RowUnreadable", r.ID, "audit row %d: %v", r.ID, err)
			continue
		}
		acts[strings.TrimPrefix(r.Object, "Campaign/")] = d
	}
	for _, d := range b.Decisions {
		a, ok := acts[d.Campaign]
		delete(acts, d.Campaign)
		switch {
		case !ok:
			found("DecisionWithoutAct", 0, "decision %s of %s: no act recorded it", d.Number, d.Campaign)
		case d.Number != a.Number || d.Dated != a.Dated || a.SignedBy != nil && d.SignedBy != *a.SignedBy || !sameInstant(&d.RecordedAt, &a.row.At):
			found("DecisionAltered", a.row.ID, "decision of %s is %s of %s, signed by %q; recorded was %s of %s (audit row %d)", d.Campaign, d.Number, d.Dated, d.SignedBy, a.Number, a.Dated, a.row.ID)
		}
	}
	for campaign, a := range acts {
		found("DecisionRemoved", a.row.ID, "decision %s of %s was recorded (audit row %d) and is gone", a.Number, campaign, a.row.ID)
	}
}
