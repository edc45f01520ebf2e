// Package pgcluster runs a private PostgreSQL cluster from the distribution's
// own programs: for `thidua up`, for rehearsals and for tests.
//
// The cluster listens on loopback only, with a password of its own, and keeps
// everything below one directory. PostgreSQL refuses to run as root, so a
// cluster that root starts runs as an unprivileged user, to whom its directory
// belongs.
//
// Several processes may use one cluster. Starting and ending it take turns
// under a lock of the directory, and every user of it holds a second, shared
// lock, so that the kernel counts the users even when they are killed.
package pgcluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// superuser owns the cluster.
	superuser = "thidua"
	// tries is how often a start that lost a race is repeated: for a free port,
	// or against a server whose starter was killed under way.
	tries = 3
	// answerTimeout is how long a server may stay silent. While it says that
	// it is recovering it may take as long as the caller allows.
	answerTimeout = 60 * time.Second
	// stopTimeout is how long a fast shutdown may take: it writes a checkpoint.
	stopTimeout = 30 * time.Second
	// poll is the pause between two looks at what cannot be waited for.
	poll = 20 * time.Millisecond
)

// Options say where and how a cluster runs.
type Options struct {
	// Dir holds the data, the password and the log. It is made when missing.
	Dir string
	// Port to listen on, on 127.0.0.1; 0 picks a free one. A server that
	// already runs keeps the port it has.
	Port int
	// Volatile trades safety for speed (fsync off): scratch databases only.
	Volatile bool
	// Settings are further lines for the server, such as max_connections=200.
	Settings []string
	// Temporary marks a server started here as one that nobody asked to stay:
	// the last user who gives it up with Release ends it. Whoever adopts it
	// without Temporary takes the mark off.
	Temporary bool
}

// Cluster is a running private cluster, or one that was already running for
// the same directory and has been adopted.
type Cluster struct {
	dir      string
	port     int
	password string
	adopted  bool
	pid      int
	users    *os.File

	cmd     *exec.Cmd // nil when adopted
	exited  chan struct{}
	exitErr error
	leave   sync.Once
	left    chan struct{}
}

// Start makes the cluster when it is missing and starts it when it does not
// run. A server that already runs for this directory is adopted: it is used,
// and Stop ends it all the same, because the directory is ours.
//
// ctx bounds the start only. A server outlives the process that started it.
func Start(ctx context.Context, opt Options) (_ *Cluster, err error) {
	runAs, err := unprivileged()
	if err != nil {
		return nil, err
	}
	if opt.Dir, err = prepareDir(opt.Dir, runAs); err != nil {
		return nil, err
	}
	lock, err := lockDir(ctx, opt.Dir)
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	bin, err := findPrograms(dataDir(opt.Dir))
	if err != nil {
		return nil, err
	}
	password, err := ensureInit(ctx, bin, opt, runAs, lock)
	if err != nil {
		return nil, err
	}
	users, err := joinUsers(opt.Dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			users.Close()
		}
	}()
	for try := 1; ; try++ {
		c := &Cluster{dir: opt.Dir, password: password, exited: make(chan struct{}), left: make(chan struct{})}
		var ended *endedError
		switch err := c.adoptOrStart(ctx, bin, opt, runAs); {
		case err == nil:
			c.users = users
			return c, nil
		case try < tries && errors.As(err, &ended) && (ended.portTaken && opt.Port == 0 || Running(opt.Dir) || c.adopted):
			continue
		default:
			return nil, err
		}
	}
}

func (c *Cluster) adoptOrStart(ctx context.Context, bin string, opt Options, runAs *syscall.Credential) (err error) {
	data := dataDir(c.dir)
	if pid, port, ok := running(data); ok {
		c.pid, c.port, c.adopted = pid, port, true
		go c.watch()
		if err := c.waitReady(ctx); err != nil {
			c.forget()
			return err
		}
		if !opt.Temporary {
			return unmarkTemporary(c.dir)
		}
		return nil
	}
	if err := clearLeftovers(ctx, data); err != nil {
		return err
	}
	if c.port = opt.Port; c.port == 0 {
		if c.port, err = freePort(); err != nil {
			return err
		}
	} else if err := portFree(c.port); err != nil {
		return err
	}
	mark := unmarkTemporary
	if opt.Temporary {
		mark = markTemporary
	}
	if err := mark(c.dir); err != nil {
		return err
	}
	if err := c.start(bin, opt, data, runAs); err != nil {
		return err
	}
	if err := c.waitReady(ctx); err != nil {
		return errors.Join(err, c.end(context.WithoutCancel(ctx)))
	}
	return nil
}

