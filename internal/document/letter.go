// Package document writes official papers as pages that print on A4 by the layout
// of Decree 30/2020/NĐ-CP. Everything it writes is a draft: people sign.
package document

import (
	"io"
	"time"

	v1 "thidua.dev/thidua/api/v1"
)

// Letter is a drafted letter that chases one unit's report (công văn đôn đốc).
type Letter struct {
	// ParentBody is the body above the issuing one; may be empty.
	ParentBody  string
	IssuingBody string
	// Symbol follows the number, such as BTTTT-TĐKT.
	Symbol string
	// Place of signing, such as Hà Nội; empty leaves dots.
	Place string
	// Unit is the late unit.
	Unit string
	// Report is what is late, such as "báo cáo tháng 10/2021".
	Report string
	// Campaign is the campaign's full name; Basis the document cited, or nil.
	Campaign string
	Basis    *v1.Document
	// Due is the original deadline, AsOf when the letter is drafted, both in the
	// campaign's time zone as their Location.
	Due, AsOf time.Time
	// NewDue is the date asked for; zero leaves it for the office to fill in.
	NewDue time.Time
	// DataFrom and DataTo bound the data, both included; empty leaves them out.
	DataFrom, DataTo v1.Date
	// Reminders is how many reminders went before.
	Reminders int
	Contact   *v1.OfficeContact
	// Delegation such as "TL. BỘ TRƯỞNG", Title and Name of the signer; empty
	// ones are left blank.
	Delegation, Title, Signer string
	// CopyTo are the recipients besides the unit, such as "Bộ trưởng (để b/c)".
	CopyTo []string
	// Template replaces subject and body; see MessageTemplate with step letter.
	Template *v1.MessageTemplateSpec
}

// Write writes the letter as an HTML page.
func (l Letter) Write(w io.Writer) error { return nil }
