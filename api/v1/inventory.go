package v1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Roster lists units and the three lines between them: whom a unit reports to,
// who administers it, and to whom it submits dossiers. Contacts of people are
// never part of it.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=rosters,singular=roster,categories={thidua}
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 63 && self.metadata.name.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')",message="metadata.name must be lower-case letters, digits and dashes, at most 63, such as nganh-tttt-2021"
type Roster struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec lists the units, or includes other rosters.
	Spec RosterSpec `json:"spec"`
}

// RosterSpec is the list itself, or the names of the rosters it is made of.
//
// +kubebuilder:validation:XValidation:rule="(has(self.units) && size(self.units) > 0) || (has(self.include) && size(self.include) > 0)",message="a roster has units, or includes rosters that have"
type RosterSpec struct {
	// units of this roster; more than 2,000 go into several rosters and include.
	// +optional
	// +listType=map
	// +listMapKey=code
	// +kubebuilder:validation:MaxItems=2000
	Units []Unit `json:"units,omitempty"`
	// include names other rosters whose units belong to this one.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	Include []Name `json:"include,omitempty"`
}

// Unit is an agency, unit or enterprise (cơ quan, đơn vị, doanh nghiệp).
type Unit struct {
	// code identifies the unit for good; it is a string, so 01 is quoted.
	Code UnitCode `json:"code"`
	// name as it stands in documents.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=300
	Name string `json:"name"`
	// kind groups units that are asked for the same things.
	Kind UnitKind `json:"kind"`
	// collectsTo is the unit that collects this unit's reports.
	// +optional
	CollectsTo UnitCode `json:"collectsTo,omitempty"`
	// administeredBy is the body that manages the unit; it gets copies of
	// escalation.
	// +optional
	AdministeredBy UnitCode `json:"administeredBy,omitempty"`
	// submitsTo is the unit to which dossiers go.
	// +optional
	SubmitsTo UnitCode `json:"submitsTo,omitempty"`
	// group is the cluster (cụm) or block (khối) in which the unit is ranked.
	// +optional
	Group Name `json:"group,omitempty"`
	// calendar is the Calendar of what the unit owes; empty means the campaign's.
	// +optional
	Calendar Name `json:"calendar,omitempty"`
	// validFrom is the first day of the unit's life; empty means always.
	// +optional
	ValidFrom Date `json:"validFrom,omitempty"`
	// validTo is its last day, included; empty means it still exists.
	// +optional
	ValidTo Date `json:"validTo,omitempty"`
}

// Calendar says which days are worked. It is data: each year's notice of
// holidays is loaded when it comes.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=calendars,singular=calendar,shortName=cal,categories={thidua}
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 63 && self.metadata.name.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')",message="metadata.name must be lower-case letters, digits and dashes, at most 63, such as state"
type Calendar struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the weekly rhythm and its exceptions.
	Spec CalendarSpec `json:"spec"`
}

// CalendarSpec is the weekly rhythm and its exceptions.
type CalendarSpec struct {
	// title is what people read.
	// +optional
	Title *Text `json:"title,omitempty"`
	// workWeek are the weekdays worked.
	// +listType=set
	// +kubebuilder:default={Monday,Tuesday,Wednesday,Thursday,Friday}
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=7
	WorkWeek []Weekday `json:"workWeek,omitempty"`
	// coveredFrom is the first day for which holidays are known.
	CoveredFrom Date `json:"coveredFrom"`
	// coveredUntil is the last such day; instants beyond it are provisional.
	CoveredUntil Date `json:"coveredUntil"`
	// days are the exceptions: days off, and make-up days worked.
	// +optional
	// +listType=map
	// +listMapKey=date
	// +kubebuilder:validation:MaxItems=2000
	Days []Day `json:"days,omitempty"`
}

// Weekday is an English weekday.
//
// +kubebuilder:validation:Enum=Monday;Tuesday;Wednesday;Thursday;Friday;Saturday;Sunday
type Weekday string

// Day is an exception to the working week.
type Day struct {
	// date of the exception.
	Date Date `json:"date"`
	// kind is Off, a day off, unless it says Work, a make-up day. Leave Off out, or
	// put it in quotes: without them YAML reads it as a boolean.
	// +kubebuilder:default="Off"
	// +kubebuilder:validation:Enum="Off";"Work"
	Kind string `json:"kind,omitempty"`
	// name as people know it, such as Tết Nguyên đán.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=200
	Name string `json:"name"`
	// source is the notice it comes from.
	// +optional
	// +kubebuilder:validation:MaxLength=300
	Source string `json:"source,omitempty"`
}

// RulePack is the law as data, chosen by the date of the act.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=rulepacks,singular=rulepack,categories={thidua}
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 63 && self.metadata.name.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')",message="metadata.name must be lower-case letters, digits and dashes, at most 63, such as vn-2003"
type RulePack struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the law that the engine reads.
	Spec RulePackSpec `json:"spec"`
}

// RulePackSpec holds what the engine reads today: in force, instruments, forms.
// Votes, quotas and dossiers come with the council.
type RulePackSpec struct {
	// inForce is the period of acts that the pack governs.
	InForce InForce `json:"inForce"`
	// instruments are the laws behind it.
	// +optional
	// +kubebuilder:validation:MaxItems=64
	Instruments []Document `json:"instruments,omitempty"`
	// forms are the forms of commendation that awards may name.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Forms []AwardForm `json:"forms"`
}

// InForce is a period of days, both included; without to it is open.
type InForce struct {
	// from is the first day of acts under the pack.
	From Date `json:"from"`
	// to is the last such day; empty means still in force.
	// +optional
	To Date `json:"to,omitempty"`
}

// AwardForm is a form of commendation (hình thức khen thưởng) or a title.
type AwardForm struct {
	// name is what an award's form names, such as bang_khen_bo.
	// +kubebuilder:validation:Pattern=`^[a-z][a-z0-9_]*$`
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
	// title is what people read, such as Bằng khen của Bộ trưởng.
	Title Text `json:"title"`
	// source of the rule, such as "Luật 15/2003/QH11 art. 71".
	// +optional
	// +kubebuilder:validation:MaxLength=300
	Source string `json:"source,omitempty"`
}

// MessageTemplate overrides the text of one ladder step, invitation or list.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=messagetemplates,singular=messagetemplate,categories={thidua}
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 63 && self.metadata.name.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')",message="metadata.name must be lower-case letters, digits and dashes, at most 63, such as nhac-truoc-han"
type MessageTemplate struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the text and the step it is for.
	Spec MessageTemplateSpec `json:"spec"`
}

// MessageTemplateSpec is a text in Go's text/template over the message's data.
type MessageTemplateSpec struct {
	// step that the text is for: a step's name, launch, invitation, or letter.
	Step Name `json:"step"`
	// language of the text.
	// +kubebuilder:default=vi
	// +kubebuilder:validation:Enum=vi;en
	Language string `json:"language,omitempty"`
	// subject is one line.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=500
	Subject string `json:"subject"`
	// body is plain paragraphs; the HTML part is made from it.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=20000
	Body string `json:"body"`
}

// RosterList is a list of rosters.
//
// +kubebuilder:object:root=true
type RosterList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Roster `json:"items"`
}

// CalendarList is a list of calendars.
//
// +kubebuilder:object:root=true
type CalendarList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Calendar `json:"items"`
}

// RulePackList is a list of rule packs.
//
// +kubebuilder:object:root=true
type RulePackList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []RulePack `json:"items"`
}

// MessageTemplateList is a list of message templates.
//
// +kubebuilder:object:root=true
type MessageTemplateList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []MessageTemplate `json:"items"`
}
