package notify_test

import (
	"context"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/notify"
)

var linkIn = regexp.MustCompile(`https://thidua\.example/goc/u/([A-Za-z0-9_-]+)`)

// A mail to a unit's own people carries a link that the engine opens; it is kept
// nowhere, and revoking gives the next mail another one.
func TestMailsCarryLinks(t *testing.T) {
	b := newOutbox(t, 2)
	e := engine.New(b.pool, slog.New(slog.DiscardHandler))
	found := map[string]string{} // link by address
	ch := &answers{say: func(_ context.Context, m notify.Mail) notify.Result {
		for _, body := range []string{m.Text, m.HTML} {
			if l := linkIn.FindStringSubmatch(body); l != nil {
				found[m.To.Address] = l[1]
			} else {
				t.Errorf("no link in %s", body)
			}
		}
		return notify.Result{Outcome: notify.Sent}
	}}
	b.drain(b.dispatcher(ch, func(o *notify.DispatcherOptions) { o.BaseURL = "https://thidua.example/goc/" }))
	if len(found) != 2 {
		t.Fatalf("links to %v", found)
	}
	l, actor, err := e.OpenLink(t.Context(), found["u1@units.example"])
	b.ok(err)
	if actor.Unit != "U1" || actor.Role != auth.FocalPoint || actor.Campaign != "x" || time.Until(l.Expires) < 44*24*time.Hour {
		t.Errorf("the link says %+v", l)
	}
	for _, line := range b.rows(`SELECT m::text FROM message m UNION ALL SELECT a::text FROM attempt a UNION ALL SELECT n::text FROM notice n UNION ALL SELECT u::text FROM audit u`) {
		for _, link := range found {
			if strings.Contains(line, link) {
				t.Errorf("a link is kept: %s", line)
			}
		}
	}
	_, err = e.RevokeLinks(t.Context(), engine.By(auth.Actor{Role: auth.Operator}, "x"), "U1")
	b.ok(err)
	b.exec(`UPDATE notice SET state = 'Pending'`)
	b.exec(`UPDATE message SET state = 'Pending'`)
	old := found["u1@units.example"]
	b.drain(b.dispatcher(ch, func(o *notify.DispatcherOptions) { o.BaseURL = "https://thidua.example/goc" }))
	if _, _, err := e.OpenLink(t.Context(), old); engine.Code(err) != "LinkRevoked" {
		t.Errorf("the old link: %v", err)
	}
	l, _, err = e.OpenLink(t.Context(), found["u1@units.example"])
	b.ok(err)
	if l.Version != 2 {
		t.Errorf("the new link says %+v", l)
	}
}

// Without an address to lead to there are no links, and no key is made.
func TestNoLinksWithoutAnAddress(t *testing.T) {
	b := newOutbox(t, 1)
	ch := &answers{say: func(_ context.Context, m notify.Mail) notify.Result {
		if strings.Contains(m.Text, notify.LinkPath) {
			t.Errorf("a link in %s", m.Text)
		}
		return notify.Result{Outcome: notify.Sent}
	}}
	b.drain(b.dispatcher(ch))
	b.check("no key", `SELECT count(*) FROM link_key`, "0")
}
