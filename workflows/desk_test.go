package workflows

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

const (
	hour = time.Hour
	day  = 24 * time.Hour
)

// discard what the SDK logs.
var discard = sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))

// procedures by their names, as a worker registers them.
var procedures = map[string]struct {
	workflow func(workflow.Context, Input) error
	activity string
}{
	"Campaign": {Campaign, activities.StepCampaign},
	"Round":    {Round, activities.StepRound},
	"Review":   {Review, activities.StepReview},
	"Ceremony": {Ceremony, activities.StepCeremony},
}

// look is one call of the step, since the start of the procedure.
type look struct {
	Phase string
	At    time.Duration
}

// desk is the office that a procedure asks: it answers each step by the test's
// rule and writes down when it was asked. Time skips.
type desk struct {
	env    *testsuite.TestWorkflowEnvironment
	start  time.Time
	answer func(n int, in StepInput) (StepResult, error) // the n-th look, from 0

	mu    sync.Mutex
	looks []look
	ids   map[string]bool
}

// tooMany looks, for any test here: a loop that went wrong would go on for ever,
// as time costs nothing.
const tooMany = 200

// tester is a *testing.T or a *rapid.T.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

func newDesk(kind string, answer func(n int, in StepInput) (StepResult, error)) *desk {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(discard)
	d := &desk{env: suite.NewTestWorkflowEnvironment(), answer: answer, ids: map[string]bool{}}
	d.start = time.Date(2021, 9, 7, 7, 0, 0, 0, time.UTC)
	d.env.SetStartTime(d.start)
	// Of real time: the machine may be busy.
	d.env.SetTestTimeout(time.Minute)
	d.env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: time.Minute})
	p := procedures[kind]
	d.env.RegisterWorkflowWithOptions(p.workflow, workflow.RegisterOptions{Name: kind})
	d.env.RegisterActivityWithOptions(d.step, activity.RegisterOptions{Name: p.activity})
	return d
}

func (d *desk) step(_ context.Context, in StepInput) (StepResult, error) {
	d.mu.Lock()
	n := len(d.looks)
	d.looks = append(d.looks, look{in.Phase, d.env.Now().Sub(d.start)})
	d.ids[in.ID] = true
	d.mu.Unlock()
	if n >= tooMany {
		return StepResult{}, temporal.NewNonRetryableApplicationError("the procedure looks again and again", "TooMany", nil)
	}
	return d.answer(n, in)
}

// at lets something happen at a time since the start.
func (d *desk) at(after time.Duration, what func()) { d.env.RegisterDelayedCallback(what, after) }

func (d *desk) wake() { d.env.SignalWorkflow(WakeSignal, nil) }

// run until the procedure ends, or is cancelled by the test.
func (d *desk) run(kind string) error {
	d.env.ExecuteWorkflow(kind, Input{ID: "campaign/covid-2021/any"})
	return d.env.GetWorkflowError()
}

// mustRun expects the procedure to come to its end.
func (d *desk) mustRun(t tester, kind string) {
	t.Helper()
	if err := d.run(kind); err != nil || !d.env.IsWorkflowCompleted() {
		t.Fatalf("completed %v, error %v", d.env.IsWorkflowCompleted(), err)
	}
}

// times of the looks at one phase; every phase when it is empty.
func (d *desk) times(phase string) []time.Duration {
	var at []time.Duration
	for _, l := range d.looks {
		if phase == "" || l.Phase == phase {
			at = append(at, l.At)
		}
	}
	return at
}

// answers in order; what comes after them is finished.
func answers(in ...StepResult) func(int, StepInput) (StepResult, error) {
	return func(n int, _ StepInput) (StepResult, error) {
		if n < len(in) {
			return in[n], nil
		}
		return StepResult{Finished: true}, nil
	}
}

func sleep(d time.Duration) StepResult { return StepResult{SleepSeconds: int64(d / time.Second)} }

// update is a caller of Reconcile.
type update struct {
	done     bool
	at       time.Duration
	observed int64
	err      error
}

func (d *desk) reconcile(t testing.TB, generation int64, u *update) {
	d.env.UpdateWorkflow(ReconcileUpdate, "", &testsuite.TestUpdateCallback{
		OnAccept: func() {},
		OnReject: func(err error) { t.Errorf("rejected: %v", err) },
		OnComplete: func(result any, err error) {
			u.done, u.err, u.at = true, err, d.env.Now().Sub(d.start)
			if r, ok := result.(ReconcileResult); ok {
				u.observed = r.Observed
			}
		},
	}, ReconcileInput{Generation: generation})
}
