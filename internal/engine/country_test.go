package engine

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"thidua.dev/thidua/internal/store/db"
)

// A round of the whole country, all silent: each step is one statement.
func TestCountry(t *testing.T) {
	if testing.Short() {
		t.Skip("11,367 units")
	}
	pool, tr := tracedPool(t)
	w := crowdOn(t, pool, country)
	for _, instant := range []string{"2021-10-08 08:30", "2021-10-14 08:30", "2021-10-19 08:30", "2021-10-21 08:30", "2021-10-23 08:30"} {
		w.jump(instant)
		if instant == "2021-10-14 08:30" {
			w.checkPlan()
		}
		tr.reset()
		w.work()
		t.Logf("%s climbed in %v", instant, tr.took["ClimbLadder"])
	}
	w.check("every step to everybody", w.rows(`SELECT step, role, state, count(*) FROM notice WHERE NOT informative GROUP BY 1, 2, 3, instant ORDER BY instant, role`),
		"prepare FocalPoint Pending 11367", "tomorrow FocalPoint Pending 11367",
		"overdue FocalPoint Pending 11367", "overdue Leader Pending 11367",
		"letter Office Tasked 11367", "escalate AdministeringBody Pending 11367", "escalate Office Pending 11367")
	w.check("one list a body: the ministry's, 63 provinces', 705 districts', the office's",
		w.rows(`SELECT count(*) FROM message WHERE list`), "770")
	w.check("each message has its notices", w.rows(`SELECT count(*) FROM message_notice mn JOIN message m ON m.id = mn.message_id WHERE m.list`), "22734")
	w.jump("2021-10-29 17:01")
	w.work()
	w.check("all are missing", w.rows(`SELECT state, expected, missing FROM round WHERE name = $1`, oct), "Closed 11367 11367")
	w.jump("2021-12-10 08:30")
	w.work()
	w.check("all are ranked", w.rows(`SELECT count(*) FROM ranking_line`), "11367")
}

// checkPlan looks at how Postgres carries out the ladder: by its own index, and
// nothing is read anew for every row.
func (w *world) checkPlan() {
	w.t.Helper()
	ctx := w.t.Context()
	raw, err := w.Pool().Begin(ctx)
	w.ok(err)
	defer raw.Rollback(context.WithoutCancel(ctx))
	q := db.New(raw)
	c, err := q.CampaignByName(ctx, name)
	w.ok(err)
	r, err := q.RoundByName(ctx, c.ID, oct)
	w.ok(err)
	now, err := q.Now(ctx)
	w.ok(err)
	x := &explainer{Tx: raw}
	_, _ = db.New(x).ClimbLadder(ctx, db.ClimbLadderParams{RoundID: &r.ID, Now: now.Now, ClosesAt: r.ClosesAt, Office: c.Office})
	w.ok(x.err)
	var indexes []string
	var walk func(n planNode)
	walk = func(n planNode) {
		indexes = append(indexes, n.IndexName)
		rereads := []string{"Seq Scan", "CTE Scan", "Sort", "Hash", "Aggregate", "WindowAgg", "Subquery Scan", "Bitmap Heap Scan"}
		if n.Loops > 50 && slices.Contains(rereads, n.Type) {
			w.t.Errorf("%s %s%s is done %.0f times", n.Type, n.Relation, n.CTE, n.Loops)
		}
		if n.Type == "Materialize" && n.Loops*n.Rows > 100_000 {
			w.t.Errorf("%.0f rows are read again %.0f times", n.Rows, n.Loops)
		}
		for _, child := range n.Plans {
			walk(child)
		}
	}
	walk(x.plan[0].Plan)
	if !slices.Contains(indexes, "obligation_climb") {
		w.t.Errorf("the ladder is climbed without its index: %v", indexes)
	}
	w.t.Logf("planned in %.1f ms, executed in %.1f ms", x.plan[0].Planning, x.plan[0].Execution)
}

type planNode struct {
	Type      string     `json:"Node Type"`
	Relation  string     `json:"Relation Name"`
	CTE       string     `json:"CTE Name"`
	IndexName string     `json:"Index Name"`
	Loops     float64    `json:"Actual Loops"`
	Rows      float64    `json:"Actual Rows"`
	Plans     []planNode `json:"Plans"`
}

// explainer explains the one query that it is asked for.
type explainer struct {
	pgx.Tx
	err  error
	plan []struct {
		Plan      planNode
		Planning  float64 `json:"Planning Time"`
		Execution float64 `json:"Execution Time"`
	}
}

func (x *explainer) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	var b []byte
	if x.err = x.Tx.QueryRow(ctx, "EXPLAIN (ANALYZE, FORMAT JSON) "+sql, args...).Scan(&b); x.err == nil {
		x.err = json.Unmarshal(b, &x.plan)
	}
	return x.Tx.QueryRow(ctx, "SELECT 1") // never scanned to the end
}

// A round costs the same for few units as for many: the same statements, steps
// and wake-ups.
func TestConstantCost(t *testing.T) {
	var first []string
	for _, n := range []int{9, 90, 3355} {
		pool, tr := tracedPool(t)
		w := crowdOn(t, pool, n)
		w.deliverWakes()
		steps := 0
		w.step = func(ctx context.Context, id, phase string) (Step, error) {
			steps++
			return w.StepProcedure(ctx, id, phase)
		}
		tr.reset()
		for _, instant := range []string{"2021-10-08 08:30", "2021-10-14 08:30", "2021-10-19 08:30", "2021-10-21 08:30", "2021-10-23 08:30", "2021-10-29 17:01"} {
			w.jump(instant)
			w.work()
		}
		cost := append(tr.counts(), w.rows(`SELECT 'wake-ups', id, seq FROM wake ORDER BY id`)...)
		cost = append(cost, w.rows(`SELECT 'steps', $1::int`, steps)...)
		w.check("the round is over", w.rows(`SELECT state, missing FROM round WHERE name = $1`, oct), w.rows(`SELECT 'Closed', $1::int`, n)...)
		if first == nil {
			first = cost
			t.Log(cost)
		}
		if d := cmp.Diff(first, cost); d != "" {
			t.Errorf("%d units cost other than 9 (-9 +%d):\n%s", n, n, d)
		}
	}
}
