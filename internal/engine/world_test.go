package engine

import (
	"context"
	"fmt"
	"log/slog"
	"net/mail"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/notify"
	"thidua.dev/thidua/internal/store/storetest"
	"thidua.dev/thidua/workflows"
)

// world is an installation on a stepped clock with the campaign of testdata. It
// drives the procedures through their phases in place of workers.
type world struct {
	*Engine
	t          testing.TB
	phase      map[string]int // where each procedure stands
	dispatcher *notify.Dispatcher
	inbox      *inbox
	step       func(ctx context.Context, id, phase string) (Step, error) // StepProcedure, unless a test puts itself between
	forgetful  bool                                                      // each procedure starts anew at each look
	handmade   string                                                    // what verify would say of what was put into tables by hand
	tampered   bool                                                      // the test writes rows by hand: they need not fit the acts
	mailAway   bool                                                      // nothing is sent meanwhile
	settled    func()                                                    // called when nothing is left to do at an instant
	due        func(context.Context) ([]Procedure, error)                // who looks now: DueProcedures, unless a test stands for Temporal
}

const (
	name = "thi-dua"
	oct  = "monthly/2021-10"
	nov  = "monthly/2021-11"
)

var (
	units  = []string{"A1", "A2", "A3", "B1", "B2", "C1", "C2"}
	office = auth.Actor{Name: "an", Role: auth.Office, Unit: "VP"}
	hanoi  = func() *time.Location {
		loc, err := time.LoadLocation("Asia/Ho_Chi_Minh")
		if err != nil {
			panic(err)
		}
		return loc
	}()
)

func focal(unit string) auth.Actor  { return auth.Actor{Name: "x", Role: auth.FocalPoint, Unit: unit} }
func leader(unit string) auth.Actor { return auth.Actor{Name: "y", Role: auth.Leader, Unit: unit} }

// at reads an instant in the campaign's time zone, to the minute or the second.
func at(text string) time.Time {
	layout := "2006-01-02 15:04:05"
	t, err := time.ParseInLocation(layout[:len(text)], text, hanoi)
	if err != nil {
		panic(err)
	}
	return t
}

