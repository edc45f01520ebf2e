package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/log/tag"
	postgresschema "go.temporal.io/server/schema/postgresql/v12"
)

func TestSchemas(t *testing.T) {
	db, err := newDatabase(startPostgres(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	query := func(database, sql string) (value string) {
		t.Helper()
		conn, err := db.connect(ctx, database)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(ctx)
		if err := conn.QueryRow(ctx, sql).Scan(&value); err != nil {
			t.Fatal(err)
		}
		return value
	}
	const tables = "SELECT count(*)::text FROM pg_tables WHERE schemaname = 'public'"

	// A setup that is cut off anywhere leaves nothing behind.
	if err := db.create(ctx, mainDatabase, visibilityDatabase); err != nil {
		t.Fatal(err)
	}
	for _, after := range []int{1, 10, 60} {
		cut, cancel := context.WithCancel(ctx)
		logger := &cutLogger{Logger: log.NewNoopLogger(), left: after, cut: cancel}
		if err := ensureSchemas(cut, db, logger); !errors.Is(err, context.Canceled) {
			t.Fatalf("not cut off after %d lines: %v", after, err)
		}
		cancel()
		if got := query(mainDatabase, tables); got != "0" {
			t.Errorf("%s tables left of a setup that was cut off", got)
		}
	}

	if err := ensureSchemas(ctx, db, log.NewNoopLogger()); err != nil {
		t.Fatal(err)
	}
	for database, want := range map[string]string{
		mainDatabase:       postgresschema.Version,
		visibilityDatabase: postgresschema.VisibilityVersion,
	} {
		if got := query(database, "SELECT curr_version FROM schema_version"); got != want {
			t.Errorf("%s is at %s, want %s", database, got, want)
		}
	}
	invalid := "SELECT count(*)::text FROM pg_index WHERE NOT indisvalid"
	if got := query(visibilityDatabase, invalid); got != "0" {
		t.Errorf("%s invalid indexes", got)
	}

	history := "SELECT count(*)::text FROM schema_update_history"
	before, start := query(mainDatabase, history), time.Now()
	if err := ensureSchemas(ctx, db, log.NewNoopLogger()); err != nil {
		t.Fatal(err)
	}
	t.Logf("current schemas looked at in %s", time.Since(start))
	if after := query(mainDatabase, history); after != before {
		t.Errorf("a second run changed the schema: %s, then %s steps", before, after)
	}
	if err := checkShards(ctx, db, 4); err != nil {
		t.Errorf("a fresh database refuses its number of shards: %v", err)
	}
}

func TestInstanceLock(t *testing.T) {
	db, err := newDatabase(startPostgres(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, logger := t.Context(), newLogger(os.Stderr, slog.LevelError)
	if err := db.create(ctx, mainDatabase); err != nil {
		t.Fatal(err)
	}
	first, err := takeLock(ctx, db, logger)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := takeLock(ctx, db, logger); !errors.Is(err, errLocked) {
		t.Errorf("got %v", err)
	}
	first.release()
	second, err := takeLock(ctx, db, logger)
	if err != nil {
		t.Fatal(err)
	}
	second.release()
}

func TestConnectErrors(t *testing.T) {
	url := startPostgres(t)
	for _, tt := range []struct{ url, want string }{
		{strings.Replace(url, "admin:", "admin:no", 1), "password authentication failed"},
		{"postgres://admin:secret@127.0.0.1:1/postgres?sslmode=disable", "database server 127.0.0.1:1: connection refused"},
	} {
		db, err := newDatabase(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.connect(t.Context(), "")
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("got %v, want %q", err, tt.want)
		}
	}
}

// cutLogger cancels the work it is told about after a number of lines: the
// schema steps log one line for each statement.
type cutLogger struct {
	log.Logger
	left int
	cut  func()
}

func (l *cutLogger) Debug(string, ...tag.Tag) {
	if l.left--; l.left == 0 {
		l.cut()
	}
}
