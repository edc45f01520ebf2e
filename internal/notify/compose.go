package notify

import (
	"cmp"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/notify/texts"
)

// Kind is what a notice is about: what somebody owes, or is asked to.
type Kind string

const (
	KindReport        Kind = "report"
	KindRegistration  Kind = "registration"
	KindConsolidation Kind = "consolidation"
	KindInvitation    Kind = "invitation"
)

// Unit is a unit as a text names it.
type Unit struct{ Code, Name string }

// Envelope is everything that a message is written from: facts, no text.
type Envelope struct {
	Campaign Campaign
	Office   Office
	// Basis is the document that the message cites; with nil, or before the
	// document's date, it cites the campaign.
	Basis     *v1.Document
	Recipient Recipient
	// Notices that the message carries, at least one.
	Notices []Notice
	// List makes one table of the notices for somebody who watches over the units
	// instead of owing anything (gather: ListPerRecipient).
	List bool
	// Now is business time. It decides whether a deadline has passed, so that no
	// text can say "not received" before it.
	Now time.Time
	// Location is the campaign's time zone; all instants are written in it.
	Location *time.Location
	// MessageID, with or without angle brackets.
	MessageID string
	// BaseURL is put before links that start with a slash. Without it such links,
	// and the sentences around them, are left out.
	BaseURL string
}

// Campaign is the campaign as texts name it.
type Campaign struct {
	Name  string
	Title v1.Text
	// Launched is when the campaign was launched; zero leaves it out.
	Launched time.Time
}

// Office is the unit that runs the campaign.
type Office struct {
	Unit
	// Contact is whom units may ask; nil leaves it out.
	Contact *v1.OfficeContact
	// Sender is the address that mail comes from.
	Sender mail.Address
}

// Recipient is the person or desk that a message goes to.
type Recipient struct {
	// Role is the role in which they receive it. Resolve Holder to FocalPoint or
	// Leader first: an unresolved Holder is addressed as the unit.
	Role  v1.Role
	Unit  Unit
	Name  string // may be empty
	Email string
}

// Notice is one thing to tell.
type Notice struct {
	Kind Kind
	// Step is the ladder's step, launch or invitation. A MessageTemplate for that
	// name replaces the text.
	Step string
	// Round is SERIES/PERIOD for reports.
	Round string
	// RoundTitle is what the round is called, such as "báo cáo tháng 10/2021"; see
	// RoundTitle.
	RoundTitle v1.Text
	// Unit is who owes, not who receives.
	Unit Unit
	// Due is the deadline.
	Due time.Time
	// DueMoved is the day that the plan names if Due was rolled off a day off;
	// DueMovedWhy is that day's name, such as "Tết Nguyên đán", if it has one.
	DueMoved    v1.Date
	DueMovedWhy string
	// Extended tells that Due was moved later by an act: an extension, the end of a pause.
	Extended bool
	// Closes is when nothing more is accepted; zero leaves it out.
	Closes time.Time
	// DataFrom and DataTo bound the data that the report covers, both included.
	DataFrom, DataTo v1.Date
	// AwaitingApproval tells that the unit's leader has the next move.
	AwaitingApproval bool
	// FormURL opens the form: an http or https address, a path below BaseURL, or empty.
	FormURL string
	// DaysLate is how many working days have passed since Due; shown in lists.
	DaysLate int
	// Reason is why a report was returned or asked for, in the office's words.
	Reason string
	// HardTasks is how many hard tasks a registration may hold; 0 leaves it out.
	HardTasks int
	// EventAt, Place and Occasion describe what an invitation is to; Place may be
	// empty. Due is then the date by which to answer; zero leaves it out.
	EventAt  time.Time
	Place    string
	Occasion string // as in v1.Ceremony
	// Calendar is which one lacks days off; CoveredUntil is the last day that it knows.
	Calendar     string
	CoveredUntil v1.Date
}

// RoundTitle is what a round of a series is called: its title and the month of
// its period, such as "báo cáo tháng 10/2021". Without a title it is a report,
// without a period the title alone.
func RoundTitle(title *v1.Text, period v1.YearMonth) v1.Text {
	vi, en := texts.In(texts.VI), texts.In(texts.EN)
	t := v1.Text{VI: vi.Words.Report, EN: en.Words.Report}
	if title != nil {
		t = v1.Text{VI: vi.Text(*title), EN: en.Text(*title)}
	}
	month, err := time.Parse("2006-01", string(period))
	if err != nil {
		return t
	}
	return v1.Text{VI: t.VI + " " + vi.Month(month), EN: t.EN + " " + en.Month(month)}
}

// ConsolidationTitle is what the consolidation of a round is called.
func ConsolidationTitle(round v1.Text) v1.Text {
	vi, en := texts.In(texts.VI), texts.In(texts.EN)
	return v1.Text{VI: vi.Words.Consolidation + " " + inside(vi.Text(round)), EN: en.Words.Consolidation + " " + inside(en.Text(round))}
}

