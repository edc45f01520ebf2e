package standalone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// temporaldStop is longer than temporald's own limit of 20 s.
	temporaldStop = 25 * time.Second
	// temporaldStart is longer than temporald's own limit of a minute.
	temporaldStart = 75 * time.Second
	// maxLog is the size at which a start puts the log of temporald aside.
	maxLog = 16 << 20
	poll   = 20 * time.Millisecond
)

// temporaldSpec is all that a start of temporald needs, so that a restart is
// the same again.
type temporaldSpec struct {
	program     string
	dirs        layout
	databaseURL string
	ports       ports
}

// temporald is a running one that answers.
type temporald struct {
	cmd    *exec.Cmd
	dirs   layout
	ports  ports
	ready  readyFile
	log    io.ReaderAt // the log, and where this run's part begins
	logAt  int64
	exited chan struct{}
	exit   error
}

// readyFile is what temporald writes once it answers.
type readyFile struct {
	PID      int    `json:"pid"`
	Frontend string `json:"frontend"`
	UI       string `json:"ui"`
	Version  string `json:"version"`
}

// readyArg is the argument by which a temporald of this data directory is
// recognised.
func readyArg(dirs layout) string { return "--ready-file=" + dirs.ready() }

func (s temporaldSpec) args() []string {
	certificates := certificatePaths(s.dirs.temporal())
	return []string{
		readyArg(s.dirs),
		"--parent-pid=" + strconv.Itoa(os.Getpid()),
		"--bind=127.0.0.1",
		"--frontend-port=" + strconv.Itoa(s.ports.Frontend),
		"--ui-port=" + strconv.Itoa(s.ports.UI),
		"--ui-read-only",
		"--metrics-port=" + strconv.Itoa(s.ports.Metrics),
		"--tls-ca=" + certificates.ca,
		"--tls-cert=" + certificates.server,
		"--tls-key=" + certificates.serverKey,
	}
}

// startTemporald returns once temporald answers. After an error it does not
// run.
func startTemporald(ctx context.Context, spec temporaldSpec, log *slog.Logger) (_ *temporald, err error) {
	if err := removeFile(spec.dirs.ready()); err != nil {
		return nil, err
	}
	logFile, err := openLog(spec.dirs.temporaldLog())
	if err != nil {
		return nil, err
	}
	t := &temporald{dirs: spec.dirs, ports: spec.ports, log: logFile, exited: make(chan struct{})}
	if t.logAt, err = logFile.Seek(0, io.SeekEnd); err != nil {
		return nil, errors.Join(err, logFile.Close())
	}
	t.cmd = exec.Command(spec.program, spec.args()...)
	t.cmd.Dir = spec.dirs.temporal()
	// The address has a password in it, and arguments can be read by everybody.
	t.cmd.Env = append(os.Environ(), "TEMPORALD_DATABASE_URL="+spec.databaseURL)
	t.cmd.Stdout, t.cmd.Stderr = logFile, logFile
	// Its own process group: Ctrl-C at the terminal is for the supervisor,
	// which stops things in order.
	t.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := t.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start temporald: %w", err), logFile.Close())
	}
	go func() {
		t.exit = t.cmd.Wait()
		t.exit = t.reason()
		logFile.Close()
		close(t.exited)
	}()
	err = writeFile(spec.dirs.temporaldPID(), []byte(strconv.Itoa(t.cmd.Process.Pid)+"\n"), 0o644)
	if err == nil {
		err = t.waitReady(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, t.Stop(context.WithoutCancel(ctx)))
	}
	if t.ready.Version != serverVersion {
		log.WarnContext(ctx, "temporald is of another version", "want", serverVersion, "got", t.ready.Version, "path", spec.program)
	}
	return t, nil
}

// openLog appends; one that has grown large is put aside first, replacing the
// one before it.
func openLog(path string) (*os.File, error) {
	if st, err := os.Stat(path); err == nil && st.Size() > maxLog {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, err
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of temporald: %w", err)
	}
	return f, nil
}

func (t *temporald) waitReady(ctx context.Context) error {
	timer := time.NewTimer(temporaldStart)
	defer timer.Stop()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		select {
		case <-t.exited:
			return t.exit
		case <-ctx.Done():
			return fmt.Errorf("temporald is not ready: %w", ctx.Err())
		case <-timer.C:
			return fmt.Errorf("temporald is not ready after %s: its log is %s", temporaldStart, t.dirs.temporaldLog())
		case <-tick.C:
		}
		b, err := os.ReadFile(t.dirs.ready())
		if err != nil {
			continue
		}
		if err := json.Unmarshal(b, &t.ready); err != nil {
			return fmt.Errorf("ready file of temporald: %w", err)
		}
		if t.ready.PID == t.cmd.Process.Pid {
			return nil
		}
	}
}

// Exited is closed when temporald has ended.
func (t *temporald) Exited() <-chan struct{} { return t.exited }

// Err says why it ended.
func (t *temporald) Err() error { return t.exit }

// Stop asks it to end and, when it does not in time, kills it: all it knows
// is in the database.
func (t *temporald) Stop(ctx context.Context) error {
	if err := t.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop temporald: %w", err)
	}
	timer := time.NewTimer(temporaldStop)
	defer timer.Stop()
	select {
	case <-t.exited:
	case <-timer.C:
	case <-ctx.Done():
	}
	if err := t.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill temporald: %w", err)
	}
	<-t.exited
	return errors.Join(removeFile(t.dirs.temporaldPID()), removeFile(t.dirs.ready()))
}

// portLine is temporald's complaint about a port.
var portLine = regexp.MustCompile(`cannot listen on \S+:(\d+)`)

// reason is the line that temporald ends with, as an error.
func (t *temporald) reason() error {
	why := "ended"
	if t.exit != nil {
		why = t.exit.Error()
	}
	b, err := io.ReadAll(io.NewSectionReader(t.log, t.logAt, maxLog))
	if err != nil {
		return fmt.Errorf("temporald: %s: its log is %s", why, t.dirs.temporaldLog())
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	last, found := strings.CutPrefix(lines[len(lines)-1], "temporald: ")
	if !found {
		return fmt.Errorf("temporald: %s: its log is %s", why, t.dirs.temporaldLog())
	}
	if m := portLine.FindStringSubmatch(last); m != nil {
		port, _ := strconv.Atoi(m[1])
		return &portTakenError{service{"temporald", port}}
	}
	return fmt.Errorf("temporald: %s", last)
}
