package plan

import (
	"time"
	_ "time/tzdata" // a plan must not depend on the machine's zone files

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/calendar"
)

// Input is all that a plan depends on.
type Input struct {
	// Campaign's spec is defaulted and valid by its schema.
	Campaign *v1.Campaign
	// Generation is printed on the plan and not hashed.
	Generation int64
	// Units are the participants only; their order does not matter.
	Units []v1.Unit
	// Calendars holds the campaign's calendar and every calendar of a unit.
	Calendars map[v1.Name]*calendar.Calendar
	// Inputs name the versions of roster, calendars, pack and templates, such as
	// "Roster/nganh-tttt-2021@1:sha256:...". They are hashed; order does not matter.
	Inputs []string
}

// Plan is every instant of a campaign. Its JSON form is a contract that programs
// rely on: campaign, generation, planHash and events.
type Plan struct {
	Campaign   string  `json:"campaign"`
	Generation int64   `json:"generation"`
	Hash       string  `json:"planHash"`
	Events     []Event `json:"events"`

	// Launch is the planned launch; nothing is planned before it.
	Launch time.Time `json:"-"`
	// Rounds are the registration first, then each series in declared order.
	Rounds []Round `json:"-"`
	// Reviews in declared order, which is the order in which they are held.
	Reviews []Review `json:"-"`
	// DecisionAt, InviteAt and CeremonyAt are nil when not declared.
	DecisionAt *time.Time `json:"-"`
	InviteAt   *time.Time `json:"-"`
	CeremonyAt *time.Time `json:"-"`
	// ClosedAt is the end of replication, or the campaign's last instant when
	// that is later or no replication is declared. Make always sets it.
	ClosedAt *time.Time `json:"-"`
	// Slots are the distinct times of day named in the spec, in order, at most
	// MaxSlots.
	Slots []calendar.TimeOfDay `json:"-"`
}

// MaxSlots is the largest number of distinct times of day in one spec, so that
// the engine wakes a few times a day and not at every unit's own minute.
const MaxSlots = 4

// EventType says what happens at an instant.
type EventType string

const (
	Launch             EventType = "Launch"
	RegistrationCloses EventType = "RegistrationCloses"
	RoundOpens         EventType = "RoundOpens"
	CutOff             EventType = "CutOff"
	ReportDue          EventType = "ReportDue"
	ConsolidationDue   EventType = "ConsolidationDue"
	Reminder           EventType = "Reminder"
	RoundCloses        EventType = "RoundCloses"
	ReviewHeld         EventType = "Review"
	Decision           EventType = "Decision"
	Ceremony           EventType = "Ceremony"
	Closed             EventType = "Closed"
	// The next ones are words of the contract without declared instants yet.
	Posting          EventType = "Posting"
	CouncilSession   EventType = "CouncilSession"
	ReplicationCheck EventType = "ReplicationCheck"
)

// StepInvitation is the step of the Reminder event by which the ceremony's
// invitations go out.
const StepInvitation = "invitation"

// Event is one instant for the units of one calendar. Campaign-wide events carry
// the campaign's calendar and the number of all participants.
type Event struct {
	At       time.Time `json:"at"` // in the campaign's time zone
	Type     EventType `json:"type"`
	Round    string    `json:"round"` // Round.Name, or ""
	Step     string    `json:"step"`  // of the ladder, or StepInvitation, or ""
	Calendar v1.Name   `json:"calendar"`
	Units    int       `json:"units"`
	// Reason says in Vietnamese why the instant was moved; "" when it was not.
	Reason string `json:"reason"`
	// Provisional means that days off not yet known may still move the instant.
	Provisional bool `json:"provisional,omitempty"`

	// Review is the name of the review that is held.
	Review v1.Name `json:"review,omitempty"`

	// Why is Reason as a value, for other languages.
	Why Reason `json:"-"`
}

// RoundKind tells registration from reports.
type RoundKind string

const (
	Registration RoundKind = "Registration"
	Report       RoundKind = "Report"
)

// RegistrationRound is the name of the registration's round.
const RegistrationRound = "registration"

// RequestSeries is the series of the rounds that are asked for by an act, which no
// plan has: request/NAME.
const RequestSeries = "request"

// Round is one registration or one report, owed by every participant.
type Round struct {
	Name   string // "monthly/2021-10", "final/2022-03-15" or RegistrationRound
	Kind   RoundKind
	Series string // the series' name, or RegistrationRound
	Period string // "2021-10", "2022-03-15", or "" for the registration
	Seq    int    // place within its series, from 1
	// OpensAt is the earliest instant at which the round's ladder, or intake,
	// begins; never before the launch.
	OpensAt time.Time
	// DataFrom and DataTo bound the days reported on, both included; zero for
	// the registration.
	DataFrom, DataTo calendar.Date
	// CutOffAt is the end of DataTo (24:00, that is 00:00 of the next day); nil
	// unless the series repeats.
	CutOffAt *time.Time
	// Dues holds one deadline for each calendar of the participants, by name.
	Dues []Due
	// Reminders are the steps of the ladder, by instant, step and calendar. Steps
	// that would fall before the launch or after the close are left out.
	Reminders []RoundStep
	// ConsolidationAt is when the collecting body has consolidated; nil when not
	// declared.
	ConsolidationAt *time.Time
	// ClosesAt is when the round takes no more reports, on the slowest calendar.
	ClosesAt time.Time
	// Approval says whose word settles; None for the registration.
	Approval v1.Approval
}

// Due is the deadline of the units of one calendar.
type Due struct {
	Calendar    v1.Name
	At          time.Time
	Units       int
	Reason      string // as Event.Reason
	Provisional bool   // as Event.Provisional
	// Off is the day off that the deadline was moved from; zero when it was not.
	Off calendar.Date
}

// RoundStep is a step of the ladder for the units of one calendar.
type RoundStep struct {
	Step        v1.Name
	Calendar    v1.Name
	At          time.Time
	Units       int
	Reason      string // as Event.Reason
	Provisional bool   // as Event.Provisional
}

// Review is a mid-term or final review.
type Review struct {
	Name  v1.Name
	At    time.Time
	Final bool // the last one
}

// Invalid is the error of Make: the spec, or a calendar it names, is wrong in a
// way that no schema can see.
type Invalid struct {
	Path   string // such as spec.reporting[monthly].due
	Detail string
}

// Error is the path and what is wrong there.
func (e *Invalid) Error() string { return e.Path + ": " + e.Detail }
