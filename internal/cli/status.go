package cli

import (
	"errors"
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
sent, with the messages that a person has to look at; and whether the processes that
were started on this data directory, or the server, are ready, as /readyz says. LATE
counts reports of units, (+n) consolidations and decisions.

Tình trạng hệ thống: đồng hồ, các phong trào, thư chờ gửi, thư cần người xem, các tiến
trình có sẵn sàng không.`,
		Example: "  thidua status\n  thidua status -o json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var s installationStatus
			failed := a.looking(cmd.Context(), func(r reader) (err error) {
				s.Status, err = r.Status(cmd.Context())
				return err
			})
			var usage *usageError
			if errors.As(failed, &usage) {
				return failed
			}
			var err error
			if s.Processes, err = a.processes(cmd.Context()); err != nil {
				return errors.Join(failed, err)
			}
			if failed != nil {
				a.blame(s.Processes)
				return failed
			}
			if format != formatTable {
				return WriteDocument(a.out, format, s)
			}
			return writeStatus(a.out, s)
		},
	}
	outputFlag(cmd, &format, formatTable, formatJSON, formatYAML)
	return cmd
}

// installationStatus is what the facts say, and beside it what processes say.
type installationStatus struct {
	*look.Status
	Processes []processHealth `json:"processes"`
}

// blame says what is wrong with processes where the facts cannot be had.
func (a *app) blame(processes []processHealth) {
	for _, p := range processes {
		if len(p.unready()) > 0 {
			for _, line := range p.words() {
				fmt.Fprintln(a.err, p.Role+": "+line)
			}
		}
	}
}

// lateAfter is how long past its instant a procedure may be on a real clock
// before somebody should look for the worker.
const lateAfter = time.Minute

// campaignStatus is one campaign of it.
type campaignStatus = look.CampaignStatus

func writeStatus(w io.Writer, s installationStatus) error {
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
	for _, p := range s.Processes {
		for i, line := range p.words() {
			head.add(map[bool]string{true: p.Role}[i == 0], line)
		}
	}
	if len(s.Processes) == 0 {
		head.add("processes", "none has said here where it answers: is `thidua up` running?")
	}
	if err := head.write(w, ""); err != nil {
		return err
	}
	if len(s.Campaigns) == 0 {
		fmt.Fprintln(w, "\nno campaign is declared; begin on the pages (Phát động phong trào mới), or with: thidua init")
		return nil
	}
	return writeTable(w, "Phong trào (campaigns)", []column[campaignStatus]{
		{title: "NAME", cell: func(c campaignStatus) string { return c.Name }},
		{title: "STATE", cell: func(c campaignStatus) string { return c.State }},
		{title: "PHASE", cell: func(c campaignStatus) string { return orDash(c.Phase) }},
		{title: "UNITS", cell: func(c campaignStatus) string { return number(c.Participants) }},
		{title: "LATE", cell: lateCount},
		{title: "HEALTH", cell: campaignHealth},
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

// campaignHealth names what is wrong, or says that nothing is.
func campaignHealth(c campaignStatus) string {
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
