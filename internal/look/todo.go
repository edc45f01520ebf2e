package look

import (
	"context"
	"fmt"
	"slices"
	"time"

	v1 "thidua.dev/thidua/api/v1"
)

// Todo is something that waits for a unit, across its campaigns.
type Todo struct {
	// Kind is Registration, Report, Consolidation or Decision for what the unit owes,
	// Letter for one to sign, Message for one that a person has to look at, Calendar
	// for a year's notice of days off that a campaign of the office is about to need.
	Kind     string     `json:"kind"`
	Campaign string     `json:"campaign"`
	Subject  string     `json:"subject,omitempty"` // a round, or the id of the letter or message
	Title    v1.Text    `json:"title"`
	About    Unit       `json:"about"` // the unit concerned
	DueAt    *time.Time `json:"dueAt,omitempty"`
	Overdue  bool       `json:"overdue"`
	Holder   string     `json:"holder,omitempty"`
}

// knownUnit refuses a code that no roster has: a typing mistake must not read as
// "nothing to do".
func (v *view) knownUnit(ctx context.Context, unit string) error {
	codes, err := v.LookRosterCodes(ctx)
	if err != nil || slices.Contains(codes, unit) {
		return err
	}
	return &NotFound{Kind: "unit", Name: unit, Similar: similar(unit, codes)}
}

// Todo is what waits for a unit, by deadline. For a campaign's office these are
// also the letters to sign and the messages that came to nothing.
func (r *Reader) Todo(ctx context.Context, unit string) ([]Todo, error) {
	todo := []Todo{}
	err := r.view(ctx, func(v *view) error {
		campaigns, err := v.campaigns(ctx, "")
		if err != nil {
			return err
		}
		by := map[string]*Campaign{}
		for i := range campaigns {
			by[campaigns[i].Name] = &campaigns[i]
		}
		if err := v.knownUnit(ctx, unit); err != nil {
			return err
		}
		owed, err := v.LookTodo(ctx, unit)
		if err != nil {
			return err
		}
		for _, o := range owed {
			c := by[o.Campaign]
			todo = append(todo, Todo{
				Kind: o.Kind, Campaign: o.Campaign, Subject: o.Round, Title: c.roundTitle(o.Kind, o.Series, o.Period), About: Unit{Code: unit},
				DueAt: local(o.DueAt, c.loc), Overdue: o.DueAt != nil && v.now.After(*o.DueAt), Holder: o.Holder,
			})
		}
		for _, c := range campaigns {
			if c.Office.Code != unit {
				continue
			}
			for _, n := range c.needs {
				todo = append(todo, Todo{
					Kind: "Calendar", Campaign: c.Name, Subject: string(n.Calendar), Title: Word("subject.Calendar"), About: Unit{Code: unit},
					DueAt: local(&n.At, c.loc), Holder: "Office",
				})
			}
		}
		letters, err := v.LookOfficeLetters(ctx, unit)
		if err != nil {
			return err
		}
		for _, l := range letters {
			todo = append(todo, Todo{
				Kind: "Letter", Campaign: l.Campaign, Subject: fmt.Sprint(l.ID), Title: by[l.Campaign].roundTitle(l.Kind, l.Series, l.Period), About: Unit{l.Unit, l.Name},
			})
		}
		messages, err := v.LookOfficeMessages(ctx, unit)
		if err != nil {
			return err
		}
		for _, m := range messages {
			todo = append(todo, Todo{
				Kind: "Message", Campaign: m.Campaign, Subject: fmt.Sprint(m.ID), Title: Word("subject.Message"), About: Unit{m.Recipient, m.Name},
			})
		}
		return nil
	})
	return todo, err
}
