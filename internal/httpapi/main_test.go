package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/evidence"
	"thidua.dev/thidua/internal/httpapi"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/look/looktest"
	"thidua.dev/thidua/internal/store/storetest"
	"thidua.dev/thidua/internal/verify"
)

func TestMain(m *testing.M) { storetest.Main(m) }

const (
	campaign = looktest.Name
	unit     = "STTTT-12" // owes October's report
	other    = "STTTT-04"
	office   = "BTTTT-TDKT"
	round    = "monthly/2021-10"
)

// server is the API over the example of 2021, while two units are chased.
type server struct {
	*httptest.Server
	t      *testing.T
	pool   *pgxpool.Pool
	engine *engine.Engine
	app    *httpapi.App
	files  string
	scans  scanner
}

// scanner says of every file what a test lets it say.
type scanner struct{ says error }

func (s *scanner) Scan(context.Context, io.Reader) error { return s.says }

var operator = auth.Actor{Name: "root", Role: auth.Operator}

func serve(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, pool: looktest.Seed(t, looktest.Chased), files: filepath.Join(t.TempDir(), "files")}
	s.engine = engine.New(s.pool, nil)
	s.app = httpapi.New(httpapi.Options{Engine: s.engine, Look: look.New(s.pool), Files: evidence.New(s.files).Scanned(&s.scans), Verify: verify.New(s.pool, evidence.New(s.files))})
	s.Server = httptest.NewServer(s.app)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// token makes a token and returns its secret.
func (s *server) token(g engine.Grant) string {
	s.t.Helper()
	if g.Name == "" {
		g.Name = "x"
	}
	g.ExpiresAt = time.Now().Add(time.Hour)
	_, secret, err := s.engine.IssueToken(context.Background(), engine.By(operator, ""), g)
	s.ok(err)
	return secret
}

// unconsolidated lets October's consolidation be owed still; the example's body was quick.
func (s *server) unconsolidated() {
	s.t.Helper()
	tag, err := s.pool.Exec(context.Background(), `UPDATE obligation SET state = 'Owing', received_at = NULL, settled_at = NULL WHERE kind = 'Consolidation' AND subject = $1`, round)
	s.ok(err)
	if tag.RowsAffected() != 1 {
		s.t.Fatalf("%d consolidations", tag.RowsAffected())
	}
}

// answer of the API.
type answer struct {
	*http.Response
	body []byte
}

// into reads a JSON answer.
func (a answer) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
}

// code is the stable word of a problem.
func (a answer) code() string {
	var p struct{ Type string }
	_ = json.Unmarshal(a.body, &p)
	return strings.TrimPrefix(p.Type, "urn:thidua:problem:")
}

func (s *server) do(method, path, secret, body string, headers ...string) answer {
	s.t.Helper()
	request, err := http.NewRequest(method, s.URL+path, bytes.NewReader([]byte(body)))
	s.ok(err)
	if secret != "" {
		request.Header.Set("Authorization", "Bearer "+secret)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	s.ok(err)
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	s.ok(err)
	if response.StatusCode >= 400 && !strings.HasPrefix(response.Header.Get("Content-Type"), "application/problem+json") {
		s.t.Errorf("%s %s answers %d as %q", method, path, response.StatusCode, response.Header.Get("Content-Type"))
	}
	return answer{response, b}
}

// facts is a digest of everything in the database.
func (s *server) facts() string {
	s.t.Helper()
	ctx := context.Background()
	rows, err := s.pool.Query(ctx, `SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`)
	s.ok(err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	s.ok(err)
	var all strings.Builder
	for _, table := range tables {
		row := "x::text"
		if table == "token" {
			row = "(x.id, x.revoked_at)::text" // that somebody tried is noted beside it
		}
		var digest string
		s.ok(s.pool.QueryRow(ctx, `SELECT coalesce(md5(string_agg(`+row+`, ',' ORDER BY x::text)), '') FROM `+pgx.Identifier{table}.Sanitize()+` x`).Scan(&digest))
		all.WriteString(table + " " + digest + "\n")
	}
	return all.String()
}

func newPool(config *pgxpool.Config) (*pgxpool.Pool, error) {
	return pgxpool.NewWithConfig(context.Background(), config)
}
