package mailbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/emersion/go-message/mail"

	"thidua.dev/thidua/internal/notify"
)

// Message is a mail as it arrived.
type Message struct {
	// ID in this mailbox; ids sort in order of arrival.
	ID string `json:"id"`
	// Date is the mail's own, in its own zone: business time.
	Date time.Time `json:"date"`
	// From and To are addresses without names.
	From    string `json:"from"`
	To      string `json:"to"`
	Subject string `json:"subject"`
	// MessageID is without angle brackets. The same one twice is one message sent
	// twice.
	MessageID string `json:"messageID"`
	Campaign  string `json:"campaign"`
	// Round and Step are lists with commas where the mail carries several notices.
	Round string   `json:"round"`
	Step  string   `json:"step"`
	Units []string `json:"units"`

	Text string `json:"-"`
	HTML string `json:"-"`
	Raw  []byte `json:"-"`
}

// ReadDir parses the mails that a mailbox with this Dir has kept, in order of
// arrival. The mailbox may be running.
func ReadDir(dir string) ([]Message, error) {
	entries, err := readMaildir(dir)
	if err != nil {
		return nil, err
	}
	return parseAll(entries)
}

// ParseMail parses a mail. It fails on what is not a mail; fields that a mail
// lacks stay empty.
func ParseMail(raw []byte) (Message, error) {
	m := Message{Raw: raw}
	r, err := mail.CreateReader(bytes.NewReader(raw))
	if err != nil {
		return m, fmt.Errorf("parse mail: %w", err)
	}
	defer r.Close()
	h := r.Header
	// A mail from elsewhere may lack any of these.
	m.Date, _ = h.Date()
	m.Subject, _ = h.Subject()
	m.MessageID, _ = h.MessageID()
	m.From, m.To = address(h, "From"), address(h, "To")
	m.Campaign, m.Round, m.Step = h.Get(notify.HeaderCampaign), h.Get(notify.HeaderRound), h.Get(notify.HeaderStep)
	m.Units = list(h.Get(notify.HeaderUnits))
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil {
			return m, fmt.Errorf("parse mail: %w", err)
		}
		inline, ok := part.Header.(*mail.InlineHeader)
		if !ok {
			continue
		}
		body, err := io.ReadAll(part.Body)
		if err != nil {
			return m, fmt.Errorf("parse mail: %w", err)
		}
		text := strings.ReplaceAll(string(body), "\r\n", "\n")
		switch kind, _, _ := inline.ContentType(); kind {
		case "text/html":
			m.HTML += text
		case "text/plain":
			m.Text += text
		}
	}
}

func address(h mail.Header, field string) string {
	if list, err := h.AddressList(field); err == nil && len(list) > 0 {
		return list[0].Address
	}
	return ""
}

// list splits a field with commas; folding may have put any space around them.
func list(s string) []string {
	out := []string{}
	for item := range strings.SplitSeq(s, ",") {
		if item = strings.TrimSpace(item); item != "" {
			out = append(out, item)
		}
	}
	return out
}
