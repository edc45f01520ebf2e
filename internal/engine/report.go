package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/logs"
	"thidua.dev/thidua/internal/plan"
	"thidua.dev/thidua/internal/store/db"
)

// Report is what a unit sends: an outline and figures, or for a registration
// the hard tasks it sets itself.
type Report struct {
	Sections  map[v1.SectionName]string `json:"sections,omitempty"`
	Figures   map[v1.Name]string        `json:"figures,omitempty"`
	HardTasks []string                  `json:"hardTasks,omitempty"`
	// Files that go with it: a scan, evidence. Their bytes are kept first.
	Files []File `json:"files,omitempty"`
}

// File is a file that is kept outside the database under its hash.
type File struct {
	Name      string `json:"name"` // as its sender called it
	SHA256    string `json:"sha256"`
	Size      int64  `json:"size"` // bytes
	MediaType string `json:"mediaType"`
}

// Receipt is what the sender is told.
type Receipt struct {
	Unit       string    `json:"unit"`
	Round      string    `json:"round"`
	Version    int       `json:"version"`
	ReceivedAt time.Time `json:"receivedAt"`
	// Digest of what was sent: the audit seals it, and the report can be held to it. An
	// approval sends nothing and has none.
	Digest string `json:"digest,omitempty"`
	// Settled is false while the unit's leader has the next move.
	Settled bool `json:"settled"`
	OnTime  bool `json:"onTime"`
}

