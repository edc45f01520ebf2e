package notify_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/mail"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"thidua.dev/thidua/internal/mailbox"
	"thidua.dev/thidua/internal/notify"
)

func start(t testing.TB, o mailbox.Options) *mailbox.App {
	t.Helper()
	o.Logger = slog.New(slog.DiscardHandler)
	box, err := mailbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := box.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := box.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return box
}

func channel(t testing.TB, o notify.SMTPOptions) *notify.SMTP {
	t.Helper()
	if o.TLS == "" {
		o.TLS = notify.TLSNone
	}
	if o.Timeout == 0 {
		o.Timeout = 20 * time.Second
	}
	c, err := notify.NewSMTP(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func letter() notify.Mail {
	return notify.Mail{
		From:    mail.Address{Name: "Vụ Thi đua - Khen thưởng", Address: "thidua@mic.example.vn"},
		To:      mail.Address{Name: "Nguyễn Thị Hoa", Address: "hoa@stttt.example.vn"},
		Subject: "Chuẩn bị báo cáo tháng 10/2021 – hạn 17 giờ 00, thứ Sáu, 15/10/2021",
		Text:    "Kính gửi: Đầu mối\n\n.dòng bắt đầu bằng dấu chấm\n\nTrân trọng./.\n",
		HTML:    "<!doctype html>\n<p>Kính gửi: Đầu mối</p>\n",
		// Business time: a stepped clock may be years from the machine's.
		Date:      time.Date(2021, 10, 8, 8, 30, 0, 0, time.FixedZone("", 7*3600)),
		MessageID: "<n1.1@thidua.example.vn>",
		Labels:    notify.Labels{Campaign: "covid-2021", Round: "monthly/2021-10", Step: "prepare", Units: []string{"STTTT-QNH"}},
	}
}

func TestSendArrivesWhole(t *testing.T) {
	box := start(t, mailbox.Options{})
	m := letter()
	m.ReplyTo = mail.Address{Address: "tdkt@mic.example.vn"}
	for i := range 700 { // more than one line, and one header line, can hold
		m.Labels.Units = append(m.Labels.Units, fmt.Sprintf("DON-VI-%03d", i))
	}
	res := channel(t, notify.SMTPOptions{Addr: box.SMTPAddr()}).Send(t.Context(), m)
	got := messages(t, box)
	if len(got) != 1 {
		t.Fatalf("kept %d mails, want 1 (%+v)", len(got), res)
	}
	if want := (notify.Result{Outcome: notify.Sent, Response: "250 2.0.0 OK: queued as " + got[0].ID}); res != want {
		t.Errorf("result %+v, want %+v", res, want)
	}
	want := mailbox.Message{
		ID: got[0].ID, Date: m.Date, From: m.From.Address, To: m.To.Address, Subject: m.Subject,
		MessageID: "n1.1@thidua.example.vn", Campaign: "covid-2021", Round: "monthly/2021-10", Step: "prepare",
		Units: m.Labels.Units, Text: m.Text, HTML: m.HTML, Raw: got[0].Raw,
	}
	if d := cmp.Diff(want, got[0]); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	for line := range strings.Lines(string(got[0].Raw)) {
		if len(strings.TrimSuffix(line, "\r\n")) > 78 {
			t.Errorf("line of %d octets: %q", len(line), line)
		}
	}
	for _, want := range []string{"Auto-Submitted: auto-generated\r\n", "Date: Fri, 08 Oct 2021 08:30:00 +0700\r\n", "Reply-To: <tdkt@mic.example.vn>\r\n"} {
		if !strings.Contains(string(got[0].Raw), want) {
			t.Errorf("no %q in\n%s", want, got[0].Raw[:1500])
		}
	}
}

func TestBytesAreStable(t *testing.T) {
	a, err := letter().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	b, err := letter().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(a), string(b)); d != "" {
		t.Errorf("a message that is sent again is another one (-first +second):\n%s", d)
	}
}

func TestOutcome(t *testing.T) {
	fail := func(stage mailbox.Stage, f mailbox.Fault) func(mailbox.Stage, string, string) mailbox.Fault {
		return func(at mailbox.Stage, _, _ string) mailbox.Fault {
			if at == stage {
				return f
			}
			return mailbox.Fault{}
		}
	}
	for _, tt := range []struct {
		name     string
		reason   string
		fault    func(mailbox.Stage, string, string) mailbox.Fault
		timeout  time.Duration
		outcome  notify.Outcome
		response string
		kept     int
	}{
		{"sent", "", nil, 0, notify.Sent, "", 1},
		{"sender put off", "greylisting", fail(mailbox.AtMail, mailbox.Fault{Code: 451, Text: "Greylisted"}), 0, notify.Retry, "451 4.0.0 Greylisted", 0},
		{"sender refused", "the address is not ours to use", fail(mailbox.AtMail, mailbox.Fault{Code: 553, Text: "Not yours"}), 0, notify.Rejected, "553 5.0.0 Not yours", 0},
		{"recipient put off", "a full mailbox is emptied some day", fail(mailbox.AtRcpt, mailbox.Fault{Code: 452, Text: "Mailbox full"}), 0, notify.Retry, "452 4.0.0 Mailbox full", 0},
		{"recipient refused", "nobody has this address", fail(mailbox.AtRcpt, mailbox.Fault{Code: 550, Text: "No such user"}), 0, notify.Rejected, "550 5.0.0 No such user", 0},
		{"message put off", "the server said that it didn't take it", fail(mailbox.AtData, mailbox.Fault{Code: 451, Text: "Try later"}), 0, notify.Retry, "451 4.0.0 Try later", 0},
		{"message refused", "the server said that it never will", fail(mailbox.AtData, mailbox.Fault{Code: 554, Text: "Spam"}), 0, notify.Rejected, "554 5.0.0 Spam", 0},
		{"closing down", "421 at the end of DATA is an answer too", fail(mailbox.AtData, mailbox.Fault{Code: 421, Text: "Shutting down"}), 0, notify.Retry, "421 4.0.0 Shutting down", 0},
		{"cut before DATA", "the message was not sent", fail(mailbox.AtRcpt, mailbox.Fault{Cut: true}), 0, notify.Retry, "", 0},
		{"cut after DATA, lost", "only the server knows", fail(mailbox.AtData, mailbox.Fault{Cut: true}), 0, notify.Ambiguous, "", 0},
		{"cut after DATA, kept", "only the server knows", fail(mailbox.AfterData, mailbox.Fault{Cut: true}), 0, notify.Ambiguous, "", 1},
		{"silence before DATA", "the message was not sent", fail(mailbox.AtRcpt, mailbox.Fault{Hang: true}), 500 * time.Millisecond, notify.Retry, "", 0},
		{"silence after DATA", "only the server knows", fail(mailbox.AfterData, mailbox.Fault{Hang: true}), 500 * time.Millisecond, notify.Ambiguous, "", 1},
		{"refused, though it was kept", "what the server says counts", fail(mailbox.AfterData, mailbox.Fault{Code: 550, Text: "No"}), 0, notify.Rejected, "550 5.0.0 No", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			box := start(t, mailbox.Options{Fault: tt.fault})
			res := channel(t, notify.SMTPOptions{Addr: box.SMTPAddr(), Timeout: tt.timeout}).Send(t.Context(), letter())
			if res.Outcome != tt.outcome {
				t.Errorf("%s: outcome %s (%v), want %s", tt.reason, res.Outcome, res.Err, tt.outcome)
			}
			if tt.outcome != notify.Sent && (res.Response != tt.response || res.Err == nil) {
				t.Errorf("response %q, error %v; want %q and an error", res.Response, res.Err, tt.response)
			}
			if n := len(messages(t, box)); n != tt.kept {
				t.Errorf("kept %d mails, want %d", n, tt.kept)
			}
		})
	}
}

