// Package pages shows campaigns to people: server-rendered pages that keep
// themselves up to date, and the one-file report of a rehearsal. A unit that comes by
// the link of a message sees its own page and sends its report there; nothing else
// here changes a fact.
package pages

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/alexedwards/scs/v2"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/evidence"
	"thidua.dev/thidua/internal/logs"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/notify/texts"
	"thidua.dev/thidua/internal/store"
)

//go:generate templ generate

// Options of the pages.
type Options struct {
	Look *look.Reader
	Log  *slog.Logger
	// Location writes the machine's own times, such as those of attempts to send;
	// nil is the campaign's zone.
	Location *time.Location
	// BaseURL is where the pages are reached from outside, for proxies with a path
	// before them; empty means the root.
	BaseURL string
	// MailboxURL is the demo's test mailbox, TemporalURL the procedures' own pages;
	// empty ones are not linked.
	MailboxURL, TemporalURL string
	// Engine says who may see what, and takes what units send. Sessions keeps who has
	// logged in or come by a link.
	Engine   *engine.Engine
	Sessions scs.Store
	// Guest is as whom people read who have not logged in: a demo's visitors. The zero
	// Actor lets nobody read.
	Guest auth.Actor
	// Files are those that come with reports.
	Files *evidence.Store
	// SignOn lets people in whom their organisation knows; it leads back to BaseURL.
	SignOn SignOn
	// Rehearse runs a campaign through that is being drawn up; nil where there is nothing
	// to do it on.
	Rehearse Rehearse
	// NoMail tells that nothing is sent: there is no mail server. NoLinks tells that mails
	// carry no links: nobody has said where the pages are reached.
	NoMail, NoLinks bool
	// Poll is how often the facts are looked at while somebody watches; 0 is 1 s.
	Poll time.Duration
}

// App serves the pages. It is an http.Handler; Stop ends its live connections.
type App struct {
	o          Options
	base       string // path before every page
	assets     *assets
	live       *live
	mux        *http.ServeMux
	door       *door
	routes     []string
	rehearsals *rehearsals
}

// New makes the pages.
func New(o Options) *App {
	if o.Poll <= 0 {
		o.Poll = time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	a := &App{o: o, mux: http.NewServeMux(), assets: newAssets(), rehearsals: newRehearsals()}
	if u, err := url.Parse(o.BaseURL); err == nil {
		a.base = strings.TrimRight(u.Path, "/")
	}
	a.live = newLive(a)
	var around func(http.Handler) http.Handler
	a.door, around = newDoor(o, a.base, a.fail)
	for pattern, serve := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /{$}":                           a.serveCampaigns,
		"GET /live":                          a.serveLive,
		"GET /campaigns/{name}":              a.serveCampaign,
		"GET /campaigns/{name}/live":         a.serveLive,
		"GET /campaigns/{name}/units":        a.serveUnits,
		"GET /campaigns/{name}/units/{code}": a.serveWhy,
		"GET /campaigns/{name}/ranking":      a.serveRanking,
		"GET /campaigns/{name}/letters/{id}": a.serveLetter,
	} {
		a.handle(pattern, serve, around)
	}
	a.addLogin(around)
	a.addUnits(around)
	a.addSteer(around)
	a.addPictures(around)
	a.addProposals(around)
	a.addMessages(around)
	a.addPeople(around)
	// Open to everybody.
	a.handle("GET /roots", a.serveRoots, around)
	a.handle("/", func(http.ResponseWriter, *http.Request) error { return &look.NotFound{Kind: "page"} }, around)
	a.handle("GET "+assetsPath+"{digest}/{file}", a.assets.serve, func(h http.Handler) http.Handler { return h })
	return a
}

// handle serves a pattern, inside of what around puts about it.
func (a *App) handle(pattern string, serve func(http.ResponseWriter, *http.Request) error, around func(http.Handler) http.Handler) {
	a.routes = append(a.routes, pattern)
	a.mux.Handle(pattern, around(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(logs.Campaign(r.Context(), cmp.Or(r.PathValue("campaign"), r.PathValue("name")), r.PathValue("round")))
		if err := serve(w, r); err != nil {
			a.fail(w, r, err)
		}
	})))
}

// Routes are the patterns that are served.
func (a *App) Routes() []string { return slices.Sorted(slices.Values(a.routes)) }

// Stop ends the live connections, which otherwise keep a server from shutting down, and
// rehearsals.
func (a *App) Stop() {
	a.live.stop()
	a.rehearsals.stop()
}

// contentPolicy allows our own files and nothing else: no inline script or style.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if a.base != "" {
		http.StripPrefix(a.base, http.HandlerFunc(func(w http.ResponseWriter, inner *http.Request) {
			defer func() { r.Pattern = inner.Pattern }() // for who wants to know the route
			a.mux.ServeHTTP(w, inner)
		})).ServeHTTP(w, r)
		return
	}
	a.mux.ServeHTTP(w, r)
}

