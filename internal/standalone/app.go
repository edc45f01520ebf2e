// Package standalone supervises, as one process tree, what the engine needs
// and a single machine does not have: a private PostgreSQL and temporald. It
// is the lower half of `thidua up`, and it lends the private PostgreSQL to
// commands (Connect).
//
// Everything lives below one data directory:
//
//	up.pid      lock of the one `up`, with its pid
//	ports.json  the ports of the last start
//	postgres/   the private PostgreSQL
//	temporal/   certificates, pid, ready file and log of temporald
//	prometheus/ configuration, pid, log and data of a demo's Prometheus;
//	grafana/    the same of its Grafana
//
// Nothing here survives by being stopped in order: kill -9 of the supervisor,
// of a child or of all leaves files from which the next start goes on.
package standalone

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"thidua.dev/thidua/internal/pgcluster"
)

// database is where the engine's facts are kept in the private PostgreSQL.
const database = "thidua"

// Options say what to supervise and what exists already.
type Options struct {
	// DataDir defaults to DefaultDataDir.
	DataDir string
	// DatabaseURL replaces the private PostgreSQL. Unless TemporalAddress or
	// NoTemporal says otherwise, temporald makes its databases there too.
	DatabaseURL string
	// TemporalAddress (host:port) replaces temporald, with TemporalTLS to reach
	// it. Whether it answers is not asked: the engine does without for a while.
	TemporalAddress string
	TemporalTLS     *tls.Config
	// TemporaldPath names the program; empty looks for it.
	TemporaldPath string
	// UIPort and FrontendPort of temporald; 0 takes the recorded port or, when
	// that is taken by now, a free one.
	UIPort, FrontendPort int
	// NoTemporal leaves Temporal out altogether.
	NoTemporal bool
	// Log defaults to slog's.
	Log *slog.Logger
	// Progress tells people what has been done; nil tells nobody.
	Progress func(step string)
}

// App is one supervised installation.
type App struct {
	opt     Options
	log     *slog.Logger
	minFree uint64
	restart restartPolicy

	dirs  layout
	lock  *upLock
	ports ports

	databaseURL     string
	serverURL       string // where temporald makes its databases
	temporalAddress string
	temporalTLS     *tls.Config
	uiURL           string

	postgres, temporald *supervised
	prometheus, grafana *supervised
	renewal             *renewal
	failed              chan error

	stop    sync.Once
	stopErr error
}

// New checks what can be checked without touching anything.
func New(opt Options) (*App, error) {
	if opt.DataDir == "" {
		opt.DataDir = DefaultDataDir()
	}
	if opt.Progress == nil {
		opt.Progress = func(string) {}
	}
	if err := checkPortOptions(opt); err != nil {
		return nil, err
	}
	return &App{
		opt: opt, log: cmp.Or(opt.Log, slog.Default()),
		minFree: minFree, restart: defaultRestart,
		failed: make(chan error, 2), // one for each child
	}, nil
}

// Start returns once everything can be used. After an error nothing that it
// started is left running. ctx bounds the start only.
func (a *App) Start(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Stop(context.WithoutCancel(ctx)))
		}
	}()
	program := ""
	if a.runsTemporald() {
		if program, err = findTemporald(a.opt.TemporaldPath); err != nil {
			return err
		}
	}
	if a.dirs, err = prepareDataDir(a.opt.DataDir); err != nil {
		return err
	}
	if a.lock, err = takeUpLock(a.dirs); err != nil {
		return err
	}
	if err := checkSpace(a.dirs.root, a.minFree); err != nil {
		return err
	}
	// Of an up that was killed; it would keep the recorded ports taken.
	if err := endLeftover(ctx, a.dirs, a.log); err != nil {
		return err
	}
	if a.ports, err = readPorts(a.dirs.ports()); err != nil {
		a.log.WarnContext(ctx, "recorded ports are not readable, choosing others", "error", err)
	}
	if err := a.startDatabase(ctx); err != nil {
		return err
	}
	switch {
	case a.opt.NoTemporal:
	case a.opt.TemporalAddress != "":
		a.temporalAddress, a.temporalTLS = a.opt.TemporalAddress, a.opt.TemporalTLS
	default:
		if err := a.startTemporald(ctx, program); err != nil {
			return err
		}
	}
	return a.ports.write(a.dirs.ports())
}

func (a *App) runsTemporald() bool { return !a.opt.NoTemporal && a.opt.TemporalAddress == "" }

