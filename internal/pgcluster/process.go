package pgcluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// orphanTimeout is how long processes without their postmaster may take to
// end before they are killed.
const orphanTimeout = 5 * time.Second

// Running tells whether a server runs for dir.
func Running(dir string) bool {
	_, _, ok := running(dataDir(dir))
	return ok
}

// running reads what the server wrote about itself, if it still runs.
func running(data string) (pid, port int, ok bool) {
	b, err := os.ReadFile(pidFile(data))
	if err != nil {
		return 0, 0, false
	}
	// Lines: pid, data directory, start time, port, …
	lines := strings.Split(string(b), "\n")
	if len(lines) < 4 {
		return 0, 0, false
	}
	pid, err = strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil || !serves(pid, data) {
		return 0, 0, false
	}
	port, err = strconv.Atoi(strings.TrimSpace(lines[3]))
	return pid, port, err == nil
}

func pidFile(data string) string { return filepath.Join(data, "postmaster.pid") }

// serves tells whether pid is a PostgreSQL process of this very cluster: they
// all have its data as their working directory. A pid alone says nothing, it
// is used again.
func serves(pid int, data string) bool {
	if pid <= 0 {
		return false
	}
	proc := "/proc/" + strconv.Itoa(pid)
	if comm, err := os.ReadFile(proc + "/comm"); err != nil || !strings.HasPrefix(string(comm), "postgres") {
		return false
	}
	cwd, err := os.Stat(proc + "/cwd")
	if err != nil {
		return false
	}
	want, err := os.Stat(data)
	return err == nil && os.SameFile(cwd, want)
}

// signalIfServing signals a process of the cluster; one that is gone is as
// good as signalled.
func signalIfServing(pid int, data string, sig syscall.Signal) error {
	p, err := os.FindProcess(pid) // holds the process, not the number
	if err != nil {
		return err
	}
	defer p.Release()
	if !serves(pid, data) {
		return nil
	}
	if err := p.Signal(sig); !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// clearLeftovers prepares for a start where no server runs. After kill -9 of
// the postmaster its other processes may go on for a while, a long statement
// to its end, and PostgreSQL refuses to start beside them. And it refuses when
// the pid in the file has passed to somebody else of the same user.
func clearLeftovers(ctx context.Context, data string) error {
	timer := time.NewTimer(orphanTimeout)
	defer timer.Stop()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	sig := syscall.SIGQUIT
	for {
		pids, err := processesOf(data)
		if err != nil {
			return err
		}
		if len(pids) == 0 {
			break
		}
		for _, pid := range pids {
			if err := signalIfServing(pid, data, sig); err != nil {
				return fmt.Errorf("end what is left of an earlier PostgreSQL (pid %d): %w", pid, err)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			if sig == syscall.SIGKILL {
				return fmt.Errorf("what is left of an earlier PostgreSQL does not end: pids %v", pids)
			}
			sig = syscall.SIGKILL
			timer.Reset(orphanTimeout)
		case <-tick.C:
		}
	}
	return removeStrangersPID(data)
}

// removeStrangersPID removes a pid file whose pid is somebody else's by now.
// In all other cases the file is left to PostgreSQL, which reads more in it.
func removeStrangersPID(data string) error {
	b, err := os.ReadFile(pidFile(data))
	if err != nil {
		return nil
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 0 || syscall.Kill(pid, 0) != nil {
		return nil
	}
	if err := os.Remove(pidFile(data)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the pid file of an earlier PostgreSQL: %w", err)
	}
	return nil
}

// processesOf lists the PostgreSQL processes of the cluster that this user
// can see, which are all that its server could have.
func processesOf(data string) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("look for an earlier PostgreSQL: %w", err)
	}
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil && serves(pid, data) {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}
