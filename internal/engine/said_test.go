package engine

import (
	"slices"
	"strings"
	"testing"

	"thidua.dev/thidua/internal/notify"
)

// mail is the last one about a step that went to somebody.
func (w *world) mail(step, to string) notify.Mail {
	w.t.Helper()
	for _, m := range slices.Backward(w.inbox.mails) {
		if m.Labels.Step == step && m.To.Address == to {
			return m
		}
	}
	w.t.Fatalf("no mail of step %s to %s", step, to)
	return notify.Mail{}
}

// Whoever is reminded hears why the date is not the one that they knew, and until when a
// late report is taken; whoever watches over units, how late each is.
func TestMailsSayWhatTheFactsSay(t *testing.T) {
	holds := func(m notify.Mail, want bool, text string) {
		t.Helper()
		if strings.Contains(m.Text, text) != want {
			t.Errorf("%s to %s: contains %q is not %t:\n%s", m.Labels.Step, m.To.Address, text, want, m.Text)
		}
	}
	const adjusted = "Thời hạn trên đã được điều chỉnh cho đơn vị."
	w := running(t)
	w.to("2021-10-11 10:00")
	w.apply(load(t, edited(t, off(state18, "2021-10-15")...))) // state: the 19th; six: the 15th
	w.extend("A2", "2021-10-21 17:00")
	w.to("2021-10-20 12:00")
	holds(w.mail("tomorrow", "a3@so.example"), true, "Hạn theo kế hoạch là thứ Sáu, ngày 15/10/2021, trùng ngày nghỉ (bão) nên được chuyển sang ngày làm việc tiếp theo.")
	holds(w.mail("tomorrow", "a3@so.example"), false, adjusted)
	holds(w.mail("tomorrow", "a2@so.example"), true, adjusted)
	holds(w.mail("tomorrow", "a2@so.example"), false, "trùng ngày nghỉ")
	holds(w.mail("overdue", "a3@so.example"), true, "việc tiếp nhận kết thúc lúc 17 giờ 00, thứ Tư, ngày 03/11/2021") // ten working days after the 21st
	w.to("2021-10-29 12:00")
	list := w.mail("escalate", "van-thu@so.example")
	holds(list, true, "1. Phòng Hai. Hạn gửi: 17 giờ 00, thứ Năm, 21/10/2021. Số ngày làm việc đã qua hạn: 5.")

	// A day that the plan itself moved: the 4th of February, in Tết.
	year := running(t, notice2022...)
	year.to("2022-01-28 12:00")
	holds(year.mail("tomorrow", "a3@so.example"), true, "Hạn theo kế hoạch là thứ Sáu, ngày 04/02/2022, trùng ngày nghỉ (Tết Nguyên đán)")
}