func (c *Cluster) start(bin string, opt Options, data string, runAs *syscall.Credential) error {
	logFile, err := os.OpenFile(c.LogFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the PostgreSQL log: %w", err)
	}
	defer logFile.Close()
	settings := []string{
		"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(c.port),
		// No socket: its path would be too long below a deep directory.
		"unix_socket_directories=",
		"timezone=UTC", "log_timezone=UTC", "max_connections=120",
		"shared_buffers=128MB", "log_min_messages=warning",
		"idle_in_transaction_session_timeout=10min",
	}
	if opt.Volatile {
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off")
	}
	args := []string{"-D", data}
	for _, s := range slices.Concat(settings, opt.Settings) {
		args = append(args, "-c", s)
	}
	c.cmd = exec.Command(filepath.Join(bin, "postgres"), args...)
	c.cmd.Dir = c.dir
	c.cmd.Stdout, c.cmd.Stderr = logFile, logFile
	// Its own process group: Ctrl-C at the terminal is for the supervisor,
	// which stops things in order.
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: runAs, Setpgid: true}
	if err := c.cmd.Start(); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	c.pid = c.cmd.Process.Pid
	go func() {
		c.exitErr = c.cmd.Wait()
		close(c.exited)
	}()
	return nil
}

// Stop ends the server in its fast mode: connections are cut, everything
// committed stays. It ends an adopted server too, whoever else uses it; a
// second call does nothing.
func (c *Cluster) Stop(ctx context.Context) error {
	defer c.forget()
	lock, err := lockDir(ctx, c.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist): // the directory was removed under the server
	case err != nil:
		return err
	default:
		defer lock.Close()
	}
	return c.end(ctx)
}

// Release gives the cluster up. It ends the server only if that was started
// as Temporary, nobody has adopted it to stay, and nobody else uses it.
func (c *Cluster) Release(ctx context.Context) error {
	defer c.forget()
	lock, err := lockDir(ctx, c.dir)
	if err != nil {
		return err
	}
	defer lock.Close()
	if !isTemporary(c.dir) || !lastUser(c.users) {
		return nil
	}
	return c.end(ctx)
}

// forget gives up the place among the users and ends the watching.
func (c *Cluster) forget() {
	c.leave.Do(func() {
		close(c.left)
		if c.users != nil {
			c.users.Close()
		}
	})
}

func (c *Cluster) end(ctx context.Context) error {
	for _, how := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, stopTimeout}, {syscall.SIGQUIT, stopTimeout / 3}} {
		if err := c.signal(how.signal); err != nil {
			return fmt.Errorf("stop postgres (pid %d): %w", c.pid, err)
		}
		gone, err := c.awaitExit(ctx, how.wait)
		if gone || err != nil {
			return err
		}
	}
	return fmt.Errorf("postgres (pid %d) does not stop: its log is %s", c.pid, c.LogFile())
}

// signal reaches this cluster's server and no other process: the handle is
// taken before the check, so the pid cannot pass to somebody else between.
func (c *Cluster) signal(sig syscall.Signal) error {
	if c.cmd != nil {
		err := c.cmd.Process.Signal(sig)
		if errors.Is(err, os.ErrProcessDone) {
			return nil
		}
		return err
	}
	return signalIfServing(c.pid, dataDir(c.dir), sig)
}

func (c *Cluster) awaitExit(ctx context.Context, limit time.Duration) (gone bool, _ error) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		select {
		case <-c.exited:
			return true, nil
		case <-tick.C:
			// An adopted server may no longer be watched.
			if c.cmd == nil && !serves(c.pid, dataDir(c.dir)) {
				return true, nil
			}
		case <-timer.C:
			return false, nil
		case <-ctx.Done():
			return false, fmt.Errorf("postgres (pid %d) has not stopped yet: %w", c.pid, ctx.Err())
		}
	}
}