// inside is a title as it stands inside another: without its capital, unless it
// begins with an abbreviation.
func inside(title string) string {
	first, size := utf8.DecodeRuneInString(title)
	if next, _ := utf8.DecodeRuneInString(title[size:]); unicode.IsUpper(next) {
		return title
	}
	return string(unicode.ToLower(first)) + title[size:]
}

// Composer writes messages. It is safe for concurrent use.
type Composer struct {
	overrides map[override]*overrideText
}

// NewComposer takes the texts that replace built-in ones, and refuses those that
// CheckTemplate refuses. A text for the step letter is left to package document.
func NewComposer(specs []v1.MessageTemplateSpec) (*Composer, error) {
	c := &Composer{overrides: map[override]*overrideText{}}
	for _, spec := range specs {
		if spec.Step == "letter" {
			continue
		}
		text, err := parseOverride(spec)
		if err != nil {
			return nil, err
		}
		c.overrides[override{string(spec.Step), languageOf(spec)}] = text
	}
	return c, nil
}

// Compose writes the message in Vietnamese with English below it. It fails on an
// envelope without notices, sender, recipient, Message-ID or time zone, on dates
// and links that cannot be read, and on an override that cannot be filled in.
func (c *Composer) Compose(e Envelope) (Mail, error) {
	if err := e.check(); err != nil {
		return Mail{}, fmt.Errorf("compose mail: %w", err)
	}
	var parts []texts.Part
	for _, l := range texts.Languages {
		t := texts.In(l)
		v, err := newFields(e, t)
		if err != nil {
			return Mail{}, fmt.Errorf("compose mail: %w", err)
		}
		subject, body, err := c.fill(e, t, v)
		if err != nil {
			return Mail{}, fmt.Errorf("compose mail: %w", err)
		}
		footer, err := t.Phrase("footer", v)
		if err != nil {
			return Mail{}, fmt.Errorf("compose mail: %w", err)
		}
		parts = append(parts, texts.Part{Language: l, Subject: texts.Line(subject), Body: body, Table: v.table, Footer: footer})
	}
	m := Mail{
		From: e.Office.Sender, To: mail.Address{Name: texts.Clean(e.Recipient.Name), Address: e.Recipient.Email},
		MessageID: e.MessageID, Date: e.Now.In(e.Location), Labels: e.labels(),
		Subject: parts[0].Subject,
	}
	if c := e.Office.Contact; c != nil && c.Email != "" {
		m.ReplyTo = mail.Address{Name: texts.Clean(c.Name), Address: c.Email}
	}
	m.Text = texts.Text(parts)
	var err error
	if m.HTML, err = texts.HTML(parts); err != nil {
		return Mail{}, fmt.Errorf("compose mail: %w", err)
	}
	return m, nil
}

// fill executes the text that fits: an override for the one step of all notices,
// or the built-in message.
func (c *Composer) fill(e Envelope, t *texts.Catalogue, v *Fields) (subject, body string, err error) {
	step := e.Notices[0].Step
	same := !slices.ContainsFunc(e.Notices, func(n Notice) bool { return n.Step != step })
	if text, ok := c.overrides[override{step, t.Language}]; ok && same {
		return text.fill(v)
	}
	m := t.Message(e.message())
	var s, b strings.Builder
	if err := m.ExecuteTemplate(&s, "subject", v); err != nil {
		return "", "", err
	}
	if err := m.ExecuteTemplate(&b, "body", v); err != nil {
		return "", "", err
	}
	return s.String(), b.String(), nil
}

// message is the name of the built-in text. Whether a deadline has passed is
// judged by business time, never by the step's name.
func (e Envelope) message() string {
	n := e.Notices[0]
	watcher := e.Recipient.Role == v1.RoleAdministeringBody || e.Recipient.Role == v1.RoleOffice
	switch {
	case e.List, watcher && n.Kind != KindInvitation:
		return texts.List
	case len(e.Notices) > 1:
		return texts.Digest
	case n.Step == texts.Calendar:
		return texts.Calendar
	case n.Step == texts.Launch: // of whatever kind: it is the first that a unit hears
		return texts.Launch
	case n.Kind == KindInvitation:
		return texts.Invitation
	case n.Step == texts.Returned:
		return texts.Returned
	case n.Step == texts.Request:
		return texts.Request
	case e.late(n):
		return texts.Overdue
	}
	return texts.Prepare
}

func (e Envelope) late(n Notice) bool { return !n.Due.IsZero() && !e.Now.Before(n.Due) }

