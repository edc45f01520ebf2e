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
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/logs"
	"thidua.dev/thidua/internal/notify/texts"
	"thidua.dev/thidua/internal/plan"
	"thidua.dev/thidua/internal/store/db"
	"thidua.dev/thidua/internal/traces"
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
	// Batch is how many messages one claim takes; Senders how many are sent at once,
	// which is also how many may be ambiguous after a crash.
	Batch, Senders int
	// PerMinute limits a channel, over all dispatchers of the installation: at most
	// one second's worth goes out at once. Channels that are not named have no limit.
	PerMinute map[v1.Channel]int
	// Lease is how long a claim holds; a dispatcher that dies lets go after it.
	Lease time.Duration
	// MaxTries of a message before it is parked.
	MaxTries int
	// ParkAmbiguous leaves a message whose outcome is not known to a person,
	// instead of sending it again under the same Message-ID.
	ParkAmbiguous bool
	// Observe hears each outcome; may be nil.
	Observe func(channel v1.Channel, outcome Outcome, took time.Duration)
	// Tracer makes spans of calls, behind the step that wrote the message; may be nil.
	Tracer *traces.Tracer
	Log    *slog.Logger
}

// Dispatcher carries messages from the outbox to the channels. Several may run:
// each claims with a lease, and writes an attempt before every call.
type Dispatcher struct {
	o        DispatcherOptions
	channels map[string]Channel
	names    []string // of channels that are configured
	known    []string // of all
	q        *db.Queries
	turned   atomic.Int64 // when the loop went on last, in Unix nanoseconds
}

