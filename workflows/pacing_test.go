package workflows

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestFloor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		idle := rapid.IntRange(1, 1<<40).Draw(t, "idle")
		here, next := floor(idle), floor(idle+1)
		if here < time.Second || here > 5*time.Minute {
			t.Fatalf("floor(%d) = %v", idle, here)
		}
		if want := min(2*here, 5*time.Minute); next != want {
			t.Fatalf("floor(%d) = %v after %v, want %v", idle+1, next, here, want)
		}
	})
	if floor(0) != 0 || floor(1) != time.Second {
		t.Errorf("floor(0) = %v, floor(1) = %v", floor(0), floor(1))
	}
}

// turn is one look at what is due, what it finds, and when it has to be
// followed by the next.
type turn struct {
	found  StepResult
	wakes  int           // how often somebody wakes the procedure, if at all
	during bool          // while the step is under way,
	after  time.Duration // or so long after it
	pause  time.Duration // until the next look
}

// anyTurn draws a turn and works out its pause by the words of the design:
// none when somebody woke us meanwhile, or after doing something without an
// instant; else until the instant, at most a day, or until somebody wakes us;
// with nothing to wait for a second, doubling to five minutes.
func anyTurn(t *rapid.T, idle *int) turn {
	var u turn
	if rapid.Bool().Draw(t, "changed") {
		u.found.Changed = rapid.Int64Range(1, 11_367).Draw(t, "count")
	}
	if rapid.Bool().Draw(t, "instant") {
		u.found.SleepSeconds = rapid.Int64Range(1, 100_000).Draw(t, "sleep")
	}
	u.wakes = rapid.SampledFrom([]int{0, 0, 1, 3}).Draw(t, "wakes")
	u.during = u.wakes > 0 && rapid.Bool().Draw(t, "during")
	switch {
	case u.during:
		return u
	case u.found.SleepSeconds > 0:
		*idle, u.pause = 0, min(time.Duration(u.found.SleepSeconds)*time.Second, day)
	case u.found.Changed > 0:
		*idle, u.wakes = 0, 0
		return u
	default:
		*idle++
		u.pause = time.Second
		for range *idle - 1 {
			u.pause = min(2*u.pause, 5*time.Minute)
		}
	}
	if u.wakes > 0 {
		const half = 500 * time.Millisecond
		u.after = half * time.Duration(rapid.Int64Range(1, int64(u.pause/half)-1).Draw(t, "after"))
		u.pause = u.after
	}
	return u
}

// Whatever the steps find and whoever wakes: each look comes exactly when the
// one before, or a wake, calls for it. So there are never more looks than wakes,
// instants and things done, and none is late.
func TestEveryLookHasACause(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var turns []turn
		want, idle := []time.Duration{0}, 0
		for i := range rapid.IntRange(0, 40).Draw(t, "turns") {
			turns = append(turns, anyTurn(t, &idle))
			want = append(want, want[i]+turns[i].pause)
		}
		var d *desk
		d = newDesk("Round", func(n int, _ StepInput) (StepResult, error) {
			if n >= len(turns) {
				return StepResult{Finished: true}, nil
			}
			u := turns[n]
			wake := func() { // several at once arrive in one workflow task
				for range u.wakes - 1 {
					d.env.SignalWorkflowSkippingWorkflowTask(WakeSignal, nil)
				}
				d.wake()
			}
			switch {
			case u.during:
				wake()
			case u.wakes > 0:
				d.at(u.after, wake)
			}
			return u.found, nil
		})
		d.mustRun(t, "Round")
		if diff := cmp.Diff(want, d.times("open")); diff != "" {
			t.Fatalf("looks: want (-), got (+):\n%s", diff)
		}
	})
}
