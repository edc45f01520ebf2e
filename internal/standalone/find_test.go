package standalone

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFindTemporald(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("THIDUA_TEMPORALD", "")
	_, err := findTemporald("")
	if want := "temporald " + TemporaldVersion + " is missing (looked for " + CachedTemporald() + "): build it with `make temporald`"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v", err)
	}
	program := func(path string) string {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cached := program(filepath.Join(cache, "thidua", "temporald-"+TemporaldVersion))
	if got, err := findTemporald(""); err != nil || got != cached {
		t.Errorf("cached: %s, %v", got, err)
	}
	named := program(filepath.Join(t.TempDir(), "mine"))
	t.Setenv("THIDUA_TEMPORALD", named)
	if got, err := findTemporald(""); err != nil || got != named {
		t.Errorf("named: %s, %v", got, err)
	}
	if got, err := findTemporald(cached); err != nil || got != cached {
		t.Errorf("given: %s, %v", got, err)
	}
	if err := os.Chmod(named, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := findTemporald(""); err == nil || !strings.Contains(err.Error(), named+" (THIDUA_TEMPORALD) is not executable") {
		t.Errorf("got %v", err)
	}
}

// The version names what deploy/temporald is built from.
func TestTemporaldVersion(t *testing.T) {
	if !strings.HasPrefix(TemporaldVersion, serverVersion+"-") {
		t.Errorf("%s is not a build of %s", TemporaldVersion, serverVersion)
	}
	b, err := os.ReadFile("../../deploy/temporald/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), "go.temporal.io/server v"+serverVersion+"\n") {
		t.Errorf("deploy/temporald is not built from server %s", serverVersion)
	}
}
