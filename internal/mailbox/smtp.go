package mailbox

import (
	"crypto/subtle"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"thidua.dev/thidua/internal/logs"
)

const maxMessageBytes = 32 << 20

func (a *App) newSMTPServer() *smtp.Server {
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{app: a, conn: c}, nil
	}))
	s.Domain = "localhost"
	s.TLSConfig = a.options.TLS
	s.AllowInsecureAuth = a.options.TLS == nil
	s.EnableSMTPUTF8 = true
	s.MaxMessageBytes = maxMessageBytes
	s.ReadTimeout = 5 * time.Minute
	s.WriteTimeout = time.Minute
	s.ErrorLog = logs.Lines(a.log, slog.LevelDebug, "mailbox SMTP")
	return s
}

// session is one connection; go-smtp calls it for one mail after the other.
type session struct {
	app      *App
	conn     *smtp.Conn
	let      bool // authenticated
	from, to string
}

var errCut = errors.New("connection cut on purpose")

// fail lets go wrong what the options say goes wrong at this stage.
func (s *session) fail(at Stage) error {
	if s.app.options.Fault == nil {
		return nil
	}
	f := s.app.options.Fault(at, s.from, s.to)
	switch {
	case f.Hang:
		<-s.app.stopped
		return errCut
	case f.Cut:
		s.conn.Conn().Close()
		return errCut
	case f.Code != 0:
		return &smtp.SMTPError{Code: f.Code, EnhancedCode: smtp.EnhancedCode{f.Code / 100, 0, 0}, Message: f.Text}
	}
	return nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.app.options.Username != "" && !s.let {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	s.from, s.to = from, ""
	return s.fail(AtMail)
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return s.fail(AtRcpt)
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.fail(AtData); err != nil {
		return err
	}
	id, err := s.app.store.add(raw)
	if err != nil {
		s.app.log.Error("mailbox could not keep a mail", "error", err)
		return &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 3, 1}, Message: "Cannot keep the mail"}
	}
	if err := s.fail(AfterData); err != nil {
		return err
	}
	return &smtp.SMTPError{Code: 250, EnhancedCode: smtp.EnhancedCode{2, 0, 0}, Message: "OK: queued as " + id}
}

func (s *session) Reset() { s.from, s.to = "", "" }

func (s *session) Logout() error { return nil }

func (s *session) AuthMechanisms() []string {
	if s.app.options.Username == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		o := s.app.options
		if subtle.ConstantTimeCompare([]byte(username+"\x00"+password), []byte(o.Username+"\x00"+o.Password)) != 1 {
			return smtp.ErrAuthFailed
		}
		s.let = true
		return nil
	}), nil
}
