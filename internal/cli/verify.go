package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

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
		Args: func(cmd *cobra.Command, args []string) error {
			if err := oneName("subject: audit, ledger, ranking or files")(cmd, args); err != nil {
				return err
			}
			if !slices.Contains(verify.Subjects(), args[0]) {
				return fmt.Errorf("unknown subject %q; there are: %s", args[0], strings.Join(verify.Subjects(), ", "))
			}
			return nil
		},
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
		fmt.Fprintf(a.out, "%s: %s; %s\n", v.Of, counted(len(v.Findings), "finding"), v.Checked)
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
	var force bool
	cmd := &cobra.Command{
		Use:   "bundle --out FILE",
		Short: "Write what an auditor needs into one file (gói kiểm chứng)",
		Long: `Bundle writes acts, seals, reports and rankings into one file, which another
machine verifies without the database. It holds names of people and what units
reported: give it to auditors, not to the public. A file that is there is kept,
unless --force says to write over it.

Ghi nhật ký, báo cáo, bảng xếp hạng vào một tệp để cơ quan kiểm tra đối chiếu.`,
		Example: "  thidua bundle --out 2022-04.thidua",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return misuse("bundle: where to? give --out FILE")
			}
			if _, err := os.Stat(out); err == nil && !force {
				return isThere(out)
			}
			on, release, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer release()
			return a.writeBundle(cmd.Context(), on, out, force)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "the file to write")
	cmd.Flags().BoolVar(&force, "force", false, "write over a file that is there")
	return cmd
}

func isThere(out string) error {
	return fail("%s: is there already; name another file, or write over it with --force", out)
}

func (a *app) writeBundle(ctx context.Context, on installation, out string, force bool) (err error) {
	b, err := on.Bundle(ctx)
	if err != nil {
		return err
	}
	how := os.O_EXCL
	if force {
		how = os.O_TRUNC
	}
	f, err := os.OpenFile(out, os.O_CREATE|os.O_WRONLY|how, 0o600) // it holds names
	if errors.Is(err, fs.ErrExist) {
		return isThere(out)
	}
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
	fmt.Fprintf(a.out, "%s: %s; %s, %s\n", out, v.Checked, counted(len(b.Reports), "report"), counted(len(b.Rankings), "ranking"))
	if v.Root != nil {
		fmt.Fprintf(a.out, "root %s\n", v.Root)
	}
	return nil
}
