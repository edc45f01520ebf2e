package notify_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/logs"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/notify"
	"thidua.dev/thidua/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// outbox is an installation in which the invitations to the launch are pending,
// one for each unit.
type outbox struct {
	t    testing.TB
	pool *pgxpool.Pool
}

func newOutbox(t testing.TB, units int) *outbox {
	t.Helper()
	b := &outbox{t, storetest.Pool(t)}
	e := engine.New(b.pool, slog.New(slog.DiscardHandler))
	at := time.Date(2021, 9, 7, 7, 0, 0, 0, time.UTC)
	b.ok(e.SetStepped(t.Context(), at))
	// An object holds 2,000 units at most; a roster may include others.
	const most = 2000
	var roster strings.Builder
	var parts []string
	for i := range units {
		if i%most == 0 {
			parts = append(parts, fmt.Sprintf("part-%d", i/most))
			fmt.Fprintf(&roster, "---\napiVersion: thidua.dev/v1\nkind: Roster\nmetadata: {name: %s}\nspec:\n  units:\n", parts[len(parts)-1])
		}
		fmt.Fprintf(&roster, "  - {code: U%d, name: Đơn vị %d, kind: unit}\n", i, i)
	}
	set, err := manifest.Load([]string{"-"}, strings.NewReader(`
apiVersion: thidua.dev/v1
kind: Campaign
metadata: {name: x}
spec:
  title: {vi: Phong trào thử}
  rulePack: VN-2003
  calendar: state
  office: VP
  launch: {at: 2021-09-07T14:00:00+07:00}
  participants: {roster: don-vi, kinds: [unit]}
  reporting: [{name: final, due: {date: 2021-11-15}}]
---
apiVersion: thidua.dev/v1
kind: Calendar
metadata: {name: state}
spec: {coveredFrom: 2021-01-01, coveredUntil: 2022-12-31}
---
apiVersion: thidua.dev/v1
kind: RulePack
metadata: {name: vn-2003}
spec:
  inForce: {from: 2017-10-01, to: 2023-12-31}
  forms: [{name: giay_khen, title: {vi: Giấy khen}}]
---
apiVersion: thidua.dev/v1
kind: Roster
metadata: {name: don-vi}
spec:
  include: [`+strings.Join(parts, ", ")+`]
  units: [{code: VP, name: Văn phòng, kind: office}]
`+roster.String()))
	b.ok(err)
	for i := range units {
		set.Contacts = append(set.Contacts, manifest.Contact{Unit: v1.UnitCode(fmt.Sprintf("U%d", i)), Role: v1.RoleFocalPoint, Email: fmt.Sprintf("u%d@units.example", i)})
	}
	office := auth.Actor{Name: "an", Role: auth.Office, Unit: "VP"}
	_, err = e.Apply(t.Context(), engine.By(office, ""), set, false)
	b.ok(err)
	b.ok(e.Launch(t.Context(), engine.By(office, ""), "x", engine.LaunchOptions{}))
	_, err = e.StepProcedure(t.Context(), "campaign/x", "launch")
	b.ok(err)
	return b
}

func (b *outbox) ok(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *outbox) exec(sql string, args ...any) {
	b.t.Helper()
	_, err := b.pool.Exec(b.t.Context(), sql, args...)
	b.ok(err)
}

// rows of a query, each as one line.
func (b *outbox) rows(sql string, args ...any) []string {
	b.t.Helper()
	rows, err := b.pool.Query(b.t.Context(), sql, args...)
	b.ok(err)
	lines, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (string, error) {
		values, err := row.Values()
		return strings.TrimSuffix(fmt.Sprintln(values...), "\n"), err
	})
	b.ok(err)
	return lines
}

func (b *outbox) check(reason, sql string, want ...string) {
	b.t.Helper()
	if d := cmp.Diff(want, b.rows(sql)); d != "" {
		b.t.Errorf("%s (-want +got):\n%s", reason, d)
	}
}

const (
	byState  = `SELECT state, count(*) FROM message GROUP BY 1 ORDER BY 1`
	notices  = `SELECT state, reason, count(*) FROM notice GROUP BY 1, 2 ORDER BY 1, 2`
	attempts = `SELECT no, coalesce(outcome, 'open'), count(*) FROM attempt GROUP BY 1, 2 ORDER BY 1, 2`
)

