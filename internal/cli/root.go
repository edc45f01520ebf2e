package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/logs"
	"thidua.dev/thidua/internal/standalone"
)

// Groups of verbs in the help, in the order in which an office meets them.
const (
	groupDeclare = "declare"
	groupSteer   = "steer"
	groupAct     = "act"
	groupLook    = "look"
	groupProve   = "prove"
	groupRun     = "run"
)

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "thidua",
		Short: "A durable engine for Vietnamese emulation campaigns",
		Long: `thidua runs emulation campaigns (phong trào thi đua) from launch to award
ceremony. A campaign is declared; the engine brings the world to it, for months
or years, through restarts, upgrades and holidays.

Khai báo phong trào bằng một tệp; hệ thống tự nhắc việc, thu báo cáo, xếp hạng,
trình khen thưởng đúng hạn.`,
		Example: `  thidua up --demo                                   see a whole campaign run
  thidua init --units units.csv --launch 2026-12-07 my-campaign
  thidua plan -f my-campaign                         every date, and why
  thidua apply -f my-campaign && thidua launch my-campaign`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			text := fmt.Sprintf("unknown command %q", args[0])
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				text += "; did you mean " + strings.Join(near, " or ") + "?"
			}
			return &usageError{text: text, command: cmd.CommandPath()}
		},
	}
	cobra.EnableCommandSorting = false // in the order in which an office meets them
	root.CompletionOptions.DisableDefaultCmd = true
	root.SuggestionsMinimumDistance = 2
	root.AddGroup(
		&cobra.Group{ID: groupDeclare, Title: "Declare (khai báo):"},
		&cobra.Group{ID: groupSteer, Title: "Steer (điều hành); --reason is kept in the audit:"},
		&cobra.Group{ID: groupAct, Title: "Act for a unit or the council (thay mặt):"},
		&cobra.Group{ID: groupLook, Title: "Look (theo dõi):"},
		&cobra.Group{ID: groupProve, Title: "Prove (kiểm chứng):"},
		&cobra.Group{ID: groupRun, Title: "Run (vận hành):"},
	)
	flags := root.PersistentFlags()
	a.flags = flags
	flags.StringVar(&a.dataDir, "data-dir", standalone.DefaultDataDir(), "where a standalone installation keeps everything (env THIDUA_DATA)")
	flags.StringVar(&a.databaseURL, "database-url", os.Getenv("THIDUA_DATABASE_URL"), "a Postgres to use instead of the private one (env THIDUA_DATABASE_URL)")
	root.PersistentFlags().Lookup("database-url").DefValue = "" // it may hold a password
	flags.StringVar(&a.server, "server", os.Getenv("THIDUA_SERVER"), "work through the API of this installation, such as https://thidua.example, with the token in THIDUA_TOKEN (env THIDUA_SERVER)")
	root.PersistentFlags().Lookup("server").DefValue = ""
	flags.StringVar(&a.tokenFile, "token-file", "", "a file that holds the personal token for --server, instead of THIDUA_TOKEN")
	flags.StringVar(&a.filesDir, "files-dir", os.Getenv("THIDUA_FILES"), "where files that come with reports are kept (env THIDUA_FILES; default files in the data directory)")
	flags.StringVar(&a.clamdAddr, "clamd-addr", os.Getenv("THIDUA_CLAMD"), "a ClamAV daemon that scans files that come with reports, host:port or socket; without it they are not scanned (env THIDUA_CLAMD)")
	choiceVar(root, flags, &a.logLevel, "log-level", "", "info", "what to log", "debug", "info", "warn", "error")
	choiceVar(root, flags, &a.logFormat, "log-format", "", "", "how to log (default text on a terminal, json elsewhere)", logs.Text, logs.JSON)

	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add(groupDeclare, a.initCommand(), a.explainCommand(), a.planCommand(), a.rehearseCommand(), a.diffCommand(), a.applyCommand(), a.importCommand())
	add(groupSteer, a.launchCommand(), a.pauseCommand(), a.resumeCommand(), a.extendCommand(), a.requestCommand(), a.messageCommand(), a.cancelCommand())
	add(groupAct, a.submitCommand(), a.approveCommand(), a.returnCommand(), a.reopenCommand(), a.consolidateCommand(), a.decideCommand())
	add(groupLook, a.getCommand(), a.describeCommand(), a.whyCommand(), a.statusCommand(), a.watchCommand())
	add(groupProve, a.verifyCommand(), a.bundleCommand(), a.benchCommand(), a.drillCommand())
	add(groupRun, a.upCommand(), a.workerCommand(), a.serveCommand(), a.migrateCommand(), a.rebuildCommand(), a.accountCommand(), a.tokenCommand(), a.linkCommand(), a.completionCommand(), a.versionCommand())
	root.SetHelpCommandGroupID(groupRun)
	a.acts(root)
	return root
}
