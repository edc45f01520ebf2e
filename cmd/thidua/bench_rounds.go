package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/bench"
	"thidua.dev/thidua/internal/cli"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/notify"
	"thidua.dev/thidua/internal/standalone"
	"thidua.dev/thidua/worker"
)

// withTemporal are the measurements that need temporald.
var withTemporal = []bench.Measurement{
	{Name: "rounds", Short: "activities, timers and signals of a round, for few units and many", Run: benchRounds},
	{Name: "children", Short: "one child workflow per unit, beside the engine's step", Run: benchChildren},
	{Name: "memory", Short: "a hundred running campaigns in up", Run: benchMemory},
}

// crowd is how many units a measured campaign has, and whether every one of them has
// its deadline moved by an act of its own.
type crowd struct {
	units    int
	extended bool
}

func (c crowd) String() string {
	if c.extended {
		return fmt.Sprintf("%d units, each extended by itself", c.units)
	}
	return fmt.Sprintf("%d units", c.units)
}

func (c crowd) campaign() string {
	if c.extended {
		return fmt.Sprintf("e%d", c.units)
	}
	return fmt.Sprintf("c%d", c.units)
}

// cost is what a campaign's procedures left in Temporal's histories.
type cost struct {
	crowd
	events map[string]map[string]int // by procedure and kind
}

// benchRounds counts what a round costs Temporal, by the real histories.
func benchRounds(ctx context.Context, b *bench.Bench) ([]bench.Result, error) {
	if err := standalone.HasTemporald(); err != nil {
		return bench.Unmeasured("rounds", err), nil
	}
	in, end, err := benchInstallation(ctx, b.Log, time.Date(2021, 9, 7, 7, 0, 0, 0, time.UTC))
	if err != nil {
		return nil, err
	}
	defer end()
	var crowds []crowd
	for _, n := range []int{9, 90, 3355, bench.Country} {
		if n <= b.Units {
			crowds = append(crowds, crowd{n, false})
		}
	}
	crowds = append(crowds, crowd{9, true}, crowd{b.Units, true})
	costs, err := in.costs(ctx, crowds, b.Progress)
	if err != nil {
		return nil, err
	}
	var results []bench.Result
	first := map[bool]bench.Result{}
	for _, c := range costs {
		e := c.events["/round/"+bench.Round]
		r := bench.Result{
			Name: "a round of " + c.String(), Value: float64(e["activities"] + e["timers"] + e["signals"]), Unit: "activities, timers and signals",
			Note: fmt.Sprintf("%d activities, %d timers, %d signals", e["activities"], e["timers"], e["signals"]),
		}
		if peer, ok := first[c.extended]; ok {
			r = r.Beside("the round of "+strings.TrimPrefix(peer.Name, "a round of "), peer.Value).Limited(bench.AtMost, 1)
		} else {
			first[c.extended] = r
		}
		results = append(results, r)
	}
	return results, nil
}

// benchInstallation is a private PostgreSQL and Temporal with a worker, on a stepped
// clock, in a directory that is thrown away. Mail goes nowhere.
func benchInstallation(ctx context.Context, log *slog.Logger, at time.Time) (*installation, func(), error) {
	dir, err := os.MkdirTemp("", "thidua-bench-")
	if err != nil {
		return nil, nil, err
	}
	in, err := newInstallation(cli.UpOptions{Console: cli.Console{Err: os.Stderr, Log: log}, Place: cli.Place{DataDir: filepath.Join(dir, "data")}})
	if err != nil {
		return nil, nil, err
	}
	end := func() {
		if err := errors.Join(in.stop(ctx), os.RemoveAll(dir)); err != nil {
			log.WarnContext(ctx, "not all is cleaned up", "error", err)
		}
	}
	if err = os.Chmod(dir, 0o755); err == nil {
		err = in.beginStepped(ctx, at)
	}
	if err != nil {
		end()
		return nil, nil, err
	}
	return in, end, nil
}

// beginStepped starts all but the pages on a stepped clock.
func (in *installation) beginStepped(ctx context.Context, at time.Time) error {
	if err := in.startLower(ctx); err != nil {
		return err
	}
	if err := in.engine.EnsureStepped(ctx, at); err != nil {
		return err
	}
	o := worker.Options{TemporalAddress: in.lower.TemporalAddress(), TemporalTLS: in.lower.TemporalTLS(), Poll: demoPoll}
	return in.startWorker(ctx, o, in.dispatcher(mailer{channels: []notify.Channel{nowhere{}}, sender: defaultSender}, ""))
}

// nowhere is a channel that takes everything and keeps nothing.
type nowhere struct{}

func (nowhere) Name() v1.Channel { return v1.ChannelEmail }

func (nowhere) Send(context.Context, notify.Mail) notify.Result {
	return notify.Result{Outcome: notify.Sent, Response: "250 taken"}
}

