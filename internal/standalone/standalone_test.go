package standalone

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"thidua.dev/thidua/internal/pgcluster"
)

// Environment of the test binary when it is started as another process.
const (
	// upEnv is the data directory of an `up` that runs until it is killed.
	upEnv = "STANDALONE_TEST_UP"
	// prepareEnv is a data directory to prepare.
	prepareEnv = "STANDALONE_TEST_PREPARE"
	// idleEnv makes a process that only exists, until it is killed.
	idleEnv = "STANDALONE_TEST_IDLE"
)

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(upEnv) != "":
		os.Exit(runUp(os.Getenv(upEnv)))
	case os.Getenv(prepareEnv) != "":
		if _, err := prepareDataDir(os.Getenv(prepareEnv)); err != nil {
			fmt.Fprintln(os.Stdout, err)
			os.Exit(1)
		}
		os.Exit(0)
	case os.Getenv(grafanaEnv) != "":
		os.Exit(actGrafana())
	case os.Getenv(idleEnv) != "":
		idle()
		os.Exit(0)
	}
	volatile = true
	goleak.VerifyTestMain(m)
}

// runUp says "ready" and waits to be killed.
func runUp(dir string) int {
	app, err := New(Options{DataDir: dir, NoTemporal: os.Getenv(upEnv+"_NO_TEMPORAL") != "", Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		err = app.Start(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stdout, err)
		return 1
	}
	idle()
	return 0
}

// idle says "ready" and waits for a signal.
func idle() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	fmt.Fprintln(os.Stdout, "ready")
	<-told
}

// newDir is a data directory that the unprivileged user can reach; a
// PostgreSQL that still runs there is ended with the test.
func newDir(t *testing.T) string {
	t.Helper()
	parent, err := os.MkdirTemp("", "standalone-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(parent, 0o755); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(parent, "data")
	t.Cleanup(func() {
		ctx := context.Background()
		if pg := (layout{dir}).postgres(); pgcluster.Running(pg) {
			t.Errorf("PostgreSQL still runs in %s", pg)
			c, err := pgcluster.Start(ctx, pgcluster.Options{Dir: pg})
			if err != nil {
				t.Error(err)
			} else if err := c.Stop(ctx); err != nil {
				t.Error(err)
			}
		}
		if err := os.RemoveAll(parent); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// start starts an App and stops it with the test.
func start(t *testing.T, opt Options) *App {
	t.Helper()
	if opt.Log == nil {
		opt.Log = quiet()
	}
	began := time.Now()
	opt.Progress = func(step string) { t.Logf("%6s %s", time.Since(began).Round(time.Millisecond), step) }
	a, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("started after %s", time.Since(began).Round(time.Millisecond))
	t.Cleanup(func() { stop(t, a) })
	return a
}

func stop(t *testing.T, a *App) {
	t.Helper()
	began := time.Now()
	if err := a.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
	t.Logf("stopped after %s", time.Since(began).Round(time.Millisecond))
}

func execSQL(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	// Volatile may lose the last commits when it is killed.
	for _, statement := range []string{"SET synchronous_commit = on", sql} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

// await polls until the condition holds.
func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	timeout := time.After(30 * time.Second)
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for !condition() {
		select {
		case <-timeout:
			t.Fatalf("waited 30 s for %s", what)
		case <-tick.C:
		}
	}
}

// spawn starts the test binary as another process and waits until it is ready.
func spawn(t *testing.T, env string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), env)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("not ready but: %s", line)
	}
	return cmd
}

// recordedPID reads the number that a file begins with.
func recordedPID(t *testing.T, path string) int {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func postmaster(t *testing.T, dirs layout) int {
	t.Helper()
	return recordedPID(t, filepath.Join(dirs.postgres(), "data", "postmaster.pid"))
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}
