package engine

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"thidua.dev/thidua/internal/store/db"
)

// ask is one statement of package db and keeps what it returns. It runs twice, to say
// what is asked and to take the answer, and so does nothing else.
type ask func(q *db.Queries) error

// pipeline sends statements together: one round trip. Each begins when the one before
// it has ended, and sees what was committed until then; so what is read behind a lock
// is as new as the lock. When one fails, those behind it are not carried out.
type pipeline struct {
	batch   pgx.Batch
	asked   []ask
	answers pgx.BatchResults // nil while statements are collected
}

// sender is a connection or a transaction.
type sender interface {
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

func (p *pipeline) ask(statements ...ask) {
	for _, s := range statements {
		_ = s(db.New(p)) // errUnanswered
		p.asked = append(p.asked, s)
	}
}

// commit is a statement too.
func (p *pipeline) commit() {
	p.batch.Queue("commit")
	p.asked = append(p.asked, func(*db.Queries) error {
		tag, err := p.answers.Exec()
		if err == nil && tag.String() == "ROLLBACK" {
			return pgx.ErrTxCommitRollback
		}
		return err
	})
}

// send is over when all is answered; the error is that of the first that failed.
func (p *pipeline) send(ctx context.Context, to sender) (err error) {
	p.answers = to.SendBatch(ctx, &p.batch)
	defer func() {
		if closing := p.answers.Close(); err == nil {
			err = closing
		}
	}()
	for _, s := range p.asked {
		if err := s(db.New(p)); err != nil {
			return err
		}
	}
	return nil
}

var errUnanswered = errors.New("asked, and not answered yet")

// Exec implements [db.DBTX].
func (p *pipeline) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	if p.answers != nil {
		return p.answers.Exec()
	}
	p.batch.Queue(sql, args...)
	return pgconn.CommandTag{}, errUnanswered
}

// Query implements [db.DBTX].
func (p *pipeline) Query(_ context.Context, sql string, args ...any) (pgx.Rows, error) {
	if p.answers != nil {
		return p.answers.Query()
	}
	p.batch.Queue(sql, args...)
	return nil, errUnanswered
}

// QueryRow implements [db.DBTX].
func (p *pipeline) QueryRow(_ context.Context, sql string, args ...any) pgx.Row {
	if p.answers != nil {
		return p.answers.QueryRow()
	}
	p.batch.Queue(sql, args...)
	return unanswered{}
}

type unanswered struct{}

func (unanswered) Scan(...any) error { return errUnanswered }