// costs plays campaigns in which nobody reports, side by side from launch to close.
func (in *installation) costs(ctx context.Context, crowds []crowd, progress func(string)) ([]cost, error) {
	c, err := in.temporal(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	// The sweep looks once in five minutes of the machine's time; its wake-up,
	// harmless as it is, would be counted.
	if err := c.ScheduleClient().GetHandle(ctx, "sweep").Pause(ctx, client.SchedulePauseOptions{Note: "counting"}); err != nil {
		return nil, err
	}
	if err := in.declare(ctx, crowds); err != nil {
		return nil, err
	}
	// Facts may be settled a moment before a workflow has set its timer; a jump in
	// between would save it that timer.
	idle := func(ctx context.Context, _, to time.Time) error {
		progress("  " + to.Format(time.DateTime))
		return in.awaitIdle(ctx, c)
	}
	if err := in.step(ctx, &extender{in: in, crowds: crowds}, idle); err != nil {
		return nil, err
	}
	costs := make([]cost, len(crowds))
	for i, crowd := range crowds {
		costs[i] = cost{crowd, map[string]map[string]int{}}
		if err := in.checkSilent(ctx, crowd); err != nil {
			return nil, err
		}
		rows, err := in.pool.Query(ctx, `SELECT p.id FROM procedure p JOIN campaign c ON c.id = p.campaign_id WHERE c.name = $1`, crowd.campaign())
		if err != nil {
			return nil, err
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			events, err := countEvents(ctx, c, id)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", id, err)
			}
			if id == "campaign/"+crowd.campaign() {
				// Its review may end, and say so, before or after it has set its timer.
				delete(events, "timers")
			}
			costs[i].events[strings.TrimPrefix(id, "campaign/"+crowd.campaign())] = events
		}
	}
	return costs, nil
}

func (in *installation) declare(ctx context.Context, crowds []crowd) error {
	var text strings.Builder
	text.WriteString(bench.Common)
	for _, c := range crowds {
		text.WriteString(bench.Manifest(c.campaign(), c.units) + "---\n")
	}
	set, err := manifest.Load([]string{"-"}, strings.NewReader(text.String()))
	if err != nil {
		return err
	}
	for _, c := range crowds {
		set.Contacts = append(set.Contacts, bench.Contacts(c.campaign(), c.units)...)
	}
	if _, err := in.engine.Apply(ctx, engine.By(bench.Office, ""), set, false); err != nil {
		return err
	}
	for _, c := range crowds {
		if err := in.engine.Launch(ctx, engine.By(bench.Office, ""), c.campaign(), engine.LaunchOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// checkSilent finds that every step has reached everybody.
func (in *installation) checkSilent(ctx context.Context, c crowd) error {
	var sent, lapsed int
	if err := in.pool.QueryRow(ctx, `SELECT (SELECT count(*) FROM notice n WHERE n.campaign_id = c.id AND n.state = 'Sent' AND n.step = 'overdue'),
		(SELECT count(*) FROM obligation o WHERE o.campaign_id = c.id AND o.state = 'Lapsed') FROM campaign c WHERE name = $1`, c.campaign()).Scan(&sent, &lapsed); err != nil {
		return err
	}
	if sent != 2*c.units || lapsed != c.units {
		return fmt.Errorf("%s: %d overdue notices sent, %d reports never came; want %d and %d", c, sent, lapsed, 2*c.units, c.units)
	}
	return nil
}

// extender moves the deadline of every unit of some crowds by an act of its own, over
// the same five days however many they are.
type extender struct {
	in     *installation
	crowds []crowd
	done   bool
}

var extendsAt = time.Date(2021, 10, 11, 2, 0, 0, 0, time.UTC)

func (x *extender) Next(_ context.Context, now time.Time) (*time.Time, error) {
	if now.Before(extendsAt) {
		return &extendsAt, nil
	}
	return nil, nil
}

func (x *extender) Act(ctx context.Context, now time.Time) (acted int, err error) {
	if x.done || now.Before(extendsAt) {
		return 0, nil
	}
	x.done = true
	for _, c := range x.crowds {
		for i := range c.units {
			if !c.extended {
				break
			}
			due := time.Date(2021, 10, 18+i%5, 10, 0, 0, 0, time.UTC)
			if _, err := x.in.engine.Extend(ctx, engine.By(bench.Office, "bench"), c.campaign(), bench.Round, bench.UnitCode(c.campaign(), i), due); err != nil {
				return acted, err
			}
			acted++
		}
	}
	return acted, nil
}

// temporal is a client of the installation's own Temporal.
func (in *installation) temporal(ctx context.Context) (client.Client, error) {
	return client.DialContext(ctx, client.Options{
		HostPort: in.lower.TemporalAddress(), Namespace: worker.Namespace, Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
		ConnectionOptions: client.ConnectionOptions{TLS: in.lower.TemporalTLS()},
	})
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

var counted = map[enumspb.EventType]string{
	enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:     "activities",
	enumspb.EVENT_TYPE_TIMER_STARTED:               "timers",
	enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: "signals",
}

// countEvents of a history that is complete: activities, timers, signals.
func countEvents(ctx context.Context, c client.Client, id string) (map[string]int, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := c.GetWorkflow(ctx, id, "").Get(ctx, nil); err != nil {
		return nil, err
	}
	count := map[string]int{}
	for it := c.GetWorkflowHistory(ctx, id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); it.HasNext(); {
		e, err := it.Next()
		if err != nil {
			return nil, err
		}
		if kind := counted[e.GetEventType()]; kind != "" {
			count[kind]++
		}
	}
	return count, nil
}
