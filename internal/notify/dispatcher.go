package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/store/db"
)

// DispatcherOptions of a dispatcher.
type DispatcherOptions struct {
	Pool     *pgxpool.Pool
	Channels []Channel
	// Sender is the address that mail comes from; its domain stands in the
	// Message-IDs.
	Sender mail.Address
	// BaseURL of the pages, for links; empty leaves them out.
	BaseURL string
	// Batch is how many messages one claim takes; Senders how many are sent at once.
	Batch, Senders int
	// Lease is how long a claim holds; a dispatcher that dies lets go after it.
	Lease time.Duration
	// MaxTries of a message before it is parked.
	MaxTries int
	// ParkAmbiguous leaves a message whose outcome is not known to a person,
	// instead of sending it again under the same Message-ID.
	ParkAmbiguous bool
	// Observe hears each outcome; may be nil.
	Observe func(channel v1.Channel, outcome Outcome, took time.Duration)
	Log     *slog.Logger
}

// Dispatcher carries messages from the outbox to the channels. Several may run:
// each claims with a lease, and writes an attempt before every call.
type Dispatcher struct {
	o        DispatcherOptions
	channels map[string]Channel
	names    []string // of channels that are configured
	q        *db.Queries
}

// NewDispatcher fills in the options' defaults.
func NewDispatcher(o DispatcherOptions) *Dispatcher {
	d := &Dispatcher{o: o, channels: map[string]Channel{}, q: db.New(o.Pool)}
	d.o.Batch, d.o.Senders = max(1, orDefault(o.Batch, 200)), max(1, orDefault(o.Senders, 8))
	d.o.Lease, d.o.MaxTries = orDefault(o.Lease, 2*time.Minute), orDefault(o.MaxTries, 10)
	for _, ch := range o.Channels {
		if _, missing := ch.(Unconfigured); !missing {
			d.channels[string(ch.Name())] = ch
			d.names = append(d.names, string(ch.Name()))
		}
	}
	return d
}

func orDefault[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}

// Run claims and sends until ctx ends, looking every poll when there is nothing
// to do. What is being sent when ctx ends is finished first.
func (d *Dispatcher) Run(ctx context.Context, poll time.Duration) error {
	for {
		n, err := d.Once(ctx)
		if err != nil && ctx.Err() == nil {
			d.o.Log.ErrorContext(ctx, "dispatch failed", "error", err)
		}
		if n > 0 && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(poll):
		}
	}
}

// Once claims one batch and sends it. It returns how many messages it claimed.
func (d *Dispatcher) Once(ctx context.Context) (int, error) {
	if err := d.rescue(ctx); err != nil {
		return 0, err
	}
	b, err := d.claim(ctx)
	if err != nil || b.claimed == 0 {
		return b.claimed, err
	}
	work := make(chan outgoing)
	errs := make(chan error, d.o.Senders)
	var wg sync.WaitGroup
	for range min(d.o.Senders, len(b.out)) {
		wg.Go(func() {
			var failed error
			for o := range work {
				if err := d.deliver(ctx, b, o); err != nil {
					failed = err
				}
			}
			errs <- failed
		})
	}
	for _, o := range b.out {
		work <- o
	}
	close(work)
	wg.Wait()
	close(errs)
	var all error
	for err := range errs {
		all = errors.Join(all, err)
	}
	return b.claimed, all
}

// batch is what one claim took.
type batch struct {
	claim   uuid.UUID
	now     time.Time
	claimed int
	out     []outgoing
}

type outgoing struct {
	id      int64
	channel string
	notices []int64 // what the text says
	mail    Mail
	err     error // the text cannot be written: a person has to look
}

func (d *Dispatcher) rescue(ctx context.Context) error {
	lost, err := d.q.RescueLeases(ctx, !d.o.ParkAmbiguous, int32(d.o.MaxTries))
	for _, m := range lost {
		d.o.Log.WarnContext(ctx, "lease ran out", "message", m.ID, "ambiguous", m.Open)
	}
	return err
}

