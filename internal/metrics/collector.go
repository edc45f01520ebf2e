package metrics

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"thidua.dev/thidua/internal/store/db"
)

// Collector reads where the installation stands: a few set-based queries on one
// snapshot, however many units there are. Every process of an installation
// reads the same numbers, so queries over them take a maximum, not a sum.
type Collector struct {
	// Timeout of one reading; Postgres is left alone after it.
	Timeout time.Duration
	// MaxAge of a reading: until then scrapes get the last one, so that several
	// of them cost one. A reading is kept ten times as long as it took at least:
	// the database spends no more than a tenth of one core on it. 0 keeps none.
	MaxAge time.Duration

	pool *pgxpool.Pool
	log  *slog.Logger
	mu   sync.Mutex // one reading at a time
	last []prometheus.Metric
	end  time.Time // of last
	down bool
}

// NewCollector makes a collector of one database, to be registered.
func NewCollector(pool *pgxpool.Pool, log *slog.Logger) *Collector {
	return &Collector{Timeout: 8 * time.Second, MaxAge: 10 * time.Second, pool: pool, log: log}
}

// Describe names every metric.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, g := range gauges {
		ch <- g.desc
	}
}

// Collect gives the last reading while it is fresh, or reads again.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !time.Now().Before(c.end) {
		start := time.Now()
		c.last = c.read()
		if c.MaxAge > 0 {
			now := time.Now()
			c.end = now.Add(max(c.MaxAge, 10*now.Sub(start)))
		}
	}
	for _, m := range c.last {
		ch <- m
	}
}

// read turns an error into thidua_collector_up 0: what the process counts
// itself is wanted most when the database is down.
func (c *Collector) read() []prometheus.Metric {
	ctx, cancel := context.WithTimeout(context.Background(), c.Timeout)
	defer cancel()
	start := time.Now()
	var r reading
	err := pgx.BeginTxFunc(ctx, c.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		r = reading{}
		if err := r.read(ctx, db.New(tx)); err != nil {
			return err
		}
		return r.database(ctx, tx)
	})
	if (err != nil) != c.down {
		c.down = err != nil
		c.log.Warn("metrics from the database", "up", !c.down, "error", err)
	}
	if err != nil {
		r = reading{}
	}
	r.add(up, truth(err == nil))
	r.add(readSeconds, time.Since(start).Seconds())
	return r.metrics()
}
