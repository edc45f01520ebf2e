package notify_test

import (
	"context"
	"testing"
	"time"

	"thidua.dev/thidua/internal/notify"
)

// BenchmarkDrain drains invitations to 11,367 units, text and ledger included, into a
// channel that answers at once: what the dispatcher itself costs.
func BenchmarkDrain(b *testing.B) {
	const units = 11_367
	for b.Loop() {
		b.StopTimer()
		box := newOutbox(b, units)
		ctx, stop := context.WithCancel(context.Background())
		ch := &answers{}
		ch.say = func(context.Context, notify.Mail) notify.Result {
			if ch.count() == units {
				stop()
			}
			return notify.Result{Outcome: notify.Sent, Response: "250 taken"}
		}
		d := box.dispatcher(ch)
		b.StartTimer()
		began := time.Now()
		if err := d.Run(ctx, time.Millisecond); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(units/time.Since(began).Seconds(), "messages/s")
	}
}
