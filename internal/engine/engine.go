package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/store/db"
)

// Engine runs commands and steps on one database.
type Engine struct {
	pool   *pgxpool.Pool
	log    *slog.Logger
	intake func(verb string, err error, took time.Duration)
	specs  *specs
}

// New makes an engine.
func New(pool *pgxpool.Pool, log *slog.Logger) *Engine {
	return &Engine{pool: pool, log: log, intake: func(string, error, time.Duration) {}, specs: &specs{}}
}

// ObserveIntake lets f hear of each report and approval that was taken in or
// refused (err), and how long that took. Call it before the engine is used.
func (e *Engine) ObserveIntake(f func(verb string, err error, took time.Duration)) { e.intake = f }

// Pool is the engine's database, for readers.
func (e *Engine) Pool() *pgxpool.Pool { return e.pool }

// Act is who acts, why, and under which request id. A repeat of a request id
// returns what the first one did.
type Act struct {
	Actor     auth.Actor
	Reason    string
	RequestID uuid.UUID
	// Generation, when not 0, is the campaign's generation that the actor saw;
	// another one is a Conflict.
	Generation int64
	// PlanHash, when set, is the plan that the actor saw for the one campaign that
	// they declare; another one is a Conflict.
	PlanHash string
}

// By is an Act with a fresh request id.
func By(actor auth.Actor, reason string) Act {
	return Act{Actor: actor, Reason: reason, RequestID: uuid.New()}
}

// tx is one transaction of the engine: its queries and the business time that
// was read when it began.
type tx struct {
	*db.Queries
	raw     pgx.Tx
	now     time.Time
	stepped bool
	specs   *specs
}

// in runs fn in one transaction. Deadlocks and serialization failures repeat
// it: nothing of the failed one is left.
func (e *Engine) in(ctx context.Context, fn func(*tx) error) error {
	return e.inAfter(ctx, nil, fn)
}

// inAfter is in for an fn that knows what it asks first, whatever the answers: that
// goes to the database together with the beginning. With it fn reads business time.
func (e *Engine) inAfter(ctx context.Context, first []ask, fn func(*tx) error) error {
	for try := 1; ; try++ {
		err := e.once(ctx, first, fn)
		var pg *pgconn.PgError
		if try < 5 && errors.As(err, &pg) && (pg.Code == "40P01" || pg.Code == "40001") {
			e.log.WarnContext(ctx, "transaction repeated", "code", pg.Code, "try", try)
			// At once, the two that met would meet again.
			time.Sleep(time.Duration(rand.IntN(try*20)) * time.Millisecond)
			continue
		}
		return err
	}
}

func (e *Engine) once(ctx context.Context, first []ask, fn func(*tx) error) error {
	conn, err := e.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release() // one that is in a transaction still is closed, which undoes it
	t := &tx{specs: e.specs}
	if err = t.begin(ctx, conn, first); err == nil {
		err = fn(t)
	}
	switch {
	case conn.Conn().PgConn().TxStatus() == 'I': // never begun, or over with its last statements
		return err
	case err != nil:
		_ = t.raw.Rollback(ctx) // what matters is why
		return err
	}
	return t.raw.Commit(ctx)
}

// begin begins the transaction, reads business time, and asks what is asked first.
func (t *tx) begin(ctx context.Context, conn sender, first []ask) error {
	var p pipeline
	p.batch.BeginTx(pgx.TxOptions{})
	p.asked = append(p.asked, func(*db.Queries) error { _, err := p.answers.Exec(); return err })
	if p.ask(first...); first == nil {
		p.ask(func(q *db.Queries) error { return t.readTime(ctx, q) })
	}
	err := p.send(ctx, conn)
	t.raw = p.answers.Tx()
	t.Queries = db.New(t.raw)
	return err
}

func (t *tx) readTime(ctx context.Context, q *db.Queries) error {
	now, err := q.Now(ctx)
	t.now, t.stepped = now.Now, now.Stepped
	return err
}

