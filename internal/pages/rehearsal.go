package pages

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/plan"
)

// Rehearse runs a campaign of a set through, on a database that is thrown away, and tells
// progress how far business time has come.
type Rehearse func(ctx context.Context, set *manifest.Set, campaign, language string, progress func(time.Time)) (Report, error)

const (
	// keptRehearsals are the last ones whose outcome is remembered; each is a few MB.
	keptRehearsals = 8
	// rehearsalPatience ends one that takes the machine for too long.
	rehearsalPatience = 20 * time.Minute
)

// rehearsals run one after another: each keeps a processor busy. What they find can be
// found again, so it is kept in memory only.
type rehearsals struct {
	ctx context.Context //nolint:containedctx // ends with the pages
	end context.CancelFunc
	run sync.Mutex // held by the one that runs

	mu   sync.Mutex
	byID map[uuid.UUID]*rehearsal
}

type rehearsal struct {
	began time.Time
	state rehearsalState
	page  []byte
}

// rehearsalState is how far a rehearsal is.
type rehearsalState struct {
	Version       int32 // of the proposal that is rehearsed
	Running, Done bool
	Failed        bool
	Percent       int64
	At            time.Time // how far business time has come
	Story         []string
	Mails         []mailGroup
	Sent          int
	Letters       int
}

func newRehearsals() *rehearsals {
	ctx, end := context.WithCancel(context.Background())
	return &rehearsals{ctx: ctx, end: end, byID: map[uuid.UUID]*rehearsal{}}
}

// stop ends the one that runs, and waits for it to clean up.
func (rs *rehearsals) stop() {
	rs.end()
	rs.run.Lock()
	defer rs.run.Unlock()
}

// of is the state of a proposal's rehearsal; the zero state where there was none.
func (rs *rehearsals) of(id uuid.UUID) rehearsalState {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if r := rs.byID[id]; r != nil {
		return r.state
	}
	return rehearsalState{}
}

// whole is the page of everything that a rehearsal found; nil where there was none.
func (rs *rehearsals) whole(id uuid.UUID) []byte {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if r := rs.byID[id]; r != nil {
		return r.page
	}
	return nil
}

// begin notes a rehearsal, unless the same is under way.
func (rs *rehearsals) begin(id uuid.UUID, version int32) *rehearsal {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if r := rs.byID[id]; r != nil && r.state.Version == version && r.state.Running {
		return nil
	}
	for len(rs.byID) >= keptRehearsals {
		var oldest uuid.UUID
		for other, r := range rs.byID {
			if old := rs.byID[oldest]; old == nil || r.began.Before(old.began) {
				oldest = other
			}
		}
		delete(rs.byID, oldest)
	}
	r := &rehearsal{began: time.Now(), state: rehearsalState{Version: version, Running: true}}
	rs.byID[id] = r
	return r
}

func (rs *rehearsals) set(r *rehearsal, change func(*rehearsalState)) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	change(&r.state)
}

// startRehearsal rehearses a proposal as it is, in the background.
func (a *App) startRehearsal(u ui, p *proposal) error {
	switch {
	case a.o.Rehearse == nil:
		return &engine.Refused{Code: "NoRehearsal"}
	case p.plan == nil:
		return &engine.Refused{Code: "ToMend"}
	}
	if r := a.rehearsals.begin(p.ID, p.Version); r != nil {
		go a.rehearse(r, p.all, p.plan, p.name(), string(u.lang))
	}
	return nil
}

func (a *App) rehearse(r *rehearsal, set *manifest.Set, planned *plan.Plan, campaign, language string) {
	rs := a.rehearsals
	rs.run.Lock()
	defer rs.run.Unlock()
	ctx, cancel := context.WithTimeout(rs.ctx, rehearsalPatience)
	defer cancel()
	report, err := a.o.Rehearse(ctx, set, campaign, language, func(at time.Time) {
		rs.set(r, func(s *rehearsalState) { s.At, s.Percent = at, percentOf(planned, at) })
	})
	var page bytes.Buffer
	if err == nil {
		err = StaticReport(&page, report)
	}
	if err != nil && rs.ctx.Err() == nil {
		a.o.Log.ErrorContext(ctx, "rehearsal failed", "campaign", campaign, "error", err)
	}
	rs.mu.Lock()
	defer rs.mu.Unlock()
	r.state.Running = false
	if err != nil {
		r.state.Failed = true
		return
	}
	r.page = page.Bytes()
	r.state.Done, r.state.Percent, r.state.Story, r.state.Sent, r.state.Letters = true, 100, report.Story, len(report.Mails), len(report.Letters)
	r.state.Mails = groupMails(report.Mails)
	for i, g := range r.state.Mails { // of each group the first is kept, as it will be sent
		r.state.Mails[i].count, r.state.Mails[i].mails = len(g.mails), slices.Clone(g.mails[:1])
	}
}

// percentOf is how many of a plan's events lie before an instant.
func percentOf(p *plan.Plan, at time.Time) int64 {
	done := 0
	for _, e := range p.Events {
		if !e.At.After(at) {
			done++
		}
	}
	return int64(100 * done / max(len(p.Events), 1))
}

// serveRehearsal is all that the last rehearsal found, on a page of its own.
func (a *App) serveRehearsal(w http.ResponseWriter, r *http.Request) error {
	p, _, err := a.proposal(r)
	if err != nil {
		return err
	}
	page := a.rehearsals.whole(p.ID)
	if page == nil {
		return &look.NotFound{Kind: "page"}
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	return respond(w, r, http.StatusOK, page)
}
