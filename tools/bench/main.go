// Command bench measures the engine beside peers whose dependencies stay out of the
// root module. It prints the same results as `thidua bench -o json`.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/mail"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/bench"
	"thidua.dev/thidua/internal/notify"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	units := flag.Int("units", bench.Country, "units that take part")
	repeat := flag.Int("repeat", 3, "how often; the median counts")
	flag.Parse()
	o := bench.Options{
		Units: *units, Repeat: *repeat, Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Progress: func(text string) { fmt.Fprintln(os.Stderr, text) },
	}
	results, err := bench.Run(ctx, o, []bench.Measurement{{Name: "river", Short: "everybody reminded by mail, beside one job per unit on River", Run: measure}}, nil, func(bench.Result) {})
	if err != nil {
		return err
	}
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", "  ")
	return e.Encode(results)
}

func measure(ctx context.Context, b *bench.Bench) ([]bench.Result, error) {
	var ours, theirs []float64
	for range b.Repeat {
		took, _, err := b.Remind(ctx)
		if err != nil {
			return nil, err
		}
		ours = append(ours, took.Seconds())
		if took, err = jobs(ctx, b); err != nil {
			return nil, err
		}
		theirs = append(theirs, took.Seconds())
	}
	r := bench.Result{
		Name: fmt.Sprintf("%d units reminded by mail, step to last outcome", b.Units), Value: bench.Median(ours), Unit: "s",
		Note: fmt.Sprintf("%d connections; River's jobs look up the unit, write the same kind of text, and keep no attempt", bench.Connections),
	}
	return []bench.Result{r.Beside("River, one job per unit, inserted at once", bench.Median(theirs)).Limited(bench.AtMost, 1)}, nil
}

// reminder is the job of one unit.
type reminder struct {
	Unit int `json:"unit"`
}

func (reminder) Kind() string { return "reminder" }

// sender works jobs as an application would: is it still owed, the text, one mail.
type sender struct {
	river.WorkerDefaults[reminder]

	pool     *pgxpool.Pool
	channel  *notify.SMTP
	composer *notify.Composer
}

func (s *sender) Work(ctx context.Context, job *river.Job[reminder]) error {
	var name, email string
	var owing bool
	if err := s.pool.QueryRow(ctx, `SELECT name, email, owing FROM unit WHERE id = $1`, job.Args.Unit).Scan(&name, &email, &owing); err != nil || !owing {
		return err
	}
	text, err := s.composer.Compose(notify.Envelope{
		Campaign:  notify.Campaign{Name: bench.Campaign, Title: v1.Text{VI: "Phong trào " + bench.Campaign}, Launched: job.CreatedAt},
		Office:    notify.Office{Unit: notify.Unit{Code: "VP", Name: "Văn phòng"}, Sender: mail.Address{Address: "thi-dua@office.example"}},
		Recipient: notify.Recipient{Role: v1.RoleFocalPoint, Unit: notify.Unit{Code: name, Name: name}, Email: email},
		Notices:   []notify.Notice{{Kind: notify.KindReport, Step: "prepare", Unit: notify.Unit{Code: name, Name: name}, Due: job.CreatedAt.AddDate(0, 0, 7)}},
		Now:       job.CreatedAt, Location: time.UTC, MessageID: fmt.Sprintf("%d@office.example", job.ID),
	})
	if err != nil {
		return err
	}
	r := s.channel.Send(ctx, text)
	if r.Outcome != notify.Sent {
		return fmt.Errorf("%s: %w", r.Outcome, r.Err)
	}
	return nil
}

// jobs puts one job per unit into the queue at once, and works them.
func jobs(ctx context.Context, b *bench.Bench) (took time.Duration, err error) {
	url, drop, err := b.Database(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, drop(context.WithoutCancel(ctx))) }()
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return 0, err
	}
	defer pool.Close()
	driver := riverpgxv5.New(pool)
	migrator, err := rivermigrate.New(driver, nil)
	if err != nil {
		return 0, err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return 0, err
	}
	if _, err := pool.Exec(ctx, `CREATE TABLE unit (id int PRIMARY KEY, name text NOT NULL, email text NOT NULL, owing boolean NOT NULL)`); err != nil {
		return 0, err
	}
	if _, err := pool.Exec(ctx, `INSERT INTO unit SELECT i, 'Đơn vị ' || i, 'u' || i || '@units.example', true FROM generate_series(0, $1::int) i`, b.Units); err != nil {
		return 0, err
	}
	sink, err := bench.StartSink()
	if err != nil {
		return 0, err
	}
	defer sink.Close()
	channel, err := notify.NewSMTP(notify.SMTPOptions{Addr: sink.Addr(), TLS: notify.TLSNone, MaxConnections: bench.Connections})
	if err != nil {
		return 0, err
	}
	defer channel.Close()
	workers := river.NewWorkers()
	composer, err := notify.NewComposer(nil)
	if err != nil {
		return 0, err
	}
	river.AddWorker(workers, &sender{pool: pool, channel: channel, composer: composer})
	client, err := river.NewClient(driver, &river.Config{
		Logger: b.Log, Workers: workers,
		// With as many workers as connections and the usual pause between two fetches,
		// 100 ms, it would send a hundred mails a second.
		FetchCooldown: time.Millisecond, FetchPollInterval: 10 * time.Millisecond,
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 20 * bench.Connections}},
	})
	if err != nil {
		return 0, err
	}
	if err := client.Start(ctx); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, client.Stop(context.WithoutCancel(ctx))) }()
	began := time.Now()
	all := make([]river.InsertManyParams, b.Units)
	for i := range all {
		all[i].Args = reminder{i}
	}
	if _, err := client.InsertManyFast(ctx, all); err != nil {
		return 0, err
	}
	return await(ctx, pool, began, b.Units)
}

// await until all jobs are on record as done.
func await(ctx context.Context, pool *pgxpool.Pool, began time.Time, units int) (time.Duration, error) {
	for {
		var done int
		err := pool.QueryRow(ctx, `SELECT count(*) FROM river_job WHERE state = 'completed'`).Scan(&done)
		switch {
		case err != nil:
			return 0, err
		case done == units:
			return time.Since(began), nil
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}
