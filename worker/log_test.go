package worker

import (
	"log/slog"
	"strings"
	"testing"

	sdklog "go.temporal.io/sdk/log"

	"thidua.dev/thidua/internal/logs"
)

// What the SDK says of a workflow, it says as we do.
func TestLinesOfTheSDK(t *testing.T) {
	var b strings.Builder
	log := sdklog.NewStructuredLogger(slog.New(procedures{logs.New(&b, logs.Text, slog.LevelInfo).Handler()}))
	log.Warn("Activity error.", "WorkflowID", "campaign/x/round/monthly/2021-11", "Attempt", 3)
	sdklog.With(log, "WorkflowID", "campaign/x").Error("Workflow panic")
	for _, want := range []string{
		`msg="Activity error." workflow=campaign/x/round/monthly/2021-11 campaign=x round=monthly/2021-11 Attempt=3`,
		`msg="Workflow panic" workflow=campaign/x campaign=x`,
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}
