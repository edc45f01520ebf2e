package worker

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"

	"thidua.dev/thidua/internal/logs"
	"thidua.dev/thidua/internal/traces"
)

// tracing makes a trace of each activity. Not of workflows: they last for months, and
// Temporal's history says more of them.
type tracing struct {
	interceptor.WorkerInterceptorBase
	tracer *traces.Tracer
}

func (i *tracing) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &tracedActivity{interceptor.ActivityInboundInterceptorBase{Next: next}, i.tracer}
}

type tracedActivity struct {
	interceptor.ActivityInboundInterceptorBase
	tracer *traces.Tracer
}

func (a *tracedActivity) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	info := activity.GetInfo(ctx)
	id := info.WorkflowExecution.ID
	ctx, span := a.tracer.Start(logs.Procedure(ctx, id), trace.SpanKindConsumer, info.ActivityType.Name)
	span.Set(attribute.String("temporal.run_id", info.WorkflowExecution.RunID), attribute.Int("temporal.attempt", int(info.Attempt)))
	out, err := a.Next.ExecuteActivity(ctx, in)
	if err != nil {
		span.End("failed") // by the code that the log has
		return out, err
	}
	a.tracer.Stepped(ctx, id)
	span.End("")
	return out, nil
}
