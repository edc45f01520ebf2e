package look

import (
	"context"
	"time"
)

// Notice is a notice as it can be compared between two runs of a campaign: it
// holds no id and no machine time.
type Notice struct {
	Kind       string    `json:"kind"`
	Round      string    `json:"round"` // empty outside of rounds
	Unit       string    `json:"unit"`
	DeadlineNo int64     `json:"deadlineNo"`
	Step       string    `json:"step"`
	Role       string    `json:"role"`
	Recipient  string    `json:"recipient"`
	Instant    time.Time `json:"instant"`
	State      string    `json:"state"`
	Reason     string    `json:"reason"`
}

// Notices are all notices of a campaign, sorted by instant and then by
// everything else, so that a rehearsal and a real run can be compared.
func (r *Reader) Notices(ctx context.Context, campaign string) ([]Notice, error) { panic("not yet") }

// MessageFilter keeps the messages that match every field given.
type MessageFilter struct {
	Unit  string // about or to this unit
	Round string
	Step  string
	State string
	Limit int // 0 means 200
}

// Message is what one recipient got, or is to get, on one channel.
type Message struct {
	ID            int64      `json:"id"`
	Round         string     `json:"round,omitempty"`
	Step          string     `json:"step"`
	Channel       string     `json:"channel"`
	Role          string     `json:"role"`
	Recipient     string     `json:"recipient"`
	RecipientName string     `json:"recipientName,omitempty"`
	List          bool       `json:"list"`
	Units         int64      `json:"units"` // how many notices it carries
	State         string     `json:"state"`
	NotBefore     time.Time  `json:"notBefore"`
	SentAt        *time.Time `json:"sentAt,omitempty"`
	Tries         int64      `json:"tries"`
	// Outcome and Response are those of the last attempt.
	Outcome  string `json:"outcome,omitempty"`
	Response string `json:"response,omitempty"`
}

// Messages are a campaign's messages, the newest first.
func (r *Reader) Messages(ctx context.Context, campaign string, f MessageFilter) ([]Message, error) {
	panic("not yet")
}