// A refusal, or a connection that broke, must not spoil the messages after it.
func TestSendGoesOnAfterFault(t *testing.T) {
	var faults atomic.Int32
	sequence := []struct {
		at    mailbox.Stage
		fault mailbox.Fault
		want  notify.Outcome
	}{
		{mailbox.AtRcpt, mailbox.Fault{Code: 550, Text: "no"}, notify.Rejected},
		{mailbox.AtData, mailbox.Fault{Code: 451, Text: "later"}, notify.Retry},
		{mailbox.AtRcpt, mailbox.Fault{Cut: true}, notify.Retry},
		{mailbox.AfterData, mailbox.Fault{Cut: true}, notify.Ambiguous},
		{"", mailbox.Fault{}, notify.Sent},
	}
	box := start(t, mailbox.Options{Fault: func(at mailbox.Stage, _, _ string) mailbox.Fault {
		if s := sequence[faults.Load()]; s.at == at {
			return s.fault
		}
		return mailbox.Fault{}
	}})
	c := channel(t, notify.SMTPOptions{Addr: box.SMTPAddr(), MaxConnections: 1})
	for i, s := range sequence {
		faults.Store(int32(i))
		if res := c.Send(t.Context(), letter()); res.Outcome != s.want {
			t.Errorf("message %d: %+v, want %s", i, res, s.want)
		}
	}
}

