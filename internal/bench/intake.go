package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/pgcluster"
)

// clients hand reports in at once.
const clients = 8

// report is what each unit sends: two sections of about 1 kB, one figure.
var report = engine.Report{
	Sections: map[v1.SectionName]string{
		"ketQua":   strings.Repeat("Đã triển khai đến toàn thể cán bộ, công chức. ", 16),
		"kienNghi": strings.Repeat("Đề nghị hướng dẫn thêm về chỉ tiêu. ", 4),
	},
	Figures: map[v1.Name]string{"done": "97.5"},
}

// bareTransaction inserts the facts of one report and marks it received: what
// nobody can do without, in statements that are prepared.
const bareTransaction = `\set n :n + 1
\set o :base + :client_id * :each + :n
BEGIN;
INSERT INTO report (obligation_id, version, state, sections, received_at, approved_at) VALUES (:o, 1, 'Received', '%[1]s', now(), now());
INSERT INTO report_figure (report_id, indicator, value) VALUES (currval('report_id_seq'), 'done', 97.5);
UPDATE obligation SET state = 'Settled', received_at = now(), settled_at = now(), next_seq = NULL, next_at = NULL WHERE id = :o AND state = 'Owing';
INSERT INTO audit (at, actor, verb, object, request_id, detail) VALUES (now(), 'pgbench', 'submit', 'Obligation', gen_random_uuid(), '{}');
COMMIT;
`

// bareStatement is the same in one round trip.
const bareStatement = `\set n :n + 1
\set o :base + :client_id * :each + :n
WITH r AS (INSERT INTO report (obligation_id, version, state, sections, received_at, approved_at) VALUES (:o, 1, 'Received', '%[1]s', now(), now()) RETURNING id),
f AS (INSERT INTO report_figure (report_id, indicator, value) SELECT id, 'done', 97.5 FROM r),
s AS (UPDATE obligation SET state = 'Settled', received_at = now(), settled_at = now(), next_seq = NULL, next_at = NULL WHERE id = :o AND state = 'Owing')
INSERT INTO audit (at, actor, verb, object, request_id, detail) VALUES (now(), 'pgbench', 'submit', 'Obligation', gen_random_uuid(), '{}');
`

// intake takes a report from every unit: through the engine, which holds it to the
// outline and to what the unit owes, and as pgbench inserts the bare facts.
func (b *Bench) intake(ctx context.Context) ([]Result, error) {
	var ours, transactions, statements []float64
	for range b.Repeat {
		rate, err := b.submitAll(ctx)
		if err != nil {
			return nil, err
		}
		ours = append(ours, rate)
		for into, script := range map[*[]float64]string{&transactions: bareTransaction, &statements: bareStatement} {
			if rate, err = b.pgbench(ctx, script); err != nil {
				return nil, err
			}
			*into = append(*into, rate)
		}
	}
	r := Result{Name: "reports taken in (SubmitReport)", Value: Median(ours), Unit: "reports/s", Note: fmt.Sprintf("%d clients", clients)}
	return []Result{
		r.Beside("pgbench: the facts in one transaction of four statements", Median(transactions)).Limited(AtLeast, 0.7),
		r.Beside("pgbench: the facts in one statement", Median(statements)),
	}, nil
}

func (b *Bench) submitAll(ctx context.Context) (rate float64, err error) {
	w, err := b.world(ctx, opened)
	if err != nil {
		return 0, err
	}
	defer w.drop(ctx)
	// pgbench counts from when its clients are connected.
	if err := w.connect(ctx, clients); err != nil {
		return 0, err
	}
	var next atomic.Int64
	var all sync.WaitGroup
	failed := make(chan error, clients)
	began := time.Now()
	for range clients {
		all.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= b.Units {
					return
				}
				unit := UnitCode(Campaign, i)
				act := engine.By(auth.Actor{Name: "x", Role: auth.FocalPoint, Unit: unit}, "")
				if _, err := w.engine.Submit(ctx, act, Campaign, Round, unit, report); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	select {
	case err := <-failed:
		return 0, err
	default:
	}
	return float64(b.Units) / took.Seconds(), w.checkSettled(ctx, b.Units)
}

// connect opens connections for what follows.
func (w *world) connect(ctx context.Context, n int) error {
	for range n {
		conn, err := w.pool.Acquire(ctx)
		if err != nil {
			return err
		}
		defer conn.Release()
	}
	return nil
}

func (w *world) checkSettled(ctx context.Context, want int) error {
	var n int
	err := w.pool.QueryRow(ctx, `SELECT count(*) FROM obligation o JOIN report r ON r.obligation_id = o.id WHERE o.state = 'Settled' AND o.kind = 'Report'`).Scan(&n)
	if err == nil && n != want {
		err = fmt.Errorf("%d reports count, not %d", n, want)
	}
	return err
}

var tps = regexp.MustCompile(`tps = ([\d.]+)`)

// pgbench runs a script once for each unit.
func (b *Bench) pgbench(ctx context.Context, script string) (rate float64, err error) {
	program, err := pgcluster.Program("pgbench")
	if err != nil {
		return 0, err
	}
	w, err := b.world(ctx, opened)
	if err != nil {
		return 0, err
	}
	defer w.drop(ctx)
	var base int64
	if err := w.pool.QueryRow(ctx, `SELECT min(o.id) - 1 FROM obligation o JOIN round r ON r.id = o.round_id WHERE r.name = $1`, Round).Scan(&base); err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "thidua-bench-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	sections, err := json.Marshal(report.Sections)
	if err != nil {
		return 0, err
	}
	file := filepath.Join(dir, "facts.sql")
	if err := os.WriteFile(file, fmt.Appendf(nil, script, sections), 0o600); err != nil {
		return 0, err
	}
	parallel := min(clients, b.Units)
	each := b.Units / parallel
	out, err := exec.CommandContext(ctx, program, "-n", "-M", "prepared", "-c", strconv.Itoa(parallel), "-j", strconv.Itoa(min(2, parallel)),
		"-t", strconv.Itoa(each), "-D", "n=0", "-D", fmt.Sprint("each=", each), "-D", fmt.Sprint("base=", base), "-f", file, w.url).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("pgbench: %w: %s", err, strings.TrimSpace(string(out)))
	}
	found := tps.FindSubmatch(out)
	if found == nil {
		return 0, fmt.Errorf("pgbench says no rate: %s", out)
	}
	if rate, err = strconv.ParseFloat(string(found[1]), 64); err != nil {
		return 0, err
	}
	return rate, w.checkSettled(ctx, parallel*each)
}
