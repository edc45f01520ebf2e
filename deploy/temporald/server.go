package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"go.temporal.io/server/temporal"
)

// Server is a running Temporal server with its UI.
type Server struct {
	config   Config
	log      *slog.Logger
	lock     *instanceLock
	services temporal.Server
	ui       *uiServer
}

// Start brings everything up and returns once a client can use it. After an
// error nothing is left running.
func Start(ctx context.Context, c Config, log *slog.Logger) (_ *Server, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.StartTimeout)
	defer cancel()
	s := &Server{config: c, log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop())
		}
	}()

	// Whatever can be refused is refused here, before anything is changed.
	if err := removeReady(c.ReadyFile); err != nil { // of a process that was killed
		return nil, err
	}
	if err := c.TLS.check(c.dialHost()); err != nil {
		return nil, err
	}
	if err := c.checkPortsFree(); err != nil {
		return nil, err
	}
	db, err := newDatabase(c.DatabaseURL)
	if err != nil {
		return nil, err
	}
	if err := db.create(ctx, mainDatabase); err != nil {
		return nil, err
	}
	if s.lock, err = takeLock(ctx, db, log); err != nil {
		return nil, err
	}

	logger := newServerLogger(log)
	if err := ensureSchemas(ctx, db, logger); err != nil {
		return nil, err
	}
	if err := checkShards(ctx, db, c.Shards); err != nil {
		return nil, err
	}
	if c.UIPort != 0 {
		if s.ui, err = newUI(c); err != nil {
			return nil, err
		}
	}
	if s.services, err = newServices(c, db, logger); err != nil {
		return nil, fmt.Errorf("temporal: %w", err)
	}
	if err := s.services.Start(); err != nil {
		return nil, fmt.Errorf("temporal: %w", err)
	}
	if s.ui != nil {
		s.ui.serve()
	}
	if err := ensureNamespace(ctx, c, log); err != nil {
		return nil, err
	}
	if c.ReadyFile != "" {
		if err := writeReady(c.ReadyFile, s.ready()); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *Server) ready() Ready {
	r := Ready{
		PID:      os.Getpid(),
		Frontend: s.config.dialAddress(s.config.FrontendPort),
		Version:  serverVersion,
	}
	if s.ui != nil {
		r.UI = "http://" + s.config.dialAddress(s.config.UIPort)
	}
	return r
}

// Wait returns nil when ctx ends or the parent is gone, and otherwise the
// reason why the server cannot go on.
func (s *Server) Wait(ctx context.Context) error {
	var uiFailed chan error
	if s.ui != nil {
		uiFailed = s.ui.Failed
	}
	select {
	case <-ctx.Done():
		return nil
	case <-watchParent(ctx, s.config.ParentPID):
		s.log.Warn("parent process is gone, stopping", "pid", s.config.ParentPID)
		return nil
	case err := <-uiFailed:
		return err
	case err := <-s.lock.Lost:
		return err
	}
}

// Stop takes everything down in reverse order, also after a Start that failed
// half way.
func (s *Server) Stop() error {
	done := make(chan error, 1)
	go func() { done <- s.stop() }()
	select {
	case err := <-done:
		return err
	case <-time.After(s.config.StopTimeout):
		return fmt.Errorf("not stopped within %s", s.config.StopTimeout)
	}
}

func (s *Server) stop() error {
	errs := []error{removeReady(s.config.ReadyFile)}
	if s.ui != nil {
		errs = append(errs, s.ui.stop(context.Background()))
	}
	if s.services != nil {
		errs = append(errs, s.services.Stop())
	}
	if s.lock != nil {
		s.lock.release()
	}
	return errors.Join(errs...)
}
