package standalone

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// fakeChild ends after a while, or when it is stopped.
type fakeChild struct {
	exited chan struct{}
	timer  *time.Timer
	stops  int
}

func newFake(life time.Duration) *fakeChild {
	f := &fakeChild{exited: make(chan struct{})}
	f.timer = time.AfterFunc(life, func() { close(f.exited) })
	return f
}

func (f *fakeChild) Exited() <-chan struct{} { return f.exited }
func (f *fakeChild) Err() error              { return errors.New("it ended") }
func (f *fakeChild) Stop(context.Context) error {
	f.stops++
	if f.timer.Stop() {
		close(f.exited)
	}
	return nil
}

func newKept(t *testing.T, start func(context.Context) (process, error)) (*App, *supervised) {
	t.Helper()
	a, err := New(Options{Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	return a, supervise(a, a.failed, "child", newFake(time.Second), start)
}

// letPass lets the bubble's time pass, which takes none of ours.
func letPass(d time.Duration) { <-time.After(d) }

func TestPause(t *testing.T) {
	p := restartPolicy{first: time.Second, longest: 5 * time.Second}
	for failure, seconds := range []float64{1: 1, 2, 4, 5, 5} {
		if failure > 0 && p.pause(failure).Seconds() != seconds {
			t.Errorf("pause %d is %s", failure, p.pause(failure))
		}
	}
}

func TestGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		starts := 0
		began := time.Now()
		a, s := newKept(t, func(context.Context) (process, error) {
			starts++
			if starts == 2 {
				return newFake(time.Second), nil
			}
			return nil, errors.New("port taken")
		})
		err := <-a.Failed()
		if want := "child does not stay up after 5 restarts: port taken"; err == nil || err.Error() != want {
			t.Errorf("got %v", err)
		}
		// The lives of a second and the pauses before five tries.
		if took, want := time.Since(began), 2*time.Second+15500*time.Millisecond; starts != 5 || took != want {
			t.Errorf("%d starts in %s, want %s", starts, took, want)
		}
		if err := s.stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// A child that ends now and then, over months, is always started again.
func TestCalmMakesGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		starts := 0
		a, s := newKept(t, func(context.Context) (process, error) {
			starts++
			return newFake(10 * time.Minute), nil
		})
		letPass(10 * time.Hour)
		select {
		case err := <-a.Failed():
			t.Error(err)
		default:
		}
		if err := s.stop(t.Context()); err != nil {
			t.Error(err)
		}
		if starts < 50 {
			t.Errorf("%d starts", starts)
		}
		if s.current.(*fakeChild).stops != 1 {
			t.Error("the child was not stopped")
		}
	})
}

// Stop does not wait for the pause before a restart, nor for a start.
func TestStopWhileRestarting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := newKept(t, func(ctx context.Context) (process, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		letPass(1200 * time.Millisecond) // in the first pause
		began := time.Now()
		if err := s.stop(t.Context()); err != nil {
			t.Error(err)
		}
		_, s = newKept(t, s.start)
		letPass(10 * time.Second) // in the first start
		if err := s.stop(t.Context()); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("took %s", took-10*time.Second)
		}
	})
}

func TestStopOfNothing(t *testing.T) {
	a, err := New(Options{Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	refused(t, Options{DataDir: "/proc/nowhere", NoTemporal: true}, "the data directory /proc/nowhere ")
}
