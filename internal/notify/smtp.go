package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wneessen/go-mail/smtp"
	"golang.org/x/net/idna"

	v1 "thidua.dev/thidua/api/v1"
)

// TLSMode says how a connection is encrypted.
type TLSMode string

const (
	// TLSRequired upgrades with STARTTLS and sends nothing if it cannot.
	TLSRequired TLSMode = "starttls-required"
	// TLSOpportunistic upgrades where STARTTLS is offered; the certificate must then
	// be good.
	TLSOpportunistic TLSMode = "starttls-opportunistic"
	// TLSImplicit speaks TLS from the first byte (port 465).
	TLSImplicit TLSMode = "implicit"
	// TLSNone never encrypts; meant for a relay on the same machine.
	TLSNone TLSMode = "none"
)

const (
	defaultTimeout     = time.Minute
	defaultConnections = 4
	// idleLimit is how long an unused connection is kept. Servers hang up after
	// a few minutes; a connection to a relay should not be held for its own sake.
	idleLimit = 30 * time.Second
)

// SMTPOptions are the settings of the mail channel.
type SMTPOptions struct {
	// Addr is HOST:PORT; empty means that the channel is not configured.
	Addr string
	// Username and Password, if the server wants them. A password is never sent
	// in the clear, except to this machine.
	Username, Password string
	// TLS defaults to TLSRequired.
	TLS TLSMode
	// RootCAs verify the server; nil means the system's.
	RootCAs *x509.CertPool
	// LocalName introduces us (EHLO); it defaults to localhost.
	LocalName string
	// Timeout bounds, in machine time, the set-up of a connection and again each
	// message; it defaults to one minute. A lease on a message must be longer
	// than both together.
	Timeout time.Duration
	// MaxConnections at once, 4 by default; each is kept open and used again.
	MaxConnections int
}

// SMTP is the mail channel. It keeps connections open between messages.
type SMTP struct {
	options SMTPOptions
	host    string
	slots   chan struct{} // one token a connection in use

	mu     sync.Mutex
	idle   []*session // last used last
	reaper *time.Timer
	closed bool
}

// NewSMTP checks the settings; it doesn't connect. Without an address every Send
// is NotConfigured.
func NewSMTP(o SMTPOptions) (*SMTP, error) {
	s := &SMTP{options: o}
	if o.Addr == "" {
		return s, nil
	}
	var err error
	if s.host, _, err = net.SplitHostPort(o.Addr); err != nil {
		return nil, fmt.Errorf("SMTP address %q: want HOST:PORT", o.Addr)
	}
	switch o.TLS {
	case "":
		s.options.TLS = TLSRequired
	case TLSRequired, TLSOpportunistic, TLSImplicit, TLSNone:
	default:
		return nil, fmt.Errorf("SMTP TLS mode %q: want %s, %s, %s or %s", o.TLS, TLSRequired, TLSOpportunistic, TLSImplicit, TLSNone)
	}
	if o.LocalName == "" {
		s.options.LocalName = "localhost"
	}
	if o.Timeout <= 0 {
		s.options.Timeout = defaultTimeout
	}
	if o.MaxConnections <= 0 {
		s.options.MaxConnections = defaultConnections
	}
	s.slots = make(chan struct{}, s.options.MaxConnections)
	return s, nil
}

// Name is email.
func (s *SMTP) Name() v1.Channel { return v1.ChannelEmail }

