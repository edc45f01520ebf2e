package cli

import (
	"context"
	"fmt"
	"os"
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
		Args:      cobra.MatchAll(oneName("subject: audit, ledger, ranking or files"), cobra.OnlyValidArgs),
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
		v.Checked = fmt.Sprintf("%d acts under %d seals, %d not sealed yet", rows, len(b.Seals), len(b.Unsealed))
		v.Findings = append(v.Findings, b.Audit(root)...)
	case "ledger":
		v.Checked = fmt.Sprintf("%d versions of reports, %d received", len(b.Reports), len(b.Settled))
		v.Findings = append(v.Findings, b.Ledger()...)
	case "ranking":
		v.Checked = fmt.Sprintf("%d sealed rankings", len(b.Rankings))
		v.Findings = append(v.Findings, b.Ranking()...)
	}
	return v
}

func (v *verification) write(a *app) {
	for _, f := range v.Findings {
		fmt.Fprintf(a.out, "%s: %s\n", f.Code, f.Text)
	}
	if len(v.Findings) > 0 {
		fmt.Fprintf(a.out, "%s: %d findings; %s\n", v.Of, len(v.Findings), v.Checked)
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
			e, closeDB, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer closeDB()
			return a.writeBundle(cmd.Context(), e, out)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "the file to write")
	return cmd
}

func (a *app) writeBundle(ctx context.Context, e *engine.Engine, out string) (err error) {
	// What can be sealed is: an auditor holds a bundle to a root.
	if _, err := e.Seal(ctx); err != nil {
		return err
	}
	b, err := verify.FromDatabase(ctx, e.Pool())
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
	v := check(b, "audit", nil)
	fmt.Fprintf(a.out, "%s: %s, %d reports, %d rankings\n", out, v.Checked, len(b.Reports), len(b.Rankings))
	if v.Root != nil {
		fmt.Fprintf(a.out, "root %s\n", v.Root)
	}
	return nil
}
