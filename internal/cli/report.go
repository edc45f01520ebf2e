package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/engine"
)

// whose report is meant.
type whose struct{ campaign, round, unit string }

func (o *whose) flags(a *app, cmd *cobra.Command) {
	a.campaignFlag(cmd, &o.campaign)
	cmd.Flags().StringVar(&o.round, "round", "", "the round, such as monthly/2021-11 or registration")
	cmd.Flags().StringVar(&o.unit, "unit", "", "the unit's code; it may also stand without a flag")
	_ = cmd.RegisterFlagCompletionFunc("round", a.completeRounds)
	_ = cmd.RegisterFlagCompletionFunc("unit", a.completeUnits)
	cmd.Args = atMostOne
	cmd.ValidArgsFunction = a.completePlace
}

// atMostOne takes a unit, or a campaign, that is named without a flag.
func atMostOne(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return fmt.Errorf("unexpected %q; usage: %s", args[1], cmd.UseLine())
	}
	return nil
}

// place puts a name that stands without a flag where it belongs. Beside -c it is the
// unit. Without -c it is the campaign, when the unit is said by --unit or, with
// anyUnit, need not be said.
func (o *whose) place(verb string, args []string, anyUnit bool) error {
	if len(args) == 0 {
		return nil
	}
	name := args[0]
	switch {
	case o.campaign == "" && (o.unit != "" || anyUnit):
		o.campaign = name
	case o.unit == "" || o.unit == name:
		o.unit = name
	default:
		return misuse("%s: two units, %s and --unit %s: name one", verb, name, o.unit)
	}
	return nil
}

// check asks for what a verb needs that acts on what one unit owes.
func (o *whose) check(verb string, args []string) error {
	if err := o.place(verb, args, false); err != nil {
		return err
	}
	for _, f := range []struct{ flag, value string }{{"-c CAMPAIGN", o.campaign}, {"--round ROUND", o.round}, {"the unit, or --unit UNIT", o.unit}} {
		if f.value == "" {
			return misuse("%s: give %s", verb, f.flag)
		}
	}
	return nil
}

