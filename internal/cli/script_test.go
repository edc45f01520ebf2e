package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rogpeppe/go-internal/testscript"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/health"
	"thidua.dev/thidua/internal/notify"
	"thidua.dev/thidua/internal/store"
	"thidua.dev/thidua/workflows"
)

// Commands of the scripts.

// exits N CMD…: the command ends with exit code N.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := code(ts, args[1:]); got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func code(ts *testscript.TestScript, args []string) int {
	err := ts.Exec(args[0], args[1:]...)
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	ts.Fatalf("%v", err)
	return -1
}

// refused PATTERN CMD…: it fails with exit code 1, nothing on stdout, and one
// line on stderr that matches.
func refused(ts *testscript.TestScript, _ bool, args []string) {
	if got := code(ts, args[1:]); got != exitFailed {
		ts.Fatalf("exit code %d, want %d", got, exitFailed)
	}
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("a refusal wrote to stdout: %s", out)
	}
	matches(ts, args[0], oneLineOf(ts))
}

// misused PATTERN CMD…: it fails with exit code 2 and points to the help.
func misused(ts *testscript.TestScript, _ bool, args []string) {
	if got := code(ts, args[1:]); got != exitUsage {
		ts.Fatalf("exit code %d, want %d", got, exitUsage)
	}
	first, _, _ := strings.Cut(ts.ReadFile("stderr"), "\n")
	matches(ts, args[0], first)
}

func matches(ts *testscript.TestScript, pattern, line string) {
	re, err := regexp.Compile(pattern)
	ts.Check(err)
	if !re.MatchString(line) {
		ts.Fatalf("%q does not match %q", line, pattern)
	}
	if strings.HasPrefix(line, "internal:") || strings.Contains(line, "panic") {
		ts.Fatalf("not written for people: %s", line)
	}
}

// sparse FILE BYTES makes a file of that size that takes no room.
func sparse(ts *testscript.TestScript, _ bool, args []string) {
	size, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(f.Truncate(size))
	ts.Check(f.Close())
}

// edit FILE OLD NEW replaces a text that must be there.
func edit(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s does not contain %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, args[1], args[2], 1)), 0o644))
}

// running is a process of a script that can be asked how it is.
type running struct {
	probe  *health.Probe
	server *httptest.Server
}

// runningKey is where a script has its process.
type runningKey struct{}

// runProcess serves a handler beside the probe of a process.
func runProcess(api http.Handler) *running {
	mux, probe := http.NewServeMux(), health.NewProbe(slog.New(slog.DiscardHandler))
	probe.Started()
	probe.Register(mux)
	mux.Handle("/", api)
	return &running{probe, httptest.NewServer(mux)}
}

// process ROLE records one that works on the script's facts; process CHECK WRONG lets
// something be wrong with it, or with the script's server; process killed ends it
// without a word.
func process(ts *testscript.TestScript, _ bool, args []string) {
	p := ts.Value(runningKey{}).(*running)
	switch {
	case len(args) == 2:
		p.probe.Add(health.Check{Name: args[0], Ask: func(context.Context) error { return health.Unready(args[1]) }})
	case args[0] == "killed":
		p.server.Close()
	default:
		_, err := Place{DataDir: ts.Getenv("THIDUA_DATA"), DatabaseURL: databaseURL(ts)}.RecordWeb(args[0], p.server.URL+"/")
		ts.Check(err)
	}
}

// clock INSTANT moves the stepped clock there, doing on the way what workers and
// the dispatcher would do.
func moveClock(ts *testscript.TestScript, _ bool, args []string) {
	ctx := context.Background()
	to, err := time.Parse(time.RFC3339, args[0])
	ts.Check(err)
	pool, err := store.Open(ctx, databaseURL(ts))
	ts.Check(err)
	defer pool.Close()
	e := engine.New(pool, slog.New(slog.DiscardHandler))
	ts.Check(runUntil(ctx, pool, e, to, mailServer{strings.Fields(ts.Getenv("REFUSED"))}))
}