// answers is a channel that answers as a test says.
type answers struct {
	mu   sync.Mutex
	say  func(ctx context.Context, m notify.Mail) notify.Result
	sent []string // Message-IDs
}

func (a *answers) Name() v1.Channel { return v1.ChannelEmail }

func (a *answers) Send(ctx context.Context, m notify.Mail) notify.Result {
	a.mu.Lock()
	a.sent = append(a.sent, m.MessageID)
	say := a.say
	a.mu.Unlock()
	if say == nil {
		return notify.Result{Outcome: notify.Sent, Response: "250 taken"}
	}
	return say(ctx, m)
}

func (a *answers) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.sent)
}

func (b *outbox) dispatcher(ch notify.Channel, edit ...func(*notify.DispatcherOptions)) *notify.Dispatcher {
	o := notify.DispatcherOptions{
		Pool: b.pool, Channels: []notify.Channel{ch}, Sender: mail.Address{Address: "thi-dua@so.example"}, Log: slog.New(slog.DiscardHandler),
	}
	for _, e := range edit {
		e(&o)
	}
	return notify.NewDispatcher(o)
}

// drain sends until nothing is left that may go now.
func (b *outbox) drain(d *notify.Dispatcher) {
	b.t.Helper()
	for {
		n, err := d.Once(b.t.Context())
		b.ok(err)
		if n == 0 {
			return
		}
	}
}

// due lets what waits for its next try go now.
func (b *outbox) due() {
	b.exec(`UPDATE message SET next_try_at = clock_timestamp() WHERE state = 'Pending'`)
}

func TestSentIsRecorded(t *testing.T) {
	b := newOutbox(t, 25)
	ch := &answers{}
	b.drain(b.dispatcher(ch))
	if ch.count() != 25 {
		t.Errorf("%d calls, want 25", ch.count())
	}
	b.check("messages", byState, "Sent 25")
	b.check("notices", notices, "Sent  25")
	b.check("attempts", `SELECT no, outcome, response, finished_at > started_at, count(*) FROM attempt GROUP BY 1, 2, 3, 4`, "1 Sent 250 taken true 25")
}

// The attempt is on disk before the call is made: whoever dies in the call leaves
// a trace of it.
func TestAttemptIsCommittedBeforeTheCall(t *testing.T) {
	b := newOutbox(t, 40)
	ch := &answers{say: func(ctx context.Context, m notify.Mail) notify.Result {
		id := strings.Split(m.MessageID, ".")[1]
		var open int
		if err := b.pool.QueryRow(ctx, `SELECT count(*) FROM attempt WHERE message_id = $1::bigint AND outcome IS NULL`, id).Scan(&open); err != nil || open != 1 {
			t.Errorf("message %s is being sent with %d open attempts: %v", id, open, err)
		}
		return notify.Result{Outcome: notify.Sent}
	}}
	b.drain(b.dispatcher(ch))
	b.check("messages", byState, "Sent 40")
}

// Never more attempts are open than there are senders: that bounds what a crash
// leaves ambiguous.
func TestOpenAttemptsAreBounded(t *testing.T) {
	b := newOutbox(t, 60)
	ch := &answers{say: func(ctx context.Context, _ notify.Mail) notify.Result {
		var open int
		if err := b.pool.QueryRow(ctx, `SELECT count(*) FROM attempt WHERE outcome IS NULL`).Scan(&open); err != nil || open > 3 {
			t.Errorf("%d attempts are open, with 3 senders: %v", open, err)
		}
		return notify.Result{Outcome: notify.Sent}
	}}
	b.drain(b.dispatcher(ch, func(o *notify.DispatcherOptions) { o.Senders = 3 }))
	b.check("messages", byState, "Sent 60")
}

