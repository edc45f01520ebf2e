//go:build temporal

package main

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"go.temporal.io/sdk/workflow"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/cli"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/mailbox"
	"thidua.dev/thidua/internal/rehearse/seedtest"
	"thidua.dev/thidua/internal/standalone"
	"thidua.dev/thidua/internal/store"
	"thidua.dev/thidua/worker"
	"thidua.dev/thidua/workflows"
)

var errThere = errors.New("the clock has come there")

// playUntil plays the demo until the clock would pass an instant.
func (in *installation) playUntil(t testing.TB, instant time.Time) {
	t.Helper()
	err := in.step(t.Context(), in.demo.simulator, func(_ context.Context, _, to time.Time) error {
		if to.After(instant) {
			return errThere
		}
		return nil
	})
	if !errors.Is(err, errThere) {
		t.Fatalf("before %s: %v", instant, err)
	}
}

func (in *installation) end(t testing.TB) {
	t.Helper()
	if err := in.stop(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// dropTemporal drops Temporal's databases, and every wake-up that was under way.
func dropTemporal(t testing.TB, dir string) {
	t.Helper()
	address, end, err := standalone.Connect(t.Context(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	exec := func(address string, statements ...string) {
		conn, err := pgx.Connect(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.WithoutCancel(t.Context()))
		for _, sql := range statements {
			if _, err := conn.Exec(t.Context(), sql); err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
		}
	}
	exec(address, `DELETE FROM wake`)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/postgres"
	exec(u.String(), `DROP DATABASE temporal WITH (FORCE)`, `DROP DATABASE temporal_visibility WITH (FORCE)`)
}

// Temporal is disposable: its databases and every wake-up are dropped in
// mid-campaign, and the notices are those of an undisturbed run.
func TestTemporalIsDisposable(t *testing.T) {
	opt := cli.UpOptions{Console: discard(), Place: cli.Place{DataDir: dataDir(t)}, Demo: true, DemoDir: seedDir}
	in := begin(t, opt)
	in.playUntil(t, seedtest.Instant("2021-10-19 12:00"))
	in.end(t)
	dropTemporal(t, opt.DataDir)

	in = begin(t, opt)
	for _, p := range in.procedures(t, seedtest.Campaign) {
		if p.State == "Finished" {
			continue
		}
		if _, err := in.dial(t).DescribeWorkflowExecution(t.Context(), p.ID, ""); err == nil {
			t.Fatalf("Temporal still knows %s", p.ID)
		}
	}
	woken, err := in.engine.Rebuild(t.Context(), engine.By(auth.Actor{Name: "test", Role: auth.Operator}, "Temporal was lost"))
	if err != nil {
		t.Fatal(err)
	}
	if woken != 2 { // the campaign, and October's round
		t.Errorf("%d procedures were woken, want 2", woken)
	}
	if err := in.play(t.Context()); err != nil {
		t.Fatal(err)
	}
	in.checkUndisturbed(t)
}

// checkUndisturbed finds the notices and mails of a run that nothing happened to.
func (in *installation) checkUndisturbed(t testing.TB) {
	t.Helper()
	notices := noticesOf(t, look.New(in.pool))
	seedtest.CheckLedger(t, notices)
	if d := cmp.Diff(rehearsed(t, in.demo), notices); d != "" {
		t.Errorf("notices of the rehearsal (-) and of this run (+):\n%s", d)
	}
	mails, err := mailbox.ReadDir(in.mailboxDir())
	if err != nil {
		t.Fatal(err)
	}
	seedtest.CheckMails(t, in.demo.set, mails)
}

// Every wake row is deleted when it matters, at a jump of the clock to the letter's
// instant that Temporal knows nothing of: the sweep finds what is due, and the notices
// are those of an undisturbed run.
func TestWakeRowsAreDisposable(t *testing.T) {
	opt := cli.UpOptions{Console: discard(), Place: cli.Place{DataDir: dataDir(t)}, Demo: true, DemoDir: seedDir}
	in := begin(t, opt)
	in.playUntil(t, seedtest.Instant("2021-10-19 12:00"))
	in.end(t)
	jumpUnheard(t, opt.DataDir)

	in = begin(t, opt)
	if woken, err := in.engine.Sweep(t.Context(), time.Minute); err != nil || woken == 0 {
		t.Fatalf("the sweep woke %d procedures: %v", woken, err)
	}
	if err := in.play(t.Context()); err != nil {
		t.Fatal(err)
	}
	in.checkUndisturbed(t)
}

// jumpUnheard moves the clock to the engine's next instant and deletes every wake-up
// that says so.
func jumpUnheard(t testing.TB, dir string) {
	t.Helper()
	address, end, err := standalone.Connect(t.Context(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	pool, err := store.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	e := engine.New(pool, slog.New(slog.DiscardHandler))
	next, err := e.NextInstant(t.Context())
	if err != nil || next == nil {
		t.Fatalf("next instant %v: %v", next, err)
	}
	if err := e.Jump(t.Context(), *next); err != nil {
		t.Fatal(err)
	}
	tag, err := pool.Exec(t.Context(), `DELETE FROM wake`)
	if err != nil || tag.RowsAffected() == 0 {
		t.Fatalf("%d wake rows deleted: %v", tag.RowsAffected(), err)
	}
}

// A binary whose workflows have changed does not poll: it names the procedures
// that it cannot carry on.
func TestPreflight(t *testing.T) {
	in := begin(t, cli.UpOptions{Console: discard(), Place: cli.Place{DataDir: dataDir(t)}, Demo: true, DemoDir: seedDir})
	in.playUntil(t, seedtest.Instant("2021-10-10 12:00"))
	c := in.dial(t)
	if err := in.awaitIdle(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if err := worker.Preflight(t.Context(), in.pool, c, worker.RegisterWorkflows); err != nil {
		t.Errorf("the same workflows: %v", err)
	}
	changed := func(r worker.Registry) {
		r.RegisterWorkflowWithOptions(workflows.Campaign, workflow.RegisterOptions{Name: engine.KindCampaign})
		// Another procedure under the name of Round.
		r.RegisterWorkflowWithOptions(workflows.Ceremony, workflow.RegisterOptions{Name: engine.KindRound})
	}
	err := worker.Preflight(t.Context(), in.pool, c, changed)
	var bad *worker.Incompatible
	if !errors.As(err, &bad) {
		t.Fatalf("changed workflows: %v", err)
	}
	if d := cmp.Diff([]string{"campaign/covid-2021/round/monthly/2021-10", "campaign/covid-2021/round/registration"}, bad.IDs); d != "" {
		t.Errorf("procedures that cannot go on (-want +got):\n%s", d)
	}
}
