package v1

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Campaign is an emulation campaign (phong trào thi đua): who takes part, what
// is reported when, how silence is chased, how results are reviewed, ranked,
// decided and honoured. Declaring one sends nothing; the act of launch does.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=campaigns,singular=campaign,shortName=camp,categories={all,thidua}
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 63 && self.metadata.name.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')",message="metadata.name must be lower-case letters, digits and dashes, at most 63, such as covid-2021"
type Campaign struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the campaign office declares.
	Spec CampaignSpec `json:"spec"`
	// status is what the engine observed; nobody else writes it.
	// +kubebuilder:default:={"observedGeneration":-1}
	// +optional
	Status CampaignStatus `json:"status,omitempty"`
}

// CampaignList is a list of campaigns.
//
// +kubebuilder:object:root=true
type CampaignList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Campaign `json:"items"`
}

// CampaignKind tells how a campaign comes round (Law 06/2022/QH15 art. 16).
//
// +kubebuilder:validation:Enum=Regular;Thematic
type CampaignKind string

const (
	KindRegular  CampaignKind = "Regular"  // thi đua thường xuyên: yearly
	KindThematic CampaignKind = "Thematic" // thi đua theo chuyên đề
)

// CampaignSpec is what the campaign office declares.
//
// +kubebuilder:validation:XValidation:rule="has(self.parent) == has(oldSelf.parent)",message="parent cannot be added or removed after creation",reason="FieldValueForbidden"
type CampaignSpec struct {
	// title is the campaign's full name.
	Title Text `json:"title"`
	// kind is Thematic (one theme, one period) or Regular (yearly).
	// +kubebuilder:default=Thematic
	Kind CampaignKind `json:"kind,omitempty"`
	// rulePack names the RulePack whose law governs the campaign.
	RulePack PackName `json:"rulePack"`
	// parent names the campaign that this one responds to; campaigns form a tree.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="parent cannot change after creation",reason="FieldValueForbidden"
	Parent Name `json:"parent,omitempty"`
	// timeZone is an IANA name; all dates and times of day are read in it.
	// +kubebuilder:default=Asia/Ho_Chi_Minh
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="timeZone cannot change after creation",reason="FieldValueForbidden"
	TimeZone string `json:"timeZone,omitempty"`
	// calendar names the Calendar of campaign-wide instants. What a unit owes
	// falls on the working days of the unit's own calendar.
	Calendar Name `json:"calendar"`
	// office is the unit that runs the campaign; it is who "Office" means below.
	Office UnitCode `json:"office"`
	// launch is the planned ceremony. It is a date on the plan: nothing is sent
	// before the act of launch.
	Launch Launch `json:"launch"`
	// participants says who takes part.
	Participants Participants `json:"participants"`
	// registration asks each participant to register; it never gates reporting.
	// +optional
	Registration *Registration `json:"registration,omitempty"`
	// axes are the goals that are scored; their weights add up to 100.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=8
	Axes []Axis `json:"axes,omitempty"`
	// indicators are the figures that units report and are scored by.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	Indicators []Indicator `json:"indicators,omitempty"`
	// reporting declares the series of reports. A report is an outline and figures.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:MinItems=1
	Reporting []Series `json:"reporting"`
	// reminders is the ladder that every obligation with a deadline climbs, in
	// order of offset.
	// +optional
	// +listType=map
	// +listMapKey=step
	// +kubebuilder:validation:MaxItems=16
	Reminders []Step `json:"reminders,omitempty"`
	// scoring says how figures become points and points become ranks.
	// +optional
	// +kubebuilder:default={}
	Scoring Scoring `json:"scoring,omitempty"`
	// reviews are the mid-term and final reviews (sơ kết, tổng kết), each of
	// which seals a ranking. The last one is the final review.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=8
	Reviews []Review `json:"reviews,omitempty"`
	// awards are the commendations that the final review nominates for.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	Awards []Award `json:"awards,omitempty"`
	// decision is when the competent authority is expected to have decided.
	// +optional
	Decision *Decision `json:"decision,omitempty"`
	// ceremony is when the decided awards are handed over.
	// +optional
	Ceremony *Ceremony `json:"ceremony,omitempty"`
	// replication is how long good practice is followed; the campaign closes
	// when it has passed and nothing is owing.
	// +optional
	Replication *Replication `json:"replication,omitempty"`
	// contact is whom units may ask; it stands in every message.
	// +optional
	Contact *OfficeContact `json:"contact,omitempty"`
	// deletionPolicy says what deleting this object does to a running campaign:
	// Retain (it goes on) or Cancel.
	// +kubebuilder:default=Retain
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
}

