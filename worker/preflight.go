package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	sdkworker "go.temporal.io/sdk/worker"
)

// Incompatible lists open procedures that the present code cannot carry on: their
// histories don't replay. Polling with it would leave them stuck one by one.
type Incompatible struct {
	IDs   []string
	First error // why the first of them fails
}

func (e *Incompatible) Error() string {
	const shown = 5
	names := strings.Join(e.IDs[:min(len(e.IDs), shown)], ", ")
	if n := len(e.IDs) - shown; n > 0 {
		names += fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("this version cannot carry on %d open procedures (%s): run the version before, or start one that knows their histories; nothing is lost meanwhile. The first fails with: %v", len(e.IDs), names, e.First)
}

func (e *Incompatible) Unwrap() error { return e.First }

// replays at once; a history is a few hundred events.
const replays = 4

// Preflight replays the open histories of all procedures with the workflows that
// register names, before the worker polls. A procedure that Temporal does not
// know, or that has done nothing yet, has nothing to replay.
func Preflight(ctx context.Context, pool *pgxpool.Pool, c client.Client, register func(Registry)) error {
	rows, err := pool.Query(ctx, `SELECT id FROM procedure WHERE state = 'Open' ORDER BY id`)
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	work := make(chan string)
	var mu sync.Mutex
	var failed error
	bad := &Incompatible{}
	var wg sync.WaitGroup
	for range min(replays, len(ids)) {
		wg.Go(func() {
			for id := range work {
				err := replayOpen(ctx, c, id, register)
				mu.Lock()
				var diverged *divergedError
				switch {
				case errors.As(err, &diverged):
					bad.IDs = append(bad.IDs, id)
					if bad.First == nil {
						bad.First = diverged.error
					}
				case err != nil:
					failed = errors.Join(failed, err)
				}
				mu.Unlock()
			}
		})
	}
	for _, id := range ids {
		work <- id
	}
	close(work)
	wg.Wait()
	if failed != nil {
		return failed
	}
	if len(bad.IDs) > 0 {
		slices.Sort(bad.IDs)
		return bad
	}
	return nil
}

// divergedError is a history that the code would not have written.
type divergedError struct{ error }

func (e *divergedError) Unwrap() error { return e.error }

func replayOpen(ctx context.Context, c client.Client, id string, register func(Registry)) error {
	d, err := c.DescribeWorkflowExecution(ctx, id, "")
	var unknown *serviceerror.NotFound
	if errors.As(err, &unknown) {
		return nil // its wake-up will start it
	}
	if err != nil {
		return fmt.Errorf("look for open history of %s: %w", id, err)
	}
	if d.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return nil // the sweep starts it again
	}
	var h historypb.History
	decided := false
	for it := c.GetWorkflowHistory(ctx, id, d.GetWorkflowExecutionInfo().GetExecution().GetRunId(), false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); it.HasNext(); {
		e, err := it.Next()
		if err != nil {
			return fmt.Errorf("read history of %s: %w", id, err)
		}
		decided = decided || e.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
		h.Events = append(h.Events, e)
	}
	if !decided {
		return nil
	}
	r := sdkworker.NewWorkflowReplayer()
	register(r)
	// What it would say is the error's text.
	if err := r.ReplayWorkflowHistory(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)), &h); err != nil {
		return &divergedError{err}
	}
	return nil
}
