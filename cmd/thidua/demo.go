package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/clock"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/mailbox"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/notify"
	"thidua.dev/thidua/internal/plan"
	"thidua.dev/thidua/internal/rehearse"
	"thidua.dev/thidua/internal/store"
)

const (
	// demoPoll is how often wake rows, the outbox and the clock are looked at:
	// a stepped clock stands still meanwhile.
	demoPoll = 20 * time.Millisecond
	// demoScrape is how often Prometheus looks: a year passes within a minute.
	demoScrape = time.Second
	// stuckAfter is how long nothing may move before the demo says what is undone.
	stuckAfter = time.Minute
)

// demo is a campaign with simulated units.
type demo struct {
	set        *manifest.Set
	campaign   *v1.Campaign
	simulation *rehearse.Simulation
	plan       *plan.Plan
	simulator  *rehearse.Simulator
}

func loadDemo(dir string) (*demo, error) {
	set, err := manifest.Load([]string{dir}, nil)
	if err != nil {
		return nil, err
	}
	if err := set.Check().Err(); err != nil {
		return nil, err
	}
	if len(set.Campaigns) != 1 {
		return nil, fmt.Errorf("--demo-dir %s: a demo plays one campaign, and there are %d", dir, len(set.Campaigns))
	}
	d := &demo{set: set, campaign: set.Campaigns[0]}
	d.simulation, err = rehearse.LoadSimulation(dir)
	return d, err
}

func (d *demo) prepare(ctx context.Context, e *engine.Engine) (err error) {
	d.plan, d.simulator, err = rehearse.Prepare(ctx, e, d.set, d.campaign, d.simulation)
	return err
}

// startMailbox takes the demo's mail and keeps it in the data directory, so that
// a later start finds it.
func (in *installation) startMailbox(ctx context.Context) (m mailer, err error) {
	zone, err := time.LoadLocation(in.demo.campaign.Spec.TimeZone)
	if err != nil {
		return m, err
	}
	if in.opt.DemoSink != "" {
		return in.demoMail(in.opt.DemoSink)
	}
	box, err := mailbox.New(mailbox.Options{Dir: in.mailboxDir(), Location: zone, Logger: in.log})
	if err != nil {
		return m, err
	}
	if err := box.Start(ctx); err != nil {
		return m, err
	}
	in.onStop(box.Stop)
	in.mailboxURL = box.URL()
	return in.demoMail(box.SMTPAddr())
}

// demoMail sends to a server on this machine.
func (in *installation) demoMail(address string) (m mailer, err error) {
	channel, err := notify.NewSMTP(notify.SMTPOptions{Addr: address, TLS: notify.TLSNone, MaxConnections: connections})
	if err != nil {
		return m, err
	}
	in.onStop(func(context.Context) error { return channel.Close() })
	return mailer{channels: []notify.Channel{channel}, sender: rehearse.Sender}, nil
}

func (in *installation) mailboxDir() string { return filepath.Join(in.lower.DataDir(), "mailbox") }

// play moves the stepped clock from where it stands until the campaign is closed.
func (in *installation) play(ctx context.Context) error {
	bar := newProgress(in.opt.Console, in.demo.plan)
	defer bar.end()
	return in.step(ctx, in.demo.simulator, func(ctx context.Context, _, to time.Time) error {
		bar.show(to)
		return pause(ctx, in.opt.Pace)
	})
}

// step moves the stepped clock for as long as something is to come. It ends too
// when a role cannot go on, and without an error when ctx ends.
func (p *process) step(ctx context.Context, people clock.Actors, before func(ctx context.Context, from, to time.Time) error) error {
	running, end := context.WithCancelCause(ctx)
	defer end(nil)
	go func() {
		select {
		case err := <-p.failed:
			end(err)
		case <-running.Done():
		}
	}()
	stepper := clock.Stepper{Installation: p.engine, Actors: people, Work: p.awaitWork(), Before: before}
	for {
		err := stepper.Run(running)
		switch {
		case ctx.Err() != nil:
			return nil // Ctrl-C
		case running.Err() != nil:
			return context.Cause(running)
		case err == nil || !store.Away(err):
			return err
		}
		// What people do next follows from facts, so they go on where they were.
		p.log.WarnContext(ctx, "the database is away; waiting for it", "error", err)
		if err := pause(running, time.Second); err != nil {
			continue
		}
	}
}

// awaitWork waits while workers and dispatcher do what is due, and says what is
// undone when nothing moves.
func (p *process) awaitWork() func(context.Context) error {
	var last engine.Undone
	since := time.Now()
	return func(ctx context.Context) error {
		u, err := p.engine.Undone(ctx)
		if err != nil {
			return err
		}
		switch {
		case u != last:
			last, since = u, time.Now()
		case time.Since(since) > stuckAfter:
			p.log.WarnContext(ctx, "the clock waits: nothing has moved for a while", "procedures", u.Procedures, "messages", u.Messages)
			since = time.Now()
		}
		return pause(ctx, demoPoll)
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
