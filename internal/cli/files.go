package cli

import (
	"io"
	"regexp"

	"github.com/spf13/cobra"
)

var sha256Text = regexp.MustCompile(`^[0-9a-f]{64}$`)

func attachFlag(cmd *cobra.Command, paths *[]string) {
	cmd.Flags().StringArrayVar(paths, "attach", nil, "a file that goes with it; may be given several times")
}

func (a *app) getFileCommand() *cobra.Command {
	var campaign, unit, out string
	cmd := &cobra.Command{
		Use:   "file SHA256 --out FILE",
		Short: "A file that came with a report; why names its hash (tệp kèm báo cáo)",
		Example: `  thidua get file ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad --out 88-BC.pdf
  thidua get file ba78… --server https://thidua.example -c covid-2021 --unit STTTT-04 --out 88-BC.pdf`,
		Args: oneName("hash"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return misuse("get file: where to? give --out FILE, or --out - for stdout")
			}
			if !sha256Text.MatchString(args[0]) {
				return misuse("get file: %.80q is not the SHA-256 of a file, 64 hexadecimal digits; why UNIT -c CAMPAIGN names those that are kept", args[0])
			}
			on, release, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer release()
			return a.create(out, func(w io.Writer) error { return on.WriteFile(cmd.Context(), w, campaign, unit, args[0]) })
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "the file to write, or -")
	a.campaignFlag(cmd, &campaign)
	cmd.Flags().StringVar(&unit, "unit", "", "whose report it came with; asked for with --server")
	return cmd
}
