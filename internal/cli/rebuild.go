package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/engine"
)

func (a *app) rebuildCommand() *cobra.Command {
	var req request
	cmd := &cobra.Command{
		Use:   "rebuild",
		Short: "Start every open procedure from facts, after Temporal was lost",
		Long: `Rebuild wakes every open procedure. Those that Temporal still knows look again,
which does no harm; those that it has lost begin anew, run through what the facts
call finished and go on. The facts are in Postgres; Temporal is disposable.

Khôi phục mọi tiến trình từ dữ liệu khi mất cơ sở dữ liệu của Temporal.`,
		Example: `  thidua rebuild --reason "Temporal's disk was replaced"`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.steer(cmd.Context(), req, func(on installation, act engine.Act) error {
				woken, err := on.Rebuild(cmd.Context(), act)
				if err != nil {
					return err
				}
				fmt.Fprintf(a.out, "%d open procedures are woken\n", woken)
				return nil
			})
		},
	}
	req.flags(cmd)
	return cmd
}
