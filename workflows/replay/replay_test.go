package replay

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
)

// server has histories, as a client gives them.
type server map[string][]*historypb.HistoryEvent

func (s server) GetWorkflowHistory(_ context.Context, id, _ string, _ bool, _ enumspb.HistoryEventFilterType) client.HistoryEventIterator {
	return &events{left: s[id], known: s[id] != nil}
}

type events struct {
	left  []*historypb.HistoryEvent
	known bool
}

func (e *events) HasNext() bool { return len(e.left) > 0 || !e.known }

func (e *events) Next() (*historypb.HistoryEvent, error) {
	if !e.known {
		return nil, errors.New("workflow not found")
	}
	first := e.left[0]
	e.left = e.left[1:]
	return first, nil
}

func started(identity string) []*historypb.HistoryEvent {
	return []*historypb.HistoryEvent{{
		EventId: 1, EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
		Attributes: &historypb.HistoryEvent_WorkflowExecutionStartedEventAttributes{
			WorkflowExecutionStartedEventAttributes: &historypb.WorkflowExecutionStartedEventAttributes{
				WorkflowType: &commonpb.WorkflowType{Name: "Round"}, Identity: identity,
				Input: &commonpb.Payloads{Payloads: []*commonpb.Payload{{
					Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte(`{"id":"campaign/x"}`),
				}}},
			},
		},
	}}
}

func TestRecordHistories(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "v0")
	const id = "campaign/x/round/monthly/2021-10"
	if err := RecordHistories(t.Context(), server{id: started("4711@desk-of-an@")}, dir, []string{id}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "campaign_x_round_monthly_2021-10.json"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "desk-of-an") {
		t.Errorf("the file tells who recorded it:\n%s", b)
	}
	h, err := client.HistoryFromJSON(strings.NewReader(string(b)), client.HistoryJSONOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var want proto.Message = &historypb.History{Events: started("")}
	if diff := cmp.Diff(want, proto.Message(h), protocmp.Transform()); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

func TestRecordHistoriesOfNothing(t *testing.T) {
	for _, tt := range []struct {
		reason string
		from   server
	}{
		{"a workflow that does not exist", server{}},
		{"a history without events", server{"x": {}}},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			if err := RecordHistories(t.Context(), tt.from, t.TempDir(), []string{"x"}); err == nil {
				t.Error("no error")
			}
		})
	}
}
