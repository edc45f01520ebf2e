package look

import (
	"context"
	"time"

	v1 "thidua.dev/thidua/api/v1"
)

// Todo is something that waits for a unit, across its campaigns.
type Todo struct {
	// Kind is Registration, Report or Decision for what the unit owes, Letter for
	// one to sign, Message for one that a person has to look at.
	Kind     string     `json:"kind"`
	Campaign string     `json:"campaign"`
	Subject  string     `json:"subject,omitempty"` // a round, or the letter's id
	Title    v1.Text    `json:"title"`
	About    Unit       `json:"about"` // the unit that a letter is to
	DueAt    *time.Time `json:"dueAt,omitempty"`
	Overdue  bool       `json:"overdue"`
	Holder   string     `json:"holder,omitempty"`
}

// Todo is what waits for a unit, by deadline. For a campaign's office these are
// also the letters to sign and the messages that came to nothing.
func (r *Reader) Todo(ctx context.Context, unit string) ([]Todo, error) { panic("not yet") }
