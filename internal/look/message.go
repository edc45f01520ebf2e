package look

import (
	"context"
	"math"
	"time"

	"thidua.dev/thidua/internal/store/db"
)

// MessageFilter keeps the messages that match every field given.
type MessageFilter struct {
	ID    int64  // this one
	Unit  string // about or to this unit
	Round string
	Step  string
	State string // as it is shown, such as Held
	Below int64  // go on from this id
	Limit int    // 0 means 200
}

// Message is what one recipient got, or is to get, on one channel.
type Message struct {
	ID            int64  `json:"id"`
	Round         string `json:"round,omitempty"`
	Step          string `json:"step"`
	Channel       string `json:"channel"`
	Role          string `json:"role"`
	Recipient     string `json:"recipient"`
	RecipientName string `json:"recipientName,omitempty"`
	List          bool   `json:"list"`
	Units         int64  `json:"units"` // how many notices it carries
	// State is Pending, Held by the office, NotConfigured while its channel has no settings,
	// Claimed while it is being sent, Sent; Parked when the server refused it for good or too
	// often, Ambiguous when nobody knows, and Superseded, Expired or Cancelled when it was
	// not to be sent any more.
	State     string     `json:"state"`
	NotBefore time.Time  `json:"notBefore"`
	SentAt    *time.Time `json:"sentAt,omitempty"`
	Tries     int64      `json:"tries"`
	HeldAt    *time.Time `json:"heldAt,omitempty"`
	// Why the office holds it, or has cancelled it.
	Why string `json:"why,omitempty"`
	// Outcome and Response are those of the last attempt.
	Outcome  string `json:"outcome,omitempty"`
	Response string `json:"response,omitempty"`
}

// Messages are a campaign's messages, the newest first.
func (r *Reader) Messages(ctx context.Context, campaign string, f MessageFilter) ([]Message, error) {
	if f.Limit <= 0 {
		f.Limit = 200
	}
	var messages []Message
	err := r.view(ctx, func(v *view) error {
		c, err := v.campaign(ctx, campaign)
		if err != nil {
			return err
		}
		messages, err = v.messages(ctx, &c, f)
		return err
	})
	return messages, err
}

func (v *view) messages(ctx context.Context, c *Campaign, f MessageFilter) ([]Message, error) {
	rows, err := v.LookMessages(ctx, db.LookMessagesParams{
		CampaignID: c.id, ID: f.ID, State: f.State, Step: f.Step, Round: f.Round, Unit: f.Unit, Below: f.Below, Past: v.past,
		MaxRows: int32(min(f.Limit, math.MaxInt32)),
	})
	if err != nil {
		return nil, err
	}
	messages := make([]Message, len(rows))
	for i, m := range rows {
		messages[i] = Message{
			ID: m.ID, Round: m.Round, Step: m.Step, Channel: m.Channel, Role: m.Role, Recipient: m.Recipient,
			RecipientName: m.RecipientName, List: m.List, Units: m.Units, State: m.State, NotBefore: m.NotBefore.In(c.loc),
			SentAt: local(m.SentAt, c.loc), Tries: int64(m.Tries), Outcome: m.Outcome, Response: m.Response, Why: said(m.State, m.Why),
		}
		if m.State == "Held" {
			messages[i].HeldAt = local(m.HeldAt, c.loc)
		}
	}
	return messages, nil
}

func (v *view) messageCounts(ctx context.Context, c *Campaign, f MessageFilter) ([]MessageCount, error) {
	rows, err := v.LookMessageStates(ctx, db.LookMessageStatesParams{CampaignID: c.id, ID: f.ID, Unit: f.Unit})
	if err != nil {
		return nil, err
	}
	counts := make([]MessageCount, len(rows))
	for i, row := range rows {
		counts[i] = MessageCount{row.Round, row.Step, row.State, row.N}
	}
	return counts, nil
}

// said is why the office did what it did about a message, as long as that is how it stands.
func said(state, why string) string {
	if state == "Held" || state == "Cancelled" {
		return why
	}
	return ""
}
