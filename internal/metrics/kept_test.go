package metrics

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestBackupIsAsOldAsItsFile(t *testing.T) {
	reg := NewRegistry()
	file := filepath.Join(t.TempDir(), "backed-up")
	WatchBackup(reg, file)
	if strings.Contains(scrape(t, reg), "thidua_backup_taken_seconds") {
		t.Error("a backup is told of that nobody has made")
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(file, time.Time{}, time.Unix(1_600_000_000, 0)); err != nil {
		t.Fatal(err)
	}
	if body := scrape(t, reg); !strings.Contains(body, "\nthidua_backup_taken_seconds 1.6e+09\n") {
		t.Errorf("no backup of that instant in:\n%s", body)
	}
}

func TestAuditIsVerifiedOnceARound(t *testing.T) {
	reg := NewRegistry()
	a := NewAudit(reg)
	a.verified.Set(1)
	a.Observe(0, 0)
	if body := scrape(t, reg); !strings.Contains(body, "\nthidua_audit_verified_seconds 1\n") || !strings.Contains(body, "\nthidua_audit_findings 0\n") {
		t.Error("half a round counts as one, or nothing was found and is not told")
	}
	a.Observe(2, 1)
	if body := scrape(t, reg); strings.Contains(body, "\nthidua_audit_verified_seconds 1\n") || !strings.Contains(body, "\nthidua_audit_findings 2\n") {
		t.Error("a round is not told, or what it found")
	}
}