// NewDispatcher fills in the options' defaults.
func NewDispatcher(o DispatcherOptions) *Dispatcher {
	d := &Dispatcher{o: o, channels: map[string]Channel{}, q: db.New(o.Pool)}
	d.o.Batch, d.o.Senders = max(1, orDefault(o.Batch, 200)), max(1, orDefault(o.Senders, 8))
	d.o.Lease, d.o.MaxTries = orDefault(o.Lease, 2*time.Minute), orDefault(o.MaxTries, 10)
	for _, ch := range o.Channels {
		d.known = append(d.known, string(ch.Name()))
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
// to do. While messages are being sent the next ones are claimed and written, and
// one that takes long holds up its own sender only. What is being sent when ctx
// ends is finished first.
func (d *Dispatcher) Run(ctx context.Context, poll time.Duration) error {
	s := d.startSenders(ctx, func(ctx context.Context, err error) { d.o.Log.ErrorContext(ctx, "dispatch failed", "error", err) })
	defer s.finish()
	var tidied time.Time
	for ctx.Err() == nil {
		var b batch
		var err error
		if time.Since(tidied) > tidyEvery {
			tidied, err = time.Now(), d.tidy(ctx)
		}
		if err == nil {
			b, err = d.claim(ctx)
		}
		if err != nil && ctx.Err() == nil {
			d.o.Log.ErrorContext(ctx, "claim failed", "error", err)
		}
		if err == nil {
			d.turned.Store(time.Now().UnixNano())
		}
		for _, o := range b.out {
			s.work <- o // when ctx has ended, the senders let go of it
			d.turned.Store(time.Now().UnixNano())
		}
		if b.claimed > 0 {
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(poll):
		}
	}
	return nil
}

// LastTurn is when the outbox was looked at last, or a message of it was handed to a
// sender; zero when Run has not come so far.
func (d *Dispatcher) LastTurn() time.Time {
	if at := d.turned.Load(); at != 0 {
		return time.Unix(0, at)
	}
	return time.Time{}
}

// tidyEvery is how often leases that ran out and messages that nobody can send
// are looked for.
const tidyEvery = time.Second

// Once claims one batch and sends it. It returns how many messages it claimed.
func (d *Dispatcher) Once(ctx context.Context) (int, error) {
	if err := d.tidy(ctx); err != nil {
		return 0, err
	}
	b, err := d.claim(ctx)
	if err != nil || len(b.out) == 0 {
		return b.claimed, err
	}
	var all error
	s := d.startSenders(ctx, func(_ context.Context, err error) { all = errors.Join(all, err) })
	for _, o := range b.out {
		s.work <- o
	}
	s.finish()
	return b.claimed, all
}

// EndLeases lets all leases run out. Only who knows that no other dispatcher
// lives may call it, such as the one `up` on its private database: what a killed
// one had claimed then goes on at once.
func (d *Dispatcher) EndLeases(ctx context.Context) error {
	_, err := d.q.EndLeases(ctx)
	return err
}

// batch is what one claim took.
type batch struct {
	claim   uuid.UUID
	now     time.Time
	claimed int
	out     []outgoing
}

// outgoing is a claimed message, and once it was written, its text.
type outgoing struct {
	id      int64
	claim   uuid.UUID
	at      time.Time // business time of the claim
	channel string
	notices []int64 // what the text says
	before  int32   // tries before it was put back: it begins to count anew
	rows    []db.ClaimedNoticesRow
	texting *texting
	mail    Mail
	err     error // the text cannot be written: a person has to look

	procedure string // whose step the message comes from
}

// about says in ctx what the message is about.
func (o *outgoing) about(ctx context.Context) context.Context {
	return logs.With(logs.Procedure(ctx, o.procedure), slog.Int64("message", o.id), slog.String("channel", o.channel))
}

// write the text, before the attempt begins.
func (o *outgoing) write() {
	if o.mail, o.err = o.texting.compose(o.at, o.rows); o.err == nil {
		o.mail, o.err = o.mail.build()
	}
	o.rows = nil
}

// tidy takes up messages whose sender died, and lets go of those on channels that
// are not configured once they are stale.
func (d *Dispatcher) tidy(ctx context.Context) error {
	lost, err := d.q.RescueLeases(ctx, !d.o.ParkAmbiguous, int32(d.o.MaxTries))
	if err != nil {
		return fmt.Errorf("rescue leases: %w", err)
	}
	for _, m := range lost {
		d.o.Log.WarnContext(ctx, "lease ran out", "message", m.ID, "ambiguous", m.Open)
	}
	if err := d.q.NoteChannels(ctx, append([]string{}, d.names...), d.known); err != nil {
		return fmt.Errorf("note channels: %w", err)
	}
	clock, err := d.q.Now(ctx)
	if err != nil {
		return err
	}
	if _, err := d.q.ExpirePending(ctx, append([]string{}, d.names...), clock.Now); err != nil {
		return fmt.Errorf("expire messages: %w", err)
	}
	return nil
}

// claim takes a lease on what may go on one of the channels.
func (d *Dispatcher) claim(ctx context.Context) (batch, error) {
	for _, name := range d.names {
		if b, err := d.claimOn(ctx, name); err != nil || b.claimed > 0 {
			return b, err
		}
	}
	return batch{}, nil
}

// claimOn takes the lease in one transaction with the second look at what is still
// to be said.
func (d *Dispatcher) claimOn(ctx context.Context, channel string) (batch, error) {
	b := batch{claim: uuid.New()}
	err := pgx.BeginFunc(ctx, d.o.Pool, func(raw pgx.Tx) error {
		q := db.New(raw)
		clock, err := q.Now(ctx)
		if err != nil {
			return err
		}
		b.now = clock.Now
		most, limited, err := d.allowed(ctx, q, channel)
		if err != nil || most == 0 {
			return err
		}
		ids, err := q.ClaimMessages(ctx, db.ClaimMessagesParams{
			Now: b.now, Channel: channel, MaxRows: most, Claim: b.claim, Lease: interval(d.o.Lease),
		})
		if err != nil || len(ids) == 0 {
			return err
		}
		b.claimed = len(ids)
		if limited {
			if err := q.SpendTokens(ctx, float64(len(ids)), channel); err != nil {
				return err
			}
		}
		if _, err := q.DropStaleNotices(ctx, ids, b.now); err != nil {
			return err
		}
		if _, err := q.DropLostRecipients(ctx, ids); err != nil {
			return err
		}
		rows, err := q.ClaimedNotices(ctx, db.ClaimedNoticesParams{Ids: ids, Claim: b.claim, Now: b.now})
		if err != nil {
			return err
		}
		// After the rows were read: a message whose last notice goes in between has
		// none, and would be nobody's until the lease ends.
		if _, err := q.DropEmptyMessages(ctx, ids); err != nil {
			return err
		}
		b.out, err = d.gather(ctx, q, b, rows)
		return err
	})
	if err != nil {
		return batch{}, fmt.Errorf("claim messages: %w", err)
	}
	return b, nil
}

// allowed is how many messages the channel's rate lets go now.
func (d *Dispatcher) allowed(ctx context.Context, q *db.Queries, channel string) (most int32, limited bool, err error) {
	perMinute := d.o.PerMinute[v1.Channel(channel)]
	if perMinute <= 0 {
		return int32(d.o.Batch), false, nil
	}
	perSecond := float64(perMinute) / 60
	most, err = q.TakeTokens(ctx, db.TakeTokensParams{
		Channel: channel, PerSecond: perSecond, Burst: max(1, perSecond), Wanted: float64(d.o.Batch),
	})
	return most, true, err
}

// gather puts together what the texts of claimed messages are written from.
func (d *Dispatcher) gather(ctx context.Context, q *db.Queries, b batch, rows []db.ClaimedNoticesRow) ([]outgoing, error) {
	links, err := d.links(ctx, q, rows)
	if err != nil {
		return nil, err
	}
	campaigns := map[string]*texting{}
	byMessage := map[int64][]db.ClaimedNoticesRow{}
	for _, r := range rows {
		byMessage[r.MessageID] = append(byMessage[r.MessageID], r)
		if campaigns[r.Campaign] == nil {
			t, err := d.texting(ctx, q, r.Campaign)
			if err != nil {
				return nil, err
			}
			t.links = links
			campaigns[r.Campaign] = t
		}
	}
	var out []outgoing
	for _, id := range slices.Sorted(maps.Keys(byMessage)) {
		rows := byMessage[id]
		o := outgoing{
			id: id, claim: b.claim, at: b.now, channel: rows[0].Channel, rows: rows, texting: campaigns[rows[0].Campaign],
			procedure: procedureOf(rows[0]), before: rows[0].TriesBefore,
		}
		for _, r := range rows {
			o.notices = append(o.notices, r.NoticeID)
		}
		out = append(out, o)
	}
	return out, nil
}

// procedureOf is the id of the procedure that wrote a message.
func procedureOf(r db.ClaimedNoticesRow) string {
	id := "campaign/" + r.Campaign
	switch {
	case r.Round != "":
		return id + "/round/" + r.Round
	case r.Kind == "Invitation" && r.Step == "invitation":
		return id + "/ceremony"
	}
	return id
}

// attempt makes one call. Whatever stops us, it is brought to its end, well within
// what is left of the lease: nobody else takes the message up meanwhile.
func (d *Dispatcher) attempt(ctx context.Context, o outgoing) Result {
	start := time.Now()
	ctx, span := d.o.Tracer.Start(d.o.Tracer.After(o.about(ctx), o.procedure), trace.SpanKindClient, "send "+o.channel)
	var r Result
	if o.err != nil {
		r = Result{Outcome: Rejected, Err: o.err}
	} else {
		sending, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.o.Lease/3)
		r = d.channels[o.channel].Send(sending, o.mail)
		cancel()
		if r.Outcome == NotConfigured {
			r = Result{Outcome: Retry, Err: errors.New("the channel has no settings")}
		}
	}
	span.Set(attribute.String("thidua.outcome", string(r.Outcome)), attribute.String("thidua.answer", codes.FindString(r.Response)))
	failed := ""
	if r.Outcome != Sent {
		failed = string(r.Outcome)
	}
	span.End(failed)
	if d.o.Observe != nil {
		d.o.Observe(v1.Channel(o.channel), r.Outcome, time.Since(start))
	}
	if r.Err != nil {
		d.o.Log.LogAttrs(ctx, slog.LevelWarn, "message not sent", slog.String("outcome", string(r.Outcome)), r.reason())
	}
	return r
}

// verdict is what becomes of a message after a call.
func (d *Dispatcher) verdict(no int32, outcome Outcome) (state, reason string, wait time.Duration) {
	switch {
	case outcome == Sent:
		return "Sent", "", 0
	case outcome == Ambiguous && d.o.ParkAmbiguous:
		return "Ambiguous", "Ambiguous", 0
	case outcome == Rejected:
		return "Parked", "Rejected", 0
	case int(no) >= d.o.MaxTries:
		return "Parked", "GaveUp", 0
	}
	return "Pending", "", backOff(int(no))
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
	titles   map[string]*v1.Text
	requests map[string]v1.Text // by period
	links    *links
}

func (d *Dispatcher) texting(ctx context.Context, q *db.Queries, name string) (*texting, error) {
	t := &texting{d: d, name: name, titles: map[string]*v1.Text{}, requests: map[string]v1.Text{}}
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
	for _, s := range c.Spec.Reporting {
		t.titles[string(s.Name)] = s.Title
	}
	requests, err := q.RequestTitles(ctx, state.ID)
	if err != nil {
		return nil, err
	}
	for _, r := range requests {
		t.requests[r.Period] = v1.Text{VI: r.Title}
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
		AwaitingApproval: r.Holder == string(v1.RoleLeader), Reason: r.Reason, FormURL: t.links.form(t.name, r),
	}
	if r.DueAt != nil {
		n.Due = r.DueAt.In(t.location)
	}
	if r.DueOff != nil {
		n.DueMoved, n.DueMovedWhy = v1.Date(r.DueOff.Format(time.DateOnly)), r.DueOffName
	}
	n.Extended, n.DaysLate = r.DueBy == "Extended" || r.DueBy == "Pause", int(r.DaysLate)
	if r.ClosesAt != nil && n.Kind != KindConsolidation { // who consolidates may do so after the close
		n.Closes = r.ClosesAt.In(t.location)
	}
	if r.DataFrom != nil && r.DataTo != nil {
		n.DataFrom, n.DataTo = v1.Date(r.DataFrom.Format(time.DateOnly)), v1.Date(r.DataTo.Format(time.DateOnly))
	}
	switch {
	case r.Series == plan.RequestSeries:
		n.RoundTitle = t.requests[r.Period]
	case n.Kind == KindReport || n.Kind == KindConsolidation:
		n.RoundTitle = RoundTitle(t.titles[r.Series], monthOf(r.Period))
	}
	if r.Kind == "Invitation" && r.Step == "invitation" && t.spec.Ceremony != nil {
		n.EventAt, n.Occasion = momentIn(t.spec.Ceremony.At, t.location), t.spec.Ceremony.Occasion
	}
	if r.Step == texts.Calendar {
		// Its subject is calendar/NAME/LAST-DAY, as the engine writes it.
		name, until, _ := strings.Cut(strings.TrimPrefix(r.Subject, texts.Calendar+"/"), "/")
		n.Calendar, n.CoveredUntil = name, v1.Date(until)
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
