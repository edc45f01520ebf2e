package notify

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/notify/texts"
)

// override names the text that a MessageTemplate replaces.
type override struct {
	step     string
	language texts.Language
}

func languageOf(spec v1.MessageTemplateSpec) texts.Language {
	return texts.Language(cmp.Or(spec.Language, string(texts.VI)))
}

// overrideText is a MessageTemplate, parsed and found harmless.
type overrideText struct{ subject, body *texts.Limited }

// CheckTemplate says why a MessageTemplate cannot be used for a message: it is not
// a Limited template, or it fails on a full or on a bare message. Templates for
// the step letter are package document's.
func CheckTemplate(spec v1.MessageTemplateSpec) error {
	_, err := parseOverride(spec)
	return err
}

func parseOverride(spec v1.MessageTemplateSpec) (*overrideText, error) {
	fail := func(field string, err error) error {
		return fmt.Errorf("message template for step %s (%s): %s: %w", spec.Step, languageOf(spec), field, err)
	}
	var o overrideText
	var err error
	if o.subject, err = texts.ParseLimited(spec.Subject); err != nil {
		return nil, fail("subject", err)
	}
	if o.body, err = texts.ParseLimited(spec.Body); err != nil {
		return nil, fail("body", err)
	}
	t := texts.In(languageOf(spec))
	if t == nil {
		return nil, fail("language", errors.New("want vi or en"))
	}
	for _, e := range []Envelope{sampleEnvelope(true), sampleEnvelope(false)} {
		v, err := newFields(e, t)
		if err != nil {
			return nil, fail("sample", err)
		}
		if _, _, err := o.fill(v); err != nil {
			return nil, fail("sample", err)
		}
	}
	return &o, nil
}

func (o *overrideText) fill(v *Fields) (subject, body string, err error) {
	if subject, err = o.subject.Fill(v); err != nil {
		return "", "", err
	}
	if body, err = o.body.Fill(v); err != nil {
		return "", "", err
	}
	if texts.Line(subject) == "" {
		return "", "", errors.New("the subject is empty")
	}
	return subject, body, nil
}

// sampleEnvelope is a message to try a template on, with everything that a
// message may have, or nothing that it may lack.
func sampleEnvelope(full bool) Envelope {
	now := time.Date(2021, 10, 8, 8, 30, 0, 0, time.UTC)
	e := Envelope{
		Campaign:  Campaign{Name: "sample", Title: v1.Text{VI: "Mẫu"}},
		Office:    Office{Unit: Unit{Code: "OFFICE"}},
		Recipient: Recipient{Unit: Unit{Code: "UNIT"}},
		Notices:   []Notice{{Unit: Unit{Code: "UNIT"}}},
		Now:       now, Location: time.UTC,
	}
	if !full {
		return e
	}
	e.Campaign.Title.EN, e.Campaign.Launched = "Sample", now
	e.Office.Name, e.Office.Contact = "Office", &v1.OfficeContact{Name: "Desk", Phone: "1", Email: "desk@example.vn"}
	e.Basis = &v1.Document{Number: "1/QĐ-TEST", Date: "2021-09-01"}
	e.Recipient = Recipient{Role: v1.RoleLeader, Unit: Unit{"UNIT", "Unit"}, Name: "Name"}
	e.Notices = []Notice{{
		RoundTitle: v1.Text{VI: "báo cáo", EN: "report"}, Unit: Unit{"UNIT", "Unit"},
		Due: now, DueMoved: "2021-10-02", Closes: now, DataFrom: "2021-09-01", DataTo: "2021-09-30",
		FormURL: "https://example.vn/f", HardTasks: 5,
		EventAt: now, Place: "Hà Nội", Occasion: "FinalReview", DaysLate: 1,
	}, {Unit: Unit{"OTHER", "Other"}, Due: now}}
	return e
}
