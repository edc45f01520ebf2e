// Package worker runs the procedures and the dispatcher of messages: it
// registers workflows and activities with Temporal, delivers wake-ups, keeps
// the sweep's schedule, and sends what is in the outbox.
package worker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	sdklog "go.temporal.io/sdk/log"
	sdkworker "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/grpc"

	"thidua.dev/thidua/activities"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/notify"
	"thidua.dev/thidua/internal/traces"
	"thidua.dev/thidua/workflows"
)

// Namespace of all procedures.
const Namespace = "thidua"

// Options of a worker.
type Options struct {
	Engine *engine.Engine
	// TemporalAddress is HOST:PORT; TemporalTLS is nil without TLS.
	TemporalAddress string
	TemporalTLS     *tls.Config
	// Metrics receives the SDK's metrics; may be nil.
	Metrics client.MetricsHandler
	// Dispatcher sends messages; nil for a worker that only runs procedures.
	Dispatcher *notify.Dispatcher
	// Poll is how often the wake rows and the outbox are looked at when they are
	// empty; 500 ms unless set.
	Poll time.Duration
	// Tracer makes traces of activities and wake-ups; may be nil.
	Tracer *traces.Tracer
	Log    *slog.Logger
}

// App is one worker. It is single-use.
type App struct {
	o      Options
	client client.Client
	worker sdkworker.Worker
	cancel context.CancelFunc
	loops  sync.WaitGroup
	failed chan error
	polls  polls
}

// New checks the options.
func New(o Options) (*App, error) {
	if o.Engine == nil || o.TemporalAddress == "" || o.Log == nil {
		return nil, errors.New("worker: engine, Temporal's address and logger are needed")
	}
	if o.Poll == 0 {
		o.Poll = 500 * time.Millisecond
	}
	return &App{o: o, failed: make(chan error, 1)}, nil
}

// Start connects and begins to work.
func (a *App) Start(ctx context.Context) error {
	c, err := client.DialContext(ctx, client.Options{
		HostPort: a.o.TemporalAddress, Namespace: Namespace, MetricsHandler: a.o.Metrics,
		Logger:            sdklog.NewStructuredLogger(slog.New(procedures{a.o.Log.Handler()})),
		ConnectionOptions: client.ConnectionOptions{TLS: a.o.TemporalTLS, DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(a.polls.watch)}},
	})
	if err != nil {
		return fmt.Errorf("connect to Temporal at %s: %w", a.o.TemporalAddress, err)
	}
	a.client = c
	sdkworker.SetStickyWorkflowCacheSize(500)
	// A background context: the loops end by Stop, in order.
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	a.cancel = cancel
	var around []interceptor.WorkerInterceptor
	if a.o.Tracer != nil {
		around = append(around, &tracing{tracer: a.o.Tracer})
	}
	a.worker = sdkworker.New(c, workflows.TaskQueue, sdkworker.Options{
		Interceptors:                       around,
		WorkerStopTimeout:                  25 * time.Second,
		MaxConcurrentActivityExecutionSize: 16,
		OnFatalError:                       func(err error) { a.fail(fmt.Errorf("worker: %w", err)) },
	})
	Register(a.worker, &activities.Activities{Engine: a.o.Engine, Log: a.o.Log})
	if err := Preflight(ctx, a.o.Engine.Pool(), c, RegisterWorkflows); err != nil {
		a.close()
		return err
	}
	if err := ensureSweep(ctx, c); err != nil {
		a.close()
		return err
	}
	if err := a.worker.Start(); err != nil {
		a.close()
		return fmt.Errorf("start worker: %w", err)
	}
	a.loops.Go(func() { a.seal(run) })
	a.loops.Go(func() { a.watchTemporal(run) })
	waker := &waker{pool: a.o.Engine.Pool(), client: c, log: a.o.Log, tracer: a.o.Tracer}
	a.loops.Go(func() { waker.run(run, a.o.Poll) })
	if a.o.Dispatcher != nil {
		a.loops.Go(func() {
			if err := a.o.Dispatcher.Run(run, a.o.Poll); err != nil {
				a.fail(err)
			}
		})
	}
	return nil
}

// sealEvery is how often the acts that have ended are chained.
const sealEvery = 10 * time.Second

// seal keeps the audit's chain; several workers take turns.
func (a *App) seal(ctx context.Context) {
	for {
		if _, err := a.o.Engine.Seal(ctx); err != nil && ctx.Err() == nil {
			a.o.Log.WarnContext(ctx, "audit not sealed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(sealEvery):
		}
	}
}

const (
	// temporalUp is 1 while Temporal answers, and 0 when it does not.
	temporalUp  = "thidua_temporal_up"
	askTemporal = 10 * time.Second
)

// watchTemporal asks Temporal how it is: a worker that polls says nothing while Temporal
// is away, and whoever has nothing to do does not notice.
func (a *App) watchTemporal(ctx context.Context) {
	if a.o.Metrics == nil {
		return
	}
	up := a.o.Metrics.Gauge(temporalUp)
	for {
		asked, cancel := context.WithTimeout(ctx, askTemporal/2)
		_, err := a.client.CheckHealth(asked, &client.CheckHealthRequest{})
		cancel()
		if err == nil {
			up.Update(1)
		} else {
			up.Update(0)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(askTemporal):
		}
	}
}

func (a *App) fail(err error) {
	select {
	case a.failed <- err:
	default:
	}
}

// Failed tells of an error after which the worker cannot go on.
func (a *App) Failed() <-chan error { return a.failed }

// Client is the connection to Temporal, once started.
func (a *App) Client() client.Client { return a.client }

// Stop lets go of new work, finishes what is under way, and disconnects.
func (a *App) Stop(context.Context) error {
	if a.client == nil {
		return nil
	}
	a.worker.Stop()
	a.close()
	return nil
}

func (a *App) close() {
	a.cancel()
	a.loops.Wait()
	a.client.Close()
}

// Registry is what workers and replayers have in common.
type Registry interface {
	RegisterWorkflowWithOptions(w any, options workflow.RegisterOptions)
}

// RegisterWorkflows names the procedures.
func RegisterWorkflows(r Registry) {
	r.RegisterWorkflowWithOptions(workflows.Campaign, workflow.RegisterOptions{Name: engine.KindCampaign})
	r.RegisterWorkflowWithOptions(workflows.Round, workflow.RegisterOptions{Name: engine.KindRound})
	r.RegisterWorkflowWithOptions(workflows.Review, workflow.RegisterOptions{Name: engine.KindReview})
	r.RegisterWorkflowWithOptions(workflows.Ceremony, workflow.RegisterOptions{Name: engine.KindCeremony})
	r.RegisterWorkflowWithOptions(workflows.Sweep, workflow.RegisterOptions{Name: "Sweep"})
}

// Register names the procedures and what they ask for.
func Register(w sdkworker.Worker, a *activities.Activities) {
	RegisterWorkflows(w)
	w.RegisterActivityWithOptions(a.StepCampaign, activity.RegisterOptions{Name: "StepCampaign"})
	w.RegisterActivityWithOptions(a.StepRound, activity.RegisterOptions{Name: "StepRound"})
	w.RegisterActivityWithOptions(a.StepReview, activity.RegisterOptions{Name: "StepReview"})
	w.RegisterActivityWithOptions(a.StepCeremony, activity.RegisterOptions{Name: "StepCeremony"})
	w.RegisterActivityWithOptions(a.Sweep, activity.RegisterOptions{Name: "Sweep"})
}
