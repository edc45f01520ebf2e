// Package pgcluster runs a private PostgreSQL cluster from the distribution's
// own programs: for `thidua up`, for rehearsals and for tests.
//
// The cluster listens on loopback only, with a password of its own, and keeps
// everything below one directory. PostgreSQL refuses to run as root, so a
// cluster that root starts runs as an unprivileged user, to whom its directory
// belongs.
package pgcluster

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// MinMajor is the oldest PostgreSQL whose behaviour the queries rely on.
const MinMajor = 15

// superuser owns the cluster.
const superuser = "thidua"

// Options say where and how a cluster runs.
type Options struct {
	// Dir holds the data, the password and the log. It is made when missing.
	Dir string
	// Port to listen on, on 127.0.0.1; 0 picks a free one.
	Port int
	// Volatile trades safety for speed (fsync off): scratch databases only.
	Volatile bool
	// Settings are further lines for the server, such as max_connections=200.
	Settings []string
}

// Cluster is a running private cluster, or one that was already running for
// the same directory and has been adopted.
type Cluster struct {
	dir      string
	port     int
	password string
	adopted  bool
	cmd      *exec.Cmd
	exited   chan struct{}
	exitErr  error
}

// Start makes the cluster when it is missing and starts it when it does not
// run. A server that already runs for this directory is adopted: it is used,
// and Stop ends it all the same, because the directory is ours.
func Start(ctx context.Context, opt Options) (*Cluster, error) {
	bin, err := findPrograms()
	if err != nil {
		return nil, err
	}
	runAs, err := unprivileged()
	if err != nil {
		return nil, err
	}
	if err := prepareDir(opt.Dir, runAs); err != nil {
		return nil, err
	}
	data := filepath.Join(opt.Dir, "data")
	password, err := ensureInit(ctx, bin, opt, data, runAs)
	if err != nil {
		return nil, err
	}
	if err := checkMajor(bin, data); err != nil {
		return nil, err
	}
	c := &Cluster{dir: opt.Dir, password: password}
	if port, ok := runningPort(data); ok {
		c.port, c.adopted = port, true
		if err := c.waitReady(ctx); err == nil {
			return c, nil
		}
		// A pid file of a server that is gone; PostgreSQL clears it itself.
		c.adopted = false
	}
	c.port = opt.Port
	if c.port == 0 {
		if c.port, err = freePort(); err != nil {
			return nil, err
		}
	} else if err := portFree(c.port); err != nil {
		return nil, err
	}
	if err := c.start(bin, opt, data, runAs); err != nil {
		return nil, err
	}
	if err := c.waitReady(ctx); err != nil {
		return nil, errors.Join(err, c.Stop(context.WithoutCancel(ctx)))
	}
	return c, nil
}

// Running tells whether a server already runs for dir.
func Running(dir string) bool {
	_, ok := runningPort(filepath.Join(dir, "data"))
	return ok
}

// Exists tells whether dir already holds a cluster.
func Exists(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "data", "PG_VERSION"))
	return err == nil
}

func (c *Cluster) start(bin string, opt Options, data string, runAs *syscall.Credential) error {
	logFile, err := os.OpenFile(filepath.Join(opt.Dir, "postgres.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
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
	c.cmd.Dir = opt.Dir
	c.cmd.Stdout, c.cmd.Stderr = logFile, logFile
	// Its own process group: Ctrl-C at the terminal is for the supervisor,
	// which stops things in order.
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: runAs, Setpgid: true}
	if err := c.cmd.Start(); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	c.exited = make(chan struct{})
	go func() {
		c.exitErr = c.cmd.Wait()
		close(c.exited)
	}()
	return nil
}

// Stop ends the server in its fast mode: connections are cut, everything
// committed stays.
func (c *Cluster) Stop(ctx context.Context) error {
	pid, ok := pidOf(filepath.Join(c.dir, "data"))
	if c.cmd != nil {
		pid, ok = c.cmd.Process.Pid, true
	}
	if !ok {
		return nil
	}
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stop postgres (pid %d): %w", pid, err)
	}
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-c.exitedOrNever():
			return nil
		case <-tick.C:
			if c.cmd == nil && !alive(pid) {
				return nil
			}
		case <-deadline.C:
			return errors.Join(fmt.Errorf("postgres (pid %d) did not stop within 30 s", pid), syscall.Kill(pid, syscall.SIGQUIT))
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (c *Cluster) exitedOrNever() <-chan struct{} { return c.exited }

// Exited is closed when a server that this process started has ended; nil for
// an adopted one.
func (c *Cluster) Exited() <-chan struct{} { return c.exited }

// Adopted tells that the server was already running.
func (c *Cluster) Adopted() bool { return c.adopted }

// PID of the server.
func (c *Cluster) PID() int {
	pid, _ := pidOf(filepath.Join(c.dir, "data"))
	return pid
}

// Port on 127.0.0.1.
func (c *Cluster) Port() int { return c.port }

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
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()); err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	return nil
}

