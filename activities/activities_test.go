package activities

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.temporal.io/sdk/converter"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"google.golang.org/protobuf/encoding/prototext"

	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/store/storetest"
	"thidua.dev/thidua/workflows"
)

const (
	campaignID = "campaign/thi-dua"
	reviewID   = "campaign/thi-dua/review/final"
)

// office is an installation with one campaign that is launched in an hour, and
// its log.
func office(t *testing.T) (*Activities, *pgxpool.Pool, *bytes.Buffer) {
	t.Helper()
	pool := storetest.Pool(t)
	exec(t, pool,
		`INSERT INTO campaign (name, title, state, time_zone, calendar, office, roster, plan, plan_hash, launch_at, closes_at, created_at)
		 VALUES ('thi-dua', 'Thi đua', 'Launched', 'Asia/Ho_Chi_Minh', 'state', 'VP', 'units', '{}', '',
		         clock_timestamp() + interval '1 hour', clock_timestamp() + interval '1 year', clock_timestamp())`,
		`INSERT INTO procedure (id, campaign_id, kind, subject, next_at) SELECT '`+campaignID+`', id, 'Campaign', '', clock_timestamp() FROM campaign`,
		`INSERT INTO procedure (id, campaign_id, kind, subject, next_at) SELECT '`+reviewID+`', id, 'Review', 'final', clock_timestamp() FROM campaign`,
		`INSERT INTO review (campaign_id, name, at, final, state) SELECT id, 'final', clock_timestamp(), true, 'Ranked' FROM campaign`,
		`INSERT INTO object (kind, name, generation, manifest, applied_at, actor)
		 VALUES ('Campaign', 'thi-dua', 1, '{"metadata": {"name": "thi-dua"}}', clock_timestamp(), 'office')`,
	)
	log := &bytes.Buffer{}
	logger := slog.New(slog.NewTextHandler(log, nil))
	return &Activities{Engine: engine.New(pool, logger), Log: logger}, pool, log
}

func exec(t *testing.T, pool *pgxpool.Pool, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// call runs an activity by its name, as a worker would.
func call(a *Activities, name string, args ...any) (converter.EncodedValue, error) {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestActivityEnvironment()
	env.RegisterActivity(a)
	return env.ExecuteActivity(name, args...)
}

// written is an error as it would stand in a workflow's history.
func written(err error) string {
	return prototext.Format(temporal.GetDefaultFailureConverter().ErrorToFailure(err))
}

// What Postgres says of a failure names tables, units and people. It is for the
// log; a history gets a code.
func TestErrorsAreCodes(t *testing.T) {
	step := func(id, phase string) workflows.StepInput { return workflows.StepInput{ID: id, Phase: phase} }
	for _, tt := range []struct {
		reason   string
		damage   []string
		activity string
		args     []any
		code     string
		final    bool     // not to be repeated
		secret   []string // in the log, not in the history
	}{
		{
			reason: "a procedure that nobody opened is not opened by trying again", activity: "StepRound",
			args: []any{step("campaign/thi-dua/round/monthly/2021-10", "open")}, code: "NotFound", final: true,
			secret: []string{"does not exist"},
		},
		{
			reason: "a rule refuses", activity: "StepReview", args: []any{step(reviewID, "publish")}, code: "NotRanked",
			secret: []string{"has no ranking"},
		},
		{
			reason: "a phase that this binary does not know", activity: "StepCampaign", args: []any{step(campaignID, "celebrate")},
			code: "Internal", secret: []string{"celebrate"},
		},
		{
			reason: "Postgres quotes the statement",
			damage: []string{`ALTER TABLE review RENAME COLUMN state TO stand`}, activity: "StepReview",
			args: []any{step(reviewID, "publish")}, code: "Internal", secret: []string{"SQLSTATE 42703", "state"},
		},
		{
			reason: "Postgres tells of a unit and a person",
			damage: []string{
				`CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
				 RAISE EXCEPTION 'unit STTTT-04 of Nguyễn Văn A' USING DETAIL = 'a@example.vn'; END $$`,
				`CREATE TRIGGER tell BEFORE UPDATE ON procedure FOR EACH ROW EXECUTE FUNCTION tell()`,
			},
			activity: "StepCampaign", args: []any{step(campaignID, "launch")}, code: "Internal", secret: []string{"STTTT-04", "Nguyễn Văn A"},
		},
		{
			reason: "the sweep fails", damage: []string{`ALTER TABLE wake RENAME TO sleep`}, activity: "Sweep", code: "Internal",
			secret: []string{"42P01", "wake"},
		},
		{
			reason: "a ceremony that is not there", activity: "StepCeremony", args: []any{step("campaign/thi-dua/ceremony", "hold")},
			code: "NotFound", final: true, secret: []string{"does not exist"},
		},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			a, pool, log := office(t)
			exec(t, pool, tt.damage...)
			_, err := call(a, tt.activity, tt.args...)
			var failed *temporal.ApplicationError
			if !errors.As(err, &failed) {
				t.Fatalf("error %v", err)
			}
			if failed.Type() != tt.code || failed.Message() != tt.code || failed.NonRetryable() != tt.final {
				t.Errorf("type %q, message %q, final %v: want %q, %v", failed.Type(), failed.Message(), failed.NonRetryable(), tt.code, tt.final)
			}
			if failed.HasDetails() || errors.Unwrap(failed) != nil {
				t.Errorf("it carries more than a code: %v", err)
			}
			for _, s := range tt.secret {
				if strings.Contains(written(err), s) {
					t.Errorf("%q stands in the history:\n%s", s, written(err))
				}
				if !strings.Contains(log.String(), s) {
					t.Errorf("%q does not stand in the log:\n%s", s, log)
				}
			}
		})
	}
}

