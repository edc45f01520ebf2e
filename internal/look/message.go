package look

import (
	"context"
	"math"
	"time"

	"thidua.dev/thidua/internal/store/db"
)

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
	if f.Limit <= 0 {
		f.Limit = 200
	}
	var messages []Message
	err := r.view(ctx, func(v *view) error {
		c, err := v.campaign(ctx, campaign)
		if err != nil {
			return err
		}
		rows, err := v.LookMessages(ctx, db.LookMessagesParams{
			CampaignID: c.id, State: f.State, Step: f.Step, Round: f.Round, Unit: f.Unit, MaxRows: int32(min(f.Limit, math.MaxInt32)),
		})
		if err != nil {
			return err
		}
		messages = make([]Message, len(rows))
		for i, m := range rows {
			messages[i] = Message{
				ID: m.ID, Round: m.Round, Step: m.Step, Channel: m.Channel, Role: m.Role, Recipient: m.Recipient,
				RecipientName: m.RecipientName, List: m.List, Units: m.Units, State: m.State, NotBefore: m.NotBefore.In(c.loc),
				SentAt: local(m.SentAt, c.loc), Tries: int64(m.Tries), Outcome: m.Outcome, Response: m.Response,
			}
		}
		return nil
	})
	return messages, err
}
