// Package limit bounds how often somebody may do what is dear to us or dangerous: try a
// secret, send files. It counts in memory by the machine's clock, each process for itself.
package limit

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate is so many at once, then one every so often.
type Rate struct {
	AtOnce int
	Every  time.Duration
}

// size bounds what strangers make us remember.
const size = 10_000

// Limiter holds each of many to a rate.
type Limiter struct {
	held Rate
	mu   sync.Mutex
	by   map[string]*rate.Limiter
}

// New holds each to a rate.
func New(r Rate) *Limiter { return &Limiter{held: r, by: map[string]*rate.Limiter{}} }

// Allow counts one more of somebody's, and tells whether it is within the rate.
func (l *Limiter) Allow(who string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.by[who]
	if one == nil {
		if len(l.by) >= size {
			for w, other := range l.by {
				if other.TokensAt(now) >= float64(l.held.AtOnce) { // it is as if it had not been there
					delete(l.by, w)
				}
			}
		}
		if len(l.by) >= size {
			return false
		}
		one = rate.NewLimiter(rate.Every(l.held.Every), l.held.AtOnce)
		l.by[who] = one
	}
	return one.AllowN(now, 1)
}
