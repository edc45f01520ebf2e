// Package monitoring runs the programs that show an installation to its
// operator: a Prometheus, and a Grafana where there is one. They are the
// distribution's own, found on the PATH; each keeps everything in one folder and
// listens on loopback. Nothing depends on them: the installation that they watch
// goes on without.
package monitoring

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// readyIn bounds a start; Grafana makes its database at the first one.
	readyIn = 30 * time.Second
	// stopIn is how long a server may take to end before it is killed.
	stopIn = 10 * time.Second
	poll   = 20 * time.Millisecond
)

// Server is a running one that answers.
type Server struct {
	name    string
	cmd     *exec.Cmd
	url     string
	dir     string
	pidFile string
	exited  chan struct{}
	exit    error
}

// program is what a server is started from.
type program struct {
	name string // of the server, for people
	path string
	args []string
	env  []string
	dir  string // everything of it
	port int
	// ready is the path that answers 200 once it can be used.
	ready string
	// mark is the argument by which a process of this folder is recognised.
	mark string
}

// URL of its pages.
func (s *Server) URL() string { return s.url }

// Exited is closed when it has ended.
func (s *Server) Exited() <-chan struct{} { return s.exited }

// Err says why it ended.
func (s *Server) Err() error { return s.exit }

func logFile(dir string) string { return filepath.Join(dir, "server.log") }

func pidFile(dir string) string { return filepath.Join(dir, "server.pid") }

// start returns once it answers. After an error it does not run.
func (p program) start(ctx context.Context) (*Server, error) {
	// Of one run only: who watches a program for months has it run by the system.
	log, err := os.Create(logFile(p.dir))
	if err != nil {
		return nil, err
	}
	s := &Server{name: p.name, url: fmt.Sprintf("http://127.0.0.1:%d/", p.port), dir: p.dir, pidFile: pidFile(p.dir), exited: make(chan struct{})}
	s.cmd = exec.Command(p.path, append([]string{p.mark}, p.args...)...)
	s.cmd.Dir, s.cmd.Env = p.dir, append(os.Environ(), p.env...)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	// Its own process group: Ctrl-C at the terminal is for the supervisor, which
	// stops things in order.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", p.name, err), log.Close())
	}
	go func() {
		s.exit = s.cmd.Wait()
		log.Close()
		s.exit = s.reason()
		close(s.exited)
	}()
	err = os.WriteFile(s.pidFile, []byte(strconv.Itoa(s.cmd.Process.Pid)+"\n"), 0o644)
	if err == nil {
		err = s.waitReady(ctx, p.ready)
	}
	if err != nil {
		return nil, errors.Join(err, s.Stop(context.WithoutCancel(ctx)))
	}
	return s, nil
}

func (s *Server) waitReady(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, readyIn)
	defer cancel()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		select {
		case <-s.exited:
			return s.exit
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready, its log is %s: %w", s.name, logFile(s.dir), ctx.Err())
		case <-tick.C:
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil)
		if err != nil {
			return err
		}
		answer, err := client.Do(r)
		if err != nil {
			continue
		}
		answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			return nil
		}
	}
}

// Stop asks it to end and, when it does not in time, kills it.
func (s *Server) Stop(ctx context.Context) error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", s.name, err)
	}
	timer := time.NewTimer(stopIn)
	defer timer.Stop()
	select {
	case <-s.exited:
	case <-timer.C:
	case <-ctx.Done():
	}
	if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill %s: %w", s.name, err)
	}
	<-s.exited
	if err := os.Remove(s.pidFile); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// reason is why it ended, with the last line of its log.
func (s *Server) reason() error {
	why := "ended"
	if s.exit != nil {
		why = s.exit.Error()
	}
	b, err := os.ReadFile(logFile(s.dir))
	last := strings.TrimSpace(string(b))
	last = last[strings.LastIndexByte(last, '\n')+1:]
	if err != nil || last == "" {
		last = "its log is " + logFile(s.dir)
	}
	return fmt.Errorf("%s: %s: %s", s.name, why, last)
}

// absolute is the folder's real path, made when it is missing: processes are
// recognised by it.
func absolute(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(dir)
}

// FreePort is one that nobody listens on at this moment.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
