package pgcluster

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestForeignMajor(t *testing.T) {
	dir := newDir(t)
	stop(t, start(t, Options{Dir: dir}))
	if err := os.WriteFile(filepath.Join(dataDir(dir), "PG_VERSION"), []byte("9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "are PostgreSQL 9's, the programs in ") || !strings.Contains(err.Error(), "install PostgreSQL 9, or move the data with pg_upgrade") {
		t.Errorf("got %v", err)
	}
}

// program writes a postgres that only tells its version.
func program(t *testing.T, dir, version string) string {
	t.Helper()
	bin := filepath.Join(dir, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\necho '" + version + "'\n"
	if err := os.WriteFile(filepath.Join(bin, "postgres"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return bin
}

func TestFindPrograms(t *testing.T) {
	root := t.TempDir()
	before := programsPattern
	programsPattern = filepath.Join(root, "*/bin/postgres")
	t.Cleanup(func() { programsPattern = before })
	t.Setenv("THIDUA_POSTGRES_BIN", "")
	t.Setenv("PATH", "")
	program(t, filepath.Join(root, "9.6"), "")
	program(t, filepath.Join(root, "14"), "")
	data := t.TempDir()
	if _, err := findPrograms(data); err == nil || !strings.Contains(err.Error(), "no PostgreSQL 15 or newer found: install it") {
		t.Errorf("got %v", err)
	}
	program(t, filepath.Join(root, "15"), "")
	newest := program(t, filepath.Join(root, "17"), "")
	program(t, filepath.Join(root, "16"), "")
	if got, err := findPrograms(data); err != nil || got != newest {
		t.Errorf("for new data: %s, %v", got, err)
	}
	if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte("15\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := findPrograms(data); err != nil || got != filepath.Join(root, "15/bin") {
		t.Errorf("for data of 15: %s, %v", got, err)
	}
	t.Setenv("THIDUA_POSTGRES_BIN", "/opt/pg/bin")
	if got, err := findPrograms(data); err != nil || got != "/opt/pg/bin" {
		t.Errorf("told: %s, %v", got, err)
	}
}

func TestCheckMinimum(t *testing.T) {
	for version, want := range map[string]string{
		"postgres (PostgreSQL) 15.18 (Debian 15.18-0)": "",
		"postgres (PostgreSQL) 17beta1":                "",
		"postgres (PostgreSQL) 14.2":                   "are PostgreSQL 14's: install PostgreSQL 15 or newer",
		"something":                                    `answered "something`,
	} {
		err := checkMinimum(program(t, t.TempDir(), version))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v", version, err)
		}
	}
}
