package workflows

import (
	"go/build"
	"strings"
	"testing"
)

// Workflow code is replayed for months: it imports the SDK and the standard
// library, so that nothing else can make it take another path.
func TestImportsOnlyTheSDK(t *testing.T) {
	p, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range p.Imports {
		first, _, _ := strings.Cut(path, "/")
		standard := !strings.Contains(first, ".")
		if !standard && path != "go.temporal.io/sdk" && !strings.HasPrefix(path, "go.temporal.io/sdk/") {
			t.Errorf("package workflows imports %s", path)
		}
	}
	// What a procedure may not touch although it is in the standard library;
	// workflowcheck finds the rest.
	for _, path := range p.Imports {
		switch path {
		case "os", "net", "net/http", "math/rand", "math/rand/v2", "crypto/rand", "sync", "database/sql", "io":
			t.Errorf("package workflows imports %s", path)
		}
	}
}
