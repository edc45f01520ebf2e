package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/look"
)

func (a *app) statusCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "status",
		Short: "The installation on one screen (tình trạng)",
		Long: `Status prints the clock, every campaign, what is undone and what waits to be
sent, with the messages that a person has to look at. LATE counts reports of units,
(+n) consolidations and decisions.

Tình trạng hệ thống: đồng hồ, các phong trào, thư chờ gửi, thư cần người xem.`,
		Example: "  thidua status\n  thidua status -o json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.looking(cmd.Context(), func(r reader) error {
				s, err := r.Status(cmd.Context())
				if err != nil {
					return err
				}
				if format != formatTable {
					return WriteDocument(a.out, format, s)
				}
				return writeStatus(a.out, s)
			})
		},
	}
	outputFlag(cmd, &format, formatTable, formatJSON, formatYAML)
	return cmd
}

// lateAfter is how long past its instant a procedure may be on a real clock
// before somebody should look for the worker.
const lateAfter = time.Minute

// campaignStatus is one campaign of it.
type campaignStatus = look.CampaignStatus

func writeStatus(w io.Writer, s *look.Status) error {
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
		head.add("undone", counted(s.Undone.Procedures, "procedure")+", "+counted(s.Undone.Messages, "message"))
	}
	o := s.Outbox
	head.add("outbox", fmt.Sprintf("%d sent, %d pending, %d held, %d being sent, %d not configured", o.Sent, o.Pending, o.Held, o.Claimed, o.NotConfigured))
	if o.OldestPendingSeconds > 0 {
		head.add("", fmt.Sprintf("the oldest waits for %s", time.Duration(o.OldestPendingSeconds)*time.Second))
	}
	if o.Parked+o.Ambiguous > 0 {
		head.add("look at", fmt.Sprintf("%d parked, %d ambiguous: thidua get messages -c CAMPAIGN --state Parked, thidua message resend", o.Parked, o.Ambiguous))
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
		{title: "LATE", cell: lateCount},
		{title: "HEALTH", cell: health},
		{title: "NEXT", cell: func(c campaignStatus) string {
			if c.Next == nil {
				return "-"
			}
			return stamp(c.Next.At, c.Location()) + " " + nextWords(*c.Next)
		}},
	}, s.Campaigns)
}

// lateCount is how many reports are late, and apart from them what bodies and the
// office owe.
func lateCount(c campaignStatus) string {
	if c.LateOther == 0 {
		return number(c.Late)
	}
	return fmt.Sprintf("%d (+%d)", c.Late, c.LateOther)
}

// health names what is wrong, or says that nothing is.
func health(c campaignStatus) string {
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
