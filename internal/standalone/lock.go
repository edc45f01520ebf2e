package standalone

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// upLock is held by the one `up` of a data directory. The kernel gives it
// back when the process dies, however it dies; the pid in the file is for
// people.
type upLock struct{ file *os.File }

func takeUpLock(dirs layout) (*upLock, error) {
	f, err := os.OpenFile(dirs.up(), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, dirError(dirs.root, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("thidua up already runs on %s (pid %s): stop it first, or %s", dirs.root, readPID(f), otherDir)
		}
		return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	l := &upLock{f}
	if err := l.write(strconv.Itoa(os.Getpid()) + "\n"); err != nil {
		return nil, errors.Join(dirError(dirs.root, err), f.Close())
	}
	return l, nil
}

func (l *upLock) write(s string) error {
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err := l.file.WriteAt([]byte(s), 0)
	return err
}

// release keeps the file: whoever waits for the lock of a removed file would
// hold a lock that nobody else sees.
func (l *upLock) release() error {
	if l == nil {
		return nil
	}
	return errors.Join(l.write(""), l.file.Close())
}

// runningUp is the pid of the `up` that runs on the data directory.
func runningUp(dirs layout) (pid string, ok bool) {
	f, err := os.Open(dirs.up())
	if err != nil {
		return "", false
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); !errors.Is(err, syscall.EWOULDBLOCK) {
		return "", false
	}
	return readPID(f), true
}

func readPID(f *os.File) string {
	b, err := io.ReadAll(io.NewSectionReader(f, 0, 32))
	if pid := strings.TrimSpace(string(b)); err == nil && pid != "" {
		return pid
	}
	return "unknown"
}
