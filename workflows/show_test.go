package workflows

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/workflow"
)

// shown is what operators see of a procedure.
type shown struct {
	Campaign, Kind, Phase, Details string
	NextAt                         time.Time
}

// showing is a Round that tells what it shows when it is asked.
func showing(ctx workflow.Context, in Input) error {
	err := workflow.SetQueryHandler(ctx, "shown", func() (shown, error) {
		attributes := workflow.GetTypedSearchAttributes(ctx)
		var s shown
		s.Campaign, _ = attributes.GetKeyword(searchCampaign)
		s.Kind, _ = attributes.GetKeyword(searchKind)
		s.Phase, _ = attributes.GetKeyword(searchPhase)
		s.NextAt, _ = attributes.GetTime(searchNextAt)
		s.Details = workflow.GetCurrentDetails(ctx)
		return s, nil
	})
	if err != nil {
		return err
	}
	return Round(ctx, in)
}

func TestOperatorsSeeWhereItStands(t *testing.T) {
	open, climb := time.Date(2021, 10, 8, 1, 30, 0, 0, time.UTC), time.Date(2021, 10, 14, 1, 30, 0, 0, time.UTC)
	d := newDesk("Round", answers(
		StepResult{SleepSeconds: 3600, NextAt: &open},
		StepResult{Finished: true},
		StepResult{SleepSeconds: 3600, NextAt: &climb},
		StepResult{SleepSeconds: 3600},
	))
	d.env.RegisterWorkflow(showing)
	var got []shown
	look := func() {
		value, err := d.env.QueryWorkflow("shown")
		if err != nil {
			t.Fatal(err)
		}
		var s shown
		if err := value.Get(&s); err != nil {
			t.Fatal(err)
		}
		got = append(got, s)
	}
	for i := range 3 {
		d.at(30*time.Minute+time.Duration(i)*hour, look)
	}
	d.mustRun(t, "showing")
	look()
	const id = "**campaign/covid-2021/any**"
	want := []shown{
		{"covid-2021", "Round", "open", id + ": open, next at 2021-10-08T01:30:00Z", open},
		{"covid-2021", "Round", "climb", id + ": climb, next at 2021-10-14T01:30:00Z", climb},
		{"covid-2021", "Round", "climb", id + ": climb", time.Time{}},
		{"covid-2021", "Round", "close", id + " is over.", time.Time{}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}
