package metrics

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"

	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/rehearse"
	"thidua.dev/thidua/internal/store/storetest"
)

// midway is the example of 2021 on 21 October: a round is open, three units are
// late, a letter is drafted. Then what a rehearsal never leaves behind.
func midway(t *testing.T) *pgxpool.Pool {
	t.Helper()
	const dir = "../../examples/seed-2021"
	set, err := manifest.Load([]string{dir}, nil)
	if err != nil {
		t.Fatal(err)
	}
	simulation, err := rehearse.LoadSimulation(dir)
	if err != nil {
		t.Fatal(err)
	}
	pool := storetest.Pool(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	until := time.Date(2021, 10, 21, 0, 0, 0, 0, time.UTC)
	_, err = rehearse.Run(ctx, rehearse.Options{
		Pool: pool, Set: set, Campaign: "covid-2021", Simulation: simulation, Log: slog.New(slog.DiscardHandler),
		Progress: func(_, to time.Time) {
			if to.After(until) {
				stop()
			}
		},
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("the rehearsal was to end midway: %v", err)
	}
	for _, sql := range []string{
		// Another campaign is paused: what it holds is not behind, and not waiting.
		`INSERT INTO campaign (name, title, state, time_zone, calendar, office, roster, plan, plan_hash, launch_at, closes_at, created_at)
		 SELECT 'resting', title, 'Paused', time_zone, calendar, office, roster, plan, plan_hash, launch_at, closes_at, created_at FROM campaign`,
		`INSERT INTO procedure (id, campaign_id, kind, next_at) SELECT 'campaign/resting', id, 'Campaign', launch_at FROM campaign WHERE name = 'resting'`,
		`INSERT INTO message (campaign_id, step, channel, role, recipient, batch, list, not_before, created_at)
		 SELECT id, 'launch', 'email', 'FocalPoint', 'X', 'x', false, launch_at, clock_timestamp() - interval '1 day' FROM campaign WHERE name = 'resting'`,
		// One message waits for 90 s, one is being sent, one may not go before tomorrow.
		`UPDATE message SET state = 'Pending', created_at = clock_timestamp() - interval '90 seconds' WHERE id = 1`,
		`UPDATE message SET state = 'Claimed' WHERE id = 2`,
		`UPDATE message SET state = 'Pending', created_at = clock_timestamp() - interval '1 hour',
		 not_before = (SELECT now + interval '1 day' FROM clock) WHERE id = 3`,
		`UPDATE attempt SET outcome = 'Ambiguous' WHERE message_id IN (4, 5, 6)`,
		`UPDATE attempt SET outcome = NULL WHERE message_id = 7`,
		// Two reminders left late, one of them for nothing.
		`UPDATE notice SET reason = CASE WHEN id % 2 = 0 THEN 'MissedSend' ELSE 'MissedSkip' END
		 WHERE id IN (SELECT id FROM notice WHERE step = 'tomorrow' ORDER BY id LIMIT 2)`,
		`UPDATE procedure SET next_at = (SELECT now - interval '2 hours' FROM clock) WHERE id = 'campaign/covid-2021'`,
	} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	return pool
}

func register(t *testing.T, pool *pgxpool.Pool) (*Collector, *prometheus.Registry) {
	t.Helper()
	c := NewCollector(pool, slog.New(slog.DiscardHandler))
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(c)
	return c, reg
}

// gathered are the values by the metric's name and labels, as Prometheus writes them.
func gathered(t *testing.T, reg prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			values[f.GetName()+labelsOf(m)] = m.GetGauge().GetValue()
		}
	}
	return values
}

func labelsOf(m *dto.Metric) string {
	var pairs []string
	for _, l := range m.GetLabel() {
		pairs = append(pairs, l.GetName()+"="+l.GetValue())
	}
	if len(pairs) == 0 {
		return ""
	}
	slices.Sort(pairs)
	return "{" + strings.Join(pairs, ",") + "}"
}

