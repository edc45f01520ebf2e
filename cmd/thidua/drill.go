package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"thidua.dev/thidua/internal/cli"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/mailbox"
	"thidua.dev/thidua/internal/rehearse"
	"thidua.dev/thidua/internal/standalone"
	"thidua.dev/thidua/internal/store"
	"thidua.dev/thidua/internal/verify"
)

// victims of a drill. The worker, its dispatcher and the pages are one process,
// `up`; all is that one with Temporal and PostgreSQL in the same instant.
var victims = []string{"up", "temporald", "postgres", "all"}

// Drill plays the demo's campaign in a process of its own, kills parts of it at
// random, and holds what came out against an undisturbed rehearsal. Mails go to a
// sink outside of what is killed.
func (runner) Drill(ctx context.Context, opt cli.DrillOptions) (err error) {
	began := time.Now()
	p := newProcess(opt.Log)
	defer func() { err = errors.Join(err, p.stop(ctx)) }()
	demo, err := loadDemo(opt.DemoDir)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "thidua-drill-")
	if err != nil {
		return err
	}
	p.onStop(func(context.Context) error { return os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	d := &drill{opt: opt, demo: demo, data: filepath.Join(dir, "data"), kills: map[string]int{}}
	fmt.Fprintf(opt.Err, "rehearsing %s, undisturbed …\n", demo.campaign.Name)
	if err := d.rehearse(ctx); err != nil {
		return err
	}
	if d.sink, err = mailbox.New(mailbox.Options{Logger: opt.Log}); err != nil {
		return err
	}
	if err := d.sink.Start(ctx); err != nil {
		return err
	}
	p.onStop(d.sink.Stop)
	seed := opt.Seed
	if seed == 0 {
		seed = uint64(began.UnixNano())
	}
	d.random = rand.New(rand.NewPCG(seed, 0))
	fmt.Fprintf(opt.Err, "killing %d times, seed %d …\n", opt.Kills, seed)
	if err := d.run(ctx); err != nil {
		return err
	}
	r, err := d.result(ctx)
	if err != nil {
		return err
	}
	r.Seed, r.Seconds = seed, time.Since(began).Seconds()
	if err := r.write(opt); err != nil {
		return err
	}
	return r.err()
}

type drill struct {
	opt      cli.DrillOptions
	demo     *demo
	data     string
	sink     *mailbox.App
	random   *rand.Rand
	kills    map[string]int
	restarts int      // of an `up` that gave up by itself
	settled  []string // what counts as received, and when
	notices  []look.Notice
	mails    map[string]int
}

// rehearse finds what must come out.
func (d *drill) rehearse(ctx context.Context) (err error) {
	p := newProcess(d.opt.Log)
	defer func() { err = errors.Join(err, p.stop(ctx)) }()
	url, err := p.scratch(ctx)
	if err != nil {
		return err
	}
	if err := p.open(ctx, url); err != nil {
		return err
	}
	r, err := rehearse.Run(ctx, rehearse.Options{
		Pool: p.pool, Set: d.demo.set, Campaign: d.demo.campaign.Name, Simulation: d.demo.simulation, Log: d.opt.Log,
	})
	if err != nil {
		return err
	}
	d.mails = map[string]int{}
	for _, m := range r.Mails {
		d.mails[mailKey(m.To.Address, m.Labels.Round, m.Labels.Step, m.Labels.Units)]++
	}
	if d.notices, err = look.New(p.pool).Notices(ctx, d.demo.campaign.Name); err != nil {
		return err
	}
	d.settled, err = settledOf(ctx, p.pool)
	return err
}

func mailKey(to, round, step string, units []string) string {
	return strings.Join([]string{to, round, step, strings.Join(units, ",")}, "|")
}

// settledOf is what counts as received: unit, round, instant.
func settledOf(ctx context.Context, pool *pgxpool.Pool) ([]string, error) {
	b, err := verify.FromDatabase(ctx, pool)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, s := range b.Received() {
		all = append(all, fmt.Sprintf("%s|%s|%s", s.Unit, s.Round, s.ReceivedAt.UTC().Format(time.RFC3339Nano)))
	}
	slices.Sort(all)
	return all, nil
}

// run plays the campaign to its close. Each kill comes after a random while; an
// `up` that was killed is started again.
func (d *drill) run(ctx context.Context) error {
	up, err := d.start(ctx)
	if err != nil {
		return err
	}
	for left := d.opt.Kills; left > 0; {
		// Half of the kills come at any time, the others while mails are on their way.
		wait := time.Duration(200+d.random.IntN(1300)) * time.Millisecond
		if d.random.IntN(2) == 0 {
			wait = d.awaitMail(ctx, 5*time.Second)
		}
		select {
		case <-ctx.Done():
			d.kill(up, "all")
			<-up.ended
			return ctx.Err()
		case <-up.ended:
			if up.err == nil {
				return fmt.Errorf("the campaign closed %d kills too early: give a slower --pace", left)
			}
			if up, err = d.again(ctx, up); err != nil {
				return err
			}
			continue
		case <-time.After(wait):
		}
		victim := victims[d.random.IntN(len(victims))]
		if !d.kill(up, victim) {
			continue // it is just being started
		}
		d.kills[victim]++
		left--
		fmt.Fprintf(d.opt.Err, "  %3d/%d  %s\n", d.opt.Kills-left, d.opt.Kills, victim)
		if victim == "up" || victim == "all" {
			<-up.ended
			if up, err = d.start(ctx); err != nil {
				return err
			}
		}
	}
	for {
		select {
		case <-ctx.Done():
			d.kill(up, "all")
			return ctx.Err()
		case <-up.ended:
			if up.err == nil {
				return nil
			}
			if up, err = d.again(ctx, up); err != nil {
				return err
			}
		}
	}
}

// awaitMail waits until a mail arrives, if one does in time, and says how long to
// wait then: not at all, or a little, so that others are under way.
func (d *drill) awaitMail(ctx context.Context, longest time.Duration) time.Duration {
	before, end := d.sink.Count(), time.Now().Add(longest)
	for d.sink.Count() == before && time.Now().Before(end) && ctx.Err() == nil {
		_ = pause(ctx, time.Millisecond)
	}
	return time.Duration(d.random.IntN(50)) * time.Millisecond
}

// again starts an `up` that has ended by itself, as a service manager would: one
// whose database is killed under its start gives up with a line that says so. More
// often than there are kills is a fault.
func (d *drill) again(ctx context.Context, up *child) (*child, error) {
	if d.restarts++; d.restarts > d.opt.Kills {
		return nil, fmt.Errorf("up keeps ending by itself: %w\n%s", up.err, up.said())
	}
	lines := strings.Split(up.said(), "\n")
	fmt.Fprintf(d.opt.Err, "          up gave up: %s\n", lines[len(lines)-1])
	return d.start(ctx)
}

// child is an `up` in a process of its own.
type child struct {
	*exec.Cmd
	ended chan struct{}
	err   error // once ended
	log   string
}

func (d *drill) start(ctx context.Context) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{
		"up", "--demo", "--demo-dir", d.opt.DemoDir, "--data-dir", d.data, "--pace", d.opt.Pace.String(), "--http-addr", "127.0.0.1:0",
		"--demo-sink", d.sink.SMTPAddr(), "--log-level", "error",
	}
	// Not CommandContext: what is killed, and when, is the drill's to say.
	c := &child{Cmd: exec.Command(self, args...), ended: make(chan struct{}), log: d.data + ".log"}
	out, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	c.Stdout, c.Stderr, c.Env = out, out, childEnv(args)
	if err := c.Cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		c.err = c.Wait()
		close(c.ended)
	}()
	return c, ctx.Err()
}

