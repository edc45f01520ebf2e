package look

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/plan"
	"thidua.dev/thidua/internal/store/db"
)

// Why tells everything that happened between a campaign and one unit, and why.
type Why struct {
	Campaign    Campaign     `json:"campaign"`
	Unit        Participant  `json:"unit"`
	Obligations []Obligation `json:"obligations"`
	// Upcoming are the rounds that have not opened yet.
	Upcoming []Upcoming `json:"upcoming"`
	// Rank is the unit's line in the latest ranking, nil before the first one; of
	// OutOf units that are ranked together.
	Rank  *RankingLine `json:"rank,omitempty"`
	OutOf int64        `json:"outOf,omitempty"`
	// RankPublished tells that units may know it.
	RankPublished bool `json:"rankPublished,omitempty"`
	// RankedIn names the review.
	RankedIn v1.Text `json:"rankedIn"`
}

// Obligation is something that the unit owes, owed, or was told.
type Obligation struct {
	// Kind is Registration, Report, Consolidation, Invitation or Decision.
	Kind  string  `json:"kind"`
	Round string  `json:"round,omitempty"`
	Title v1.Text `json:"title"`
	// State is Owing, Settled, Lapsed, Cancelled or Informed.
	State string `json:"state"`
	// StateText is the state in words; of what a unit was to be told, whether it was.
	StateText v1.Text    `json:"stateText"`
	Holder    string     `json:"holder"`
	OpenedAt  time.Time  `json:"openedAt"`
	DueAt     *time.Time `json:"dueAt,omitempty"`
	// MovedFrom is the deadline by the plan, where an act has set another one.
	MovedFrom *time.Time `json:"movedFrom,omitempty"`
	// MovedWhy is the reason that was given with that act.
	MovedWhy string `json:"movedWhy,omitempty"`
	// DeadlineNo counts from 1: a moved deadline, a returned report and a late-recorded
	// paper begin the next.
	DeadlineNo int64      `json:"deadlineNo"`
	ReceivedAt *time.Time `json:"receivedAt,omitempty"`
	SettledAt  *time.Time `json:"settledAt,omitempty"`
	// OnTime is nil while nothing was received.
	OnTime *bool `json:"onTime,omitempty"`
	// DaysLate are the working days past the deadline, while it is owed or when
	// it was received.
	DaysLate int64           `json:"daysLate,omitempty"`
	Reports  []ReportVersion `json:"reports"`
	// DraftSavedAt is when the unit wrote at what it has not handed up yet.
	DraftSavedAt *time.Time   `json:"draftSavedAt,omitempty"`
	Notices      []UnitNotice `json:"notices"`
	Letters      []Letter     `json:"letters"`
	// NextAt is the next step of the ladder that somebody will hear of; nil when none is
	// to come.
	NextAt   *time.Time `json:"nextAt,omitempty"`
	NextStep string     `json:"nextStep,omitempty"`
	// NextState is ToCome, or of a step whose instant has passed: Held while the campaign
	// is paused, else Waiting for the engine.
	NextState string `json:"nextState,omitempty"`
	// ClosesAt is when the round takes no more reports.
	ClosesAt *time.Time `json:"closesAt,omitempty"`
}

// ReportVersion is one version that the unit sent.
type ReportVersion struct {
	Version int64 `json:"version"`
	// State is HandedUp while the unit's leader has the next move, then Received; or
	// Returned, for the reason given.
	State        string     `json:"state"`
	ReceivedAt   time.Time  `json:"receivedAt"`
	ApprovedAt   *time.Time `json:"approvedAt,omitempty"`
	ReturnReason string     `json:"returnReason,omitempty"`
	// Source is System, or the way by which the document came that the office recorded.
	Source         string `json:"source"`
	DocumentNumber string `json:"documentNumber,omitempty"`
	Files          []File `json:"files,omitempty"`
}

// File came with a report; its bytes are kept under its hash.
type File struct {
	Name      string `json:"name"`
	SHA256    string `json:"sha256"`
	Size      int64  `json:"size"`
	MediaType string `json:"mediaType"`
}

// UnitNotice is a notice with what became of it.
type UnitNotice struct {
	Notice
	RecipientName string     `json:"recipientName,omitempty"`
	NotAfter      *time.Time `json:"notAfter,omitempty"`
	RecordedAt    time.Time  `json:"recordedAt"`
	// StateText and ReasonText are the codes in words.
	StateText  v1.Text       `json:"stateText"`
	ReasonText v1.Text       `json:"reasonText"`
	Messages   []UnitMessage `json:"messages"`
}

