package pgcluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// lockDir waits for its turn to start or end the cluster's server. Closing
// the file gives the turn up; so does the death of the process.
func lockDir(ctx context.Context, dir string) (*os.File, error) {
	f, err := openLock(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("another process is starting or stopping the PostgreSQL in %s: %w", dir, ctx.Err())
		case <-tick.C:
		}
	}
}

// joinUsers counts this process among the users of the server for as long as
// the file is open. It is called under lockDir, as is lastUser, so it never
// has to wait.
func joinUsers(dir string) (*os.File, error) {
	f, err := openLock(filepath.Join(dir, "users"))
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return f, nil
}

// lastUser tells whether nobody else uses the server. The own place among the
// users is given up by asking.
func lastUser(users *os.File) bool {
	return syscall.Flock(int(users.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}

func openLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("%s belongs to another user: run this as that user, or give --database-url", filepath.Dir(path))
	}
	if err != nil {
		return nil, fmt.Errorf("lock the directory of the private PostgreSQL: %w", err)
	}
	return f, nil
}

func temporaryMark(dir string) string { return filepath.Join(dir, "temporary") }

func markTemporary(dir string) error {
	if err := os.WriteFile(temporaryMark(dir), nil, 0o600); err != nil {
		return fmt.Errorf("mark the private PostgreSQL as temporary: %w", err)
	}
	return nil
}

func unmarkTemporary(dir string) error {
	if err := os.Remove(temporaryMark(dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("mark the private PostgreSQL as one to stay: %w", err)
	}
	return nil
}

func isTemporary(dir string) bool {
	_, err := os.Stat(temporaryMark(dir))
	return err == nil
}
