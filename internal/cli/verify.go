package cli

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/audit"
	"thidua.dev/thidua/internal/verify"
)

func (a *app) verifyCommand() *cobra.Command {
	var file, root, format string
	cmd := &cobra.Command{
		Use:   "verify audit|ledger|ranking|files",
		Short: "Hold the records against each other (kiểm chứng sổ sách)",
		Long: `Verify finds what was altered, removed or moved.

  audit    every act is chained to all before it; --root, a published root, finds
           a chain that was written anew
  ledger   every report has the act that took it in, with its content and instant;
           what is said to be sent has an attempt that says so
  ranking  every sealed ranking, computed again from what it was computed from
  files    every file that came with a report is there, byte for byte

With --bundle it checks a file on a machine that has no database. With --server it
repeats the server's word; whoever doubts it takes a bundle and checks that.
Exit code 0: all fits; 1: something does not.

Kiểm chứng nhật ký, sổ báo cáo, bảng xếp hạng; có thể kiểm trên máy khác bằng tệp.`,
		Example: `  thidua verify audit --root 5e1c…
  thidua bundle --out all.thidua && thidua verify ledger --bundle all.thidua`,
		Args:      cobra.MatchAll(oneName("subject: audit, ledger, ranking or files"), cobra.OnlyValidArgs),
		ValidArgs: verify.Subjects(),
		RunE: func(cmd *cobra.Command, args []string) error {
			var published *audit.Hash
			if root != "" {
				published = new(audit.Hash)
				if err := published.UnmarshalText([]byte(root)); err != nil {
					return misuse("--root %v", err)
				}
			}
			v, err := a.verify(cmd.Context(), args[0], file, published)
			if err != nil {
				return err
			}
			if format != formatTable {
				err = WriteDocument(a.out, format, v)
			} else {
				a.writeVerification(v)
			}
			if err == nil && len(v.Findings) > 0 {
				return exitCode(exitFailed)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&file, "bundle", "", "check this file instead of the database")
	cmd.Flags().StringVar(&root, "root", "", "a published root, 64 hexadecimal digits")
	outputFlag(cmd, &format, formatTable, formatJSON, formatYAML)
	return cmd
}

func (a *app) verify(ctx context.Context, of, file string, root *audit.Hash) (*verify.Verification, error) {
	if file != "" {
		if of == verify.OfFiles {
			return nil, misuse("verify files reads the files themselves; a bundle does not hold them")
		}
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		b, err := verify.Read(f)
		if err != nil {
			return nil, fail("%s: %v", file, err)
		}
		return b.Verify(of, root), nil
	}
	on, release, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	return on.Verify(ctx, of, root)
}

func (a *app) writeVerification(v *verify.Verification) {
	for _, f := range v.Findings {
		fmt.Fprintf(a.out, "%s: %s\n", f.Code, f.Text)
	}
	if len(v.Findings) > 0 {
		fmt.Fprintf(a.out, "%s: %d findings; %s\n", v.Of, len(v.Findings), v.Checked)
		return
	}
	fmt.Fprintf(a.out, "%s: mọi số liệu khớp nhau (all fits): %s\n", v.Of, v.Checked)
	if v.Of == verify.OfAudit && v.Root != nil {
		zone := zoneOf(defaultZone)
		fmt.Fprintf(a.out, "root %s, sealed %s\n", v.Root, dayAndTime(*v.SealedAt, zone))
	}
}

func (a *app) bundleCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "bundle --out FILE",
		Short: "Write what an auditor needs into one file (gói kiểm chứng)",
		Long: `Bundle writes acts, seals, reports and rankings into one file, which another
machine verifies without the database. It holds names of people and what units
reported: give it to auditors, not to the public.

Ghi nhật ký, báo cáo, bảng xếp hạng vào một tệp để cơ quan kiểm tra đối chiếu.`,
		Example: "  thidua bundle --out 2022-04.thidua",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return misuse("bundle: where to? give --out FILE")
			}
			on, release, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer release()
			return a.writeBundle(cmd.Context(), on, out)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "the file to write")
	return cmd
}

func (a *app) writeBundle(ctx context.Context, on installation, out string) (err error) {
	b, err := on.Bundle(ctx)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(out, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) // it holds names
	if err != nil {
		return err
	}
	if err := b.Write(f); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	v := b.Verify(verify.OfAudit, nil)
	fmt.Fprintf(a.out, "%s: %s, %d reports, %d rankings\n", out, v.Checked, len(b.Reports), len(b.Rankings))
	if v.Root != nil {
		fmt.Fprintf(a.out, "root %s\n", v.Root)
	}
	return nil
}