// UnitMessage is a message that carried a notice, with every attempt to send it.
type UnitMessage struct {
	ID      int64  `json:"id"`
	Channel string `json:"channel"`
	State   string `json:"state"`
	// List tells that the message gathers many units.
	List   bool       `json:"list"`
	SentAt *time.Time `json:"sentAt,omitempty"`
	// Why the office holds it, or has cancelled it.
	Why      string    `json:"why,omitempty"`
	Attempts []Attempt `json:"attempts"`
}

// Attempt is one call to a server.
type Attempt struct {
	No int64 `json:"no"`
	// At is business time; StartedAt and FinishedAt are the machine's.
	At         time.Time  `json:"at"`
	StartedAt  time.Time  `json:"startedAt"`
	FinishedAt *time.Time `json:"finishedAt,omitempty"`
	// Outcome is Sent, Retry, Rejected or Ambiguous; empty while it is open.
	Outcome string `json:"outcome,omitempty"`
	// Response is what the server answered.
	Response string `json:"response,omitempty"`
}

// Upcoming is a round that the unit will owe.
type Upcoming struct {
	Round   string    `json:"round"`
	Title   v1.Text   `json:"title"`
	OpensAt time.Time `json:"opensAt"`
	DueAt   time.Time `json:"dueAt"`
}

// Why reads what happened to one unit. An unknown unit is a *NotFound that names
// similar codes. The office is known too: it owes the decision.
func (r *Reader) Why(ctx context.Context, campaign, unit string) (Why, error) {
	var w Why
	err := r.view(ctx, func(v *view) error {
		c, err := v.campaign(ctx, campaign)
		if err != nil {
			return err
		}
		p, err := v.participant(ctx, &c, unit)
		if err != nil {
			return err
		}
		w = Why{Campaign: c, Unit: p}
		for _, fill := range []func(context.Context, *Why) error{v.fillObligations, v.fillUpcoming, v.fillRank} {
			if err := fill(ctx, &w); err != nil {
				return fmt.Errorf("unit %s in campaign %s: %w", unit, campaign, err)
			}
		}
		return nil
	})
	return w, err
}

func (v *view) participant(ctx context.Context, c *Campaign, unit string) (Participant, error) {
	row, err := v.LookParticipant(ctx, c.id, unit)
	switch {
	case errors.Is(err, pgx.ErrNoRows) && unit == c.Office.Code:
		return Participant{Unit: c.Office, Calendar: c.Calendar}, nil
	case errors.Is(err, pgx.ErrNoRows):
		if p, ok, err := v.consolidator(ctx, c, unit); ok || err != nil {
			return p, err
		}
		known, err := v.LookUnitCodes(ctx, c.id)
		if err != nil {
			return Participant{}, err
		}
		return Participant{}, &NotFound{Kind: "unit", Name: unit, Similar: similar(unit, known)}
	}
	return Participant{
		Unit: Unit{row.Unit, row.Name}, Kind: row.Kind, Group: row.Grp, Calendar: row.Calendar,
		AdministeredBy: Unit{row.AdministeredBy, row.AdministeredByName},
	}, err
}

// consolidator is a body that takes no part and puts reports together.
func (v *view) consolidator(ctx context.Context, c *Campaign, unit string) (Participant, bool, error) {
	name, err := v.LookConsolidator(ctx, c.id, unit)
	if errors.Is(err, pgx.ErrNoRows) {
		return Participant{}, false, nil
	}
	return Participant{Unit: Unit{unit, name}, Calendar: c.Calendar}, err == nil, err
}

func (v *view) fillObligations(ctx context.Context, w *Why) error {
	c := &w.Campaign
	rows, err := v.LookObligations(ctx, db.LookObligationsParams{Unit: w.Unit.Code, CampaignID: c.id, Now: v.now, Zone: c.TimeZone})
	if err != nil {
		return err
	}
	ids := make([]int64, len(rows))
	at := map[int64]*Obligation{}
	w.Obligations = make([]Obligation, len(rows))
	for i, row := range rows {
		w.Obligations[i] = toObligation(c, row)
		ids[i], at[row.ID] = row.ID, &w.Obligations[i]
	}
	reports, err := v.LookReports(ctx, ids)
	if err != nil {
		return err
	}
	for _, p := range reports {
		o := at[p.ObligationID]
		o.Reports = append(o.Reports, ReportVersion{
			Version: int64(p.Version), State: p.State, ReceivedAt: p.ReceivedAt.In(c.loc), ApprovedAt: local(p.ApprovedAt, c.loc),
			ReturnReason: p.ReturnReason, Source: p.Source, DocumentNumber: p.DocumentNumber,
		})
	}
	if !v.past { // nobody is judged by a draft, so its past is not kept
		drafts, err := v.LookDrafts(ctx, ids)
		if err != nil {
			return err
		}
		for _, d := range drafts {
			at[d.ObligationID].DraftSavedAt = local(&d.SavedAt, c.loc)
		}
	}
	files, err := v.LookFiles(ctx, ids)
	if err != nil {
		return err
	}
	for _, f := range files {
		r := &at[f.ObligationID].Reports[f.Version-1] // versions count from 1 without gaps
		r.Files = append(r.Files, File{Name: f.Name, SHA256: f.Sha256, Size: f.Size, MediaType: f.MediaType})
	}
	if err := v.fillNotices(ctx, c, ids, at, w.Unit.Unit); err != nil {
		return err
	}
	for i := range w.Obligations {
		w.Obligations[i].StateText = stateText(w.Obligations[i])
	}
	return v.fillMoves(ctx, w)
}