// answers is what each gauge should say, asked of the database by hand. A
// query's last column is the value; those before it are the labels in order.
var answers = []struct {
	metric string
	labels []string
	sql    string
}{
	{"thidua_campaigns", []string{"state"}, `SELECT state, count(*)::float8 FROM campaign GROUP BY 1`},
	{"thidua_rounds", []string{"campaign", "state"}, `SELECT (SELECT name FROM campaign WHERE id = campaign_id), state, count(*)::float8 FROM round GROUP BY 1, 2`},
	{"thidua_obligations", []string{"campaign", "kind", "state"}, `SELECT c.name, kind, o.state, count(*)::float8 FROM obligation o, campaign c WHERE c.id = campaign_id GROUP BY 1, 2, 3`},
	{"thidua_obligations_overdue", []string{"campaign", "kind"}, `SELECT c.name, o.kind, count(*)::float8 FROM obligation o, campaign c, clock k WHERE c.id = campaign_id AND o.state = 'Owing' AND o.due_at < k.now GROUP BY 1, 2`},
	{"thidua_notices", []string{"campaign", "state", "step"}, `SELECT c.name, n.state, step, count(*)::float8 FROM notice n, campaign c WHERE c.id = campaign_id GROUP BY 1, 2, 3`},
	{"thidua_notices_missed", []string{"campaign", "step"}, `SELECT 'covid-2021', 'tomorrow', 2::float8`},
	{"thidua_messages", []string{"campaign", "channel", "state"}, `SELECT c.name, channel, m.state, count(*)::float8 FROM message m, campaign c WHERE c.id = campaign_id GROUP BY 1, 2, 3`},
	{"thidua_attempts", []string{"channel", "outcome"}, `SELECT 'email', 'Ambiguous', 3::float8 UNION SELECT 'email', 'Open', 1 UNION SELECT 'email', 'Sent', count(*) FROM attempt WHERE outcome = 'Sent'`},
	{"thidua_attempts_ambiguous", nil, `SELECT 3::float8`},
	{"thidua_letters", []string{"campaign", "state"}, `SELECT 'covid-2021', state, count(*)::float8 FROM letter GROUP BY 2`},
	{"thidua_procedures_due", nil, `SELECT 1::float8`},
	{"thidua_procedure_lag_seconds", nil, `SELECT 7200::float8`},
	{"thidua_campaign_next_seconds", []string{"campaign"}, `SELECT 'covid-2021', extract(epoch FROM now - interval '2 hours')::float8 FROM clock
		UNION SELECT 'resting', extract(epoch FROM launch_at)::float8 FROM campaign WHERE name = 'resting'`},
	{"thidua_campaign_last_seconds", []string{"campaign"}, `SELECT 'covid-2021', extract(epoch FROM date_trunc('second', greatest((SELECT max(recorded_at) FROM notice),
		(SELECT max(received_at) FROM obligation))))::float8`},
	{"thidua_postgres_size_bytes", nil, `SELECT pg_database_size(current_database())::float8`},
	{"thidua_postgres_connections", nil, `SELECT numbackends::float8 FROM pg_stat_database WHERE datname = current_database()`},
	{"thidua_postgres_connections_max", nil, `SELECT setting::float8 FROM pg_settings WHERE name = 'max_connections'`},
	{"thidua_postgres_oldest_transaction_seconds", nil, `SELECT 0::float8`},
	{"thidua_wakes_pending", nil, `SELECT count(*)::float8 FROM wake`},
	{"thidua_clock_stepped", nil, `SELECT 1::float8`},
	{"thidua_business_time_seconds", nil, `SELECT extract(epoch FROM now)::float8 FROM clock`},
	{"thidua_outbox_oldest_pending_seconds", nil, `SELECT 90::float8`},
	{"thidua_collector_up", nil, `SELECT 1::float8`},
}

func TestCollectorMidway(t *testing.T) {
	pool := midway(t)
	for _, tt := range []struct {
		name string
		test func(*testing.T, *pgxpool.Pool)
	}{
		{"agrees with SQL written by hand", agreesWithHand},
		{"counts from zero", countsFromZero},
		{"has no label for a unit or a person", namesNobody},
		{"follows Prometheus's conventions", followsConventions},
		{"has as many series for 5,000 units more", doesNotGrow},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, pool) })
	}
}

