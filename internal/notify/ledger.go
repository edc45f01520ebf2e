package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"thidua.dev/thidua/internal/store/db"
)

// ledger writes attempts and what became of them. A sender waits until its own entry is
// committed; entries of senders that wait at the same time are committed
// together, so that the ledger costs one commit a wave of senders, not two a
// message, and no call is ever made before its attempt is on disk.
type ledger struct {
	d       *Dispatcher
	entries chan entry
	done    chan struct{}
	conn    *pgxpool.Conn // its own; nil until the first wave, and after an error
}

// result is a call that has come back.
type result struct {
	outgoing
	no int32
	Result
}

// entry of one sender: what became of its last call, and the message it takes up
// next; either may be missing.
type entry struct {
	last  *result
	next  *outgoing
	reply chan reply
}

// reply says under which number the attempt has begun; 0: it must not be made.
type reply struct {
	no  int32
	err error
}

func (d *Dispatcher) openLedger() *ledger {
	l := &ledger{d: d, entries: make(chan entry), done: make(chan struct{})}
	go l.run()
	return l
}

// turn records and begins. It returns when that is committed.
func (l *ledger) turn(last *result, next *outgoing) (no int32, err error) {
	e := entry{last, next, make(chan reply, 1)}
	l.entries <- e
	r := <-e.reply
	return r.no, r.err
}

func (l *ledger) close() {
	close(l.entries)
	<-l.done
}

func (l *ledger) run() {
	defer close(l.done)
	defer l.disconnect()
	for first := range l.entries {
		wave := []entry{first}
		for more := true; more && len(wave) < l.d.o.Senders; {
			select {
			case e, ok := <-l.entries:
				if more = ok; ok {
					wave = append(wave, e)
				}
			default:
				more = false
			}
		}
		begun, err := l.commit(wave)
		for _, e := range wave {
			r := reply{err: err}
			if e.next != nil {
				r.no = begun[e.next.id]
			}
			e.reply <- r
		}
	}
}

// commit writes a wave, and tries again while the database is away: an outcome
// that is known should not become ambiguous for want of a moment's patience.
func (l *ledger) commit(wave []entry) (begun map[int64]int32, err error) {
	// Not ended by a stop: what was sent is recorded as sent.
	ctx, cancel := context.WithTimeout(context.Background(), l.d.o.Lease/4)
	defer cancel()
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		begun, err = l.write(ctx, wave)
		if err == nil || ctx.Err() != nil {
			return begun, err
		}
		l.d.o.Log.WarnContext(ctx, "ledger not written, trying again", "error", err)
		select {
		case <-ctx.Done():
			return nil, errors.Join(err, ctx.Err())
		case <-time.After(wait):
		}
	}
}

// write is one statement, and so one transaction and one round trip.
func (l *ledger) write(ctx context.Context, wave []entry) (map[int64]int32, error) {
	p := db.TurnAttemptsParams{Call: interval(l.d.o.Lease / 2)}
	for _, e := range wave {
		if r := e.last; r != nil {
			state, reason, wait := l.d.verdict(r.no, r.Outcome)
			p.EndedIds, p.EndedClaims, p.EndedAts = append(p.EndedIds, r.id), append(p.EndedClaims, r.claim), append(p.EndedAts, r.at)
			p.Nos, p.Outcomes, p.Responses = append(p.Nos, r.no), append(p.Outcomes, string(r.Outcome)), append(p.Responses, r.answer())
			p.States, p.Reasons, p.Waits = append(p.States, state), append(p.Reasons, reason), append(p.Waits, wait.Seconds())
			p.EndedNotices = append(p.EndedNotices, r.notices...)
		}
		if e.next != nil {
			p.Ids, p.Claims, p.Ats = append(p.Ids, e.next.id), append(p.Claims, e.next.claim), append(p.Ats, e.next.at)
			p.Notices = append(p.Notices, e.next.notices...)
		}
	}
	if err := l.connect(ctx); err != nil {
		return nil, err
	}
	rows, err := db.New(l.conn).TurnAttempts(ctx, p)
	if err != nil {
		l.disconnect()
		return nil, fmt.Errorf("write the ledger of attempts: %w", err)
	}
	begun := make(map[int64]int32, len(rows))
	for _, row := range rows {
		begun[row.MessageID] = row.No
	}
	return begun, nil
}

// connect takes a connection for as long as the ledger is open. Its one statement is
// planned once: planning it for every wave takes as long as carrying it out.
func (l *ledger) connect(ctx context.Context) (err error) {
	if l.conn != nil {
		return nil
	}
	if l.conn, err = l.d.o.Pool.Acquire(ctx); err != nil {
		return fmt.Errorf("write the ledger of attempts: %w", err)
	}
	if _, err := l.conn.Exec(ctx, "SET plan_cache_mode = force_generic_plan"); err != nil {
		l.disconnect()
		return fmt.Errorf("write the ledger of attempts: %w", err)
	}
	return nil
}

// disconnect gives the connection back as it was; a broken one is thrown away.
func (l *ledger) disconnect() {
	if l.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if _, err := l.conn.Exec(ctx, "RESET plan_cache_mode"); err != nil {
		_ = l.conn.Conn().Close(ctx)
	}
	l.conn.Release()
	l.conn = nil
}

// answer is what the ledger keeps of a call: the server's own words, or the error.
func (r *result) answer() string {
	if r.Response == "" && r.Err != nil {
		return r.Err.Error()
	}
	return r.Response
}
