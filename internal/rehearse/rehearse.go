package rehearse

import (
	"context"
	"fmt"
	"log/slog"
	"net/mail"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"thidua.dev/thidua/activities"
	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/clock"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/notify"
	"thidua.dev/thidua/internal/plan"
)

// Sender is where simulated mail comes from.
var Sender = mail.Address{Name: "Thi đua", Address: "thi-dua@office.example"}

// Options of a rehearsal.
type Options struct {
	// Pool of a migrated, empty scratch database.
	Pool *pgxpool.Pool
	// Set of declared objects, checked.
	Set *manifest.Set
	// Campaign to rehearse.
	Campaign   string
	Simulation *Simulation
	// Progress hears each jump; may be nil.
	Progress func(from, to time.Time)
	// Observe hears each attempt to send, and ObserveIntake each report and
	// approval; may be nil.
	Observe       func(v1.Channel, notify.Outcome, time.Duration)
	ObserveIntake func(verb string, err error, took time.Duration)
	Log           *slog.Logger
}

// Result of a rehearsal.
type Result struct {
	Engine *engine.Engine
	Plan   *plan.Plan
	Mails  []notify.Mail
	Steps  int
	Jumps  int
}

// Run rehearses a campaign from launch to close.
func Run(ctx context.Context, o Options) (*Result, error) {
	c := o.Set.Campaign(v1.Name(o.Campaign))
	if c == nil {
		return nil, &engine.NotFound{Kind: "campaign", Name: o.Campaign}
	}
	e := engine.New(o.Pool, o.Log)
	if o.ObserveIntake != nil {
		e.ObserveIntake(o.ObserveIntake)
	}
	p, simulator, err := Prepare(ctx, e, o.Set, c, o.Simulation)
	if err != nil {
		return nil, err
	}
	sent := &recorder{}
	d := &driver{
		engine: e, activities: &activities.Activities{Engine: e, Log: o.Log}, phase: map[string]int{},
		dispatcher: notify.NewDispatcher(notify.DispatcherOptions{
			Pool: o.Pool, Channels: []notify.Channel{sent}, Sender: Sender, Log: o.Log, Batch: 500, Senders: 4, Observe: o.Observe,
		}),
	}
	result := &Result{Engine: e, Plan: p}
	stepper := clock.Stepper{
		Installation: e, Actors: simulator, Work: d.work,
		Before: func(_ context.Context, from, to time.Time) error {
			result.Jumps++
			if o.Progress != nil {
				o.Progress(from, to)
			}
			return nil
		},
	}
	if err := stepper.Run(ctx); err != nil {
		return nil, fmt.Errorf("rehearse %s: %w", o.Campaign, err)
	}
	result.Mails, result.Steps = sent.mails, d.steps
	return result, nil
}

// Prepare puts an installation on a stepped clock that stands at the start of
// the day of launch, declares the objects, and makes the simulated people.
// Doing it again on a running demo changes nothing.
func Prepare(ctx context.Context, e *engine.Engine, set *manifest.Set, c *v1.Campaign, s *Simulation) (*plan.Plan, *Simulator, error) {
	p, err := engine.PlanOf(set, c.Name, 1)
	if err != nil {
		return nil, nil, err
	}
	if err := e.EnsureStepped(ctx, p.Launch.Add(-time.Minute)); err != nil {
		return nil, nil, err
	}
	actor := auth.Actor{Name: "simulated", Role: auth.Office, Unit: string(c.Spec.Office)}
	if _, err := e.Apply(ctx, engine.By(actor, "simulated"), set, false); err != nil {
		return nil, nil, err
	}
	reports := 0
	for _, r := range p.Rounds {
		if r.Kind == plan.Report {
			reports++
		}
	}
	first := ""
	if units := set.Participants(c); len(units) > 0 {
		first = string(units[0].Code)
	}
	simulator, err := NewSimulator(e, c.Name, &c.Spec, s, reports, first)
	return p, simulator, err
}

// recorder is the channel of a rehearsal: it keeps what would have been sent.
type recorder struct {
	mu    sync.Mutex
	mails []notify.Mail
}

func (r *recorder) Name() v1.Channel { return v1.ChannelEmail }

func (r *recorder) Send(_ context.Context, m notify.Mail) notify.Result {
	// What cannot be written as a mail would fail in the real run too.
	if _, err := m.Bytes(); err != nil {
		return notify.Result{Outcome: notify.Rejected, Err: err}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mails = append(r.mails, m)
	return notify.Result{Outcome: notify.Sent, Response: "250 rehearsed"}
}
