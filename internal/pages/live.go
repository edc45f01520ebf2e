package pages

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/a-h/templ"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/notify/texts"
)

// topic is what one live page shows: a campaign, or with none the list of them.
type topic struct {
	page     livePage
	campaign string
	round    string // of pictures; empty is the one that matters now
	lang     texts.Language
}

// livePage is which of a campaign's pages; the zero one is its board.
type livePage string

const picturesPage livePage = "pictures"

// every is how many looks of the poller go by between two of a topic: pictures count all
// units, and a mail that has left is not worth drawing them again.
func (t topic) every() int {
	if t.page == picturesPage {
		return 5
	}
	return 1
}

// sections are a page's parts at one moment. They are never changed once made.
type sections struct {
	title  string
	parts  []section
	digest string // of all parts
}

// section is a part, and what stands around it and stays.
type section struct{ id, html, digest, before, after string }

// component is all parts in a row.
func (s *sections) component() templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		for _, p := range s.parts {
			if _, err := io.WriteString(w, p.before+p.html+p.after); err != nil {
				return err
			}
		}
		return nil
	})
}

// live renders pages when facts change and hands the changed parts to everybody
// who watches. One poller serves all; it runs while somebody watches. Like the
// engine it is level-triggered: a listener is only told to look again, and works
// out by itself what it has not sent yet.
type live struct {
	app *App
	ctx context.Context //nolint:containedctx // of the poller, which starts and ends with its watchers
	end context.CancelFunc

	mu     sync.Mutex
	feeds  map[topic]*feed
	poller bool
}

// feed is a topic that is watched.
type feed struct {
	now       *sections
	listeners map[chan struct{}]bool
	seen      string // Changes when it was looked at
	wait      int    // looks of the poller before its next one
}

func newLive(a *App) *live {
	ctx, end := context.WithCancel(context.Background())
	return &live{app: a, ctx: ctx, end: end, feeds: map[topic]*feed{}}
}

func (l *live) stop() { l.end() }

// look renders a topic from the facts.
func (l *live) look(ctx context.Context, t topic) (*sections, error) {
	u := ui{lang: t.lang, base: l.app.base, assets: l.app.assets.path(l.app.base), mailbox: l.app.o.MailboxURL, temporal: l.app.o.TemporalURL, machine: l.app.o.Location}
	if t.campaign == "" {
		campaigns, err := l.app.o.Look.Campaigns(ctx)
		if err != nil {
			return nil, err
		}
		return render(ctx, "", []part{{id: "campaigns", component: campaignsSection(u, campaigns)}})
	}
	if t.page == picturesPage {
		p, err := l.app.o.Look.Pictures(ctx, t.campaign, t.round)
		if err != nil {
			return nil, err
		}
		return render(ctx, u.t("pictures.title"), pictureParts(u, p, t.round))
	}
	b, err := l.app.o.Look.Board(ctx, t.campaign)
	if err != nil {
		return nil, err
	}
	return render(ctx, u.text(b.Campaign.Title), boardParts(u, b))
}

// part is a section before it is rendered, and the markup around it.
type part struct {
	id            string
	component     templ.Component
	before, after string
}

func render(ctx context.Context, title string, parts []part) (*sections, error) {
	s := &sections{title: title}
	all := sha256.New()
	for _, p := range parts {
		var b bytes.Buffer
		if err := p.component.Render(ctx, &b); err != nil {
			return nil, fmt.Errorf("render %s: %w", p.id, err)
		}
		sum := sha256.Sum256(b.Bytes())
		all.Write(sum[:])
		s.parts = append(s.parts, section{p.id, b.String(), hex.EncodeToString(sum[:8]), p.before, p.after})
	}
	s.digest = hex.EncodeToString(all.Sum(nil)[:8])
	return s, nil
}

// watch adds a listener. What it is to send now is in the feed.
func (l *live) watch(t topic, now *sections) (changed chan struct{}, done func()) {
	changed = make(chan struct{}, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.feeds[t]
	if f == nil {
		f = &feed{now: now, listeners: map[chan struct{}]bool{}}
		l.feeds[t] = f
	}
	f.listeners[changed] = true
	if !l.poller {
		l.poller = true
		go l.poll()
	}
	return changed, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(f.listeners, changed)
		if len(f.listeners) == 0 {
			delete(l.feeds, t)
		}
	}
}

// current is what a topic that is watched shows now.
func (l *live) current(t topic) *sections {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.feeds[t]; f != nil {
		return f.now
	}
	return nil
}

