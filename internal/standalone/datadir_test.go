package standalone

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestDefaultDataDir(t *testing.T) {
	t.Setenv("THIDUA_DATA", "/srv/td")
	if got := DefaultDataDir(); got != "/srv/td" {
		t.Errorf("THIDUA_DATA: %s", got)
	}
	t.Setenv("THIDUA_DATA", "")
	if os.Geteuid() == 0 {
		if got := DefaultDataDir(); got != "/var/lib/thidua" {
			t.Errorf("root: %s", got)
		}
	}
	t.Setenv("HOME", "/home/hoa")
	for set, want := range map[string]string{"": "/home/hoa/.local/share", "relative": "/home/hoa/.local/share", "/data": "/data"} {
		t.Setenv("XDG_DATA_HOME", set)
		if got := xdgDir("XDG_DATA_HOME", ".local/share"); got != want {
			t.Errorf("XDG_DATA_HOME=%q: %s", set, got)
		}
	}
}

func TestPrepareDataDir(t *testing.T) {
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	dir := filepath.Join(t.TempDir(), "a", "b")
	l, err := prepareDataDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{l.root: 0o755, l.temporal(): 0o700} {
		if st, err := os.Stat(path); err != nil || st.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, st.Mode(), err)
		}
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if got, err := prepareDataDir(link); err != nil || got != l {
		t.Errorf("by a link: %v, %v", got, err)
	}
}

// As another process, because root may write everywhere.
func TestNotWritable(t *testing.T) {
	dir := newDir(t)
	if err := os.Mkdir(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(filepath.Dir(dir), "prepare") // where everybody can run it
	copyProgram(t, program)
	cmd := exec.Command(program)
	name := ""
	if os.Geteuid() == 0 {
		u, err := user.Lookup("nobody")
		if err != nil {
			t.Fatal(err)
		}
		uid, err := strconv.Atoi(u.Uid)
		if err != nil {
			t.Fatal(err)
		}
		name = u.Username
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	for _, d := range []string{dir, filepath.Join(dir, "below")} {
		c := *cmd
		c.Env = append(os.Environ(), prepareEnv+"="+d)
		out, err := c.CombinedOutput()
		want := fmt.Sprintf("the data directory %s is not writable for user %s", d, name)
		if err == nil || !strings.HasPrefix(string(out), want) || strings.Count(string(out), "\n") != 1 {
			t.Errorf("got %v: %s, want %s", err, out, want)
		}
	}
}

func copyProgram(t *testing.T, to string) {
	t.Helper()
	own, err := os.Open(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	f, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(f, own)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestDirError(t *testing.T) {
	for err, want := range map[error]string{
		syscall.ENOSPC: "the disk of the data directory /d is full: make room or choose another one with --data-dir or THIDUA_DATA",
		syscall.EROFS:  "the data directory /d is not writable for ",
		syscall.ELOOP:  "the data directory /d cannot be used (too many levels of symbolic links): choose another one",
	} {
		got := dirError("/d", &os.PathError{Op: "mkdir", Path: "/d", Err: err})
		if !strings.HasPrefix(got.Error(), want) {
			t.Errorf("got %v", got)
		}
	}
}
