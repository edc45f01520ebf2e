package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/look"
)

func (a *app) whyCommand() *cobra.Command {
	var o whose
	var format, asOf string
	cmd := &cobra.Command{
		Use:   "why UNIT -c CAMPAIGN",
		Short: "What happened between a campaign and one unit, and why (vì sao)",
		Long: `Why tells everything about one unit: what it owes and owed, what was sent with
the server's answer, what was not sent and why, and what comes next.

Vì sao đơn vị bị nhắc, hoặc không được nhắc: từng thư, câu trả lời của máy chủ
thư, và việc sắp tới.`,
		Example: `  thidua why STTTT-01 -c covid-2021
  thidua why STTTT-01 -c covid-2021 -o json
  thidua why STTTT-01 -c covid-2021 --as-of 2021-10-18   what was known that day`,
		Args:              atMostOne,
		ValidArgsFunction: a.completePlace,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.place("why", args, false); err != nil {
				return err
			}
			switch {
			case o.unit == "":
				return misuse("which unit? usage: %s", cmd.UseLine())
			case o.campaign == "":
				return misuse("why %s: in which campaign? give -c CAMPAIGN", o.unit)
			}
			return a.lookingAsOf(cmd.Context(), asOf, func(r reader) error {
				w, err := r.Why(cmd.Context(), o.campaign, o.unit)
				if err != nil {
					return err
				}
				if format != formatTable {
					return WriteDocument(a.out, format, w)
				}
				writeWhy(a.out, w)
				return nil
			})
		},
	}
	a.campaignFlag(cmd, &o.campaign)
	cmd.Flags().StringVar(&o.unit, "unit", "", "the unit's code; it may also stand without a flag")
	_ = cmd.RegisterFlagCompletionFunc("unit", a.completeUnits)
	asOfFlag(cmd, &asOf)
	outputFlag(cmd, &format, formatTable, formatJSON, formatYAML)
	return cmd
}

func writeWhy(w io.Writer, y look.Why) {
	zone := y.Campaign.Location()
	fmt.Fprintf(w, "%s  %s\n", y.Unit.Code, y.Unit.Name)
	fmt.Fprintf(w, "%s, group %s, calendar %s, administered by %s\n", orDash(y.Unit.Kind), orDash(y.Unit.Group), y.Unit.Calendar, orDash(y.Unit.AdministeredBy.Code))
	fmt.Fprintf(w, "campaign %s, %s; now %s%s\n", y.Campaign.Name, y.Campaign.State, dayAndTime(y.Campaign.Now, zone), clockWord(y.Campaign.Clock))
	if y.Rank != nil && y.Rank.Rank != nil {
		fmt.Fprintf(w, "%s: hạng %d trên %d, %s điểm\n", y.RankedIn.VI, *y.Rank.Rank, y.OutOf, y.Rank.Total)
	}
	for _, o := range y.Obligations {
		writeObligation(w, o, zone)
	}
	if len(y.Obligations) == 0 {
		fmt.Fprintln(w, "\nnothing has been asked of this unit yet")
	}
	if len(y.Upcoming) > 0 {
		fmt.Fprintln(w, "\nKỳ sẽ mở (rounds to come)")
		var t table
		for _, u := range y.Upcoming {
			t.add(u.Round, "mở "+stamp(u.OpensAt, zone), "hạn "+stamp(u.DueAt, zone))
		}
		_ = t.write(w, "  ")
	}
}