// fillMoves adds to the deadlines that an act has moved why it did.
func (v *view) fillMoves(ctx context.Context, w *Why) error {
	moves, err := v.LookMoves(ctx, db.LookMovesParams{Object: "Campaign/" + w.Campaign.Name, Unit: w.Unit.Code, Now: v.now})
	if err != nil {
		return err
	}
	reasons := map[string]string{}
	for _, m := range moves {
		reasons[m.Round] = m.Reason
	}
	for i, o := range w.Obligations {
		if o.MovedFrom != nil {
			w.Obligations[i].MovedWhy = reasons[o.Round]
		}
	}
	return nil
}

// stateText is the state in words. An invitation that nobody was sent does not read
// as if somebody had been told: it says what kept it back.
func stateText(o Obligation) v1.Text {
	if o.State != "Informed" || len(o.Notices) == 0 {
		return Word("obligation." + o.State)
	}
	for _, n := range o.Notices {
		if n.State != o.Notices[0].State || n.Reason != o.Notices[0].Reason {
			return Word("obligation." + o.State)
		}
	}
	switch n := o.Notices[0]; {
	case n.Reason == "BeforeAct":
		return Word("obligation.BeforeAct")
	case n.State != "Sent":
		return n.StateText
	}
	return Word("obligation." + o.State)
}

func toObligation(c *Campaign, row db.LookObligationsRow) Obligation {
	o := Obligation{
		Kind: row.Kind, Round: row.Round, Title: c.roundTitle(row.Kind, row.Series, row.Period), State: row.State, Holder: row.Holder,
		OpenedAt: row.OpenedAt.In(c.loc), DueAt: local(row.DueAt, c.loc), MovedFrom: movedFrom(row, c.loc), DeadlineNo: int64(row.DeadlineNo),
		ReceivedAt: local(row.ReceivedAt, c.loc), SettledAt: local(row.SettledAt, c.loc), DaysLate: row.DaysLate,
		Reports: []ReportVersion{}, Notices: []UnitNotice{}, Letters: []Letter{},
		NextAt: local(row.NextAt, c.loc), NextStep: row.NextStep, ClosesAt: local(row.ClosesAt, c.loc),
	}
	if o.State == "Lapsed" && row.RoundState == "Open" {
		o.ClosesAt = nil // it runs again for others, and closes for them
	}
	if row.NextAt != nil && row.NextAt.Before(row.LadderFrom) {
		o.NextAt = local(row.HeardAt, c.loc)
	}
	switch {
	case o.NextAt == nil:
		o.NextStep = ""
	case o.NextAt.After(c.Now):
		o.NextState = "ToCome"
	case c.State == "Paused":
		o.NextState = "Held"
	default:
		o.NextState = "Waiting"
	}
	if row.Kind == "Invitation" {
		subject, _, _ := strings.Cut(row.Subject, "/") // that of a calendar has its name behind it
		o.Title = Word("subject." + subject)
	}
	if row.ReceivedAt != nil && row.DueAt != nil {
		onTime := !row.ReceivedAt.After(*row.DueAt)
		o.OnTime = &onTime
	}
	return o
}

// fillNotices adds to each obligation its notices, and to these the letters,
// messages and attempts: one query a level.
func (v *view) fillNotices(ctx context.Context, c *Campaign, obligations []int64, at map[int64]*Obligation, unit Unit) error {
	rows, err := v.LookUnitNotices(ctx, obligations)
	if err != nil {
		return err
	}
	notices := make([]int64, len(rows))
	for i, row := range rows {
		notices[i] = row.ID
	}
	messages, err := v.unitMessages(ctx, c, notices)
	if err != nil {
		return err
	}
	for _, row := range rows {
		o := at[row.ObligationID]
		n := UnitNotice{
			Notice: Notice{
				Kind: o.Kind, Round: o.Round, Unit: unit.Code, DeadlineNo: int64(row.DeadlineNo), Step: row.Step, Role: row.Role,
				Recipient: row.Recipient, Instant: row.Instant.In(c.loc), State: row.State, Reason: row.Reason,
			},
			RecipientName: row.RecipientName, NotAfter: local(row.NotAfter, c.loc), RecordedAt: row.RecordedAt.In(c.loc),
			StateText: Word("notice." + row.State), ReasonText: reasonOf(o, row), Messages: messages[row.ID],
		}
		if n.Messages == nil {
			n.Messages = []UnitMessage{}
		}
		o.Notices = append(o.Notices, n)
		if row.LetterID != nil {
			o.Letters = append(o.Letters, Letter{
				ID: *row.LetterID, Unit: unit, Round: o.Round, Title: o.Title, State: *row.LetterState, DraftedAt: row.DraftedAt.In(c.loc), DueAt: *o.DueAt,
			})
		}
	}
	return nil
}

