package journeys

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/clock"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/mailbox"
	"thidua.dev/thidua/internal/secret"
	"thidua.dev/thidua/internal/standalone"
	"thidua.dev/thidua/internal/store"
)

// installation is a whole one, as an operator starts it: `thidua up` as a process of its
// own, on business time that the test moves, with a mail server of the test.
type installation struct {
	t      *testing.T
	url    string
	mail   *mailbox.App
	pool   *pgxpool.Pool
	engine *engine.Engine
}

const (
	passphrase = "một câu dài dễ nhớ"
	// patience is for what takes a moment, on whatever machine.
	patience = 2 * time.Minute
)

var (
	seed    = []byte("12345678901234567890")
	zone    = time.FixedZone("+07", 7*60*60)
	morning = time.Date(2026, 12, 1, 7, 30, 0, 0, zone)
)

// leader of the unit that reports, who is invited once there are units.
var leader = engine.Grant{Name: "Trần Thị Bình", Role: auth.Leader, Unit: "STTTT-01"}

// people who have an account from the beginning: there is no list of units yet.
var people = map[string]engine.Grant{
	"van-phong@btttt.example": {Name: "Nguyễn Văn An", Role: auth.Office, Unit: "BTTTT-TDKT"},
	"thanh-tra@btttt.example": {Name: "Lê Thị Cúc", Role: auth.Auditor},
	"quan-tri@btttt.example":  {Name: "Phạm Văn Dũng", Role: auth.Operator},
}

func start(t *testing.T) *installation {
	t.Helper()
	in := &installation{t: t}
	dir, err := os.MkdirTemp("", "thidua-journeys-")
	in.ok(err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	in.ok(os.Chmod(dir, 0o755)) // PostgreSQL runs as another user
	data := filepath.Join(dir, "data")
	in.connect(data, standalone.Create)
	in.ok(in.engine.SetStepped(t.Context(), morning))
	for login, grant := range people {
		in.invite(login, grant)
	}
	in.mail, err = mailbox.New(mailbox.Options{Location: zone})
	in.ok(err)
	in.ok(in.mail.Start(t.Context()))
	t.Cleanup(func() { _ = in.mail.Stop(context.WithoutCancel(t.Context())) })
	in.up(data)
	return in
}

func (in *installation) ok(err error) {
	in.t.Helper()
	if err != nil {
		in.t.Fatal(err)
	}
}

// connect uses the installation's own database, as the operator's commands do.
func (in *installation) connect(data string, options ...standalone.ConnectOption) {
	in.t.Helper()
	url, stop, err := standalone.Connect(in.t.Context(), data, "", options...)
	in.ok(err)
	in.t.Cleanup(stop)
	in.pool, err = store.Open(in.t.Context(), url)
	in.ok(err)
	in.t.Cleanup(in.pool.Close)
	in.engine = engine.New(in.pool, nil)
}

// invite makes an account whose person has set a password and, where it is asked for, a
// second factor.
func (in *installation) invite(login string, g engine.Grant) {
	in.t.Helper()
	ctx := in.t.Context()
	g.ExpiresAt = time.Now().Add(48 * time.Hour)
	_, invitation, err := in.engine.CreateAccount(ctx, engine.By(auth.Actor{Role: auth.Operator}, ""), login, g)
	in.ok(err)
	s, err := in.engine.Accept(ctx, invitation, passphrase)
	in.ok(err)
	if engine.NeedsSecondFactor(g.Role) {
		_, err = in.engine.SetUpFactor(ctx, s, seed, secret.Code(seed, time.Now()))
		in.ok(err)
	}
}

// up starts the installation and waits until it says that it is ready.
func (in *installation) up(data string) {
	in.t.Helper()
	binary, err := filepath.Abs("../../bin/thidua")
	in.ok(err)
	if _, err := os.Stat(binary); err != nil {
		in.t.Fatalf("%v: make build makes it", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	in.ok(err)
	address := l.Addr().String()
	in.ok(l.Close())
	in.url = "http://" + address
	var said bytes.Buffer
	cmd := exec.Command(binary, "up", "--data-dir", data, "--http-addr", address, "--base-url", in.url,
		"--stepped", "--smtp-addr", in.mail.SMTPAddr(), "--smtp-tls", "none", "--from", "thi-dua@btttt.example")
	cmd.Stdout, cmd.Stderr = &said, &said
	in.ok(cmd.Start())
	ended := make(chan struct{})
	var end error
	go func() { end = cmd.Wait(); close(ended) }()
	in.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
			if end != nil {
				in.t.Errorf("up ended with %v", end)
			}
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			in.t.Error("up does not end")
		}
		if in.t.Failed() {
			in.t.Logf("up said:\n%.20000s", said.String())
		}
	})
	in.eventually("up is ready", func() bool {
		select {
		case <-ended:
			in.t.Fatalf("up ended: %v\n%s", end, said.String())
		default:
		}
		response, err := http.Get(in.url + "/readyz")
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

// eventually waits for what another process does.
func (in *installation) eventually(what string, holds func() bool) {
	in.t.Helper()
	for end := time.Now().Add(patience); !holds(); <-time.After(100 * time.Millisecond) {
		if time.Now().After(end) {
			in.t.Fatalf("%s: not within %s", what, patience)
		}
	}
}

// until moves business time to an instant, from one that something is due at to the next.
func (in *installation) until(at time.Time) {
	in.t.Helper()
	s := clock.Stepper{
		Installation: in.engine, Actors: arrival(at),
		Work: func(ctx context.Context) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(50 * time.Millisecond):
				return nil
			}
		},
	}
	ctx, cancel := context.WithTimeout(in.t.Context(), patience)
	defer cancel()
	if err := s.Run(ctx); !errors.Is(err, errArrived) {
		in.t.Fatalf("business time does not come to %s: %v", at, err)
	}
}

var errArrived = errors.New("arrived")

// arrival ends the way of a stepped clock at an instant.
type arrival time.Time

func (a arrival) Next(context.Context, time.Time) (*time.Time, error) {
	at := time.Time(a)
	return &at, nil
}

func (a arrival) Act(_ context.Context, now time.Time) (int, error) {
	if now.Before(time.Time(a)) {
		return 0, nil
	}
	return 0, errArrived
}

// mailTo is a round's mail of a step to an address.
func (in *installation) mailTo(address, round, step string) mailbox.Message {
	in.t.Helper()
	var found mailbox.Message
	in.eventually(fmt.Sprintf("a mail of %s, step %s, to %s", round, step, address), func() bool {
		all, err := in.mail.Messages()
		in.ok(err)
		for _, m := range all {
			if m.Round == round && m.Step == step && strings.Contains(m.To, address) {
				found = m
			}
		}
		return found.MessageID != ""
	})
	return found
}

// count asks the facts.
func (in *installation) count(query string, args ...any) (n int) {
	in.t.Helper()
	in.ok(in.pool.QueryRow(in.t.Context(), query, args...).Scan(&n))
	return n
}
