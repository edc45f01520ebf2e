package monitoring

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"math"
	"net/http/httptest"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/api"
	promapi "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/deploy"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/metrics"
	"thidua.dev/thidua/internal/notify"
	"thidua.dev/thidua/internal/rehearse"
	"thidua.dev/thidua/internal/rehearse/seedtest"
	"thidua.dev/thidua/internal/store"
	"thidua.dev/thidua/internal/store/storetest"
)

// panel is what a test needs of Grafana's JSON.
type panel struct {
	Type        string
	Title       string
	Description string
	Datasource  struct{ UID string }
	FieldConfig struct{ Defaults struct{ Unit string } }
	Targets     []struct {
		Expr       string
		RawSQL     string `json:"rawSql"` // of the facts, instead
		Datasource struct{ UID string }
	}
}

func (p panel) ofFacts() bool { return len(p.Targets) > 0 && p.Targets[0].RawSQL != "" }

// panels of all dashboards, by dashboard and title.
func panels(t *testing.T) map[string]panel {
	t.Helper()
	files, err := fs.Glob(deploy.Dashboards(), "*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("dashboards: %v, %v", files, err)
	}
	all := map[string]panel{}
	for _, file := range files {
		content, err := fs.ReadFile(deploy.Dashboards(), file)
		if err != nil {
			t.Fatal(err)
		}
		var board struct {
			Title  string
			Panels []panel
		}
		if err := json.Unmarshal(content, &board); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, p := range board.Panels {
			key := board.Title + "/" + p.Title
			if _, twice := all[key]; twice {
				t.Errorf("%s: there are two", key)
			}
			all[key] = p
		}
	}
	return all
}

func TestEveryPanelExplainsItself(t *testing.T) {
	all := panels(t)
	for key, p := range all {
		if p.Title == "" || len(p.Description) < 60 || p.FieldConfig.Defaults.Unit == "" || len(p.Targets) == 0 {
			t.Errorf("%s: title, description, unit and a query are wanted, and the description says what it tells and what to do", key)
		}
		source, answered := "$datasource", len(answers[key])
		if p.ofFacts() {
			source = "$facts"
			if factsAnswers[key] != "" {
				answered = 1
			}
		}
		if p.Datasource.UID != source {
			t.Errorf("%s: its data source is %q, not the variable %s", key, p.Datasource.UID, source)
		}
		for _, q := range p.Targets {
			if q.Datasource.UID != source {
				t.Errorf("%s: the data source of a query is %q, not the variable %s", key, q.Datasource.UID, source)
			}
		}
		if answered != len(p.Targets) {
			t.Errorf("%s: %d queries and %d answers by hand", key, len(p.Targets), answered)
		}
	}
	for _, key := range slices.Concat(slices.Collect(maps.Keys(answers)), slices.Collect(maps.Keys(factsAnswers))) {
		if _, ok := all[key]; !ok {
			t.Errorf("%s is answered and not shown", key)
		}
	}
}

// frozen is a run that stands still, and what looks at it.
type frozen struct {
	pool   *pgxpool.Pool
	reader *pgx.Conn // as boards ask
	prom   promapi.API
	stands prometheus.Gauge // which standstill this is
	count  float64
	all    map[string]panel
	proved map[string]bool // queries whose answer was more than nothing once
}

