package standalone

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"syscall"
)

// minFree is how much a start wants to find free: PostgreSQL's write-ahead
// log and Temporal's databases take half of it at once, and a full disk is
// better refused than met.
const minFree = 200 << 20

// otherDir is the advice for a data directory that will not do.
const otherDir = "choose another one with --data-dir or THIDUA_DATA"

// DefaultDataDir is THIDUA_DATA; else /var/lib/thidua for root, and for
// everybody else the place that the XDG rules give to data.
func DefaultDataDir() string {
	if dir := os.Getenv("THIDUA_DATA"); dir != "" {
		return dir
	}
	if os.Geteuid() == 0 {
		return "/var/lib/thidua"
	}
	return filepath.Join(xdgDir("XDG_DATA_HOME", ".local/share"), "thidua")
}

// xdgDir is the directory of an XDG variable, which counts only when it is
// absolute, or its default in the home directory.
func xdgDir(variable, fallback string) string {
	if dir := os.Getenv(variable); filepath.IsAbs(dir) {
		return dir
	}
	home, err := os.UserHomeDir()
	if err != nil {
		if u, err := user.Current(); err == nil {
			home = u.HomeDir
		}
	}
	return filepath.Join(home, fallback)
}

// layout is the data directory: what lies where.
type layout struct{ root string }

func (l layout) up() string           { return filepath.Join(l.root, "up.pid") }
func (l layout) ports() string        { return filepath.Join(l.root, "ports.json") }
func (l layout) postgres() string     { return filepath.Join(l.root, "postgres") }
func (l layout) temporal() string     { return filepath.Join(l.root, "temporal") }
func (l layout) temporaldPID() string { return filepath.Join(l.temporal(), "temporald.pid") }
func (l layout) temporaldLog() string { return filepath.Join(l.temporal(), "temporald.log") }
func (l layout) prometheus() string   { return filepath.Join(l.root, "prometheus") }
func (l layout) grafana() string      { return filepath.Join(l.root, "grafana") }
func (l layout) ready() string        { return filepath.Join(l.temporal(), "ready.json") }

// openDataDir finds the real path of a data directory: processes of it are
// recognised by it.
func openDataDir(dir string) (layout, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return layout{}, err
	}
	real, err := filepath.EvalSymlinks(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return layout{dir}, err
	}
	if err != nil {
		return layout{}, dirError(dir, err)
	}
	return layout{real}, nil
}

// prepareDataDir makes the directory and sees that this user can write there.
func prepareDataDir(dir string) (layout, error) {
	l, err := openDataDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(l.root, 0o755); err != nil {
			return layout{}, dirError(l.root, err)
		}
		// Also under a strict umask: root's PostgreSQL has to pass as another user.
		if err := os.Chmod(l.root, 0o755); err != nil {
			return layout{}, dirError(l.root, err)
		}
		l, err = openDataDir(l.root)
	}
	if err != nil {
		return layout{}, err
	}
	st, err := os.Stat(l.root)
	if err != nil {
		return layout{}, dirError(l.root, err)
	}
	if !st.IsDir() {
		return layout{}, fmt.Errorf("the data directory %s is a file: %s", l.root, otherDir)
	}
	// Only by writing does a read-only file system show.
	probe, err := os.CreateTemp(l.root, ".writable-*")
	if err != nil {
		return layout{}, dirError(l.root, err)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return layout{}, dirError(l.root, err)
	}
	// Secrets in here are 0600; the directory itself only has to be ours.
	if err := os.MkdirAll(l.temporal(), 0o700); err != nil { //nolint:gosec // the operator says where the data are
		return layout{}, dirError(l.temporal(), err)
	}
	return l, nil
}

func dirError(dir string, err error) error {
	var sys syscall.Errno
	switch {
	case errors.As(err, &sys) && sys == syscall.ENOSPC:
		return fmt.Errorf("the disk of the data directory %s is full: make room or %s", dir, otherDir)
	case errors.Is(err, fs.ErrPermission) || sys == syscall.EROFS:
		return fmt.Errorf("the data directory %s is not writable for %s: give it to this user or %s", dir, userName(), otherDir)
	case sys != 0:
		return fmt.Errorf("the data directory %s cannot be used (%w): %s", dir, sys, otherDir)
	}
	return fmt.Errorf("the data directory %s cannot be used: %w", dir, err)
}

func userName() string {
	if u, err := user.Current(); err == nil {
		return "user " + u.Username
	}
	return fmt.Sprintf("user %d", os.Geteuid())
}

// checkSpace refuses to start on a disk that is nearly full.
func checkSpace(dir string, want uint64) error {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return fmt.Errorf("look for free space in %s: %w", dir, err)
	}
	if free := st.Bavail * uint64(st.Bsize); free < want {
		return fmt.Errorf("only %d MB are free for the data directory %s, %d MB are needed: make room or %s", free>>20, dir, want>>20, otherDir)
	}
	return nil
}
