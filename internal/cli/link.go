package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/engine"
)

func (a *app) linkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "link revoke UNIT|--all",
		Short: "Links that messages carry to units (liên kết của đơn vị)",
		Args:  cobra.ArbitraryArgs,
		RunE: func(*cobra.Command, []string) error {
			return misuse("link what? there is: revoke")
		},
	}
	var all bool
	var req request
	revoke := &cobra.Command{
		Use:   "revoke UNIT|--all",
		Short: "Make links that were sent worthless (thu hồi liên kết)",
		Long: `Revoke makes every link that was sent to a unit worthless, and ends the sessions
that it opened: after a mail went to the wrong hands. The unit's next message
carries a new one. --all does it for every unit, by a new key.

Thu hồi mọi liên kết đã gửi cho đơn vị; thư sau sẽ có liên kết mới.`,
		Example: `  thidua link revoke STTTT-04 --reason "thư bị chuyển tiếp"
  thidua link revoke --all --reason "máy chủ thư bị lộ"`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if all == (len(args) == 1) {
				return misuse("link revoke: of which unit? give its code, or --all")
			}
			return a.steer(cmd.Context(), req, func(on installation, act engine.Act) error {
				if all {
					if _, err := on.RotateLinkKey(cmd.Context(), act); err != nil {
						return err
					}
					fmt.Fprintln(a.out, "every link that was sent is worthless now")
					return nil
				}
				if _, err := on.RevokeLinks(cmd.Context(), act, args[0]); err != nil {
					return err
				}
				fmt.Fprintf(a.out, "every link that was sent to unit %s is worthless now\n", args[0])
				return nil
			})
		},
	}
	revoke.Flags().BoolVar(&all, "all", false, "of every unit")
	req.flags(revoke)
	cmd.AddCommand(revoke)
	return cmd
}
