package look

import "context"

// Mailing is what a campaign is about to say, and has said.
type Mailing struct {
	Campaign Campaign
	Rounds   []Round
	// Next are the steps of the ladder that come next: their messages are not written yet.
	Next []Next
	// States counts all that acts on the filter's unit or message touch, whatever its
	// round, step and state.
	States []MessageCount
	// Messages are those that match the filter, More tells that there are older ones.
	Messages []Message
	More     bool
}

// MessageCount is how many messages of a round's step are in one state.
type MessageCount struct {
	Round, Step, State string
	N                  int64
}

// Mailing reads a campaign's messages, cut to the filter's limit, and what they are among.
func (r *Reader) Mailing(ctx context.Context, campaign string, f MessageFilter) (Mailing, error) {
	var m Mailing
	err := r.view(ctx, func(v *view) error {
		c, err := v.campaign(ctx, campaign)
		if err != nil {
			return err
		}
		b := Board{Campaign: c}
		if err := v.fillRounds(ctx, &b); err != nil {
			return err
		}
		if err := v.fillNext(ctx, &b); err != nil {
			return err
		}
		m = Mailing{Campaign: c, Rounds: b.Rounds}
		for _, n := range b.Next {
			if n.Step != "" {
				m.Next = append(m.Next, n)
			}
		}
		counts, err := v.messageCounts(ctx, &c, f)
		if err != nil {
			return err
		}
		m.States = counts
		limit := f.Limit
		f.Limit++
		m.Messages, err = v.messages(ctx, &c, f)
		if m.More = len(m.Messages) > limit; m.More {
			m.Messages = m.Messages[:limit]
		}
		return err
	})
	return m, err
}
