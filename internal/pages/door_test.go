package pages

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

func TestLimiter(t *testing.T) {
	l, now := newLimiter(), time.Now()
	for i := range triesAtOnce + 1 {
		if got := l.allow("a", now); got != (i < triesAtOnce) {
			t.Errorf("try %d: %v", i+1, got)
		}
	}
	if !l.allow("b", now) {
		t.Error("another address is refused")
	}
	if now = now.Add(tryEvery); !l.allow("a", now) || l.allow("a", now) {
		t.Error("after a while there is one more try, and one only")
	}
	// Strangers of many addresses are forgotten when they have been quiet, and before
	// that keep others out rather than fill the memory.
	for i := range limiterSize + 1 {
		l.allow(fmt.Sprint(i), now)
	}
	if len(l.by) != limiterSize || l.allow("c", now) {
		t.Errorf("%d addresses are remembered", len(l.by))
	}
	if !l.allow("c", now.Add(triesAtOnce*tryEvery)) || len(l.by) != 1 {
		t.Errorf("later %d are", len(l.by))
	}
}

// Who comes is who the nearest proxy says, when there is one; what else a request says
// of itself counts for nothing.
func TestAddress(t *testing.T) {
	r := &http.Request{RemoteAddr: "10.0.0.1:4711", Header: http.Header{"X-Forwarded-For": {"1.1.1.1", "2.2.2.2, 3.3.3.3"}}}
	if got := (&door{proxied: true}).address(r); got != "3.3.3.3" {
		t.Errorf("behind a proxy: %s", got)
	}
	if got := (&door{}).address(r); got != "10.0.0.1" {
		t.Errorf("without one: %s", got)
	}
}
