package cli

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/evidence"
	"thidua.dev/thidua/internal/httpapi"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/pgcluster"
	"thidua.dev/thidua/internal/store"
	"thidua.dev/thidua/internal/verify"
)

// The scripts run the command line as people do, as a process of its own, each
// on a database of its own on a real Postgres.

func TestMain(m *testing.M) {
	testscript.Main(withPostgres{m}, map[string]func(){
		"thidua": func() { os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, printRunner{})) },
	})
}

const templateDB = "thidua_template"

var cluster *pgcluster.Cluster

// withPostgres runs the tests beside a private cluster.
type withPostgres struct{ m *testing.M }

func (w withPostgres) Run() int {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "thidua-cli-")
	if err != nil {
		return complain(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil { // the server runs as another user under root
		return complain(err)
	}
	cluster, err = pgcluster.Start(ctx, pgcluster.Options{Dir: filepath.Join(dir, "postgres"), Volatile: true})
	if err != nil {
		return complain(err)
	}
	defer cluster.Stop(ctx)
	if err := cluster.EnsureDatabase(ctx, templateDB); err != nil {
		return complain(err)
	}
	if err := store.Migrate(ctx, cluster.URL(templateDB)); err != nil {
		return complain(err)
	}
	return w.m.Run()
}

func complain(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// TestScripts runs every script on the facts themselves, and again through the API
// of a server on the same facts: one answers as the other does.
func TestScripts(t *testing.T) {
	for name, server := range map[string]bool{"database": false, "server": true} {
		t.Run(name, func(t *testing.T) {
			testscript.Run(t, testscript.Params{
				Dir:                 "testdata/script",
				RequireExplicitExec: true,
				UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
				Setup:               func(env *testscript.Env) error { return setup(env, server) },
				Condition: func(condition string) (bool, error) {
					if condition != "server" {
						return false, fmt.Errorf("unknown condition %q", condition)
					}
					return server, nil
				},
				Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
					"exits": exits, "refused": refused, "misused": misused, "sparse": sparse, "clock": moveClock, "edit": edit, "process": process,
				},
			})
		})
	}
}

var databases atomic.Int64

// setup gives a script an empty database, or a server on one with an operator's
// token, and in demo a campaign of five units.
func setup(env *testscript.Env, server bool) error {
	ctx := context.Background()
	name := fmt.Sprintf("script_%d", databases.Add(1))
	conn, err := pgx.Connect(ctx, cluster.URL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, templateDB)); err != nil {
		return err
	}
	env.Setenv("SCRIPT_DATABASE", cluster.URL(name))
	env.Setenv("THIDUA_DATA", filepath.Join(env.WorkDir, "nothing-here"))
	if server {
		if err := serve(ctx, env, cluster.URL(name)); err != nil {
			return err
		}
	} else {
		env.Setenv("THIDUA_DATABASE_URL", cluster.URL(name))
		p := runProcess(http.NotFoundHandler())
		env.Values[runningKey{}] = p
		env.Defer(p.server.Close)
	}
	demo := filepath.Join(env.WorkDir, "demo")
	return os.CopyFS(demo, os.DirFS("testdata/fixture"))
}

// serve gives a script a server of its own.
func serve(ctx context.Context, env *testscript.Env, database string) error {
	pool, err := store.Open(ctx, database)
	if err != nil {
		return err
	}
	env.Defer(pool.Close)
	e := engine.New(pool, slog.New(slog.DiscardHandler))
	_, secret, err := e.IssueToken(ctx, engine.By(operator(), ""), engine.Grant{Name: operator().Name, Role: auth.Operator, ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		return err
	}
	files := evidence.New(filepath.Join(env.WorkDir, "nothing-here", "files"))
	p := runProcess(httpapi.New(httpapi.Options{Engine: e, Look: look.New(pool), Files: files, Verify: verify.New(pool, files)}))
	env.Values[runningKey{}] = p
	env.Defer(p.server.Close)
	env.Setenv("THIDUA_SERVER", p.server.URL)
	env.Setenv("THIDUA_TOKEN", secret)
	return nil
}

// databaseURL of a script.
func databaseURL(ts *testscript.TestScript) string { return ts.Getenv("SCRIPT_DATABASE") }

func oneLineOf(ts *testscript.TestScript) string {
	text := strings.TrimRight(ts.ReadFile("stderr"), "\n")
	if strings.Contains(text, "\n") || text == "" {
		ts.Fatalf("expected one line on stderr, got:\n%s", text)
	}
	return text
}
