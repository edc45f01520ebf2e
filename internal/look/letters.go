package look

import (
	"context"
	"time"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/document"
)

// Letter is an official letter, drafted for signature.
type Letter struct {
	ID int64 `json:"id"`
	Unit
	Round string  `json:"round,omitempty"`
	Title v1.Text `json:"title"`
	// State is Drafted, or Withdrawn once the report has come.
	State     string    `json:"state"`
	DraftedAt time.Time `json:"draftedAt"`
	DueAt     time.Time `json:"dueAt"`
}

// DraftedLetter is a letter with everything that its draft is written from.
type DraftedLetter struct {
	Letter
	Campaign Campaign
	Document document.Letter
}

// Letters are a campaign's letters, the newest first.
func (r *Reader) Letters(ctx context.Context, campaign string) ([]Letter, error) { panic("not yet") }

// Letter is one letter of a campaign.
func (r *Reader) Letter(ctx context.Context, campaign string, id int64) (DraftedLetter, error) {
	panic("not yet")
}
