// Package replay keeps histories of procedures, for the test that replays those
// of every release with the present code. Tests against a real server record
// them; nothing else needs this package.
package replay

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Source of histories: a client.Client.
type Source interface {
	GetWorkflowHistory(ctx context.Context, workflowID, runID string, isLongPoll bool, filter enumspb.HistoryEventFilterType) client.HistoryEventIterator
}

// RecordHistories writes the newest run of each workflow into dir, one file
// each: workflows/testdata/histories/RELEASE.
func RecordHistories(ctx context.Context, source Source, dir string, ids []string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, id := range ids {
		var h historypb.History
		events := source.GetWorkflowHistory(ctx, id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for events.HasNext() {
			e, err := events.Next()
			if err != nil {
				return fmt.Errorf("history of %s: %w", id, err)
			}
			forget(e.ProtoReflect())
			h.Events = append(h.Events, e)
		}
		if len(h.GetEvents()) == 0 {
			return fmt.Errorf("history of %s: no events", id)
		}
		b, err := temporalproto.CustomJSONMarshalOptions{Indent: "  "}.Marshal(&h)
		if err != nil {
			return fmt.Errorf("history of %s: %w", id, err)
		}
		if err := os.WriteFile(filepath.Join(dir, FileName(id)), append(b, '\n'), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// FileName of a workflow's history. No id contains an underscore.
func FileName(id string) string { return strings.ReplaceAll(id, "/", "_") + ".json" }

// forget clears what tells of the machine that recorded: host names and process
// ids stand in the field identity of many events.
func forget(m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Kind() == protoreflect.StringKind && f.Name() == "identity":
			m.Clear(f)
		case f.Kind() == protoreflect.MessageKind && !f.IsList() && !f.IsMap():
			forget(v.Message())
		}
		return true
	})
}