// load reads manifests from text.
func load(t testing.TB, text string) *manifest.Set {
	t.Helper()
	set, err := manifest.Load([]string{"-"}, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// edited is testdata/thi-dua.yaml, changed by pairs of old and new text.
func edited(t testing.TB, edits ...string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/thi-dua.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for i := 0; i < len(edits); i += 2 {
		if !strings.Contains(text, edits[i]) {
			t.Fatalf("the fixture has no %q", edits[i])
		}
		text = strings.Replace(text, edits[i], edits[i+1], 1)
	}
	return text
}

// fixture is the testdata, changed by pairs of old and new text.
func fixture(t testing.TB, edits ...string) *manifest.Set {
	t.Helper()
	set, err := manifest.Load([]string{"testdata"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(edits) > 0 {
		set.Overlay(load(t, edited(t, edits...)))
	}
	return set
}

// newWorld declares the campaign in the morning of its launch.
func newWorld(t testing.TB, edits ...string) *world {
	t.Helper()
	pool := storetest.Pool(t)
	w := onPool(t, pool)
	w.ok(w.SetStepped(t.Context(), at("2021-09-07 08:00")))
	w.apply(fixture(t, edits...))
	return w
}

func onPool(t testing.TB, pool *pgxpool.Pool) *world {
	log := slog.New(slog.DiscardHandler)
	w := &world{Engine: New(pool, log), t: t, phase: map[string]int{}, inbox: &inbox{}}
	w.step, w.due, w.settled = w.StepProcedure, w.DueProcedures, func() {}
	t.Cleanup(func() {
		if !t.Failed() && !t.Skipped() && !w.tampered {
			Verify(t, pool, w.handmade)
		}
	})
	w.dispatcher = notify.NewDispatcher(notify.DispatcherOptions{
		Pool: pool, Channels: []notify.Channel{w.inbox}, Sender: mail.Address{Address: "thi-dua@so.example"}, Log: log,
	})
	return w
}

// running is a campaign that was launched in time, for which all have registered.
func running(t testing.TB, edits ...string) *world {
	t.Helper()
	w := newWorld(t, edits...)
	w.ok(w.Launch(t.Context(), By(office, ""), name, LaunchOptions{}))
	w.to("2021-09-07 15:00")
	for _, u := range units {
		w.submit(u, "registration")
	}
	w.dispatch()
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) apply(set *manifest.Set) {
	w.t.Helper()
	_, err := w.Apply(w.t.Context(), By(office, ""), set, false)
	w.ok(err)
}

// refused checks the code and that the text is one line.
func (w *world) refused(err error, code string) {
	w.t.Helper()
	switch {
	case err == nil:
		w.t.Errorf("was carried out, want refusal %s", code)
	case Code(err) != code:
		w.t.Errorf("refused with %s (%v), want %s", Code(err), err, code)
	case strings.Contains(err.Error(), "\n"):
		w.t.Errorf("refusal is more than one line: %q", err)
	}
}

// to goes through every instant up to the given one and works at each.
func (w *world) to(text string) {
	w.t.Helper()
	end := at(text)
	for {
		w.work()
		w.dispatch()
		w.settled()
		next, err := w.NextInstant(w.t.Context())
		w.ok(err)
		if next == nil || next.After(end) {
			break
		}
		now, err := w.Now(w.t.Context())
		w.ok(err)
		if !next.After(now) {
			w.t.Fatalf("at %s nobody looks at what was due at %s", now, next)
		}
		w.ok(w.Jump(w.t.Context(), *next))
	}
	w.leap(text)
}

// leap stands still until the given instant: everything between comes late.
func (w *world) leap(text string) {
	w.t.Helper()
	w.jump(text)
	w.work()
}

func (w *world) jump(text string) {
	w.t.Helper()
	w.ok(w.Jump(w.t.Context(), at(text)))
}

// work steps what is due until nothing is.
func (w *world) work() {
	w.t.Helper()
	for turn := 0; ; turn++ {
		due, err := w.due(w.t.Context())
		w.ok(err)
		if len(due) == 0 {
			return
		}
		if turn == 50 {
			w.t.Fatalf("nothing moves: %v stay due", due)
		}
		for _, p := range due {
			w.run(p)
		}
	}
}

// run lets one procedure go through its phases until it would sleep.
func (w *world) run(p Procedure) {
	w.t.Helper()
	phases := workflows.Phases(p.Kind)
	if w.forgetful || w.phase[p.ID] == len(phases) { // one that has ended and is opened again begins anew
		delete(w.phase, p.ID)
	}
	for w.phase[p.ID] < len(phases) {
		phase := phases[w.phase[p.ID]]
		s, err := w.step(w.t.Context(), p.ID, phase)
		if err != nil {
			w.t.Fatalf("%s, %s: %v", p.ID, phase, err)
		}
		switch {
		case s.Finished:
			w.phase[p.ID]++
		case s.Changed > 0 && s.Sleep <= 0:
		default:
			return
		}
	}
}

// dispatch sends what may go now and returns how many messages arrived.
func (w *world) dispatch() int {
	w.t.Helper()
	before := w.inbox.count()
	for !w.mailAway {
		n, err := w.dispatcher.Once(context.WithoutCancel(w.t.Context()))
		w.ok(err)
		if n == 0 {
			break
		}
	}
	return w.inbox.count() - before
}

var goodReport = Report{
	Sections: map[v1.SectionName]string{"ketQua": "đã làm"}, Figures: map[v1.Name]string{"done": "80"},
}

func (w *world) submit(unit, round string) Receipt {
	w.t.Helper()
	report := goodReport
	if round == "registration" {
		report = Report{HardTasks: []string{"một"}}
	}
	r, err := w.Submit(w.t.Context(), By(focal(unit), ""), name, round, unit, report)
	w.ok(err)
	return r
}

func (w *world) approve(unit, round string) Receipt {
	w.t.Helper()
	r, err := w.Approve(w.t.Context(), By(leader(unit), ""), name, round, unit)
	w.ok(err)
	return r
}

// rows of a query, each as one line. Instants are local, without the year.
func (w *world) rows(sql string, args ...any) []string {
	w.t.Helper()
	rows, err := w.Pool().Query(w.t.Context(), sql, args...)
	w.ok(err)
	lines, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (string, error) {
		values, err := row.Values()
		words := make([]string, len(values))
		for i, v := range values {
			switch v := v.(type) {
			case nil:
				words[i] = "-"
			case time.Time:
				words[i] = v.In(hanoi).Format("01-02 15:04")
			default:
				words[i] = fmt.Sprint(v)
			}
		}
		return strings.Join(words, " "), err
	})
	w.ok(err)
	return lines
}

func (w *world) check(reason string, got []string, want ...string) {
	w.t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		w.t.Errorf("%s (-want +got):\n%s", reason, d)
	}
}

// notices of a round: when, who about, which step to whom, what became of it.
func (w *world) notices(round string, where ...string) []string {
	w.t.Helper()
	return w.rows(`SELECT n.instant, n.unit, n.step, n.role || ':' || n.recipient, trim(n.state || ' ' || n.reason)
		FROM notice n JOIN round r ON r.id = n.round_id WHERE r.name = $1 AND NOT n.informative AND `+
		strings.Join(append(where, "true"), " AND ")+` ORDER BY n.instant, n.unit, n.step, n.deadline_no, n.role DESC, n.recipient`, round)
}

// facts is a digest of everything that a step may write but its own procedure.
func (w *world) facts() string {
	w.t.Helper()
	var parts []string
	for _, table := range []string{"campaign", "round", "obligation", "notice", "message", "message_notice", "letter",
		"review", "ranking", "ranking_line", "nomination", "award", "decision"} {
		parts = append(parts, table+" "+strings.Join(w.rows(`SELECT count(*), md5(coalesce(string_agg(x::text, ',' ORDER BY x::text), '')) FROM `+table+` x`), ""))
	}
	return strings.Join(parts, "\n")
}

// inbox is the channel to everybody.
type inbox struct {
	mu      sync.Mutex
	mails   []notify.Mail
	refuses func(notify.Mail) bool // for good
}

func (b *inbox) Name() v1.Channel { return v1.ChannelEmail }

func (b *inbox) Send(_ context.Context, m notify.Mail) notify.Result {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuses != nil && b.refuses(m) {
		return notify.Result{Outcome: notify.Rejected, Response: "550 5.1.1 no such user"}
	}
	b.mails = append(b.mails, m)
	return notify.Result{Outcome: notify.Sent}
}

func (b *inbox) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.mails)
}
