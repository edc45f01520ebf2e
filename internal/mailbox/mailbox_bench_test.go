package mailbox

import (
	"fmt"
	"log/slog"
	"net/mail"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"thidua.dev/thidua/internal/notify"
)

// BenchmarkIntake takes mails of about 4 kB in, over 10 connections.
func BenchmarkIntake(b *testing.B) {
	for name, dir := range map[string]string{"memory": "", "maildir": b.TempDir()} {
		b.Run(name, func(b *testing.B) {
			a, err := New(Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				b.Fatal(err)
			}
			if err := a.Start(b.Context()); err != nil {
				b.Fatal(err)
			}
			defer a.Stop(b.Context())
			c, err := notify.NewSMTP(notify.SMTPOptions{Addr: a.SMTPAddr(), TLS: notify.TLSNone, MaxConnections: 10})
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			m := notify.Mail{From: mail.Address{Address: "a@example.vn"}, To: mail.Address{Address: "b@example.vn"}, Subject: "s",
				Text: strings.Repeat("Thực hiện Quyết định số 1423/QĐ-BTTTT, đề nghị đơn vị gửi báo cáo.\n", 20), Date: time.Now()}
			m.HTML = "<pre>" + m.Text + "</pre>"
			var n atomic.Int64
			b.SetParallelism(10)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					m := m
					m.MessageID = fmt.Sprintf("%d@example.vn", n.Add(1))
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
