// Package texts holds what Thi đua says to people, one catalogue a language, and
// how dates are written in it. Code that writes to people takes its words from
// here.
package texts

import (
	"embed"
	"fmt"
	"strings"
	"text/template"

	"sigs.k8s.io/yaml"

	v1 "thidua.dev/thidua/api/v1"
)

// Language of a catalogue.
type Language string

const (
	VI Language = "vi"
	EN Language = "en"
)

// Languages in the order in which people read them.
var Languages = []Language{VI, EN}

// Names of the messages.
const (
	Prepare    = "prepare"    // before a deadline
	Overdue    = "overdue"    // after it
	Launch     = "launch"     // invitation to take part
	Invitation = "invitation" // to a ceremony
	List       = "list"       // for those who watch over late units
	Digest     = "digest"     // several notices for one who owes
	Returned   = "returned"   // a report comes back for supplement
	Request    = "request"    // a report outside the plan is asked for
	Calendar   = "calendar"   // the office is asked for the coming year's days off
)

// Messages are the names of all messages.
var Messages = []string{Prepare, Overdue, Launch, Invitation, List, Digest, Returned, Request, Calendar}

//go:embed vi en layout.html.tmpl
var files embed.FS

// Words are single words and phrases of a language.
type Words struct {
	Weekdays      []string          `json:"weekdays"`  // Sunday first
	Documents     map[string]string `json:"documents"` // by letters of the symbol
	OtherDocument string            `json:"otherDocument"`
	Office        string            `json:"office"` // where it has no name
	Report        string            `json:"report"`
	Consolidation string            `json:"consolidation"` // before what is consolidated
	Registration  string            `json:"registration"`
	Invitation    string            `json:"invitation"`
	Mixed         string            `json:"mixed"` // several things at once
	Late          string            `json:"late"`
	NotLate       string            `json:"notLate"`
	Form          string            `json:"form"` // label of a link
	Occasions     map[string]string `json:"occasions"`
	Occasion      string            `json:"occasion"`
	// OpenMoment is left for a pen; EndOf comes before a day that is over.
	OpenMoment string `json:"openMoment"`
	EndOf      string `json:"endOf"`
	// Movement is how a campaign's title begins if it already says what it is.
	Movement string `json:"movement"`
	Columns  struct {
		Number   string `json:"number"`
		Unit     string `json:"unit"`
		What     string `json:"what"`
		Due      string `json:"due"`
		DaysLate string `json:"daysLate"`
		State    string `json:"state"`
		Link     string `json:"link"`
	} `json:"columns"`
}

// Catalogue is one language's texts.
type Catalogue struct {
	Language Language
	Words    Words
	shared   *template.Template
	messages map[string]*template.Template
}

var catalogues = map[Language]*Catalogue{VI: mustLoad(VI), EN: mustLoad(EN)}

// layout is the page around the HTML of a message. What it is given is escaped:
// html/template would cost as much as all the rest of a message.
var layout = template.Must(template.ParseFS(files, "layout.html.tmpl"))

// In returns the catalogue of a language; there are VI and EN.
func In(l Language) *Catalogue { return catalogues[l] }

// Message is a message's template; it defines subject and body.
func (c *Catalogue) Message(name string) *template.Template { return c.messages[name] }

// Phrase fills in one of the shared phrases: addressee, movement, document,
// contact, moved, footer.
func (c *Catalogue) Phrase(name string, data any) (string, error) {
	var b strings.Builder
	if err := c.shared.ExecuteTemplate(&b, name, data); err != nil {
		return "", err
	}
	return strings.TrimSpace(b.String()), nil
}

// Document cites a document, such as "Quyết định số 1423/QĐ-BTTTT ngày 16/9/2021".
func (c *Catalogue) Document(d v1.Document) (string, error) {
	date, err := ParseDate(d.Date)
	if err != nil {
		return "", fmt.Errorf("document %s: %w", d.Number, err)
	}
	return c.Phrase("document", struct{ Type, Number, Date string }{c.documentType(d.Number), d.Number, c.Date(date)})
}

// documentType reads the letters between the slash and the hyphen of a symbol. A
// letter has none there; it is called a document.
func (c *Catalogue) documentType(number string) string {
	symbol := number[strings.LastIndexByte(number, '/')+1:]
	letters, _, _ := strings.Cut(symbol, "-")
	if t, ok := c.Words.Documents[letters]; ok {
		return t
	}
	return c.Words.OtherDocument
}

// Movement is a campaign's title as it stands inside a sentence. A title that
// already says what it is loses its capital instead of saying so twice.
func (c *Catalogue) Movement(title string) (string, error) {
	if w := c.Words.Movement; w != "" && len(title) > len(w) && strings.EqualFold(title[:len(w)], w) {
		return w + title[len(w):], nil
	}
	return c.Phrase("movement", struct{ Title string }{title})
}

// Text is the text in this language, or in Vietnamese where it has no English.
func (c *Catalogue) Text(t v1.Text) string {
	if c.Language == EN && t.EN != "" {
		return t.EN
	}
	return t.VI
}

// Link marks a link in a text: the address where letters are plain, words that
// lead there where they are not. Marks are control characters, which clean input
// doesn't hold; Text and HTML turn them into what they show. No address, no link.
func Link(url, words string) string {
	if url == "" {
		return ""
	}
	return string(linkStart) + url + string(linkMiddle) + words + string(linkEnd)
}

const (
	linkStart  = '\x01'
	linkMiddle = '\x02'
	linkEnd    = '\x03'
	// TableMark stands where a message's table goes.
	TableMark = "\x04"
)

// functions are what a template may call besides text/template's own.
var functions = template.FuncMap{"link": Link}

func mustLoad(l Language) *Catalogue {
	c := &Catalogue{Language: l, messages: map[string]*template.Template{}}
	raw, err := files.ReadFile(string(l) + "/words.yaml")
	if err != nil {
		panic(err)
	}
	if err := yaml.UnmarshalStrict(raw, &c.Words); err != nil {
		panic(err)
	}
	c.shared = template.Must(template.ParseFS(files, string(l)+"/shared.tmpl"))
	for _, name := range Messages {
		file := name + ".tmpl"
		c.messages[name] = template.Must(template.New(file).Funcs(functions).Option("missingkey=error").
			ParseFS(files, string(l)+"/"+file))
	}
	return c
}