// PackName names a RulePack as people write it, such as VN-2003. The object
// itself is called vn-2003, because a cluster takes lower-case names only; see
// ObjectName.
//
// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`
// +kubebuilder:validation:MaxLength=63
type PackName string

// ObjectName is the metadata.name of the RulePack that is meant.
func (p PackName) ObjectName() string { return strings.ToLower(string(p)) }

// DeletionPolicy is Retain or Cancel.
//
// +kubebuilder:validation:Enum=Retain;Cancel
type DeletionPolicy string

// Launch is the planned ceremony of launch.
type Launch struct {
	// at is when the campaign starts.
	At Moment `json:"at"`
	// chairedBy is who chairs it, by office and name.
	// +optional
	// +kubebuilder:validation:MaxLength=200
	ChairedBy string `json:"chairedBy,omitempty"`
	// documents are the plans and decisions behind the campaign; they may arrive
	// after the launch (in 2021 both plan decisions did).
	// +optional
	// +kubebuilder:validation:MaxItems=16
	Documents []Document `json:"documents,omitempty"`
}

// Document is an official document, by its number as printed.
type Document struct {
	// number is the printed number and symbol, such as 1423/QĐ-BTTTT.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	Number string `json:"number"`
	// date is the document's own date.
	Date Date `json:"date"`
	// role is Plan (the basis that messages cite), ParentPlan or Reference.
	// +kubebuilder:default=Reference
	// +kubebuilder:validation:Enum=Plan;ParentPlan;Reference
	Role string `json:"role,omitempty"`
	// title is the document's summary (trích yếu).
	// +optional
	// +kubebuilder:validation:MaxLength=500
	Title string `json:"title,omitempty"`
}

// Participants selects units of a roster.
type Participants struct {
	// roster names the Roster.
	Roster Name `json:"roster"`
	// kinds keeps only units of these kinds; empty keeps every kind.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	Kinds []UnitKind `json:"kinds,omitempty"`
	// exclude leaves single units out.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=2000
	Exclude []UnitCode `json:"exclude,omitempty"`
}

// Registration asks units to register (đăng ký thi đua).
type Registration struct {
	// until is the last day; 17:00 unless a time is given.
	Until Moment `json:"until"`
	// hardTasks limits the list of hard tasks that a unit sets itself.
	// +optional
	HardTasks *HardTasks `json:"hardTasks,omitempty"`
}

// HardTasks limits how many hard tasks a unit registers.
type HardTasks struct {
	// max is the largest number of hard tasks a unit may register.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=20
	Max int32 `json:"max"`
}

// Axis is a goal that is scored by itself, so that one goal cannot hide another.
type Axis struct {
	// name identifies the axis.
	Name Name `json:"name"`
	// title is what people read.
	// +optional
	Title *Text `json:"title,omitempty"`
	// weight is the axis' share of 100 points.
	Weight Decimal `json:"weight"`
	// floor is the least points on this axis for a unit to be ranked at all.
	// +optional
	Floor Decimal `json:"floor,omitempty"`
}

// Direction tells which way an indicator is better.
//
// +kubebuilder:validation:Enum=Up;Down
type Direction string

const (
	Up   Direction = "Up"
	Down Direction = "Down"
)