func (c *Cluster) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	var last error
	for {
		conn, err := pgx.Connect(ctx, c.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		last = err
		select {
		case <-c.exitedOrNever():
			return fmt.Errorf("postgres ended at once: %w; its log: %s", c.exitErr, c.logTail())
		case <-ctx.Done():
			return fmt.Errorf("postgres on port %d is not ready: %w; its log: %s", c.port, last, c.logTail())
		case <-time.After(20 * time.Millisecond):
		}
		if c.adopted && !alive(c.PID()) {
			return fmt.Errorf("the recorded postgres is gone: %w", last)
		}
	}
}

func (c *Cluster) logTail() string {
	b, err := os.ReadFile(filepath.Join(c.dir, "postgres.log"))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-3):], " | ")
}

// findPrograms finds PostgreSQL's own programs, newest first.
func findPrograms() (string, error) {
	if dir := os.Getenv("THIDUA_POSTGRES_BIN"); dir != "" {
		return dir, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil {
		return "", err
	}
	best, bestMajor := "", 0
	for _, p := range found {
		major, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(p))))
		if err == nil && major > bestMajor {
			best, bestMajor = filepath.Dir(p), major
		}
	}
	if bestMajor >= MinMajor {
		return best, nil
	}
	if p, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(p), nil
	}
	return "", fmt.Errorf("no PostgreSQL %d or newer found: install it (Debian: apt-get install postgresql), set THIDUA_POSTGRES_BIN to the folder of its programs, or give --database-url", MinMajor)
}

// unprivileged is nil for ordinary users; for root it is the user that the
// server runs as.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("user %s has the id %q", name, u.Uid)
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("user %s has the group %q", name, u.Gid)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is neither a user postgres nor nobody: start as an ordinary user")
}

func prepareDir(dir string, runAs *syscall.Credential) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the cluster's directory: %w", err)
	}
	if runAs == nil {
		return nil
	}
	if err := os.Chown(dir, int(runAs.Uid), int(runAs.Gid)); err != nil {
		return fmt.Errorf("give %s to the unprivileged user: %w", dir, err)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	for p := filepath.Dir(abs); p != "/"; p = filepath.Dir(p) {
		st, err := os.Stat(p)
		if err != nil {
			return err
		}
		if st.Mode().Perm()&0o001 == 0 {
			return fmt.Errorf("PostgreSQL runs as an unprivileged user and cannot pass through %s (mode %v): choose a data directory elsewhere, such as /var/lib/thidua", p, st.Mode().Perm())
		}
	}
	return nil
}

func ensureInit(ctx context.Context, bin string, opt Options, data string, runAs *syscall.Credential) (string, error) {
	passwordFile := filepath.Join(opt.Dir, "password")
	if Exists(opt.Dir) {
		b, err := os.ReadFile(passwordFile)
		if err != nil {
			return "", fmt.Errorf("read the private PostgreSQL's password: %w", err)
		}
		return strings.TrimSpace(string(b)), nil
	}
	random := make([]byte, 18)
	if _, err := rand.Read(random); err != nil {
		return "", err
	}
	password := hex.EncodeToString(random)
	if err := os.WriteFile(passwordFile, []byte(password+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("write the private PostgreSQL's password: %w", err)
	}
	if runAs != nil {
		if err := os.Chown(passwordFile, int(runAs.Uid), int(runAs.Gid)); err != nil {
			return "", err
		}
	}
	// An initdb that was cut short leaves a directory that the next one
	// refuses; it holds nothing yet.
	if err := os.RemoveAll(data); err != nil {
		return "", err
	}
	args := []string{"-D", data, "-U", superuser, "--pwfile", passwordFile, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8"}
	if opt.Volatile {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), args...)
	cmd.Dir = opt.Dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: runAs}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("initdb: %w: %s", err, strings.TrimSpace(out.String()))
	}
	return password, nil
}

func checkMajor(bin, data string) error {
	b, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if err != nil {
		return fmt.Errorf("read the cluster's version: %w", err)
	}
	have := strings.TrimSpace(string(b))
	out, err := exec.Command(filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return fmt.Errorf("ask postgres for its version: %w", err)
	}
	fields := strings.Fields(string(out)) // "postgres (PostgreSQL) 15.18 (Debian …)"
	if len(fields) < 3 {
		return fmt.Errorf("postgres --version answered %q", out)
	}
	if major, _, _ := strings.Cut(fields[2], "."); major != have {
		return fmt.Errorf("the data in %s are PostgreSQL %s's, the programs in %s are %s's: install PostgreSQL %s, or move the data with pg_upgrade", data, have, bin, major, have)
	}
	return nil
}

// pidOf reads the pid that a server wrote, when that process is alive.
func pidOf(data string) (int, bool) {
	lines := pidFile(data)
	if len(lines) == 0 {
		return 0, false
	}
	pid, err := strconv.Atoi(lines[0])
	return pid, err == nil && alive(pid)
}

func runningPort(data string) (int, bool) {
	lines := pidFile(data)
	if _, ok := pidOf(data); !ok || len(lines) < 4 {
		return 0, false
	}
	port, err := strconv.Atoi(lines[3])
	return port, err == nil
}

func pidFile(data string) []string {
	b, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return nil
	}
	return strings.Split(string(b), "\n")
}

// alive tells whether pid is a running postgres: pids are used again.
func alive(pid int) bool {
	if pid <= 0 || syscall.Kill(pid, 0) != nil {
		return false
	}
	comm, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	return err != nil || strings.HasPrefix(string(comm), "postgres")
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
