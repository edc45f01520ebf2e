package cli

import (
	"context"
	"os"

	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/store"
)

// open connects to the installation's facts: the database given, or the private
// one of the data directory, which is started for as long as the verb runs.
func (a *app) open(ctx context.Context) (*engine.Engine, func(), error) {
	url, stop, err := a.database(ctx)
	if err != nil {
		return nil, nil, forPeople(err)
	}
	pool, err := store.Open(ctx, url)
	if err != nil {
		stop()
		return nil, nil, err
	}
	return engine.New(pool, a.log()), func() { pool.Close(); stop() }, nil
}

func (a *app) database(ctx context.Context) (url string, stop func(), err error) {
	if a.databaseURL != "" {
		return a.databaseURL, func() {}, nil
	}
	_ = os.Stderr
	return "", nil, fail("no database: give --database-url, or set THIDUA_DATABASE_URL")
}