// Indicator is a figure with a baseline and a target.
type Indicator struct {
	// name identifies the indicator in reports.
	Name Name `json:"name"`
	// title is what people read.
	// +optional
	Title *Text `json:"title,omitempty"`
	// axis is the goal that the indicator counts towards.
	Axis Name `json:"axis"`
	// appliesTo limits the indicator to some kinds of units; unlike units are
	// not measured alike.
	// +optional
	AppliesTo *AppliesTo `json:"appliesTo,omitempty"`
	// unit is the unit of measure; percent is bounded to 0..100.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	Unit string `json:"unit"`
	// baseline is where the units started.
	Baseline Decimal `json:"baseline"`
	// target is where they should arrive.
	Target Decimal `json:"target"`
	// direction tells which way is better.
	// +kubebuilder:default=Up
	Direction Direction `json:"direction,omitempty"`
	// min is the least that a report may state.
	// +optional
	Min Decimal `json:"min,omitempty"`
	// max is the most that a report may state.
	// +optional
	Max Decimal `json:"max,omitempty"`
	// weight is the share among the indicators of the axis that apply to a unit.
	// +kubebuilder:default="1"
	Weight Decimal `json:"weight,omitempty"`
	// numerator says in words what is counted.
	// +optional
	// +kubebuilder:validation:MaxLength=500
	Numerator string `json:"numerator,omitempty"`
	// denominator says in words what it is counted against.
	// +optional
	// +kubebuilder:validation:MaxLength=500
	Denominator string `json:"denominator,omitempty"`
}

// AppliesTo selects units by kind.
type AppliesTo struct {
	// kinds are the kinds of units that the indicator applies to.
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Kinds []UnitKind `json:"kinds"`
}

// Approval says whose word settles a report.
//
// +kubebuilder:validation:Enum=None;UnitLeader
type Approval string

const (
	ApprovalNone       Approval = "None"
	ApprovalUnitLeader Approval = "UnitLeader"
)

// Period is how a series repeats.
//
// +kubebuilder:validation:Enum=Month
type Period string

// PeriodMonth runs from the day after one cut-off day to the next
// (NĐ 09/2019/NĐ-CP art. 12: the 15th to the 14th).
const PeriodMonth Period = "Month"

// Series is a row of reports (báo cáo định kỳ), or a single one.
//
// +kubebuilder:validation:XValidation:rule="has(self.period) ? has(self.cutOffDay) && has(self.from) && has(self.to) && has(self.due.day) && !has(self.due.date) : has(self.due.date) && !has(self.due.day)",message="a series with a period has cutOffDay, from, to and due.day; a single report has due.date"
// +kubebuilder:validation:XValidation:rule="!has(self.from) || !has(self.to) || self.from <= self.to",message="from must not be after to"
type Series struct {
	// name identifies the series; a round is NAME/PERIOD, such as monthly/2021-10.
	Name Name `json:"name"`
	// title is what people read, such as "báo cáo tháng".
	// +optional
	Title *Text `json:"title,omitempty"`
	// period is how the series repeats; a single report has none.
	// +optional
	Period Period `json:"period,omitempty"`
	// cutOffDay is the last day of the month whose data count.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=28
	CutOffDay int32 `json:"cutOffDay,omitempty"`
	// firstPeriod FromLaunch lets the first period start on the day of launch
	// instead of the day after the cut-off before it.
	// +kubebuilder:default=FromCutOff
	// +kubebuilder:validation:Enum=FromCutOff;FromLaunch
	FirstPeriod string `json:"firstPeriod,omitempty"`
	// from is the first period.
	// +optional
	From YearMonth `json:"from,omitempty"`
	// to is the last period.
	// +optional
	To YearMonth `json:"to,omitempty"`
	// due is when units must have sent the report.
	Due Due `json:"due"`
	// consolidated is when the collecting body has consolidated them.
	// +optional
	Consolidated *AfterDue `json:"consolidated,omitempty"`
	// closes is when the round takes no more reports.
	// +kubebuilder:default={"workingDaysAfterDue":10}
	Closes *AfterDue `json:"closes,omitempty"`
	// approval UnitLeader means a report counts once the unit's leader approved it.
	// +kubebuilder:default=UnitLeader
	Approval Approval `json:"approval,omitempty"`
	// sections is the report's outline.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	Sections []Section `json:"sections,omitempty"`
}

// Roll says what happens to a deadline that falls on a day off.
//
// +kubebuilder:validation:Enum=NextWorkingDay;None
type Roll string

const (
	// RollNextWorkingDay moves it to the end of the next working day
	// (Civil Code 2015 art. 148).
	RollNextWorkingDay Roll = "NextWorkingDay"
	RollNone           Roll = "None"
)

