package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
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
	waves   int           // since it was opened
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
	last := 1
	for first := range l.entries {
		wave := l.gather(first, last)
		last = len(wave)
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

// patience with senders that are about to come back. It is far less than a commit, and
// an attempt that was not made yet loses nothing by it.
const patience = 500 * time.Microsecond

// gather a wave: whoever waits already, and as many as last time if they come soon. A
// wave costs nearly the same for one sender as for all; without a moment's patience the
// first to come back would go alone, and all others wait for it.
func (l *ledger) gather(first entry, last int) []entry {
	wave := []entry{first}
	soon := time.NewTimer(patience)
	defer soon.Stop()
	for len(wave) < l.d.o.Senders {
		var e entry
		ok := false
		if len(wave) < last {
			select {
			case e, ok = <-l.entries:
			case <-soon.C:
			}
		} else {
			select {
			case e, ok = <-l.entries:
			default:
			}
		}
		if !ok {
			break
		}
		wave = append(wave, e)
	}
	return wave
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
			state, reason, wait := l.d.verdict(r.no-r.before, r.Outcome)
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
	if l.waves++; l.waves%replanAfter == 0 {
		if _, err := l.conn.Exec(ctx, "DISCARD PLANS"); err != nil {
			l.disconnect()
			return nil, fmt.Errorf("write the ledger of attempts: %w", err)
		}
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

// planning of the ledger's connection. Its one statement finds a few rows by their keys,
// whatever the tables hold, and planning it takes as long as carrying it out: so it is
// planned once for many waves. Not for ever: what was planned while the tables were
// empty would go on reading them whole.
var planning = []string{
	"plan_cache_mode = force_generic_plan", "enable_seqscan = off", "enable_bitmapscan = off",
	"enable_hashjoin = off", "enable_mergejoin = off",
}

// replanAfter so many waves.
const replanAfter = 100

// connect takes a connection for as long as the ledger is open.
func (l *ledger) connect(ctx context.Context) (err error) {
	if l.conn != nil {
		return nil
	}
	if l.conn, err = l.d.o.Pool.Acquire(ctx); err != nil {
		return fmt.Errorf("write the ledger of attempts: %w", err)
	}
	for _, setting := range planning {
		if _, err := l.conn.Exec(ctx, "SET "+setting); err != nil {
			l.disconnect()
			return fmt.Errorf("write the ledger of attempts: %w", err)
		}
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
	if _, err := l.conn.Exec(ctx, "RESET ALL"); err != nil {
		_ = l.conn.Conn().Close(ctx)
	}
	l.conn.Release()
	l.conn = nil
}

// codes begin what a mail server answers.
var codes = regexp.MustCompile(`^\d{3}([ -]\d\.\d{1,3}\.\d{1,3})?`)

// reason is what the log says of a failure: of a server's answer the codes only, for its
// words are mostly about the recipient. The ledger has them.
func (r Result) reason() slog.Attr {
	if r.Response != "" {
		return slog.String("answer", codes.FindString(r.Response))
	}
	return slog.Any("error", r.Err)
}

// answer is what the ledger keeps of a call: the server's own words, or the error.
func (r *result) answer() string {
	if r.Response == "" && r.Err != nil {
		return r.Err.Error()
	}
	return r.Response
}
