//go:build temporal

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"thidua.dev/thidua/internal/cli"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/mailbox"
	"thidua.dev/thidua/internal/rehearse"
	"thidua.dev/thidua/internal/rehearse/seedtest"
	"thidua.dev/thidua/internal/standalone"
	"thidua.dev/thidua/internal/store"
	"thidua.dev/thidua/internal/verify"
)

const seedDir = "../../examples/seed-2021"

func discard() cli.Console {
	return cli.Console{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Log: slog.New(slog.DiscardHandler), Language: "vi"}
}

// dataDir is a directory that PostgreSQL's own user can reach.
func dataDir(t testing.TB) string {
	t.Helper()
	parent, err := os.MkdirTemp("", "thidua-up-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(parent) })
	if err := os.Chmod(parent, 0o755); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(parent, "data")
}

// begin starts a whole installation in this process and ends it with the test.
func begin(t testing.TB, opt cli.UpOptions) *installation {
	t.Helper()
	opt.HTTPAddr = "127.0.0.1:0"
	in, err := newInstallation(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	if err := in.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return in
}

// rehearsed is what a rehearsal of the example gives.
func rehearsed(t testing.TB, d *demo) []look.Notice {
	t.Helper()
	p := newProcess(slog.New(slog.DiscardHandler))
	defer func() {
		if err := p.stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	url, err := p.scratch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.open(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	if _, err := rehearse.Run(t.Context(), rehearse.Options{
		Pool: p.pool, Set: d.set, Campaign: d.campaign.Name, Simulation: d.simulation, Log: p.log,
	}); err != nil {
		t.Fatal(err)
	}
	return noticesOf(t, look.New(p.pool))
}

func noticesOf(t testing.TB, r *look.Reader) []look.Notice {
	t.Helper()
	notices, err := r.Notices(t.Context(), seedtest.Campaign)
	if err != nil {
		t.Fatal(err)
	}
	return notices
}

// The example of 2021 on the real Temporal gives the notices of its rehearsal,
// and the mails that were counted by hand.
func TestSeedRuns(t *testing.T) {
	in := begin(t, cli.UpOptions{Console: discard(), Place: cli.Place{DataDir: dataDir(t)}, Demo: true, DemoDir: seedDir})
	if err := in.play(t.Context()); err != nil {
		t.Fatal(err)
	}
	reader := look.New(in.pool)
	c, err := reader.Campaign(t.Context(), seedtest.Campaign)
	if err != nil {
		t.Fatal(err)
	}
	if c.State != "Closed" {
		t.Errorf("the campaign is %s at the end", c.State)
	}
	mails, err := mailbox.ReadDir(in.mailboxDir())
	if err != nil {
		t.Fatal(err)
	}
	seedtest.CheckMails(t, in.demo.set, mails)
	if doubled := seedtest.Doubled(mails); len(doubled) > 0 {
		t.Errorf("sent twice: %v", doubled)
	}
	notices := noticesOf(t, reader)
	seedtest.CheckLedger(t, notices)
	if d := cmp.Diff(rehearsed(t, in.demo), notices); d != "" {
		t.Errorf("notices of the rehearsal (-) and of the real run (+):\n%s", d)
	}
	checkBooks(t, in.pool)
	in.checkProcedures(t)
	recordHistories(t, in)
}

// checkBooks holds the ledgers of a run against each other.
func checkBooks(t testing.TB, pool *pgxpool.Pool) {
	t.Helper()
	if _, err := engine.New(pool, slog.New(slog.DiscardHandler)).Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	b, err := verify.FromDatabase(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	sending, err := verify.Sending(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range slices.Concat(b.Audit(nil), b.Ledger(), b.Ranking(), sending) {
		t.Errorf("%s: %s", f.Code, f.Text)
	}
	if len(b.Seals) == 0 || len(b.Unsealed) > 0 {
		t.Errorf("%d seals, %d acts unsealed", len(b.Seals), len(b.Unsealed))
	}
}

// spawnUp runs a demo in a process of its own.
func spawnUp(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = childEnv([]string{"up", "--demo", "--demo-dir", seedDir, "--data-dir", dir, "--pace", "0s", "--http-addr", "127.0.0.1:0", "--log-level", "error"})
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("up said:\n%s", out.String())
		}
	})
	return cmd
}

// killAll kills a whole `up` at once: itself, Temporal and PostgreSQL.
func killAll(t *testing.T, up *exec.Cmd, dir string) {
	t.Helper()
	temporald, postgres := standalone.PIDs(dir)
	for _, pid := range []int{up.Process.Pid, temporald, postgres} {
		if pid == 0 {
			t.Fatal("a process has recorded no pid")
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Fatal(err)
		}
	}
	_ = up.Wait()
}

// kill -9 of the whole of `up`, four times in mid-campaign, each time when mails
// are on their way: what comes out is what an undisturbed run gives.
func TestKilledInTheMiddle(t *testing.T) {
	dir := dataDir(t)
	// Where the clock stands when everything is killed.
	for _, instant := range []string{"2021-09-07 14:00", "2021-10-18 08:30", "2021-12-31 08:30", "2022-03-08 08:30"} {
		up := spawnUp(t, dir)
		awaitMails(t, dir, seedtest.Instant(instant), up)
		killAll(t, up, dir)
	}
	up := spawnUp(t, dir)
	if err := up.Wait(); err != nil {
		t.Fatalf("the last up: %v", err)
	}
	url, end, err := standalone.Connect(t.Context(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	pool, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	d, err := loadDemo(seedDir)
	if err != nil {
		t.Fatal(err)
	}
	notices := noticesOf(t, look.New(pool))
	seedtest.CheckLedger(t, notices)
	if diff := cmp.Diff(rehearsed(t, d), notices); diff != "" {
		t.Errorf("notices of the rehearsal (-) and of the killed run (+):\n%s", diff)
	}
	checkBooks(t, pool)
	mails, err := mailbox.ReadDir(filepath.Join(dir, "mailbox"))
	if err != nil {
		t.Fatal(err)
	}
	seedtest.CheckMails(t, d.set, seedtest.Once(mails))
	var ambiguous int
	if err := pool.QueryRow(t.Context(), `SELECT count(DISTINCT message_id) FROM attempt WHERE outcome = 'Ambiguous'`).Scan(&ambiguous); err != nil {
		t.Fatal(err)
	}
	doubled := seedtest.Doubled(mails)
	t.Logf("%d mails, %d of them twice, %d attempts ambiguous", len(mails), len(doubled), ambiguous)
	if len(doubled) > ambiguous {
		t.Errorf("%d mails came twice, and only %d are listed as ambiguous: %v", len(doubled), ambiguous, doubled)
	}
}

// awaitMails waits until the first mails dated at or after an instant are there.
func awaitMails(t *testing.T, dir string, instant time.Time, up *exec.Cmd) {
	t.Helper()
	box := filepath.Join(dir, "mailbox", "new")
	seen := map[string]bool{}
	deadline := time.Now().Add(3 * time.Minute)
	for {
		entries, _ := os.ReadDir(box)
		for _, e := range entries {
			if seen[e.Name()] {
				continue
			}
			raw, err := os.ReadFile(filepath.Join(box, e.Name()))
			if err != nil {
				continue
			}
			seen[e.Name()] = true
			if m, err := mailbox.ParseMail(raw); err == nil && !m.Date.Before(instant) {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("no mail of %s came within three minutes", instant)
		}
		if up.ProcessState != nil {
			t.Fatal("up has ended")
		}
		if err := pause(t.Context(), 5*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
}

// A short drill, as `thidua drill` runs it.
func TestDrill(t *testing.T) {
	var out bytes.Buffer
	console := discard()
	console.Out = &out
	err := runner{}.Drill(t.Context(), cli.DrillOptions{Console: console, DemoDir: seedDir, Kills: 4, Pace: 200 * time.Millisecond, Output: "table"})
	t.Log("\n" + out.String())
	if err != nil {
		t.Error(err)
	}
}
