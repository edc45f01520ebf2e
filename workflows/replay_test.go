package workflows

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// histories lie in testdata/histories/RELEASE/ID.json, as package replay
// records them from the real server.
const histories = "testdata/histories"

func replayer() worker.WorkflowReplayer {
	r := worker.NewWorkflowReplayer()
	for kind, p := range procedures {
		r.RegisterWorkflowWithOptions(p.workflow, workflow.RegisterOptions{Name: kind})
	}
	r.RegisterWorkflow(Sweep)
	return r
}

// A campaign that an old release began has to go on under this one: a change
// that makes this test fail needs workflow.GetVersion, not a new recording.
func TestReplayOfEveryRelease(t *testing.T) {
	releases, err := os.ReadDir(histories)
	if os.IsNotExist(err) {
		t.Skipf("no histories are recorded: %s does not exist; a test against the real server writes them with replay.RecordHistories", histories)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(releases) == 0 {
		t.Fatalf("%s is empty: the histories of every release belong there", histories)
	}
	for _, release := range releases {
		t.Run(release.Name(), func(t *testing.T) {
			files, err := filepath.Glob(filepath.Join(histories, release.Name(), "*.json"))
			if err != nil {
				t.Fatal(err)
			}
			if len(files) == 0 {
				t.Fatalf("release %s has no histories", release.Name())
			}
			for _, file := range files {
				t.Run(filepath.Base(file), func(t *testing.T) {
					if err := replayer().ReplayWorkflowHistoryFromJSONFile(discard, file); err != nil {
						t.Error(err)
					}
				})
			}
		})
	}
}

// history writes events as the server would, for what is too short to be worth
// a recording.
type history struct {
	historypb.History
	task int64 // the last completed workflow task
}

func (h *history) add(kind enumspb.EventType) *historypb.HistoryEvent {
	e := &historypb.HistoryEvent{EventId: int64(len(h.Events) + 1), EventType: kind}
	h.Events = append(h.Events, e)
	return e
}

func payloads(v any) *commonpb.Payloads {
	p, err := converter.GetDefaultDataConverter().ToPayloads(v)
	if err != nil {
		panic(err)
	}
	return p
}

// signalledStart is signal-with-start, the way every procedure begins.
func (h *history) signalledStart(kind string) {
	h.add(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED).Attributes = &historypb.HistoryEvent_WorkflowExecutionStartedEventAttributes{
		WorkflowExecutionStartedEventAttributes: &historypb.WorkflowExecutionStartedEventAttributes{
			WorkflowType: &commonpb.WorkflowType{Name: kind}, TaskQueue: &taskqueuepb.TaskQueue{Name: TaskQueue},
			Input: payloads(Input{ID: "campaign/covid-2021/any"}), OriginalExecutionRunId: "run",
		},
	}
	h.add(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED).Attributes = &historypb.HistoryEvent_WorkflowExecutionSignaledEventAttributes{
		WorkflowExecutionSignaledEventAttributes: &historypb.WorkflowExecutionSignaledEventAttributes{SignalName: WakeSignal},
	}
}

func (h *history) workflowTask() {
	scheduled := h.add(enumspb.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED)
	scheduled.Attributes = &historypb.HistoryEvent_WorkflowTaskScheduledEventAttributes{
		WorkflowTaskScheduledEventAttributes: &historypb.WorkflowTaskScheduledEventAttributes{TaskQueue: &taskqueuepb.TaskQueue{Name: TaskQueue}},
	}
	started := h.add(enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED)
	started.Attributes = &historypb.HistoryEvent_WorkflowTaskStartedEventAttributes{
		WorkflowTaskStartedEventAttributes: &historypb.WorkflowTaskStartedEventAttributes{ScheduledEventId: scheduled.GetEventId()},
	}
	completed := h.add(enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
	completed.Attributes = &historypb.HistoryEvent_WorkflowTaskCompletedEventAttributes{
		WorkflowTaskCompletedEventAttributes: &historypb.WorkflowTaskCompletedEventAttributes{ScheduledEventId: scheduled.GetEventId(), StartedEventId: started.GetEventId()},
	}
	h.task = completed.GetEventId()
}

// enter is what a phase shows of itself when it begins.
func (h *history) enter() {
	h.add(enumspb.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES).Attributes = &historypb.HistoryEvent_UpsertWorkflowSearchAttributesEventAttributes{
		UpsertWorkflowSearchAttributesEventAttributes: &historypb.UpsertWorkflowSearchAttributesEventAttributes{
			WorkflowTaskCompletedEventId: h.task, SearchAttributes: &commonpb.SearchAttributes{},
		},
	}
}

func (h *history) step(activity string, r StepResult) {
	scheduled := h.add(enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
	scheduled.Attributes = &historypb.HistoryEvent_ActivityTaskScheduledEventAttributes{
		ActivityTaskScheduledEventAttributes: &historypb.ActivityTaskScheduledEventAttributes{
			ActivityId: fmt.Sprint(scheduled.GetEventId()), ActivityType: &commonpb.ActivityType{Name: activity},
			TaskQueue: &taskqueuepb.TaskQueue{Name: TaskQueue}, WorkflowTaskCompletedEventId: h.task,
		},
	}
	started := h.add(enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED)
	started.Attributes = &historypb.HistoryEvent_ActivityTaskStartedEventAttributes{
		ActivityTaskStartedEventAttributes: &historypb.ActivityTaskStartedEventAttributes{ScheduledEventId: scheduled.GetEventId()},
	}
	h.add(enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED).Attributes = &historypb.HistoryEvent_ActivityTaskCompletedEventAttributes{
		ActivityTaskCompletedEventAttributes: &historypb.ActivityTaskCompletedEventAttributes{
			ScheduledEventId: scheduled.GetEventId(), StartedEventId: started.GetEventId(), Result: payloads(r),
		},
	}
}

func (h *history) completed() {
	h.add(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED).Attributes = &historypb.HistoryEvent_WorkflowExecutionCompletedEventAttributes{
		WorkflowExecutionCompletedEventAttributes: &historypb.WorkflowExecutionCompletedEventAttributes{WorkflowTaskCompletedEventId: h.task},
	}
}

// The signal that starts a procedure asks for the look that it begins with, not
// for a second one: a start costs one step a phase.
func TestTheStartingSignalCostsNoLook(t *testing.T) {
	for kind, p := range procedures {
		t.Run(kind, func(t *testing.T) {
			var h history
			h.signalledStart(kind)
			h.workflowTask()
			for range Phases(kind) {
				h.enter()
				h.step(p.activity, StepResult{Finished: true})
				h.workflowTask()
			}
			h.completed()
			if err := replayer().ReplayWorkflowHistory(discard, &h.History); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestReplayFindsAnotherPath(t *testing.T) {
	for _, tt := range []struct{ reason, first, second string }{
		{"another activity", "StepRound", "StepReview"},
		{"the recording is of another procedure", "StepReview", "StepReview"},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			var h history
			h.signalledStart("Round")
			h.workflowTask()
			for _, activity := range []string{tt.first, tt.second} {
				h.enter()
				h.step(activity, StepResult{Finished: true})
				h.workflowTask()
			}
			if err := replayer().ReplayWorkflowHistory(discard, &h.History); err == nil {
				t.Error("replayed without an error")
			}
		})
	}
}
