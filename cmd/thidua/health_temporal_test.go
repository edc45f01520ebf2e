//go:build temporal

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"thidua.dev/thidua/internal/cli"
	"thidua.dev/thidua/internal/standalone"
)

// A whole installation says what it misses while Temporal hangs or Postgres is killed,
// and that all is well again afterwards.
func TestReadyWhilePartsAreGone(t *testing.T) {
	dir := dataDir(t)
	in := begin(t, cli.UpOptions{Console: discard(), Place: cli.Place{DataDir: dir}})
	readyz := address(in.web) + "readyz"
	well := "process: ok\npostgres: ok\ntemporal: ok\npollers: ok\ndispatcher: ok\n"
	readiness(t, readyz, 200, well)

	temporald, postgres := standalone.PIDs(dir)
	send := func(pid int, signal syscall.Signal) {
		t.Helper()
		if err := syscall.Kill(pid, signal); err != nil {
			t.Fatal(err)
		}
	}
	// Not killed: its supervisor has it back before anybody has lost patience.
	send(temporald, syscall.SIGSTOP)
	readiness(t, readyz, 503, "postgres: ok\ntemporal: does not answer")
	var told, wrong bytes.Buffer
	if code := cli.Main([]string{"status", "--data-dir", dir}, nil, &told, &wrong, runner{}); code != 0 || !strings.Contains(told.String(), "temporal: does not answer") {
		t.Errorf("status ended with %d and said %s%s", code, &told, &wrong)
	}
	send(temporald, syscall.SIGCONT)
	readiness(t, readyz, 200, well)

	// Killed at once it would be back before anybody asks: first it hangs, all of it.
	all := append(childrenOf(t, postgres), postgres)
	for _, pid := range all {
		send(pid, syscall.SIGSTOP)
	}
	readiness(t, readyz, 503, "postgres: does not answer\n")
	for _, pid := range all {
		send(pid, syscall.SIGKILL)
	}
	readiness(t, readyz, 200, well)
}

// childrenOf are the processes that a process has begun.
func childrenOf(t *testing.T, pid int) (children []int) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, stat := range stats {
		b, err := os.ReadFile(stat)
		if err != nil {
			continue // it has ended meanwhile
		}
		_, rest, _ := strings.Cut(string(b), ") ") // behind the name, which may hold anything: state, parent
		fields := strings.Fields(rest)
		if len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			child, err := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
			if err != nil {
				t.Fatal(err)
			}
			children = append(children, child)
		}
	}
	if len(children) == 0 {
		t.Fatalf("process %d has no children", pid)
	}
	return children
}