// reasonOf a notice in words. Which act a step was older than follows from what was
// owed: a report asked for by a request, a deadline that was set anew, or the launch.
func reasonOf(o *Obligation, row db.LookUnitNoticesRow) v1.Text {
	if row.Reason != "BeforeAct" {
		return reason(row.Reason)
	}
	series, _, _ := strings.Cut(o.Round, "/")
	switch {
	case row.DeadlineNo > 1:
		return reason("BeforeDeadline")
	case series == plan.RequestSeries:
		return reason("BeforeRequest")
	}
	return reason("BeforeAct")
}

func (v *view) unitMessages(ctx context.Context, c *Campaign, notices []int64) (map[int64][]UnitMessage, error) {
	rows, err := v.LookUnitMessages(ctx, v.past, notices)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	tried, err := v.LookAttempts(ctx, ids)
	if err != nil {
		return nil, err
	}
	attempts := map[int64][]Attempt{}
	for _, a := range tried {
		attempts[a.MessageID] = append(attempts[a.MessageID], Attempt{
			No: int64(a.No), At: a.At.In(c.loc), StartedAt: a.StartedAt.In(c.loc), FinishedAt: local(a.FinishedAt, c.loc),
			Outcome: a.Outcome, Response: a.Response,
		})
	}
	messages := map[int64][]UnitMessage{}
	for _, row := range rows {
		m := UnitMessage{ID: row.ID, Channel: row.Channel, State: row.State, List: row.List, SentAt: local(row.SentAt, c.loc), Why: said(row.State, row.Why), Attempts: attempts[row.ID]}
		if m.Attempts == nil {
			m.Attempts = []Attempt{}
		}
		messages[row.NoticeID] = append(messages[row.NoticeID], m)
	}
	return messages, nil
}

func (v *view) fillUpcoming(ctx context.Context, w *Why) error {
	rows, err := v.LookUpcoming(ctx, w.Unit.Calendar, w.Campaign.id)
	if err != nil {
		return err
	}
	w.Upcoming = []Upcoming{}
	if w.Campaign.State == "Cancelled" || w.Campaign.State == "Closed" {
		return nil
	}
	for _, row := range rows {
		w.Upcoming = append(w.Upcoming, Upcoming{
			Round: row.Name, Title: w.Campaign.roundTitle(row.Kind, row.Series, row.Period),
			OpensAt: row.OpensAt.In(w.Campaign.loc), DueAt: row.DueAt.In(w.Campaign.loc),
		})
	}
	return nil
}

// movedFrom is the planned deadline of an obligation that has another one.
func movedFrom(row db.LookObligationsRow, loc *time.Location) *time.Time {
	if row.PlannedDueAt == nil || row.DueAt == nil || row.PlannedDueAt.Equal(*row.DueAt) {
		return nil
	}
	return local(row.PlannedDueAt, loc)
}

// ForUnit is what the unit itself may know: of a ranking, only one that was published.
func (w Why) ForUnit() Why {
	if !w.RankPublished {
		w.Rank, w.OutOf, w.RankedIn = nil, 0, v1.Text{}
	}
	return w
}

func (v *view) fillRank(ctx context.Context, w *Why) error {
	c := &w.Campaign
	k, err := v.LookRanking(ctx, c.id, "")
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	l, err := v.LookRankingLine(ctx, db.LookRankingLineParams{Together: c.together(), RankingID: k.ID, Unit: w.Unit.Code})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	w.RankedIn, w.OutOf, w.RankPublished = c.reviewTitle(k.Name), l.Units, k.State == "Published"
	w.Rank = &RankingLine{
		Unit: w.Unit.Unit, Group: l.Grp, Rank: rank(l.Rank), Base: l.Base, Malus: l.Malus, Total: l.Total,
		Late: int64(l.Late), Missing: int64(l.Missing), Expected: int64(l.Expected), Reason: l.Reason, ReasonText: reason(l.Reason),
	}
	return json.Unmarshal(l.Axes, &w.Rank.Axes)
}