// The example of 2021, stopped at three instants and once in the middle of a
// reminder: every panel says what the facts say, and a dispatcher that does
// nothing makes an alert go red.
func TestPanelsAndFacts(t *testing.T) {
	const dir = "../../examples/seed-2021"
	set, err := manifest.Load([]string{dir}, nil)
	if err != nil {
		t.Fatal(err)
	}
	simulation, err := rehearse.LoadSimulation(dir)
	if err != nil {
		t.Fatal(err)
	}
	address := storetest.New(t)
	pool, err := store.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	reg := metrics.NewRegistry()
	collector := metrics.NewCollector(pool, slog.New(slog.DiscardHandler))
	collector.MaxAge = 0
	dispatch, intake := metrics.NewDispatch(reg), metrics.NewIntake(reg)
	metrics.NewAudit(reg).Observe(0, 1)
	metrics.WatchBackup(reg, backedUp(t))
	stands := prometheus.NewGauge(prometheus.GaugeOpts{Name: "test_standstill", Help: "Counts standstills."})
	reg.MustRegister(collector, stands)
	f := &frozen{pool: pool, reader: asDashboard(t, address), prom: startPrometheus(t, reg), stands: stands, all: panels(t), proved: map[string]bool{}}

	ctx, end := context.WithCancel(t.Context())
	defer end()
	instants := []struct {
		at   string
		look func(t *testing.T, at time.Time)
	}{
		{"2021-09-20 00:00", func(t *testing.T, _ time.Time) {
			addResting(t, pool)
			f.check(t)
			f.alert(t, "OutboxStuck", false)
			f.alert(t, "StepLate", false)
		}},
		{"2021-10-21 12:00", func(t *testing.T, _ time.Time) {
			blemish(t, pool)
			f.check(t)
			for _, name := range []string{"StepLate", "StepMissed", "AttemptsInDoubt", "MessagesParked"} {
				f.alert(t, name, true)
			}
		}},
		{"2021-11-12 08:00", func(t *testing.T, at time.Time) { f.dispatcherStands(t, at, dispatch) }},
		{"2022-04-16 00:00", func(t *testing.T, _ time.Time) { f.check(t); f.checkLaunches(t); end() }},
	}
	seen := 0
	_, err = rehearse.Run(ctx, rehearse.Options{
		Pool: pool, Set: set, Campaign: seedtest.Campaign, Simulation: simulation, Log: slog.New(slog.DiscardHandler),
		Observe: dispatch.Observe,
		ObserveIntake: func(verb string, err error, took time.Duration) {
			result := metrics.Accepted
			if err != nil {
				result = engine.Code(err)
			}
			intake.Observe(verb, result, took)
		},
		// Nothing moves while this runs.
		Progress: func(_, to time.Time) {
			for ; seen < len(instants) && to.After(seedtest.Instant(instants[seen].at)) && ctx.Err() == nil; seen++ {
				t.Run(instants[seen].at, func(t *testing.T) { instants[seen].look(t, to) })
			}
		},
	})
	if !errors.Is(err, context.Canceled) || seen != len(instants) {
		t.Fatalf("%d of %d standstills: %v", seen, len(instants), err)
	}
	for key, all := range answers {
		for i, a := range all {
			if a.process == "" && !f.proved[queryName(key, i)] {
				t.Errorf("%s: nothing to show at any standstill, so nothing is proved", queryName(key, i))
			}
		}
	}
	for key := range factsAnswers {
		if !f.proved[key] {
			t.Errorf("%s: nothing to show at any standstill, so nothing is proved", key)
		}
	}
}

// backedUp is the file of a backup that was made once upon a time.
func backedUp(t *testing.T) string {
	t.Helper()
	file, at := filepath.Join(t.TempDir(), "backed-up"), time.Unix(1_600_000_000, 0)
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Chtimes(file, at, at)); err != nil {
		t.Fatal(err)
	}
	return file
}

func queryName(panel string, i int) string { return fmt.Sprintf("%s, query %d", panel, i+1) }

