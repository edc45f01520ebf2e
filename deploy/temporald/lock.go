package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// lockKey is arbitrary; advisory locks are counted per database.
	lockKey = 0x74686964_7561 // "thidua"
	// lockWait lets a server that was just killed lose its connections.
	lockWait = 5 * time.Second
	lockPing = 5 * time.Second
)

var errLocked = errors.New("another temporald runs on these databases")

// instanceLock keeps a second temporald off the same databases. The services
// find each other through a fixed list of addresses, so two of them would not
// share the shards but take them from each other for ever.
type instanceLock struct {
	db   *database
	conn *pgx.Conn
	log  *slog.Logger
	// Lost receives at most one error: the lock is in other hands.
	Lost chan error
	stop context.CancelFunc
	done chan struct{}
}

func takeLock(ctx context.Context, db *database, log *slog.Logger) (*instanceLock, error) {
	l := &instanceLock{db: db, log: log, Lost: make(chan error, 1), done: make(chan struct{})}
	deadline := time.Now().Add(lockWait)
	for {
		err := l.take(ctx)
		if err == nil {
			break
		}
		if !errors.Is(err, errLocked) || time.Now().After(deadline) {
			return nil, err
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return nil, err
		}
	}
	watch, stop := context.WithCancel(context.Background())
	l.stop = stop
	go l.keep(watch)
	return l, nil
}

func (l *instanceLock) take(ctx context.Context) error {
	conn, err := l.db.connect(ctx, mainDatabase)
	if err != nil {
		return err
	}
	var got bool
	if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", int64(lockKey)).Scan(&got); err != nil {
		conn.Close(ctx)
		return fmt.Errorf("locking database %s: %w", mainDatabase, err)
	}
	if !got {
		conn.Close(ctx)
		return errLocked
	}
	l.conn = conn
	return nil
}

// keep takes the lock again after the database server was restarted.
func (l *instanceLock) keep(ctx context.Context) {
	defer close(l.done)
	for sleep(ctx, lockPing) == nil {
		if l.conn != nil && l.conn.Ping(ctx) == nil {
			continue
		}
		if l.conn != nil {
			l.conn.Close(ctx)
			l.conn = nil
		}
		switch err := l.take(ctx); {
		case errors.Is(err, errLocked):
			l.Lost <- err
			return
		case err != nil && ctx.Err() == nil:
			l.log.Warn("instance lock lost, trying again", "error", err)
		}
	}
}

// release gives the lock up.
func (l *instanceLock) release() {
	l.stop()
	<-l.done
	if l.conn != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		l.conn.Close(ctx)
	}
}
