package pgcluster

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"
)

// starterEnv makes the test binary a process that starts a cluster and goes
// away without stopping it.
const starterEnv = "PGCLUSTER_TEST_START"

func TestMain(m *testing.M) {
	if dir := os.Getenv(starterEnv); dir != "" {
		if _, err := Start(context.Background(), Options{Dir: dir, Volatile: true, Temporary: os.Getenv(starterEnv+"_TEMPORARY") != ""}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// newDir is a directory that the unprivileged user can reach; what still runs
// there is ended with the test.
func newDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pgcluster-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	pg := filepath.Join(dir, "postgres")
	t.Cleanup(func() {
		if Running(pg) {
			t.Errorf("a server still runs in %s", pg)
			if err := clearLeftovers(context.Background(), dataDir(pg)); err != nil {
				t.Error(err)
			}
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return pg
}

func start(t *testing.T, opt Options) *Cluster {
	t.Helper()
	opt.Volatile = true
	began := time.Now()
	c, err := Start(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("started after %s, adopted %v", time.Since(began).Round(time.Millisecond), c.Adopted())
	return c
}

func stop(t *testing.T, c *Cluster) {
	t.Helper()
	began := time.Now()
	if err := c.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Logf("stopped after %s", time.Since(began).Round(time.Millisecond))
}

// startElsewhere starts a server from a process that is gone afterwards.
func startElsewhere(t *testing.T, dir string, env ...string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), starterEnv+"="+dir), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("starter: %v: %s", err, out)
	}
}

func query(t *testing.T, c *Cluster, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (string, error) {
		v, err := r.Values()
		return fmt.Sprint(v...), err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(got, ",")
}

func TestStartStopRestart(t *testing.T) {
	dir := newDir(t)
	if Exists(dir) || Running(dir) {
		t.Error("exists before the first start")
	}
	c := start(t, Options{Dir: dir, Settings: []string{"work_mem=5MB"}})
	if !Exists(dir) || !Running(dir) || c.Adopted() {
		t.Error("does not run as its own")
	}
	if got := query(t, c, "SHOW work_mem"); got != "5MB" {
		t.Errorf("work_mem is %s", got)
	}
	for range 2 {
		if err := c.EnsureDatabase(t.Context(), `odd "name"`); err != nil {
			t.Fatal(err)
		}
	}
	query(t, c, "CREATE TABLE kept AS SELECT 7 AS n")
	url := c.URL("postgres")
	if os.Geteuid() == 0 {
		st, err := os.Stat(fmt.Sprintf("/proc/%d", c.PID()))
		if err != nil {
			t.Fatal(err)
		}
		if st.Sys().(*syscall.Stat_t).Uid == 0 {
			t.Error("runs as root")
		}
	}
	stop(t, c)
	stop(t, c) // once more changes nothing
	if Running(dir) {
		t.Error("runs after Stop")
	}
	select {
	case <-c.Exited():
	default:
		t.Error("Exited is open after Stop")
	}

	c = start(t, Options{Dir: dir, Port: c.Port()})
	defer stop(t, c)
	if c.URL("postgres") != url {
		t.Error("password or port changed")
	}
	if got := query(t, c, "SELECT n FROM kept"); got != "7" {
		t.Errorf("kept %q", got)
	}
}

func TestAdoptAfterTheStarterIsGone(t *testing.T) {
	dir := newDir(t)
	startElsewhere(t, dir)
	c := start(t, Options{Dir: dir, Port: 1}) // keeps its own port
	if !c.Adopted() || c.Port() == 1 {
		t.Errorf("adopted %v, port %d", c.Adopted(), c.Port())
	}
	query(t, c, "SELECT 1")
	second := start(t, Options{Dir: dir})
	stop(t, c)
	<-second.Exited() // an adopted server's end is noticed too
	if second.Err() == nil {
		t.Error("no reason")
	}
	stop(t, second)
}

func TestKilledPostmaster(t *testing.T) {
	dir := newDir(t)
	c := start(t, Options{Dir: dir, Settings: []string{"synchronous_commit=on"}}) // Volatile may lose the last commits
	query(t, c, "CREATE TABLE kept AS SELECT 7 AS n")
	// A process that does not notice for a long time that its postmaster died.
	conn, err := pgx.Connect(t.Context(), c.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := conn.Exec(context.Background(), "SELECT count(*) FROM generate_series(1, 1000000000000)")
		if err == nil {
			t.Error("the long statement came to its end")
		}
		conn.Close(context.Background())
	})
	for query(t, c, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%generate_series(1, 1%' AND pid <> pg_backend_pid()") != "1" {
	}
	if err := syscall.Kill(c.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-c.Exited()
	if left, err := processesOf(dataDir(dir)); err != nil || len(left) == 0 {
		t.Errorf("nothing is left to clear: %v, %v", left, err)
	}
	if err := c.Err(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("reason: %v", err)
	}
	again := start(t, Options{Dir: dir, Port: c.Port()})
	wg.Wait()
	if again.Adopted() {
		t.Error("adopted the dead")
	}
	if got := query(t, again, "SELECT n FROM kept"); got != "7" {
		t.Errorf("kept %q", got)
	}
	stop(t, c) // of the dead one: must not touch the new one
	query(t, again, "SELECT 1")
	stop(t, again)
}

// A pid that has passed to another process is neither adopted nor ended, and
// does not keep PostgreSQL from starting.
func TestStrangerUnderTheRecordedPID(t *testing.T) {
	dir := newDir(t)
	stop(t, start(t, Options{Dir: dir}))
	runAs, err := unprivileged()
	if err != nil {
		t.Fatal(err)
	}
	stranger := exec.Command("sleep", "1000")
	stranger.SysProcAttr = &syscall.SysProcAttr{Credential: runAs}
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	defer stranger.Wait()
	defer stranger.Process.Kill()
	pids := fmt.Sprintf("%d\n%s\n0\n5432\n\n127.0.0.1\n", stranger.Process.Pid, dataDir(dir))
	if err := os.WriteFile(pidFile(dataDir(dir)), []byte(pids), 0o600); err != nil {
		t.Fatal(err)
	}
	if Running(dir) {
		t.Error("a stranger counts as the server")
	}
	c := start(t, Options{Dir: dir})
	if c.Adopted() {
		t.Error("adopted a stranger")
	}
	stop(t, c)
	if err := stranger.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the stranger was ended: %v", err)
	}
}

func TestManyStartAtOnce(t *testing.T) {
	dir := newDir(t)
	clusters := make([]*Cluster, 4)
	var wg sync.WaitGroup
	for i := range clusters {
		wg.Go(func() {
			c, err := Start(t.Context(), Options{Dir: dir, Volatile: true})
			if err != nil {
				t.Error(err)
				return
			}
			clusters[i] = c
		})
	}
	wg.Wait()
	own := 0
	for _, c := range clusters {
		if c == nil {
			t.FailNow()
		}
		if !c.Adopted() {
			own++
		}
		if c.URL("x") != clusters[0].URL("x") {
			t.Error("not the same cluster")
		}
	}
	if own != 1 {
		t.Errorf("%d of them started it", own)
	}
	for _, c := range clusters {
		stop(t, c)
	}
}

func TestRelease(t *testing.T) {
	release := func(t *testing.T, c *Cluster) {
		t.Helper()
		if err := c.Release(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("the last user ends a temporary one", func(t *testing.T) {
		dir := newDir(t)
		first := start(t, Options{Dir: dir, Temporary: true})
		second := start(t, Options{Dir: dir, Temporary: true})
		release(t, first)
		release(t, first)
		if !Running(dir) {
			t.Error("ended under another user")
		}
		query(t, second, "SELECT 1")
		release(t, second)
		if Running(dir) {
			t.Error("runs without users")
		}
		release(t, second)
	})
	t.Run("one that was adopted to stay stays", func(t *testing.T) {
		dir := newDir(t)
		temporary := start(t, Options{Dir: dir, Temporary: true})
		stays := start(t, Options{Dir: dir})
		release(t, temporary)
		query(t, stays, "SELECT 1")
		guest := start(t, Options{Dir: dir, Temporary: true})
		release(t, guest)
		query(t, stays, "SELECT 1")
		stop(t, stays)
	})
	t.Run("what killed users left is ended", func(t *testing.T) {
		dir := newDir(t)
		startElsewhere(t, dir, starterEnv+"_TEMPORARY=1")
		c := start(t, Options{Dir: dir, Temporary: true})
		release(t, c)
		if Running(dir) {
			t.Error("runs without users")
		}
	})
	t.Run("what was started to stay stays without users", func(t *testing.T) {
		dir := newDir(t)
		startElsewhere(t, dir)
		release(t, start(t, Options{Dir: dir, Temporary: true}))
		if !Running(dir) {
			t.Error("ended")
		}
		stop(t, start(t, Options{Dir: dir}))
	})
}

func TestTakenPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	_, err = Start(t.Context(), Options{Dir: newDir(t), Port: port, Volatile: true})
	if err == nil || !strings.HasPrefix(err.Error(), "port "+strconv.Itoa(port)+" for the private PostgreSQL is taken:") {
		t.Errorf("got %v", err)
	}
}

// An end while starting is one line with the reason from the log.
func TestBadSetting(t *testing.T) {
	_, err := Start(t.Context(), Options{Dir: newDir(t), Volatile: true, Settings: []string{"max_connections=none"}})
	if err == nil || !strings.Contains(err.Error(), "max_connections") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
}

func TestChangedPassword(t *testing.T) {
	dir := newDir(t)
	c := start(t, Options{Dir: dir})
	defer stop(t, c)
	if err := os.WriteFile(passwordFile(dir), []byte("other\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "does not take the password in "+passwordFile(dir)) {
		t.Errorf("got %v", err)
	}
	query(t, c, "SELECT 1") // the attempt did no harm
}

func TestStopGivesUpWithItsContext(t *testing.T) {
	dir := newDir(t)
	c := start(t, Options{Dir: dir})
	lock, err := lockDir(t.Context(), dir) // somebody is starting or stopping it
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*poll)
	defer cancel()
	if err := c.Stop(ctx); err == nil || !strings.Contains(err.Error(), "another process is starting or stopping") {
		t.Errorf("got %v", err)
	}
	lock.Close()
	stop(t, c)
}

func TestStopAfterTheDirectoryIsGone(t *testing.T) {
	dir := newDir(t)
	c := start(t, Options{Dir: dir})
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	stop(t, c)
}