// Due is a deadline: a day of the month for a repeating series, a date for a
// single report.
type Due struct {
	// day is the day of the period's month.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=31
	Day int32 `json:"day,omitempty"`
	// date is the day of a single report.
	// +optional
	Date Date `json:"date,omitempty"`
	// time of day.
	// +kubebuilder:default="17:00"
	Time TimeOfDay `json:"time,omitempty"`
	// roll says what a day off does to the deadline.
	// +kubebuilder:default=NextWorkingDay
	Roll Roll `json:"roll,omitempty"`
}

// AfterDue is a number of working days after the deadline.
type AfterDue struct {
	// workingDaysAfterDue counts working days; the day of the deadline is not counted.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=250
	WorkingDaysAfterDue int32 `json:"workingDaysAfterDue"`
}

// Section is one heading of a report's outline.
type Section struct {
	// name identifies the section in reports.
	Name SectionName `json:"name"`
	// title is what people read.
	// +optional
	Title *Text `json:"title,omitempty"`
	// required sections refuse a report that leaves them empty.
	// +optional
	Required bool `json:"required,omitempty"`
}

// Role is who receives a step: Holder (whoever has the next move), FocalPoint,
// Leader, AdministeringBody or Office.
//
// +kubebuilder:validation:Enum=Holder;FocalPoint;Leader;AdministeringBody;Office
type Role string

const (
	RoleHolder            Role = "Holder"
	RoleFocalPoint        Role = "FocalPoint"
	RoleLeader            Role = "Leader"
	RoleAdministeringBody Role = "AdministeringBody"
	RoleOffice            Role = "Office"
)

// Channel is a way a message travels.
//
// +kubebuilder:validation:Enum=email
type Channel string

// ChannelEmail is SMTP.
const ChannelEmail Channel = "email"

// CatchUp says what happens to a step that is processed more than ten minutes
// after its instant: Send it while it still applies, Merge it into the next
// step when that one is due too, or Skip it.
//
// +kubebuilder:validation:Enum=Send;Merge;Skip
type CatchUp string

const (
	CatchUpSend  CatchUp = "Send"
	CatchUpMerge CatchUp = "Merge"
	CatchUpSkip  CatchUp = "Skip"
)

// Step is one rung of the ladder of reminders.
//
// +kubebuilder:validation:XValidation:rule="has(self.task) ? has(self.assignee) && !has(self.to) : has(self.to) && size(self.to) > 0",message="a step either sends (to) or gives a task (task and assignee)"
type Step struct {
	// step names the rung.
	Step Name `json:"step"`
	// offset is in working days of the unit's own calendar, counted from the
	// deadline: -5 is five working days before it.
	// +kubebuilder:validation:Minimum=-60
	// +kubebuilder:validation:Maximum=60
	Offset int32 `json:"offset"`
	// time is the time of day at which the step happens.
	// +kubebuilder:default="08:30"
	Time TimeOfDay `json:"time,omitempty"`
	// to is who hears.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=5
	To []Role `json:"to,omitempty"`
	// channels are the ways, each of which carries its own message.
	// +optional
	// +listType=set
	// +kubebuilder:default={"email"}
	// +kubebuilder:validation:MaxItems=4
	Channels []Channel `json:"channels,omitempty"`
	// gather ListPerRecipient sends one list instead of one message a unit.
	// +kubebuilder:default=None
	// +kubebuilder:validation:Enum=None;ListPerRecipient
	Gather string `json:"gather,omitempty"`
	// catchUp says what happens when the step comes late.
	// +kubebuilder:default=Send
	CatchUp CatchUp `json:"catchUp,omitempty"`
	// task DraftLetter drafts an official letter for signature instead of
	// sending; nothing official goes out unsigned.
	// +optional
	// +kubebuilder:validation:Enum=DraftLetter
	Task string `json:"task,omitempty"`
	// assignee is who has the task.
	// +optional
	// +kubebuilder:validation:Enum=Office
	Assignee Role `json:"assignee,omitempty"`
}

// Scoring turns figures into points: axis weight times attainment, less malus.
type Scoring struct {
	// latePoints are taken off for each late report.
	// +kubebuilder:default="1"
	LatePoints Decimal `json:"latePoints,omitempty"`
	// missingPoints are taken off for each report that never came.
	// +kubebuilder:default="3"
	MissingPoints Decimal `json:"missingPoints,omitempty"`
	// ranking says among whom units are ranked.
	// +optional
	// +kubebuilder:default={}
	Ranking Ranking `json:"ranking,omitempty"`
}