// Send makes one attempt. The end of ctx interrupts it only until the server has
// asked for the message (354): from there on the answer is waited for, as long as
// ctx's deadline and the timeout allow, so that stopping a process leaves no
// message in doubt.
func (s *SMTP) Send(ctx context.Context, m Mail) Result {
	if s.options.Addr == "" {
		return Result{Outcome: NotConfigured}
	}
	raw, err := m.Bytes()
	if err != nil {
		return Result{Outcome: Rejected, Err: err}
	}
	from, err := envelopeAddress(m.From.Address)
	if err != nil {
		return Result{Outcome: Rejected, Err: fmt.Errorf("sender: %w", err)}
	}
	to, err := envelopeAddress(m.To.Address)
	if err != nil {
		return Result{Outcome: Rejected, Err: fmt.Errorf("recipient: %w", err)}
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return Result{Outcome: Retry, Err: ctx.Err()}
	}
	if err := ctx.Err(); err != nil {
		return Result{Outcome: Retry, Err: err}
	}

	// A server may have hung up on a kept connection, or have had enough messages
	// on it. That is found out before the message itself, so another connection
	// may be tried at once.
	for {
		c, kept := s.take(time.Now())
		if !kept {
			if c, err = s.dial(ctx); err != nil {
				return Result{Outcome: Retry, Response: answer(err), Err: err}
			}
		}
		res, gone := c.deliver(ctx, s.options.Timeout, from, to, raw)
		if c.usable {
			s.put(c)
		} else {
			c.conn.Close()
		}
		if gone && kept && ctx.Err() == nil {
			continue
		}
		return res
	}
}

// Close says goodbye on all idle connections. Messages under way are finished,
// and their connections closed after them.
func (s *SMTP) Close() error {
	s.mu.Lock()
	idle := s.idle
	s.idle, s.closed = nil, true
	if s.reaper != nil {
		s.reaper.Stop()
	}
	s.mu.Unlock()
	for _, c := range idle {
		c.quit()
	}
	return nil
}

// take returns the connection used last, so that a quiet channel shrinks.
func (s *SMTP) take(now time.Time) (*session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.idle)
	if n == 0 || now.Sub(s.idle[n-1].used) > idleLimit {
		return nil, false
	}
	c := s.idle[n-1]
	s.idle = s.idle[:n-1]
	return c, true
}

func (s *SMTP) put(c *session) {
	c.used = time.Now()
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		c.quit()
		return
	}
	s.idle = append(s.idle, c)
	if s.reaper == nil {
		s.reaper = time.AfterFunc(idleLimit, s.reap)
	}
	s.mu.Unlock()
}

// reap closes what has been idle for too long and comes back while any is left.
func (s *SMTP) reap() {
	s.mu.Lock()
	var old []*session
	for len(s.idle) > 0 && time.Since(s.idle[0].used) >= idleLimit {
		old, s.idle = append(old, s.idle[0]), s.idle[1:]
	}
	if s.reaper = nil; len(s.idle) > 0 && !s.closed {
		s.reaper = time.AfterFunc(idleLimit-time.Since(s.idle[0].used), s.reap)
	}
	s.mu.Unlock()
	for _, c := range old {
		c.quit()
	}
}

// dial sets a connection up as far as the first MAIL. All its errors are
// *ChannelError.
func (s *SMTP) dial(ctx context.Context) (_ *session, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.options.Addr)
	if err != nil {
		return nil, &ChannelError{"connect", err}
	}
	raw := conn
	release := interrupt(ctx, raw)
	step := "greeting"
	defer func() {
		if !release() && err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			raw.Close()
			err = &ChannelError{step, err}
		}
	}()
	config := &tls.Config{ServerName: s.host, RootCAs: s.options.RootCAs, MinVersion: tls.VersionTLS12}
	if s.options.TLS == TLSImplicit {
		conn = tls.Client(conn, config)
	}
	client, err := smtp.NewClient(conn, s.host)
	if err != nil {
		return nil, err
	}
	if err := client.Hello(s.options.LocalName); err != nil {
		return nil, err
	}
	if s.options.TLS == TLSRequired || s.options.TLS == TLSOpportunistic {
		step = "STARTTLS"
		offered, _ := client.Extension("STARTTLS")
		switch {
		case offered:
			if err := client.StartTLS(config); err != nil {
				return nil, err
			}
		case s.options.TLS == TLSRequired:
			return nil, errors.New("not offered by the server, but required by the settings")
		}
	}
	if s.options.Username != "" {
		step = "AUTH"
		auth, err := s.auth(client)
		if err != nil {
			return nil, err
		}
		if err := client.Auth(auth); err != nil {
			return nil, err
		}
	}
	return &session{conn: raw, client: client, usable: true}, nil
}

