package standalone

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fakeTemporald is a shell script in temporald's place.
func fakeTemporald(t *testing.T, script string) temporaldSpec {
	t.Helper()
	dirs, err := prepareDataDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "temporald")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return temporaldSpec{program: program, dirs: dirs, databaseURL: "postgres://u:secret@h/d", ports: ports{Frontend: 7233, UI: 8233}}
}

func TestTemporaldFails(t *testing.T) {
	tests := []struct{ reason, script, want string }{
		{"its last line", `echo noise >&2; echo 'temporald: another temporald runs on these databases' >&2; exit 1`,
			"temporald: another temporald runs on these databases"},
		{"a port", `echo 'temporald: --history-port: cannot listen on 127.0.0.1:7234: address already in use' >&2; exit 1`,
			"port 7234 for temporald is taken: end what listens there or choose another port"},
		{"a crash", `echo 'panic: no' >&2; exit 3`, "temporald: exit status 3: its log is "},
		{"nothing", `exit 0`, "temporald: ended: its log is "},
		{"a stop that leaves a ready file behind", `echo '{' >"${1#--ready-file=}"; exec sleep 60`, "ready file of temporald: "},
	}
	for _, tt := range tests {
		t.Run(tt.reason, func(t *testing.T) {
			spec := fakeTemporald(t, tt.script)
			// Lines of an earlier run are not this run's reason.
			if err := os.WriteFile(spec.dirs.temporaldLog(), []byte("temporald: of yesterday\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := startTemporald(t.Context(), spec, quiet())
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v", err)
			}
			var taken *portTakenError
			if errors.As(err, &taken) != (tt.reason == "a port") {
				t.Errorf("a taken port or not: %v", err)
			}
			if recorded(spec.dirs.temporaldPID()) {
				t.Error("still on record")
			}
		})
	}
}

func TestTemporaldStartIsCancelled(t *testing.T) {
	spec := fakeTemporald(t, `exec sleep 60`)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := startTemporald(ctx, spec, quiet())
	if err == nil || err.Error() != "temporald is not ready: context deadline exceeded" {
		t.Errorf("got %v", err)
	}
}

// One that does not listen is killed when the caller's patience ends.
func TestTemporaldIsKilled(t *testing.T) {
	spec := fakeTemporald(t, `trap '' TERM; echo '{"pid":'$$',"version":"0"}' >"${1#--ready-file=}"; while :; do sleep 0.01; done`)
	child, err := startTemporald(t.Context(), spec, quiet())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := child.Stop(ctx); err != nil {
		t.Error(err)
	}
	if err := child.Err(); err == nil || !strings.HasPrefix(err.Error(), "temporald: signal: killed: its log is ") {
		t.Errorf("got %v", err)
	}
}

// Everybody may read the arguments of a process.
func TestPasswordIsNotInTheArguments(t *testing.T) {
	spec := fakeTemporald(t, `echo "$@" >&2; echo "temporald: $TEMPORALD_DATABASE_URL" >&2; exit 1`)
	_, err := startTemporald(t.Context(), spec, quiet())
	if err == nil || err.Error() != "temporald: postgres://u:secret@h/d" {
		t.Errorf("got %v", err)
	}
	b, err := os.ReadFile(spec.dirs.temporaldLog())
	if err != nil {
		t.Fatal(err)
	}
	args, _, _ := strings.Cut(string(b), "\n")
	if strings.Contains(args, "secret") || !strings.Contains(args, "--parent-pid=") {
		t.Errorf("arguments: %s", args)
	}
}

func TestLogIsPutAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "temporald.log")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, maxLog+1); err != nil {
		t.Fatal(err)
	}
	f, err := openLog(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || st.Size() != 0 {
		t.Errorf("%v, %v", st.Size(), err)
	}
	if !recorded(path + ".1") {
		t.Error("thrown away")
	}
}
