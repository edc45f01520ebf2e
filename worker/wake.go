package worker

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/trace"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"thidua.dev/thidua/internal/logs"
	"thidua.dev/thidua/internal/store/db"
	"thidua.dev/thidua/internal/traces"
	"thidua.dev/thidua/workflows"
)

// waker delivers wake rows as signal-with-start. A row that was written again
// meanwhile has a higher number and stays for the next turn; so a wake-up may
// be delivered twice, and never gets lost.
type waker struct {
	pool   *pgxpool.Pool
	client client.Client
	log    *slog.Logger
	tracer *traces.Tracer
}

func (w *waker) run(ctx context.Context, poll time.Duration) {
	for {
		n, err := w.deliver(ctx)
		if n > 0 && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(poll):
		}
	}
}

func (w *waker) deliver(ctx context.Context) (delivered int, err error) {
	q := db.New(w.pool)
	rows, err := q.PendingWakes(ctx)
	if err != nil {
		return 0, w.failed(ctx, err)
	}
	for _, row := range rows {
		at := logs.Procedure(ctx, row.ID)
		traced, span := w.tracer.Start(at, trace.SpanKindProducer, "wake")
		if err := w.signal(traced, row.ID, row.Kind); err != nil {
			span.End("failed")
			return delivered, w.failed(at, err)
		}
		err := q.DeliveredWake(traced, row.ID, row.Seq)
		span.End("")
		if err != nil {
			return delivered, w.failed(at, err)
		}
		delivered++
	}
	return delivered, nil
}

func (w *waker) failed(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		w.log.WarnContext(ctx, "wake-ups not delivered", "error", err)
	}
	return err
}

func (w *waker) signal(ctx context.Context, id, kind string) error {
	_, err := w.client.SignalWithStartWorkflow(ctx, id, workflows.WakeSignal, nil, client.StartWorkflowOptions{
		ID: id, TaskQueue: workflows.TaskQueue,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:         kind + " " + id,
	}, kind, workflows.Input{ID: id})
	return err
}

const (
	sweepID       = "sweep"
	sweepInterval = 5 * time.Minute
)

// ensureSweep keeps the one schedule of the installation: every five minutes
// one look at what should have been done.
func ensureSweep(ctx context.Context, c client.Client) error {
	_, err := c.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID:      sweepID,
		Spec:    client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: sweepInterval}}},
		Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP,
		// What a sweep missed, the next one finds.
		CatchupWindow: time.Minute,
		Action:        &client.ScheduleWorkflowAction{ID: sweepID, Workflow: "Sweep", TaskQueue: workflows.TaskQueue},
	})
	var exists *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.Is(err, temporal.ErrScheduleAlreadyRunning) || errors.As(err, &exists) {
		return nil
	}
	return err
}
