package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	sdkworker "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"thidua.dev/thidua/internal/bench"
	"thidua.dev/thidua/internal/standalone"
)

// childUnits is how many units the obvious way is measured with; more is extrapolated.
const childUnits = 500

const childQueue = "bench-children"

// errReminded ends the play of a campaign once its step is done.
var errReminded = errors.New("reminded")

// benchChildren reminds everybody once, the engine's way and the obvious way: a
// workflow with a child per unit, each with an activity that puts its own reminder on
// record. Both on the same Temporal and the same PostgreSQL, one after the other.
func benchChildren(ctx context.Context, b *bench.Bench) ([]bench.Result, error) {
	if err := standalone.HasTemporald(); err != nil {
		return bench.Unmeasured("children", err), nil
	}
	units := min(childUnits, b.Units)
	in, end, err := benchInstallation(ctx, b.Log, time.Date(2021, 9, 7, 7, 0, 0, 0, time.UTC))
	if err != nil {
		return nil, err
	}
	defer end()
	c, err := in.temporal(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	all := crowd{units, false}
	if err := in.declare(ctx, []crowd{all}); err != nil {
		return nil, err
	}
	// The second step, on 14/10/2021: the first one opens the round, too.
	second := time.Date(2021, 10, 14, 1, 30, 0, 0, time.UTC)
	err = in.step(ctx, nobody{}, func(ctx context.Context, _, to time.Time) error {
		if to.Before(second) {
			return in.awaitIdle(ctx, c)
		}
		return errReminded
	})
	if !errors.Is(err, errReminded) {
		return nil, fmt.Errorf("the campaign did not come to its second step: %w", err)
	}
	round := "campaign/" + all.campaign() + "/round/" + bench.Round
	before, err := historyLength(ctx, c, round)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := in.engine.Jump(ctx, second); err != nil {
		return nil, err
	}
	for n := 0; n < units; {
		if err := in.pool.QueryRow(ctx, `SELECT count(*) FROM notice WHERE step = 'tomorrow'`).Scan(&n); err != nil {
			return nil, err
		}
		if err := pause(ctx, time.Millisecond); err != nil {
			return nil, err
		}
	}
	ours := time.Since(began)
	if err := in.awaitIdle(ctx, c); err != nil {
		return nil, err
	}
	after, err := historyLength(ctx, c, round)
	if err != nil {
		return nil, err
	}
	theirs, events, err := in.remindByChildren(ctx, c)
	if err != nil {
		return nil, err
	}
	far := float64(bench.Country) / float64(units)
	return []bench.Result{
		bench.Result{Name: fmt.Sprintf("reminder to %d units through Temporal", units), Value: ours.Seconds() * 1000, Unit: "ms", Note: "the wake row is found by polling each 20 ms"}.
			Beside("a child workflow per unit", theirs.Seconds()*1000).Limited(bench.AtMost, 1),
		bench.Result{
			Name: fmt.Sprintf("events of a reminder to %d units", units), Value: float64(after - before), Unit: "events",
			Note: fmt.Sprintf("extrapolated to %d units: still %d events, and %.0f of the children's in %.0f s", bench.Country, after-before, float64(events)*far, theirs.Seconds()*far),
		}.Beside("a child workflow per unit", float64(events)).Limited(bench.AtMost, 1),
	}, nil
}

// nobody acts.
type nobody struct{}

func (nobody) Next(context.Context, time.Time) (*time.Time, error) { return nil, nil }
func (nobody) Act(context.Context, time.Time) (int, error)         { return 0, nil }

// remindByChildren is the obvious way.
func (in *installation) remindByChildren(ctx context.Context, c client.Client) (took time.Duration, events int64, err error) {
	rows, err := in.pool.Query(ctx, `SELECT o.id FROM obligation o JOIN round r ON r.id = o.round_id WHERE r.name = $1 ORDER BY o.id`, bench.Round)
	if err != nil {
		return 0, 0, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return 0, 0, err
	}
	w := sdkworker.New(c, childQueue, sdkworker.Options{MaxConcurrentActivityExecutionSize: 16})
	w.RegisterWorkflow(remindAll)
	w.RegisterWorkflow(remindOne)
	w.RegisterActivity(&reminder{in})
	if err := w.Start(); err != nil {
		return 0, 0, err
	}
	defer w.Stop()
	began := time.Now()
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "bench-children", TaskQueue: childQueue}, remindAll, ids)
	if err != nil {
		return 0, 0, err
	}
	if err := run.Get(ctx, nil); err != nil {
		return 0, 0, err
	}
	took = time.Since(began)
	if events, err = historyLength(ctx, c, run.GetID()); err != nil {
		return 0, 0, err
	}
	one, err := historyLength(ctx, c, childID(ids[0]))
	return took, events + one*int64(len(ids)), err
}

func childID(obligation int64) string { return fmt.Sprintf("bench-children/%d", obligation) }

func remindAll(ctx workflow.Context, obligations []int64) error {
	var all []workflow.ChildWorkflowFuture
	for _, o := range obligations {
		child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{WorkflowID: childID(o)})
		all = append(all, workflow.ExecuteChildWorkflow(child, remindOne, o))
	}
	for _, f := range all {
		if err := f.Get(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

func remindOne(ctx workflow.Context, obligation int64) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	var r *reminder
	return workflow.ExecuteActivity(ctx, r.Remind, obligation).Get(ctx, nil)
}

type reminder struct{ in *installation }

// Remind one unit: its notice and its mail in one statement.
func (r *reminder) Remind(ctx context.Context, obligation int64) error {
	_, err := r.in.pool.Exec(ctx, `WITH n AS (
			INSERT INTO notice (campaign_id, round_id, obligation_id, unit, deadline_no, step, role, recipient, instant, state, recorded_at)
			SELECT campaign_id, round_id, id, owner, deadline_no, 'by-child', holder, owner, now(), 'Pending', now() FROM obligation
			WHERE id = $1 AND state = 'Owing' ON CONFLICT DO NOTHING RETURNING id, campaign_id, round_id, step, role, recipient
		), m AS (
			INSERT INTO message (campaign_id, round_id, step, channel, role, recipient, batch, list, not_before)
			SELECT campaign_id, round_id, step, 'email', role, recipient, 'notice.' || id, false, 'infinity' FROM n RETURNING id)
		INSERT INTO message_notice (message_id, notice_id) SELECT m.id, n.id FROM m, n`, obligation)
	return err
}

func historyLength(ctx context.Context, c client.Client, id string) (int64, error) {
	var n int64
	for it := c.GetWorkflowHistory(ctx, id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); it.HasNext(); n++ {
		if _, err := it.Next(); err != nil {
			return 0, fmt.Errorf("history of %s: %w", id, err)
		}
	}
	return n, nil
}