func agreesWithHand(t *testing.T, pool *pgxpool.Pool) {
	_, reg := register(t, pool)
	got := gathered(t, reg)
	asked := map[string]bool{"thidua_collector_read_seconds": true}
	want := map[string]float64{}
	for _, a := range answers {
		asked[a.metric] = true
		rows, err := pool.Query(t.Context(), a.sql)
		if err != nil {
			t.Fatalf("%s: %v", a.metric, err)
		}
		n := 0
		for rows.Next() {
			values, err := rows.Values()
			if err != nil {
				t.Fatal(err)
			}
			var pairs []string
			for i, name := range a.labels {
				pairs = append(pairs, fmt.Sprintf("%s=%s", name, values[i]))
			}
			key := a.metric
			if len(pairs) > 0 {
				key += "{" + strings.Join(pairs, ",") + "}"
			}
			want[key] = values[len(values)-1].(float64)
			n++
		}
		if err := rows.Err(); err != nil {
			t.Fatalf("%s: %v", a.metric, err)
		}
		if n == 0 {
			t.Errorf("%s: the fixture has none, so nothing is proved", a.metric)
		}
	}
	for key, v := range got {
		name, _, _ := strings.Cut(key, "{")
		if !asked[name] {
			t.Errorf("%s has no answer written by hand", name)
		}
		if _, ok := want[key]; !ok && v == 0 {
			want[key] = 0 // counted from the beginning
		}
	}
	delete(got, "thidua_collector_read_seconds")
	delete(want, "thidua_collector_read_seconds")
	waited := cmpopts.EquateApprox(0.01, 30) // and a database that is at work
	if diff := cmp.Diff(want, got, cmp.FilterPath(func(p cmp.Path) bool {
		return strings.Contains(p.GoString(), "outbox_oldest") || strings.Contains(p.GoString(), "postgres_")
	}, waited)); diff != "" {
		t.Errorf("want by hand (-), got (+):\n%s", diff)
	}
	for _, key := range []string{
		"thidua_obligations_overdue{campaign=covid-2021,kind=Report}", "thidua_letters{campaign=covid-2021,state=Drafted}", "thidua_wakes_pending",
		"thidua_notices{campaign=covid-2021,state=Sent,step=overdue}", "thidua_rounds{campaign=covid-2021,state=Planned}",
	} {
		if got[key] <= 0 {
			t.Errorf("%s = %v: the fixture is not midway", key, got[key])
		}
	}
}

func countsFromZero(t *testing.T, pool *pgxpool.Pool) {
	_, reg := register(t, pool)
	got := gathered(t, reg)
	for _, tt := range []struct{ series, reason string }{
		{"thidua_campaigns{state=Cancelled}", "every state of a campaign is known"},
		{"thidua_obligations{campaign=resting,kind=Report,state=Lapsed}", "a campaign that has opened nothing yet"},
		{"thidua_notices{campaign=covid-2021,state=Failed,step=overdue}", "a step that has not failed yet"},
		{"thidua_messages{campaign=resting,channel=email,state=Parked}", "nothing was parked yet"},
		{"thidua_attempts{channel=email,outcome=Rejected}", "nothing was rejected yet"},
		{"thidua_letters{campaign=resting,state=Drafted}", "no letter yet"},
		{"thidua_obligations_overdue{campaign=resting,kind=Consolidation}", "nobody is late yet"},
	} {
		if v, ok := got[tt.series]; !ok || v != 0 {
			t.Errorf("%s = %v, %v: want 0: %s", tt.series, v, ok, tt.reason)
		}
	}
}

func TestStatesAreTheSchemas(t *testing.T) {
	pool := storetest.Pool(t)
	check := func(table string, words ...string) {
		var allowed string
		if err := pool.QueryRow(t.Context(), `SELECT string_agg(pg_get_constraintdef(oid), ' ') FROM pg_constraint
			WHERE conrelid = $1::regclass AND contype = 'c'`, table).Scan(&allowed); err != nil {
			t.Fatal(err)
		}
		for _, w := range words {
			if !strings.Contains(allowed, "'"+w+"'") {
				t.Errorf("%s cannot be %s: %s", table, w, allowed)
			}
		}
	}
	check("campaign", campaignStates...)
	check("round", roundStates...)
	check("notice", noticeStates...)
	check("message", slices.DeleteFunc(slices.Clone(messageStates), func(s string) bool { return s == "Held" })...) // a mark on Pending
	check("letter", letterStates...)
	check("attempt", slices.DeleteFunc(slices.Clone(attemptResults), func(s string) bool { return s == "Open" })...)
	for kind, states := range obligationStates {
		check("obligation", append([]string{kind}, states...)...)
	}
}

