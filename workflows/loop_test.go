package workflows

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/temporal"
)

func TestProceduresGoThroughTheirPhases(t *testing.T) {
	for kind := range procedures {
		t.Run(kind, func(t *testing.T) {
			// In each phase: something is done, then there is an hour to wait, then it is over.
			d := newDesk(kind, func(n int, _ StepInput) (StepResult, error) {
				return []StepResult{{Changed: 3}, sleep(hour), {Finished: true}}[n%3], nil
			})
			d.mustRun(t, kind)
			var want []look
			for i, phase := range Phases(kind) {
				begun := time.Duration(i) * hour
				want = append(want, look{phase, begun}, look{phase, begun}, look{phase, begun + hour})
			}
			if diff := cmp.Diff(want, d.looks); diff != "" {
				t.Errorf("looks: want (-), got (+):\n%s", diff)
			}
			if diff := cmp.Diff(map[string]bool{"campaign/covid-2021/any": true}, d.ids); diff != "" {
				t.Errorf("ids: want (-), got (+):\n%s", diff)
			}
		})
	}
}

func TestARestartRunsThroughWhatIsFinished(t *testing.T) {
	for kind := range procedures {
		t.Run(kind, func(t *testing.T) {
			d := newDesk(kind, answers())
			d.mustRun(t, kind)
			var want []look
			for _, phase := range Phases(kind) {
				want = append(want, look{phase, 0})
			}
			if diff := cmp.Diff(want, d.looks); diff != "" {
				t.Errorf("looks: want (-), got (+):\n%s", diff)
			}
		})
	}
}

func TestPhasesOfNoProcedure(t *testing.T) {
	if got := Phases("Nonsense"); got != nil {
		t.Errorf("phases %v", got)
	}
}

// The pace of one phase: what the steps say, when somebody wakes, and the times
// of the looks that follow.
func TestPace(t *testing.T) {
	idle := StepResult{}
	for _, tt := range []struct {
		reason string
		steps  []StepResult
		wakes  []time.Duration
		want   []time.Duration
	}{
		{reason: "sleeps until the next instant", steps: []StepResult{sleep(90 * time.Minute), sleep(time.Second)},
			want: []time.Duration{0, 90 * time.Minute, 90*time.Minute + time.Second}},
		{reason: "looks again at once after doing something without an instant", steps: []StepResult{{Changed: 1}, {Changed: 1}},
			want: []time.Duration{0, 0, 0}},
		{reason: "what was done and has an instant sleeps until it", steps: []StepResult{{Changed: 1, SleepSeconds: 60}},
			want: []time.Duration{0, time.Minute}},
		{reason: "a wake during the sleep ends it", steps: []StepResult{sleep(hour), sleep(hour)},
			wakes: []time.Duration{10 * time.Minute}, want: []time.Duration{0, 10 * time.Minute, 70 * time.Minute}},
		{reason: "paused for a day, then woken", steps: []StepResult{sleep(day), sleep(day), {Changed: 5, SleepSeconds: 3600}},
			wakes: []time.Duration{30 * hour}, want: []time.Duration{0, day, 30 * hour, 31 * hour}},
		{reason: "two wakes, two looks", steps: []StepResult{sleep(day), sleep(day)},
			wakes: []time.Duration{1 * hour, 2 * hour}, want: []time.Duration{0, 1 * hour, 2 * hour}},
		{reason: "never more than a day", steps: []StepResult{sleep(30 * day), sleep(day + time.Second)},
			want: []time.Duration{0, day, 2 * day}},
		{reason: "with nothing to do and nothing to wait for: 1 s, doubling to 5 min", steps: slices.Repeat([]StepResult{idle}, 12),
			want: seconds(0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 811, 1111, 1411)},
		{reason: "an instant to wait for sets the pace back", steps: []StepResult{idle, idle, sleep(hour), idle, idle},
			want: seconds(0, 1, 3, 3603, 3604, 3606)},
		{reason: "something done sets the pace back", steps: []StepResult{idle, idle, {Changed: 1}, idle, idle},
			want: seconds(0, 1, 3, 3, 4, 6)},
		{reason: "the pace holds back, a wake does not wait for it", steps: slices.Repeat([]StepResult{idle}, 10),
			wakes: []time.Duration{600 * time.Second}, want: seconds(0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 600)},
		{reason: "a step behind the clock is not a negative sleep", steps: []StepResult{{SleepSeconds: -5}},
			want: seconds(0, 1)},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			d := newDesk("Round", answers(tt.steps...))
			for _, at := range tt.wakes {
				d.at(at, d.wake)
			}
			d.mustRun(t, "Round")
			if diff := cmp.Diff(tt.want, d.times("open")); diff != "" {
				t.Errorf("looks: want (-), got (+):\n%s", diff)
			}
		})
	}
}

