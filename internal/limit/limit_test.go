package limit

import (
	"fmt"
	"testing"
	"time"
)

func TestLimiter(t *testing.T) {
	r := Rate{AtOnce: 20, Every: 3 * time.Second}
	l, now := New(r), time.Now()
	for i := range r.AtOnce + 1 {
		if got := l.Allow("a", now); got != (i < r.AtOnce) {
			t.Errorf("try %d: %v", i+1, got)
		}
	}
	if !l.Allow("b", now) {
		t.Error("another is refused")
	}
	if now = now.Add(r.Every); !l.Allow("a", now) || l.Allow("a", now) {
		t.Error("after a while there is one more try, and one only")
	}
	// Strangers are forgotten when they have been quiet, and before that keep others out
	// rather than fill the memory.
	for i := range size + 1 {
		l.Allow(fmt.Sprint(i), now)
	}
	if len(l.by) != size || l.Allow("c", now) {
		t.Errorf("%d are remembered", len(l.by))
	}
	if !l.Allow("c", now.Add(time.Duration(r.AtOnce)*r.Every)) || len(l.by) != 1 {
		t.Errorf("later %d are", len(l.by))
	}
}