// last are the transaction's last statements, which are committed with them: nothing can
// be done or refused behind them.
func (t *tx) last(ctx context.Context, statements ...ask) error {
	var p pipeline
	p.ask(statements...)
	p.commit()
	return p.send(ctx, t.raw)
}

// Now is business time.
func (e *Engine) Now(ctx context.Context) (time.Time, error) {
	row, err := db.New(e.pool).Now(ctx)
	return row.Now, err
}

// lockForCommand locks a campaign for an act, authorises it, and finds out
// whether the request was carried out before: then it returns its record.
func (t *tx) lockForCommand(ctx context.Context, act Act, verb auth.Verb, name string) (c db.Campaign, done *db.Audit, err error) {
	c, err = t.CampaignForUpdate(ctx, name)
	if errors.Is(err, pgx.ErrNoRows) {
		return c, nil, t.unknownCampaign(ctx, name)
	}
	if err != nil {
		return c, nil, err
	}
	if err := t.demand(ctx, act.Actor, verb, auth.Object{Campaign: name, Office: c.Office}, "campaign "+name); err != nil {
		return c, nil, err
	}
	if done, err = t.repeated(ctx, act, verb, "Campaign/"+name); done != nil || err != nil {
		return c, done, err
	}
	if act.Generation != 0 && act.Generation != c.Generation {
		return c, nil, &Conflict{Text: fmt.Sprintf("campaign %s is at generation %d, not %d: look at it again, then repeat", name, c.Generation, act.Generation)}
	}
	return c, nil, nil
}

// repeated is the record of an act that was carried out before under the same
// request id; nil when there is none. The caller holds the lock under which the
// act is carried out, so that of two at once the second finds the first.
func (t *tx) repeated(ctx context.Context, act Act, verb auth.Verb, object string) (*db.Audit, error) {
	done, err := t.AuditByRequest(ctx, act.RequestID)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if done.Verb != string(verb) || done.Object != object {
		return nil, refuse("RequestIDReused", "request id %s was used before, to %s %s: give each act its own", act.RequestID, done.Verb, done.Object)
	}
	return &done, nil
}

func (t *tx) unknownCampaign(ctx context.Context, name string) error {
	all, err := t.Campaigns(ctx)
	if err != nil {
		return err
	}
	known := make([]string, len(all))
	for i, c := range all {
		known[i] = c.Name
	}
	return &NotFound{Kind: "campaign", Name: name, Known: known}
}

// audit records an act, in the act's own transaction.
func (t *tx) audit(ctx context.Context, act Act, verb auth.Verb, object string, detail any) error {
	b, err := json.Marshal(detail)
	if err != nil {
		return err
	}
	return t.InsertAudit(ctx, db.InsertAuditParams{
		At: t.now, Actor: act.Actor.String(), Verb: string(verb), Object: object, Reason: act.Reason,
		RequestID: act.RequestID, Detail: b,
	})
}

// Ids of procedures: fixed, so that opening one twice opens one.
func campaignID(name string) string       { return "campaign/" + name }
func roundID(name, round string) string   { return "campaign/" + name + "/round/" + round }
func reviewID(name, review string) string { return "campaign/" + name + "/review/" + review }
func ceremonyID(name string) string       { return "campaign/" + name + "/ceremony" }

// Kinds of procedures, as the workflows are called.
const (
	KindCampaign = "Campaign"
	KindRound    = "Round"
	KindReview   = "Review"
	KindCeremony = "Ceremony"
)

func shortList(names []string) string {
	if len(names) > 12 {
		names = append(names[:12:12], fmt.Sprintf("… (%d in all)", len(names)))
	}
	return strings.Join(names, ", ")
}

// local writes an instant for people, in the campaign's time zone.
func local(t time.Time, zone string) string {
	return inZone(t, zone).Format("02/01/2006 15:04")
}

func inZone(t time.Time, zone string) time.Time {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		loc = time.UTC
	}
	return t.In(loc)
}