// auth picks the best mechanism that the server offers. The ones that show the
// password refuse to do so in the clear by themselves.
func (s *SMTP) auth(client *smtp.Client) (smtp.Auth, error) {
	_, offered := client.Extension("AUTH")
	user, password := s.options.Username, s.options.Password
	order := []string{"SCRAM-SHA-256", "PLAIN", "LOGIN", "CRAM-MD5"}
	if _, encrypted := client.TLSConnectionState(); !encrypted {
		order = []string{"SCRAM-SHA-256", "CRAM-MD5", "PLAIN", "LOGIN"}
	}
	have := strings.Fields(strings.ToUpper(offered))
	for _, mechanism := range order {
		if !slices.Contains(have, mechanism) {
			continue
		}
		switch mechanism {
		case "SCRAM-SHA-256":
			return smtp.ScramSHA256Auth(user, password), nil
		case "CRAM-MD5":
			return smtp.CRAMMD5Auth(user, password), nil
		case "PLAIN":
			return smtp.PlainAuth("", user, password, s.host, false), nil
		case "LOGIN":
			return smtp.LoginAuth(user, password, s.host, false), nil
		}
	}
	return nil, fmt.Errorf("the server offers %q, none of which is known here", offered)
}

// session is one connection that is past greeting, STARTTLS and AUTH.
type session struct {
	conn   net.Conn // below TLS: deadlines and closing
	client *smtp.Client
	used   time.Time
	usable bool // for another message
}

// deliver hands one message over. gone tells that the server closed the
// connection, or was about to, before it had taken anything of the message.
func (c *session) deliver(ctx context.Context, timeout time.Duration, from, to string, raw []byte) (res Result, gone bool) {
	c.usable = false
	deadline := time.Now().Add(timeout)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	c.conn.SetDeadline(deadline)
	release := interrupt(ctx, c.conn)
	defer func() {
		if !release() { // the interruption may still be on its way to the connection
			c.usable = false
		}
	}()

	mail := command{"MAIL", "MAIL FROM:<" + from + ">", 250}
	// Asked for only in need: relays bounce with it what the next server could
	// take without.
	if !isASCII(from) || !isASCII(to) {
		if ok, _ := c.client.Extension("SMTPUTF8"); !ok {
			c.usable = true
			return Result{Outcome: Rejected, Err: errors.New("the address has letters that this mail server cannot carry (no SMTPUTF8)")}, false
		}
		mail.line += " SMTPUTF8"
	}
	if refused, err := c.open(mail, command{"RCPT", "RCPT TO:<" + to + ">", 25}, command{"DATA", "DATA", 354}); err != nil {
		return c.refused(refused, err)
	}
	if !release() {
		return Result{Outcome: Retry, Err: context.Cause(ctx)}, false
	}
	// Until the closing dot is out, the server must not accept what it has
	// (RFC 5321, 4.1.1.4), so a failure here is no doubt.
	text := c.client.Text
	if _, err := text.W.Write(bytes.ReplaceAll(raw, []byte("\r\n."), []byte("\r\n.."))); err != nil {
		return Result{Outcome: Retry, Err: fmt.Errorf("send message: %w", err)}, false
	}
	text.W.WriteString(".\r\n")
	err := text.W.Flush()
	if err == nil {
		var said string
		if _, said, err = text.ReadResponse(250); err == nil {
			c.usable = true
			return Result{Outcome: Sent, Response: "250 " + oneLine(said)}, false
		}
	}
	res = Result{Outcome: Ambiguous, Response: answer(err), Err: fmt.Errorf("answer to message: %w", err)}
	if said, ok := errors.AsType[*textproto.Error](err); ok {
		switch said.Code / 100 {
		case 2:
			res.Outcome, res.Err = Sent, nil
		case 4:
			res.Outcome = Retry
		case 5:
			res.Outcome = Rejected
		}
		c.usable = said.Code != 421 && res.Outcome != Ambiguous
	}
	return res, false
}