// Stop ends what was started: what watches the rest first, then temporald. It may be called at any time
// after Start and again; the first call counts. When ctx ends before that,
// children are killed, which loses nothing.
func (a *App) Stop(ctx context.Context) error {
	a.stop.Do(func() {
		if a.renewal != nil {
			a.renewal.stop()
		}
		a.stopErr = errors.Join(a.grafana.stop(ctx), a.prometheus.stop(ctx), a.temporald.stop(ctx), a.postgres.stop(ctx), a.lock.release())
	})
	return a.stopErr
}

// DataDir is the absolute path of the data directory, once started.
func (a *App) DataDir() string { return a.dirs.root }

// DatabaseURL is the engine's database, once started: migrated.
func (a *App) DatabaseURL() string { return a.databaseURL }

// TemporalAddress is where clients reach Temporal, host:port, once started;
// empty without Temporal.
func (a *App) TemporalAddress() string { return a.temporalAddress }

// TemporalTLS is what clients present to temporald, and believe; nil for an
// external address unless Options.TemporalTLS says otherwise.
func (a *App) TemporalTLS() *tls.Config { return a.temporalTLS }

// UIURL is the address of Temporal's web UI; empty without temporald.
func (a *App) UIURL() string { return a.uiURL }

// Failed receives an error when a child keeps ending by itself in spite of
// restarts. The rest goes on running until Stop.
func (a *App) Failed() <-chan error { return a.failed }

func (a *App) startDatabase(ctx context.Context) error {
	if a.opt.DatabaseURL != "" {
		return a.useDatabase(ctx)
	}
	if !pgcluster.Exists(a.dirs.postgres()) {
		a.opt.Progress("making a PostgreSQL database in " + a.dirs.postgres() + " (first start)")
	}
	c, err := startPostgres(ctx, a.dirs, a.ports.Postgres, false)
	if err != nil {
		return err
	}
	a.ports.Postgres = c.Port()
	a.databaseURL, a.serverURL = c.URL(database), c.URL("postgres")
	a.postgres = supervise(a, a.failed, "PostgreSQL", c, func(ctx context.Context) (process, error) {
		// The same port: everybody holds the address.
		return pgcluster.Start(ctx, pgcluster.Options{Dir: a.dirs.postgres(), Port: c.Port(), Volatile: volatile})
	})
	if err := ensureDatabase(ctx, c); err != nil {
		return err
	}
	verb := "ready"
	if c.Adopted() {
		verb = "was still running"
	}
	a.opt.Progress(fmt.Sprintf("PostgreSQL %s (port %d)", verb, c.Port()))
	return nil
}

func (a *App) startTemporald(ctx context.Context, program string) error {
	certificates, err := ensureCertificates(a.dirs.temporal(), time.Now())
	if err != nil {
		return err
	}
	a.temporalTLS = certificates.client
	if !recorded(a.dirs.temporaldLog()) {
		a.opt.Progress("making Temporal's databases (first start)")
	}
	spec := temporaldSpec{program: program, dirs: a.dirs, databaseURL: a.serverURL}
	child, err := a.tryPorts(ctx, spec)
	if err != nil {
		return err
	}
	spec.ports = child.ports
	a.ports.Frontend, a.ports.UI, a.ports.Metrics = child.ports.Frontend, child.ports.UI, child.ports.Metrics
	a.temporalAddress, a.uiURL = child.ready.Frontend, child.ready.UI
	a.temporald = supervise(a, a.failed, "temporald", child, func(ctx context.Context) (process, error) {
		return startTemporald(ctx, spec, a.log)
	})
	a.renewal = renewCertificates(a.dirs.temporal(), a.log)
	a.opt.Progress(fmt.Sprintf("Temporal %s ready (port %d, UI %s)", child.ready.Version, child.ports.Frontend, a.uiURL))
	return nil
}

// tryPorts starts temporald on the ports that the options or the records ask
// for. A port that was free a moment ago may be taken by now: unless it was
// asked for, others are tried.
func (a *App) tryPorts(ctx context.Context, spec temporaldSpec) (*temporald, error) {
	for try := 1; ; try++ {
		var err error
		if spec.ports, err = choosePorts(a.opt, a.ports); err != nil {
			return nil, err
		}
		child, err := startTemporald(ctx, spec, a.log)
		var taken *portTakenError
		if err == nil || try == 3 || !errors.As(err, &taken) || ctx.Err() != nil {
			return child, err
		}
		a.log.WarnContext(ctx, "a port was taken meanwhile, choosing others", "error", err)
	}
}

// recorded tells whether an earlier start left the file.
func recorded(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
