package pages

import (
	"context"
	"encoding/gob"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"thidua.dev/thidua/internal/access"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/evidence"
	"thidua.dev/thidua/internal/limit"
	"thidua.dev/thidua/internal/look"
)

const (
	// sessionLife is a working day; a login or the link opens another one.
	sessionLife = 12 * time.Hour
	// sessionIdle is a long lunch: a desk that was left is not left open.
	sessionIdle = 2 * time.Hour
	// linkKey is where a session keeps what its link said; the link itself is a
	// secret, and is kept nowhere. loginKey is where it keeps what a login showed.
	linkKey  = "link"
	loginKey = "login"
	// nameKey is where it keeps what to call them.
	nameKey = "name"
	// roleKey is where it keeps as whom they act.
	roleKey = "role"
	// seedKey is where a second factor waits to be shown to work.
	seedKey = "seed"
)

// door lets people in: by a login, by the link of a message, as a guest where the
// installation has one. All that is read is read through the guard.
type door struct {
	engine   *engine.Engine
	read     engine.Guarded[*look.Reader]
	files    engine.Guarded[*evidence.Store]
	sessions *scs.SessionManager
	guest    auth.Actor
	signOn   *signOn // nil without one
	tries    *limit.Limiter
	// Forms with files, by who sends them and from where.
	filesOfOne, filesFrom *limit.Limiter
	// proxied tells that a proxy stands before us and says who comes.
	proxied bool
}

func newDoor(o Options, base string, fail func(http.ResponseWriter, *http.Request, error)) (*door, func(http.Handler) http.Handler) {
	gob.Register(auth.Link{})
	gob.Register(engine.Session{})
	m := scs.New()
	m.Store, m.Lifetime, m.IdleTimeout, m.HashTokenInStore = o.Sessions, sessionLife, sessionIdle, true
	m.Cookie.Name, m.Cookie.Path, m.Cookie.SameSite = "thidua", base+"/", http.SameSiteLaxMode
	m.Cookie.Secure = strings.HasPrefix(o.BaseURL, "https:")
	m.ErrorFunc = fail
	d := &door{
		engine: o.Engine, read: engine.Guard(o.Engine, o.Look), files: engine.Guard(o.Engine, o.Files), sessions: m, guest: o.Guest, signOn: newSignOn(o.SignOn, o.BaseURL),
		tries: limit.New(triesOfSecrets), filesOfOne: limit.New(filesOfOne), filesFrom: limit.New(filesFrom), proxied: m.Cookie.Secure,
	}
	// Nobody else's page may send a form with our cookie, or exchange their link for it.
	ours := http.NewCrossOriginProtection()
	if u, err := url.Parse(o.BaseURL); err == nil && u.Host != "" {
		_ = ours.AddTrustedOrigin(u.Scheme + "://" + u.Host) // it has both, so it is one
	}
	ours.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fail(w, r, &engine.Unauthenticated{Code: "CrossOrigin"})
	}))
	return d, func(h http.Handler) http.Handler { return ours.Handler(m.LoadAndSave(inSession(h))) }
}

type inSessionKey struct{}

// inSession marks requests whose session can be asked.
func inSession(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), inSessionKey{}, true)))
	})
}

// steers tells that whoever comes steers campaigns, as far as their session says; the
// engine decides act by act.
func (d *door) steers(ctx context.Context) bool {
	role := d.role(ctx)
	return role == auth.Office || role == auth.Operator
}

// role in which somebody comes, as far as their session says.
func (d *door) role(ctx context.Context) auth.Role {
	switch {
	case ctx.Value(inSessionKey{}) == nil:
		return ""
	case !d.sessions.Exists(ctx, loginKey) && !d.sessions.Exists(ctx, linkKey):
		return d.guest.Role
	}
	return auth.Role(d.sessions.GetString(ctx, roleKey))
}

// byLink tells that somebody has come by a unit's link.
func (d *door) byLink(ctx context.Context) bool {
	return ctx.Value(inSessionKey{}) != nil && d.sessions.Exists(ctx, linkKey)
}