// command is one line and the answer that lets the next one follow.
type command struct {
	name, line string
	expect     int
}

// open has the commands answered that come before a message, and says which one
// was refused first. A server that takes them all at once (RFC 2920) answers them
// in one round trip instead of three.
func (c *session) open(commands ...command) (refused string, err error) {
	text := c.client.Text
	pipelining, _ := c.client.Extension("PIPELINING")
	if pipelining {
		for _, cmd := range commands {
			text.W.WriteString(cmd.line + "\r\n") // Flush below says what failed
		}
	}
	for _, cmd := range commands {
		if !pipelining {
			text.W.WriteString(cmd.line + "\r\n")
		}
		if err := text.W.Flush(); err != nil {
			return cmd.name, err
		}
		code, _, answer := text.ReadResponse(cmd.expect)
		switch {
		case answer == nil && err == nil:
		case answer == nil && cmd.name == "DATA":
			// It refused, and waits for a message all the same: only hanging up
			// makes sure that it gets none.
			c.conn.Close()
		case err == nil:
			refused, err = cmd.name, answer
			if !pipelining || code == 0 || code == 421 {
				return refused, err
			}
		case code == 0: // it hung up after it had refused
			return refused, err
		}
	}
	return refused, err
}

// refused judges an error at a command before the message itself.
func (c *session) refused(command string, err error) (res Result, gone bool) {
	res = Result{Outcome: Retry, Response: answer(err), Err: fmt.Errorf("%s: %w", command, err)}
	said, ok := errors.AsType[*textproto.Error](err)
	if !ok {
		// A server that hung up is tried on another connection; one that doesn't
		// answer would not answer there either.
		return res, !errors.Is(err, os.ErrDeadlineExceeded)
	}
	if said.Code == 421 {
		return res, true
	}
	if said.Code == 530 || said.Code == 535 { // the server wants AUTH: no message would pass
		res.Err = &ChannelError{"AUTH", err}
		return res, false
	}
	if said.Code/100 == 5 {
		res.Outcome = Rejected
	}
	c.usable = c.client.Reset() == nil
	return res, false
}

// quit is polite but doesn't wait long.
func (c *session) quit() {
	c.conn.SetDeadline(time.Now().Add(time.Second))
	_ = c.client.Quit()
	c.conn.Close()
}

// interrupt makes every read and write on conn fail when ctx ends. The function
// it returns lifts that and tells whether ctx had left conn alone.
func interrupt(ctx context.Context, conn net.Conn) (release func() bool) {
	lifted := false
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	return func() bool {
		if !lifted {
			lifted = stop()
		}
		return lifted
	}
}

// answer is the server's reply inside an error, on one line.
func answer(err error) string {
	if said, ok := errors.AsType[*textproto.Error](err); ok {
		return fmt.Sprintf("%d %s", said.Code, oneLine(said.Msg))
	}
	return ""
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// envelopeAddress is the address as MAIL and RCPT want it: a domain in letters
// that DNS doesn't know is written in those it does.
func envelopeAddress(address string) (string, error) {
	local, domain, ok := cutLast(address, "@")
	if !ok || local == "" || domain == "" || strings.ContainsAny(address, " <>\r\n\x00") {
		return "", fmt.Errorf("%q is not a mail address", address)
	}
	if !isASCII(domain) {
		var err error
		if domain, err = idna.Lookup.ToASCII(domain); err != nil {
			return "", fmt.Errorf("%q is not a mail address: %w", address, err)
		}
	}
	return local + "@" + domain, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
