package engine

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"thidua.dev/thidua/internal/auth"
)

// temporal stands for the server: a timer for each procedure that it knows, as the last
// step asked for it, and wake-ups that are delivered. It knows nothing else.
type temporal struct {
	*world
	timers map[string]timer
	kinds  map[string]string
}

type timer struct {
	kind string
	at   time.Time
}

func onTemporal(w *world) *temporal {
	s := &temporal{world: w, timers: map[string]timer{}, kinds: map[string]string{}}
	w.due = s.due
	w.step = func(ctx context.Context, id, phase string) (Step, error) {
		step, err := w.StepProcedure(ctx, id, phase)
		delete(s.timers, id)
		if step.NextAt != nil {
			s.timers[id] = timer{s.kinds[id], *step.NextAt}
		}
		return step, err
	}
	return s
}

// due delivers the wake-ups that are there, and lets timers fire.
func (s *temporal) due(ctx context.Context) ([]Procedure, error) {
	var due []Procedure
	for _, line := range s.rows(`DELETE FROM wake RETURNING id, kind`) {
		id, kind, _ := strings.Cut(line, " ")
		due = append(due, Procedure{id, kind})
	}
	now, err := s.Now(ctx)
	if err != nil {
		return nil, err
	}
	for id, t := range s.timers {
		if !t.at.After(now) && !slices.Contains(due, Procedure{id, t.kind}) {
			due = append(due, Procedure{id, t.kind})
		}
	}
	slices.SortFunc(due, func(a, b Procedure) int { return strings.Compare(a.ID, b.ID) })
	for _, p := range due {
		s.kinds[p.ID] = p.Kind
	}
	return due, nil
}

// Temporal and its wake-ups are disposable: whatever of them is lost, the notices are
// those that were reckoned by hand.
func TestWakesAreDisposable(t *testing.T) {
	t.Parallel()
	cases := []struct {
		reason string
		lose   func(s *temporal)
		once   bool // an instant; else before each delivery
	}{
		{"nothing is lost", func(*temporal) {}, false},
		{"every wake row, deleted before it is delivered: the sweep finds what is due", func(s *temporal) {
			s.rows(`DELETE FROM wake`)
			_, err := s.Sweep(s.t.Context(), time.Minute)
			s.ok(err)
		}, false},
		{"every timer: a jump wakes what is due", func(s *temporal) { clear(s.timers) }, false},
		{"the databases, at every instant: rebuilt from facts", func(s *temporal) {
			s.rows(`DELETE FROM wake`)
			clear(s.timers)
			clear(s.phase)
			_, err := s.Rebuild(s.t.Context(), By(auth.Actor{Name: "x", Role: auth.Operator}, "mất Temporal"))
			s.ok(err)
		}, true},
		{"the databases, and nobody rebuilds: the sweep is enough", func(s *temporal) {
			s.rows(`DELETE FROM wake`)
			clear(s.timers)
			clear(s.phase)
			_, err := s.Sweep(s.t.Context(), time.Minute)
			s.ok(err)
		}, true},
	}
	for _, c := range cases {
		t.Run(c.reason, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := onTemporal(w)
			last := time.Time{}
			w.due = func(ctx context.Context) ([]Procedure, error) {
				now, err := w.Now(ctx)
				w.ok(err)
				if !c.once || !now.Equal(last) {
					last = now
					c.lose(s)
				}
				return s.due(ctx)
			}
			w.ok(w.Launch(t.Context(), By(office, ""), name, LaunchOptions{}))
			w.to("2021-09-07 15:00")
			for _, u := range units {
				w.submit(u, "registration")
			}
			w.october()
			w.check("notices", w.notices(oct), octoberByHand...)
			w.ending()
			w.twiceNothing()
			due, err := w.DueProcedures(t.Context())
			w.ok(err)
			if len(due) > 0 {
				t.Errorf("nobody looks at %v", due)
			}
		})
	}
}