// claim takes a lease, in one transaction with the second look at what is
// still to be said.
func (d *Dispatcher) claim(ctx context.Context) (batch, error) {
	b := batch{claim: uuid.New()}
	err := pgx.BeginFunc(ctx, d.o.Pool, func(raw pgx.Tx) error {
		q := db.New(raw)
		clock, err := q.Now(ctx)
		if err != nil {
			return err
		}
		b.now = clock.Now
		if _, err := q.ExpirePending(ctx, b.now, append([]string{}, d.names...)); err != nil {
			return err
		}
		ids, err := q.ClaimMessages(ctx, db.ClaimMessagesParams{
			Now: b.now, Channels: append([]string{}, d.names...), MaxRows: int32(d.o.Batch), Claim: b.claim,
			Lease: interval(d.o.Lease),
		})
		if err != nil || len(ids) == 0 {
			return err
		}
		b.claimed = len(ids)
		if _, err := q.DropStaleNotices(ctx, ids, b.now); err != nil {
			return err
		}
		if _, err := q.DropLostRecipients(ctx, ids); err != nil {
			return err
		}
		rows, err := q.ClaimedNotices(ctx, ids, b.claim)
		if err != nil {
			return err
		}
		// After the rows were read: a message whose last notice goes in between has
		// none, and would be nobody's until the lease ends.
		if _, err := q.DropEmptyMessages(ctx, ids); err != nil {
			return err
		}
		b.out, err = d.compose(ctx, q, b, rows)
		return err
	})
	if err != nil {
		return batch{}, fmt.Errorf("claim messages: %w", err)
	}
	return b, nil
}

// compose writes the texts of claimed messages.
func (d *Dispatcher) compose(ctx context.Context, q *db.Queries, b batch, rows []db.ClaimedNoticesRow) ([]outgoing, error) {
	campaigns := map[string]*texting{}
	byMessage := map[int64][]db.ClaimedNoticesRow{}
	for _, r := range rows {
		byMessage[r.MessageID] = append(byMessage[r.MessageID], r)
		if campaigns[r.Campaign] == nil {
			t, err := d.texting(ctx, q, r.Campaign)
			if err != nil {
				return nil, err
			}
			campaigns[r.Campaign] = t
		}
	}
	var out []outgoing
	for _, id := range slices.Sorted(maps.Keys(byMessage)) {
		rows := byMessage[id]
		o := outgoing{id: id, channel: rows[0].Channel}
		for _, r := range rows {
			o.notices = append(o.notices, r.NoticeID)
		}
		o.mail, o.err = campaigns[rows[0].Campaign].compose(b.now, rows)
		out = append(out, o)
	}
	return out, nil
}

// deliver makes one attempt, which is written and committed before the call and
// closed after it.
func (d *Dispatcher) deliver(ctx context.Context, b batch, o outgoing) error {
	// An attempt that has begun is brought to its end, whatever stops us.
	end := context.WithoutCancel(ctx)
	if ctx.Err() != nil {
		return d.q.ReleaseClaim(end, []int64{o.id}, b.claim)
	}
	no, err := d.q.BeginAttempt(ctx, db.BeginAttemptParams{
		ID: o.id, Claim: b.claim, At: b.now, Notices: o.notices, Call: interval(d.o.Lease / 2),
	})
	if errors.Is(err, pgx.ErrNoRows) {
		// The report came meanwhile, or the lease runs out: read it again.
		return d.q.ReleaseClaim(end, []int64{o.id}, b.claim)
	}
	if err != nil {
		return fmt.Errorf("begin attempt: %w", err)
	}
	start := time.Now()
	var result Result
	if o.err != nil {
		result = Result{Outcome: Rejected, Err: o.err}
	} else {
		// Well within what is left of the lease: nobody else takes it up meanwhile.
		sending, cancel := context.WithTimeout(end, d.o.Lease/3)
		result = d.channels[o.channel].Send(sending, o.mail)
		cancel()
		if result.Outcome == NotConfigured {
			result = Result{Outcome: Retry, Err: errors.New("the channel has no settings")}
		}
	}
	if d.o.Observe != nil {
		d.o.Observe(v1.Channel(o.channel), result.Outcome, time.Since(start))
	}
	if result.Err != nil {
		d.o.Log.WarnContext(ctx, "message not sent", "message", o.id, "channel", o.channel, "outcome", result.Outcome, "error", result.Err)
	}
	return d.settle(end, b, o, no, result)
}

