package pgcluster

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// An initdb that was cut short after PG_VERSION was written is begun anew.
func TestUnfinishedInit(t *testing.T) {
	dir := newDir(t)
	unfinished := dataDir(dir) + ".unfinished"
	if err := os.MkdirAll(unfinished, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(unfinished, "PG_VERSION"), []byte("15\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if Exists(dir) {
		t.Error("an unfinished cluster exists")
	}
	stop(t, start(t, Options{Dir: dir}))
	if _, err := os.Stat(unfinished); !os.IsNotExist(err) {
		t.Errorf("left behind: %v", err)
	}
}

func TestForeignContent(t *testing.T) {
	dir := newDir(t)
	if err := os.MkdirAll(dataDir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	precious := filepath.Join(dataDir(dir), "thesis.txt")
	if err := os.WriteFile(precious, []byte("years of work"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Options{Dir: dir, Volatile: true})
	if err == nil || !strings.Contains(err.Error(), "holds something that is not a PostgreSQL cluster") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(precious); err != nil {
		t.Error(err)
	}
}

func TestPasswordFile(t *testing.T) {
	dir := newDir(t)
	c := start(t, Options{Dir: dir})
	st, err := os.Stat(passwordFile(dir))
	if err != nil {
		t.Fatal(err)
	}
	if st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", st.Mode())
	}
	if c.cmd != nil {
		if args := strings.Join(c.cmd.Args, " "); strings.Contains(args, c.password) {
			t.Error("the password is in the arguments")
		}
	}
	stop(t, c)
	if err := os.WriteFile(passwordFile(dir), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "is empty: put the private PostgreSQL's password back") {
		t.Errorf("got %v", err)
	}
}

func TestUntraversableParent(t *testing.T) {
	runAs, err := unprivileged()
	if err != nil {
		t.Fatal(err)
	}
	if runAs == nil {
		t.Skip("only root's PostgreSQL runs as another user")
	}
	dir := newDir(t)
	parent := filepath.Dir(dir)
	if err := os.Chmod(parent, 0o750); err != nil {
		t.Fatal(err)
	}
	_, err = Start(t.Context(), Options{Dir: dir, Volatile: true})
	if err == nil || !strings.Contains(err.Error(), "cannot pass through "+parent+" (mode -rwxr-x---)") {
		t.Errorf("got %v", err)
	}
	if Exists(dir) {
		t.Error("something was made")
	}
}

func TestPassable(t *testing.T) {
	dir := t.TempDir()
	uid, gid := uint32(os.Getuid()), uint32(os.Getgid())
	tests := []struct {
		mode   os.FileMode
		as     syscall.Credential
		want   bool
		reason string
	}{
		{0o700, syscall.Credential{Uid: uid, Gid: gid}, true, "the owner"},
		{0o070, syscall.Credential{Uid: uid, Gid: gid}, false, "the owner's bits decide"},
		{0o710, syscall.Credential{Uid: uid + 1, Gid: gid}, true, "the group"},
		{0o701, syscall.Credential{Uid: uid + 1, Gid: gid}, false, "the group's bits decide"},
		{0o701, syscall.Credential{Uid: uid + 1, Gid: gid + 1}, true, "others"},
		{0o770, syscall.Credential{Uid: uid + 1, Gid: gid + 1}, false, "others have none"},
	}
	for _, tt := range tests {
		t.Run(tt.reason, func(t *testing.T) {
			if err := os.Chmod(dir, tt.mode); err != nil {
				t.Fatal(err)
			}
			st, err := os.Stat(dir)
			if err != nil {
				t.Fatal(err)
			}
			if got := passable(st, &tt.as); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
