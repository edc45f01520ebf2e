package look

import (
	"context"
	"time"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/store/db"
)

// Round is a registration or a report.
type Round struct {
	Name   string  `json:"name"`
	Kind   string  `json:"kind"`
	Title  v1.Text `json:"title"`
	Series string  `json:"series"`
	Period string  `json:"period,omitempty"`
	// State is Planned, Open, Closed or Cancelled.
	State   string    `json:"state"`
	OpensAt time.Time `json:"opensAt"`
	// DueAt is the deadline in the campaign's calendar, LastDueAt the latest one
	// in any calendar or by an extension.
	DueAt           time.Time  `json:"dueAt"`
	LastDueAt       time.Time  `json:"lastDueAt"`
	ConsolidationAt *time.Time `json:"consolidationAt,omitempty"`
	ClosesAt        time.Time  `json:"closesAt"`
	DataFrom        string     `json:"dataFrom,omitempty"` // days, both included
	DataTo          string     `json:"dataTo,omitempty"`

	Expected int64 `json:"expected"`
	Received int64 `json:"received"` // OnTime + Late
	OnTime   int64 `json:"onTime"`
	Late     int64 `json:"late"`
	Overdue  int64 `json:"overdue"` // owing, past the deadline
	NotYet   int64 `json:"notYet"`  // owing, before it
	// AwaitingApproval is how many of those owing wait for their own leader.
	AwaitingApproval int64 `json:"awaitingApproval"`
	Lapsed           int64 `json:"lapsed"` // never came
	// Completeness is Received, Timeliness is OnTime as percentages of Expected,
	// rounded down: 100 means all.
	Completeness int64 `json:"completeness"`
	Timeliness   int64 `json:"timeliness"`
}

// Rounds are a campaign's rounds, in the order of their deadlines.
func (r *Reader) Rounds(ctx context.Context, campaign string) ([]Round, error) {
	var b Board
	err := r.view(ctx, func(v *view) (err error) {
		if b.Campaign, err = v.campaign(ctx, campaign); err != nil {
			return err
		}
		return v.fillRounds(ctx, &b)
	})
	return b.Rounds, err
}

func (v *view) fillRounds(ctx context.Context, b *Board) error {
	rows, err := v.LookRounds(ctx, b.Campaign.id)
	if err != nil {
		return err
	}
	counts, err := v.LookRoundCounts(ctx, v.now, b.Campaign.id)
	if err != nil {
		return err
	}
	live := map[int64]db.LookRoundCountsRow{}
	for _, row := range counts {
		live[row.RoundID] = row
	}
	b.Rounds = make([]Round, len(rows))
	for i, row := range rows {
		b.Rounds[i] = toRound(&b.Campaign, row, live[row.Round.ID])
	}
	return nil
}

func toRound(c *Campaign, row db.LookRoundsRow, live db.LookRoundCountsRow) Round {
	d := row.Round
	r := Round{
		Name: d.Name, Kind: d.Kind, Title: c.roundTitle(d.Kind, d.Series, d.Period), Series: d.Series, Period: d.Period,
		State: d.State, OpensAt: d.OpensAt.In(c.loc), DueAt: row.DueAt.In(c.loc), LastDueAt: row.LastDueAt.In(c.loc),
		ConsolidationAt: local(d.ConsolidationAt, c.loc), ClosesAt: d.ClosesAt.In(c.loc),
		DataFrom: day(d.DataFrom), DataTo: day(d.DataTo),
	}
	switch {
	case d.ClosedAt != nil:
		r.Expected, r.OnTime, r.Late, r.Lapsed = number(d.Expected), number(d.OnTime), number(d.Late), number(d.Missing)
	case d.OpenedAt != nil:
		r.Expected, r.OnTime, r.Late, r.Lapsed = live.Expected, live.OnTime, live.Late, live.Lapsed
		r.Overdue, r.NotYet, r.AwaitingApproval = live.Overdue, live.NotYet, live.AwaitingApproval
		if live.LastDueAt.After(r.LastDueAt) {
			r.LastDueAt = live.LastDueAt.In(c.loc)
		}
	default:
		r.Expected = c.Participants
	}
	r.Received = r.OnTime + r.Late
	r.Completeness, r.Timeliness = percent(r.Received, r.Expected), percent(r.OnTime, r.Expected)
	return r
}

// percent of the whole, rounded down so that only all is 100.
func percent(part, whole int64) int64 {
	if whole == 0 {
		return 0
	}
	return 100 * part / whole
}

func number(n *int32) int64 {
	if n == nil {
		return 0
	}
	return int64(*n)
}

// day is a date without time, as the API writes it.
func day(d *time.Time) string {
	if d == nil {
		return ""
	}
	return d.Format(time.DateOnly)
}
