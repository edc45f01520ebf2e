package cli

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/evidence"
	"thidua.dev/thidua/internal/httpapi/client"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/pgcluster"
	"thidua.dev/thidua/internal/standalone"
	"thidua.dev/thidua/internal/store"
	"thidua.dev/thidua/internal/verify"
)

// open connects to the installation: the API of the server given, the database
// given, or the private one of the data directory, which runs for as long as
// somebody uses it. Verbs that declare may create the installation.
func (a *app) open(ctx context.Context, options ...standalone.ConnectOption) (installation, func(), error) {
	if a.remote() {
		c, err := a.connect()
		if err != nil {
			return nil, nil, err
		}
		return remote{c}, c.Close, nil
	}
	url, stop, err := a.database(ctx, options...)
	if err != nil {
		return nil, nil, err
	}
	pool, err := store.Open(ctx, url)
	if err != nil {
		stop()
		return nil, nil, err
	}
	files := a.place("").Files()
	return local{engine.New(pool, a.log()), look.New(pool), verify.New(pool, files), files}, func() { pool.Close(); stop() }, nil
}

// database of an installation on this machine, for verbs that run or make one.
func (a *app) database(ctx context.Context, options ...standalone.ConnectOption) (url string, stop func(), err error) {
	url, stop, err = standalone.Connect(ctx, a.dataDir, a.databaseURL, options...)
	return url, stop, forPeople(err)
}

// connect makes a client of the server.
func (a *app) connect() (*client.Client, error) {
	if a.given("database-url") || a.given("data-dir") {
		return nil, misuse("--server and --database-url or --data-dir name two installations: give one")
	}
	token := os.Getenv("THIDUA_TOKEN")
	if a.tokenFile != "" {
		b, err := os.ReadFile(a.tokenFile)
		if err != nil {
			return nil, err
		}
		token = strings.TrimSpace(string(b))
	}
	if token == "" {
		return nil, misuse("--server %s asks who calls: put a personal token into THIDUA_TOKEN, or into a file that --token-file names", a.server)
	}
	c, err := client.New(a.server, token)
	if err != nil {
		return nil, misuse("--server: %v", err)
	}
	if u, err := url.Parse(a.server); err == nil && u.Scheme == "http" && !loopback(u.Hostname()) {
		fmt.Fprintf(a.err, "warning: %s is not encrypted: whoever listens reads the token; use https\n", a.server)
	}
	return c, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// findScanner looks at what files are to be scanned by. It is asked when a file comes:
// reports without files don't wait for it.
func (a *app) findScanner() error {
	if a.clamdAddr == "" {
		return nil
	}
	clamd, err := evidence.NewClamd(a.clamdAddr)
	if err != nil {
		return misuse("--clamd-addr: %v", err)
	}
	a.scanner = clamd
	return nil
}

// remote tells that the installation is reached through a server. A flag that names
// another one counts for more than THIDUA_SERVER.
func (a *app) remote() bool {
	return a.server != "" && (a.given("server") || !a.given("database-url") && !a.given("data-dir"))
}

// given tells that a flag stands on the command line.
func (a *app) given(flag string) bool { return a.flags != nil && a.flags.Changed(flag) }

// answers tells whether there is an installation that can be asked without starting
// one.
func (a *app) answers() bool {
	return a.remote() || a.databaseURL != "" || pgcluster.Running(filepath.Join(a.dataDir, "postgres"))
}

// hereOnly refuses a server where it would be ignored.
func (a *app) hereOnly() error {
	if !a.remote() {
		return nil
	}
	return misuse("this verb works on the machine of the installation itself, not through %s: leave --server and THIDUA_SERVER out", a.server)
}