// Digest of a report's content: the same sections, tasks and figures give the same
// one, however the figures are written (97.5, 97.50). It fails on a figure that is no
// plain number.
func (r Report) Digest() (string, error) {
	c := Report{Sections: r.Sections, Figures: make(map[v1.Name]string, len(r.Figures)), HardTasks: r.HardTasks, Files: r.Files}
	for name, text := range r.Figures {
		if !plainNumber.MatchString(text) {
			return "", fmt.Errorf("figure %s: %.40q is not a number", name, text)
		}
		c.Figures[name] = decimal.RequireFromString(text).String()
	}
	b, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// Submit takes a report, whole or not at all. It counts from now, which is read
// when its body has arrived; where the unit's leader approves, it counts from
// the approval.
func (e *Engine) Submit(ctx context.Context, act Act, campaign, round, unit string, report Report) (receipt Receipt, err error) {
	ctx = logs.Campaign(ctx, campaign, round)
	began := time.Now()
	defer func() { e.intake(string(auth.Submit), err, time.Since(began)) }()
	receipt, err = e.submit(ctx, act, campaign, round, unit, report, false)
	if errors.Is(err, errOvertaken) {
		receipt, err = e.submit(ctx, act, campaign, round, unit, report, true)
	}
	return receipt, err
}

func (e *Engine) submit(ctx context.Context, act Act, campaign, round, unit string, report Report, lock bool) (receipt Receipt, err error) {
	var in intake
	err = e.inAfter(ctx, in.first(ctx, act, campaign, round, unit, lock), func(t *tx) error {
		done, err := t.judge(ctx, act, &in, campaign, round, unit)
		if err != nil {
			return err
		}
		if done != nil {
			return json.Unmarshal(done.Detail, &receipt)
		}
		if err := in.asked.check(report); err != nil {
			return err
		}
		receipt = Receipt{Unit: unit, Round: round, ReceivedAt: t.now, Version: int(in.facts.Version)}
		if receipt.Digest, err = report.Digest(); err != nil {
			return err
		}
		if in.asked.round.Approval != string(v1.ApprovalUnitLeader) {
			receipt.Settled, receipt.OnTime = true, in.owed.DueAt == nil || !t.now.After(*in.owed.DueAt)
		}
		return t.takeReport(ctx, act, &in, report, receipt)
	})
	return receipt, err
}

// Approve is the leader's word: the newest version that was handed up counts.
func (e *Engine) Approve(ctx context.Context, act Act, campaign, round, unit string) (receipt Receipt, err error) {
	ctx = logs.Campaign(ctx, campaign, round)
	began := time.Now()
	defer func() { e.intake(string(auth.Approve), err, time.Since(began)) }()
	err = e.in(ctx, func(t *tx) error {
		_, _, o, done, err := t.lockForIntake(ctx, act, auth.Approve, campaign, round, unit)
		if err != nil {
			return err
		}
		if done != nil {
			return json.Unmarshal(done.Detail, &receipt)
		}
		receipt = Receipt{Unit: unit, Round: round, ReceivedAt: t.now}
		newest, err := t.NewestReport(ctx, o.ID)
		if errors.Is(err, pgx.ErrNoRows) {
			return refuse("NothingHandedUp", "unit %s has not handed up a report for round %s: submit it first", unit, round)
		}
		if err != nil {
			return err
		}
		if newest.State != "HandedUp" {
			return refuse("NothingHandedUp", "unit %s has no report for round %s that waits for approval", unit, round)
		}
		receipt.Version = int(newest.Version)
		if err := t.ApproveReport(ctx, t.now, newest.ID); err != nil {
			return err
		}
		if err := t.settle(ctx, o, &receipt); err != nil {
			return err
		}
		return t.audit(ctx, act, auth.Approve, obligationName(o), receipt.judgedBy(o))
	})
	return receipt, err
}

// lockForIntake locks what a unit owes; everything that the act is judged by is
// read after that. A request that was carried out before returns its record.
func (t *tx) lockForIntake(ctx context.Context, act Act, verb auth.Verb, campaign, round, unit string) (c db.Campaign, r db.Round, o db.Obligation, done *db.Audit, err error) {
	fail := func(err error) (db.Campaign, db.Round, db.Obligation, *db.Audit, error) { return c, r, o, nil, err }
	c, err = t.CampaignByName(ctx, campaign)
	if errors.Is(err, pgx.ErrNoRows) {
		return fail(t.unknownCampaign(ctx, campaign))
	}
	if err != nil {
		return fail(err)
	}
	if err := t.demand(ctx, act.Actor, verb, auth.Object{Campaign: campaign, Office: c.Office, Unit: unit}, "a report of unit "+unit); err != nil {
		return fail(err)
	}
	o, err = t.ObligationForUpdate(ctx, db.ObligationForUpdateParams{CampaignID: c.ID, Subject: round, Owner: unit})
	owes := !errors.Is(err, pgx.ErrNoRows)
	if owes && err != nil {
		return fail(err)
	}
	r, err = t.RoundByName(ctx, c.ID, round)
	if errors.Is(err, pgx.ErrNoRows) {
		return fail(t.unknownRound(ctx, c, round))
	}
	if err != nil {
		return fail(err)
	}
	if !owes {
		return fail(t.noObligation(ctx, c, r, unit))
	}
	if done, err = t.repeated(ctx, act, verb, obligationName(o)); done != nil || err != nil {
		return c, r, o, done, err
	}
	if err := t.stillOwed(c, r, o); err != nil {
		return fail(err)
	}
	return c, r, o, nil, nil
}

// stillOwed refuses a report that nobody waits for any more: it was received, the campaign
// was cancelled, or the round has closed.
func (t *tx) stillOwed(c db.Campaign, r db.Round, o db.Obligation) error {
	switch {
	case o.State == "Settled":
		return refuse("AlreadyReceived", "the report of unit %s for round %s was received on %s; a correction is asked of the office", o.Owner, r.Name, local(*o.ReceivedAt, c.TimeZone))
	case o.State == "Cancelled":
		return refuse("Cancelled", "campaign %s was cancelled: nothing is owed any more", c.Name)
	case o.State != "Owing" || t.now.After(r.ClosesAt):
		return refuse("RoundClosed", "round %s was closed on %s: ask the office to reopen it for unit %s", r.Name, local(closedFor(o, r), c.TimeZone), o.Owner)
	}
	return nil
}

// closedFor is when a round closes for one obligation: a round that runs again for one
// unit stays closed for those who had lapsed.
func closedFor(o db.Obligation, r db.Round) time.Time {
	if o.LapsedAt != nil {
		return *o.LapsedAt
	}
	return r.ClosesAt
}

func obligationName(o db.Obligation) string { return fmt.Sprintf("Obligation/%d", o.ID) }

func (t *tx) noObligation(ctx context.Context, c db.Campaign, r db.Round, unit string) error {
	switch {
	case c.State == "Declared":
		return refuse("NotLaunched", "campaign %s is not launched yet", c.Name)
	case r.State == "Planned":
		return refuse("NotOpen", "round %s opens on %s", r.Name, local(r.OpensAt, c.TimeZone))
	}
	if _, err := t.participant(ctx, c, unit); err != nil {
		return err
	}
	return refuse("NotOpen", "round %s is being opened: try again in a moment", r.Name)
}

func (t *tx) participant(ctx context.Context, c db.Campaign, unit string) (db.Participant, error) {
	p, err := t.ParticipantOf(ctx, c.ID, unit)
	if errors.Is(err, pgx.ErrNoRows) {
		return p, refuse("NotParticipant", "unit %s takes no part in campaign %s", unit, c.Name)
	}
	return p, err
}

// keepReport writes the next version of what a unit owes.
func (t *tx) keepReport(ctx context.Context, p db.InsertReportParams, report Report) (version int, err error) {
	if p.Sections, err = json.Marshal(orEmpty(report.Sections)); err != nil {
		return 0, err
	}
	tasks := report.HardTasks
	if tasks == nil {
		tasks = []string{}
	}
	if p.HardTasks, err = json.Marshal(tasks); err != nil {
		return 0, err
	}
	row, err := t.InsertReport(ctx, p)
	if err != nil {
		return 0, err
	}
	if len(report.Figures) > 0 {
		f := db.InsertFiguresParams{ReportID: row.ID}
		for _, name := range slices.Sorted(maps.Keys(report.Figures)) {
			f.Indicators, f.Values = append(f.Indicators, string(name)), append(f.Values, report.Figures[name])
		}
		if err := t.InsertFigures(ctx, f); err != nil {
			return 0, err
		}
	}
	return int(row.Version), t.keepFiles(ctx, row.ID, report)
}

func (t *tx) keepFiles(ctx context.Context, id int64, report Report) error {
	if len(report.Files) == 0 {
		return nil
	}
	f := db.InsertFilesParams{ReportID: id}
	for i, file := range report.Files {
		f.Positions, f.Names, f.Hashes = append(f.Positions, int32(i)), append(f.Names, file.Name), append(f.Hashes, file.SHA256)
		f.Sizes, f.MediaTypes = append(f.Sizes, file.Size), append(f.MediaTypes, file.MediaType)
	}
	return t.InsertFiles(ctx, f)
}

func (t *tx) settle(ctx context.Context, o db.Obligation, receipt *Receipt) error {
	n, err := t.Settle(ctx, db.SettleParams{ID: o.ID, ReceivedAt: t.now, Now: t.now})
	if err != nil {
		return err
	}
	if n == 0 {
		return &Conflict{Text: "the round was closed meanwhile"}
	}
	receipt.Settled, receipt.OnTime = true, o.DueAt == nil || !t.now.After(*o.DueAt)
	return t.silence(ctx, o.ID)
}

// silence takes back what was about to be said about a report that has come.
func (t *tx) silence(ctx context.Context, obligation int64) error {
	if err := t.supersede(ctx, "Settled", obligation); err != nil {
		return err
	}
	return t.WithdrawLetters(ctx, obligation)
}

// asked is what one unit is to send in a round.
type asked struct {
	round       db.Round
	unit        db.Participant
	sections    []v1.Section
	indicators  []v1.Indicator // that apply to the unit
	mostTasks   int            // of a registration
	withoutText bool           // a document carries the outline
}

// asked reads the outline and the indicators: of the series, or of the request.
func (t *tx) asked(ctx context.Context, c db.Campaign, r db.Round, unit string) (asked, error) {
	a := asked{round: r}
	var err error
	if a.unit, err = t.participant(ctx, c, unit); err != nil {
		return a, err
	}
	if r.Series == plan.RequestSeries {
		q, err := t.RequestOf(ctx, r.ID)
		if err != nil {
			return a, err
		}
		return a, json.Unmarshal(q.Sections, &a.sections)
	}
	spec, err := t.campaignSpec(ctx, c.Name)
	if err != nil {
		return a, err
	}
	return a.read(spec), nil
}

// read what the spec asks of the unit in the round.
func (a asked) read(spec *v1.CampaignSpec) asked {
	if a.round.Kind == "Registration" {
		if spec.Registration != nil && spec.Registration.HardTasks != nil {
			a.mostTasks = int(spec.Registration.HardTasks.Max)
		}
		return a
	}
	for _, s := range spec.Reporting {
		if string(s.Name) == a.round.Series {
			a.sections = s.Sections
		}
	}
	for _, ind := range spec.Indicators {
		if ind.AppliesTo == nil || slices.Contains(ind.AppliesTo.Kinds, v1.UnitKind(a.unit.Kind)) {
			a.indicators = append(a.indicators, ind)
		}
	}
	return a
}

// check holds a report to what is asked. Every problem is named.
func (a asked) check(report Report) error {
	var problems []string
	if a.round.Kind == "Registration" {
		if len(report.HardTasks) > a.mostTasks {
			problems = append(problems, fmt.Sprintf("%d hard tasks, at most %d are registered", len(report.HardTasks), a.mostTasks))
		}
		if len(report.Figures) > 0 || len(report.Sections) > 0 {
			problems = append(problems, "a registration has no sections and no figures")
		}
	} else {
		problems = append(problems, a.checkSections(report.Sections)...)
		problems = append(problems, a.checkFigures(report.Figures)...)
	}
	if len(problems) > 0 {
		return refuse("InvalidReport", "report of unit %s for round %s: %s", a.unit.Unit, a.round.Name, strings.Join(problems, "; "))
	}
	return checkFiles(report.Files)
}

// mostFiles go with one report; what is more goes into one archive.
const mostFiles = 20

var sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)

