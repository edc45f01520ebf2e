// Package health tells whoever runs a process whether it lives and whether it can do
// its work. The answers go to everybody who can reach it, so they name no addresses and
// no people; what exactly is wrong stands in the log.
package health

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Check is one thing that a role needs.
type Check struct {
	Name string
	// Ask returns nil when it is there. Of other errors than Unready only the log
	// hears more than that it does not answer.
	Ask func(ctx context.Context) error
}

// Unready says in words for everybody what is wrong, and what to do about it.
type Unready string

func (u Unready) Error() string { return string(u) }

// Result is what came of a check; Wrong is empty when all is well.
type Result struct {
	Name  string `json:"name"`
	Wrong string `json:"wrong,omitempty"`
}

func (r Result) String() string {
	if r.Wrong == "" {
		return r.Name + ": ok"
	}
	return r.Name + ": " + r.Wrong
}

const (
	// patience with a check: who asks, such as a kubelet, has little.
	patience = 2 * time.Second
	// fresh is how long an answer is given again, so that asking often costs nothing.
	fresh = time.Second

	noAnswer = Unready("does not answer")
)

// States of a process, as its first line tells.
const (
	starting = Unready("not all of it has started yet")
	stopping = Unready("it is being stopped")
)

// Probe knows what a process needs.
type Probe struct {
	log *slog.Logger

	mu     sync.Mutex
	state  error
	checks []Check
	last   []Result
	at     time.Time // of last; zero: something has changed since
}

// NewProbe makes the probe of a process that is starting.
func NewProbe(log *slog.Logger) *Probe { return &Probe{log: log, state: starting} }

// Add asks for more.
func (p *Probe) Add(checks ...Check) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.checks, p.at = append(p.checks, checks...), time.Time{}
}

// Started tells that nothing is to come any more.
func (p *Probe) Started() { p.turn(nil) }

// Stopping tells those who send work here to send it elsewhere.
func (p *Probe) Stopping() { p.turn(stopping) }

func (p *Probe) turn(state error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state, p.at = state, time.Time{}
}

// Ready asks all at once.
func (p *Probe) Ready(ctx context.Context) []Result {
	p.mu.Lock()
	defer p.mu.Unlock() // others wait for this answer, and share it
	if time.Since(p.at) < fresh {
		return p.last
	}
	// Whoever asked may go; the answer is not theirs alone.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	state := p.state
	checks := append([]Check{{"process", func(context.Context) error { return state }}}, p.checks...)
	results, causes := make([]Result, len(checks)), make([]error, len(checks))
	var all sync.WaitGroup
	for i, c := range checks {
		all.Go(func() {
			results[i] = Result{Name: c.Name}
			if causes[i] = within(ctx, c.Ask); causes[i] != nil {
				results[i].Wrong = told(causes[i])
			}
		})
	}
	all.Wait()
	p.note(ctx, results, causes)
	p.last, p.at = results, time.Now()
	return results
}

// within lets a check be late without holding up the others.
func within(ctx context.Context, ask func(context.Context) error) error {
	answer := make(chan error, 1)
	go func() { answer <- ask(ctx) }()
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%w within %s", noAnswer, patience)
	}
}

func told(err error) string {
	var unready Unready
	if errors.As(err, &unready) {
		return string(unready)
	}
	return string(noAnswer)
}

// note what has changed since the answer before.
func (p *Probe) note(ctx context.Context, results []Result, causes []error) {
	before := map[string]string{}
	for _, r := range p.last {
		before[r.Name] = r.Wrong
	}
	for i, r := range results {
		switch was := before[r.Name]; r.Wrong {
		case was:
		case "":
			p.log.InfoContext(ctx, "ready again", "check", r.Name)
		default:
			p.log.WarnContext(ctx, "not ready", "check", r.Name, "error", causes[i])
		}
	}
}

// Register serves the two questions that whoever runs a process asks it.
func (p *Probe) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		status, lines := http.StatusOK, []string{}
		for _, c := range p.Ready(r.Context()) {
			if c.Wrong != "" {
				status = http.StatusServiceUnavailable
			}
			lines = append(lines, c.String())
		}
		answer(w, status, strings.Join(lines, "\n"))
	})
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}

// Parse reads what readyz answered.
func Parse(text string) (results []Result) {
	for line := range strings.Lines(text) {
		name, wrong, found := strings.Cut(strings.TrimSpace(line), ": ")
		if !found {
			continue
		}
		if wrong == "ok" {
			wrong = ""
		}
		results = append(results, Result{name, wrong})
	}
	return results
}