// name of who has logged in; empty for everybody else, and where no session is asked.
func (d *door) name(ctx context.Context) string {
	if ctx.Value(inSessionKey{}) == nil {
		return ""
	}
	return d.sessions.GetString(ctx, nameKey)
}

// noSession is somebody who has not come in.
var noSession = &engine.Unauthenticated{Code: "NoSession", Text: "log in, or open the link of the newest message"}

// visit is somebody who has logged in.
func (d *door) visit(ctx context.Context) (engine.Visit, error) {
	s, ok := d.sessions.Get(ctx, loginKey).(engine.Session)
	if !ok {
		return engine.Visit{}, noSession
	}
	return d.engine.Enter(ctx, s)
}

// visitor is who comes: who has logged in, or else whose link it is, or else a guest.
func (d *door) visitor(ctx context.Context) (actor auth.Actor, err error) {
	defer func() { access.By(ctx, actor) }()
	if d.sessions.Exists(ctx, loginKey) {
		v, err := d.visit(ctx)
		return v.Actor, err
	}
	if l, ok := d.sessions.Get(ctx, linkKey).(auth.Link); ok {
		return d.engine.Holder(ctx, l)
	}
	if d.guest.Role != "" {
		return d.guest, nil
	}
	return auth.Actor{}, noSession
}

// reader is had by who comes, for what they may read.
func (d *door) reader(ctx context.Context, verb auth.Verb, of engine.Of) (*look.Reader, error) {
	actor, err := d.visitor(ctx)
	if err != nil {
		return nil, err
	}
	return d.read.For(ctx, actor, verb, of)
}

// open begins a session: with a new number for the cookie, since what somebody has put
// there before is worth nothing.
func (d *door) open(ctx context.Context, key string, value any) error {
	if err := d.sessions.RenewToken(ctx); err != nil {
		return err
	}
	for _, k := range d.sessions.Keys(ctx) {
		d.sessions.Remove(ctx, k)
	}
	d.sessions.Put(ctx, key, value)
	return nil
}

// address is where a request comes from: the last that a proxy of ours has added.
func (d *door) address(r *http.Request) string {
	if forwarded := r.Header.Values("X-Forwarded-For"); d.proxied && len(forwarded) > 0 {
		all := strings.Split(forwarded[len(forwarded)-1], ",")
		return strings.TrimSpace(all[len(all)-1])
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// How often: many offices share an address, and behind it a proxy of theirs.
var (
	// triesOfSecrets from one address.
	triesOfSecrets = limit.Rate{AtOnce: 20, Every: 3 * time.Second}
	// filesOfOne are forms with files that one person, or one unit by its link, sends. A
	// draft takes its files along while somebody types.
	filesOfOne = limit.Rate{AtOnce: 60, Every: 5 * time.Second}
	// filesFrom one address.
	filesFrom = limit.Rate{AtOnce: 600, Every: time.Second}
)

// tooMany is more than one place or one person does in earnest.
type tooMany struct {
	text  string // of the catalogue
	after time.Duration
}

func (e *tooMany) Error() string { return "too many requests" }

// retryAfter tells programs when to come again.
func (e *tooMany) retryAfter(w http.ResponseWriter) {
	w.Header().Set("Retry-After", strconv.Itoa(int(e.after.Seconds())))
}

var (
	errTooMany      = &tooMany{"login.wrong.TooMany", time.Minute}
	errTooManyFiles = &tooMany{"refused.TooManyFiles", 2 * filesOfOne.Every}
)

// try counts a try of a secret.
func (d *door) try(r *http.Request) error {
	if !d.tries.Allow(d.address(r), time.Now()) {
		return errTooMany
	}
	return nil
}

// sends counts a form with files, before they are read.
func (d *door) sends(r *http.Request, actor auth.Actor) error {
	now := time.Now()
	if !d.filesOfOne.Allow(actor.String(), now) || !d.filesFrom.Allow(d.address(r), now) {
		return errTooManyFiles
	}
	return nil
}
