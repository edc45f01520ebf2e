//go:build temporal

package main

import (
	"context"
	"flag"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"thidua.dev/thidua/internal/cli"
	"thidua.dev/thidua/internal/rehearse/seedtest"
	"thidua.dev/thidua/internal/store/db"
	"thidua.dev/thidua/worker"
	"thidua.dev/thidua/workflows/replay"
)

// record names the release whose histories TestSeedRuns writes, for the test that
// replays those of every release: -record v0.1 before a release, then never again.
var record = flag.String("record", "", "write the histories of the example to workflows/testdata/histories/RELEASE")

func (in *installation) dial(t testing.TB) client.Client {
	t.Helper()
	c, err := client.DialContext(t.Context(), client.Options{
		HostPort: in.lower.TemporalAddress(), Namespace: worker.Namespace, Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
		ConnectionOptions: client.ConnectionOptions{TLS: in.lower.TemporalTLS()},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func (in *installation) procedures(t testing.TB, campaign string) []db.Procedure {
	t.Helper()
	q := db.New(in.pool)
	c, err := q.CampaignByName(t.Context(), campaign)
	if err != nil {
		t.Fatal(err)
	}
	all, err := q.ProceduresOf(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// checkProcedures finds every procedure completed on Temporal, and nothing else
// running there but the sweep's schedule.
func (in *installation) checkProcedures(t testing.TB) {
	t.Helper()
	c := in.dial(t)
	all := in.procedures(t, seedtest.Campaign)
	if len(all) != 11 { // the campaign, registration, six reports, two reviews, the ceremony
		t.Errorf("%d procedures, want 11", len(all))
	}
	for _, p := range all {
		// A run completes with the workflow task after its last step.
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		err := c.GetWorkflow(ctx, p.ID, "").Get(ctx, nil)
		cancel()
		if err != nil || p.State != "Finished" {
			t.Errorf("%s is %s: %v", p.ID, p.State, err)
		}
	}
}

func recordHistories(t testing.TB, in *installation) {
	t.Helper()
	if *record == "" {
		return
	}
	var ids []string
	for _, p := range in.procedures(t, seedtest.Campaign) {
		ids = append(ids, p.ID)
	}
	dir := filepath.Join("../../workflows/testdata/histories", *record)
	if err := replay.RecordHistories(t.Context(), in.dial(t), dir, ids); err != nil {
		t.Fatal(err)
	}
	t.Logf("recorded %d histories in %s", len(ids), dir)
}

// A round costs the same activities, timers and signals for nine units as for
// thousands, also when every unit has an extension of its own: the real histories
// say so.
func TestConstantCostOnTemporal(t *testing.T) {
	in := beginStepped(t, seedtest.Instant("2021-09-07 14:00"))
	costs, err := in.costs(t.Context(), []crowd{{9, false}, {90, false}, {3355, false}, {9, true}, {90, true}}, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	first := map[bool]cost{}
	for _, c := range costs {
		want, ok := first[c.extended]
		if !ok {
			first[c.extended] = c
			t.Logf("%s, for any number of units: %v", c.crowd, c.events)
			continue
		}
		if d := cmp.Diff(want.events, c.events); d != "" {
			t.Errorf("%s cost other than %s (-%[2]s +%[1]s):\n%s", c.crowd, want.crowd, d)
		}
	}
}

// beginStepped starts an installation on a stepped clock, with a mailbox that
// keeps nothing and without simulated people.
func beginStepped(t testing.TB, at time.Time) *installation {
	t.Helper()
	in, err := newInstallation(cli.UpOptions{Console: discard(), Place: cli.Place{DataDir: dataDir(t)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	if err := in.beginStepped(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	return in
}