func TestTheDatabaseIsAway(t *testing.T) {
	a, pool, _ := office(t)
	pool.Close()
	for _, name := range []string{"StepCampaign", "Sweep"} {
		args := []any{workflows.StepInput{ID: campaignID, Phase: "launch"}}
		if name == "Sweep" {
			args = nil
		}
		_, err := call(a, name, args...)
		var failed *temporal.ApplicationError
		if !errors.As(err, &failed) || failed.Type() != "Internal" || failed.NonRetryable() {
			t.Errorf("%s: %v: a database that is away comes back", name, err)
		}
	}
}

func TestAStepGivesCountsAndInstants(t *testing.T) {
	a, pool, _ := office(t)
	value, err := call(a, "StepCampaign", workflows.StepInput{ID: campaignID, Phase: "launch"})
	if err != nil {
		t.Fatal(err)
	}
	var got workflows.StepResult
	if err := value.Get(&got); err != nil {
		t.Fatal(err)
	}
	var at time.Time
	if err := pool.QueryRow(t.Context(), `SELECT launch_at FROM campaign`).Scan(&at); err != nil {
		t.Fatal(err)
	}
	if got.SleepSeconds < 3500 || got.SleepSeconds > 3600 {
		t.Errorf("sleeps %d s, want the hour until the launch", got.SleepSeconds)
	}
	got.SleepSeconds = 0
	if diff := cmp.Diff(workflows.StepResult{Generation: 1, NextAt: &at}, got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

func TestASweepWakesWhatIsOverdue(t *testing.T) {
	a, pool, _ := office(t)
	exec(t, pool, `UPDATE procedure SET next_at = clock_timestamp() - interval '59 seconds' WHERE id = '`+campaignID+`'`,
		`UPDATE procedure SET next_at = clock_timestamp() - interval '61 seconds' WHERE id = '`+reviewID+`'`)
	value, err := call(a, "Sweep")
	if err != nil {
		t.Fatal(err)
	}
	var got workflows.SweepResult
	if err := value.Get(&got); err != nil {
		t.Fatal(err)
	}
	if got.Woken != 1 {
		t.Errorf("woke %d: what is due for a minute, and not what is being done", got.Woken)
	}
}
