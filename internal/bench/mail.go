package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	netmail "net/mail"
	"net/smtp"
	"sync"
	"sync/atomic"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"thidua.dev/thidua/internal/notify"
)

// Connections to the sink at once, and so attempts that may be open.
const Connections = 10

// listmonk's rate, which keeps no ledger of recipients, measured on two cores with 10
// connections to a local sink and 11,367 mails of 4 kB.
const listmonk = 3750

// Sink takes mail and throws it away, counting.
type Sink struct {
	server   *gosmtp.Server
	listener net.Listener
	count    atomic.Int64
	mu       sync.Mutex
	first    []byte // one mail, to see how large they are
}

// StartSink listens on a free port of the loopback interface.
func StartSink() (*Sink, error) {
	s := &Sink{}
	s.server = gosmtp.NewServer(gosmtp.BackendFunc(func(*gosmtp.Conn) (gosmtp.Session, error) { return sinkSession{s}, nil }))
	s.server.AllowInsecureAuth = true
	var err error
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	go func() { _ = s.server.Serve(s.listener) }() // until Close
	return s, nil
}

// Addr is HOST:PORT.
func (s *Sink) Addr() string { return s.listener.Addr().String() }

// Count of mails that have arrived.
func (s *Sink) Count() int64 { return s.count.Load() }

// Close ends it.
func (s *Sink) Close() error { return s.server.Close() }

type sinkSession struct{ s *Sink }

func (sinkSession) Mail(string, *gosmtp.MailOptions) error { return nil }
func (sinkSession) Rcpt(string, *gosmtp.RcptOptions) error { return nil }
func (sinkSession) Reset()                                 {}
func (sinkSession) Logout() error                          { return nil }

func (c sinkSession) Data(r io.Reader) error {
	var err error
	if c.s.count.Load() == 0 {
		c.s.mu.Lock()
		c.s.first, err = io.ReadAll(r)
		c.s.mu.Unlock()
	} else {
		_, err = io.Copy(io.Discard, r)
	}
	c.s.count.Add(1)
	return err
}

// mail drains one mail to every unit, text and ledger included, and lets a raw
// client hand mails of the same size to the same sink.
func (b *Bench) mail(ctx context.Context) ([]Result, error) {
	var ours, raw []float64
	size := 0
	for range b.Repeat {
		rate, mail, err := b.drain(ctx)
		if err != nil {
			return nil, err
		}
		ours, size = append(ours, rate), len(mail)
		if rate, err = b.rawClient(mail); err != nil {
			return nil, err
		}
		raw = append(raw, rate)
	}
	r := Result{Name: "mail drained", Value: Median(ours), Unit: "mails/s", Note: fmt.Sprintf("%d mails of %d bytes, %d connections", b.Units, size, Connections)}
	beside := r.Beside("raw SMTP client, the same sink: nothing written, nothing kept", Median(raw))
	r.Note = "the limit is listmonk's on two cores; on other machines look at the ratio below"
	return []Result{r.Limited(AtLeast, listmonk), beside}, nil
}

func (b *Bench) drain(ctx context.Context) (rate float64, mail []byte, err error) {
	w, err := b.world(ctx, launched)
	if err != nil {
		return 0, nil, err
	}
	defer w.drop(ctx)
	took, mail, err := w.drain(ctx)
	return float64(b.Units) / took.Seconds(), mail, err
}

// Remind everybody by mail, from the round's procedure being due to the last mail
// being on record as sent. It returns one of the mails.
func (b *Bench) Remind(ctx context.Context) (took time.Duration, mail []byte, err error) {
	w, err := b.world(ctx, opened)
	if err != nil {
		return 0, nil, err
	}
	defer w.drop(ctx)
	began := time.Now()
	if _, err := w.engine.StepProcedure(ctx, procedure, "climb"); err != nil {
		return 0, nil, err
	}
	stepped := time.Since(began)
	took, mail, err = w.drain(ctx)
	return stepped + took, mail, err
}

// drain everything that is in the outbox.
func (w *world) drain(ctx context.Context) (took time.Duration, mail []byte, err error) {
	b := w.b
	sink, err := StartSink()
	if err != nil {
		return 0, nil, err
	}
	defer sink.Close()
	channel, err := notify.NewSMTP(notify.SMTPOptions{Addr: sink.Addr(), TLS: notify.TLSNone, MaxConnections: Connections})
	if err != nil {
		return 0, nil, err
	}
	defer channel.Close()
	d := notify.NewDispatcher(notify.DispatcherOptions{
		Pool: w.pool, Channels: []notify.Channel{channel}, Sender: netmail.Address{Name: "Thi đua", Address: "thi-dua@office.example"},
		Senders: Connections, Log: b.Log,
	})
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	finished := make(chan error, 1)
	began := time.Now()
	go func() { finished <- d.Run(ctx, time.Millisecond) }()
	// All are settled, not only sent.
	const done = `SELECT NOT EXISTS (SELECT FROM message WHERE state IN ('Pending', 'Claimed'))`
	for settled := false; !settled; {
		if sink.Count() < int64(b.Units) {
			time.Sleep(time.Millisecond)
			continue
		}
		if err := w.pool.QueryRow(ctx, done).Scan(&settled); err != nil {
			return 0, nil, err
		}
	}
	took = time.Since(began)
	stop()
	if err := <-finished; err != nil {
		return 0, nil, err
	}
	ctx = context.WithoutCancel(ctx)
	var sent, attempts int
	if err := w.pool.QueryRow(ctx, `SELECT (SELECT count(*) FROM message WHERE state = 'Sent'),
		(SELECT count(*) FROM attempt WHERE outcome = 'Sent')`).Scan(&sent, &attempts); err != nil {
		return 0, nil, err
	}
	if sent != b.Units || attempts != b.Units || sink.Count() != int64(b.Units) {
		return 0, nil, fmt.Errorf("%d of %d messages are sent by %d attempts, %d arrived", sent, b.Units, attempts, sink.Count())
	}
	return took, sink.first, nil
}

// rawClient sends the same mail again and again: no text is written, nothing is
// kept.
func (b *Bench) rawClient(mail []byte) (rate float64, err error) {
	sink, err := StartSink()
	if err != nil {
		return 0, err
	}
	defer sink.Close()
	var left atomic.Int64
	left.Store(int64(b.Units))
	var all sync.WaitGroup
	failed := make(chan error, Connections)
	began := time.Now()
	for range Connections {
		all.Go(func() {
			if err := sendRaw(sink.Addr(), mail, &left); err != nil {
				failed <- err
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	select {
	case err := <-failed:
		return 0, err
	default:
		return float64(b.Units) / took.Seconds(), nil
	}
}

func sendRaw(addr string, mail []byte, left *atomic.Int64) error {
	c, err := smtp.Dial(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	for left.Add(-1) >= 0 {
		if err := c.Mail("thi-dua@office.example"); err != nil {
			return err
		}
		if err := c.Rcpt("unit@units.example"); err != nil {
			return err
		}
		text, err := c.Data()
		if err != nil {
			return err
		}
		if _, err := io.Copy(text, bytes.NewReader(mail)); err != nil {
			return err
		}
		if err := text.Close(); err != nil {
			return err
		}
	}
	return c.Quit()
}