func doesNotGrow(t *testing.T, pool *pgxpool.Pool) {
	_, reg := register(t, pool)
	before := gathered(t, reg)
	// Five thousand more units owe, are reminded and written to, as the others were.
	for _, sql := range []string{
		`INSERT INTO participant SELECT campaign_id, 'more-' || g, 'more', kind, grp, calendar, administered_by
		 FROM (SELECT * FROM participant LIMIT 1) p, generate_series(1, 5000) g`,
		`INSERT INTO obligation (campaign_id, round_id, kind, subject, owner, holder, calendar, state, due_at, ladder_from, opened_at)
		 SELECT campaign_id, round_id, kind, subject, 'more-' || g, holder, calendar, state, due_at, ladder_from, opened_at
		 FROM (SELECT * FROM obligation WHERE kind = 'Report' AND state = 'Owing' LIMIT 1) o, generate_series(1, 5000) g`,
		`INSERT INTO notice (campaign_id, round_id, obligation_id, unit, deadline_no, step, role, recipient, instant, state, recorded_at)
		 SELECT campaign_id, round_id, id, owner, 1, 'overdue', 'Leader', owner, opened_at, 'Sent', opened_at
		 FROM obligation WHERE owner LIKE 'more-%'`,
		`INSERT INTO message (campaign_id, round_id, step, channel, role, recipient, batch, list, state, not_before)
		 SELECT campaign_id, round_id, step, 'email', role, recipient, 'notice.' || id, false, 'Sent', instant
		 FROM notice WHERE unit LIKE 'more-%'`,
	} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	_, reg = register(t, pool)
	after := gathered(t, reg)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after))); diff != "" {
		t.Errorf("series before (-) and after (+):\n%s", diff)
	}
	const series = "thidua_obligations{campaign=covid-2021,kind=Report,state=Owing}"
	if after[series] != before[series]+5000 {
		t.Errorf("%s = %v after %v", series, after[series], before[series])
	}
}

func namesNobody(t *testing.T, pool *pgxpool.Pool) {
	reg := prometheus.NewRegistry()
	NewDispatch(reg)
	NewIntake(reg)
	reg.MustRegister(NewCollector(pool, slog.New(slog.DiscardHandler)))
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{
		"campaign": true, "state": true, "kind": true, "step": true, "channel": true, "outcome": true, "verb": true, "result": true,
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if !known[l.GetName()] {
					t.Errorf("%s has a label %s: its values may be without number", f.GetName(), l.GetName())
				}
			}
		}
	}
}

func TestCollectorOutlivesTheDatabase(t *testing.T) {
	pool := storetest.Pool(t)
	c, reg := register(t, pool)
	c.Timeout, c.MaxAge = 200*time.Millisecond, 0
	intake := NewIntake(reg)
	intake.Observe("submit", Accepted, time.Millisecond)

	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `LOCK TABLE notice IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	Handler(reg).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	body := w.Body.String()
	for _, want := range []string{"thidua_collector_up 0\n", `thidua_intake_seconds_count{result="Accepted",verb="submit"} 1` + "\n"} {
		if w.Code != 200 || !strings.Contains(body, want) {
			t.Errorf("status %d, no %q in:\n%s", w.Code, want, body)
		}
	}
	if strings.Contains(body, "thidua_campaigns") {
		t.Errorf("half a reading is shown:\n%s", body)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := gathered(t, reg); got["thidua_collector_up"] != 1 {
		t.Error("the collector does not recover")
	}
	pool.Close()
	if got := gathered(t, reg); got["thidua_collector_up"] != 0 {
		t.Error("the pool is closed and the collector is up")
	}
}

func TestReadingIsKeptForAWhile(t *testing.T) {
	pool := storetest.Pool(t)
	kept, scrapes := register(t, pool)
	kept.MaxAge = time.Hour
	fresh, looks := register(t, pool)
	fresh.MaxAge = 0
	for _, tt := range []struct{ kept, fresh float64 }{{1, 1}, {1, 2}, {1, 3}} {
		if _, err := pool.Exec(t.Context(), `INSERT INTO wake (id, kind) SELECT gen_random_uuid()::text, 'Round'`); err != nil {
			t.Fatal(err)
		}
		if got := gathered(t, scrapes)["thidua_wakes_pending"]; got != tt.kept {
			t.Errorf("%v wakes, want %v as the kept reading says", got, tt.kept)
		}
		if got := gathered(t, looks)["thidua_wakes_pending"]; got != tt.fresh {
			t.Errorf("%v wakes, want %v", got, tt.fresh)
		}
	}
}

func followsConventions(t *testing.T, pool *pgxpool.Pool) {
	reg := prometheus.NewRegistry()
	NewDispatch(reg)
	NewIntake(reg)
	SDKHandler(reg)
	reg.MustRegister(NewCollector(pool, slog.New(slog.DiscardHandler)))
	problems, err := testutil.GatherAndLint(reg)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}