func (d *Dispatcher) settle(ctx context.Context, b batch, o outgoing, no int32, r Result) error {
	response := r.Response
	if response == "" && r.Err != nil {
		response = r.Err.Error()
	}
	return pgx.BeginFunc(ctx, d.o.Pool, func(raw pgx.Tx) error {
		q := db.New(raw)
		if err := q.EndAttempt(ctx, db.EndAttemptParams{MessageID: o.id, No: no, Outcome: string(r.Outcome), Response: response}); err != nil {
			return err
		}
		switch r.Outcome {
		case Sent:
			return q.SettleSent(ctx, db.SettleSentParams{ID: o.id, Claim: b.claim, Now: b.now, Notices: o.notices})
		case Ambiguous:
			if d.o.ParkAmbiguous {
				return q.SettleFailed(ctx, db.SettleFailedParams{ID: o.id, Claim: b.claim, State: "Ambiguous", Reason: "Ambiguous"})
			}
		case Rejected:
			return q.SettleFailed(ctx, db.SettleFailedParams{ID: o.id, Claim: b.claim, State: "Parked", Reason: "Rejected"})
		}
		if int(no) >= d.o.MaxTries {
			return q.SettleFailed(ctx, db.SettleFailedParams{ID: o.id, Claim: b.claim, State: "Parked", Reason: "GaveUp"})
		}
		return q.SettleRetry(ctx, db.SettleRetryParams{ID: o.id, Claim: b.claim, Wait: interval(backOff(int(no)))})
	})
}

func interval(d time.Duration) pgtype.Interval {
	return pgtype.Interval{Microseconds: d.Microseconds(), Valid: true}
}

// backOff before the next try: 2 s doubling to 15 min.
func backOff(tries int) time.Duration {
	return min(2*time.Second<<min(tries-1, 12), 15*time.Minute)
}

// texting is what the texts of one campaign share.
type texting struct {
	d        *Dispatcher
	name     string
	spec     *v1.CampaignSpec
	composer *Composer
	location *time.Location
	office   Office
	launched time.Time
	offsets  map[string]int
	titles   map[string]*v1.Text
}

func (d *Dispatcher) texting(ctx context.Context, q *db.Queries, name string) (*texting, error) {
	t := &texting{d: d, name: name, offsets: map[string]int{}, titles: map[string]*v1.Text{}}
	row, err := q.NewestObject(ctx, "Campaign", name)
	if err != nil {
		return nil, fmt.Errorf("read campaign %s: %w", name, err)
	}
	var c v1.Campaign
	if err := json.Unmarshal(row.Manifest, &c); err != nil {
		return nil, fmt.Errorf("campaign %s: %w", name, err)
	}
	t.spec = &c.Spec
	if t.location, err = time.LoadLocation(c.Spec.TimeZone); err != nil {
		return nil, fmt.Errorf("campaign %s: %w", name, err)
	}
	state, err := q.CampaignByName(ctx, name)
	if err != nil {
		return nil, err
	}
	t.launched = state.LaunchAt
	overrides, err := q.Templates(ctx)
	if err != nil {
		return nil, err
	}
	var specs []v1.MessageTemplateSpec
	for _, o := range overrides {
		var m v1.MessageTemplate
		if err := json.Unmarshal(o, &m); err != nil {
			return nil, fmt.Errorf("message template: %w", err)
		}
		specs = append(specs, m.Spec)
	}
	if t.composer, err = NewComposer(specs); err != nil {
		return nil, err
	}
	officeName, err := q.UnitName(ctx, string(c.Spec.Office))
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, err
	}
	t.office = Office{Unit: Unit{Code: string(c.Spec.Office), Name: officeName}, Contact: c.Spec.Contact, Sender: d.o.Sender}
	for _, s := range c.Spec.Reminders {
		t.offsets[string(s.Step)] = int(s.Offset)
	}
	for _, s := range c.Spec.Reporting {
		t.titles[string(s.Name)] = s.Title
	}
	return t, nil
}

