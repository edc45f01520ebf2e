package notify_test

import (
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/emersion/go-smtp"

	"thidua.dev/thidua/internal/notify"
)

// BenchmarkSend drains mails of about 4 kB into a go-smtp server that throws them
// away, in the same process.
func BenchmarkSend(b *testing.B) {
	for _, connections := range []int{1, 4, 10, 20} {
		b.Run(fmt.Sprintf("connections=%d", connections), func(b *testing.B) {
			c := channel(b, notify.SMTPOptions{Addr: sink(b), MaxConnections: connections})
			m := letter()
			for len(m.Text) < 900 {
				m.Text += "Thực hiện Quyết định số 1423/QĐ-BTTTT ngày 16/9/2021, đề nghị đơn vị gửi báo cáo.\n"
			}
			m.HTML = "<!doctype html>\n<pre>\n" + m.Text + "</pre>\n"
			raw, err := m.Bytes()
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(raw)))
			var n atomic.Int64
			b.SetParallelism(connections)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					m := m
					m.MessageID = fmt.Sprintf("%d@thidua.example.vn", n.Add(1))
					if res := c.Send(b.Context(), m); res.Outcome != notify.Sent {
						b.Errorf("%+v", res)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
		})
	}
}

// BenchmarkBytes is the share of building the message.
func BenchmarkBytes(b *testing.B) {
	m := letter()
	for b.Loop() {
		if _, err := m.Bytes(); err != nil {
			b.Fatal(err)
		}
	}
}

type discard struct{}

func (discard) Mail(string, *smtp.MailOptions) error { return nil }
func (discard) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (discard) Data(r io.Reader) error               { _, err := io.Copy(io.Discard, r); return err }
func (discard) Reset()                               {}
func (discard) Logout() error                        { return nil }

func sink(b *testing.B) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return discard{}, nil }))
	go s.Serve(l)
	b.Cleanup(func() { s.Close() })
	return l.Addr().String()
}