func (e Envelope) check() error {
	switch {
	case len(e.Notices) == 0:
		return errors.New("no notices")
	case e.Recipient.Email == "":
		return errors.New("recipient has no address")
	case e.Office.Sender.Address == "":
		return errors.New("office has no sender address")
	case e.MessageID == "":
		return errors.New("no Message-ID")
	case e.Location == nil:
		return errors.New("no time zone")
	case e.Now.IsZero():
		return errors.New("no business time")
	}
	return nil
}

func (e Envelope) labels() Labels {
	l := Labels{Campaign: e.Campaign.Name}
	var rounds, steps []string
	for _, n := range e.Notices {
		rounds = appendNew(rounds, n.Round)
		steps = appendNew(steps, n.Step)
		l.Units = appendNew(l.Units, n.Unit.Code)
	}
	l.Round, l.Step = strings.Join(rounds, ", "), strings.Join(steps, ", ")
	return l
}

func appendNew(list []string, s string) []string {
	if s == "" || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// Fields are what a text, and so a MessageTemplate, may print: words in its own
// language. An empty string means that there is nothing to say.
type Fields struct {
	Role      v1.Role // of the recipient
	Addressee string  // as after "Kính gửi:"
	Office    string
	Campaign  string // its title
	Movement  string // the title as it stands inside a sentence
	Launched  string // the day
	// Basis is the document cited, or else the campaign; BasisDocument is empty
	// without a document.
	Basis, BasisDocument string
	// ContactLine is a sentence; Contact its parts.
	ContactLine string
	Contact     Contact
	// Now is business time.
	Now, NowShort string

	// What follows is about one notice: the first, or in Items each by itself.

	What             string // what is owed, such as "báo cáo tháng 10/2021"
	Unit             string // who owes it
	UnitCode         string
	Due, DueShort    string // in a sentence; in a heading
	Late             bool
	DaysLate         int
	Data             string // the period of the data
	Moved            string // a sentence on a deadline moved off a day off
	Extended         bool
	AwaitingApproval bool
	Closes           string
	Form             string // an address
	Reason           string // why a report was returned or asked for
	HardTasks        string
	Event            string
	EventAt          string
	EventShort       string
	Place            string
	Calendar         string
	CoveredUntil     string

	// Items are all notices, each with everything above.
	Items []Fields
	// Count of Items, or in a list of units, as a number in a sentence.
	Count string
	// Table of all notices; stands in a paragraph of its own.
	Table string
	table texts.Table
}

// Contact is whom units may ask.
type Contact struct{ Name, Phone, Email string }

func newFields(e Envelope, t *texts.Catalogue) (*Fields, error) {
	message, err := messageFields(e, t)
	if err != nil {
		return nil, err
	}
	var items []Fields
	var whats []string
	for _, n := range e.Notices {
		i := message
		if err := i.add(e, n, t); err != nil {
			return nil, fmt.Errorf("notice of %s: %w", n.Unit.Code, err)
		}
		items = append(items, i)
		whats = appendNew(whats, i.What)
	}
	v := items[0]
	v.Items, v.Table = items, texts.TableMark
	switch {
	case len(whats) > 3:
		v.What = t.Words.Mixed
	case len(whats) > 1:
		v.What = strings.Join(whats, ", ")
	}
	if e.message() == texts.Digest {
		v.Count = t.Count(len(items))
		v.table = digestTable(items, t)
	} else {
		v.Count = t.Count(len(e.labels().Units))
		// A list says "not received" only if that is true of every row.
		v.Late = !slices.ContainsFunc(items, func(i Fields) bool { return !i.Late })
		v.table = listTable(items, t, len(whats) > 1)
	}
	return &v, nil
}

// messageFields is what all notices of a message share.
func messageFields(e Envelope, t *texts.Catalogue) (v Fields, err error) {
	now := e.Now.In(e.Location)
	v = Fields{
		Role: e.Recipient.Role, Office: cmp.Or(texts.Clean(e.Office.Name), t.Words.Office),
		Campaign: texts.Clean(t.Text(e.Campaign.Title)),
		Now:      t.Moment(now), NowShort: t.ShortMoment(now),
	}
	if v.Movement, err = t.Movement(v.Campaign); err != nil {
		return v, err
	}
	if !e.Campaign.Launched.IsZero() {
		v.Launched = t.Date(e.Campaign.Launched.In(e.Location))
	}
	v.Basis = v.Movement
	// A plan may be signed after the launch; until then nobody can cite it.
	if e.Basis != nil && string(e.Basis.Date) <= now.Format(time.DateOnly) {
		if v.BasisDocument, err = t.Document(*e.Basis); err != nil {
			return v, err
		}
		v.Basis = v.BasisDocument
	}
	if c := e.Office.Contact; c != nil {
		v.Contact = Contact{texts.Clean(c.Name), texts.Clean(c.Phone), texts.Clean(c.Email)}
		if v.ContactLine, err = t.Phrase("contact", v.Contact); err != nil {
			return v, err
		}
	}
	v.Addressee, err = t.Phrase("addressee", struct {
		Role       v1.Role
		Name, Unit string
	}{e.Recipient.Role, texts.Clean(e.Recipient.Name), texts.Clean(cmp.Or(e.Recipient.Unit.Name, e.Recipient.Unit.Code))})
	return v, err
}

// add says what one notice is about.
func (v *Fields) add(e Envelope, n Notice, t *texts.Catalogue) (err error) {
	v.Unit, v.UnitCode = texts.Clean(cmp.Or(n.Unit.Name, n.Unit.Code)), n.Unit.Code
	v.Late, v.DaysLate = e.late(n), n.DaysLate
	v.Extended, v.AwaitingApproval, v.Place = n.Extended, n.AwaitingApproval, texts.Clean(n.Place)
	v.Reason = texts.Clean(n.Reason)
	switch n.Kind {
	case KindRegistration:
		v.What = t.Words.Registration
	case KindInvitation:
		v.What = t.Words.Invitation
	default:
		v.What = inside(cmp.Or(texts.Clean(t.Text(n.RoundTitle)), t.Words.Report))
		if n.Kind == KindConsolidation {
			v.What = t.Words.Consolidation + " " + v.What
		}
	}
	if !n.Due.IsZero() {
		due := n.Due.In(e.Location)
		v.Due, v.DueShort = t.Moment(due), t.ShortMoment(due)
	}
	if !n.Closes.IsZero() {
		v.Closes = t.Moment(n.Closes.In(e.Location))
	}
	if !n.EventAt.IsZero() {
		at := n.EventAt.In(e.Location)
		v.EventAt, v.EventShort = t.Moment(at), t.ShortMoment(at)
	}
	v.Calendar = n.Calendar
	if n.CoveredUntil != "" {
		until, err := texts.ParseDate(n.CoveredUntil)
		if err != nil {
			return err
		}
		v.CoveredUntil = t.Date(until)
	}
	v.Event = cmp.Or(t.Words.Occasions[n.Occasion], t.Words.Occasion)
	if n.HardTasks > 0 {
		v.HardTasks = t.Count(n.HardTasks)
	}
	if v.Data, err = t.Period(n.DataFrom, n.DataTo); err != nil {
		return err
	}
	if n.DueMoved != "" {
		was, err := texts.ParseDate(n.DueMoved)
		if err != nil {
			return err
		}
		if v.Moved, err = t.Phrase("moved", struct{ Weekday, Date, Why string }{t.Weekday(was), t.Date(was), texts.Clean(n.DueMovedWhy)}); err != nil {
			return err
		}
	}
	v.Form, err = e.link(n.FormURL)
	return err
}

// link makes an address whole. A path without a base is no link at all.
func (e Envelope) link(s string) (string, error) {
	if strings.HasPrefix(s, "/") {
		if e.BaseURL == "" {
			return "", nil
		}
		s = strings.TrimSuffix(e.BaseURL, "/") + s
	}
	if s == "" {
		return "", nil
	}
	u, err := url.Parse(s)
	if err != nil {
		return "", err
	}
	if (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return "", fmt.Errorf("link %q: want http or https", s)
	}
	return u.String(), nil
}

// listTable shows who is late; what is owed only where the rows differ in it.
func listTable(items []Fields, t *texts.Catalogue, mixed bool) texts.Table {
	w := t.Words.Columns
	counted := slices.ContainsFunc(items, func(i Fields) bool { return i.DaysLate > 0 })
	table := texts.Table{Columns: []string{w.Number, w.Unit}}
	if mixed {
		table.Columns = append(table.Columns, w.What)
	}
	table.Columns = append(table.Columns, w.Due)
	if counted {
		table.Columns = append(table.Columns, w.DaysLate)
	}
	for n, i := range items {
		row := []string{fmt.Sprint(n + 1), i.Unit}
		if mixed {
			row = append(row, i.What)
		}
		row = append(row, i.DueShort)
		if counted {
			row = append(row, fmt.Sprint(i.DaysLate))
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

// digestTable shows one who owes several things what they are.
func digestTable(items []Fields, t *texts.Catalogue) texts.Table {
	w := t.Words.Columns
	linked := slices.ContainsFunc(items, func(i Fields) bool { return i.Form != "" })
	table := texts.Table{Columns: []string{w.Number, w.What, w.Unit, w.Due, w.State}}
	if linked {
		table.Columns = append(table.Columns, w.Link)
	}
	for n, i := range items {
		state := t.Words.NotLate
		if i.Late {
			state = t.Words.Late
		}
		row := []string{fmt.Sprint(n + 1), i.What, i.Unit, i.DueShort, state}
		if linked {
			link := ""
			if i.Form != "" {
				link = texts.Link(i.Form, t.Words.Form)
			}
			row = append(row, link)
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}