func TestWhatBecomesOfACall(t *testing.T) {
	for _, tt := range []struct {
		reason                     string
		outcome                    notify.Outcome
		park                       bool
		rounds                     int // times that it is due
		message, notice, attempted []string
	}{
		{"a server that is busy is asked again", notify.Retry, false, 1, []string{"Pending 1"}, []string{"Pending  1"}, []string{"1 Retry 1"}},
		{"and in the end it is left to a person", notify.Retry, false, 5, []string{"Parked 1"}, []string{"Failed GaveUp 1"}, []string{"1 Retry 1", "2 Retry 1", "3 Retry 1"}},
		{"a refusal is for good", notify.Rejected, false, 3, []string{"Parked 1"}, []string{"Failed Rejected 1"}, []string{"1 Rejected 1"}},
		{"no answer: listed, and sent again", notify.Ambiguous, false, 2, []string{"Pending 1"}, []string{"Pending  1"}, []string{"1 Ambiguous 1", "2 Ambiguous 1"}},
		{"no answer, on a channel where that is left to a person", notify.Ambiguous, true, 3, []string{"Ambiguous 1"}, []string{"Failed Ambiguous 1"}, []string{"1 Ambiguous 1"}},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			b := newOutbox(t, 1)
			ch := &answers{say: func(context.Context, notify.Mail) notify.Result {
				return notify.Result{Outcome: tt.outcome, Err: errors.New("as the test says")}
			}}
			d := b.dispatcher(ch, func(o *notify.DispatcherOptions) { o.MaxTries, o.ParkAmbiguous = 3, tt.park })
			for range tt.rounds {
				b.drain(d)
				b.due()
			}
			b.check("message", byState, tt.message...)
			b.check("notice", notices, tt.notice...)
			b.check("attempts", attempts, tt.attempted...)
			if ids := slices.Compact(slices.Clone(ch.sent)); len(ids) != 1 {
				t.Errorf("one message went out under several ids: %v", ids)
			}
		})
	}
}

// A mail server speaks of the recipient. The ledger keeps its words, the log its codes,
// and which message of which campaign it was.
func TestLogNamesNoRecipient(t *testing.T) {
	b := newOutbox(t, 1)
	ch := &answers{say: func(_ context.Context, m notify.Mail) notify.Result {
		said := "550 5.1.1 <" + m.To.Address + ">: Nguyễn Văn An is unknown here"
		return notify.Result{Outcome: notify.Rejected, Response: said, Err: errors.New(said)}
	}}
	var log strings.Builder
	b.drain(b.dispatcher(ch, func(o *notify.DispatcherOptions) { o.Log = logs.New(&log, logs.Text, slog.LevelDebug) }))
	if !strings.Contains(log.String(), `msg="message not sent" outcome=Rejected answer="550 5.1.1" workflow=campaign/x campaign=x message=`) {
		t.Errorf("the log says %s", log.String())
	}
	if strings.Contains(log.String(), "units.example") || strings.Contains(log.String(), "Nguyễn") {
		t.Errorf("the log says of whom: %s", log.String())
	}
	if got := b.rows(`SELECT response FROM attempt`); len(got) != 1 || !strings.Contains(got[0], "u0@units.example") {
		t.Errorf("the ledger has %v", got)
	}
}

// Tries come further and further apart.
func TestBackOff(t *testing.T) {
	b := newOutbox(t, 1)
	ch := &answers{say: func(context.Context, notify.Mail) notify.Result { return notify.Result{Outcome: notify.Retry} }}
	d := b.dispatcher(ch)
	var waits []string
	for range 5 {
		b.drain(d)
		waits = append(waits, b.rows(`SELECT round(extract(epoch FROM m.next_try_at - a.finished_at))::int FROM message m JOIN attempt a ON a.message_id = m.id ORDER BY a.no DESC LIMIT 1`)...)
		b.due()
	}
	if d := cmp.Diff([]string{"2", "4", "8", "16", "32"}, waits); d != "" {
		t.Errorf("seconds until the next try (-want +got):\n%s", d)
	}
}

// claimed leaves messages as a dispatcher that died leaves them.
func (b *outbox) claimed(withAttempt bool) {
	claim := uuid.New()
	b.exec(`UPDATE message SET state = 'Claimed', claim = $1, lease_until = clock_timestamp() - interval '1 second'`, claim)
	if withAttempt {
		b.exec(`INSERT INTO attempt (message_id, no, claim, at) SELECT id, 1, claim, now() FROM message`)
	}
}

