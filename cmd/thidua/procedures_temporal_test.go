//go:build temporal

package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/cli"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/notify"
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

// crowdManifest is a campaign of one round in which nobody reports: each step of
// the ladder reaches everybody.
func crowdManifest(name string, units int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `apiVersion: thidua.dev/v1
kind: Campaign
metadata: {name: %[1]s}
spec:
  title: {vi: Phong trào %[1]s}
  rulePack: VN-2003
  calendar: state
  office: VP
  launch: {at: 2021-09-07T14:00:00+07:00}
  participants: {roster: %[1]s, kinds: [unit]}
  axes: [{name: work, weight: "100"}]
  indicators: [{name: done, axis: work, unit: percent, baseline: "0", target: "100"}]
  reporting:
    - {name: monthly, period: Month, cutOffDay: 14, firstPeriod: FromLaunch, from: 2021-10, to: 2021-10, due: {day: 15}}
  reminders:
    - {step: prepare, offset: -5, to: [Holder]}
    - {step: tomorrow, offset: -1, to: [Holder]}
    - {step: overdue, offset: 1, to: [FocalPoint, Leader], catchUp: Merge}
    - {step: letter, offset: 3, task: DraftLetter, assignee: Office}
    - {step: escalate, offset: 5, to: [AdministeringBody, Office], gather: ListPerRecipient}
  reviews: [{name: final, at: 2021-11-10}]
  replication: {until: 2021-12-31}
`, name)
	// An object holds 2,000 units at most; a roster may include others.
	const most = 2000
	var parts []string
	for from := 0; from < units; from += most {
		part := fmt.Sprintf("%s-%d", name, from/most)
		parts = append(parts, part)
		fmt.Fprintf(&b, "---\napiVersion: thidua.dev/v1\nkind: Roster\nmetadata: {name: %s}\nspec:\n  units:\n", part)
		for i := from; i < min(units, from+most); i++ {
			fmt.Fprintf(&b, "  - {code: %s-%d, name: Đơn vị %d, kind: unit, administeredBy: VP}\n", strings.ToUpper(name), i, i)
		}
	}
	fmt.Fprintf(&b, `---
apiVersion: thidua.dev/v1
kind: Roster
metadata: {name: %s}
spec:
  include: [%s]
  units: [{code: VP, name: Văn phòng, kind: office}]
`, name, strings.Join(parts, ", "))
	return b.String()
}

const crowdCommon = `apiVersion: thidua.dev/v1
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
`

// nobody acts.
type nobody struct{}

func (nobody) Next(context.Context, time.Time) (*time.Time, error) { return nil, nil }
func (nobody) Act(context.Context, time.Time) (int, error)         { return 0, nil }

// A round costs the same activities, timers and signals for nine units as for
// thousands: the real histories say so.
func TestConstantCostOnTemporal(t *testing.T) {
	in := beginStepped(t, seedtest.Instant("2021-09-07 14:00"))
	c := in.dial(t)
	// The sweep looks once in five minutes of the machine's time; its wake-up,
	// harmless as it is, would be counted.
	if err := c.ScheduleClient().GetHandle(t.Context(), "sweep").Pause(t.Context(), client.SchedulePauseOptions{Note: "counting"}); err != nil {
		t.Fatal(err)
	}
	office := auth.Actor{Name: "test", Role: auth.Office, Unit: "VP"}
	sizes := []int{9, 90, 3355}
	text := crowdCommon
	for _, n := range sizes {
		text += "---\n" + crowdManifest(fmt.Sprintf("c%d", n), n)
	}
	set, err := manifest.Load([]string{"-"}, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range sizes {
		for i := range n {
			for _, role := range []string{"FocalPoint", "Leader"} {
				unit := fmt.Sprintf("C%d-%d", n, i)
				set.Contacts = append(set.Contacts, manifest.Contact{Unit: v1.UnitCode(unit), Role: v1.Role(role), Email: strings.ToLower(unit+"."+role) + "@units.example"})
			}
		}
	}
	if _, err := in.engine.Apply(t.Context(), engine.By(office, ""), set, false); err != nil {
		t.Fatal(err)
	}
	for _, n := range sizes {
		if err := in.engine.Launch(t.Context(), engine.By(office, ""), fmt.Sprintf("c%d", n), engine.LaunchOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	// Facts may be settled a moment before a workflow has set its timer; a jump in
	// between would save it that timer.
	idle := func(ctx context.Context, _, _ time.Time) error { return in.awaitIdle(ctx, c) }
	if err := in.step(t.Context(), nobody{}, idle); err != nil {
		t.Fatal(err)
	}
	var first map[string]map[string]int
	for _, n := range sizes {
		name := fmt.Sprintf("c%d", n)
		var sent, lapsed int
		if err := in.pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM notice n WHERE n.campaign_id = c.id AND n.state = 'Sent' AND n.step = 'overdue'),
			(SELECT count(*) FROM obligation o WHERE o.campaign_id = c.id AND o.state = 'Lapsed') FROM campaign c WHERE name = $1`, name).Scan(&sent, &lapsed); err != nil {
			t.Fatal(err)
		}
		if sent != 2*n || lapsed != n {
			t.Errorf("%d units: %d overdue notices sent, %d reports never came; want %d and %d", n, sent, lapsed, 2*n, n)
		}
		got := map[string]map[string]int{}
		for _, p := range in.procedures(t, name) {
			count := events(t, c, p.ID)
			if p.Kind == engine.KindCampaign {
				// Its review may end, and say so, before or after it has set its timer.
				delete(count, "timers")
			}
			got[strings.TrimPrefix(p.ID, "campaign/"+name)] = count
		}
		if first == nil {
			first = got
			t.Logf("events by procedure, for any number of units: %v", got)
		}
		if d := cmp.Diff(first, got); d != "" {
			t.Errorf("%d units cost other than %d (-%d +%d):\n%s", n, sizes[0], sizes[0], n, d)
		}
	}
}

// awaitIdle waits until every open procedure sleeps.
func (in *installation) awaitIdle(ctx context.Context, c client.Client) error {
	rows, err := in.pool.Query(ctx, `SELECT id FROM procedure WHERE state = 'Open'`)
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, id := range ids {
		for {
			d, err := c.DescribeWorkflowExecution(ctx, id, "")
			if err != nil {
				return err
			}
			if d.GetPendingWorkflowTask() == nil && len(d.GetPendingActivities()) == 0 {
				break
			}
			if err := pause(ctx, demoPoll); err != nil {
				return err
			}
		}
	}
	return nil
}

// events counts the activities, timers, signals and workflow tasks of a history.
func events(t testing.TB, c client.Client, id string) map[string]int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := c.GetWorkflow(ctx, id, "").Get(ctx, nil); err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	count := map[string]int{}
	for it := c.GetWorkflowHistory(ctx, id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); it.HasNext(); {
		e, err := it.Next()
		if err != nil {
			t.Fatal(err)
		}
		switch e.GetEventType() {
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
			count["activities"]++
		case enumspb.EVENT_TYPE_TIMER_STARTED:
			count["timers"]++
		case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
			count["signals"]++
		}
	}
	return count
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
	if err := in.startLower(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := in.engine.EnsureStepped(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	o := worker.Options{TemporalAddress: in.lower.TemporalAddress(), TemporalTLS: in.lower.TemporalTLS(), Poll: demoPoll}
	if err := in.startWorker(t.Context(), o, in.dispatcher(mailer{channels: []notify.Channel{sink{}}, sender: defaultSender}, "")); err != nil {
		t.Fatal(err)
	}
	return in
}