// A kept connection that the server has closed meanwhile is found out before the
// message, which goes over another one in the same attempt.
func TestKeptConnectionWentAway(t *testing.T) {
	for _, hangUp := range []mailbox.Fault{{Cut: true}, {Code: 421, Text: "Too many messages on this connection"}} {
		var mails, connections atomic.Int32
		box := start(t, mailbox.Options{Fault: func(at mailbox.Stage, _, _ string) mailbox.Fault {
			if at == mailbox.AtMail {
				connections.Add(1)
				if mails.Add(1) == 2 {
					return hangUp
				}
			}
			return mailbox.Fault{}
		}})
		c := channel(t, notify.SMTPOptions{Addr: box.SMTPAddr()})
		for i := range 2 {
			if res := c.Send(t.Context(), letter()); res.Outcome != notify.Sent {
				t.Errorf("%+v: message %d: %+v", hangUp, i, res)
			}
		}
		if n := connections.Load(); n != 3 {
			t.Errorf("%+v: %d attempts, want 3: one failed at once and was made again", hangUp, n)
		}
	}
}

func TestSendBeforeConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	l.Close()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tt := range []struct {
		name    string
		reason  string
		ctx     context.Context
		channel notify.Channel
		mail    func(*notify.Mail)
		outcome notify.Outcome
		channelError,
		failed bool
	}{
		{"no settings", "a missing channel is no failure", t.Context(), channel(t, notify.SMTPOptions{}), nil, notify.NotConfigured, false, false},
		{"unconfigured", "", t.Context(), notify.Unconfigured("email"), nil, notify.NotConfigured, false, false},
		{"connection refused", "the server is down: later, and for all messages", t.Context(), channel(t, notify.SMTPOptions{Addr: closed}), nil, notify.Retry, true, true},
		{"stopping", "nothing was sent", cancelled, channel(t, notify.SMTPOptions{Addr: closed}), nil, notify.Retry, false, true},
		{"no address", "a person must look", t.Context(), channel(t, notify.SMTPOptions{Addr: closed}), func(m *notify.Mail) { m.To.Address = "hoa" }, notify.Rejected, false, true},
		{"two lines", "an address cannot hold a command", t.Context(), channel(t, notify.SMTPOptions{Addr: closed}), func(m *notify.Mail) { m.To.Address = "a@b.vn>\r\nDATA" }, notify.Rejected, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := letter()
			if tt.mail != nil {
				tt.mail(&m)
			}
			res := tt.channel.Send(tt.ctx, m)
			_, broken := errors.AsType[*notify.ChannelError](res.Err)
			if res.Outcome != tt.outcome || broken != tt.channelError || (res.Err != nil) != tt.failed {
				t.Errorf("%s: %+v, want %s", tt.reason, res, tt.outcome)
			}
		})
	}
}

// The end of the context interrupts what is before the message, not the wait for
// its answer.
func TestSendInterrupted(t *testing.T) {
	for _, tt := range []struct {
		at   mailbox.Stage
		want notify.Outcome
	}{{mailbox.AtRcpt, notify.Retry}, {mailbox.AtData, notify.Sent}} {
		ctx, cancel := context.WithCancel(t.Context())
		box := start(t, mailbox.Options{Fault: func(at mailbox.Stage, _, _ string) mailbox.Fault {
			if at == tt.at {
				cancel()
				// Before the message the server never answers: only the
				// interruption can end the wait.
				return mailbox.Fault{Hang: at == mailbox.AtRcpt}
			}
			return mailbox.Fault{}
		}})
		if res := channel(t, notify.SMTPOptions{Addr: box.SMTPAddr()}).Send(ctx, letter()); res.Outcome != tt.want {
			t.Errorf("interrupted at %s: %+v, want %s", tt.at, res, tt.want)
		}
		cancel()
	}
}

