package pgcluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

func dataDir(dir string) string      { return filepath.Join(dir, "data") }
func passwordFile(dir string) string { return filepath.Join(dir, "password") }

// Exists tells whether dir already holds a cluster, be it one that this user
// may not look into.
func Exists(dir string) bool {
	_, err := os.Stat(filepath.Join(dataDir(dir), "PG_VERSION"))
	return err == nil || errors.Is(err, fs.ErrPermission)
}

// unprivileged is nil for ordinary users; for root it is the user that the
// server runs as.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("user %s has the id %q", name, u.Uid)
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("user %s has the group %q", name, u.Gid)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is neither a user postgres nor nobody: start as an ordinary user")
}

// prepareDir makes the directory, gives it to the user that the server runs
// as, and returns its path without symbolic links: processes are recognised
// by it.
func prepareDir(dir string, runAs *syscall.Credential) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the directory of the private PostgreSQL: %w", err)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", err
	}
	if runAs == nil {
		return dir, nil
	}
	if err := os.Chown(dir, int(runAs.Uid), int(runAs.Gid)); err != nil {
		return "", fmt.Errorf("give %s to the user that PostgreSQL runs as: %w", dir, err)
	}
	for p := filepath.Dir(dir); p != "/"; p = filepath.Dir(p) {
		st, err := os.Stat(p)
		if err != nil {
			return "", err
		}
		if !passable(st, runAs) {
			return "", fmt.Errorf("PostgreSQL runs as an unprivileged user and cannot pass through %s (mode %v): choose a data directory elsewhere, such as /var/lib/thidua, or chmod o+x %[1]s", p, st.Mode().Perm())
		}
	}
	return dir, nil
}

// passable tells whether the user may pass through a directory, by the first
// of owner, group and others that fits, as the kernel does.
func passable(dir fs.FileInfo, as *syscall.Credential) bool {
	bit := fs.FileMode(0o001)
	if st, ok := dir.Sys().(*syscall.Stat_t); ok {
		switch {
		case st.Uid == as.Uid:
			bit = 0o100
		case st.Gid == as.Gid:
			bit = 0o010
		}
	}
	return dir.Mode().Perm()&bit != 0
}
