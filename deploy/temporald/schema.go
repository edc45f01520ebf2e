package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/tools/common/schema"
)

// schemas says which of the schemas that Temporal embeds belongs where.
var schemas = []struct{ database, name string }{
	{mainDatabase, "postgresql/v12/temporal"},
	{visibilityDatabase, "postgresql/v12/visibility"},
}

// ensureSchemas makes both databases and brings their schemas to the version
// of the server inside. On current databases it changes nothing.
func ensureSchemas(ctx context.Context, db *database, logger log.Logger) error {
	for _, s := range schemas {
		if err := db.create(ctx, s.database); err != nil {
			return err
		}
		if err := ensureSchema(ctx, db, s.database, s.name, logger); err != nil {
			return fmt.Errorf("schema of database %s: %w", s.database, err)
		}
	}
	return nil
}

func ensureSchema(ctx context.Context, db *database, name, schemaName string, logger log.Logger) (err error) {
	conn, err := db.connect(ctx, name)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback(ctx))
		}
	}()
	// Two that start at once take turns.
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(lockKey)+1); err != nil {
		return err
	}
	t := &schemaTx{ctx: ctx, tx: tx, database: name}
	fresh, err := t.isFresh()
	if err != nil {
		return err
	}
	if fresh {
		setup := schema.NewSetupSchemaTask(t, &schema.SetupConfig{InitialVersion: "0.0"}, logger)
		if err := setup.Run(); err != nil {
			return err
		}
	}
	update := schema.NewUpdateSchemaTask(t, &schema.UpdateConfig{DBName: name, SchemaName: schemaName}, logger)
	if err := update.Run(); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// schemaTx runs Temporal's schema steps in one transaction. Temporal's own
// tool commits statement by statement, and a process killed in the middle
// leaves a database that its next run cannot finish ("duplicate key", "index
// does not exist"). In one transaction there is nothing half done to find.
type schemaTx struct {
	ctx      context.Context //nolint:containedctx // of the transaction; the schema tool's interface passes none
	tx       pgx.Tx
	database string
}

var _ schema.DB = (*schemaTx)(nil)

func (t *schemaTx) isFresh() (bool, error) {
	var fresh bool
	err := t.tx.QueryRow(t.ctx, "SELECT to_regclass('schema_version') IS NULL").Scan(&fresh)
	return fresh, err
}

// Exec runs one statement of a schema file. A savepoint keeps the transaction
// usable when the caller forgives an object that already exists.
// CONCURRENTLY is dropped: it cannot be part of a transaction, and nobody
// else uses the tables now.
func (t *schemaTx) Exec(stmt string, args ...any) error {
	stmt = strings.Replace(stmt, "INDEX CONCURRENTLY ", "INDEX ", 1)
	savepoint, err := t.tx.Begin(t.ctx)
	if err != nil {
		return err
	}
	if _, err := savepoint.Exec(t.ctx, stmt, args...); err != nil {
		return errors.Join(err, savepoint.Rollback(t.ctx))
	}
	return savepoint.Commit(t.ctx)
}

// CreateSchemaVersionTables makes the tables the other methods use, exactly
// as Temporal's tool does, so that the tool still works on the database.
func (t *schemaTx) CreateSchemaVersionTables() error {
	if err := t.Exec(`CREATE TABLE schema_version (
		version_partition INT NOT NULL,
		db_name VARCHAR(255) NOT NULL,
		creation_time TIMESTAMP,
		curr_version VARCHAR(64),
		min_compatible_version VARCHAR(64),
		PRIMARY KEY (version_partition, db_name))`); err != nil {
		return err
	}
	return t.Exec(`CREATE TABLE schema_update_history (
		version_partition INT NOT NULL,
		year INT NOT NULL,
		month INT NOT NULL,
		update_time TIMESTAMP NOT NULL,
		description VARCHAR(255),
		manifest_md5 VARCHAR(64),
		new_version VARCHAR(64),
		old_version VARCHAR(64),
		PRIMARY KEY (version_partition, year, month, update_time))`)
}

// ReadSchemaVersion returns the version the database is at.
func (t *schemaTx) ReadSchemaVersion() (string, error) {
	var v string
	err := t.tx.QueryRow(t.ctx,
		"SELECT curr_version FROM schema_version WHERE version_partition = 0 AND db_name = $1", t.database).Scan(&v)
	return v, err
}

// UpdateSchemaVersion records the version the database is at now.
func (t *schemaTx) UpdateSchemaVersion(version, minCompatible string) error {
	return t.Exec(`INSERT INTO schema_version
		(version_partition, db_name, creation_time, curr_version, min_compatible_version)
		VALUES (0, $1, $2, $3, $4)
		ON CONFLICT (version_partition, db_name) DO UPDATE SET
			creation_time = excluded.creation_time,
			curr_version = excluded.curr_version,
			min_compatible_version = excluded.min_compatible_version`,
		t.database, time.Now().UTC(), version, minCompatible)
}

// WriteSchemaUpdateLog adds a line to the schema's history.
func (t *schemaTx) WriteSchemaUpdateLog(oldVersion, newVersion, manifestMD5, description string) error {
	now := time.Now().UTC()
	return t.Exec(`INSERT INTO schema_update_history
		(version_partition, year, month, update_time, old_version, new_version, manifest_md5, description)
		VALUES (0, $1, $2, $3, $4, $5, $6, $7)`,
		now.Year(), int(now.Month()), now, oldVersion, newVersion, manifestMD5, description)
}

// DropAllTables is for a flag of Temporal's tool that temporald does not have.
func (t *schemaTx) DropAllTables() error { return errors.ErrUnsupported }

// Type names the kind of database in Temporal's messages.
func (t *schemaTx) Type() string { return "sql" }

// Close leaves the transaction to its owner.
func (t *schemaTx) Close() {}
