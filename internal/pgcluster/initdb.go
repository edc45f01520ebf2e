package pgcluster

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// ensureInit makes the cluster when it is missing and returns its password.
//
// initdb writes PG_VERSION among its first files, so it works beside the
// data's final place, and only what it has finished is moved there.
func ensureInit(ctx context.Context, bin string, opt Options, runAs *syscall.Credential, lock *os.File) (string, error) {
	data := dataDir(opt.Dir)
	if Exists(opt.Dir) {
		if err := checkMajor(bin, data); err != nil {
			return "", err
		}
		return readPassword(opt.Dir)
	}
	if entries, err := os.ReadDir(data); err == nil && len(entries) > 0 {
		return "", fmt.Errorf("%s holds something that is not a PostgreSQL cluster: move it away", data)
	}
	if err := checkMinimum(bin); err != nil {
		return "", err
	}
	password, err := writePassword(opt.Dir, runAs)
	if err != nil {
		return "", err
	}
	unfinished := data + ".unfinished"
	if err := os.RemoveAll(unfinished); err != nil { // an earlier one that was cut short
		return "", err
	}
	args := []string{"-D", unfinished, "-U", superuser, "--pwfile", passwordFile(opt.Dir), "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8"}
	if opt.Volatile {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), args...)
	cmd.Dir = opt.Dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: runAs}
	// initdb goes on when this process is killed. It keeps the lock open, so
	// the next Start waits for its end instead of working against it.
	cmd.ExtraFiles = []*os.File{lock}
	cmd.WaitDelay = stopTimeout // its children hold its output open
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return "", errors.Join(fmt.Errorf("initdb: %w: %s", err, lastLines(out.String(), 3)), os.RemoveAll(unfinished))
	}
	if err := os.Rename(unfinished, data); err != nil {
		return "", fmt.Errorf("put the new cluster in place: %w", err)
	}
	return password, syncDir(opt.Dir)
}

func readPassword(dir string) (string, error) {
	b, err := os.ReadFile(passwordFile(dir))
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "", fmt.Errorf("%s belongs to another user: run this as that user, or give --database-url", dir)
	case err != nil:
		return "", fmt.Errorf("read the private PostgreSQL's password: %w", err)
	}
	password := strings.TrimSpace(string(b))
	if password == "" {
		return "", fmt.Errorf("%s is empty: put the private PostgreSQL's password back", passwordFile(dir))
	}
	return password, nil
}

// writePassword makes a password and has it on disk before a cluster that
// needs it is.
func writePassword(dir string, runAs *syscall.Credential) (_ string, err error) {
	random := make([]byte, 18)
	if _, err := rand.Read(random); err != nil {
		return "", err
	}
	password := hex.EncodeToString(random)
	path := passwordFile(dir)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return "", fmt.Errorf("write the private PostgreSQL's password: %w", err)
	}
	_, err = f.WriteString(password + "\n")
	if err == nil && runAs != nil {
		err = f.Chown(int(runAs.Uid), int(runAs.Gid))
	}
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("write the private PostgreSQL's password: %w", err)
	}
	return password, nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], " | ")
}