// watch closes exited for an adopted server, which is no child to wait for.
func (c *Cluster) watch() {
	tick := time.NewTicker(10 * poll)
	defer tick.Stop()
	for serves(c.pid, dataDir(c.dir)) {
		select {
		case <-c.left:
			return
		case <-tick.C:
		}
	}
	close(c.exited)
}

// Exited is closed when the server has ended. For an adopted one that is
// noticed with a short delay, and no longer after Stop or Release.
func (c *Cluster) Exited() <-chan struct{} { return c.exited }

// Err says why the server ended; nil while it runs.
func (c *Cluster) Err() error {
	select {
	case <-c.exited:
		return c.ended()
	default:
		return nil
	}
}

// Adopted tells that the server was already running.
func (c *Cluster) Adopted() bool { return c.adopted }

// PID of the server.
func (c *Cluster) PID() int { return c.pid }

// Port on 127.0.0.1.
func (c *Cluster) Port() int { return c.port }

// LogFile is where the server writes its log.
func (c *Cluster) LogFile() string { return filepath.Join(c.dir, "postgres.log") }

// URL of one database of the cluster.
func (c *Cluster) URL(database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(superuser, c.password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port)), Path: "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// EnsureDatabase makes a database when it is missing.
func (c *Cluster) EnsureDatabase(ctx context.Context, name string) error {
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		return fmt.Errorf("connect to the private PostgreSQL: %w", err)
	}
	defer conn.Close(ctx)
	var exists bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&exists); err != nil {
		return fmt.Errorf("look for database %s: %w", name, err)
	}
	if exists {
		return nil
	}
	_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	if err != nil && !hasCode(err, duplicateDatabase, uniqueViolation) { // made by somebody else meanwhile
		return fmt.Errorf("create database %s: %w", name, err)
	}
	return nil
}

// Postgres error codes.
const (
	cannotConnectNow  = "57P03" // starting up, recovering, shutting down
	invalidPassword   = "28P01"
	duplicateDatabase = "42P04"
	uniqueViolation   = "23505"
)

func hasCode(err error, codes ...string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && slices.Contains(codes, pg.Code)
}

func (c *Cluster) waitReady(ctx context.Context) error {
	silence := time.NewTimer(answerTimeout)
	defer silence.Stop()
	for {
		conn, err := pgx.Connect(ctx, c.URL("postgres"))
		switch {
		case err == nil:
			return conn.Close(ctx)
		case hasCode(err, cannotConnectNow):
			silence.Reset(answerTimeout)
		case c.adopted && hasCode(err, invalidPassword):
			return fmt.Errorf("the PostgreSQL that runs in %s does not take the password in %s: was the file changed?", c.dir, passwordFile(c.dir))
		}
		select {
		case <-c.exited:
			return c.ended()
		case <-ctx.Done():
			return fmt.Errorf("postgres on port %d is not ready: %w; its log: %s", c.port, ctx.Err(), c.logTail())
		case <-silence.C:
			return fmt.Errorf("postgres on port %d does not answer: %w; its log: %s", c.port, err, c.logTail())
		case <-time.After(poll):
		}
	}
}

// endedError is a server that ended by itself.
type endedError struct {
	exit      error
	log       string
	portTaken bool
}

func (e *endedError) Error() string {
	if e.exit == nil {
		return "postgres ended; its log: " + e.log
	}
	return fmt.Sprintf("postgres ended: %v; its log: %s", e.exit, e.log)
}

func (c *Cluster) ended() error {
	tail := c.logTail()
	return &endedError{exit: c.exitErr, log: tail, portTaken: strings.Contains(tail, "could not bind") || strings.Contains(tail, "could not create any TCP")}
}

func (c *Cluster) logTail() string {
	b, err := os.ReadFile(c.LogFile())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-4):], " | ")
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func portFree(port int) error {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return fmt.Errorf("port %d for the private PostgreSQL is taken: end what listens there or choose another port", port)
	}
	return l.Close()
}
