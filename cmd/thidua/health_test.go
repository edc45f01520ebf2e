package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"thidua.dev/thidua/internal/pgcluster"
	"thidua.dev/thidua/internal/store"
)

// readiness asks until the answer is as it should be.
func readiness(t *testing.T, url string, status int, want string) {
	t.Helper()
	const limit = 90 * time.Second
	var said string
	for ctx, end := context.WithTimeout(t.Context(), limit); ; {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			end()
			t.Fatalf("want %d and %q, last: %s (%v)", status, want, said, err)
		}
		b, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if said = response.Status + "\n" + string(b); response.StatusCode == status && strings.Contains(said, want) {
			end()
			return
		}
		_ = pause(ctx, 50*time.Millisecond)
	}
}

// What the pages and the API need is Postgres, and they say so while it is away, and
// while it is not as this version needs it.
func TestReadyWhilePostgresGoesAndComes(t *testing.T) {
	ctx := context.WithoutCancel(t.Context())
	dir, err := os.MkdirTemp("", "thidua-health-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	options := pgcluster.Options{Dir: filepath.Join(dir, "postgres"), Volatile: true}
	start := func() *pgcluster.Cluster {
		c, err := pgcluster.Start(ctx, options)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	postgres := start()
	defer func() {
		if err := postgres.Stop(ctx); err != nil {
			t.Error(err)
		}
	}()
	options.Port = postgres.Port()
	if err := postgres.EnsureDatabase(ctx, "thidua"); err != nil {
		t.Fatal(err)
	}
	url := postgres.URL("thidua")
	if err := store.Migrate(ctx, url); err != nil {
		t.Fatal(err)
	}

	p := newProcess(slog.New(slog.DiscardHandler))
	web := httptest.NewServer(p.instruments())
	defer web.Close()
	readyz := web.URL + "/readyz"
	readiness(t, readyz, 503, "process: not all of it has started yet")
	if err := p.open(ctx, url); err != nil {
		t.Fatal(err)
	}
	p.probe.Started()
	readiness(t, readyz, 200, "process: ok\npostgres: ok\n")

	if err := postgres.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	readiness(t, readyz, 503, "process: ok\npostgres: does not answer\n")
	readiness(t, web.URL+"/healthz", 200, "ok")
	postgres = start()
	readiness(t, readyz, 200, "process: ok\npostgres: ok\n")

	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, `DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)`); err != nil {
		t.Fatal(err)
	}
	readiness(t, readyz, 503, "postgres: not migrated to this version: run thidua migrate\n")

	if err := p.stop(ctx); err != nil {
		t.Fatal(err)
	}
	readiness(t, readyz, 503, "process: it is being stopped")
}
