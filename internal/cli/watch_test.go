package cli

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/evidence"
	"thidua.dev/thidua/internal/httpapi"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/pgcluster"
	"thidua.dev/thidua/internal/store"
	"thidua.dev/thidua/internal/verify"
)

// watched is a run of `watch` whose lines are read as they come.
type watched struct {
	t     *testing.T
	lines chan string
	said  []string
	stop  context.CancelFunc
	code  chan int
}

func watch(t *testing.T, args ...string) *watched {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	w := &watched{t: t, lines: make(chan string, 100), stop: stop, code: make(chan int, 1)}
	r, out := io.Pipe()
	go func() {
		w.code <- run(ctx, append([]string{"watch", "mau-2026"}, args...), nil, out, out, nil)
		out.Close()
	}()
	go func() {
		defer close(w.lines)
		for s := bufio.NewScanner(r); s.Scan(); {
			w.lines <- s.Text()
		}
	}()
	return w
}

// awaits a line that contains text.
func (w *watched) awaits(text string) {
	w.t.Helper()
	bound := time.After(90 * time.Second)
	for {
		select {
		case line, more := <-w.lines:
			if !more {
				w.t.Fatalf("watch ended with %d without %q:\n%s", <-w.code, text, strings.Join(w.said, "\n"))
			}
			if w.said = append(w.said, line); strings.Contains(line, text) {
				return
			}
		case <-bound:
			w.t.Fatalf("no %q among:\n%s", text, strings.Join(w.said, "\n"))
		}
	}
}

// ends on Ctrl-C, and returns all that it said.
func (w *watched) ends() string {
	w.t.Helper()
	w.stop()
	for line := range w.lines {
		w.said = append(w.said, line)
	}
	if code := <-w.code; code != exitDone {
		w.t.Errorf("exit code %d", code)
	}
	return strings.Join(w.said, "\n")
}

// Watch outlives the server or the database that it looks at.
func TestWatchGoesOn(t *testing.T) {
	ctx := context.WithoutCancel(t.Context())
	t.Setenv("THIDUA_SERVER", "")
	postgres, options := ownPostgres(t)
	url := postgres.URL("thidua")
	pool, err := store.Open(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	e := engine.New(pool, slog.New(slog.DiscardHandler))
	act := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	set, err := manifest.Load([]string{"testdata/fixture"}, nil)
	act(err)
	act(e.SetStepped(ctx, time.Date(2026, 3, 2, 8, 0, 0, 0, time.FixedZone("", 7*60*60))))
	_, err = e.Apply(ctx, engine.By(operator(), ""), set, false)
	act(err)
	_, secret, err := e.IssueToken(ctx, engine.By(operator(), ""), engine.Grant{Name: operator().Name, Role: auth.Operator, ExpiresAt: time.Now().Add(time.Hour)})
	act(err)
	files := evidence.New(t.TempDir())
	api := httpapi.New(httpapi.Options{Engine: e, Look: look.New(pool), Files: files, Verify: verify.New(pool, files)})
	server, addr := serveAt(t, "127.0.0.1:0", api)

	t.Setenv("THIDUA_TOKEN", secret)
	w := watch(t, "--server", "http://"+addr)
	w.awaits("Declared")
	server.Close()
	w.awaits("nothing answers any more")
	act(e.Launch(ctx, engine.By(operator(), ""), "mau-2026", engine.LaunchOptions{}))
	server, _ = serveAt(t, addr, api)
	w.awaits("Launched")
	w.awaits("it answers again")
	server.Close()
	w.awaits("nothing answers any more")
	if said := w.ends(); strings.Count(said, "nothing answers") != 2 {
		t.Errorf("it says more than once that nothing answers:\n%s", said)
	}

	w = watch(t, "--database-url", url)
	w.awaits("Launched")
	act(postgres.Stop(ctx))
	w.awaits("nothing answers any more")
	postgres, err = pgcluster.Start(ctx, options)
	act(err)
	w.awaits("it answers again")
	pool.Reset() // ours has connections to the one that is gone
	act(e.Pause(ctx, engine.By(operator(), "bão"), "mau-2026"))
	w.awaits("Paused")
	if said := w.ends(); strings.Count(said, "nothing answers") != 1 {
		t.Errorf("it says more than once that nothing answers:\n%s", said)
	}
	act(postgres.Stop(ctx))
	if code := run(ctx, []string{"watch", "mau-2026", "--database-url", url}, nil, io.Discard, io.Discard, nil); code != exitFailed {
		t.Errorf("what never answered was waited for: exit code %d", code)
	}
}

// ownPostgres is one that a test may stop, and start again with the same options.
func ownPostgres(t *testing.T) (*pgcluster.Cluster, pgcluster.Options) {
	t.Helper()
	dir, err := os.MkdirTemp("", "thidua-watch-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // the server runs as another user under root
		t.Fatal(err)
	}
	o := pgcluster.Options{Dir: filepath.Join(dir, "postgres"), Volatile: true}
	c, err := pgcluster.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	o.Port = c.Port()
	if err := c.EnsureDatabase(t.Context(), "thidua"); err != nil {
		t.Fatal(err)
	}
	if err := store.Migrate(t.Context(), c.URL("thidua")); err != nil {
		t.Fatal(err)
	}
	return c, o
}

func serveAt(t *testing.T, addr string, h http.Handler) (s *http.Server, at string) {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	s = &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.Serve(l) }() // until Close
	return s, l.Addr().String()
}