func (t *texting) compose(now time.Time, rows []db.ClaimedNoticesRow) (Mail, error) {
	first := rows[0]
	_, domain, _ := strings.Cut(t.d.o.Sender.Address, "@")
	e := Envelope{
		Campaign: Campaign{Name: t.name, Title: t.spec.Title, Launched: t.launched.In(t.location)},
		Office:   t.office,
		Recipient: Recipient{
			Role: v1.Role(first.Role), Unit: Unit{Code: first.Recipient, Name: first.RecipientName},
			Name: first.ContactName, Email: first.Email,
		},
		List: first.List, Now: now.In(t.location), Location: t.location, BaseURL: t.d.o.BaseURL,
		// Stable: a message that is sent again keeps its id.
		MessageID: fmt.Sprintf("%s.%d.%d@%s", t.name, first.MessageID, first.CreatedAt.UnixMicro(), domain),
	}
	today := v1.Date(now.In(t.location).Format(time.DateOnly))
	for i, doc := range t.spec.Launch.Documents {
		// A text cites no document that is not issued yet: in 2021 the launch came
		// nine days before its plan.
		if doc.Role == "Plan" && doc.Date <= today {
			e.Basis = &t.spec.Launch.Documents[i]
		}
	}
	for _, r := range rows {
		e.Notices = append(e.Notices, t.notice(r))
	}
	return t.composer.Compose(e)
}

func (t *texting) notice(r db.ClaimedNoticesRow) Notice {
	n := Notice{
		Kind: Kind(strings.ToLower(r.Kind)), Step: r.Step, Round: r.Round, Unit: Unit{Code: r.Unit, Name: r.UnitName},
		AwaitingApproval: r.Holder == string(v1.RoleLeader), Offset: t.offsets[r.Step],
	}
	if r.DueAt != nil {
		n.Due = r.DueAt.In(t.location)
	}
	if r.DataFrom != nil && r.DataTo != nil {
		n.DataFrom, n.DataTo = v1.Date(r.DataFrom.Format(time.DateOnly)), v1.Date(r.DataTo.Format(time.DateOnly))
	}
	if r.Kind == "Report" {
		n.RoundTitle = RoundTitle(t.titles[r.Series], monthOf(r.Period))
	}
	if r.Kind == "Invitation" && r.Step == "invitation" && t.spec.Ceremony != nil {
		n.EventAt, n.Occasion = momentIn(t.spec.Ceremony.At, t.location), t.spec.Ceremony.Occasion
	}
	if t.spec.Registration != nil && t.spec.Registration.HardTasks != nil && (r.Kind == "Registration" || r.Step == "launch") {
		n.HardTasks = int(t.spec.Registration.HardTasks.Max)
	}
	return n
}

// monthOf a monthly period; a single report has none.
func monthOf(period string) v1.YearMonth {
	if len(period) == len("2021-10") {
		return v1.YearMonth(period)
	}
	return ""
}

// momentIn reads a moment of an event: 08:30 when it names a day only.
func momentIn(m v1.Moment, loc *time.Location) time.Time {
	if at, err := time.Parse(time.RFC3339, string(m)); err == nil {
		return at.In(loc)
	}
	at, err := time.ParseInLocation(time.DateOnly, string(m), loc)
	if err != nil {
		return time.Time{}
	}
	return at.Add(8*time.Hour + 30*time.Minute)
}