func runUntil(ctx context.Context, pool *pgxpool.Pool, e *engine.Engine, to time.Time, mails mailServer) error {
	if next, err := e.NextInstant(ctx); err != nil {
		return err
	} else if next == nil { // nothing has been launched: the clock may start anywhere
		return e.SetStepped(ctx, to)
	}
	dispatcher := notify.NewDispatcher(notify.DispatcherOptions{
		Pool: pool, Channels: []notify.Channel{mails}, Sender: mail.Address{Address: "thi-dua@so.example"}, Log: slog.New(slog.DiscardHandler),
	})
	for {
		if err := settle(ctx, e, dispatcher); err != nil {
			return err
		}
		now, err := e.Now(ctx)
		if err != nil || !now.Before(to) {
			return err
		}
		next, err := e.NextInstant(ctx)
		if err != nil {
			return err
		}
		jump := to
		if next != nil && next.Before(to) {
			jump = *next
		}
		if err := e.Jump(ctx, jump); err != nil {
			return err
		}
	}
}

func settle(ctx context.Context, e *engine.Engine, d *notify.Dispatcher) error {
	for range 1000 {
		due, err := e.DueProcedures(ctx)
		if err != nil {
			return err
		}
		for _, p := range due {
			if err := runPhases(ctx, e, p); err != nil {
				return err
			}
		}
		sent, err := d.Once(ctx)
		if err != nil {
			return err
		}
		if len(due) == 0 && sent == 0 {
			return nil
		}
	}
	return fmt.Errorf("it never comes to rest")
}

// runPhases lets a procedure go through its phases from the first, as one that
// was started again does, until it would sleep.
func runPhases(ctx context.Context, e *engine.Engine, p engine.Procedure) error {
	for _, phase := range workflows.Phases(p.Kind) {
		for {
			step, err := e.StepProcedure(ctx, p.ID, phase)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", p.ID, phase, err)
			}
			if step.Finished {
				break
			}
			if step.Changed == 0 || step.Sleep > 0 {
				return nil
			}
		}
	}
	return nil
}

// mailServer takes everything but what is about some units: $REFUSED.
type mailServer struct{ refuses []string }

func (mailServer) Name() v1.Channel { return v1.ChannelEmail }

func (s mailServer) Send(_ context.Context, m notify.Mail) notify.Result {
	for _, unit := range s.refuses {
		if slices.Contains(m.Labels.Units, unit) {
			return notify.Result{Outcome: notify.Rejected, Response: "550 5.1.1 no such user"}
		}
	}
	return notify.Result{Outcome: notify.Sent, Response: "250 2.0.0 queued"}
}

// printRunner tells what it was asked to do.
type printRunner struct{}

func (printRunner) Up(_ context.Context, o UpOptions) error {
	if o.DemoDir == "fails" {
		return errors.New("port 8088 is taken\nby somebody")
	}
	return printed(o.Console, "up demo=%v dir=%s pace=%s keep=%v http=%s smtp=%s tls=%s", o.Demo, o.DemoDir, o.Pace, o.Keep, o.HTTPAddr, o.SMTP.Address, o.SMTP.TLS)
}

func (printRunner) Worker(_ context.Context, o WorkerOptions) error {
	return printed(o.Console, "worker temporal=%s", o.TemporalAddress)
}

func (printRunner) Serve(_ context.Context, o ServeOptions) error {
	return printed(o.Console, "serve http=%s files=%s", o.HTTPAddr, o.Files())
}

func (printRunner) Drill(_ context.Context, o DrillOptions) error {
	return printed(o.Console, "drill kills=%d pace=%s seed=%d -o %s", o.Kills, o.Pace, o.Seed, o.Output)
}

func (printRunner) Bench(_ context.Context, o BenchOptions) error {
	return printed(o.Console, "bench %v units=%d repeat=%d -o %s", o.Names, o.Units, o.Repeat, o.Output)
}

func (printRunner) Rehearse(_ context.Context, o RehearseOptions) error {
	return printed(o.Console, "rehearse %s of %v simulation=%s out=%s -o %s", o.Campaign, o.Paths, o.Simulation, o.HTML, o.Output)
}

func printed(c Console, format string, args ...any) error {
	_, err := io.WriteString(c.Out, fmt.Sprintf(format, args...)+"\n")
	return err
}