func (a *app) submitCommand() *cobra.Command {
	var o whose
	var file string
	var draft bool
	var attached []string
	var paper arrival
	var req request
	cmd := &cobra.Command{
		Use:   "submit UNIT -c CAMPAIGN --round ROUND -f REPORT",
		Short: "Hand in a unit's report on its behalf (nộp báo cáo)",
		Long: `Submit takes a report, whole or not at all. The file is YAML or JSON with
sections (the outline), figures (numbers in quotes, so that none is ever rounded)
and, for a registration, hardTasks. Where the unit's leader approves reports, it
counts from the approval.

With --on-behalf it records a report that came on paper, by e-mail or by the
document axis: signed, so without approval, and counted at its own arrival. The
document carries the outline; the file holds the figures, and may be left out
where none are asked for.

--draft keeps what is written so far, complete or not; it is handed up by a later
submit, and nobody is judged by it.

--attach keeps a file with the report, a scan or evidence: at most 20 of 64 MiB.

Nộp báo cáo thay đơn vị; --on-behalf ghi nhận báo cáo đã gửi bằng văn bản, tính
theo thời điểm đến:

  sections:
    ketQua: Đã hoàn thành 12/12 nhiệm vụ.
  figures:
    online-files: "87.5"`,
		Example: `  thidua submit STTTT-01 -c covid-2021 --round monthly/2021-11 -f report.yaml
  thidua submit STTTT-01 -c covid-2021 --round monthly/2021-11 -f figures.yaml --on-behalf --document-number 88/BC-STTTT --received-at 2021-11-15T16:10:00+07:00 --attach 88-BC-STTTT.pdf
  thidua submit STTTT-01 -c covid-2021 --round registration -f - <<< 'hardTasks: ["Hội nghị truyền hình đến 100% xã"]'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check("submit", args); err != nil {
				return err
			}
			if err := paper.check(cmd); err != nil {
				return err
			}
			var report engine.Report
			if file != "" {
				var err error
				if report, err = readReport(file, a.in); err != nil {
					return err
				}
			} else if !paper.onBehalf {
				return misuse("submit: where is the report? give -f FILE, or -f - for stdin")
			}
			return a.steer(cmd.Context(), req, func(on installation, act engine.Act) error {
				// Before the act: one that was carried out does not fail any more.
				c, err := on.Campaign(cmd.Context(), o.campaign)
				if err != nil {
					return err
				}
				if report.Files, err = keep(cmd.Context(), on, attached); err != nil {
					return err
				}
				if draft {
					return a.saveDraft(cmd, on, act, o, report, c.Location())
				}
				receipt, err := takeIn(cmd, on, act, o, report, paper, c.Location())
				if err != nil {
					return err
				}
				fmt.Fprintln(a.out, receiptLine(receipt, c.Location()))
				return nil
			})
		},
	}
	o.flags(a, cmd)
	cmd.Flags().StringVarP(&file, "filename", "f", "", "the report, or - for stdin")
	cmd.Flags().BoolVar(&draft, "draft", false, "keep it without handing it up (lưu nháp)")
	attachFlag(cmd, &attached)
	paper.flags(cmd)
	cmd.MarkFlagsMutuallyExclusive("draft", "on-behalf")
	req.flags(cmd)
	return cmd
}

func (a *app) saveDraft(cmd *cobra.Command, on installation, act engine.Act, o whose, report engine.Report, zone *time.Location) error {
	at, err := on.SaveDraft(cmd.Context(), act, o.campaign, o.round, o.unit, report)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%s, %s: đã lưu nháp lúc %s, %s; chưa trình (draft kept, not handed up)\n", o.unit, o.round, hour(at, zone), longDay(at, zone))
	return nil
}

// arrival is a report that did not come through the system, as flags say it.
type arrival struct {
	onBehalf                          bool
	source, number, dated, receivedAt string
}

func (p *arrival) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&p.onBehalf, "on-behalf", false, "record a signed report that came outside of the system")
	choiceVar(cmd, flags, &p.source, "source", "", string(engine.Paper), "how it came", words(engine.Sources)...)
	flags.StringVar(&p.number, "document-number", "", "the document's number and symbol, as printed")
	flags.StringVar(&p.dated, "document-date", "", "the document's own date")
	flags.StringVar(&p.receivedAt, "received-at", "", "when it arrived: an instant, or a day, which means 17:00 of it; of today give the time as well")
}

func (p *arrival) check(cmd *cobra.Command) error {
	if !p.onBehalf {
		for _, flag := range []string{"source", "document-number", "document-date", "received-at"} {
			if cmd.Flags().Changed(flag) {
				return misuse("--%s goes with --on-behalf", flag)
			}
		}
		return nil
	}
	switch {
	case p.number == "":
		return misuse("submit --on-behalf: give --document-number, such as 88/BC-STTTT: it is how the paper is found again")
	case p.receivedAt == "":
		return misuse("submit --on-behalf: when did it arrive? give --received-at, such as 2021-11-15T16:10:00+07:00")
	}
	return nil
}

// takeIn submits a report, or records one that came by another way.
func takeIn(cmd *cobra.Command, on installation, act engine.Act, o whose, report engine.Report, p arrival, zone *time.Location) (engine.Receipt, error) {
	ctx := cmd.Context()
	if !p.onBehalf {
		return on.Submit(ctx, act, o.campaign, o.round, o.unit, report)
	}
	came := engine.Arrival{Source: engine.Source(p.source), DocumentNumber: p.number}
	var err error
	if came.ReceivedAt, err = parseInstant(p.receivedAt, 17, 0, zone); err != nil {
		return engine.Receipt{}, misuse("--received-at %v", err)
	}
	if p.dated != "" {
		if came.DocumentDate, err = calendar.ParseDate(p.dated); err != nil {
			return engine.Receipt{}, misuse("--document-date %q is not a date such as 2021-11-15", p.dated)
		}
	}
	return on.Record(ctx, act, o.campaign, o.round, o.unit, report, came)
}

func (a *app) approveCommand() *cobra.Command {
	var o whose
	var req request
	cmd := &cobra.Command{
		Use:   "approve UNIT -c CAMPAIGN --round ROUND",
		Short: "Record that a unit's leader approved its report (lãnh đạo duyệt)",
		Long: `Approve is the word of the unit's leader: the newest version that was handed up
is received, as of now. From the command line it is recorded as done on behalf.

Ghi nhận lãnh đạo đơn vị đã duyệt; báo cáo được tính từ lúc này.`,
		Example: `  thidua approve STTTT-01 -c covid-2021 --round monthly/2021-11 --reason "công văn 88/STTTT-VP"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check("approve", args); err != nil {
				return err
			}
			return a.steer(cmd.Context(), req, func(on installation, act engine.Act) error {
				c, err := on.Campaign(cmd.Context(), o.campaign)
				if err != nil {
					return err
				}
				receipt, err := on.Approve(cmd.Context(), act, o.campaign, o.round, o.unit)
				if err != nil {
					return err
				}
				fmt.Fprintln(a.out, receiptLine(receipt, c.Location()))
				return nil
			})
		},
	}
	o.flags(a, cmd)
	req.flags(cmd)
	return cmd
}

// receiptLine tells what became of a report, in the words of the desk that
// takes it.
func receiptLine(r engine.Receipt, zone *time.Location) string {
	at := hour(r.ReceivedAt, zone) + ", " + longDay(r.ReceivedAt, zone)
	en := r.ReceivedAt.In(zone).Format("15:04 on 2006-01-02")
	head := fmt.Sprintf("%s, %s, lần %d: ", r.Unit, r.Round, r.Version)
	switch {
	case !r.Settled:
		return head + fmt.Sprintf("đã trình lãnh đạo đơn vị lúc %s; chờ duyệt (handed up %s, waits for approval)", at, en)
	case r.OnTime:
		return head + fmt.Sprintf("đã tiếp nhận lúc %s, đúng hạn (received %s, on time)", at, en)
	}
	return head + fmt.Sprintf("đã tiếp nhận lúc %s, trễ hạn (received %s, late)", at, en)
}
