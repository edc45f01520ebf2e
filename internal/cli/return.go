package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/engine"
)

func (a *app) returnCommand() *cobra.Command {
	var o whose
	var req request
	var to string
	cmd := &cobra.Command{
		Use:   "return UNIT -c CAMPAIGN --round ROUND --reason WHY [--to DATE]",
		Short: "Give a report back for supplement (trả lại để bổ sung)",
		Long: `Return gives a report that was received back to its unit, to be sent again by
--to; the unit is told why. A draft that still waits for the leader's approval
goes back to the focal point without --to: its deadline stands. What is sent again
counts by the new deadline, whatever the first version did.

Trả lại báo cáo để đơn vị bổ sung; đơn vị nhận được lý do và thời hạn mới.`,
		Example: `  thidua return STTTT-22 -c covid-2021 --round monthly/2021-10 --to 2021-10-25 --reason "thiếu số liệu của 02 huyện"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check("return", args); err != nil {
				return err
			}
			return a.steer(cmd.Context(), req, func(on installation, act engine.Act) error {
				if to == "" {
					if err := on.HandBack(cmd.Context(), act, o.campaign, o.round, o.unit); err != nil {
						return err
					}
					fmt.Fprintf(a.out, "%s, %s: đã trả về đầu mối để hoàn thiện (handed back to the focal point)\n", o.unit, o.round)
					return nil
				}
				due, zone, err := a.deadline(cmd, on, o.campaign, to)
				if err != nil {
					return err
				}
				if err := on.Return(cmd.Context(), act, o.campaign, o.round, o.unit, due); err != nil {
					return err
				}
				fmt.Fprintf(a.out, "%s, %s: đã trả lại để bổ sung, hạn %s, %s (returned, due %s)\n", o.unit, o.round, hour(due, zone), longDay(due, zone), due.In(zone).Format("2006-01-02 15:04"))
				return nil
			})
		},
	}
	o.flags(a, cmd)
	cmd.Flags().StringVar(&to, "to", "", "new deadline: a date (17:00) or an instant; needed once the report was received")
	req.flags(cmd)
	return cmd
}

func (a *app) reopenCommand() *cobra.Command {
	var o whose
	var req request
	var to string
	cmd := &cobra.Command{
		Use:   "reopen UNIT -c CAMPAIGN --round ROUND --to DATE --reason WHY",
		Short: "Let a unit still send a report that never came (mở lại kỳ báo cáo)",
		Long: `Reopen lets one unit send a report after the round was closed without it. The
round runs again for that unit alone and closes a second time.

Mở lại kỳ báo cáo cho một đơn vị chưa gửi.`,
		Example: `  thidua reopen DN-05 -c covid-2021 --round monthly/2021-10 --to 2021-11-05 --reason "đề nghị tại công văn 12/DN-VP"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check("reopen", args); err != nil {
				return err
			}
			if to == "" {
				return misuse("reopen: until when? give --to DATE")
			}
			return a.steer(cmd.Context(), req, func(on installation, act engine.Act) error {
				due, zone, err := a.deadline(cmd, on, o.campaign, to)
				if err != nil {
					return err
				}
				if err := on.Reopen(cmd.Context(), act, o.campaign, o.round, o.unit, due); err != nil {
					return err
				}
				fmt.Fprintf(a.out, "%s, %s: đã mở lại, hạn %s, %s (reopened, due %s)\n", o.unit, o.round, hour(due, zone), longDay(due, zone), due.In(zone).Format("2006-01-02 15:04"))
				return nil
			})
		},
	}
	o.flags(a, cmd)
	cmd.Flags().StringVar(&to, "to", "", "new deadline: a date (17:00) or an instant")
	req.flags(cmd)
	return cmd
}

// deadline reads --to in the campaign's zone.
func (a *app) deadline(cmd *cobra.Command, on installation, campaign, to string) (time.Time, *time.Location, error) {
	return a.instantOf(cmd, on, campaign, "--to", to)
}

// instantOf reads the deadline that a flag gives: a date means 17:00.
func (a *app) instantOf(cmd *cobra.Command, on installation, campaign, flag, text string) (time.Time, *time.Location, error) {
	c, err := on.Campaign(cmd.Context(), campaign)
	if err != nil {
		return time.Time{}, nil, err
	}
	at, err := parseInstant(text, 17, 0, c.Location())
	if err != nil {
		return at, nil, misuse("%s %v", flag, err)
	}
	return at, c.Location(), nil
}
