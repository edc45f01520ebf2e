// Package document writes official papers as pages that print on A4 by the layout
// of Decree 30/2020/NĐ-CP. What it writes is for people to sign: nothing official
// goes out unsigned.
package document

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/notify/texts"
)

//go:embed letter.html.tmpl
var files embed.FS

var letterPage = template.Must(template.ParseFS(files, "letter.html.tmpl"))

// Letter is a letter that chases one unit's report (công văn đôn đốc). It is
// written in Vietnamese only.
type Letter struct {
	// ParentBody is the body above the issuing one; may be empty.
	ParentBody  string
	IssuingBody string
	// Symbol follows the number, such as BTTTT-TĐKT.
	Symbol string
	// Place of signing, such as Hà Nội; empty leaves dots.
	Place string
	// Number and SignedOn come with the signature. Without both the page is marked
	// DỰ THẢO and leaves room for them.
	Number   string
	SignedOn v1.Date

	// Unit is the late unit.
	Unit string
	// Report is what is late, such as "báo cáo tháng 10/2021".
	Report string
	// Campaign is the campaign's full name. Basis is the document cited; nil cites
	// the campaign.
	Campaign string
	Basis    *v1.Document
	// Due is the original deadline, AsOf when the letter was drafted, both written
	// in their own locations: the campaign's time zone.
	Due, AsOf time.Time
	// NewDue is the date asked for; zero leaves it for the office to fill in.
	NewDue time.Time
	// DataFrom and DataTo bound the data, both included; empty leaves them out.
	DataFrom, DataTo v1.Date
	// Reminders is how many reminders went before.
	Reminders int
	// LatePoints and MissingPoints are what the score sheet takes off; empty leaves
	// them out.
	LatePoints, MissingPoints v1.Decimal
	// Contact is whom the unit may ask; nil leaves it out.
	Contact *v1.OfficeContact

	// Delegation such as "TL. BỘ TRƯỞNG", Title and Name of the signer; empty ones
	// are left blank.
	Delegation, Title, Signer string
	// CopyTo are the recipients besides the unit, such as "Bộ trưởng (để báo cáo)".
	CopyTo []string
	// Archive is where the paper is filed (Lưu); empty means VT.
	Archive string

	// Template replaces the summary after V/v (subject) and the paragraphs from the
	// basis to the contact (body); see CheckTemplate.
	Template *v1.MessageTemplateSpec
}

// letterView is what the page, and a template, see: words ready to print.
type letterView struct {
	ParentBody, IssuingBody, Number, Symbol, Place, SignedOn string
	Draft                                                    bool

	Unit     string
	Report   string
	Movement string // the campaign inside a sentence
	Basis    string // the document cited, or else the campaign
	Data     string // the period of the data
	Due      string
	AsOf     string // "đến hết ngày …" or an instant
	NewDue   string // dots if it is left open
	// Reminders and the points are empty if there is nothing to say.
	Reminders, LatePoints, MissingPoints string
	ContactLine                          string

	Delegation, Title, Signer, Archive string
	CopyTo                             []string

	Year       int
	Summary    string   // from a template
	Paragraphs []string // from a template
}

// Write writes the letter as a page of HTML. It fails on a letter without unit,
// report, deadline or date, and on a template that cannot be filled in.
func (l Letter) Write(w io.Writer) error {
	v, err := l.view()
	if err != nil {
		return fmt.Errorf("letter to %s: %w", l.Unit, err)
	}
	var b bytes.Buffer
	if err := letterPage.Execute(&b, v); err != nil {
		return fmt.Errorf("letter to %s: %w", l.Unit, err)
	}
	_, err = b.WriteTo(w)
	return err
}

// CheckTemplate says why a MessageTemplate for the step letter cannot be used.
func CheckTemplate(spec v1.MessageTemplateSpec) error {
	if cmp.Or(spec.Language, "vi") != "vi" {
		return errors.New("message template for step letter: official letters are written in Vietnamese")
	}
	at := time.Date(2021, 10, 20, 8, 30, 0, 0, time.UTC)
	bare := Letter{Unit: "U", Report: "R", Campaign: "C", Due: at.AddDate(0, 0, -5), AsOf: at, Template: &spec}
	full := bare
	full.Reminders, full.LatePoints, full.MissingPoints, full.NewDue = 3, "1", "3", at
	full.Contact = &v1.OfficeContact{Name: "N", Phone: "1", Email: "n@example.vn"}
	full.DataFrom, full.DataTo = "2021-09-07", "2021-10-14"
	for _, l := range []Letter{full, bare} {
		if _, err := l.view(); err != nil {
			return fmt.Errorf("message template for step letter: %w", err)
		}
	}
	return nil
}

