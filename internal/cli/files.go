package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"thidua.dev/thidua/internal/audit"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/evidence"
	"thidua.dev/thidua/internal/store/db"
)

// files that came with reports.
func (a *app) files() *evidence.Store { return a.place("").Files() }

func attachFlag(cmd *cobra.Command, paths *[]string) {
	cmd.Flags().StringArrayVar(paths, "attach", nil, "a file that goes with it; may be given several times")
}

// keep stores files before anything refers to them.
func (a *app) keep(ctx context.Context, paths []string) ([]engine.File, error) {
	var kept []engine.File
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		k, err := a.files().Put(ctx, f)
		_ = f.Close()
		if err != nil {
			return nil, fail("%s: not kept: %v", path, err)
		}
		if k.Size == 0 {
			return nil, fail("%s: the file is empty: was it scanned?", path)
		}
		kept = append(kept, engine.File{Name: filepath.Base(path), SHA256: k.SHA256, Size: k.Size, MediaType: k.MediaType})
	}
	return kept, nil
}

func (a *app) getFileCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:     "file SHA256 --out FILE",
		Short:   "A file that came with a report; why names its hash (tệp kèm báo cáo)",
		Example: "  thidua get file ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad --out 88-BC.pdf",
		Args:    oneName("hash"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return misuse("get file: where to? give --out FILE, or --out - for stdout")
			}
			f, err := a.files().Open(args[0])
			if errors.Is(err, fs.ErrInvalid) {
				return misuse("get file: %.80q is not the SHA-256 of a file, 64 hexadecimal digits; why UNIT -c CAMPAIGN names those that are kept", args[0])
			}
			if errors.Is(err, fs.ErrNotExist) {
				return fail("no file with the hash %s is kept here (%s); why UNIT -c CAMPAIGN names those that are", args[0], a.files())
			}
			if err != nil {
				return err
			}
			defer f.Close()
			if damage, err := a.files().Check(cmd.Context(), args[0]); err != nil {
				return err
			} else if damage != evidence.Whole {
				return fail("the file kept under %s is not what was sent any more (%s): restore it from the backup", args[0], damage)
			}
			if out == "-" {
				_, err = io.Copy(a.out, f)
				return err
			}
			to, err := os.OpenFile(out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // what units sent is theirs
			if errors.Is(err, fs.ErrExist) {
				return fail("%s: is there already; name another file", out)
			}
			if err != nil {
				return err
			}
			if _, err := io.Copy(to, f); err != nil {
				to.Close()
				return err
			}
			return to.Close()
		},
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "the file to write, or -")
	return cmd
}

// verifyFiles reads every file that a report refers to.
func (a *app) verifyFiles(ctx context.Context) (*verification, error) {
	e, closeDB, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	defer closeDB()
	rows, err := db.New(e.Pool()).VerifyFiles(ctx)
	if err != nil {
		return nil, err
	}
	v := &verification{Of: "files", Findings: []audit.Finding{}, Checked: counted(len(rows), "file") + " of reports in " + a.files().String()}
	damages := map[string]evidence.Damage{}
	for _, r := range rows {
		damage, seen := damages[r.Sha256]
		if !seen {
			if damage, err = a.files().Check(ctx, r.Sha256); err != nil {
				return nil, err
			}
			damages[r.Sha256] = damage
		}
		if damage != evidence.Whole {
			v.Findings = append(v.Findings, audit.Finding{Code: string(damage), Text: fmt.Sprintf(
				"%s, sent by %s for %s of %s, version %d: sha256 %s", r.Name, r.Unit, r.Round, r.Campaign, r.Version, r.Sha256)})
		}
	}
	return v, nil
}
