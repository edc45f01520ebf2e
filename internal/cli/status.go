package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
)

func (a *app) statusCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "status",
		Short: "The installation on one screen (tình trạng)",
		Long: `Status prints the clock, every campaign, what is undone and what waits to be
sent, with the messages that a person has to look at.

Tình trạng hệ thống: đồng hồ, các phong trào, thư chờ gửi, thư cần người xem.`,
		Example: "  thidua status\n  thidua status -o json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, closeDB, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer closeDB()
			s, err := readStatus(cmd.Context(), e)
			if err != nil {
				return err
			}
			if format != formatTable {
				return writeDocument(a.out, format, s)
			}
			return s.write(a.out)
		},
	}
	outputFlag(cmd, &format, formatTable, formatJSON, formatYAML)
	return cmd
}

// lateAfter is how long past its instant a procedure may be on a real clock
// before somebody should look for the worker.
const lateAfter = time.Minute

// installation is what status tells.
type installation struct {
	Clock     look.Clock       `json:"clock"`
	Campaigns []campaignStatus `json:"campaigns"`
	Outbox    look.Outbox      `json:"outbox"`
	// Undone is what keeps a stepped clock from its next jump; nil on a real one.
	Undone      *undone    `json:"undone,omitempty"`
	NextInstant *time.Time `json:"nextInstant"`
}

type undone struct {
	Procedures int64 `json:"procedures"`
	Messages   int64 `json:"messages"`
}

type campaignStatus struct {
	look.Campaign
	Outbox look.Outbox `json:"outbox"`
	Late   int64       `json:"late"`
	Next   *look.Next  `json:"next,omitempty"`
}

func readStatus(ctx context.Context, e *engine.Engine) (*installation, error) {
	r := look.New(e.Pool())
	clock, err := r.Clock(ctx)
	if err != nil {
		return nil, err
	}
	s := &installation{Clock: clock, Campaigns: []campaignStatus{}}
	campaigns, err := r.Campaigns(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range campaigns {
		one := campaignStatus{Campaign: c}
		if c.State != "Declared" {
			b, err := r.Board(ctx, c.Name)
			if err != nil {
				return nil, err
			}
			one.Outbox, one.Late = b.Outbox, b.LateTotal
			if len(b.Next) > 0 {
				one.Next = &b.Next[0]
			}
			addOutbox(&s.Outbox, b.Outbox)
		}
		s.Campaigns = append(s.Campaigns, one)
	}
	if clock.Stepped {
		u, err := e.Undone(ctx)
		if err != nil {
			return nil, err
		}
		s.Undone = &undone{u.Procedures, u.Messages}
	}
	s.NextInstant, err = e.NextInstant(ctx)
	return s, err
}

func addOutbox(sum *look.Outbox, o look.Outbox) {
	sum.Pending += o.Pending
	sum.Claimed += o.Claimed
	sum.Sent += o.Sent
	sum.Superseded += o.Superseded
	sum.Expired += o.Expired
	sum.Parked += o.Parked
	sum.Ambiguous += o.Ambiguous
	sum.NotConfigured += o.NotConfigured
	sum.OldestPendingSeconds = max(sum.OldestPendingSeconds, o.OldestPendingSeconds)
}

func (s *installation) write(w io.Writer) error {
	zone := zoneOf(defaultZone)
	kind := " (real)"
	if word := clockWord(s.Clock); word != "" {
		kind = word
	}
	var head table
	head.add("clock", dayAndTime(s.Clock.Now, zone)+kind)
	next := "nothing is due by itself"
	if s.NextInstant != nil {
		next = dayAndTime(*s.NextInstant, zone)
		if !s.Clock.Stepped && s.Clock.Now.Sub(*s.NextInstant) > lateAfter {
			next += ", which is past: does a worker run?"
		}
	}
	head.add("next look", next)
	if s.Undone != nil {
		head.add("undone", fmt.Sprintf("%d procedures, %d messages", s.Undone.Procedures, s.Undone.Messages))
	}
	o := s.Outbox
	head.add("outbox", fmt.Sprintf("%d sent, %d pending, %d being sent, %d not configured", o.Sent, o.Pending, o.Claimed, o.NotConfigured))
	if o.OldestPendingSeconds > 0 {
		head.add("", fmt.Sprintf("the oldest waits for %s", time.Duration(o.OldestPendingSeconds)*time.Second))
	}
	if o.Parked+o.Ambiguous > 0 {
		head.add("look at", fmt.Sprintf("%d parked, %d ambiguous: thidua get messages -c CAMPAIGN --state Ambiguous", o.Parked, o.Ambiguous))
	}
	if err := head.write(w, ""); err != nil {
		return err
	}
	if len(s.Campaigns) == 0 {
		fmt.Fprintln(w, "\nno campaign is declared; begin with: thidua init")
		return nil
	}
	return writeTable(w, "Phong trào (campaigns)", []column[campaignStatus]{
		{title: "NAME", cell: func(c campaignStatus) string { return c.Name }},
		{title: "STATE", cell: func(c campaignStatus) string { return c.State }},
		{title: "PHASE", cell: func(c campaignStatus) string { return orDash(c.Phase) }},
		{title: "UNITS", cell: func(c campaignStatus) string { return number(c.Participants) }},
		{title: "LATE", cell: func(c campaignStatus) string { return number(c.Late) }},
		{title: "HEALTH", cell: campaignStatus.health},
		{title: "NEXT", cell: func(c campaignStatus) string {
			if c.Next == nil {
				return "-"
			}
			return stamp(c.Next.At, c.Location()) + " " + nextWords(*c.Next)
		}},
	}, s.Campaigns)
}

// health names what is wrong, or says that nothing is.
func (c campaignStatus) health() string {
	for _, kind := range []string{"Stalled", "DeliveryDegraded", "CalendarShort"} {
		if k := c.Condition(kind); k.Status == "True" {
			return k.Reason
		}
	}
	if k := c.Condition("Ready"); k.Status != "True" {
		return orDash(k.Reason)
	}
	return "ok"
}
