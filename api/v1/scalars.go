package v1

// Date is a calendar day of the campaign's time zone, such as 2021-10-15.
//
// +kubebuilder:validation:Pattern=`^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$`
// +kubebuilder:validation:MaxLength=10
type Date string

// Moment is a Date, or an instant with its offset such as
// 2021-09-07T14:00:00+07:00. A Date alone means 17:00 for deadlines and 08:30
// for everything else, in the campaign's time zone.
//
// +kubebuilder:validation:Pattern=`^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(Z|[+-]([01]\d|2[0-3]):[0-5]\d))?$`
// +kubebuilder:validation:MaxLength=25
type Moment string

// TimeOfDay is hours and minutes, 00:00 to 23:59, in the campaign's time zone.
//
// +kubebuilder:validation:Pattern=`^([01]\d|2[0-3]):[0-5]\d$`
// +kubebuilder:validation:MaxLength=5
type TimeOfDay string

// YearMonth names a monthly period, such as 2021-10.
//
// +kubebuilder:validation:Pattern=`^\d{4}-(0[1-9]|1[0-2])$`
// +kubebuilder:validation:MaxLength=7
type YearMonth string

// Decimal is an exact number written as a string, such as "50" or "12.5".
//
// +kubebuilder:validation:Pattern=`^-?(0|[1-9]\d{0,14})(\.\d{1,6})?$`
// +kubebuilder:validation:MaxLength=24
type Decimal string

// Name identifies something inside its object, such as a series of reports or
// an indicator. Names are never reused for something else.
//
// +kubebuilder:validation:Pattern=`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`
// +kubebuilder:validation:MaxLength=63
type Name string

// SectionName names a section of a report's outline, such as ketQua.
//
// +kubebuilder:validation:Pattern=`^[a-zA-Z][a-zA-Z0-9-]*$`
// +kubebuilder:validation:MaxLength=63
type SectionName string

// UnitCode identifies a unit in a roster. Codes are strings: 01 must be quoted.
//
// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`
// +kubebuilder:validation:MaxLength=63
type UnitCode string

// UnitKind groups units that are asked for the same things, such as
// provincial_department.
//
// +kubebuilder:validation:Pattern=`^[a-z][a-z0-9_]*$`
// +kubebuilder:validation:MaxLength=63
type UnitKind string

// Text is what people read, Vietnamese first.
type Text struct {
	// vi is the Vietnamese text; offices and units see it.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4000
	VI string `json:"vi"`
	// en is the English text beside it.
	// +optional
	// +kubebuilder:validation:MaxLength=4000
	EN string `json:"en,omitempty"`
}
