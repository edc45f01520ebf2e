package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/standalone"
)

func (a *app) importCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import contacts -f FILE",
		Short: "Load contacts from a CSV file (nhập đầu mối liên hệ)",
		Args:  cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return misuse("cannot import %q; there is: contacts", args[0])
			}
			return misuse("import what? there is: contacts")
		},
	}
	cmd.AddCommand(a.importContactsCommand())
	return cmd
}

func (a *app) importContactsCommand() *cobra.Command {
	var files []string
	var dryRun bool
	var req request
	cmd := &cobra.Command{
		Use:   "contacts -f FILE.contacts.csv",
		Short: "Load who speaks for each unit (nhập đầu mối liên hệ của đơn vị)",
		Long: `Contacts are people: they are kept apart from rosters, are never part of a
declared object, and can be erased. The file has the columns unit, role
(FocalPoint or Leader), name and email; a contact that is there already is
replaced. All rows are stored, or none when one is wrong.

Danh sách đầu mối và lãnh đạo đơn vị, lưu từ bảng tính dạng CSV UTF-8.`,
		Example: `  thidua import contacts -f don-vi.contacts.csv
  thidua import contacts -f don-vi.contacts.csv --dry-run`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			act, err := req.act()
			if err != nil {
				return err
			}
			if len(files) == 0 {
				return misuse("which file? give -f NAME.contacts.csv")
			}
			bar := a.progress()
			defer bar.end()
			const stages = 3 // the rows themselves are stored by one statement
			bar.show("mở hệ thống (opening the installation)", 0, stages)
			on, release, err := a.open(cmd.Context(), standalone.Create)
			if err != nil {
				return err
			}
			defer release()
			bar.show("đọc và kiểm tra (reading and checking)", 1, stages)
			old, err := readStored(cmd.Context(), on)
			if err != nil {
				return err
			}
			set, warnings, err := load(files, a.in, old.set)
			if err != nil {
				return err
			}
			if objects := set.Objects(); len(objects) > 0 {
				source, _ := set.Source(objects[0])
				return fail("%s: holds a %s; import contacts takes NAME.contacts.csv only, apply takes the rest",
					source, objects[0].GetObjectKind().GroupVersionKind().Kind)
			}
			bar.end()
			a.warn(warnings)
			only := manifest.NewSet()
			if err := only.Add(set.Contacts, "import"); err != nil {
				return err
			}
			bar.show(fmt.Sprintf("ghi %d liên hệ (storing contacts)", len(only.Contacts)), 2, stages)
			if _, err := on.Apply(cmd.Context(), act, only, dryRun); err != nil {
				return err
			}
			bar.end()
			a.printContacts(len(only.Contacts), dryRun)
			return nil
		},
	}
	filesFlag(cmd, &files)
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "check everything, store nothing")
	req.flags(cmd)
	return cmd
}
