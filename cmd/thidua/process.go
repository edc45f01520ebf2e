package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/cli"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/health"
	"thidua.dev/thidua/internal/metrics"
	"thidua.dev/thidua/internal/notify"
	"thidua.dev/thidua/internal/store"
	"thidua.dev/thidua/internal/traces"
	"thidua.dev/thidua/internal/traces/otlp"
	"thidua.dev/thidua/internal/verify"
	"thidua.dev/thidua/worker"
)

// stopTimeout bounds an orderly stop. What is not done by then is killed, which
// loses nothing.
const stopTimeout = 60 * time.Second

// process is what the roles of one process share, and the order in which they end.
type process struct {
	log      *slog.Logger
	pool     *pgxpool.Pool
	engine   *engine.Engine
	registry *prometheus.Registry
	// collector reads the facts for the registry, once open.
	collector *metrics.Collector
	probe     *health.Probe
	tracer    *traces.Tracer // nil: nobody wants traces
	failed    chan error
	stops     []func(context.Context) error
}

func newProcess(log *slog.Logger) *process {
	p := &process{log: log, registry: metrics.NewRegistry(), probe: health.NewProbe(log), failed: make(chan error, 8)}
	tracer, stop, err := otlp.Start(context.Background(), log)
	switch {
	case err != nil: // no reason to leave units without reminders
		log.Error("there will be no traces", "error", err)
	case tracer != nil:
		p.tracer = tracer
		p.onStop(stop)
	}
	return p
}

// open connects to the facts.
func (p *process) open(ctx context.Context, url string) error {
	pool, err := store.Open(ctx, url, store.Traced(p.tracer.SQL()))
	if err != nil {
		return err
	}
	p.onStop(func(context.Context) error { pool.Close(); return nil })
	p.pool, p.engine = pool, engine.New(pool, p.log)
	p.probe.Add(health.Check{Name: "postgres", Ask: func(ctx context.Context) error {
		err := store.Check(ctx, pool)
		if errors.Is(err, store.ErrNotMigrated) {
			return health.Unready("not migrated to this version: run thidua migrate")
		}
		return err
	}})
	p.collector = metrics.NewCollector(pool, p.log)
	p.registry.MustRegister(p.collector)
	intake := metrics.NewIntake(p.registry)
	p.engine.ObserveIntake(func(verb string, err error, took time.Duration) {
		result := metrics.Accepted
		if err != nil {
			result = engine.Code(err)
		}
		intake.Observe(verb, result, took)
	})
	return nil
}

// onStop remembers how a part is stopped. The last one started stops first.
func (p *process) onStop(stop func(context.Context) error) { p.stops = append(p.stops, stop) }

func (p *process) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	p.probe.Stopping()
	var all error
	for _, stop := range slices.Backward(p.stops) {
		all = errors.Join(all, stop(ctx))
	}
	p.stops = nil
	return all
}

// watch passes a role's failure on.
func (p *process) watch(failed <-chan error) {
	gone := make(chan struct{})
	p.onStop(func(context.Context) error { close(gone); return nil })
	go func() {
		select {
		case err := <-failed:
			p.failed <- err
		case <-gone:
		}
	}()
}

// wait until somebody ends the process, or a role cannot go on.
func (p *process) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-p.failed:
		return err
	}
}

// startWorker runs procedures and the dispatcher of messages.
func (p *process) startWorker(ctx context.Context, o worker.Options, d *notify.Dispatcher) error {
	o.Engine, o.Dispatcher, o.Log = p.engine, d, p.log
	o.Metrics, o.Tracer = metrics.SDKHandler(p.registry), p.tracer
	w, err := worker.New(o)
	if err != nil {
		return err
	}
	if err := w.Start(ctx); err != nil {
		return err
	}
	p.onStop(w.Stop)
	p.watch(w.Failed())
	p.watchAudit(ctx)
	p.probe.Add(w.Checks()...)
	return nil
}

// verifyEvery is how often a part of the audit's chain is recomputed.
const verifyEvery = time.Minute

// watchAudit recomputes the chain of acts beside whoever seals it.
func (p *process) watchAudit(ctx context.Context) {
	kept := metrics.NewAudit(p.registry)
	ctx, end := context.WithCancel(context.WithoutCancel(ctx))
	var loop sync.WaitGroup
	loop.Go(func() {
		verify.NewWatch(p.pool, p.log).Run(ctx, verifyEvery, func(w *verify.Watch) { kept.Observe(w.Findings(), w.Rounds()) })
	})
	p.onStop(func(context.Context) error { end(); loop.Wait(); return nil })
}

// defaultSender stands in ledgers while there is no mail server; its domain is
// part of Message-IDs.
var defaultSender = mail.Address{Name: "Thi đua", Address: "thi-dua@localhost"}

// mailer is how mail leaves, and who it comes from.
type mailer struct {
	channels  []notify.Channel
	sender    mail.Address
	perMinute map[v1.Channel]int
}

// connections to the mail server at once. A process that dies leaves at most so
// many attempts in doubt.
const connections = 10

// newMailer reads the settings of the mail server. Without an address messages are
// held, and the campaign says DeliveryDegraded, never a pretence.
func (p *process) newMailer(s cli.SMTP) (mailer, error) {
	m := mailer{sender: defaultSender}
	if s.From != "" {
		from, err := mail.ParseAddress(s.From)
		if err != nil {
			return m, fmt.Errorf("--from %q is not an address such as thi-dua@so.example", s.From)
		}
		m.sender = *from
	}
	if s.Address == "" {
		p.log.Warn("no mail server is configured: messages are held until there is one or they are stale", "flag", "--smtp-addr")
		m.channels = []notify.Channel{notify.Unconfigured(v1.ChannelEmail)}
		return m, nil
	}
	if s.From == "" {
		return m, errors.New("--smtp-addr needs --from, the address that messages come from")
	}
	o := notify.SMTPOptions{Addr: s.Address, Username: s.User, MaxConnections: connections}
	m.perMinute = map[v1.Channel]int{v1.ChannelEmail: s.Rate}
	switch s.TLS {
	case "implicit":
		o.TLS = notify.TLSImplicit
	case "none":
		o.TLS = notify.TLSNone
	default:
		o.TLS = notify.TLSRequired
	}
	if s.PasswordFile != "" {
		b, err := os.ReadFile(s.PasswordFile)
		if err != nil {
			return m, fmt.Errorf("--smtp-password-file: %w", err)
		}
		o.Password = strings.TrimRight(string(b), "\r\n")
	}
	if host, err := os.Hostname(); err == nil {
		o.LocalName = host
	}
	channel, err := notify.NewSMTP(o)
	if err != nil {
		return m, err
	}
	p.onStop(func(context.Context) error { return channel.Close() })
	m.channels = []notify.Channel{channel}
	return m, nil
}

func (p *process) dispatcher(m mailer, base string) *notify.Dispatcher {
	return notify.NewDispatcher(notify.DispatcherOptions{
		Pool: p.pool, Channels: m.channels, Sender: m.sender, BaseURL: base, Senders: connections, PerMinute: m.perMinute,
		Observe: metrics.NewDispatch(p.registry).Observe, Tracer: p.tracer, Log: p.log,
	})
}
