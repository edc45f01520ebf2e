package main

import (
	"bytes"
	"errors"
	"flag"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"
)

const testURL = "postgres://user:secret@127.0.0.1:5432/postgres?sslmode=disable"

func noEnv(string) string { return "" }

func TestParseConfigDefaults(t *testing.T) {
	c, err := ParseConfig([]string{"--database-url", testURL}, noEnv, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		DatabaseURL: testURL, MaxConns: 10, Bind: "127.0.0.1",
		FrontendPort: 7233, HistoryPort: 7234, MatchingPort: 7235, WorkerPort: 7239,
		Namespace: "thidua", Retention: 720 * time.Hour, Shards: 4, UIReadOnly: true,
		StartTimeout: time.Minute, StopTimeout: 20 * time.Second, LogLevel: slog.LevelError,
	}
	if c != want {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
}

func TestParseConfigEnvironment(t *testing.T) {
	env := map[string]string{
		"TEMPORALD_DATABASE_URL":  testURL,
		"TEMPORALD_FRONTEND_PORT": "8000",
		"TEMPORALD_UI_READ_ONLY":  "false",
		"TEMPORALD_LOG_LEVEL":     "warn",
	}
	c, err := ParseConfig([]string{"--frontend-port", "9000"}, func(k string) string { return env[k] }, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	if c.DatabaseURL != testURL || c.UIReadOnly || c.LogLevel != slog.LevelWarn {
		t.Errorf("environment not used: %+v", c)
	}
	if c.FrontendPort != 9000 || c.HistoryPort != 9001 {
		t.Errorf("the command line should win and derive: %+v", c)
	}
}

func TestParseConfigRefuses(t *testing.T) {
	tests := []struct{ args, want string }{
		{"", "--database-url is missing"},
		{"--bogus", "not defined"},
		{"--database-url " + testURL + " extra", `unexpected argument "extra"`},
		{"--database-url postgres://h:x/", "--database-url"},
		{"--database-url " + testURL + " --bind localhost", "not an IP address"},
		{"--database-url " + testURL + " --frontend-port 40000", "--frontend-port 40000 is not between"},
		{"--database-url " + testURL + " --frontend-port 32767", "--history-port 32768 is not between"},
		{"--database-url " + testURL + " --ui-port 7233", "--frontend-port and --ui-port are both 7233"},
		{"--database-url " + testURL + " --shards 0", "--shards 0"},
		{"--database-url " + testURL + " --retention 5s", "--retention 5s"},
		{"--database-url " + testURL + " --namespace=", "--namespace is empty"},
		{"--database-url " + testURL + " --tls-ca x --tls-key y", "belong together"},
		{"--database-url " + testURL + " --log-level loud", "log-level"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			_, err := ParseConfig(strings.Fields(tt.args), noEnv, &bytes.Buffer{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the password is in %q", err)
			}
		})
	}
	_, err := ParseConfig(nil, func(k string) string {
		if k == "TEMPORALD_SHARDS" {
			return "many"
		}
		return ""
	}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), `TEMPORALD_SHARDS="many"`) {
		t.Errorf("got %v", err)
	}
}

func TestParseConfigHelp(t *testing.T) {
	var out bytes.Buffer
	if _, err := ParseConfig([]string{"--help"}, noEnv, &out); !errors.Is(err, flag.ErrHelp) {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(out.String(), "-frontend-port") {
		t.Errorf("no flags in:\n%s", out.String())
	}
}

func TestDialHost(t *testing.T) {
	for bind, want := range map[string]string{
		"127.0.0.1": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1", "10.0.0.7": "10.0.0.7",
	} {
		if got := (&Config{Bind: bind}).dialHost(); got != want {
			t.Errorf("%s: got %s, want %s", bind, got, want)
		}
	}
}

func TestCheckPortsFree(t *testing.T) {
	ports := freePorts(t, 4)
	c := Config{Bind: "127.0.0.1", FrontendPort: ports[0], HistoryPort: ports[1], MatchingPort: ports[2], WorkerPort: ports[3]}
	if err := c.checkPortsFree(); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", c.listenAddress(c.MatchingPort))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	err = c.checkPortsFree()
	if err == nil || !strings.Contains(err.Error(), "--matching-port: cannot listen on "+l.Addr().String()+": address already in use") {
		t.Errorf("got %v", err)
	}
}
