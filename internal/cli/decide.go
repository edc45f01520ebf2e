package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/engine"
)

func (a *app) decideCommand() *cobra.Command {
	var req request
	var number, dated, signedBy string
	cmd := &cobra.Command{
		Use:   "decide CAMPAIGN --number NUMBER --dated DATE",
		Short: "Record the award decision (quyết định khen thưởng)",
		Long: `Decide records the decision of the competent authority as it is printed. The
nominees of the final review are awarded. People decide; the engine keeps it.

Ghi nhận quyết định khen thưởng đã ban hành.`,
		Example:           `  thidua decide covid-2021 --number 512/QĐ-BTTTT --dated 2022-04-08 --signed-by "Bộ trưởng Nguyễn Mạnh Hùng"`,
		Args:              oneName("campaign"),
		ValidArgsFunction: a.completeCampaigns,
		RunE: func(cmd *cobra.Command, args []string) error {
			if number == "" {
				return misuse("decide %s: give --number, such as 512/QĐ-BTTTT", args[0])
			}
			if dated == "" {
				return misuse("decide %s: give --dated, such as 2022-04-08", args[0])
			}
			day, err := calendar.ParseDate(dated)
			if err != nil {
				return misuse("--dated %q is not a date such as 2022-04-08", dated)
			}
			return a.steer(cmd.Context(), req, func(on installation, act engine.Act) error {
				if err := on.Decide(cmd.Context(), act, args[0], engine.Decided{Number: number, Dated: day, SignedBy: signedBy}); err != nil {
					return err
				}
				fmt.Fprintf(a.out, "campaign/%s: đã ghi nhận quyết định %s ngày %02d/%02d/%d (decided)\n", args[0], number, day.Day, day.Month, day.Year)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&number, "number", "", "the decision's number and symbol, as printed")
	cmd.Flags().StringVar(&dated, "dated", "", "the decision's own date")
	cmd.Flags().StringVar(&signedBy, "signed-by", "", "who signed it")
	req.flags(cmd)
	return cmd
}
