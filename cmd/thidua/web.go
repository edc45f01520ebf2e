package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"thidua.dev/thidua/internal/access"
	"thidua.dev/thidua/internal/cli"
	"thidua.dev/thidua/internal/logs"
)

// listen takes an address before anything else is started: a taken port is one
// clear line, at once.
func listen(ctx context.Context, flag, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s %s is taken: end what listens there, or choose another address with %s", flag, addr, flag)
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", flag, addr, err)
	}
	return l, nil
}

// startWeb serves until the process stops. end is called first, to let go of
// connections that would not end by themselves.
func (p *process) startWeb(l net.Listener, h http.Handler, end func()) {
	s := &http.Server{
		Handler: access.Log(p.log, p.tracer, h), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: logs.Lines(p.log, slog.LevelWarn, "web server"),
	}
	p.onStop(func(ctx context.Context) error {
		end()
		return s.Shutdown(ctx)
	})
	go func() {
		if err := s.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
			p.failed <- fmt.Errorf("pages: %w", err)
		}
	}()
}

// recordWeb tells `thidua status` where this process answers. A directory that cannot be
// written, as in a container, is no reason not to serve.
func (p *process) recordWeb(ctx context.Context, place cli.Place, role string, l net.Listener) {
	forget, err := place.RecordWeb(role, address(l))
	if err != nil {
		p.log.WarnContext(ctx, "status will not find this process: it cannot be recorded in the data directory", "error", err)
		return
	}
	p.onStop(func(context.Context) error { return forget() })
}

// address people can type for what listens.
func address(l net.Listener) string {
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return l.Addr().String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port) + "/"
}
