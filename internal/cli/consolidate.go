package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/engine"
)

func (a *app) consolidateCommand() *cobra.Command {
	var o whose
	var text string
	var attached []string
	var req request
	cmd := &cobra.Command{
		Use:   "consolidate [BODY] -c CAMPAIGN --round ROUND [--text SUMMARY] [--attach FILE]",
		Short: "Record that a round's reports were put together (tổng hợp)",
		Long: `Consolidate records that the body to which units report has put their reports
together; it owes that by its own date, consolidated in the campaign's spec. What
had come by then is kept with it. Without a body it is the campaign's office.

Ghi nhận đã tổng hợp báo cáo của kỳ, kèm số đơn vị đã gửi tại thời điểm đó.`,
		Example: `  thidua consolidate -c covid-2021 --round monthly/2021-10 --text "87/89 đơn vị đã báo cáo" --attach tong-hop-10.docx`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.place("consolidate", args, true); err != nil {
				return err
			}
			for _, f := range []struct{ flag, value string }{{"-c CAMPAIGN", o.campaign}, {"--round ROUND", o.round}} {
				if f.value == "" {
					return misuse("consolidate: give %s", f.flag)
				}
			}
			return a.steer(cmd.Context(), req, func(on installation, act engine.Act) error {
				c, err := on.Campaign(cmd.Context(), o.campaign)
				if err != nil {
					return err
				}
				if o.unit == "" {
					o.unit = c.Office.Code
				}
				report := engine.Report{}
				if text != "" {
					report.Sections = map[v1.SectionName]string{engine.SectionConsolidation: text}
				}
				if report.Files, err = keep(cmd.Context(), on, attached); err != nil {
					return err
				}
				done, err := on.Consolidate(cmd.Context(), act, o.campaign, o.round, o.unit, report)
				if err != nil {
					return err
				}
				onTime := "đúng hạn (on time)"
				if !done.OnTime {
					onTime = "trễ hạn (late)"
				}
				fmt.Fprintf(a.out, "%s, %s: đã tổng hợp %d/%d báo cáo lúc %s, %s, %s\n", o.unit, o.round, done.Reports, done.Expected,
					hour(done.ReceivedAt, c.Location()), longDay(done.ReceivedAt, c.Location()), onTime)
				return nil
			})
		},
	}
	o.flags(a, cmd)
	cmd.Flags().StringVar(&text, "text", "", "the summary in words")
	attachFlag(cmd, &attached)
	req.flags(cmd)
	return cmd
}
