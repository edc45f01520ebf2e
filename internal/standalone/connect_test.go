package standalone

import (
	"strings"
	"sync"
	"testing"
	"time"

	"thidua.dev/thidua/internal/pgcluster"
)

func borrow(t *testing.T, dir string, options ...ConnectOption) (url string, stop func()) {
	t.Helper()
	began := time.Now()
	url, stop, err := Connect(t.Context(), dir, "", options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("connected after %s", time.Since(began).Round(time.Millisecond))
	return url, stop
}

func TestConnect(t *testing.T) {
	dir := newDir(t)
	pg := (layout{dir}).postgres()
	_, _, err := Connect(t.Context(), dir, "")
	if want := "there is no installation in " + dir + ": run `thidua up`, name its place"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Fatalf("got %v", err)
	}
	if pgcluster.Exists(pg) {
		t.Error("something was made")
	}

	url, end := borrow(t, dir, Create)
	execSQL(t, url, "SELECT FROM campaign") // migrated
	end()
	if pgcluster.Running(pg) {
		t.Error("runs after the command")
	}
	_, end = borrow(t, dir)
	// An up that comes meanwhile keeps what the command started.
	up := start(t, Options{DataDir: dir, NoTemporal: true})
	end()
	execSQL(t, up.DatabaseURL(), "SELECT 1")
	// A command beside it.
	url, end = borrow(t, dir)
	if url != up.DatabaseURL() {
		t.Error("another database")
	}
	end()
	end()
	execSQL(t, up.DatabaseURL(), "SELECT 1")
	url, end, err = Connect(t.Context(), "/nowhere", up.DatabaseURL())
	if err != nil || url != up.DatabaseURL() {
		t.Fatalf("with an address: %s, %v", url, err)
	}
	end()
	execSQL(t, url, "SELECT 1")
	stop(t, up)
	if pgcluster.Running(pg) {
		t.Error("runs after up")
	}
	if _, _, err := Connect(t.Context(), dir, url); err == nil || !strings.Contains(err.Error(), "does not answer: connection refused") {
		t.Errorf("got %v", err)
	}
}

func TestCommandsAtOnce(t *testing.T) {
	dir := newDir(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			url, end, err := Connect(t.Context(), dir, "", Create)
			if err != nil {
				t.Error(err)
				return
			}
			defer end()
			if _, err := checkDatabase(t.Context(), url); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if pgcluster.Running((layout{dir}).postgres()) {
		t.Error("runs after the last command")
	}
}

// Create leaves the schema of an existing installation alone.
func TestCreateDoesNotMigrateAgain(t *testing.T) {
	dir := newDir(t)
	url, end := borrow(t, dir, Create)
	execSQL(t, url, "DELETE FROM goose_db_version WHERE version_id > 0")
	end()
	_, end = borrow(t, dir, Create)
	end()
}
