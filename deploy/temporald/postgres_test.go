package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// testPassword has every character that is easily lost between a URL, a
// driver and a server.
const testPassword = "p@ss w/o+rd%"

// startPostgres runs a private Postgres cluster for one test and returns the
// URL for its superuser.
func startPostgres(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: this test starts Postgres and a whole Temporal server")
	}
	dir, err := os.MkdirTemp("", "temporald-postgres-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte(testPassword), 0o600); err != nil {
		t.Fatal(err)
	}
	attr := &syscall.SysProcAttr{}
	if os.Geteuid() == 0 { // Postgres refuses to run as root
		uid, gid := lookupPostgres(t)
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		for _, path := range []string{dir, password} {
			if err := os.Chown(path, uid, gid); err != nil {
				t.Fatal(err)
			}
		}
	}
	bin, data := findPostgres(t), filepath.Join(dir, "data")
	command := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Dir = dir
		cmd.SysProcAttr = attr
		return cmd
	}
	initdb := command("initdb", "-D", data, "-U", "admin", "-A", "scram-sha-256",
		"--pwfile", password, "-E", "UTF8", "--no-locale", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	port := freePorts(t, 1)[0]
	server := command("postgres", "-D", data, "-p", strconv.Itoa(port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off")
	var out bytes.Buffer
	server.Stdout, server.Stderr = &out, &out
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Process.Signal(syscall.SIGINT) // fast shutdown
		server.Wait()
		if t.Failed() {
			t.Logf("postgres:\n%s", out.String())
		}
	})
	dsn := (&url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword("admin", testPassword),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
		Path:     "postgres",
		RawQuery: "sslmode=disable",
	}).String()
	waitPostgres(t, dsn)
	return dsn
}

func waitPostgres(t *testing.T, dsn string) {
	t.Helper()
	db, err := newDatabase(dsn)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		conn, err := db.connect(ctx, "")
		if err == nil {
			conn.Close(ctx)
			return
		}
		if sleep(ctx, 50*time.Millisecond) != nil {
			t.Fatalf("Postgres does not answer: %v", err)
		}
	}
}

// findPostgres returns the directory of the newest Postgres binaries.
func findPostgres(t *testing.T) string {
	t.Helper()
	for v := 30; v >= 12; v-- {
		dir := fmt.Sprintf("/usr/lib/postgresql/%d/bin", v) // Debian's place
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err == nil {
			return dir
		}
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	t.Fatal("no Postgres here (initdb is neither in /usr/lib/postgresql nor in PATH); go test -short does without")
	return ""
}

func lookupPostgres(t *testing.T) (uid, gid int) {
	t.Helper()
	u, err := user.Lookup("postgres")
	if err != nil {
		t.Fatal(err)
	}
	if uid, err = strconv.Atoi(u.Uid); err != nil {
		t.Fatal(err)
	}
	if gid, err = strconv.Atoi(u.Gid); err != nil {
		t.Fatal(err)
	}
	return uid, gid
}

// freePorts finds n ports on loopback below the range from which the kernel
// hands out ports to clients: those are above maxPort.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	var ports []int
	for tries := 0; len(ports) < n; tries++ {
		if tries > 1000 {
			t.Fatal("no free ports")
		}
		p := 10000 + rand.IntN(20000)
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p)))
		if err != nil {
			continue
		}
		defer l.Close() // held until all are found, so they differ
		ports = append(ports, p)
	}
	return ports
}
