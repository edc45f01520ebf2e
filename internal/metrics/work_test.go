package metrics

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/notify"
)

func scrape(t *testing.T, reg *prometheus.Registry) string {
	t.Helper()
	w := httptest.NewRecorder()
	Handler(reg).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestRegistryDescribesTheProcess(t *testing.T) {
	body := scrape(t, NewRegistry())
	for _, want := range []string{"go_goroutines ", "process_start_time_seconds ", "go_build_info{"} {
		if !strings.Contains(body, "\n"+want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestObservations(t *testing.T) {
	reg := NewRegistry()
	d, i := NewDispatch(reg), NewIntake(reg)
	notify.NewDispatcher(notify.DispatcherOptions{Observe: d.Observe}) // the type fits
	d.Observe(v1.ChannelEmail, notify.Sent, 3*time.Millisecond)
	d.Observe(v1.ChannelEmail, notify.NotConfigured, 0)
	i.Observe("submit", Accepted, 20*time.Millisecond)
	i.Observe("approve", "RoundClosed", time.Millisecond)
	body := scrape(t, reg)
	for _, tt := range []struct{ line, reason string }{
		{`thidua_send_seconds_bucket{channel="email",outcome="Sent",le="0.0025"} 0`, "3 ms are more than 2.5"},
		{`thidua_send_seconds_bucket{channel="email",outcome="Sent",le="0.005"} 1`, "and less than 5"},
		{`thidua_send_seconds_count{channel="email",outcome="Ambiguous"} 0`, "there before the first one"},
		{`thidua_send_seconds_count{channel="email",outcome="NotConfigured"} 1`, "an outcome of no call"},
		{`thidua_intake_seconds_sum{result="Accepted",verb="submit"} 0.02`, "in seconds"},
		{`thidua_intake_seconds_count{result="RoundClosed",verb="approve"} 1`, "by the code of the refusal"},
		{`thidua_intake_seconds_count{result="Internal",verb="submit"} 0`, "there before the first one"},
	} {
		if !strings.Contains(body, "\n"+tt.line+"\n") {
			t.Errorf("no %s: %s", tt.line, tt.reason)
		}
	}
}