func TestUnicodeAddress(t *testing.T) {
	box := start(t, mailbox.Options{})
	c := channel(t, notify.SMTPOptions{Addr: box.SMTPAddr()})
	for _, tt := range []struct{ address, kept string }{
		{"hoa@tỉnh-quảng-ninh.example.vn", "hoa@tỉnh-quảng-ninh.example.vn"},
		{"hòa@stttt.example.vn", "hòa@stttt.example.vn"},
	} {
		m := letter()
		m.To.Address = tt.address
		if res := c.Send(t.Context(), m); res.Outcome != notify.Sent {
			t.Errorf("%s: %+v", tt.address, res)
			continue
		}
		got := messages(t, box)
		if to := got[len(got)-1].To; to != tt.kept {
			t.Errorf("arrived for %q, want %q", to, tt.kept)
		}
	}
	plain := channel(t, notify.SMTPOptions{Addr: script(t, "250-plain.example.vn\r\n250 8BITMIME")})
	m := letter()
	m.To.Address = "hòa@stttt.example.vn"
	if res := plain.Send(t.Context(), m); res.Outcome != notify.Rejected || res.Err == nil {
		t.Errorf("server without SMTPUTF8: %+v, want Rejected", res)
	}
}

func TestTLS(t *testing.T) {
	certificate, roots := authority(t)
	serverTLS := &tls.Config{Certificates: []tls.Certificate{certificate}}
	encrypted := start(t, mailbox.Options{TLS: serverTLS, Username: "thidua", Password: "bí mật"})
	plain := start(t, mailbox.Options{})
	for _, tt := range []struct {
		name   string
		reason string
		o      notify.SMTPOptions
		want   notify.Outcome
		step   string
	}{
		{"starttls", "", notify.SMTPOptions{Addr: encrypted.SMTPAddr(), TLS: notify.TLSRequired, RootCAs: roots, Username: "thidua", Password: "bí mật"}, notify.Sent, ""},
		{"opportunistic", "used where it is offered", notify.SMTPOptions{Addr: encrypted.SMTPAddr(), TLS: notify.TLSOpportunistic, RootCAs: roots, Username: "thidua", Password: "bí mật"}, notify.Sent, ""},
		{"opportunistic, not offered", "goes on without", notify.SMTPOptions{Addr: plain.SMTPAddr(), TLS: notify.TLSOpportunistic}, notify.Sent, ""},
		{"required, not offered", "a downgrade sends nothing", notify.SMTPOptions{Addr: plain.SMTPAddr(), TLS: notify.TLSRequired}, notify.Retry, "STARTTLS"},
		{"unknown authority", "the server may be another one", notify.SMTPOptions{Addr: encrypted.SMTPAddr(), TLS: notify.TLSRequired}, notify.Retry, "STARTTLS"},
		{"wrong password", "a wrong setting parks no message", notify.SMTPOptions{Addr: encrypted.SMTPAddr(), TLS: notify.TLSRequired, RootCAs: roots, Username: "thidua", Password: "sai"}, notify.Retry, "AUTH"},
		{"no password", "the server wants one: no message's fault either", notify.SMTPOptions{Addr: encrypted.SMTPAddr(), TLS: notify.TLSRequired, RootCAs: roots}, notify.Retry, "AUTH"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := channel(t, tt.o).Send(t.Context(), letter())
			if res.Outcome != tt.want {
				t.Errorf("%s: %+v, want %s", tt.reason, res, tt.want)
			}
			step := ""
			if broken, ok := errors.AsType[*notify.ChannelError](res.Err); ok {
				step = broken.Step
			}
			if step != tt.step {
				t.Errorf("failed at %q (%v), want %q", step, res.Err, tt.step)
			}
			if tt.step == "AUTH" && !strings.HasPrefix(res.Response, "53") {
				t.Errorf("response %q does not say why", res.Response)
			}
		})
	}
}

func TestImplicitTLS(t *testing.T) {
	certificate, roots := authority(t)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		t.Fatal(err)
	}
	addr := serve(t, l, "250 implicit.example.vn", nil)
	c := channel(t, notify.SMTPOptions{Addr: addr, TLS: notify.TLSImplicit, RootCAs: roots})
	if res := c.Send(t.Context(), letter()); res.Outcome != notify.Sent || res.Response != "250 2.0.0 queued" {
		t.Errorf("%+v, want Sent", res)
	}
}

