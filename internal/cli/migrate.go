package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/standalone"
	"thidua.dev/thidua/internal/store"
)

func (a *app) migrateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database's schema up to date",
		Long: `Migrate brings the schema of the database up to this binary. Repeating it, or
running it from several places at once, is harmless. Up does it by itself.`,
		Example: "  thidua migrate --database-url postgres://db/thidua",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.hereOnly(); err != nil {
				return err
			}
			url, stop, err := a.database(cmd.Context(), standalone.Create)
			if err != nil {
				return err
			}
			defer stop()
			if err := store.Migrate(cmd.Context(), url); err != nil {
				return err
			}
			fmt.Fprintln(a.out, "the database is up to date")
			return nil
		},
	}
}
