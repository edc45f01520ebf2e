package pages

import (
	"net/http"
	"testing"
)

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
