// Package mailbox is the test mailbox of the demo and of tests: an SMTP server
// that keeps what it gets, and a page to read it. It delivers nothing anywhere.
package mailbox

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"thidua.dev/thidua/internal/logs"
)

// Options of a mailbox.
type Options struct {
	// SMTPAddr and HTTPAddr to listen on; both default to a free port of the
	// loopback interface.
	SMTPAddr, HTTPAddr string
	// Dir keeps the mails as a Maildir, so that a later process finds them; empty
	// keeps them in memory.
	Dir string
	// TLS offers STARTTLS.
	TLS *tls.Config
	// Username and Password demand AUTH PLAIN, over TLS if it is offered.
	Username, Password string
	// Fault lets a test go wrong on purpose; it is asked at every stage of every
	// mail. Nil never does.
	Fault func(at Stage, from, to string) Fault
	// Location in which the page shows dates; nil means each mail's own.
	Location *time.Location
	// Logger defaults to slog's.
	Logger *slog.Logger
}

// Stage of a conversation.
type Stage string

const (
	// AtMail is before anything else; the recipient is not known yet.
	AtMail Stage = "MAIL"
	// AtRcpt is before the message.
	AtRcpt Stage = "RCPT"
	// AtData is after the whole message came; a fault drops it.
	AtData Stage = "DATA"
	// AfterData is after the message was kept, in place of saying so.
	AfterData Stage = "kept"
)

// Fault is what goes wrong at one stage. The zero Fault is none.
type Fault struct {
	// Code and Text answer instead of accepting, such as 451.
	Code int
	Text string
	// Cut closes the connection without an answer.
	Cut bool
	// Hang never answers.
	Hang bool
}

// App is a mailbox. The demo and tests start it in their own process.
type App struct {
	options Options
	store   *store
	smtp    *smtp.Server
	http    *http.Server
	log     *slog.Logger
	stop    sync.Once
	stopped chan struct{}

	smtpListener, httpListener net.Listener
}

// New reads what Dir holds already.
func New(o Options) (*App, error) {
	s, err := openStore(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("mailbox: %w", err)
	}
	a := &App{options: o, store: s, log: cmp.Or(o.Logger, slog.Default()), stopped: make(chan struct{})}
	a.smtp = a.newSMTPServer()
	a.http = &http.Server{Handler: a.Handler(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: logs.Lines(a.log, slog.LevelWarn, "mailbox page")}
	return a, nil
}

// Start listens and returns. It fails on a port that is taken.
func (a *App) Start(ctx context.Context) error {
	var lc net.ListenConfig
	var err error
	if a.smtpListener, err = lc.Listen(ctx, "tcp", cmp.Or(a.options.SMTPAddr, "127.0.0.1:0")); err != nil {
		return fmt.Errorf("mailbox: mail: %w", err)
	}
	if a.httpListener, err = lc.Listen(ctx, "tcp", cmp.Or(a.options.HTTPAddr, "127.0.0.1:0")); err != nil {
		a.smtpListener.Close()
		return fmt.Errorf("mailbox: page: %w", err)
	}
	go func() {
		if err := a.smtp.Serve(a.smtpListener); err != nil && !errors.Is(err, net.ErrClosed) {
			a.log.Error("mailbox stopped taking mail", "error", err)
		}
	}()
	go func() {
		if err := a.http.Serve(a.httpListener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			a.log.Error("mailbox page stopped", "error", err)
		}
	}()
	return nil
}

// Stop closes both servers and every connection. What was kept stays readable.
func (a *App) Stop(ctx context.Context) (err error) {
	a.stop.Do(func() {
		close(a.stopped)
		if a.smtpListener != nil {
			// go-smtp knows the listener only once Serve runs.
			a.smtpListener.Close()
		}
		if err = a.smtp.Close(); errors.Is(err, net.ErrClosed) {
			err = nil
		}
		err = errors.Join(err, a.http.Shutdown(ctx))
	})
	return err
}

// SMTPAddr is where mail is taken, HOST:PORT, once started.
func (a *App) SMTPAddr() string { return a.smtpListener.Addr().String() }

// URL is the page's address, once started.
func (a *App) URL() string { return "http://" + a.httpListener.Addr().String() + "/" }

// Count is how many mails have arrived.
func (a *App) Count() int { return len(a.store.all()) }

// Messages are all mails in order of arrival, parsed from what arrived.
func (a *App) Messages() ([]Message, error) { return a.store.messages() }
