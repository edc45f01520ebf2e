package notify

import (
	"strings"
	"testing"

	v1 "thidua.dev/thidua/api/v1"
)

func TestOverride(t *testing.T) {
	c, err := NewComposer([]v1.MessageTemplateSpec{
		{Step: "prepare", Subject: "Nhắc: {{.What}}, {{.DueShort}}", Body: "Kính gửi: {{.Addressee}}\n\nKính đề nghị gửi {{.What}} <trước> {{.Due}}.\nBiểu mẫu: {{link .Form \"tại đây\"}}\n"},
		{Step: "escalate", Language: "en", Subject: "{{.Count}} units", Body: "Late:\n{{range .Items}}\n{{.Unit}} ({{.DaysLate}})\n{{end}}\n{{.Table}}"},
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err := c.Compose(envelope(nil))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "override.txt", "Subject: "+m.Subject+"\n\n"+m.Text)
	golden(t, "override.html", m.HTML)

	m, err = c.Compose(envelope(func(e *Envelope) {
		e.List, e.Now = true, at("2021-10-22 08:30")
		e.Notices = []Notice{late(e.Notices[0], quangNinh, 5), late(e.Notices[0], Unit{"HN", "Hà Nội"}, 4)}
	}))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "override-list.txt", "Subject: "+m.Subject+"\n\n"+m.Text)

	m, err = c.Compose(envelope(func(e *Envelope) {
		other := e.Notices[0]
		other.Step = "overdue"
		e.Notices = append(e.Notices, other)
	}))
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(m.Subject, "Nhắc:") {
		t.Errorf("a message about two steps took the text of one: %s", m.Subject)
	}
}

func TestCheckTemplate(t *testing.T) {
	for _, tt := range []struct {
		name    string
		reason  string
		subject string
		body    string
		want    string // inside the error; empty: allowed
	}{
		{"plain", "", "a", "b {{.What}} {{if and .Late (gt .DaysLate 3)}}x{{else}}y{{end}}", ""},
		{"with", "", "a", "{{with .Place}}{{.}}{{end}}{{range $i, $n := .Items}}{{if $i}}, {{end}}{{$n.Unit}}{{else}}-{{end}}", ""},
		{"contact", "", "a", "{{.Contact.Phone}}", ""},
		{"unknown field", "a typing mistake is found before the campaign runs", "a", "{{.Deadline}}", "Deadline"},
		{"unknown field in a branch", "the sample has everything, so branches are tried too", "a", "{{if .Place}}{{.Deadline}}{{end}}", "Deadline"},
		{"syntax", "", "a", "{{if}}", "missing value"},
		{"number", "a loop over a number would not end in our time", "a", "{{range 1000000000}}{{end}}", "range over 1000000000"},
		{"call as range", "", "a", "{{range (len .Items)}}{{end}}", "range over"},
		{"string range", "", "a", `{{range "x"}}{{end}}`, "range over"},
		{"nested range", "three loops over 2,000 units are 8,000,000,000 turns", "a", "{{range .Items}}{{range $.Items}}{{end}}{{end}}", "inside a range"},
		{"define", "a template could call itself", "a", `{{define "x"}}{{end}}`, "define"},
		{"template", "a template could call itself", "a", `{{template "text" .}}`, "not allowed"},
		{"printf", "a width of a million fills the memory", "a", `{{printf "%1000000d" 1}}`, "printf is not allowed"},
		{"html", "escaping is not the template's work", "a", "{{html .What}}", "html is not allowed"},
		{"call", "", "a", "{{call .What}}", "call is not allowed"},
		{"in a condition", "functions are limited everywhere", "a", `{{if js "a"}}{{end}}`, "js is not allowed"},
		{"in a subject", "", `{{print "a"}}`, "b", "subject: function print"},
		{"empty subject", "", "{{.Place}}", "b", "subject is empty"},
		{"private field", "", "a", "{{.table}}", "table"},
		{"range over text", "", "a", "{{range .What}}{{end}}", "range"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := CheckTemplate(v1.MessageTemplateSpec{Step: "prepare", Subject: tt.subject, Body: tt.body})
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("%s: %v", tt.reason, err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("%s: error %v, want %q", tt.reason, err, tt.want)
			}
		})
	}
	if err := CheckTemplate(v1.MessageTemplateSpec{Step: "prepare", Language: "fr", Subject: "a", Body: "b"}); err == nil {
		t.Error("a language without a catalogue was taken")
	}
}

func TestComposeRefuses(t *testing.T) {
	c, err := NewComposer(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		reason string
		change func(*Envelope)
		want   string
	}{
		{"no notices", "", func(e *Envelope) { e.Notices = nil }, "no notices"},
		{"no recipient", "", func(e *Envelope) { e.Recipient.Email = "" }, "recipient"},
		{"no sender", "", func(e *Envelope) { e.Office.Sender.Address = "" }, "sender"},
		{"no Message-ID", "a message that is sent again must be known again", func(e *Envelope) { e.MessageID = "" }, "Message-ID"},
		{"no time zone", "the reader's day may be another one", func(e *Envelope) { e.Location = nil }, "time zone"},
		{"bad date", "", func(e *Envelope) { e.Notices[0].DataTo = "2021-02-30" }, "2021-02-30"},
		{"script link", "a link is opened with a click", func(e *Envelope) { e.Notices[0].FormURL = "javascript:alert(1)" }, "want http"},
	} {
		if _, err := c.Compose(envelope(tt.change)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
	}
}

// Names come from rosters and contact lists: they must not forge a line, a link
// or markup.
func TestComposeEscapes(t *testing.T) {
	c, err := NewComposer(nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := c.Compose(envelope(func(e *Envelope) {
		e.Recipient.Name = "Hoa\r\nBcc: x@example.vn\x01http://x\x02y\x03\x04<script>"
		e.Recipient.Unit.Name = "Sở\n\nTrân trọng <b>"
	}))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(m.HTML, "<script>") || strings.Contains(m.HTML, "<b>") || strings.Contains(m.HTML, `href="http://x"`) {
		t.Error("markup came through")
	}
	if strings.ContainsAny(m.Text+m.HTML+m.Subject+m.To.Name, "\x01\x02\x03\x04\r") || strings.Contains(m.To.Name, "\n") {
		t.Error("control characters came through")
	}
	if !strings.Contains(m.Text, "Ông/Bà Hoa Bcc: x@example.vn http://x y <script>, đầu mối thi đua, khen thưởng – Sở Trân trọng <b>\n") {
		t.Errorf("the name is not on one line:\n%s", m.Text)
	}
}
