package notify

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// Header fields by which a mail tells what it is about. They let an office sort
// its mail and let tests and the demo's mailbox check what arrived.
const (
	HeaderCampaign = "X-Thidua-Campaign"
	HeaderRound    = "X-Thidua-Round"
	HeaderStep     = "X-Thidua-Step"
	HeaderUnits    = "X-Thidua-Units"
)

// Mail is one message to one person, complete but for its transport.
type Mail struct {
	From, To mail.Address
	// ReplyTo is the desk that answers; the zero address leaves it out.
	ReplyTo mail.Address
	Subject string
	// Text and HTML say the same. HTML may be empty.
	Text, HTML string
	// MessageID with or without angle brackets. A message that is sent again
	// keeps it, so that a mailbox can tell a repetition.
	MessageID string
	// Date is business time; its location is what the reader sees.
	Date time.Time
	// Labels travel as X-Thidua-… fields.
	Labels Labels

	built []byte // what Bytes gives, of a mail that was built
}

// build makes the bytes ahead, so that nothing is left to do between an attempt and
// its call. What it returns must not be changed.
func (m Mail) build() (Mail, error) {
	var err error
	m.built, err = m.Bytes()
	return m, err
}

// Labels name what a mail is about.
type Labels struct {
	Campaign string
	// Round and Step are lists with commas where one mail carries several notices.
	Round, Step string
	// Units are unit codes.
	Units []string
}

// Bytes is the mail as it goes over the wire, with CRLF line ends. The same mail
// gives the same bytes. It fails on a mail without sender, recipient, Message-ID
// or date.
func (m Mail) Bytes() ([]byte, error) {
	if m.built != nil {
		return m.built, nil
	}
	id := strings.Trim(m.MessageID, "<>")
	switch {
	case m.From.Address == "":
		return nil, errors.New("mail has no sender")
	case m.To.Address == "":
		return nil, errors.New("mail has no recipient")
	case id == "":
		return nil, errors.New("mail has no Message-ID")
	case m.Date.IsZero():
		return nil, errors.New("mail has no date")
	}
	sum := sha256.Sum256([]byte(id))
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithBoundary("thidua-"+hex.EncodeToString(sum[:12])))
	msg.FromMailAddress(&m.From)
	msg.ToMailAddress(&m.To)
	if m.ReplyTo.Address != "" {
		msg.ReplyToMailAddress(&m.ReplyTo)
	}
	msg.Subject(m.Subject)
	msg.SetMessageIDWithValue(id)
	msg.SetDateWithValue(m.Date)
	// RFC 3834: nobody's out-of-office reply should answer a reminder.
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	for _, f := range []struct {
		name   gomail.Header
		values []string
	}{
		{HeaderCampaign, []string{m.Labels.Campaign}},
		{HeaderRound, []string{m.Labels.Round}},
		{HeaderStep, []string{m.Labels.Step}},
		// One value a unit: go-mail folds between values, and a list of late units
		// is longer than the 998 octets that a line may have.
		{HeaderUnits, append([]string(nil), m.Labels.Units...)},
	} {
		if len(f.values) > 0 && f.values[0] != "" {
			msg.SetGenHeader(f.name, f.values...)
		}
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	var b bytes.Buffer
	b.Grow(2 * (len(m.Text) + len(m.HTML)))
	if _, err := msg.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("build mail: %w", err)
	}
	return b.Bytes(), nil
}
