package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/standalone"
)

func (a *app) applyCommand() *cobra.Command {
	var files []string
	var dryRun bool
	var planHash string
	var req request
	cmd := &cobra.Command{
		Use:   "apply -f FILE",
		Short: "Declare campaigns, rosters, calendars, rule packs and templates (khai báo)",
		Long: `Apply declares what the files say: all of it, or nothing when one object is
refused. Repeating it changes nothing. It sends nothing: a campaign starts by the
act of launch.

Khai báo theo tệp. Chưa gửi gì cho đơn vị nào cho đến khi chạy "thidua launch".`,
		Example: `  thidua apply -f my-campaign
  thidua apply -f my-campaign --plan "$(thidua plan -f my-campaign -o json | jq -r .planHash)"
  thidua apply -f campaign.yaml -f don-vi.roster.csv --dry-run
  cat campaign.yaml | thidua apply -f -`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			act, err := req.act()
			if err != nil {
				return err
			}
			if len(files) == 0 {
				return misuse("which files? give -f FILE, -f DIR or -f -")
			}
			act.PlanHash = planHash
			on, release, err := a.open(cmd.Context(), standalone.Create)
			if err != nil {
				return err
			}
			defer release()
			old, err := readStored(cmd.Context(), on)
			if err != nil {
				return err
			}
			set, warnings, err := load(files, a.in, old.set)
			a.warn(warnings)
			if err != nil {
				return err
			}
			applied, err := on.Apply(cmd.Context(), act, set, dryRun)
			if err != nil {
				return err
			}
			a.printApplied(applied, dryRun)
			if n := len(set.Contacts); n > 0 {
				a.printContacts(n, dryRun)
			}
			return nil
		},
	}
	filesFlag(cmd, &files)
	cmd.Flags().StringVar(&planHash, "plan", "", "the hash that plan or diff printed: apply exactly that plan, or nothing")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "check everything, store nothing")
	req.flags(cmd)
	return cmd
}

func (a *app) printApplied(applied []engine.Applied, dryRun bool) {
	for _, o := range applied {
		fmt.Fprintf(a.out, "%s %s%s\n", lowerKind(o.Kind, o.Name), o.Result, dryWord(dryRun))
	}
}

// printContacts tells of contacts on stderr: they are no objects.
func (a *app) printContacts(n int, dryRun bool) {
	verb := "stored"
	if dryRun {
		verb = "checked"
	}
	fmt.Fprintf(a.err, "%s %s%s\n", counted(n, "contact"), verb, dryWord(dryRun))
}

func dryWord(dryRun bool) string {
	if dryRun {
		return " (dry run)"
	}
	return ""
}
