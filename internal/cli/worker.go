package cli

import "github.com/spf13/cobra"

func (a *app) workerCommand() *cobra.Command {
	var opt WorkerOptions
	var temporal string
	cmd := &cobra.Command{
		Use:   "worker",
		Short: "Run the procedures and the dispatcher of messages only",
		Long: `Worker is one role of an installation whose Postgres and Temporal are run by
others. Several may run at once: rates and quotas are kept in Postgres.`,
		Example: `  thidua worker --database-url postgres://db/thidua --temporal-address temporal:7233`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.hereOnly(); err != nil {
				return err
			}
			if err := checkBase(opt.BaseURL); err != nil {
				return err
			}
			opt.Console, opt.Place = a.console(), a.place(temporal)
			return a.withRunner(func(r Runner) error { return r.Worker(cmd.Context(), opt) })
		},
	}
	temporalFlag(cmd, &temporal)
	cmd.Flags().StringVar(&opt.MetricsAddr, "metrics-addr", "", "where metrics are served, host:port; empty: nowhere")
	baseFlag(cmd.Flags(), &opt.BaseURL)
	smtpFlags(cmd, &opt.SMTP)
	return cmd
}
