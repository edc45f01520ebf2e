// Package store keeps the facts in Postgres: schema, queries and the pool. It
// holds no rule; package engine does.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib" // goose runs over database/sql
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"
)

//go:generate sqlc generate -f sqlc.yaml

//go:embed migrations/*.sql
var migrations embed.FS

// connections of one process, unless the address says pool_max_conns: as many as
// a worker has activities and senders at once, whatever the machine's cores.
const connections = 24

// Option of a pool.
type Option func(*pgxpool.Config)

// Traced lets t hear of each statement; nil hears of none.
func Traced(t pgx.QueryTracer) Option {
	return func(c *pgxpool.Config) { c.ConnConfig.Tracer = t }
}

// Open connects to the database at url and checks that its schema is the one
// this binary was built for.
func Open(ctx context.Context, url string, options ...Option) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("database address: %w", err)
	}
	if !strings.Contains(url, "pool_max_conns") {
		config.MaxConns = connections
	}
	config.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		pgxuuid.Register(conn.TypeMap()) // as 16 bytes, not by way of a text
		return nil
	}
	for _, o := range options {
		o(config)
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("database address: %w", err)
	}
	if err := Check(ctx, pool); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

// ErrNotMigrated means that the database is empty or behind: run migrate.
var ErrNotMigrated = errors.New("the database is not migrated to this version: run thidua migrate")

// Check tells whether the database answers and has the schema that this binary needs.
func Check(ctx context.Context, pool *pgxpool.Pool) error {
	var version int64
	err := pool.QueryRow(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version`).Scan(&version)
	var pgErr *pgconn.PgError
	switch {
	case errors.As(err, &pgErr) && pgErr.Code == "42P01": // no such table
		return ErrNotMigrated
	case err != nil:
		return fmt.Errorf("database: %w", err)
	}
	want, err := newest()
	if err != nil {
		return err
	}
	if version < want {
		return ErrNotMigrated
	}
	return nil
}

func newest() (int64, error) {
	entries, err := fs.ReadDir(migrations, "migrations")
	if err != nil {
		return 0, err
	}
	var version int64
	for _, e := range entries {
		v, err := goose.NumericComponent(e.Name())
		if err != nil {
			return 0, err
		}
		version = max(version, v)
	}
	return version, nil
}

// Migrate brings the schema up to date. An advisory lock lets several callers
// try at once.
func Migrate(ctx context.Context, url string) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return fmt.Errorf("database address: %w", err)
	}
	defer db.Close()
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, dir, goose.WithSessionLocker(locker))
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	return nil
}