func (a *App) ui(r *http.Request) ui {
	u := ui{lang: texts.VI, base: a.base, path: r.URL.Path, query: r.URL.Query(), assets: a.assets.path(a.base), mailbox: a.o.MailboxURL, temporal: a.o.TemporalURL, machine: a.o.Location}
	u.who, u.login = a.door.name(r.Context()), true
	u.steers = a.door.steers(r.Context())
	if a.door.role(r.Context()) != auth.Operator {
		u.temporal = "" // the operator's own tool
	}
	if u.byLink = a.door.byLink(r.Context()); u.byLink {
		u.mailbox, u.temporal, u.login = "", "", false // a unit's page is about the unit
	}
	if r.URL.Query().Get("lang") == "en" {
		u.lang = texts.EN
	}
	return u
}

// serveCampaigns is where everybody begins: units at their own page, who is bound to a
// campaign at that.
func (a *App) serveCampaigns(w http.ResponseWriter, r *http.Request) error {
	u := a.ui(r)
	actor, err := a.door.visitor(r.Context())
	if err != nil {
		return err
	}
	switch {
	case actor.Role == auth.FocalPoint || actor.Role == auth.Leader:
		onward(w, r, u.href("/unit"))
		return nil
	case actor.Campaign != "":
		onward(w, r, u.href(u.campaign(actor.Campaign)))
		return nil
	}
	if _, err := a.door.reader(r.Context(), auth.See, engine.Of{}); err != nil {
		return err
	}
	t := topic{lang: u.lang}
	s, err := a.live.look(r.Context(), t)
	if err != nil {
		return err
	}
	return write(w, r, http.StatusOK, layout(u, u.t("campaigns.title"), u.live(t, s), s.component()))
}

func (a *App) serveCampaign(w http.ResponseWriter, r *http.Request) error {
	u := a.ui(r)
	if _, err := a.campaignReader(r); err != nil {
		return err
	}
	t := topic{campaign: r.PathValue("name"), lang: u.lang}
	s, err := a.live.look(r.Context(), t)
	if err != nil {
		return err
	}
	return write(w, r, http.StatusOK, layout(u, s.title, u.live(t, s), s.component()))
}

// campaignReader reads everything about the campaign of an address.
func (a *App) campaignReader(r *http.Request) (*look.Reader, error) {
	return a.door.reader(r.Context(), auth.SeeAll, engine.Of{Campaign: r.PathValue("name")})
}

