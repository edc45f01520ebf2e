// Package looktest gives tests campaigns to look at: the example of 2021 brought
// to an instant by the engine itself, and a campaign of the whole country.
package looktest

import (
	"context"
	_ "embed"
	"log/slog"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/rehearse"
	"thidua.dev/thidua/internal/store"
	"thidua.dev/thidua/internal/store/storetest"
)

// Name of the campaign that Seed and Country make.
const Name = "covid-2021"

// Zone is the campaign's time zone.
var Zone = func() *time.Location {
	loc, err := time.LoadLocation("Asia/Ho_Chi_Minh")
	if err != nil {
		panic(err)
	}
	return loc
}()

// Instants of the example at which there is something to see.
var (
	// Declared is before the launch.
	Declared = time.Date(2021, 9, 1, 0, 0, 0, 0, Zone)
	// Chased is when two units are late and letters wait to be signed.
	Chased = time.Date(2021, 10, 20, 12, 0, 0, 0, Zone)
	// Nominated is after the final review, before the decision.
	Nominated = time.Date(2022, 4, 1, 0, 0, 0, 0, Zone)
	// Over is when the campaign is closed.
	Over = time.Date(2024, 1, 1, 0, 0, 0, 0, Zone)
)

// Seed brings the example of 2021 to an instant, on a database of the caller's own.
func Seed(t testing.TB, until time.Time) *pgxpool.Pool {
	t.Helper()
	pool := storetest.Pool(t)
	Rehearse(t, pool, until)
	return pool
}

var (
	mu   sync.Mutex
	urls = map[string]string{}
)

// SharedSeed is Seed for tests that only read: one database for all of them.
func SharedSeed(t testing.TB, until time.Time) *pgxpool.Pool {
	t.Helper()
	return shared(t, until.String(), func(pool *pgxpool.Pool) { Rehearse(t, pool, until) })
}

func shared(t testing.TB, key string, fill func(*pgxpool.Pool)) *pgxpool.Pool {
	t.Helper()
	mu.Lock()
	defer mu.Unlock()
	url, made := urls[key]
	if !made {
		url = storetest.New(t)
		urls[key] = url
	}
	pool, err := store.Open(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if !made {
		fill(pool)
	}
	return pool
}

// Rehearse runs the example of 2021 on a database until business time would pass
// an instant.
func Rehearse(t testing.TB, pool *pgxpool.Pool, until time.Time) *rehearse.Result {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	dir := filepath.Join(filepath.Dir(file), "../../../examples/seed-2021")
	set, err := manifest.Load([]string{dir}, nil)
	if err != nil {
		t.Fatal(err)
	}
	simulation, err := rehearse.LoadSimulation(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	result, err := rehearse.Run(ctx, rehearse.Options{
		Pool: pool, Set: set, Campaign: Name, Simulation: simulation, Log: slog.New(slog.DiscardHandler),
		Progress: func(_, to time.Time) {
			if to.After(until) {
				stop()
			}
		},
	})
	if err != nil && ctx.Err() == nil {
		t.Fatal(err)
	}
	return result
}

//go:embed country.sql
var country string

// Units of the country of 2021: 63 provinces, 705 districts, 10,599 communes.
const Units = 11367

// Country is a campaign of the whole country, in its fourth round, with the
// ledger of the first three. Tests only read it.
func Country(t testing.TB) *pgxpool.Pool {
	t.Helper()
	return shared(t, "country", func(pool *pgxpool.Pool) {
		if _, err := pool.Exec(context.Background(), country); err != nil {
			t.Fatal(err)
		}
	})
}
