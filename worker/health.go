package worker

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"

	"thidua.dev/thidua/internal/health"
)

// lately is how long ago a loop may have gone round. A poll waits for a minute at
// Temporal, a call of the mail server for less.
const lately = 2 * time.Minute

// Checks are what a worker needs, once started: Temporal, its own pollers, and a
// dispatcher that goes round.
func (a *App) Checks() []health.Check {
	checks := []health.Check{
		{Name: "temporal", Ask: func(ctx context.Context) error {
			if _, err := a.client.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
				return fmt.Errorf("%w: %w", health.Unready("does not answer: procedures wait for it, reports are taken meanwhile"), err)
			}
			return nil
		}},
		{Name: "pollers", Ask: func(context.Context) error {
			for _, last := range []*atomic.Int64{&a.polls.workflows, &a.polls.activities} {
				if since(last.Load()) > lately {
					return health.Unready("have not asked for work lately: restart this worker")
				}
			}
			return nil
		}},
	}
	if d := a.o.Dispatcher; d != nil {
		checks = append(checks, health.Check{Name: "dispatcher", Ask: func(context.Context) error {
			if time.Since(d.LastTurn()) > lately {
				return health.Unready("has not looked at the outbox lately: see what this worker's log says")
			}
			return nil
		}})
	}
	return checks
}

// polls are when this worker last asked for work, in Unix nanoseconds. Temporal's own
// list of pollers is one of a task queue's partitions, and may know a worker by another.
type polls struct{ workflows, activities atomic.Int64 }

// watch is a hook of the connection.
func (p *polls) watch(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	switch {
	case strings.HasSuffix(method, "/PollWorkflowTaskQueue"):
		p.workflows.Store(time.Now().UnixNano())
	case strings.HasSuffix(method, "/PollActivityTaskQueue"):
		p.activities.Store(time.Now().UnixNano())
	}
	return invoke(ctx, method, req, reply, cc, opts...)
}

func since(nanoseconds int64) time.Duration { return time.Since(time.Unix(0, nanoseconds)) }
