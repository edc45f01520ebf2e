package standalone

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"thidua.dev/thidua/internal/monitoring"
)

// leftoverGrace is how long a child of an earlier `up` may take to end before it
// is killed.
const leftoverGrace = 5 * time.Second

// endLeftover ends children of this data directory whose supervisor was killed.
// temporald would end by itself, but it could hold its ports and its lock for a
// while; what watched would stay. They are no children, so they are of no use
// either.
func endLeftover(ctx context.Context, dirs layout, log *slog.Logger) error {
	for _, pid := range leftoverPIDs(dirs) {
		if err := endStarted(ctx, "temporald", pid, readyArg(dirs), log); err != nil {
			return err
		}
	}
	all := errors.Join(removeFile(dirs.temporaldPID()), removeFile(dirs.ready()))
	for name, of := range map[string]func() (pidFile, mark string){
		"Prometheus": func() (string, string) { return monitoring.PrometheusOf(dirs.prometheus()) },
		"Grafana":    func() (string, string) { return monitoring.GrafanaOf(dirs.grafana()) },
	} {
		pidFile, mark := of()
		all = errors.Join(all, endStarted(ctx, name, firstNumber(pidFile), mark, log), removeFile(pidFile))
	}
	return all
}

// leftoverPIDs are the pids on record: as started, and as reported.
func leftoverPIDs(dirs layout) []int {
	var pids []int
	if b, err := os.ReadFile(dirs.temporaldPID()); err == nil {
		if pid, err := strconv.Atoi(strings.TrimSpace(string(b))); err == nil {
			pids = append(pids, pid)
		}
	}
	if b, err := os.ReadFile(dirs.ready()); err == nil {
		var r readyFile
		if json.Unmarshal(b, &r) == nil && !slices.Contains(pids, r.PID) {
			pids = append(pids, r.PID)
		}
	}
	return pids
}

// endStarted ends a process, if it is the one that was started with the argument.
func endStarted(ctx context.Context, name string, pid int, mark string, log *slog.Logger) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("end %s of an earlier start (pid %d): %w", name, pid, err)
		}
	}()
	if !startedWith(pid, mark) {
		return nil
	}
	p, err := os.FindProcess(pid) // holds the process, not the number
	if err != nil {
		return err
	}
	defer p.Release()
	if !startedWith(pid, mark) {
		return nil
	}
	log.InfoContext(ctx, "ending a child of an earlier start", "child", name, "pid", pid)
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if err := p.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		grace := time.NewTimer(leftoverGrace)
		defer grace.Stop()
		for waiting := true; waiting; {
			if !startedWith(pid, mark) {
				return nil
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-grace.C:
				waiting = false
			case <-tick.C:
			}
		}
	}
	return errors.New("it does not end")
}

// isTemporald tells whether the process is a temporald that was started for
// this data directory.
func isTemporald(pid int, dirs layout) bool { return startedWith(pid, readyArg(dirs)) }

// startedWith tells whether the process has the argument. A pid alone says
// nothing, it is used again.
func startedWith(pid int, mark string) bool {
	if pid <= 1 {
		return false
	}
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline") // empty for one that has ended
	if err != nil {
		return false
	}
	args := bytes.Split(b, []byte{0})
	return slices.ContainsFunc(args[1:], func(arg []byte) bool { return string(arg) == mark })
}
