package workflows

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// facts have a generation that a command raises; the desk's steps see it.
type facts struct{ generation int64 }

func (f *facts) see(r StepResult) (StepResult, error) {
	r.Generation = f.generation
	return r, nil
}

func TestReconcileLooksAgainAndAnswers(t *testing.T) {
	f := &facts{generation: 1}
	d := newDesk("Campaign", func(_ int, in StepInput) (StepResult, error) {
		if in.Phase == "launch" && f.generation < 3 {
			return f.see(sleep(day))
		}
		return f.see(StepResult{Finished: true})
	})
	var known, fresh update
	d.at(1*hour, func() { d.reconcile(t, 1, &known) })
	d.at(2*hour, func() { f.generation = 2; d.reconcile(t, 2, &fresh) })
	d.at(3*hour, func() { f.generation = 3; d.wake() })
	d.mustRun(t, "Campaign")
	if want := (update{done: true, at: 1 * hour, observed: 1}); known != want {
		t.Errorf("a generation that was observed: got %+v, want %+v", known, want)
	}
	if want := (update{done: true, at: 2 * hour, observed: 2}); fresh != want {
		t.Errorf("a generation that was just committed: got %+v, want %+v", fresh, want)
	}
	if diff := cmp.Diff([]time.Duration{0, 1 * hour, 2 * hour, 3 * hour}, d.times("launch")); diff != "" {
		t.Errorf("each Reconcile is one look: want (-), got (+):\n%s", diff)
	}
}

func TestReconcileWaitsForItsGeneration(t *testing.T) {
	f := &facts{generation: 1}
	d := newDesk("Round", func(n int, _ StepInput) (StepResult, error) {
		if n >= 5 {
			return f.see(StepResult{Finished: true})
		}
		return f.see(sleep(day))
	})
	var second, third update
	d.at(1*hour, func() { d.reconcile(t, 3, &third) })
	d.at(2*hour, func() { d.reconcile(t, 2, &second) })
	d.at(3*hour, func() { f.generation = 2; d.wake() })
	d.at(4*hour, func() { f.generation = 3; d.wake() })
	d.mustRun(t, "Round")
	if want := (update{done: true, at: 3 * hour, observed: 2}); second != want {
		t.Errorf("generation 2: got %+v, want %+v", second, want)
	}
	if want := (update{done: true, at: 4 * hour, observed: 3}); third != want {
		t.Errorf("generation 3: got %+v, want %+v", third, want)
	}
}

func TestReconcileDuringAStepIsServedByTheNext(t *testing.T) {
	f := &facts{generation: 1}
	var waiting update
	var d *desk
	d = newDesk("Review", func(n int, _ StepInput) (StepResult, error) {
		if n > 0 {
			return f.see(StepResult{Finished: true})
		}
		// The step has read generation 1 when the command commits.
		r, err := f.see(sleep(day))
		f.generation = 2
		d.reconcile(t, 2, &waiting)
		return r, err
	})
	d.mustRun(t, "Review")
	if want := (update{done: true, observed: 2}); waiting != want {
		t.Errorf("got %+v, want %+v", waiting, want)
	}
}

func TestReconcileIsAnsweredWhenTheRunCloses(t *testing.T) {
	for _, tt := range []struct {
		reason string
		wakes  bool
	}{
		{"the instant comes", false},
		{"somebody wakes it", true},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			over := false
			d := newDesk("Ceremony", func(int, StepInput) (StepResult, error) {
				if over {
					return StepResult{Generation: 4, Finished: true}, nil
				}
				return StepResult{Generation: 4, SleepSeconds: 7200}, nil
			})
			var waiting update
			d.at(hour, func() { d.reconcile(t, 99, &waiting) })
			d.at(2*hour, func() {
				over = true
				if tt.wakes {
					d.wake()
				}
			})
			d.mustRun(t, "Ceremony")
			if !waiting.done || waiting.err != nil || waiting.observed != 4 {
				t.Errorf("got %+v", waiting)
			}
		})
	}
}

func TestContinueAsNewCarriesOnlyTheID(t *testing.T) {
	d := newDesk("Round", answers(sleep(hour), StepResult{Generation: 7, Changed: 3, SleepSeconds: 3600}))
	d.at(30*time.Minute, func() { d.env.SetContinueAsNewSuggested(true) })
	err := d.run("Round")
	var again *workflow.ContinueAsNewError
	if !errors.As(err, &again) {
		t.Fatalf("error %v", err)
	}
	if again.WorkflowType.Name != "Round" {
		t.Errorf("continued as %s", again.WorkflowType.Name)
	}
	payloads := again.Input.GetPayloads()
	if len(payloads) != 1 || string(payloads[0].GetData()) != `{"id":"campaign/covid-2021/any"}` {
		t.Errorf("carries %v", payloads)
	}
	if diff := cmp.Diff([]time.Duration{0, hour}, d.times("")); diff != "" {
		t.Errorf("a look comes before it: want (-), got (+):\n%s", diff)
	}
}

func TestContinueAsNewLeavesNobodyBehind(t *testing.T) {
	t.Run("a wake during the step is looked at first", func(t *testing.T) {
		var d *desk
		d = newDesk("Round", func(n int, _ StepInput) (StepResult, error) {
			if n == 0 {
				d.wake()
			}
			return sleep(day), nil
		})
		d.env.SetContinueAsNewSuggested(true)
		if err := d.run("Round"); !workflow.IsContinueAsNewError(err) || len(d.looks) != 2 {
			t.Errorf("%d looks, error %v", len(d.looks), err)
		}
	})
	t.Run("a finished phase ends, it is not continued", func(t *testing.T) {
		d := newDesk("Round", answers())
		d.env.SetContinueAsNewSuggested(true)
		d.mustRun(t, "Round")
	})
	t.Run("who waits in Reconcile is answered first, and the loop goes on meanwhile", func(t *testing.T) {
		f := &facts{generation: 1}
		d := newDesk("Campaign", func(int, StepInput) (StepResult, error) { return f.see(sleep(day)) })
		var waiting update
		d.at(1*hour, func() { d.reconcile(t, 2, &waiting) })
		d.at(2*hour, func() { d.env.SetContinueAsNewSuggested(true); d.wake() })
		d.at(3*hour, d.wake)
		d.at(5*hour, func() { f.generation = 2; d.wake() })
		err := d.run("Campaign")
		if !workflow.IsContinueAsNewError(err) {
			t.Fatalf("error %v", err)
		}
		if want := (update{done: true, at: 5 * hour, observed: 2}); waiting != want {
			t.Errorf("got %+v, want %+v", waiting, want)
		}
		// The turn that saw the generation answers the caller; a day later at the
		// latest the run is continued.
		want := []time.Duration{0, 1 * hour, 2 * hour, 3 * hour, 5 * hour, 5*hour + day}
		if diff := cmp.Diff(want, d.times("")); diff != "" {
			t.Errorf("looks: want (-), got (+):\n%s", diff)
		}
	})
}

func TestCancellationWithSomebodyWaiting(t *testing.T) {
	d := newDesk("Round", func(int, StepInput) (StepResult, error) { return sleep(day), nil })
	d.at(1*hour, func() { d.reconcile(t, 5, &update{}) })
	d.at(2*hour, d.env.CancelWorkflow)
	if err := d.run("Round"); !temporal.IsCanceledError(err) {
		t.Errorf("error %v", err)
	}
}