// said is the end of what the child wrote.
func (c *child) said() string {
	b, err := os.ReadFile(c.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}

// kill -9. It tells whether there was anything to kill.
func (d *drill) kill(up *child, victim string) bool {
	temporald, postgres := standalone.PIDs(d.data)
	pids := map[string][]int{"up": {up.Process.Pid}, "temporald": {temporald}, "postgres": {postgres}, "all": {up.Process.Pid, temporald, postgres}}[victim]
	killed := false
	for _, pid := range pids {
		if pid != 0 && syscall.Kill(pid, syscall.SIGKILL) == nil {
			killed = true
		}
	}
	return killed
}

// drillResult is what a drill found.
type drillResult struct {
	Kills     map[string]int `json:"kills"`
	Restarts  int            `json:"restarts"` // of an up that gave up when its database was killed under its start
	Seed      uint64         `json:"seed"`
	Seconds   float64        `json:"seconds"`
	Reports   int            `json:"reports"`
	Notices   int            `json:"notices"`
	Mails     int            `json:"mails"`
	Lost      int            `json:"lost"`      // accepted reports that are not there, or count otherwise
	Missed    int            `json:"missed"`    // steps that reached nobody: notices and mails of the rehearsal that are not there
	Doubled   int            `json:"doubled"`   // notices that no rehearsal has, and mails sent again without an ambiguous attempt
	Again     int            `json:"again"`     // mails that arrived again, listed as ambiguous
	Ambiguous int            `json:"ambiguous"` // attempts without an answer, all listed
	Bound     int            `json:"bound"`     // kills × connections
	Findings  []string       `json:"findings"`  // of verify
}

func (d *drill) result(ctx context.Context) (*drillResult, error) {
	url, end, err := standalone.Connect(ctx, d.data, "")
	if err != nil {
		return nil, err
	}
	defer end()
	pool, err := store.Open(ctx, url)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	r := &drillResult{Kills: d.kills, Restarts: d.restarts, Bound: d.opt.Kills * connections, Findings: []string{}}
	settled, err := settledOf(ctx, pool)
	if err != nil {
		return nil, err
	}
	lost, _ := differ(d.settled, settled)
	r.Reports, r.Lost = len(settled), lost
	notices, err := look.New(pool).Notices(ctx, d.demo.campaign.Name)
	if err != nil {
		return nil, err
	}
	missed, doubled := differ(noticeKeys(d.notices), noticeKeys(notices))
	r.Notices, r.Missed, r.Doubled = len(notices), missed, doubled
	if err := d.countMails(ctx, pool, r); err != nil {
		return nil, err
	}
	b, err := verify.FromDatabase(ctx, pool)
	if err != nil {
		return nil, err
	}
	sending, err := verify.Sending(ctx, pool)
	if err != nil {
		return nil, err
	}
	for _, f := range slices.Concat(b.Audit(nil), b.Ledger(), b.Ranking(), sending) {
		r.Findings = append(r.Findings, f.Text)
	}
	return r, nil
}

// countMails looks at what arrived outside.
func (d *drill) countMails(ctx context.Context, pool *pgxpool.Pool, r *drillResult) error {
	mails, err := d.sink.Messages()
	if err != nil {
		return err
	}
	r.Mails = len(mails)
	ids, want := map[string]int{}, maps.Clone(d.mails)
	for _, m := range mails {
		if ids[m.MessageID]++; ids[m.MessageID] > 1 {
			r.Again++
			continue
		}
		key := mailKey(m.To, m.Round, m.Step, m.Units)
		if want[key]--; want[key] < 0 {
			r.Doubled++
		}
	}
	for _, n := range want {
		r.Missed += max(n, 0)
	}
	var listed int
	if err := pool.QueryRow(ctx, `SELECT count(*), count(DISTINCT message_id) FROM attempt WHERE outcome = 'Ambiguous'`).Scan(&r.Ambiguous, &listed); err != nil {
		return err
	}
	// Each of the ambiguous attempts may have arrived; more than that is doubled.
	r.Doubled += max(0, r.Again-r.Ambiguous)
	return nil
}

func noticeKeys(notices []look.Notice) []string {
	keys := make([]string, len(notices))
	for i, n := range notices {
		keys[i] = fmt.Sprintf("%+v", n)
	}
	slices.Sort(keys)
	return keys
}

// differ counts what only the first has, and what only the second has.
func differ(a, b []string) (onlyA, onlyB int) {
	count := map[string]int{}
	for _, s := range a {
		count[s]++
	}
	for _, s := range b {
		count[s]--
	}
	for _, n := range count {
		onlyA += max(n, 0)
		onlyB += max(-n, 0)
	}
	return onlyA, onlyB
}

func (r *drillResult) write(opt cli.DrillOptions) error {
	if opt.Output != "table" {
		return cli.WriteDocument(opt.Out, opt.Output, r)
	}
	var kills []string
	for _, v := range victims {
		kills = append(kills, fmt.Sprintf("%s %d", v, r.Kills[v]))
	}
	if r.Restarts > 0 {
		kills = append(kills, fmt.Sprintf("%d times up gave up by itself and was started again", r.Restarts))
	}
	for _, f := range r.Findings {
		fmt.Fprintln(opt.Out, f)
	}
	_, err := fmt.Fprintf(opt.Out, `kills      %s (seed %d, %.0f s)
reports    %d received, %d lost
notices    %d, %d missed, %d doubled
mails      %d arrived, %d of them again after an ambiguous attempt
ambiguous  %d attempts, at most %d (kills × connections)
verify     %d findings
`, strings.Join(kills, ", "), r.Seed, r.Seconds, r.Reports, r.Lost, r.Notices, r.Missed, r.Doubled, r.Mails, r.Again, r.Ambiguous, r.Bound, len(r.Findings))
	return err
}

// err says what must not be.
func (r *drillResult) err() error {
	if r.Lost+r.Missed+r.Doubled+len(r.Findings) == 0 && r.Ambiguous <= r.Bound {
		return nil
	}
	return fmt.Errorf("the drill failed: lost %d, missed %d, doubled %d, %d ambiguous (at most %d), %d findings", r.Lost, r.Missed, r.Doubled, r.Ambiguous, r.Bound, len(r.Findings))
}
