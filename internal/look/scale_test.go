package look_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/look/looktest"
)

// statements records what a Reader asks, so that its plans can be read.
type statements struct {
	mu   sync.Mutex
	seen []statement
}

type statement struct {
	sql  string
	args []any
}

func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.HasPrefix(data.SQL, "-- name: ") {
		s.seen = append(s.seen, statement{data.SQL, data.Args})
	}
	return ctx
}

func (s *statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (s statement) name() string { return strings.Fields(s.sql)[2] }

// planNode is a node of EXPLAIN's JSON.
type planNode struct {
	Type     string     `json:"Node Type"`
	Relation string     `json:"Relation Name"`
	Loops    float64    `json:"Actual Loops"`
	Rows     float64    `json:"Actual Rows"`
	Plans    []planNode `json:"Plans"`
}

func (n planNode) walk(visit func(planNode)) {
	visit(n)
	for _, child := range n.Plans {
		child.walk(visit)
	}
}

func explain(t *testing.T, pool *pgxpool.Pool, s statement) (planNode, float64) {
	t.Helper()
	var raw []byte
	if err := pool.QueryRow(context.Background(), "EXPLAIN (ANALYZE, FORMAT JSON) "+s.sql, s.args...).Scan(&raw); err != nil {
		t.Fatalf("%s: %v", s.name(), err)
	}
	var out []struct {
		Plan planNode
		Time float64 `json:"Execution Time"`
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out[0].Plan, out[0].Time
}

// asked runs do with a Reader of the country's campaign and returns what it asked.
func asked(t *testing.T, do func(*look.Reader) error) (*pgxpool.Pool, []statement) {
	t.Helper()
	pool := looktest.Country(t)
	config := pool.Config()
	var s statements
	config.ConnConfig.Tracer = &s
	traced, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer traced.Close()
	if err := do(look.New(traced)); err != nil {
		t.Fatal(err)
	}
	return pool, s.seen
}

// byUnit are the tables that grow with the number of units.
var byUnit = map[string]bool{
	"participant": true, "obligation": true, "notice": true, "message": true, "message_notice": true, "attempt": true, "letter": true,
	"report": true, "ranking_line": true, "roster_unit": true,
}

// large leaves out the whole-country test where tests are to be quick.
func large(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("makes a campaign of 11,367 units")
	}
}

// TestBoardNeverScansPerUnit reads the plans of everything that the board asks at
// 11,367 units: a table may be read once, not once for every row of another.
func TestBoardNeverScansPerUnit(t *testing.T) {
	large(t)
	ctx := context.Background()
	pool, seen := asked(t, func(r *look.Reader) error {
		_, err := r.Board(ctx, looktest.Name)
		return err
	})
	for _, s := range seen {
		plan, took := explain(t, pool, s)
		t.Logf("%-20s %6.1f ms", s.name(), took)
		plan.walk(func(n planNode) {
			if n.Type == "Seq Scan" && byUnit[n.Relation] && n.Loops > 3 {
				t.Errorf("%s scans %s %v times", s.name(), n.Relation, n.Loops)
			}
		})
	}
}

// TestWhyReadsOneUnit holds the story of one unit to indexes alone.
func TestWhyReadsOneUnit(t *testing.T) {
	large(t)
	ctx := context.Background()
	pool, seen := asked(t, func(r *look.Reader) error {
		w, err := r.Why(ctx, looktest.Name, "U00007")
		if err == nil && len(w.Obligations) != 5 {
			err = fmt.Errorf("%d obligations", len(w.Obligations))
		}
		return err
	})
	for _, s := range seen {
		plan, took := explain(t, pool, s)
		t.Logf("%-20s %6.1f ms", s.name(), took)
		if s.name() == "LookCampaigns" || s.name() == "LookRankingLine" {
			continue // the head of every page; and how many units are ranked together
		}
		plan.walk(func(n planNode) {
			if n.Type == "Seq Scan" && byUnit[n.Relation] {
				t.Errorf("%s scans %s", s.name(), n.Relation)
			}
		})
	}
}

// TestChangesIsCheap is what one poller asks every second.
func TestChangesIsCheap(t *testing.T) {
	large(t)
	pool, seen := asked(t, func(r *look.Reader) error {
		_, err := r.Changes(context.Background())
		return err
	})
	plan, took := explain(t, pool, seen[0])
	t.Logf("%.2f ms", took)
	plan.walk(func(n planNode) {
		if n.Type == "Seq Scan" && byUnit[n.Relation] {
			t.Errorf("it scans %s", n.Relation)
		}
	})
}

func BenchmarkCountry(b *testing.B) {
	ctx := context.Background()
	r := look.New(looktest.Country(b))
	for name, do := range map[string]func() error{
		"board": func() error { _, err := r.Board(ctx, looktest.Name); return err },
		"pictures": func() error {
			_, err := r.Pictures(ctx, looktest.Name, "")
			return err
		},
		"why":     func() error { _, err := r.Why(ctx, looktest.Name, "U00007"); return err },
		"late":    func() error { _, err := r.Late(ctx, looktest.Name); return err },
		"changes": func() error { _, err := r.Changes(ctx); return err },
		"campaigns": func() error {
			_, err := r.Campaigns(ctx)
			return err
		},
		"ranking": func() error { _, err := r.Ranking(ctx, looktest.Name, ""); return err },
		"notices": func() error { _, err := r.Notices(ctx, looktest.Name); return err },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
