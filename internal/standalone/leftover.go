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
)

// leftoverGrace is how long a temporald of an earlier `up` may take to end
// before it is killed.
const leftoverGrace = 5 * time.Second

// endLeftover ends a temporald of this data directory whose supervisor was
// killed. It would end by itself, but it could hold its ports and its lock
// for a while. It is no child, so it is of no use either.
func endLeftover(ctx context.Context, dirs layout, log *slog.Logger) error {
	for _, pid := range leftoverPIDs(dirs) {
		if err := endTemporald(ctx, pid, dirs, log); err != nil {
			return fmt.Errorf("end temporald of an earlier start (pid %d): %w", pid, err)
		}
	}
	return errors.Join(removeFile(dirs.temporaldPID()), removeFile(dirs.ready()))
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

func endTemporald(ctx context.Context, pid int, dirs layout, log *slog.Logger) error {
	p, err := os.FindProcess(pid) // holds the process, not the number
	if err != nil {
		return err
	}
	defer p.Release()
	if !isTemporald(pid, dirs) {
		return nil
	}
	log.InfoContext(ctx, "ending temporald of an earlier start", "pid", pid)
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if err := p.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		grace := time.NewTimer(leftoverGrace)
		defer grace.Stop()
		for waiting := true; waiting; {
			if !isTemporald(pid, dirs) {
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
// this data directory. A pid alone says nothing, it is used again.
func isTemporald(pid int, dirs layout) bool {
	if pid <= 1 {
		return false
	}
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline") // empty for one that has ended
	if err != nil {
		return false
	}
	args := bytes.Split(b, []byte{0})
	return slices.ContainsFunc(args[1:], func(arg []byte) bool { return string(arg) == readyArg(dirs) })
}
