package metrics

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"thidua.dev/thidua/internal/store/db"
)

// reading is one look at the database: values of each gauge, by its labels.
type reading map[*gauge]map[[3]string]float64

func (r reading) add(g *gauge, v float64, labels ...string) {
	var key [3]string
	copy(key[:], labels)
	if r[g] == nil {
		r[g] = map[[3]string]float64{}
	}
	r[g][key] += v
}

// metrics of a reading, each gauge's in the order in which a scrape gives them: sorting
// is the better part of a scrape of many, and one that finds them sorted has little to do.
func (r reading) metrics() []prometheus.Metric {
	var all []prometheus.Metric
	for g, values := range r {
		for _, key := range slices.SortedFunc(maps.Keys(values), g.compare) {
			all = append(all, prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, values[key], key[:g.labels]...))
		}
	}
	return all
}

// read asks for everything, on one snapshot.
func (r reading) read(ctx context.Context, q *db.Queries) error {
	clock, err := q.Now(ctx)
	if err != nil {
		return err
	}
	r.add(clockStepped, truth(clock.Stepped))
	r.add(businessSeconds, float64(clock.Now.UnixMilli())/1000)
	if err := r.zeros(ctx, q); err != nil {
		return err
	}
	if err := r.collection(ctx, q, clock); err != nil {
		return err
	}
	if err := r.outbox(ctx, q, clock); err != nil {
		return err
	}
	return r.procedures(ctx, q, clock)
}

// zeros starts the count of what is known beforehand.
func (r reading) zeros(ctx context.Context, q *db.Queries) error {
	for _, state := range campaignStates {
		r.add(campaigns, 0, state)
	}
	for _, ch := range channels {
		for _, result := range attemptResults {
			r.add(attempts, 0, string(ch), result)
		}
	}
	r.add(ambiguous, 0)
	declared, err := q.MeteredCampaigns(ctx)
	if err != nil {
		return err
	}
	for _, c := range declared {
		r.add(campaigns, 1, c.State)
		if c.State == "Launched" && c.ActedAt != nil {
			r.add(campaignLast, float64(c.ActedAt.Unix()), c.Name)
		}
		for _, state := range roundStates {
			r.add(rounds, 0, c.Name, state)
		}
		for kind, states := range obligationStates {
			if slices.Contains(states, "Owing") {
				r.add(overdue, 0, c.Name, kind)
			}
			for _, state := range states {
				r.add(obligations, 0, c.Name, kind, state)
			}
		}
		for _, ch := range channels {
			for _, state := range messageStates {
				r.add(messages, 0, c.Name, string(ch), state)
			}
		}
		for _, state := range letterStates {
			r.add(letters, 0, c.Name, state)
		}
	}
	steps, err := q.MeteredSteps(ctx)
	for _, s := range steps {
		r.add(missed, 0, s.Campaign, s.Step)
		for _, state := range noticeStates {
			r.add(notices, 0, s.Campaign, s.Step, state)
		}
	}
	return err
}

// collection is what is owed, and what was said about it.
func (r reading) collection(ctx context.Context, q *db.Queries, clock db.NowRow) error {
	byRound, err := q.CountRounds(ctx)
	if err != nil {
		return err
	}
	for _, row := range byRound {
		r.add(rounds, float64(row.N), row.Campaign, row.State)
	}
	owed, err := q.CountObligations(ctx, clock.Now)
	if err != nil {
		return err
	}
	for _, row := range owed {
		r.add(obligations, float64(row.N), row.Campaign, row.Kind, row.State)
		r.add(overdue, float64(row.Overdue), row.Campaign, row.Kind)
		r.heardOf(row.Campaign, row.HeardAt)
	}
	said, err := q.CountNotices(ctx)
	if err != nil {
		return err
	}
	for _, row := range said {
		r.add(notices, float64(row.N), row.Campaign, row.Step, row.State)
		r.add(missed, float64(row.Missed), row.Campaign, row.Step)
		r.heardOf(row.Campaign, row.SaidAt)
	}
	drafted, err := q.CountLetters(ctx)
	for _, row := range drafted {
		r.add(letters, float64(row.N), row.Campaign, row.State)
	}
	return err
}

// outbox is what was to be sent, and what became of it.
func (r reading) outbox(ctx context.Context, q *db.Queries, clock db.NowRow) error {
	sent, err := q.CountMessages(ctx)
	if err != nil {
		return err
	}
	for _, row := range sent {
		r.add(messages, float64(row.N), row.Campaign, row.Channel, row.State)
	}
	waiting, err := q.OutboxWaiting(ctx, clock.Now)
	if err != nil {
		return err
	}
	r.add(outboxWaiting, waiting)
	tried, err := q.CountAttempts(ctx)
	for _, row := range tried {
		r.add(attempts, float64(row.N), row.Channel, row.Outcome)
		if row.Outcome == "Ambiguous" {
			r.add(ambiguous, float64(row.N))
		}
	}
	return err
}

// procedures is how far Temporal is behind the facts.
func (r reading) procedures(ctx context.Context, q *db.Queries, clock db.NowRow) error {
	behind, err := q.ProceduresBehind(ctx, clock.Now)
	if err != nil {
		return err
	}
	r.add(proceduresDue, float64(behind.Due))
	r.add(procedureLag, behind.LagSeconds)
	next, err := q.NextInstants(ctx)
	if err != nil {
		return err
	}
	for _, row := range next {
		r.add(campaignNext, float64(row.NextAt.UnixMilli())/1000, row.Campaign)
	}
	wakes, err := q.CountWakes(ctx)
	r.add(wakesPending, float64(wakes))
	return err
}

// heardOf is the newest thing that happened between a campaign and its units.
func (r reading) heardOf(campaign string, at time.Time) {
	labels := [3]string{campaign}
	if last, runs := r[campaignLast][labels]; runs && float64(at.Unix()) > last {
		r[campaignLast][labels] = float64(at.Unix())
	}
}

// database is what the server says of itself. sqlc does not know its own views. The age
// of a transaction is told of one's own, and to those who may see all.
func (r reading) database(ctx context.Context, tx pgx.Tx) error {
	var bytes, limit, connected int64
	var oldest float64
	err := tx.QueryRow(ctx, `SELECT pg_database_size(current_database()), current_setting('max_connections')::bigint, count(*),
		coalesce(extract(epoch FROM clock_timestamp() - min(xact_start) FILTER (WHERE pid <> pg_backend_pid())), 0)::float8
		FROM pg_stat_activity WHERE datname = current_database()`).Scan(&bytes, &limit, &connected, &oldest)
	r.add(databaseBytes, float64(bytes))
	r.add(databaseLimit, float64(limit))
	r.add(databaseConnections, float64(connected))
	r.add(databaseOldest, oldest)
	return err
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