func writeObligation(w io.Writer, o look.Obligation, zone *time.Location) {
	title := o.Title.VI
	if o.Round != "" {
		title += " (" + o.Round + ")"
	}
	fmt.Fprintf(w, "\n%s: %s\n", title, obligationLine(o, zone))
	if o.MovedFrom != nil {
		why := ""
		if o.MovedWhy != "" {
			why = ": " + o.MovedWhy
		}
		fmt.Fprintf(w, "  hạn ban đầu %s, đã dời (moved)%s\n", dayAndTime(*o.MovedFrom, zone), why)
	}
	for _, r := range o.Reports {
		line := fmt.Sprintf("  lần %d: trình %s", r.Version, stamp(r.ReceivedAt, zone))
		switch {
		case r.Source != "System":
			line = fmt.Sprintf("  lần %d: văn bản %s đến %s (%s)", r.Version, r.DocumentNumber, stamp(r.ReceivedAt, zone), r.Source)
		case r.ApprovedAt != nil && !r.ApprovedAt.Equal(r.ReceivedAt):
			line += ", lãnh đạo duyệt " + stamp(*r.ApprovedAt, zone)
		case r.State == "HandedUp":
			line += ", chờ lãnh đạo đơn vị duyệt"
		}
		if r.State == "Returned" {
			line += "; trả lại: " + r.ReturnReason
		}
		fmt.Fprintln(w, line)
		for _, f := range r.Files {
			fmt.Fprintf(w, "    tệp %s, %d byte, sha256 %s\n", f.Name, f.Size, f.SHA256)
		}
	}
	if o.DraftSavedAt != nil {
		fmt.Fprintf(w, "  bản nháp lưu %s (draft)\n", stamp(*o.DraftSavedAt, zone))
	}
	var t table
	for _, n := range o.Notices {
		t.add(stamp(n.Instant, zone), n.Step, recipientOf(n), noticeOutcome(n))
		addAnswers(&t, n, zone)
	}
	_ = t.write(w, "  ")
	for _, l := range o.Letters {
		fmt.Fprintf(w, "  công văn %d: %s, soạn %s\n", l.ID, l.State, stamp(l.DraftedAt, zone))
	}
	switch {
	case o.NextAt != nil:
		word := look.Word("next." + o.NextState)
		fmt.Fprintf(w, "  %s (%s): %s %s\n", word.VI, word.EN, o.NextStep, dayAndTime(*o.NextAt, zone))
	case o.State == "Owing" && o.ClosesAt != nil:
		fmt.Fprintf(w, "  tiếp theo (next): kỳ đóng %s\n", dayAndTime(*o.ClosesAt, zone))
	}
}

// obligationLine says how one obligation stands.
func obligationLine(o look.Obligation, zone *time.Location) string {
	due := ""
	if o.DueAt != nil {
		due = ", hạn " + dayAndTime(*o.DueAt, zone)
	}
	switch {
	case o.State == "Settled" && o.ReceivedAt != nil:
		how := "đúng hạn (on time)"
		if o.OnTime != nil && !*o.OnTime {
			how = fmt.Sprintf("trễ %d ngày làm việc (late)", o.DaysLate)
		}
		return fmt.Sprintf("đã tiếp nhận lúc %s, %s, %s%s", hour(*o.ReceivedAt, zone), longDay(*o.ReceivedAt, zone), how, due)
	case o.State == "Owing" && o.DaysLate > 0:
		return fmt.Sprintf("chưa nộp, quá hạn %d ngày làm việc (owing, late), đang ở %s%s", o.DaysLate, o.Holder, due)
	case o.State == "Owing":
		return fmt.Sprintf("chưa nộp (owing), đang ở %s%s", o.Holder, due)
	case o.State == "Lapsed":
		return "không nộp (never came)" + due
	case o.State == "Informed":
		return fmt.Sprintf("%s (%s)", o.StateText.VI, o.StateText.EN)
	case o.State == "Cancelled":
		return "đã hủy (cancelled)"
	}
	return o.State + due
}

func recipientOf(n look.UnitNotice) string {
	if n.Recipient == "" {
		return n.Role
	}
	return n.Role + " " + n.Recipient
}

// noticeOutcome is what became of a notice, and why.
func noticeOutcome(n look.UnitNotice) string {
	text := orElse(n.StateText.VI, n.State)
	if n.Reason != "" {
		text += ": " + orElse(n.ReasonText.VI, n.Reason)
	}
	return text
}

// addAnswers tells of each call to a server and what it said.
func addAnswers(t *table, n look.UnitNotice, zone *time.Location) {
	for _, m := range n.Messages {
		if m.Why != "" {
			t.add("", "", "", fmt.Sprintf("↳ thư %d, %s: %s (%s), lý do: %s", m.ID, m.Channel, look.Word("message."+m.State).VI, m.State, oneLine(m.Why)))
		}
		for _, at := range m.Attempts {
			what := fmt.Sprintf("↳ thư %d, %s, lần %d: %s", m.ID, m.Channel, at.No, orElse(at.Outcome, "chưa rõ (no outcome yet)"))
			if at.Response != "" {
				what += ", máy chủ trả lời: " + oneLine(at.Response)
			}
			t.add("", "", "", what+" ("+stamp(at.At, zone)+")")
		}
	}
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
