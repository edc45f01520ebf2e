package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"thidua.dev/thidua/internal/bench"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/standalone"
	"thidua.dev/thidua/internal/store"
)

const (
	// manyCampaigns run at once, with so many units each as there were provinces.
	manyCampaigns = 100
	unitsOfEach   = 63
	// watchFor is how long memory is looked at once all of them sleep.
	watchFor = 15 * time.Second
)

// benchMemory starts an `up` of its own, lets campaigns run in it, and adds up what
// all its processes hold: PostgreSQL's, Temporal's, the worker's and the pages'.
func benchMemory(ctx context.Context, b *bench.Bench) (results []bench.Result, err error) {
	if err := standalone.HasTemporald(); err != nil {
		return bench.Unmeasured("memory", err), nil
	}
	dir, err := os.MkdirTemp("", "thidua-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	sink, err := bench.StartSink()
	if err != nil {
		return nil, err
	}
	defer sink.Close()
	data := filepath.Join(dir, "data")
	up, stop, err := startUp(data, sink.Addr())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	campaigns := min(manyCampaigns, b.Units)
	peak, err := runMany(ctx, b, data, campaigns, up)
	if err != nil {
		return nil, err
	}
	parts := make([]string, 0, len(peak.byName))
	for _, name := range []string{"thidua", "temporald", "postgres"} {
		parts = append(parts, fmt.Sprintf("%s %.0f", name, peak.byName[name]))
	}
	return []bench.Result{bench.Result{
		Name: fmt.Sprintf("memory of up with %d running campaigns", campaigns), Value: peak.total, Unit: "MiB",
		Note: fmt.Sprintf("the most in %s; %s MiB; %d mails left", watchFor, strings.Join(parts, ", "), sink.Count()),
	}.Limited(bench.AtMost, 1024)}, nil
}

// startUp runs an `up` in a process of its own.
func startUp(data, smtp string) (pid int, stop func() error, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, nil, err
	}
	args := []string{
		"up", "--data-dir", data, "--http-addr", "127.0.0.1:0", "--smtp-addr", smtp, "--smtp-tls", "none", "--from", "thi-dua@office.example",
		"--log-level", "error",
	}
	up := exec.Command(self, args...)
	log, err := os.Create(data + ".log")
	if err != nil {
		return 0, nil, err
	}
	defer log.Close()
	up.Stdout, up.Stderr, up.Env = log, log, childEnv(args)
	if err := up.Start(); err != nil {
		return 0, nil, err
	}
	return up.Process.Pid, func() error {
		_ = up.Process.Signal(syscall.SIGINT)
		err := up.Wait()
		if err != nil {
			said, _ := os.ReadFile(data + ".log")
			err = fmt.Errorf("up: %w\n%s", err, said)
		}
		return err
	}, nil
}

// runMany launches campaigns at real time and watches until all of them sleep, and
// for a while longer.
func runMany(ctx context.Context, b *bench.Bench, data string, campaigns, up int) (peak memory, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	// up is there when its pages are; its database a little earlier, empty.
	for {
		temporald, postgres := standalone.PIDs(data)
		if temporald != 0 && postgres != 0 {
			break
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			said, _ := os.ReadFile(data + ".log")
			return peak, fmt.Errorf("up does not start: %w\n%s", err, said)
		}
	}
	url, end, err := standalone.Connect(ctx, data, "")
	if err != nil {
		return peak, err
	}
	defer end()
	pool, err := store.Open(ctx, url)
	if err != nil {
		return peak, err
	}
	defer pool.Close()
	e := engine.New(pool, b.Log)
	launch := time.Now().Truncate(time.Minute)
	var text strings.Builder
	text.WriteString(bench.Common)
	for i := range campaigns {
		// Registration begins at once, so that a round runs in each.
		text.WriteString(strings.Replace(bench.ManifestAt(fmt.Sprintf("m%d", i), unitsOfEach, launch), "  axes:",
			"  registration: {until: "+launch.AddDate(0, 0, 14).Format(time.DateOnly)+"}\n  axes:", 1) + "---\n")
	}
	set, err := manifest.Load([]string{"-"}, strings.NewReader(text.String()))
	if err != nil {
		return peak, err
	}
	for i := range campaigns {
		set.Contacts = append(set.Contacts, bench.Contacts(fmt.Sprintf("m%d", i), unitsOfEach)...)
	}
	b.Progress(fmt.Sprintf("  launching %d campaigns of %d units in an up", campaigns, unitsOfEach))
	if _, err := e.Apply(ctx, engine.By(bench.Office, ""), set, false); err != nil {
		return peak, err
	}
	for i := range campaigns {
		if err := e.Launch(ctx, engine.By(bench.Office, ""), fmt.Sprintf("m%d", i), engine.LaunchOptions{Backdate: true}); err != nil {
			return peak, err
		}
	}
	quiet := time.Time{}
	for quiet.IsZero() || time.Since(quiet) < watchFor {
		m, err := memoryOf(up)
		if err != nil {
			return peak, err
		}
		if m.total > peak.total {
			peak = m
		}
		var running, undone int
		// Each campaign and its registration run, and all sleep.
		if err := pool.QueryRow(ctx, `SELECT (SELECT count(*) FROM procedure WHERE state = 'Open'),
			(SELECT count(*) FROM wake) + (SELECT count(*) FROM message WHERE open)
			+ (SELECT count(*) FROM procedure WHERE state = 'Open' AND next_at <= clock_timestamp())`).Scan(&running, &undone); err != nil {
			return peak, err
		}
		if quiet.IsZero() && undone == 0 && running >= 2*campaigns {
			quiet = time.Now()
			b.Progress(fmt.Sprintf("  %d procedures run; watching memory", running))
		}
		if err := pause(ctx, 250*time.Millisecond); err != nil {
			return peak, fmt.Errorf("%d procedures run, %d things are undone: %w", running, undone, err)
		}
	}
	return peak, nil
}

// memory of a process tree in MiB: pages that several processes share count once.
type memory struct {
	total  float64
	byName map[string]float64
}

func memoryOf(root int) (memory, error) {
	m := memory{byName: map[string]float64{}}
	parents, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return m, err
	}
	children := map[int][]int{}
	names := map[int]string{}
	for _, path := range parents {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		name, rest, ok := strings.Cut(string(stat), ") ")
		fields := strings.Fields(rest)
		if !ok || len(fields) < 2 {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		parent, _ := strconv.Atoi(fields[1])
		children[parent] = append(children[parent], pid)
		_, names[pid], _ = strings.Cut(name, "(")
	}
	tree := []int{root}
	for i := 0; i < len(tree); i++ {
		tree = append(tree, children[tree[i]]...)
	}
	for i, pid := range tree {
		kib, err := proportional(pid)
		if err != nil {
			continue
		}
		name := names[pid]
		switch {
		case i == 0:
			name = "thidua"
		case strings.HasPrefix(name, "temporald"):
			name = "temporald"
		}
		m.byName[name] += kib / 1024
		m.total += kib / 1024
	}
	if m.total == 0 {
		return m, fmt.Errorf("process %d is gone, or its memory cannot be read", root)
	}
	return m, nil
}

// proportional set size of a process, in KiB.
func proportional(pid int) (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
			return strconv.ParseFloat(strings.Fields(rest)[0], 64)
		}
	}
	return 0, fmt.Errorf("no Pss in /proc/%d/smaps_rollup", pid)
}
