package cli

import (
	"testing"
	"time"

	"thidua.dev/thidua/internal/engine"
)

func TestReceiptLine(t *testing.T) {
	zone := zoneOf(defaultZone)
	at := time.Date(2021, 11, 15, 9, 42, 0, 0, time.UTC)
	receipt := engine.Receipt{Unit: "STTTT-01", Round: "monthly/2021-11", Version: 2, ReceivedAt: at}
	settled := receipt
	settled.Settled = true
	onTime := settled
	onTime.OnTime = true
	onTime.ReceivedAt = at.Add(18 * time.Minute)
	for _, tt := range []struct {
		receipt engine.Receipt
		want    string
	}{
		{receipt, "STTTT-01, monthly/2021-11, lần 2: đã trình lãnh đạo đơn vị lúc 16 giờ 42, thứ Hai 15/11/2021; chờ duyệt (handed up 16:42 on 2021-11-15, waits for approval)"},
		{settled, "STTTT-01, monthly/2021-11, lần 2: đã tiếp nhận lúc 16 giờ 42, thứ Hai 15/11/2021, trễ hạn (received 16:42 on 2021-11-15, late)"},
		{onTime, "STTTT-01, monthly/2021-11, lần 2: đã tiếp nhận lúc 17 giờ, thứ Hai 15/11/2021, đúng hạn (received 17:00 on 2021-11-15, on time)"},
	} {
		if got := receiptLine(tt.receipt, zone); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}