func seconds(s ...int) []time.Duration {
	all := make([]time.Duration, len(s))
	for i, v := range s {
		all[i] = time.Duration(v) * time.Second
	}
	return all
}

// However many wakes arrive while a step is under way, the procedure looks once
// more, also when the step said that the phase is over or a day may be slept.
func TestAWakeDuringAStepIsNotLost(t *testing.T) {
	for _, tt := range []struct {
		reason string
		first  StepResult
		wakes  int
	}{
		{"the step would sleep", sleep(day), 1},
		{"the step is finished", StepResult{Finished: true}, 1},
		{"the step has changed something", StepResult{Changed: 1}, 1},
		{"many wakes are one look", sleep(day), 50},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			var d *desk
			d = newDesk("Review", func(n int, _ StepInput) (StepResult, error) {
				if n > 0 {
					return StepResult{Finished: true}, nil
				}
				for range tt.wakes {
					d.wake()
				}
				return tt.first, nil
			})
			d.mustRun(t, "Review")
			if diff := cmp.Diff([]look{{"rank", 0}, {"rank", 0}, {"publish", 0}}, d.looks); diff != "" {
				t.Errorf("looks: want (-), got (+):\n%s", diff)
			}
		})
	}
}

func TestAStepIsRepeatedUntilItWorks(t *testing.T) {
	d := newDesk("Ceremony", func(n int, _ StepInput) (StepResult, error) {
		if n < 5 {
			return StepResult{}, temporal.NewApplicationError("Internal", "Internal")
		}
		return StepResult{Finished: true}, nil
	})
	d.mustRun(t, "Ceremony")
	if diff := cmp.Diff(seconds(0, 1, 3, 7, 15, 31), d.times("invite")); diff != "" {
		t.Errorf("five failures and a success: want (-), got (+):\n%s", diff)
	}
	if got := d.times("hold"); len(got) != 1 {
		t.Errorf("the next phase looked at %v", got)
	}
}

func TestWhatCannotBeRepeatedEndsTheProcedure(t *testing.T) {
	d := newDesk("Round", func(int, StepInput) (StepResult, error) {
		return StepResult{}, temporal.NewNonRetryableApplicationError("NotFound", "NotFound", nil)
	})
	err := d.run("Round")
	var failed *temporal.ApplicationError
	if !errors.As(err, &failed) || failed.Type() != "NotFound" || len(d.looks) != 1 {
		t.Errorf("%d looks, error %v", len(d.looks), err)
	}
}

func TestCancellation(t *testing.T) {
	for _, tt := range []struct {
		reason string
		first  StepResult
		err    error
		cancel time.Duration
	}{
		{"while it sleeps", sleep(day), nil, hour},
		{"while a step fails", StepResult{}, temporal.NewApplicationError("Internal", "Internal"), 10 * time.Second},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			d := newDesk("Campaign", func(int, StepInput) (StepResult, error) { return tt.first, tt.err })
			d.at(tt.cancel, d.env.CancelWorkflow)
			err := d.run("Campaign")
			if !temporal.IsCanceledError(err) {
				t.Errorf("error %v", err)
			}
			if at := d.times(""); at[len(at)-1] > tt.cancel {
				t.Errorf("looked at %v, after the cancellation", at)
			}
		})
	}
}

func TestCampaignOf(t *testing.T) {
	for _, tt := range []struct{ id, want string }{
		{"campaign/covid-2021", "covid-2021"},
		{"campaign/covid-2021/round/monthly/2021-10", "covid-2021"},
		{"dossier/7", "dossier/7"},
		{"dossier/7/of/many", "dossier/7/of/many"},
		{"sweep", "sweep"},
	} {
		if got := campaignOf(tt.id); got != tt.want {
			t.Errorf("campaignOf(%q) = %q, want %q", tt.id, got, tt.want)
		}
	}
}
