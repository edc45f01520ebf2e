package standalone

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"thidua.dev/thidua/internal/pgcluster"
	"thidua.dev/thidua/internal/store"
)

// answerTimeout is how long a database of somebody else may take to answer.
const answerTimeout = 10 * time.Second

// volatile trades safety for speed; only tests set it.
var volatile bool

// startPostgres starts or adopts the private PostgreSQL, on the recorded port
// if that is free.
func startPostgres(ctx context.Context, dirs layout, port int, temporary bool) (*pgcluster.Cluster, error) {
	if !pgcluster.Running(dirs.postgres()) && !free(port) {
		var err error
		if port, err = randomPort(0); err != nil {
			return nil, err
		}
	}
	return pgcluster.Start(ctx, pgcluster.Options{Dir: dirs.postgres(), Port: port, Temporary: temporary, Volatile: volatile})
}

// ensureDatabase makes the engine's database, up to date.
func ensureDatabase(ctx context.Context, c *pgcluster.Cluster) error {
	if err := c.EnsureDatabase(ctx, database); err != nil {
		return err
	}
	return store.Migrate(ctx, c.URL(database))
}

// useDatabase checks that a database of somebody else answers and brings it
// up to date.
func (a *App) useDatabase(ctx context.Context) error {
	at, err := checkDatabase(ctx, a.opt.DatabaseURL)
	if err != nil {
		return err
	}
	if err := store.Migrate(ctx, a.opt.DatabaseURL); err != nil {
		return err
	}
	a.databaseURL, a.serverURL = a.opt.DatabaseURL, a.opt.DatabaseURL
	a.opt.Progress("database at " + at + " ready")
	return nil
}

// checkDatabase connects once. Its error names the place, never the password.
func checkDatabase(ctx context.Context, url string) (at string, _ error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return "", fmt.Errorf("--database-url: %w", err)
	}
	at = fmt.Sprintf("%s:%d", config.Host, config.Port)
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return "", fmt.Errorf("--database-url: the database %s at %s does not answer: %w", config.Database, at, plainly(err))
	}
	return at, conn.Close(ctx)
}

// plainly says why a connection failed; pgx repeats host and user for every
// address that it tried, on several lines.
func plainly(err error) error {
	var pg *pgconn.PgError
	var sys syscall.Errno
	var name *net.DNSError
	switch {
	case errors.As(err, &pg):
		return errors.New(pg.Message)
	case errors.As(err, &sys):
		return sys
	case errors.As(err, &name):
		return name
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return errors.New("timeout")
	}
	return errors.New(strings.Join(strings.Fields(err.Error()), " "))
}
