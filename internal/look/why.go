package look

import (
	"context"
	"time"

	v1 "thidua.dev/thidua/api/v1"
)

// Why tells everything that happened between a campaign and one unit, and why.
type Why struct {
	Campaign    Campaign     `json:"campaign"`
	Unit        Participant  `json:"unit"`
	Obligations []Obligation `json:"obligations"`
	// Upcoming are the rounds that have not opened yet.
	Upcoming []Upcoming `json:"upcoming"`
	// Rank is the unit's line in the latest ranking, nil before the first one or
	// for a unit that is not ranked there; of OutOf units in its group.
	Rank  *RankingLine `json:"rank,omitempty"`
	OutOf int64        `json:"outOf,omitempty"`
	// RankedIn names the review.
	RankedIn v1.Text `json:"rankedIn"`
}

// Obligation is something that the unit owes, owed, or was told.
type Obligation struct {
	// Kind is Registration, Report, Invitation or Decision.
	Kind  string  `json:"kind"`
	Round string  `json:"round,omitempty"`
	Title v1.Text `json:"title"`
	// State is Owing, Settled, Lapsed, Cancelled or Informed.
	State    string     `json:"state"`
	Holder   string     `json:"holder"`
	OpenedAt time.Time  `json:"openedAt"`
	DueAt    *time.Time `json:"dueAt,omitempty"`
	// DeadlineNo counts from 1; more than 1 means that the deadline was moved.
	DeadlineNo int64      `json:"deadlineNo"`
	ReceivedAt *time.Time `json:"receivedAt,omitempty"`
	SettledAt  *time.Time `json:"settledAt,omitempty"`
	// OnTime is nil while nothing was received.
	OnTime *bool `json:"onTime,omitempty"`
	// DaysLate are the working days past the deadline, while it is owed or when
	// it was received.
	DaysLate int64           `json:"daysLate,omitempty"`
	Reports  []ReportVersion `json:"reports"`
	Notices  []UnitNotice    `json:"notices"`
	Letters  []Letter        `json:"letters"`
	// NextAt is the next step of the ladder; nil when none is to come.
	NextAt   *time.Time `json:"nextAt,omitempty"`
	NextStep string     `json:"nextStep,omitempty"`
	// ClosesAt is when the round takes no more reports.
	ClosesAt *time.Time `json:"closesAt,omitempty"`
}

// ReportVersion is one version that the unit sent.
type ReportVersion struct {
	Version int64 `json:"version"`
	// State is HandedUp while the unit's leader has the next move, else Received.
	State      string     `json:"state"`
	ReceivedAt time.Time  `json:"receivedAt"`
	ApprovedAt *time.Time `json:"approvedAt,omitempty"`
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
	List     bool       `json:"list"`
	SentAt   *time.Time `json:"sentAt,omitempty"`
	Attempts []Attempt  `json:"attempts"`
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
// similar codes.
func (r *Reader) Why(ctx context.Context, campaign, unit string) (Why, error) { panic("not yet") }
