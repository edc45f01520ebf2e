// Package storetest gives each test a database of its own on a real Postgres
// that the test binary starts and ends itself.
package storetest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"thidua.dev/thidua/internal/pgcluster"
	"thidua.dev/thidua/internal/store"
)

var (
	cluster *pgcluster.Cluster
	serial  atomic.Int64
)

const template = "thidua_template"

// Main starts a private cluster, migrates one template database, runs the
// tests and ends the cluster. Call it from TestMain.
func Main(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) (code int) {
	ctx := context.Background()
	var end func(context.Context) error
	var err error
	if cluster, end, err = pgcluster.Scratch(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := end(ctx); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}()
	if err := cluster.EnsureDatabase(ctx, template); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := store.Migrate(ctx, cluster.URL(template)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// Cluster that the tests share.
func Cluster() *pgcluster.Cluster { return cluster }

// New clones the template database for one test and returns its address.
func New(t testing.TB) string {
	t.Helper()
	if cluster == nil {
		t.Fatal("storetest: TestMain does not call storetest.Main")
	}
	ctx := context.Background()
	name := fmt.Sprintf("t%d_%s", serial.Add(1), strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(t.Name())))
	name = name[:min(len(name), 60)]
	conn, err := pgx.Connect(ctx, cluster.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", pgx.Identifier{name}.Sanitize(), template)); err != nil {
		t.Fatal(err)
	}
	return cluster.URL(name)
}

// Pool is New with a pool that ends with the test.
func Pool(t testing.TB) *pgxpool.Pool {
	t.Helper()
	pool, err := store.Open(context.Background(), New(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}