// Ranking says among whom units are ranked. Ties are broken by base score, then
// by reporting discipline, then share the rank, and the next rank is skipped.
type Ranking struct {
	// within is Group (cụm, khối) or All.
	// +kubebuilder:default=Group
	// +kubebuilder:validation:Enum=Group;All
	Within string `json:"within,omitempty"`
}

// Review seals a ranking of what was reported until then.
type Review struct {
	// name identifies the review, such as midterm.
	Name Name `json:"name"`
	// title is what people read.
	// +optional
	Title *Text `json:"title,omitempty"`
	// at is when it is held; 08:30 unless a time is given.
	At Moment `json:"at"`
}

// Award is a commendation with the rule by which units are nominated.
type Award struct {
	// name identifies the award.
	Name Name `json:"name"`
	// title is what people read.
	// +optional
	Title *Text `json:"title,omitempty"`
	// form is the form of commendation in the rule pack, such as bang_khen_bo.
	// +kubebuilder:validation:Pattern=`^[a-z][a-z0-9_]*$`
	// +kubebuilder:validation:MaxLength=63
	Form string `json:"form"`
	// track is the procedure by which it is decided.
	// +kubebuilder:default=Thematic
	// +kubebuilder:validation:Enum=Thematic;Merit;Simplified
	Track string `json:"track,omitempty"`
	// nominate is the declared rule.
	Nominate Nominate `json:"nominate"`
}

// Nominate picks the best of the final review's ranking.
type Nominate struct {
	// top is the last rank of each group that is nominated. Joint ranks are
	// nominated together.
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	Top int32 `json:"top,omitempty"`
	// minScore is the least total score.
	// +optional
	MinScore Decimal `json:"minScore,omitempty"`
	// maxMissing is how many reports a nominee may have missed.
	// +optional
	// +kubebuilder:validation:Minimum=0
	MaxMissing *int32 `json:"maxMissing,omitempty"`
}

// Decision is the expected date of the award decision.
type Decision struct {
	// at is when the decision is expected; 17:00 unless a time is given.
	At Moment `json:"at"`
}

// Ceremony is when decided awards are handed over. No separate ceremony is held
// (NĐ 98/2023 art. 25): it goes with a review conference or a founding day.
type Ceremony struct {
	// at is when it starts.
	At Moment `json:"at"`
	// occasion is what it is held with.
	// +kubebuilder:validation:Enum=FinalReview;FoundingDay;NationalDay
	Occasion string `json:"occasion"`
	// invite is how long before, in working days, invitations go out.
	// +kubebuilder:default={"workingDaysBefore":5}
	Invite *Invite `json:"invite,omitempty"`
}

// Invite says how long before the ceremony invitations go out.
type Invite struct {
	// workingDaysBefore counts working days; the day of the ceremony is not counted.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=60
	WorkingDaysBefore int32 `json:"workingDaysBefore"`
}

// Replication is how long good practice is followed after the ceremony.
type Replication struct {
	// until is the last day; 17:00 unless a time is given.
	Until Moment `json:"until"`
}

// OfficeContact is whom units may ask.
type OfficeContact struct {
	// name is the desk or the officer.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=200
	Name string `json:"name"`
	// phone as people dial it.
	// +optional
	// +kubebuilder:validation:MaxLength=40
	Phone string `json:"phone,omitempty"`
	// email of the desk.
	// +optional
	// +kubebuilder:validation:MaxLength=254
	Email string `json:"email,omitempty"`
}

// CampaignStatus is what the engine observed; nobody else writes it.
type CampaignStatus struct {
	// observedGeneration is the generation of the spec that the status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// phase is a word for people: Declared, Launched, Paused, Cancelled, Closed.
	// +optional
	// +kubebuilder:validation:MaxLength=40
	Phase string `json:"phase,omitempty"`
	// planHash names the plan that is being carried out.
	// +optional
	// +kubebuilder:validation:MaxLength=80
	PlanHash string `json:"planHash,omitempty"`
	// conditions: Ready, Launched, Succeeded, DeliveryDegraded, Stalled, CalendarShort.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}
