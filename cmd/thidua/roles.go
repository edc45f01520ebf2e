package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/alexedwards/scs/pgxstore"

	"thidua.dev/thidua/docs"
	"thidua.dev/thidua/internal/cli"
	"thidua.dev/thidua/internal/httpapi"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/metrics"
	"thidua.dev/thidua/internal/pages"
	"thidua.dev/thidua/internal/standalone"
	"thidua.dev/thidua/internal/verify"
	"thidua.dev/thidua/worker"
)

// Worker runs the procedures and the dispatcher of messages.
func (runner) Worker(ctx context.Context, opt cli.WorkerOptions) (err error) {
	if opt.TemporalAddress == "" {
		return errors.New("worker needs --temporal-address: the private Temporal belongs to `thidua up`, which runs its own worker")
	}
	p := newProcess(opt.Log)
	defer func() { err = errors.Join(err, p.stop(ctx)) }()
	if opt.MetricsAddr != "" {
		l, err := listen(ctx, "--metrics-addr", opt.MetricsAddr)
		if err != nil {
			return err
		}
		p.startWeb(l, p.instruments(), func() {})
		p.recordWeb(ctx, opt.Place, "worker", l)
	}
	if err := p.connect(ctx, opt.Place); err != nil {
		return err
	}
	m, err := p.newMailer(opt.SMTP)
	if err != nil {
		return err
	}
	if err := p.startWorker(ctx, worker.Options{TemporalAddress: opt.TemporalAddress}, p.dispatcher(m, opt.BaseURL)); err != nil {
		return err
	}
	p.probe.Started()
	opt.Log.InfoContext(ctx, "worker runs", "temporal", opt.TemporalAddress)
	return p.wait(ctx)
}

// Serve runs the pages.
func (runner) Serve(ctx context.Context, opt cli.ServeOptions) (err error) {
	p := newProcess(opt.Log)
	defer func() { err = errors.Join(err, p.stop(ctx)) }()
	l, err := listen(ctx, "--http-addr", opt.HTTPAddr)
	if err != nil {
		return err
	}
	p.onStop(func(context.Context) error { l.Close(); return nil })
	if err := p.connect(ctx, opt.Place); err != nil {
		return err
	}
	signOn, err := signOnOf(opt.SignOn)
	if err != nil {
		return err
	}
	app := p.pages(pages.Options{BaseURL: opt.BaseURL, SignOn: signOn, NoLinks: opt.BaseURL == ""}, opt.Place)
	p.startWeb(l, p.site(app, opt.Place), app.Stop)
	p.recordWeb(ctx, opt.Place, "serve", l)
	p.probe.Started()
	opt.Log.InfoContext(ctx, "pages are served", "address", address(l))
	return p.wait(ctx)
}

// connect opens the database of a role that runs beside others.
func (p *process) connect(ctx context.Context, place cli.Place) error {
	url, stop, err := standalone.Connect(ctx, place.DataDir, place.DatabaseURL)
	if err != nil {
		return err
	}
	p.onStop(func(context.Context) error { stop(); return nil })
	metrics.WatchBackup(p.registry, place.BackedUp())
	return p.open(ctx, url)
}

// pages that take what units send.
func (p *process) pages(o pages.Options, place cli.Place) *pages.App {
	sessions := pgxstore.New(p.pool)
	p.onStop(func(context.Context) error { sessions.StopCleanup(); return nil })
	o.Look, o.Log, o.Engine, o.Sessions, o.Files = look.New(p.pool), p.log, p.engine, sessions, place.Files()
	o.Rehearse = p.rehearsal
	if place.Scanner == nil {
		p.log.Info("files that come with reports are not scanned for viruses", "flag", "--clamd-addr")
	}
	return pages.New(o)
}

// signOnOf reads the client's secret.
func signOnOf(o cli.SignOn) (pages.SignOn, error) {
	s := pages.SignOn{Issuer: o.Issuer, ClientID: o.ClientID, Name: o.Name}
	if o.SecretFile != "" {
		b, err := os.ReadFile(o.SecretFile)
		if err != nil {
			return s, fmt.Errorf("--sso-client-secret-file: %w", err)
		}
		s.ClientSecret = strings.TrimSpace(string(b))
	}
	return s, nil
}

// instruments are what every process shows of itself to whoever runs it.
func (p *process) instruments() *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics.Handler(p.registry))
	mux.Handle("GET "+docs.RunbooksPath, docs.ServeRunbooks())
	p.probe.Register(mux)
	return mux
}

// site is everything under one address: pages, the API, and the instruments.
func (p *process) site(app *pages.App, place cli.Place) http.Handler {
	mux := p.instruments()
	mux.Handle(httpapi.Prefix, httpapi.New(httpapi.Options{Engine: p.engine, Look: look.New(p.pool), Files: place.Files(), Verify: verify.New(p.pool, place.Files()), Log: p.log}))
	mux.Handle("/", app)
	return mux
}
