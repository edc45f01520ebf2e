package archtest

import (
	"bytes"
	"strings"
	"testing"
)

// TestGuardIsAskedInOnePlace: the engine asks whether an actor may, once; edges that
// serve strangers get at readers through its guard and at no database.
func TestGuardIsAskedInOnePlace(t *testing.T) {
	all := files(t)
	asked := 0
	for name, content := range all {
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		if n := bytes.Count(content, []byte("auth.Can(")); n > 0 {
			asked += n
			if name != "internal/engine/guard.go" {
				t.Errorf("%s calls auth.Can: only the engine's guard does", name)
			}
		}
		if edge := strings.HasPrefix(name, "internal/httpapi/") || strings.HasPrefix(name, "internal/pages/unit"); edge &&
			(bytes.Contains(content, []byte(".Pool()")) || bytes.Contains(content, []byte("look.New("))) {
			t.Errorf("%s reads around the guard: ask engine.Guarded for a reader", name)
		}
	}
	if asked != 1 {
		t.Errorf("auth.Can is called %d times, want once", asked)
	}
}
