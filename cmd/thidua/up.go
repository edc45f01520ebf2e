package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"thidua.dev/thidua/internal/cli"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/pages"
	"thidua.dev/thidua/internal/standalone"
	"thidua.dev/thidua/worker"
)

// Up runs a whole installation: the private PostgreSQL and temporald, worker,
// pages; with Demo, simulated units and a mailbox too.
func (runner) Up(ctx context.Context, opt cli.UpOptions) (err error) {
	p := newProcess(opt.Log)
	defer func() {
		if len(p.stops) > 2 {
			fmt.Fprintln(opt.Err, "stopping …")
		}
		err = errors.Join(err, p.stop(ctx))
	}()
	l, err := listen(ctx, "--http-addr", opt.HTTPAddr)
	if err != nil {
		return err
	}
	p.onStop(func(context.Context) error { l.Close(); return nil })
	var d *demo
	if opt.Demo {
		if d, err = loadDemo(opt.DemoDir); err != nil {
			return err
		}
	}
	began := time.Now()
	told := func(format string, args ...any) {
		fmt.Fprintf(opt.Err, "%6.1f s  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
	lower, err := standalone.New(standalone.Options{
		DataDir: opt.DataDir, DatabaseURL: opt.DatabaseURL, TemporalAddress: opt.TemporalAddress, UIPort: opt.UIPort,
		Log: opt.Log, Progress: func(step string) { told("%s", step) },
	})
	if err != nil {
		return err
	}
	if err := lower.Start(ctx); err != nil {
		return err
	}
	p.onStop(lower.Stop)
	p.watch(lower.Failed())
	if err := p.open(ctx, lower.DatabaseURL()); err != nil {
		return err
	}
	m, mailboxURL, err := p.mailFor(ctx, opt, lower.DataDir(), d)
	if err != nil {
		return err
	}
	app := pages.New(pages.Options{Look: look.New(p.pool), Log: p.log, MailboxURL: mailboxURL, TemporalURL: lower.UIURL()})
	p.startWeb(l, p.site(app), app.Stop)
	o := worker.Options{TemporalAddress: lower.TemporalAddress(), TemporalTLS: lower.TemporalTLS()}
	if d != nil {
		o.Poll = demoPoll
	}
	if err := p.startWorker(ctx, o, p.dispatcher(m)); err != nil {
		return err
	}
	told("worker and pages ready")
	fmt.Fprintf(opt.Err, "\n  Pages (trang theo dõi)   %s\n", address(l))
	if mailboxURL != "" {
		fmt.Fprintf(opt.Err, "  Mailbox (hộp thư thử)    %s\n", mailboxURL)
	}
	if ui := lower.UIURL(); ui != "" {
		fmt.Fprintf(opt.Err, "  Temporal                 %s\n", ui)
	}
	fmt.Fprintf(opt.Err, "  Metrics                  %smetrics\n  Data                     %s\n\n", address(l), lower.DataDir())
	if d == nil {
		fmt.Fprintln(opt.Err, "Running; Ctrl-C stops everything in order. Begin with: thidua init, thidua apply, thidua launch.")
		return p.wait(ctx)
	}
	return p.play(ctx, opt, d)
}

// mailFor is the mail server given, or in a demo the test mailbox. A stepped
// clock and real mail never meet: a demo writes to nobody.
func (p *process) mailFor(ctx context.Context, opt cli.UpOptions, dataDir string, d *demo) (m mailer, mailboxURL string, err error) {
	if d == nil {
		stepped, err := p.engine.Stepped(ctx)
		if err != nil {
			return m, "", err
		}
		if stepped {
			return m, "", fmt.Errorf("%s holds a demo, whose clock is stepped: add --demo, or choose another --data-dir", dataDir)
		}
		m, err = p.newMailer(opt.SMTP)
		return m, "", err
	}
	if err := d.prepare(ctx, p.engine); err != nil {
		return m, "", err
	}
	return p.startMailbox(ctx, dataDir, d)
}