func (a *App) serveUnits(w http.ResponseWriter, r *http.Request) error {
	u, query := a.ui(r), r.URL.Query().Get("q")
	reader, err := a.campaignReader(r)
	if err != nil {
		return err
	}
	c, err := reader.Campaign(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	const shown = 100
	units, total, err := reader.Units(r.Context(), c.Name, query, shown)
	if err != nil {
		return err
	}
	return write(w, r, http.StatusOK, layout(u, u.t("units.title"), "", unitsPage(u, c, query, units, total)))
}

func (a *App) serveWhy(w http.ResponseWriter, r *http.Request) error {
	u := a.ui(r)
	reader, err := a.door.reader(r.Context(), auth.SeeUnit, engine.Of{Campaign: r.PathValue("name"), Unit: r.PathValue("code")})
	if err != nil {
		return err
	}
	why, err := reader.Why(r.Context(), r.PathValue("name"), r.PathValue("code"))
	if err != nil {
		return err
	}
	return write(w, r, http.StatusOK, layout(u, why.Unit.Name, "", whyPage(u, why)))
}

// serveRoots shows the public what each day's acts are held to.
func (a *App) serveRoots(w http.ResponseWriter, r *http.Request) error {
	u := a.ui(r)
	roots, err := a.o.Look.Roots(r.Context())
	if err != nil {
		return err
	}
	return write(w, r, http.StatusOK, layout(u, u.t("roots.title"), "", rootsPage(u, roots)))
}

func (a *App) serveRanking(w http.ResponseWriter, r *http.Request) error {
	u, review := a.ui(r), r.URL.Query().Get("review")
	reader, err := a.door.reader(r.Context(), auth.SeeAll, engine.Of{Campaign: r.PathValue("name"), Ranking: true, Review: review})
	if err != nil {
		return err
	}
	c, err := reader.Campaign(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	k, err := reader.Ranking(r.Context(), c.Name, review)
	if err != nil {
		return err
	}
	return write(w, r, http.StatusOK, layout(u, u.t("ranking.title"), "", rankingPage(u, c, k)))
}

// serveLetter shows a draft as it would be printed. Its page carries its own
// style, which the policy allows by its digest.
func (a *App) serveLetter(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return &look.NotFound{Kind: "letter", Name: r.PathValue("id")}
	}
	reader, err := a.campaignReader(r)
	if err != nil {
		return err
	}
	l, err := reader.Letter(r.Context(), r.PathValue("name"), id)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := l.Document.Write(&b); err != nil {
		return err
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src "+styleDigests(b.String())+"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	return respond(w, r, http.StatusOK, b.Bytes())
}

// styleDigests names the page's own style blocks to the browser.
func styleDigests(page string) string {
	var digests []string
	for {
		_, rest, found := strings.Cut(page, "<style>")
		style, after, closed := strings.Cut(rest, "</style>")
		if !found || !closed {
			break
		}
		sum := sha256.Sum256([]byte(style))
		digests = append(digests, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
		page = after
	}
	if len(digests) == 0 {
		return "'none'"
	}
	return strings.Join(digests, " ")
}

// fail answers an error in the reader's language: what is wrong and where to go on.
func (a *App) fail(w http.ResponseWriter, r *http.Request, err error) {
	u := a.ui(r)
	if code := stranger(err); r.Method == http.MethodGet && w.Header().Get("Content-Type") == "" {
		switch code {
		case noSession.Code, engine.SessionEnded:
			onward(w, r, u.href("/login", "next", r.URL.RequestURI()))
			return
		case engine.CodeOwed:
			onward(w, r, u.href("/login/code", "next", r.URL.RequestURI()))
			return
		case engine.FactorOwed:
			onward(w, r, u.href("/account/factor", "next", r.URL.RequestURI()))
			return
		}
	}
	var away *errSignOnAway
	var often *tooMany
	var missing *look.NotFound
	var unknown *engine.NotFound
	var refused *engine.Refused
	var conflict *engine.Conflict
	if errors.As(err, &unknown) {
		err = &look.NotFound{Kind: unknown.Kind, Name: unknown.Name, Similar: unknown.Known}
	}
	status, page := http.StatusInternalServerError, errorPage(u, u.t("error.internal"), u.t("error.internal.what"), nil)
	switch {
	case errors.As(err, &missing):
		status = http.StatusNotFound
		page = errorPage(u, u.missing(missing), u.t("error.missing.what"), u.similar(r.PathValue("name"), missing))
	case errors.Is(err, context.Canceled):
		return // nobody is listening any more
	case errors.As(err, &away):
		status, page = http.StatusBadGateway, errorPage(u, u.t("login.signon.away"), u.t("login.signon.away.what"), nil)
		a.o.Log.WarnContext(r.Context(), "single sign-on failed", "error", err)
	case errors.As(err, &often):
		often.retryAfter(w)
		status, page = http.StatusTooManyRequests, errorPage(u, u.t("unit.stranger"), u.t(often.text), nil)
	case stranger(err) != "":
		status, page = http.StatusForbidden, errorPage(u, u.t("unit.stranger"), u.t("unit.stranger."+stranger(err)), nil)
	case errors.As(err, &refused): // before a form could be shown again: what came was broken
		status, page = http.StatusUnprocessableEntity, errorPage(u, u.t("unit.stranger"), u.refused(refused.Code, refused.Text), nil)
	case errors.As(err, &conflict):
		status, page = http.StatusConflict, errorPage(u, u.t("unit.stranger"), u.t("refused.Conflict"), nil)
	case store.Unstorable(err): // such as a zero byte in an address
		status, page = http.StatusNotFound, errorPage(u, u.missing(&look.NotFound{Kind: "page"}), u.t("error.missing.what"), nil)
	case store.Away(err):
		w.Header().Set("Retry-After", "5")
		status, page = http.StatusServiceUnavailable, errorPage(u, u.t("error.away"), u.t("error.away.what"), nil)
		a.o.Log.WarnContext(r.Context(), "the database is away", "error", err)
	default:
		// The pattern, not the path: a link's path is a secret.
		a.o.Log.ErrorContext(r.Context(), "page failed", "route", r.Pattern, "error", err)
	}
	if err := write(w, r, status, layout(u, u.t("error.title"), "", page)); err != nil {
		a.o.Log.ErrorContext(r.Context(), "error page failed", "route", r.Pattern, "error", err)
	}
}

// write renders a page whole before its first byte goes out, so that a failure
// is an error page and not half a page.
func write(w http.ResponseWriter, r *http.Request, status int, page templ.Component) error {
	var b bytes.Buffer
	if err := page.Render(r.Context(), &b); err != nil {
		return fmt.Errorf("render: %w", err)
	}
	return respond(w, r, status, b.Bytes())
}

func respond(w http.ResponseWriter, r *http.Request, status int, page []byte) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Vary", "Accept-Encoding")
	if acceptsGzip(r) {
		w.Header().Set("Content-Encoding", "gzip")
		page = gzipped(page)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(page)))
	w.WriteHeader(status)
	_, _ = w.Write(page) // a reader who is gone is no error of ours
	return nil
}
