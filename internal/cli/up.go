package cli

import (
	"net/url"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// run gives a long-running verb to the runner. Texts of its errors are for people.
func (a *app) withRunner(do func(Runner) error) error {
	if a.runner == nil {
		return fail("this build cannot run an installation")
	}
	return forPeople(do(a.runner))
}

func (a *app) place(temporal string) Place {
	return Place{DataDir: a.dataDir, FilesDir: a.filesDir, Scanner: a.scanner, DatabaseURL: a.databaseURL, TemporalAddress: temporal}
}

func temporalFlag(cmd *cobra.Command, address *string) {
	cmd.Flags().StringVar(address, "temporal-address", "", "a Temporal to use instead of the private one, host:port")
}

func smtpFlags(cmd *cobra.Command, s *SMTP) {
	flags := cmd.Flags()
	flags.StringVar(&s.Address, "smtp-addr", "", "mail server, host:port; without it nothing is sent, and that is recorded")
	flags.StringVar(&s.User, "smtp-user", "", "user at the mail server")
	flags.StringVar(&s.PasswordFile, "smtp-password-file", "", "file that holds the password")
	choiceVar(cmd, flags, &s.TLS, "smtp-tls", "", "starttls", "how the connection is protected", "starttls", "implicit", "none")
	flags.IntVar(&s.Rate, "smtp-rate", 0, "messages a minute; 0: no limit")
	flags.StringVar(&s.From, "from", "", "address that messages come from")
}

func httpFlag(flags *pflag.FlagSet, address *string) {
	flags.StringVar(address, "http-addr", "127.0.0.1:8088", "where pages and API listen")
}

// baseFlag is where people reach the pages; links in messages begin with it.
func baseFlag(flags *pflag.FlagSet, base *string) {
	flags.StringVar(base, "base-url", "", "where units reach the pages, such as https://thidua.example.gov.vn; without it messages carry no links")
}

func signOnFlags(flags *pflag.FlagSet, s *SignOn) {
	flags.StringVar(&s.Issuer, "sso-issuer", "", "the organisation's single sign-on (OpenID Connect), such as https://sso.example.gov.vn/realms/bo")
	flags.StringVar(&s.ClientID, "sso-client-id", "", "as which it knows this installation; BASE-URL/login/sign-on/back is where it leads back to")
	flags.StringVar(&s.SecretFile, "sso-client-secret-file", "", "file that holds the client's secret; without it none is sent")
	flags.StringVar(&s.Name, "sso-name", "", "what people call it (default the issuer)")
}

// checkSignOn refuses a single sign-on that could lead nobody back.
func checkSignOn(s SignOn, base string) error {
	switch {
	case s.Issuer == "" && (s.ClientID != "" || s.SecretFile != "" || s.Name != ""):
		return misuse("--sso-client-id, --sso-client-secret-file and --sso-name go with --sso-issuer")
	case s.Issuer != "" && s.ClientID == "":
		return misuse("--sso-issuer goes with --sso-client-id")
	case s.Issuer != "" && base == "":
		return misuse("--sso-issuer goes with --base-url: it leads people back there")
	}
	return nil
}

// checkBase refuses an address that nobody could follow.
func checkBase(base string) error {
	if base == "" {
		return nil
	}
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return misuse("--base-url %q is not an address such as https://thidua.example.gov.vn", base)
	}
	return nil
}

func (a *app) upCommand() *cobra.Command {
	var opt UpOptions
	var temporal string
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run a whole installation: Postgres, Temporal, worker, pages (chạy hệ thống)",
		Long: `Up runs everything in one process tree: a private Postgres and a private
Temporal in the data directory, the worker, the pages and the API. Ctrl-C stops
all of it in order; after kill -9 the next up carries on where it was.

With --demo it plays a whole campaign under a stepped clock, with simulated
units and a test mailbox.

Chạy toàn bộ hệ thống trên một máy. Thêm --demo để xem trọn một phong trào mẫu.`,
		Example: `  thidua up --demo
  thidua up --smtp-addr mail.example.gov.vn:587 --smtp-user thidua --smtp-password-file /etc/thidua/smtp --from thi-dua@example.gov.vn
  thidua up --database-url postgres://db/thidua --temporal-address temporal:7233`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.hereOnly(); err != nil {
				return err
			}
			if !opt.Demo {
				for _, flag := range []string{"demo-dir", "pace", "keep", "demo-sink"} {
					if cmd.Flags().Changed(flag) {
						return misuse("--%s goes with --demo", flag)
					}
				}
			}
			if opt.Demo && opt.SMTP.Address != "" {
				return misuse("--smtp-addr goes without --demo: a demo's mail stays in its own mailbox")
			}
			if opt.Pace < 0 {
				return misuse("--pace must not be negative")
			}
			if err := checkBase(opt.BaseURL); err != nil {
				return err
			}
			if err := checkSignOn(opt.SignOn, opt.BaseURL); err != nil {
				return err
			}
			if opt.Demo && isTerminal(a.err) && !cmd.Flags().Changed("log-level") {
				a.logLevel = "warn" // its screen is for the campaign, not for a line for each page
			}
			opt.Console, opt.Place = a.console(), a.place(temporal)
			return a.withRunner(func(r Runner) error { return r.Up(cmd.Context(), opt) })
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&opt.Demo, "demo", false, "play a campaign under a stepped clock, with simulated units")
	flags.StringVar(&opt.DemoDir, "demo-dir", "examples/seed-2021", "directory with the manifests of one campaign, and simulation/people.yaml")
	flags.DurationVar(&opt.Pace, "pace", 200*time.Millisecond, "pause between jumps of the demo's clock")
	flags.BoolVar(&opt.Keep, "keep", false, "stay up after the demo's campaign has closed")
	flags.StringVar(&opt.DemoSink, "demo-sink", "", "a drill's mail sink")
	_ = flags.MarkHidden("demo-sink")
	flags.BoolVar(&opt.Stepped, "stepped", false, "business time is stepped by somebody else: for tests")
	_ = flags.MarkHidden("stepped")
	httpFlag(flags, &opt.HTTPAddr)
	baseFlag(flags, &opt.BaseURL)
	signOnFlags(flags, &opt.SignOn)
	flags.IntVar(&opt.UIPort, "ui-port", 0, "port of Temporal's own pages; 0: the last one, or a free one")
	temporalFlag(cmd, &temporal)
	smtpFlags(cmd, &opt.SMTP)
	return cmd
}
