package standalone

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"thidua.dev/thidua/internal/pgcluster"
)

func TestUpWithoutTemporal(t *testing.T) {
	dir := newDir(t)
	a := start(t, Options{DataDir: dir, NoTemporal: true})
	if a.TemporalAddress() != "" || a.TemporalTLS() != nil || a.UIURL() != "" {
		t.Error("there is a Temporal")
	}
	execSQL(t, a.DatabaseURL(), "SELECT FROM campaign") // migrated
	url := a.DatabaseURL()

	second, err := New(Options{DataDir: dir, NoTemporal: true, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	err = second.Start(t.Context())
	if want := fmt.Sprintf("thidua up already runs on %s (pid %d): stop it first", dir, os.Getpid()); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("a second up: got %v, want %s", err, want)
	}
	execSQL(t, url, "SELECT 1") // it did no harm
	stop(t, a)
	stop(t, a)

	a = start(t, Options{DataDir: dir, NoTemporal: true})
	if a.DatabaseURL() != url {
		t.Error("the recorded port was not used")
	}
}

// Whoever has the recorded port now keeps it.
func TestRecordedPortIsTaken(t *testing.T) {
	dir := newDir(t)
	a := start(t, Options{DataDir: dir, NoTemporal: true})
	port := a.ports.Postgres
	stop(t, a)
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a = start(t, Options{DataDir: dir, NoTemporal: true})
	if a.ports.Postgres == port {
		t.Error("the same port")
	}
	recorded, err := readPorts(a.dirs.ports())
	if err != nil || recorded.Postgres != a.ports.Postgres {
		t.Errorf("recorded %+v, %v", recorded, err)
	}
}

func TestPostgresIsRestarted(t *testing.T) {
	a := start(t, Options{DataDir: newDir(t), NoTemporal: true})
	execSQL(t, a.DatabaseURL(), "CREATE TABLE kept (n int)")
	kill(t, postmaster(t, a.dirs))
	await(t, "PostgreSQL under the same address", func() bool {
		_, err := checkDatabase(t.Context(), a.DatabaseURL())
		return err == nil
	})
	execSQL(t, a.DatabaseURL(), "SELECT FROM kept")
	select {
	case err := <-a.Failed():
		t.Error(err)
	default:
	}
}

func TestExternalDatabase(t *testing.T) {
	lender := start(t, Options{DataDir: newDir(t), NoTemporal: true})
	dir := newDir(t)
	a := start(t, Options{DataDir: dir, DatabaseURL: lender.DatabaseURL(), TemporalAddress: "temporal.example:7233"})
	if a.DatabaseURL() != lender.DatabaseURL() || a.TemporalAddress() != "temporal.example:7233" || a.TemporalTLS() != nil {
		t.Error("not what was given")
	}
	if pgcluster.Exists(a.dirs.postgres()) {
		t.Error("made a PostgreSQL of its own")
	}
	stop(t, a)
	execSQL(t, lender.DatabaseURL(), "SELECT 1")
}

// Every refusal is one line and leaves nothing running.
func TestRefusals(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	silent := taken.Addr().String()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing := gone.Addr().String()
	gone.Close()
	notExecutable := filepath.Join(t.TempDir(), "temporald")
	if err := os.WriteFile(notExecutable, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	foreign := newDir(t)
	if err := os.MkdirAll(filepath.Join(foreign, "postgres/data"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(foreign, "postgres/data/PG_VERSION"), []byte("9\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(foreign, "postgres/password"), []byte("x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		opt  Options
		want string
	}{
		{"temporald missing", Options{TemporaldPath: "/nowhere/temporald"}, "temporald is not at /nowhere/temporald (the path given): build it with `make temporald`"},
		{"temporald not executable", Options{TemporaldPath: notExecutable}, "is not executable: chmod +x it"},
		{"foreign major", Options{DataDir: foreign, NoTemporal: true}, "are PostgreSQL 9's, the programs in "},
		{"file as data directory", Options{DataDir: file, NoTemporal: true}, "is a file: choose another one with --data-dir or THIDUA_DATA"},
		{"below a file", Options{DataDir: file + "/x", NoTemporal: true}, "cannot be used (not a directory): choose another one"},
		{"database refuses", Options{DatabaseURL: "postgres://u:secret@" + refusing + "/d", NoTemporal: true}, "the database d at " + refusing + " does not answer: connection refused"},
		{"database is silent", Options{DatabaseURL: "postgres://u:secret@" + silent + "/d?connect_timeout=1", NoTemporal: true}, "the database d at " + silent + " does not answer: timeout"},
		{"no database address", Options{DatabaseURL: "postgres://u:secret@:x/", NoTemporal: true}, "--database-url: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.opt.DataDir == "" {
				tt.opt.DataDir = newDir(t)
			}
			refused(t, tt.opt, tt.want)
		})
	}
}

func refused(t *testing.T, opt Options, want string) {
	t.Helper()
	opt.Log = quiet()
	a, err := New(opt)
	if err == nil {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err = a.Start(ctx)
	}
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
		return
	}
	if s := err.Error(); strings.Contains(s, "\n") || strings.Contains(s, "secret") {
		t.Errorf("not one line, or with the password: %q", s)
	}
}

func TestFullDisk(t *testing.T) {
	a, err := New(Options{DataDir: newDir(t), NoTemporal: true, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	a.minFree = 1 << 60
	err = a.Start(t.Context())
	if err == nil || !strings.Contains(err.Error(), "MB are free for the data directory "+a.DataDir()) || !strings.Contains(err.Error(), "make room or choose another one") {
		t.Errorf("got %v", err)
	}
	if pgcluster.Exists(a.dirs.postgres()) {
		t.Error("something was made")
	}
}

func TestStartIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	a, err := New(Options{DataDir: newDir(t), NoTemporal: true, Log: quiet(), Progress: func(string) { cancel() }})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(ctx); err == nil {
		t.Error("started")
	}
}
