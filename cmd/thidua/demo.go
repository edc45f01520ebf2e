package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/cli"
	"thidua.dev/thidua/internal/clock"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/mailbox"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/notify"
	"thidua.dev/thidua/internal/plan"
	"thidua.dev/thidua/internal/rehearse"
)

const (
	// demoPoll is how often wake rows, the outbox and the clock are looked at:
	// a stepped clock stands still meanwhile.
	demoPoll = 20 * time.Millisecond
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
func (p *process) startMailbox(ctx context.Context, dataDir string, d *demo) (m mailer, url string, err error) {
	zone, err := time.LoadLocation(d.campaign.Spec.TimeZone)
	if err != nil {
		return m, "", err
	}
	box, err := mailbox.New(mailbox.Options{Dir: filepath.Join(dataDir, "mailbox"), Location: zone, Logger: p.log})
	if err != nil {
		return m, "", err
	}
	if err := box.Start(ctx); err != nil {
		return m, "", err
	}
	p.onStop(box.Stop)
	channel, err := notify.NewSMTP(notify.SMTPOptions{Addr: box.SMTPAddr(), TLS: notify.TLSNone})
	if err != nil {
		return m, "", err
	}
	p.onStop(func(context.Context) error { return channel.Close() })
	return mailer{channels: []notify.Channel{channel}, sender: rehearse.Sender}, box.URL(), nil
}

// play moves the stepped clock from launch to close and tells the story.
func (p *process) play(ctx context.Context, opt cli.UpOptions, d *demo) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended := make(chan struct{})
	defer func() { <-ended }()
	go func() { // a role that cannot go on ends the play
		defer close(ended)
		select {
		case err := <-p.failed:
			cancel(err)
		case <-ctx.Done():
		}
	}()
	defer cancel(nil)
	bar := newProgress(opt.Console, d.plan)
	stepper := clock.Stepper{
		Installation: p.engine, Actors: d.simulator, Work: p.awaitWork(),
		Before: func(ctx context.Context, from, to time.Time) error {
			bar.show(to)
			return pause(ctx, opt.Pace)
		},
	}
	err := stepper.Run(ctx)
	bar.end()
	if ctx.Err() != nil {
		if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
			return cause
		}
		return nil // Ctrl-C
	}
	if err != nil {
		return err
	}
	if err := writeStory(ctx, opt.Console, p.pool, d.campaign); err != nil {
		return err
	}
	if !opt.Keep {
		return nil
	}
	fmt.Fprintln(opt.Err, "\nThe campaign has closed. The pages stay up until Ctrl-C.")
	return p.wait(ctx)
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
