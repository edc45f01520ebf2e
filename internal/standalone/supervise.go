package standalone

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// process is a child, or an adopted one, that answers.
type process interface {
	// Exited is closed when it has ended, and then Err says why.
	Exited() <-chan struct{}
	Err() error
	// Stop ends it; when it has ended, Stop clears up after it.
	Stop(ctx context.Context) error
}

// restartPolicy says how often and how fast a process that ended by itself is
// started again.
type restartPolicy struct {
	limit          int
	first, longest time.Duration // pauses, doubling
	calm           time.Duration // running so long makes good for earlier failures
}

var defaultRestart = restartPolicy{limit: 5, first: 500 * time.Millisecond, longest: 15 * time.Second, calm: 5 * time.Minute}

// supervised keeps one process running.
type supervised struct {
	name    string
	policy  restartPolicy
	log     *slog.Logger
	failed  chan<- error
	start   func(context.Context) (process, error)
	current process // owned by run until done is closed; nil when given up
	cancel  context.CancelFunc
	done    chan struct{}
}

// supervise keeps a process running; failed hears when it does not stay up.
func supervise(a *App, failed chan<- error, name string, running process, start func(context.Context) (process, error)) *supervised {
	ctx, cancel := context.WithCancel(context.Background())
	s := &supervised{
		name: name, policy: a.restart, log: a.log, failed: failed, start: start,
		current: running, cancel: cancel, done: make(chan struct{}),
	}
	go s.run(ctx)
	return s
}

func (s *supervised) run(ctx context.Context) {
	defer close(s.done)
	failures := 0
	for {
		began := time.Now()
		select {
		case <-ctx.Done():
			return
		case <-s.current.Exited():
		}
		if time.Since(began) >= s.policy.calm {
			failures = 0
		}
		if !s.restart(ctx, &failures) {
			return
		}
	}
}

// restart tries until the process answers again; false when ctx ended or the
// policy's limit is reached.
func (s *supervised) restart(ctx context.Context, failures *int) bool {
	err := s.current.Err()
	if clear := s.current.Stop(context.WithoutCancel(ctx)); clear != nil {
		s.log.WarnContext(ctx, "clearing up after a child failed", "child", s.name, "error", clear)
	}
	s.current = nil
	for {
		*failures++
		if *failures > s.policy.limit {
			s.log.ErrorContext(ctx, "child ended too often, giving up", "child", s.name, "restarts", s.policy.limit, "error", err)
			s.failed <- fmt.Errorf("%s does not stay up after %d restarts: %w", s.name, s.policy.limit, err)
			return false
		}
		pause := s.policy.pause(*failures)
		s.log.WarnContext(ctx, "child ended, restarting", "child", s.name, "try", *failures, "pause", pause, "error", err)
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
		var next process
		if next, err = s.start(ctx); err == nil {
			s.log.InfoContext(ctx, "child is back", "child", s.name)
			s.current = next
			return true
		}
		if ctx.Err() != nil {
			return false
		}
	}
}

func (p restartPolicy) pause(failure int) time.Duration {
	pause := p.first
	for range failure - 1 {
		pause = min(2*pause, p.longest)
	}
	return pause
}

// stop ends the keeping, then the process. On nil it does nothing.
func (s *supervised) stop(ctx context.Context) error {
	if s == nil {
		return nil
	}
	s.cancel()
	<-s.done
	if s.current == nil {
		return nil
	}
	return s.current.Stop(ctx)
}
