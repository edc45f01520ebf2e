package look

import (
	"context"
	"time"

	v1 "thidua.dev/thidua/api/v1"
)

// How much of a long list the board shows; Late, Ranking and Letters have the rest.
const (
	boardLate      = 50
	boardNext      = 12
	boardLetters   = 20
	boardActs      = 10
	boardGroups    = 40
	boardPerGroup  = 10
	boardNominated = 100
)

// Board is a campaign on one page. Long lists are cut, with their totals.
type Board struct {
	Campaign Campaign `json:"campaign"`
	Phases   []Phase  `json:"phases"`
	Rounds   []Round  `json:"rounds"`
	// Late are the latest first; LateTotal counts all of them.
	Late      []Late `json:"late"`
	LateTotal int64  `json:"lateTotal"`
	Next      []Next `json:"next"`
	Outbox    Outbox `json:"outbox"`
	// Letters are those that wait for a signature.
	Letters      []Letter `json:"letters"`
	LettersTotal int64    `json:"lettersTotal"`
	// Ranking is the latest sealed one, the best of each group; nil before the
	// first review.
	Ranking          *Ranking     `json:"ranking,omitempty"`
	Nominations      []Nomination `json:"nominations"`
	NominationsTotal int64        `json:"nominationsTotal"`
	Decision         *Decision    `json:"decision,omitempty"`
	Ceremony         *Ceremony    `json:"ceremony,omitempty"`
	Acts             []Act        `json:"acts"`
}

// Phase is a stretch of the campaign's timeline.
type Phase struct {
	// Name is launch, register, collect, review, decide, honour or replicate.
	Name string `json:"name"`
	// Subject is the review's name.
	Subject string  `json:"subject,omitempty"`
	Title   v1.Text `json:"title"`
	// From is when it begins, Until when it ends; nil where no date is declared.
	From  *time.Time `json:"from,omitempty"`
	Until *time.Time `json:"until,omitempty"`
	// State is Done, Now, ToCome or Cancelled.
	State string `json:"state"`
}

// Round is a registration or a report.
type Round struct {
	Name   string  `json:"name"`
	Kind   string  `json:"kind"`
	Title  v1.Text `json:"title"`
	Series string  `json:"series"`
	Period string  `json:"period,omitempty"`
	// State is Planned, Open, Closed or Cancelled.
	State   string    `json:"state"`
	OpensAt time.Time `json:"opensAt"`
	// DueAt is the deadline in the campaign's calendar, LastDueAt the latest one
	// in any calendar or by an extension.
	DueAt           time.Time  `json:"dueAt"`
	LastDueAt       time.Time  `json:"lastDueAt"`
	ConsolidationAt *time.Time `json:"consolidationAt,omitempty"`
	ClosesAt        time.Time  `json:"closesAt"`
	DataFrom        string     `json:"dataFrom,omitempty"` // days, both included
	DataTo          string     `json:"dataTo,omitempty"`

	Expected int64 `json:"expected"`
	Received int64 `json:"received"` // OnTime + Late
	OnTime   int64 `json:"onTime"`
	Late     int64 `json:"late"`
	Overdue  int64 `json:"overdue"` // owing, past the deadline
	NotYet   int64 `json:"notYet"`  // owing, before it
	// AwaitingApproval is how many of those owing wait for their own leader.
	AwaitingApproval int64 `json:"awaitingApproval"`
	Lapsed           int64 `json:"lapsed"` // never came
	// Completeness is Received, Timeliness is OnTime as percentages of Expected,
	// rounded down: 100 means all.
	Completeness int64 `json:"completeness"`
	Timeliness   int64 `json:"timeliness"`
}

// Late is something owed past its deadline.
type Late struct {
	Unit
	Kind  string    `json:"kind"`
	Round string    `json:"round"`
	Title v1.Text   `json:"title"`
	DueAt time.Time `json:"dueAt"`
	// DaysLate are working days of the unit's own calendar.
	DaysLate int64 `json:"daysLate"`
	// Holder has the next move: FocalPoint, Leader or Office.
	Holder string `json:"holder"`
	// LastStep is the last step that reached somebody, and when; empty when none did.
	LastStep   string     `json:"lastStep,omitempty"`
	LastStepAt *time.Time `json:"lastStepAt,omitempty"`
}

// Next is something that will happen by itself.
type Next struct {
	At time.Time `json:"at"`
	// Type is Step for the ladder's next rung of those who still owe, else a
	// plan's event type such as ReportDue.
	Type  string  `json:"type"`
	Round string  `json:"round,omitempty"`
	Title v1.Text `json:"title"`
	Step  string  `json:"step,omitempty"`
	// Units are those concerned as things stand; a report that arrives first
	// takes its unit off.
	Units       int64  `json:"units"`
	Reason      string `json:"reason,omitempty"` // why the plan moved it, in Vietnamese
	Provisional bool   `json:"provisional,omitempty"`
}

// Outbox counts the campaign's messages.
type Outbox struct {
	Pending       int64 `json:"pending"`
	Claimed       int64 `json:"claimed"`
	Sent          int64 `json:"sent"`
	Superseded    int64 `json:"superseded"`
	Expired       int64 `json:"expired"`
	Parked        int64 `json:"parked"`
	Ambiguous     int64 `json:"ambiguous"`
	NotConfigured int64 `json:"notConfigured"`
	// OldestPendingSeconds is for how long the oldest waits, in machine time.
	OldestPendingSeconds int64 `json:"oldestPendingSeconds"`
}

// Nomination is a unit that the final review nominated.
type Nomination struct {
	Unit
	Group   string    `json:"group"`
	Award   string    `json:"award"`
	Title   v1.Text   `json:"title"`
	Form    string    `json:"form"`
	Rank    int64     `json:"rank"`
	Total   string    `json:"total"`
	At      time.Time `json:"at"`
	Awarded bool      `json:"awarded"`
	// Ordinal is the order of presentation, 0 before the decision.
	Ordinal     int64      `json:"ordinal,omitempty"`
	PresentedAt *time.Time `json:"presentedAt,omitempty"`
}

// Decision is the competent authority's, as recorded.
type Decision struct {
	// ExpectedAt is when the plan expects it.
	ExpectedAt *time.Time `json:"expectedAt,omitempty"`
	Number     string     `json:"number,omitempty"`
	Dated      string     `json:"dated,omitempty"` // a day
	SignedBy   string     `json:"signedBy,omitempty"`
	RecordedAt *time.Time `json:"recordedAt,omitempty"`
}

// Ceremony is when awards are handed over.
type Ceremony struct {
	InviteAt *time.Time `json:"inviteAt,omitempty"`
	At       time.Time  `json:"at"`
	Occasion string     `json:"occasion"`
	// Presented counts the awards that were handed over.
	Presented int64 `json:"presented"`
}

// Act is an entry of the audit.
type Act struct {
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
	Verb   string    `json:"verb"`
	Reason string    `json:"reason,omitempty"`
}

// Board reads one campaign's page.
func (r *Reader) Board(ctx context.Context, name string) (Board, error) { panic("not yet") }

// Late are all who owe something past its deadline, the latest first.
func (r *Reader) Late(ctx context.Context, name string) ([]Late, error) { panic("not yet") }