func TestDeadBeforeTheAttempt(t *testing.T) {
	b := newOutbox(t, 3)
	b.claimed(false)
	ch := &answers{}
	b.drain(b.dispatcher(ch))
	b.check("they go as if nothing had happened", attempts, "1 Sent 3")
	b.check("messages", byState, "Sent 3")
}

func TestDeadInTheAttempt(t *testing.T) {
	t.Run("sent again under the same id", func(t *testing.T) {
		b := newOutbox(t, 3)
		b.claimed(true)
		ch := &answers{}
		b.drain(b.dispatcher(ch))
		b.check("listed, and sent again", attempts, "1 Ambiguous 3", "2 Sent 3")
		b.check("messages", byState, "Sent 3")
	})
	t.Run("left to a person", func(t *testing.T) {
		b := newOutbox(t, 3)
		b.claimed(true)
		ch := &answers{}
		b.drain(b.dispatcher(ch, func(o *notify.DispatcherOptions) { o.ParkAmbiguous = true }))
		b.check("listed", attempts, "1 Ambiguous 3")
		b.check("messages", byState, "Ambiguous 3")
		b.check("notices", notices, "Failed Ambiguous 3")
		if ch.count() != 0 {
			t.Errorf("%d were sent again", ch.count())
		}
	})
}

// A lease that still runs is somebody else's, unless nobody else can be.
func TestLeaseOfAnother(t *testing.T) {
	b := newOutbox(t, 2)
	b.exec(`UPDATE message SET state = 'Claimed', claim = $1, lease_until = clock_timestamp() + interval '1 hour'`, uuid.New())
	ch := &answers{}
	d := b.dispatcher(ch)
	b.drain(d)
	if ch.count() != 0 {
		t.Errorf("%d messages of another dispatcher were sent", ch.count())
	}
	b.ok(d.EndLeases(t.Context()))
	b.drain(d)
	b.check("taken up", byState, "Sent 2")
}

func TestManyDispatchers(t *testing.T) {
	b := newOutbox(t, 400)
	ch := &answers{}
	var wg sync.WaitGroup
	for range 4 {
		d := b.dispatcher(ch, func(o *notify.DispatcherOptions) { o.Batch, o.Senders = 17, 3 })
		wg.Go(func() {
			for {
				n, err := d.Once(t.Context())
				if err != nil {
					t.Error(err)
				}
				if n == 0 {
					return
				}
			}
		})
	}
	wg.Wait()
	b.drain(b.dispatcher(ch)) // what one let go of while the others looked
	slices.Sort(ch.sent)
	if once := slices.Compact(slices.Clone(ch.sent)); len(once) != 400 || len(ch.sent) != 400 {
		t.Errorf("%d calls for %d messages, want 400 for 400", len(ch.sent), len(once))
	}
	b.check("attempts", attempts, "1 Sent 400")
}

// A stop in the middle: calls under way are finished and recorded, the rest is let
// go, and nothing is left in doubt.
func TestStopInTheMiddle(t *testing.T) {
	b := newOutbox(t, 50)
	ctx, stop := context.WithCancel(t.Context())
	ch := &answers{}
	ch.say = func(context.Context, notify.Mail) notify.Result {
		if ch.count() >= 20 {
			stop()
		}
		return notify.Result{Outcome: notify.Sent}
	}
	b.ok(b.dispatcher(ch, func(o *notify.DispatcherOptions) { o.Senders = 4 }).Run(ctx, time.Millisecond))
	sent := ch.count()
	if sent < 20 || sent > 24 {
		t.Errorf("%d were sent", sent)
	}
	b.check("messages", byState, fmt.Sprintf("Pending %d", 50-sent), fmt.Sprintf("Sent %d", sent))
	b.check("nothing is in doubt", attempts, fmt.Sprintf("1 Sent %d", sent))
}

