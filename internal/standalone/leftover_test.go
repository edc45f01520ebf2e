package standalone

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"testing"

	"thidua.dev/thidua/internal/pgcluster"
)

func TestLeftoverTemporaldIsEnded(t *testing.T) {
	for name, path := range map[string]func(layout) string{"as started": layout.temporaldPID, "as reported": layout.ready} {
		t.Run(name, func(t *testing.T) {
			dirs, err := prepareDataDir(newDir(t))
			if err != nil {
				t.Fatal(err)
			}
			other, err := prepareDataDir(newDir(t))
			if err != nil {
				t.Fatal(err)
			}
			ours := spawn(t, idleEnv+"=1", "--log-level=debug", readyArg(dirs))
			theirs := spawn(t, idleEnv+"=1", readyArg(other))
			record := func(pid int) {
				t.Helper()
				content := strconv.Itoa(pid)
				if path(dirs) == dirs.ready() {
					content = fmt.Sprintf(`{"pid":%d}`, pid)
				}
				if err := writeFile(path(dirs), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}

			// The recorded pid has passed to somebody else.
			record(theirs.Process.Pid)
			if err := endLeftover(t.Context(), dirs, quiet()); err != nil {
				t.Error(err)
			}
			if !isTemporald(theirs.Process.Pid, other) {
				t.Error("ended a stranger")
			}

			record(ours.Process.Pid)
			if err := endLeftover(t.Context(), dirs, quiet()); err != nil {
				t.Error(err)
			}
			if isTemporald(ours.Process.Pid, dirs) {
				t.Error("still runs")
			}
			if recorded(path(dirs)) {
				t.Error("still on record")
			}
		})
	}
}

// kill -9 of the supervisor alone: the next start adopts its PostgreSQL, and
// Stop ends it.
func TestPostgresOfAKilledUpIsAdopted(t *testing.T) {
	dir := newDir(t)
	t.Setenv(upEnv+"_NO_TEMPORAL", "1")
	up := spawn(t, upEnv+"="+dir)
	pid := postmaster(t, layout{dir})
	if running, ok := runningUp(layout{dir}); !ok || running != strconv.Itoa(up.Process.Pid) {
		t.Errorf("running up: %s, %v", running, ok)
	}
	kill(t, up.Process.Pid)
	up.Wait()
	if _, ok := runningUp(layout{dir}); ok {
		t.Error("the lock of the dead is held")
	}
	// A command neither needs up nor ends what up started.
	_, end := borrow(t, dir)
	end()

	a := start(t, Options{DataDir: dir, NoTemporal: true})
	if got := postmaster(t, a.dirs); got != pid {
		t.Errorf("PostgreSQL is %d, was %d", got, pid)
	}
	// An adopted one is supervised too.
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	await(t, "another PostgreSQL", func() bool {
		_, err := checkDatabase(context.WithoutCancel(t.Context()), a.DatabaseURL())
		return err == nil && postmaster(t, a.dirs) != pid
	})
	stop(t, a)
	if pgcluster.Running(a.dirs.postgres()) {
		t.Error("runs after Stop")
	}
	if b, err := os.ReadFile(a.dirs.up()); err != nil || len(b) != 0 {
		t.Errorf("up.pid after Stop: %q, %v", b, err)
	}
}