func checkFiles(files []File) error {
	if len(files) > mostFiles {
		return refuse("InvalidFile", "%d files; at most %d go with a report", len(files), mostFiles)
	}
	for _, f := range files {
		if err := CheckFileName(f.Name); err != nil {
			return err
		}
		if !sha256Hex.MatchString(f.SHA256) || f.Size < 0 {
			return refuse("InvalidFile", "file %s: is not kept yet; send its bytes first", f.Name)
		}
	}
	return nil
}

func (a asked) checkSections(given map[v1.SectionName]string) (problems []string) {
	known := map[v1.SectionName]bool{}
	for _, section := range a.sections {
		known[section.Name] = true
		if section.Required && !a.withoutText && strings.TrimSpace(given[section.Name]) == "" {
			problems = append(problems, fmt.Sprintf("section %s is missing: it is required", section.Name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !known[name] {
			problems = append(problems, fmt.Sprintf("section %s is not in the outline (%s)", name, joined(known)))
		}
	}
	return problems
}

func (a asked) checkFigures(given map[v1.Name]string) (problems []string) {
	applying := map[v1.Name]bool{}
	for _, ind := range a.indicators {
		applying[ind.Name] = true
		text, ok := given[ind.Name]
		if !ok {
			problems = append(problems, fmt.Sprintf("figure %s is missing", ind.Name))
			continue
		}
		if !plainNumber.MatchString(text) {
			problems = append(problems, fmt.Sprintf("figure %s: %.40q is not a number such as 97.5", ind.Name, text))
			continue
		}
		value := decimal.RequireFromString(text)
		low, high := bounds(ind)
		if low != nil && value.LessThan(*low) || high != nil && value.GreaterThan(*high) {
			problems = append(problems, fmt.Sprintf("figure %s: %s is out of range, expected %s", ind.Name, text, rangeText(low, high)))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !applying[name] {
			problems = append(problems, fmt.Sprintf("figure %s is not asked of this unit (%s)", name, joined(applying)))
		}
	}
	return problems
}

// plainNumber is what a Decimal is in the kinds: 1e999999999 is a number too, but
// comparing it would take all memory.
var plainNumber = regexp.MustCompile(`^-?(0|[1-9]\d{0,14})(\.\d{1,6})?$`)

// bounds of an indicator: as declared; a percentage is 0 to 100.
func bounds(ind v1.Indicator) (low, high *decimal.Decimal) {
	parse := func(d v1.Decimal) *decimal.Decimal {
		v, err := decimal.NewFromString(string(d))
		if err != nil {
			return nil
		}
		return &v
	}
	low, high = parse(ind.Min), parse(ind.Max)
	if ind.Unit == "percent" {
		if low == nil {
			low = parse("0")
		}
		if high == nil {
			high = parse("100")
		}
	}
	return low, high
}

func rangeText(low, high *decimal.Decimal) string {
	switch {
	case low == nil:
		return "at most " + high.String()
	case high == nil:
		return "at least " + low.String()
	}
	return low.String() + " to " + high.String()
}

func joined[K ~string](set map[K]bool) string {
	names := []string{}
	for _, k := range slices.Sorted(maps.Keys(set)) {
		names = append(names, string(k))
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func orEmpty[K comparable, V any](m map[K]V) map[K]V {
	if m == nil {
		return map[K]V{}
	}
	return m
}
