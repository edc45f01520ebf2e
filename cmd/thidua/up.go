package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/cli"
	"thidua.dev/thidua/internal/metrics"
	"thidua.dev/thidua/internal/pages"
	"thidua.dev/thidua/internal/standalone"
	"thidua.dev/thidua/worker"
)

// Up runs a whole installation: the private PostgreSQL and temporald, worker,
// pages; with Demo, simulated units and a mailbox too.
func (runner) Up(ctx context.Context, opt cli.UpOptions) (err error) {
	in, err := newInstallation(opt)
	if err != nil {
		return err
	}
	defer func() {
		if in.lower != nil {
			fmt.Fprintln(opt.Err, "stopping …")
		}
		err = errors.Join(err, in.stop(ctx))
	}()
	if err := in.start(ctx); err != nil {
		return err
	}
	in.greet()
	if in.demo == nil {
		fmt.Fprintln(opt.Err, "Running; Ctrl-C stops everything in order. Begin on the pages (Phát động phong trào mới), or with: thidua init, thidua apply, thidua launch.")
		return in.wait(ctx)
	}
	if err := in.play(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	if err := writeStory(ctx, opt.Console, in.pool, in.demo.campaign); err != nil || !opt.Keep {
		return err
	}
	fmt.Fprintln(opt.Err, "\nThe campaign has closed. The pages stay up until Ctrl-C.")
	return in.wait(ctx)
}

// installation is all of `up`.
type installation struct {
	*process
	opt   cli.UpOptions
	demo  *demo // nil: real time, real people
	lower *standalone.App

	web        net.Listener
	mailboxURL string
	nobodyYet  bool // no account has been made
	monitoring standalone.Monitoring
}

// newInstallation checks what can be checked without touching anything.
func newInstallation(opt cli.UpOptions) (*installation, error) {
	in := &installation{process: newProcess(opt.Log), opt: opt}
	if opt.Demo {
		var err error
		if in.demo, err = loadDemo(opt.DemoDir); err != nil {
			return nil, err
		}
	}
	return in, nil
}

// start returns once everything can be used. Whatever happens, stop ends what it
// has started.
func (in *installation) start(ctx context.Context) error {
	var err error
	if in.web, err = listen(ctx, "--http-addr", in.opt.HTTPAddr); err != nil {
		return err
	}
	in.onStop(func(context.Context) error { in.web.Close(); return nil })
	if err := in.startLower(ctx); err != nil {
		return err
	}
	if in.demo != nil {
		in.collector.MaxAge = demoScrape
	}
	m, err := in.mail(ctx)
	if err != nil {
		return err
	}
	accounts, err := in.engine.Accounts(ctx, auth.Actor{Role: auth.Operator})
	if err != nil {
		return err
	}
	in.nobodyYet = len(accounts) == 0
	signOn, err := signOnOf(in.opt.SignOn)
	if err != nil {
		return err
	}
	app := in.pages(pages.Options{Guest: in.guest(), SignOn: signOn, MailboxURL: in.mailboxURL, TemporalURL: in.lower.UIURL(), BaseURL: in.opt.BaseURL, NoMail: in.demo == nil && in.opt.SMTP.Address == "", NoLinks: in.demo == nil && in.opt.BaseURL == ""}, in.opt.Place)
	in.startWeb(in.web, in.site(app, in.opt.Place), app.Stop)
	in.recordWeb(ctx, in.opt.Place, "up", in.web)
	o := worker.Options{TemporalAddress: in.lower.TemporalAddress(), TemporalTLS: in.lower.TemporalTLS()}
	if in.demo != nil {
		o.Poll = demoPoll
	}
	d := in.dispatcher(m, in.baseURL())
	if in.opt.DatabaseURL == "" {
		// Nobody else may use the private database, so a lease that still runs is of
		// one who was killed: what it held goes on at once.
		if err := d.EndLeases(ctx); err != nil {
			return err
		}
	}
	if err := in.startWorker(ctx, o, d); err != nil {
		return err
	}
	// A drill measures the installation, and nothing beside it.
	if in.demo != nil && in.opt.DemoSink == "" {
		in.monitoring = in.lower.StartMonitoring(ctx, in.web.Addr().String(), demoScrape)
	}
	in.probe.Started()
	return nil
}

// guest is as whom people look at a demo: at this machine they may also play with it.
func (in *installation) guest() auth.Actor {
	if in.demo == nil {
		return auth.Actor{}
	}
	role := auth.Auditor
	if a, ok := in.web.Addr().(*net.TCPAddr); ok && a.IP.IsLoopback() {
		role = auth.Operator
	}
	return auth.Actor{Name: "khách", Role: role}
}

// baseURL is where links in messages lead. A demo's people sit at this machine; at
// real time only the operator knows where units reach it.
func (in *installation) baseURL() string {
	if in.opt.BaseURL == "" && in.demo != nil {
		return address(in.web)
	}
	return in.opt.BaseURL
}

// startLower runs PostgreSQL and Temporal, or finds those of others.
func (in *installation) startLower(ctx context.Context) error {
	began := time.Now()
	lower, err := standalone.New(standalone.Options{
		DataDir: in.opt.DataDir, DatabaseURL: in.opt.DatabaseURL, TemporalAddress: in.opt.TemporalAddress, UIPort: in.opt.UIPort,
		Log: in.log, Progress: func(step string) { fmt.Fprintf(in.opt.Err, "%6.1f s  %s\n", time.Since(began).Seconds(), step) },
	})
	if err != nil {
		return err
	}
	if err := lower.Start(ctx); err != nil {
		return err
	}
	in.lower = lower
	in.onStop(lower.Stop)
	in.watch(lower.Failed())
	metrics.WatchBackup(in.registry, in.opt.Place.BackedUp())
	return in.open(ctx, lower.DatabaseURL())
}

// mail is the server given, or in a demo the test mailbox. A stepped clock and
// real mail never meet: a demo writes to nobody.
func (in *installation) mail(ctx context.Context) (mailer, error) {
	if in.demo != nil {
		if err := in.demo.prepare(ctx, in.engine); err != nil {
			return mailer{}, err
		}
		return in.startMailbox(ctx)
	}
	stepped, err := in.engine.Stepped(ctx)
	if err != nil {
		return mailer{}, err
	}
	if stepped && !in.opt.Stepped {
		return mailer{}, fmt.Errorf("%s holds a demo, whose clock is stepped: add --demo, or choose another --data-dir", in.lower.DataDir())
	}
	return in.newMailer(in.opt.SMTP)
}

// greet tells where everything is.
func (in *installation) greet() {
	line := func(what, where string) {
		if where != "" {
			fmt.Fprintf(in.opt.Err, "  %-24s %s\n", what, where)
		}
	}
	fmt.Fprintln(in.opt.Err)
	line("Pages (trang theo dõi)", address(in.web))
	line("Mailbox (hộp thư thử)", in.mailboxURL)
	line("Temporal", in.lower.UIURL())
	line("Metrics", address(in.web)+"metrics")
	line("Health", address(in.web)+"readyz")
	if in.demo != nil {
		line("Prometheus", cmp.Or(in.monitoring.Prometheus, in.monitoring.NoPrometheus))
		line("Grafana (biểu đồ)", cmp.Or(in.monitoring.Grafana, in.monitoring.NoGrafana))
	}
	line("Data", in.lower.DataDir())
	if in.demo == nil && in.nobodyYet {
		fmt.Fprintln(in.opt.Err, "\nNobody can log in yet. Make an account, and open the address that it prints:")
		fmt.Fprintf(in.opt.Err, "  thidua account create LOGIN --name NAME --role Operator --data-dir %s\n", in.lower.DataDir())
	}
	fmt.Fprintln(in.opt.Err)
	if in.demo != nil && !in.opt.Keep {
		fmt.Fprintln(in.opt.Err, "The demo ends when its campaign has closed; with --keep the pages stay up.")
	}
}