// One call that hangs holds up its own sender only.
func TestOneHangs(t *testing.T) {
	b := newOutbox(t, 60)
	others := make(chan struct{})
	var first sync.Once
	ch := &answers{}
	ch.say = func(ctx context.Context, _ notify.Mail) notify.Result {
		hang := false
		first.Do(func() { hang = true })
		if hang {
			select {
			case <-others:
			case <-ctx.Done():
				t.Error("the others were not sent meanwhile")
			}
		} else if ch.count() == 60 {
			close(others)
		}
		return notify.Result{Outcome: notify.Sent}
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan error, 1)
	d := b.dispatcher(ch, func(o *notify.DispatcherOptions) { o.Batch, o.Senders = 10, 2 })
	go func() { done <- d.Run(ctx, time.Millisecond) }()
	<-others
	stop()
	b.ok(<-done)
	b.check("messages", byState, "Sent 60")
}

// The rate is the installation's, not the process's.
func TestRate(t *testing.T) {
	b := newOutbox(t, 10)
	ch := &answers{}
	limit := func(o *notify.DispatcherOptions) { o.PerMinute = map[v1.Channel]int{v1.ChannelEmail: 120} } // two a second
	one, other := b.dispatcher(ch, limit), b.dispatcher(ch, limit)
	hold := func() { b.exec(`UPDATE channel_rate SET filled_at = clock_timestamp() + interval '1 hour'`) } // the bucket fills no more
	b.drain(one)
	if ch.count() < 2 {
		t.Errorf("%d went at once, want a second's worth, 2", ch.count())
	}
	hold()
	b.exec(`UPDATE channel_rate SET tokens = 0`)
	before := ch.count()
	b.drain(one)
	b.drain(other)
	if ch.count() != before {
		t.Errorf("%d went over the rate", ch.count()-before)
	}
	b.exec(`UPDATE channel_rate SET tokens = 1.5`)
	hold()
	b.drain(other)
	b.drain(one)
	if ch.count() != before+1 {
		t.Errorf("%d went for one whole token", ch.count()-before)
	}
}

// A mail server that takes nothing is trouble that the campaign tells of, before anything
// is given up.
func TestMailServerAway(t *testing.T) {
	b := newOutbox(t, 2)
	away := b.dispatcher(&answers{say: func(context.Context, notify.Mail) notify.Result {
		return notify.Result{Outcome: notify.Retry, Err: errors.New("connection refused")}
	}})
	for try, want := range []string{"False Delivering", "False Delivering", "True Retrying"} {
		b.drain(away)
		c, err := look.New(b.pool).Campaigns(t.Context())
		b.ok(err)
		if got := c[0].Condition("DeliveryDegraded"); got.Status+" "+got.Reason != want {
			t.Errorf("after try %d: %+v, want %s", try+1, got, want)
		}
		b.exec(`UPDATE message SET next_try_at = clock_timestamp() - interval '1 second'`)
	}
	b.drain(b.dispatcher(&answers{}))
	c, err := look.New(b.pool).Campaigns(t.Context())
	b.ok(err)
	if got := c[0].Condition("DeliveryDegraded"); got.Status != "False" {
		t.Errorf("it is back: %+v", got)
	}
}

// Without a mail server messages are held until somebody configures one or they are
// stale; what has expired is not sent later.
func TestNoMailServer(t *testing.T) {
	b := newOutbox(t, 2)
	none := b.dispatcher(notify.Unconfigured(v1.ChannelEmail))
	b.drain(none)
	b.check("held", byState, "Pending 2")
	messages, err := look.New(b.pool).Messages(t.Context(), "x", look.MessageFilter{State: "NotConfigured"})
	b.ok(err)
	if len(messages) != 2 {
		t.Errorf("%d messages say why they wait, want 2", len(messages))
	}
	c, err := look.New(b.pool).Campaigns(t.Context())
	b.ok(err)
	if got := c[0].Condition("DeliveryDegraded"); got.Status != "True" || got.Reason != "NotConfigured" {
		t.Errorf("the campaign does not say that nothing is sent: %+v", got)
	}
	b.exec(`UPDATE clock SET now = (SELECT max(not_after) FROM notice) + interval '1 second'`)
	b.drain(none)
	b.check("stale", byState, "Expired 2")
	b.check("and that is why", notices, "Expired PastNotAfter 2")
	ch := &answers{}
	b.drain(b.dispatcher(ch))
	if ch.count() != 0 {
		t.Errorf("%d stale messages were sent", ch.count())
	}
}
