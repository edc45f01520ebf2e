package cli

import "github.com/spf13/cobra"

func (a *app) serveCommand() *cobra.Command {
	var opt ServeOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the pages and the API only",
		Long: `Serve is one role of an installation whose Postgres is run by others. It needs
no Temporal: reports and commands are taken while Temporal is down.`,
		Example: `  thidua serve --database-url postgres://db/thidua --http-addr :8088`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.hereOnly(); err != nil {
				return err
			}
			if err := checkBase(opt.BaseURL); err != nil {
				return err
			}
			if err := checkSignOn(opt.SignOn, opt.BaseURL); err != nil {
				return err
			}
			opt.Console, opt.Place = a.console(), a.place("")
			return a.withRunner(func(r Runner) error { return r.Serve(cmd.Context(), opt) })
		},
	}
	httpFlag(cmd.Flags(), &opt.HTTPAddr)
	baseFlag(cmd.Flags(), &opt.BaseURL)
	signOnFlags(cmd.Flags(), &opt.SignOn)
	return cmd
}