// startPrometheus scrapes a registry five times a second, with the rules as they
// are but for their patience: how long an alert waits is for promtool.
func startPrometheus(t *testing.T, reg *prometheus.Registry) promapi.API {
	t.Helper()
	site := httptest.NewServer(metrics.Handler(reg))
	t.Cleanup(site.Close)
	port, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Prometheus{
		Dir: t.TempDir(), Port: port, Target: site.Listener.Addr().String(), Interval: 200 * time.Millisecond, Rules: impatient(t),
	}.Start(t.Context())
	if err != nil {
		t.Fatalf("%v (make deps installs it)", err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	client, err := api.NewClient(api.Config{Address: s.URL()})
	if err != nil {
		t.Fatal(err)
	}
	return promapi.NewAPI(client)
}

func impatient(t *testing.T) fs.FS {
	t.Helper()
	rules := fstest.MapFS{}
	files, err := fs.Glob(deploy.Rules(), "*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("rules: %v, %v", files, err)
	}
	for _, file := range files {
		content, err := fs.ReadFile(deploy.Rules(), file)
		if err != nil {
			t.Fatal(err)
		}
		rules[file] = &fstest.MapFile{Data: regexp.MustCompile(`(?m)^ +for: .*\n`).ReplaceAll(content, nil)}
	}
	return rules
}

func change(t *testing.T, pool *pgxpool.Pool, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := pool.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// addResting puts a paused campaign beside the running one, with something of
// everything that a dashboard counts.
func addResting(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	change(t, pool,
		`INSERT INTO campaign (name, title, state, time_zone, calendar, office, roster, plan, plan_hash, launch_at, closes_at, created_at)
		 SELECT 'resting', title, 'Paused', time_zone, calendar, office, roster, plan, plan_hash, launch_at, closes_at, created_at FROM campaign`,
		`INSERT INTO procedure (id, campaign_id, kind, next_at) SELECT 'campaign/resting', id, 'Campaign', launch_at FROM campaign WHERE name = 'resting'`,
		`INSERT INTO round (campaign_id, name, kind, series, period, seq, opens_at, closes_at, approval, state)
		 SELECT id, 'monthly/2021-08', 'Report', 'monthly', '2021-08', 1, launch_at, closes_at, '', 'Open' FROM campaign WHERE name = 'resting'`,
		`INSERT INTO obligation (campaign_id, round_id, kind, subject, owner, holder, calendar, state, due_at, ladder_from, opened_at)
		 SELECT c.id, r.id, o.kind, 'monthly/2021-08', o.unit, 'FocalPoint', c.calendar, o.state, launch_at - interval '1 day', launch_at, launch_at
		 FROM campaign c JOIN round r ON r.campaign_id = c.id, (VALUES ('Report', 'X', 'Owing'), ('Report', 'Y', 'Settled'), ('Registration', 'X', 'Lapsed')) o (kind, unit, state)
		 WHERE c.name = 'resting'`,
		`INSERT INTO notice (campaign_id, round_id, obligation_id, unit, deadline_no, step, role, recipient, instant, state, reason, recorded_at)
		 SELECT campaign_id, round_id, id, owner, 1, 'overdue', 'Leader', '', due_at, 'NoRecipient', 'NoBody', due_at FROM obligation WHERE owner IN ('X', 'Y') AND kind = 'Report'`,
		`INSERT INTO letter (campaign_id, notice_id, obligation_id, unit, drafted_at)
		 SELECT campaign_id, id, obligation_id, unit, recorded_at FROM notice WHERE unit = 'X'`,
		`INSERT INTO message (campaign_id, step, channel, role, recipient, batch, list, not_before, created_at, state)
		 SELECT id, 'launch', 'email', 'FocalPoint', 'X', state, false, launch_at, clock_timestamp() - interval '1 day', state
		 FROM (SELECT id, launch_at FROM campaign WHERE name = 'resting') c, unnest(ARRAY['Pending', 'Sent', 'NotConfigured', 'Expired']) state`,
	)
}

// blemish adds to a well-kept run what only trouble leaves behind.
func blemish(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	change(t, pool,
		`UPDATE attempt SET outcome = 'Ambiguous' WHERE message_id IN (SELECT id FROM message WHERE step = 'launch' AND recipient <> 'X' ORDER BY id LIMIT 3)`,
		`UPDATE message SET state = 'Parked' WHERE id IN (SELECT id FROM message WHERE step = 'launch' AND recipient <> 'X' ORDER BY id DESC LIMIT 2)`,
		// Answers whose text names an address; one whose first digits are no code.
		`UPDATE attempt SET outcome = 'Rejected', response = '550 5.1.1 <nobody@unit.example> unknown' WHERE message_id IN (SELECT id FROM message WHERE step = 'prepare' AND round_id IS NOT NULL ORDER BY id LIMIT 2)`,
		`UPDATE attempt SET outcome = 'Retry', response = '4500 nobody@unit.example' WHERE message_id IN (SELECT id FROM message WHERE step = 'prepare' AND round_id IS NOT NULL ORDER BY id DESC LIMIT 1)`,
		`UPDATE report SET returned_at = received_at WHERE id IN (SELECT p.id FROM report p JOIN obligation o ON o.id = p.obligation_id WHERE o.kind = 'Report' ORDER BY p.id LIMIT 3)`,
		`UPDATE notice SET reason = 'MissedSend' WHERE id IN (SELECT id FROM notice WHERE step = 'tomorrow' ORDER BY id LIMIT 2)`,
		`UPDATE notice SET reason = 'MissedSkip', state = 'Skipped' WHERE id IN (SELECT id FROM notice WHERE step = 'prepare' ORDER BY id LIMIT 1)`,
		// Its next step puts this right.
		`UPDATE procedure SET next_at = (SELECT now - interval '2 hours' FROM clock) WHERE id = 'campaign/covid-2021'`,
	)
}

// dispatcherStands lets a reminder fall due to everybody while nobody sends.
func (f *frozen) dispatcherStands(t *testing.T, at time.Time, dispatch *metrics.Dispatch) {
	e := engine.New(f.pool, slog.New(slog.DiscardHandler))
	if err := e.Jump(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	if _, err := e.StepProcedure(t.Context(), "campaign/covid-2021/round/monthly/2021-11", "climb"); err != nil {
		t.Fatal(err)
	}
	f.check(t)
	f.alert(t, "OutboxStuck", false)
	waiting := f.number(t, `max(thidua_messages{campaign="covid-2021", state="Pending"})`)
	if waiting != seedtest.Participants {
		t.Fatalf("%v messages wait, want one for each participant", waiting)
	}
	// Twenty minutes pass on the machine's clock, at which nobody would like to wait here.
	change(t, f.pool, `UPDATE message SET created_at = created_at - interval '20 minutes' WHERE state = 'Pending'`)
	f.check(t)
	f.alert(t, "OutboxStuck", true)

	d := notify.NewDispatcher(notify.DispatcherOptions{
		Pool: f.pool, Channels: []notify.Channel{sink{}}, Sender: mail.Address{Address: "thi-dua@office.example"},
		Log: slog.New(slog.DiscardHandler), Senders: 4, Observe: dispatch.Observe,
	})
	for {
		n, err := d.Once(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	f.check(t)
	f.alert(t, "OutboxStuck", false)
}

// sink takes every mail.
type sink struct{}

func (sink) Name() v1.Channel { return v1.ChannelEmail }

func (sink) Send(context.Context, notify.Mail) notify.Result {
	return notify.Result{Outcome: notify.Sent, Response: "250 taken"}
}

// scraped waits for the second scrape that sees this standstill, since the first
// may have begun before it, and returns when that was.
func (f *frozen) scraped(t *testing.T) time.Time {
	t.Helper()
	f.count++
	f.stands.Set(f.count)
	var first, second model.SampleValue
	await(t, "two scrapes", func() bool {
		v := f.query(t, fmt.Sprintf(`timestamp(test_standstill) and on () test_standstill == %v`, f.count), time.Time{})
		if len(v) == 0 {
			return false
		}
		if first == 0 {
			first = v[0].Value
		}
		second = v[0].Value
		return second > first
	})
	// A query's time is cut to the millisecond on its way.
	return time.UnixMilli(int64(math.Round(float64(second)*1000)) + 1)
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	bound := time.After(30 * time.Second)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-bound:
			t.Fatalf("%s: not within 30 s", what)
		case <-tick.C:
		}
	}
}

func (f *frozen) query(t *testing.T, expr string, at time.Time) model.Vector {
	t.Helper()
	v, _, _, err := f.prom.Query(t.Context(), expr, at)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	vector, ok := v.(model.Vector)
	if !ok {
		t.Fatalf("%s gives a %s", expr, v.Type())
	}
	return vector
}

func (f *frozen) number(t *testing.T, expr string) float64 {
	t.Helper()
	v := f.query(t, expr, f.scraped(t))
	if len(v) != 1 {
		t.Fatalf("%s: %d series", expr, len(v))
	}
	return float64(v[0].Value)
}

// alert waits until a rule is red, or is not.
func (f *frozen) alert(t *testing.T, name string, red bool) {
	t.Helper()
	f.scraped(t)
	await(t, fmt.Sprintf("alert %s red: %v", name, red), func() bool {
		r, err := f.prom.Rules(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range r.Groups {
			for _, rule := range g.Rules {
				if a, ok := rule.(promapi.AlertingRule); ok && a.Name == name {
					if a.Health != promapi.RuleHealthGood && a.Health != promapi.RuleHealthUnknown {
						t.Fatalf("%s: %s", name, a.LastError)
					}
					return a.Health == promapi.RuleHealthGood && (a.State == string(promapi.AlertStateFiring)) == red
				}
			}
		}
		t.Fatalf("there is no alert %s", name)
		return false
	})
}

var (
	rate     = regexp.MustCompile(`rate\(([^\[\]]+)\[\$__rate_interval\]\)`)
	variable = regexp.MustCompile(`\$[a-z_]+`)
)

// check holds every panel to its answer, with all campaigns chosen and with one.
func (f *frozen) check(t *testing.T) {
	t.Helper()
	at := f.scraped(t)
	f.checkFacts(t)
	for _, chosen := range []string{".*", seedtest.Campaign, "resting"} {
		for key, p := range f.all {
			for i, q := range p.Targets {
				if i < len(answers[key]) {
					f.checkQuery(t, queryName(key, i), q.Expr, answers[key][i], chosen, at)
				}
			}
		}
	}
}

func (f *frozen) checkQuery(t *testing.T, name, expr string, a answer, chosen string, at time.Time) {
	t.Helper()
	where := fmt.Sprintf("%s, campaign %s", name, chosen)
	shown := strings.ReplaceAll(expr, "$campaign", chosen)
	total := rate.ReplaceAllString(shown, "$1")
	shown = strings.ReplaceAll(shown, "$__rate_interval", "1h")
	if v := variable.FindString(shown); v != "" {
		t.Fatalf("%s: nobody gives %s a value", where, v)
	}
	series := f.query(t, shown, at)
	if a.process != "" {
		if len(series) == 0 && !a.temporal {
			t.Errorf("%s: no series: %s", where, shown)
		}
		measured := f.query(t, total, at)
		if !a.temporal && !slices.ContainsFunc(measured, func(s *model.Sample) bool { return s.Value >= 0 }) {
			t.Errorf("%s: nothing was measured: %s: %v", where, total, measured)
		}
		return
	}
	if len(series) == 0 && total != shown {
		t.Errorf("%s: no series: %s", where, shown)
	}
	got := map[string]float64{}
	for _, s := range f.query(t, total, at) {
		var values []string
		for _, name := range a.labels {
			values = append(values, string(s.Metric[model.LabelName(name)]))
		}
		if len(s.Metric) != len(a.labels) {
			t.Errorf("%s: labels of %v, want %v", where, s.Metric, a.labels)
		}
		got[strings.Join(values, " ")] = float64(s.Value)
	}
	want := f.byHand(t, where, a, chosen)
	for _, v := range want {
		f.proved[name] = f.proved[name] || v > 0
	}
	for key, v := range got {
		// What is counted from 0 is no row in SQL.
		if _, ok := want[key]; !ok && v == 0 {
			want[key] = 0
		}
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(x, y float64) bool {
		return x == y || math.Abs(x-y) <= max(a.within, 1e-9*math.Abs(x))
	})); diff != "" {
		t.Errorf("%s: by hand (-), shown (+):\n%s%s", where, diff, total)
	}
}

// byHand asks the facts.
func (f *frozen) byHand(t *testing.T, where string, a answer, chosen string) map[string]float64 {
	t.Helper()
	columns := []string{"value"}
	columns = slices.Concat(a.labels, columns)
	rows, err := f.pool.Query(t.Context(), fmt.Sprintf(`WITH chosen AS (SELECT id, name, state FROM campaign WHERE name ~ ('^(' || $1::text || ')$')), answer (%s) AS (%s)
		SELECT concat_ws(' ', %s), value::float8 FROM answer`, strings.Join(columns, ", "), a.sql, strings.Join(append([]string{"''"}, a.labels...), ", ")), chosen)
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	defer rows.Close()
	want := map[string]float64{}
	for rows.Next() {
		var key string
		var value float64
		if err := rows.Scan(&key, &value); err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		want[strings.TrimPrefix(key, " ")] = value
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	return want
}