func (l Letter) view() (*letterView, error) {
	switch {
	case l.Unit == "":
		return nil, errors.New("no unit")
	case l.Report == "":
		return nil, errors.New("no report")
	case l.Due.IsZero() || l.AsOf.IsZero():
		return nil, errors.New("no deadline or date")
	case l.AsOf.Before(l.Due):
		// "Not received" is only true after the deadline.
		return nil, errors.New("the deadline has not passed")
	}
	t := texts.In(texts.VI)
	v := &letterView{
		ParentBody: l.ParentBody, IssuingBody: cmp.Or(l.IssuingBody, t.Words.Office),
		Number: l.Number, Symbol: l.Symbol, Place: l.Place, Draft: l.Number == "" || l.SignedOn == "",
		Unit: texts.Clean(l.Unit), Report: texts.Clean(l.Report),
		Due: t.Moment(l.Due), AsOf: lastWholeDay(t, l.Due, l.AsOf), NewDue: t.Words.OpenMoment,
		LatePoints: decimal(l.LatePoints), MissingPoints: decimal(l.MissingPoints),
		Delegation: l.Delegation, Title: l.Title, Signer: l.Signer,
		Archive: l.Archive, CopyTo: l.CopyTo, Year: l.AsOf.Year(),
	}
	var err error
	if v.Movement, err = t.Movement(texts.Clean(l.Campaign)); err != nil {
		return nil, err
	}
	v.Basis = v.Movement
	if l.Basis != nil {
		if v.Basis, err = t.Document(*l.Basis); err != nil {
			return nil, err
		}
	}
	if v.Data, err = t.Period(l.DataFrom, l.DataTo); err != nil {
		return nil, err
	}
	if !l.NewDue.IsZero() {
		v.NewDue = t.Moment(l.NewDue)
	}
	if l.Reminders > 0 {
		v.Reminders = t.Count(l.Reminders)
	}
	if l.Contact != nil {
		if v.ContactLine, err = t.Phrase("contact", *l.Contact); err != nil {
			return nil, err
		}
	}
	if !v.Draft {
		signed, err := texts.ParseDate(l.SignedOn)
		if err != nil {
			return nil, err
		}
		v.SignedOn = t.LongDate(signed)
	}
	if l.Template == nil {
		return v, nil
	}
	return v, v.fill(*l.Template)
}

func (v *letterView) fill(spec v1.MessageTemplateSpec) error {
	var filled [2]string
	for i, field := range []struct{ name, text string }{{"subject", spec.Subject}, {"body", spec.Body}} {
		t, err := texts.ParseLimited(field.text)
		if err == nil {
			filled[i], err = t.Fill(v)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", field.name, err)
		}
	}
	v.Summary = texts.Line(filled[0])
	for p := range strings.SplitSeq(texts.Text([]texts.Part{{Body: filled[1]}}), "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			v.Paragraphs = append(v.Paragraphs, p)
		}
	}
	if v.Summary == "" || len(v.Paragraphs) == 0 {
		return errors.New("the summary or the body is empty")
	}
	return nil
}

// lastWholeDay is until when nothing came: the last day that was over when the
// letter was drafted, or the very moment on the day of the deadline.
func lastWholeDay(t *texts.Catalogue, due, asOf time.Time) string {
	yesterday := asOf.AddDate(0, 0, -1)
	if yesterday.Format(time.DateOnly) < due.In(asOf.Location()).Format(time.DateOnly) {
		return t.Moment(asOf)
	}
	return t.Words.EndOf + " " + t.LongDate(yesterday)
}

// decimal writes a comma, as Vietnamese does.
func decimal(d v1.Decimal) string { return strings.ReplaceAll(string(d), ".", ",") }