// poll asks once a period, for all who watch, whether anything has changed. It
// ends with the last of them.
func (l *live) poll() {
	tick := time.NewTicker(l.app.o.Poll)
	defer tick.Stop()
	for {
		if !l.watched() {
			return
		}
		version, err := l.app.o.Look.Changes(l.ctx)
		if err == nil {
			err = l.refresh(l.stale(version), version)
		}
		if err != nil && l.ctx.Err() == nil {
			l.app.o.Log.WarnContext(l.ctx, "live pages cannot look", "error", err)
		}
		select {
		case <-l.ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// watched tells that somebody watches; nobody ends the poller.
func (l *live) watched() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.poller = len(l.feeds) > 0 && l.ctx.Err() == nil
	return l.poller
}

// stale are the topics that have not been looked at since something changed, and whose
// turn it is.
func (l *live) stale(version string) []topic {
	l.mu.Lock()
	defer l.mu.Unlock()
	var topics []topic
	for t, f := range l.feeds {
		if f.wait--; f.wait <= 0 && f.seen != version {
			f.wait = t.every()
			topics = append(topics, t)
		}
	}
	return topics
}

func (l *live) refresh(topics []topic, version string) error {
	var failed error
	for _, t := range topics {
		s, err := l.look(l.ctx, t)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		l.mu.Lock()
		if f := l.feeds[t]; f != nil {
			f.seen = version
			f.show(s)
		}
		l.mu.Unlock()
	}
	return failed
}

// show tells the listeners when there is something new.
func (f *feed) show(s *sections) {
	if f.now.digest == s.digest {
		return
	}
	f.now = s
	for changed := range f.listeners {
		select {
		case changed <- struct{}{}:
		default: // it is to look anyway
		}
	}
}

// heartbeat keeps proxies from closing a quiet connection.
const heartbeat = 20 * time.Second

// serveLive streams the parts that change, as htmx swaps them. A reader that
// comes back names the version it has seen.
func (a *App) serveLive(w http.ResponseWriter, r *http.Request) error {
	t := topic{campaign: r.PathValue("name"), lang: a.ui(r).lang}
	if strings.HasSuffix(r.Pattern, "/pictures/live") {
		t.page, t.round = picturesPage, r.URL.Query().Get("round")
	}
	may := func() error {
		verb := auth.SeeAll
		if t.campaign == "" {
			verb = auth.See
		}
		_, err := a.door.reader(r.Context(), verb, engine.Of{Campaign: t.campaign})
		return err
	}
	if err := may(); err != nil {
		return err
	}
	now, err := a.live.look(r.Context(), t)
	if err != nil {
		return err
	}
	changed, done := a.live.watch(t, now)
	defer done()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	out := stream{w: w, control: http.NewResponseController(w), sent: map[string]string{}}
	seen := r.Header.Get("Last-Event-ID")
	if seen == "" {
		seen = r.URL.Query().Get("seen")
	}
	if seen == now.digest {
		out.remember(now)
	}
	quiet := time.NewTicker(heartbeat)
	defer quiet.Stop()
	for {
		if err := out.send(now); err != nil {
			return nil // the reader is gone
		}
		select {
		case <-r.Context().Done():
			return nil
		case <-a.live.ctx.Done():
			return nil
		case <-quiet.C:
			if may() != nil {
				return nil // logged out meanwhile
			}
			if err := out.write(": still here\n\n"); err != nil {
				return nil
			}
		case <-changed:
			if s := a.live.current(t); s != nil {
				now = s
			}
		}
	}
}

// stream is one reader: what it has got, by part.
type stream struct {
	w       io.Writer
	control *http.ResponseController
	sent    map[string]string
}

func (s *stream) remember(all *sections) {
	for _, p := range all.parts {
		s.sent[p.id] = p.digest
	}
}

// send writes the parts that the reader does not have yet, as one event.
func (s *stream) send(all *sections) error {
	var b strings.Builder
	for _, p := range all.parts {
		if s.sent[p.id] != p.digest {
			fmt.Fprintf(&b, `<hx-partial hx-target="#%s" hx-swap="outerMorph">%s</hx-partial>`, p.id, p.html)
		}
	}
	if b.Len() == 0 {
		return s.write(": nothing new\n\n")
	}
	s.remember(all)
	return s.write("id: " + all.digest + "\ndata: " + strings.ReplaceAll(b.String(), "\n", "\ndata: ") + "\n\n")
}

func (s *stream) write(text string) error {
	_ = s.control.SetWriteDeadline(time.Now().Add(10 * time.Second)) // not every writer has deadlines
	if _, err := io.WriteString(s.w, text); err != nil {
		return err
	}
	return s.control.Flush()
}
