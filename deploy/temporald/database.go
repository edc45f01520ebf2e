package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/iancoleman/strcase"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
)

// The two databases of a Temporal server, by their usual names.
const (
	mainDatabase       = "temporal"
	visibilityDatabase = "temporal_visibility"
)

const (
	connectTimeout = 10 * time.Second
	// visibilityConns is small: only listings and one write per change of a
	// workflow's state go there.
	visibilityConns = 3
)

// Postgres error codes.
const (
	cannotConnectNow  = "57P03" // starting up, shutting down, recovering
	duplicateDatabase = "42P04"
)

// database opens connections to the server that --database-url names.
type database struct {
	base pgx.ConnConfig
}

func newDatabase(url string) (*database, error) {
	c, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	if c.ConnectTimeout == 0 || c.ConnectTimeout > connectTimeout {
		c.ConnectTimeout = connectTimeout
	}
	return &database{base: *c}, nil
}

// address names the server in messages.
func (d *database) address() string {
	return net.JoinHostPort(d.base.Host, strconv.Itoa(int(d.base.Port)))
}

// config is for connections to the named database; "" is the one in the URL.
func (d *database) config(name string) *pgx.ConnConfig {
	c := d.base.Copy()
	if name != "" {
		c.Database = name
	}
	return c
}

// connect opens one connection. It waits for a server that is starting up or
// recovering from a crash, and for nothing else.
func (d *database) connect(ctx context.Context, name string) (*pgx.Conn, error) {
	for {
		conn, err := pgx.ConnectConfig(ctx, d.config(name))
		if err == nil {
			return conn, nil
		}
		if !hasCode(err, cannotConnectNow) {
			return nil, fmt.Errorf("database server %s: %w", d.address(), rootCause(err))
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return nil, fmt.Errorf("database server %s is still starting up: %w", d.address(), err)
		}
	}
}

// create makes the named databases that are missing.
func (d *database) create(ctx context.Context, names ...string) error {
	conn, err := d.connect(ctx, "")
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, name := range names {
		var found bool
		err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&found)
		if err != nil {
			return fmt.Errorf("looking for database %s: %w", name, err)
		}
		if found {
			continue
		}
		_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
		if err != nil && !hasCode(err, duplicateDatabase) {
			return fmt.Errorf("creating database %s: %w", name, err)
		}
	}
	return nil
}

// store is how Temporal reaches one of its databases. Temporal would build a
// URL of its own from the parts and mangle users and passwords with special
// characters on the way; handing it ready connections avoids that.
func (d *database) store(name string, maxConns int) *config.SQL {
	return &config.SQL{
		PluginName:      postgresql.PluginNamePGX,
		DatabaseName:    name,
		ConnectAddr:     d.address(),
		ConnectProtocol: "tcp",
		Connect: func(*config.SQL) (*sqlx.DB, error) {
			connector := stdlib.GetConnector(*d.config(name), stdlib.OptionAfterConnect(durationAsInt8))
			db := sqlx.NewDb(sql.OpenDB(connector), "pgx")
			db.MapperFunc(strcase.ToSnake) // Temporal's rows have no db tags
			db.SetMaxOpenConns(maxConns)
			db.SetMaxIdleConns(maxConns)
			db.SetConnMaxIdleTime(5 * time.Minute)
			if err := db.PingContext(context.Background()); err != nil {
				return nil, errors.Join(err, db.Close())
			}
			return db, nil
		},
	}
}

// durationAsInt8 repeats what Temporal's own connections do: durations are
// stored as bigint nanoseconds, never as interval.
func durationAsInt8(_ context.Context, conn *pgx.Conn) error {
	conn.TypeMap().RegisterDefaultPgType(time.Duration(0), "int8")
	conn.TypeMap().RegisterDefaultPgType((*time.Duration)(nil), "int8")
	return nil
}

func hasCode(err error, code string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == code
}

// rootCause is the last error of a chain: "connection refused" says it all
// where the chain repeats host and user three times.
func rootCause(err error) error {
	for {
		switch e := err.(type) { //nolint:errorlint // it walks the chain itself
		case interface{ Unwrap() error }:
			next := e.Unwrap()
			if next == nil {
				return err
			}
			err = next
		case interface{ Unwrap() []error }:
			all := e.Unwrap()
			if len(all) == 0 {
				return err
			}
			err = all[len(all)-1]
		default:
			return err
		}
	}
}

// sleep waits for d, or for the end of ctx, which it reports.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
