package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/audit"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/verify"
)

// verification is what verify prints for programs.
type verification struct {
	Of       string          `json:"of"`
	Checked  string          `json:"checked"`
	Root     *audit.Hash     `json:"root,omitempty"` // of the newest seal
	SealedAt *time.Time      `json:"sealedAt,omitempty"`
	Findings []audit.Finding `json:"findings"`
}

func (a *app) verifyCommand() *cobra.Command {
	var file, root, format string
	subjects := []string{"audit", "ledger", "ranking", "files"}
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

With --bundle it checks a file on a machine that has no database.
Exit code 0: all fits; 1: something does not.

Kiểm chứng nhật ký, sổ báo cáo, bảng xếp hạng; có thể kiểm trên máy khác bằng tệp.`,
		Example: `  thidua verify audit --root 5e1c…
  thidua bundle --out all.thidua && thidua verify ledger --bundle all.thidua`,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := oneName("subject: audit, ledger, ranking or files")(cmd, args); err != nil {
				return err
			}
			if !slices.Contains(subjects, args[0]) {
				return fmt.Errorf("unknown subject %q; there are: %s", args[0], strings.Join(subjects, ", "))
			}
			return nil
		},
		ValidArgs: subjects,
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
				v.write(a)
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

func (a *app) verify(ctx context.Context, of, file string, root *audit.Hash) (*verification, error) {
	if of == "files" {
		if file != "" {
			return nil, misuse("verify files reads the files themselves; a bundle does not hold them")
		}
		return a.verifyFiles(ctx)
	}
	if file != "" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		b, err := verify.Read(f)
		if err != nil {
			return nil, fail("%s: %v", file, err)
		}
		return check(b, of, root), nil
	}
	e, closeDB, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	defer closeDB()
	b, err := verify.FromDatabase(ctx, e.Pool())
	if err != nil {
		return nil, err
	}
	v := check(b, of, root)
	if of == "ledger" {
		sending, err := verify.Sending(ctx, e.Pool())
		if err != nil {
			return nil, err
		}
		v.Findings = append(v.Findings, sending...)
	}
	return v, nil
}

func check(b *verify.Bundle, of string, root *audit.Hash) *verification {
	v := &verification{Of: of, Findings: []audit.Finding{}}
	rows := 0
	for _, s := range b.Seals {
		rows += len(s.Leaves)
	}
	if n := len(b.Seals); n > 0 {
		v.Root, v.SealedAt = &b.Seals[n-1].Hash, &b.Seals[n-1].SealedAt
	}
	switch of {
	case "audit":
		v.Checked = fmt.Sprintf("%s under %s, %d not sealed yet", counted(rows, "act"), counted(len(b.Seals), "seal"), len(b.Unsealed))
		v.Findings = append(v.Findings, b.Audit(root)...)
	case "ledger":
		v.Checked = fmt.Sprintf("%s of reports, %d received", counted(len(b.Reports), "version"), len(b.Settled))
		v.Findings = append(v.Findings, b.Ledger()...)
	case "ranking":
		v.Checked = counted(len(b.Rankings), "sealed ranking")
		v.Findings = append(v.Findings, b.Ranking()...)
	}
	return v
}

func (v *verification) write(a *app) {
	for _, f := range v.Findings {
		fmt.Fprintf(a.out, "%s: %s\n", f.Code, f.Text)
	}
	if len(v.Findings) > 0 {
		fmt.Fprintf(a.out, "%s: %s; %s\n", v.Of, counted(len(v.Findings), "finding"), v.Checked)
		return
	}
	fmt.Fprintf(a.out, "%s: mọi số liệu khớp nhau (all fits): %s\n", v.Of, v.Checked)
	if v.Of == "audit" && v.Root != nil {
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
			e, closeDB, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer closeDB()
			return a.writeBundle(cmd.Context(), e, out, force)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "the file to write")
	cmd.Flags().BoolVar(&force, "force", false, "write over a file that is there")
	return cmd
}

func isThere(out string) error {
	return fail("%s: is there already; name another file, or write over it with --force", out)
}

func (a *app) writeBundle(ctx context.Context, e *engine.Engine, out string, force bool) (err error) {
	// What can be sealed is: an auditor holds a bundle to a root.
	if _, err := e.Seal(ctx); err != nil {
		return err
	}
	b, err := verify.FromDatabase(ctx, e.Pool())
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
	v := check(b, "audit", nil)
	fmt.Fprintf(a.out, "%s: %s, %s, %s\n", out, v.Checked, counted(len(b.Reports), "report"), counted(len(b.Rankings), "ranking"))
	if v.Root != nil {
		fmt.Fprintf(a.out, "root %s\n", v.Root)
	}
	return nil
}