func TestAuthMechanisms(t *testing.T) {
	for _, tt := range []struct{ offered, used string }{
		{"PLAIN LOGIN CRAM-MD5", "CRAM-MD5"}, // in the clear the password stays hidden
		{"LOGIN PLAIN", "PLAIN"},             // to this machine it may be shown
		{"LOGIN", "LOGIN"},
	} {
		used := make(chan string, 1)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addr := serve(t, l, "250-auth.example.vn\r\n250 AUTH "+tt.offered, func(mechanism string) { used <- mechanism })
		res := channel(t, notify.SMTPOptions{Addr: addr, Username: "thidua", Password: "secret"}).Send(t.Context(), letter())
		if res.Outcome != notify.Sent {
			t.Errorf("%s: %+v", tt.offered, res)
			continue
		}
		if got := <-used; got != tt.used {
			t.Errorf("%s: used %s, want %s", tt.offered, got, tt.used)
		}
	}
}

func TestConnectionsAreKept(t *testing.T) {
	counting := &countingListener{}
	var err error
	if counting.Listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	c := channel(t, notify.SMTPOptions{Addr: serve(t, counting, "250 kept.example.vn", nil), MaxConnections: 3})
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			for range 25 {
				if res := c.Send(t.Context(), letter()); res.Outcome != notify.Sent {
					t.Errorf("%+v", res)
				}
			}
		})
	}
	wg.Wait()
	if n := counting.n.Load(); n > 3 {
		t.Errorf("300 messages took %d connections, want at most 3", n)
	}
}

// A server that takes commands at once may ask for the message although it has
// refused the recipient. It must not get one.
func TestRefusedAndAskedForMessage(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := make(chan string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprintf(conn, "220 ready\r\n")
		r := bufio.NewReader(conn)
		for line := ""; !strings.HasPrefix(line, "DATA"); {
			if line, err = r.ReadString('\n'); err != nil {
				return
			}
			if strings.HasPrefix(line, "EHLO") {
				fmt.Fprintf(conn, "250-eager.example.vn\r\n250 PIPELINING\r\n")
			}
		}
		fmt.Fprintf(conn, "250 ok\r\n550 5.1.1 no such user\r\n354 go ahead\r\n")
		rest, _ := io.ReadAll(r)
		got <- string(rest)
	}()
	res := channel(t, notify.SMTPOptions{Addr: l.Addr().String()}).Send(t.Context(), letter())
	if res.Outcome != notify.Rejected || res.Response != "550 5.1.1 no such user" {
		t.Errorf("%+v, want Rejected", res)
	}
	if s := <-got; s != "" {
		t.Errorf("the server got %q", s)
	}
}

func messages(t testing.TB, box *mailbox.App) []mailbox.Message {
	t.Helper()
	got, err := box.Messages()
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// script is a server that speaks just enough SMTP, for what go-smtp cannot do.
func script(t testing.TB, hello string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, l, hello, nil)
}

func serve(t testing.TB, l net.Listener, hello string, authenticated func(mechanism string)) string {
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go converse(conn, hello, authenticated)
		}
	}()
	return l.Addr().String()
}

func converse(conn net.Conn, hello string, authenticated func(string)) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	say := func(s string) { fmt.Fprintf(conn, "%s\r\n", s) }
	ask := func(challenge string) string {
		say("334 " + base64.StdEncoding.EncodeToString([]byte(challenge)))
		line, _ := r.ReadString('\n')
		answer, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(line))
		return string(answer)
	}
	say("220 ready")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		words := strings.Fields(line)
		switch words[0] {
		case "EHLO":
			say(hello)
		case "AUTH":
			ok := false
			switch words[1] {
			case "PLAIN":
				given, _ := base64.StdEncoding.DecodeString(words[2])
				ok = string(given) == "\x00thidua\x00secret"
			case "LOGIN":
				ok = ask("Username:") == "thidua" && ask("Password:") == "secret"
			case "CRAM-MD5":
				mac := hmac.New(md5.New, []byte("secret"))
				mac.Write([]byte("<1@example.vn>"))
				ok = ask("<1@example.vn>") == "thidua "+hex.EncodeToString(mac.Sum(nil))
			}
			if !ok {
				say("535 5.7.8 no")
				continue
			}
			authenticated(words[1])
			say("235 2.7.0 welcome")
		case "DATA":
			say("354 go ahead")
			for line != ".\r\n" {
				if line, err = r.ReadString('\n'); err != nil {
					return
				}
			}
			say("250 2.0.0 queued")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

type countingListener struct {
	net.Listener
	n atomic.Int32
}

func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.n.Add(1)
	}
	return c, err
}

// authority makes a CA and a certificate for the loopback address.
func authority(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	check := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	now := time.Now()
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	check(err)
	parsed, err := x509.ParseCertificate(caDER)
	check(err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, leaf, parsed, &key.PublicKey, caKey)
	check(err)
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}
