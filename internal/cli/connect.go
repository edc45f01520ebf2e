package cli

import (
	"context"
	"path/filepath"

	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/pgcluster"
	"thidua.dev/thidua/internal/standalone"
	"thidua.dev/thidua/internal/store"
)

// open connects to the installation's facts: the database given, or the private
// one of the data directory, which runs for as long as somebody uses it. Verbs
// that declare may create the installation.
func (a *app) open(ctx context.Context, options ...standalone.ConnectOption) (*engine.Engine, func(), error) {
	url, stop, err := a.database(ctx, options...)
	if err != nil {
		return nil, nil, err
	}
	pool, err := store.Open(ctx, url)
	if err != nil {
		stop()
		return nil, nil, err
	}
	return engine.New(pool, a.log()), func() { pool.Close(); stop() }, nil
}

func (a *app) database(ctx context.Context, options ...standalone.ConnectOption) (url string, stop func(), err error) {
	url, stop, err = standalone.Connect(ctx, a.dataDir, a.databaseURL, options...)
	return url, stop, forPeople(err)
}

// databaseRuns tells whether a database can be asked without starting one.
func (a *app) databaseRuns() bool {
	return a.databaseURL != "" || pgcluster.Running(filepath.Join(a.dataDir, "postgres"))
}
