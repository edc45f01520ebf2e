package worker

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc"

	"thidua.dev/thidua/internal/notify"
)

// A worker whose pollers or dispatcher stand still is not ready, whatever else runs.
func TestChecksNeedLoops(t *testing.T) {
	a := &App{o: Options{Dispatcher: &notify.Dispatcher{}}}
	wrong := func(name string) bool {
		t.Helper()
		for _, c := range a.Checks() {
			if c.Name == name {
				return c.Ask(t.Context()) != nil
			}
		}
		t.Fatalf("nothing checks %s", name)
		return false
	}
	poll := func(what string) {
		answer := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return nil }
		if err := a.polls.watch(t.Context(), "/temporal.api.workflowservice.v1.WorkflowService/"+what, nil, nil, nil, answer); err != nil {
			t.Fatal(err)
		}
	}
	if !wrong("dispatcher") {
		t.Error("a dispatcher that never ran is well")
	}
	if !wrong("pollers") {
		t.Error("nobody polls, and all is well")
	}
	poll("PollWorkflowTaskQueue")
	if !wrong("pollers") {
		t.Error("nobody polls for activities, and all is well")
	}
	poll("PollActivityTaskQueue")
	if wrong("pollers") {
		t.Error("both poll, and something is wrong")
	}
	a.polls.workflows.Store(time.Now().Add(-lately - time.Second).UnixNano())
	if !wrong("pollers") {
		t.Error("nobody has polled for long, and all is well")
	}
}
