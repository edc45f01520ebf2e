package standalone

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"thidua.dev/thidua/internal/pgcluster"
	"thidua.dev/thidua/internal/store"
)

// ConnectOption changes what Connect does.
type ConnectOption int

// Create lets Connect make the installation that is not there yet.
const Create ConnectOption = 1

const (
	// releaseTimeout bounds how long a command waits for PostgreSQL's end.
	releaseTimeout = time.Minute
	// restartWait is how long a command waits for the PostgreSQL of an `up`
	// that is about to start it again.
	restartWait = 30 * time.Second
)

// Connect finds the engine's database for a command: the one at databaseURL,
// or the data directory's private PostgreSQL, which is started when it does
// not run. stop gives it up, and ends it when commands alone have started and
// used it: never that of an `up`, nor under another command.
func Connect(ctx context.Context, dataDir, databaseURL string, options ...ConnectOption) (url string, stop func(), err error) {
	if databaseURL != "" {
		if _, err := checkDatabase(ctx, databaseURL); err != nil {
			return "", nil, err
		}
		return databaseURL, func() {}, nil
	}
	if dataDir == "" {
		dataDir = DefaultDataDir()
	}
	create := slices.Contains(options, Create)
	dirs, err := openDataDir(dataDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", nil, err
	}
	if !create && !pgcluster.Exists(dirs.postgres()) {
		return "", nil, fmt.Errorf("there is no installation in %s: run `thidua up`, name its place with --data-dir or THIDUA_DATA, or give --database-url", dirs.root)
	}
	c, err := borrowPostgres(ctx, dirs)
	if err != nil {
		return "", nil, err
	}
	stop = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
		defer cancel()
		if err := c.Release(ctx); err != nil {
			slog.WarnContext(ctx, "private PostgreSQL not released", "error", err)
		}
	}
	if create {
		err = ensureInstalled(ctx, c)
	}
	if err != nil {
		stop()
		return "", nil, err
	}
	return c.URL(database), stop, nil
}

func borrowPostgres(ctx context.Context, dirs layout) (*pgcluster.Cluster, error) {
	if !pgcluster.Running(dirs.postgres()) {
		prepared, err := prepareDataDir(dirs.root)
		if err != nil {
			return nil, err
		}
		dirs = prepared
		if err := awaitUp(ctx, dirs); err != nil {
			return nil, err
		}
	}
	if !pgcluster.Running(dirs.postgres()) {
		if err := checkSpace(dirs.root, minFree); err != nil {
			return nil, err
		}
	}
	last, err := readPorts(dirs.ports())
	if err != nil {
		slog.WarnContext(ctx, "recorded ports are not readable, choosing another", "error", err)
	}
	return startPostgres(ctx, dirs, last.Postgres, true)
}

// awaitUp leaves starting to an `up` that runs. One whose PostgreSQL does not
// appear is not ours to see, in another container perhaps, and a second server
// on its data would destroy them.
func awaitUp(ctx context.Context, dirs layout) error {
	timer := time.NewTimer(restartWait)
	defer timer.Stop()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		pid, ok := runningUp(dirs)
		if !ok || pgcluster.Running(dirs.postgres()) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			return fmt.Errorf("thidua up (pid %s) runs on %s, but its PostgreSQL is not to be seen from here: run this where up runs, or give --database-url", pid, dirs.root)
		case <-tick.C:
		}
	}
}

// ensureInstalled makes the engine's database when there is none. One that is
// there is left as it is: bringing it up to date under a running `up` of
// another version is nothing to do in passing.
func ensureInstalled(ctx context.Context, c *pgcluster.Cluster) error {
	if err := c.EnsureDatabase(ctx, database); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, c.URL(database))
	if err != nil {
		return fmt.Errorf("connect to the private PostgreSQL: %w", err)
	}
	defer conn.Close(ctx)
	var empty bool
	if err := conn.QueryRow(ctx, `SELECT to_regclass('goose_db_version') IS NULL`).Scan(&empty); err != nil {
		return fmt.Errorf("look at the private database: %w", err)
	}
	if !empty {
		return nil
	}
	return store.Migrate(ctx, c.URL(database))
}
