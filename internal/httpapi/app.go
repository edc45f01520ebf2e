// Package httpapi is the JSON API: what the command line does on a running
// installation, for programs and for people with a personal token. It decides
// nothing: the engine authorises each act, and readers are had through its guard.
package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/uuid"

	"thidua.dev/thidua/internal/access"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/evidence"
	"thidua.dev/thidua/internal/limit"
	"thidua.dev/thidua/internal/logs"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/verify"
)

// Prefix of every address of the API.
const Prefix = "/api/"

// Options of the API.
type Options struct {
	Engine *engine.Engine
	Look   *look.Reader
	Files  *evidence.Store // that come with reports
	Verify *verify.Verifier
	Log    *slog.Logger
}

// App serves the API. It is an http.Handler.
type App struct {
	engine *engine.Engine
	// read is all that the API reads by: nobody gets at the reader around the guard.
	read  engine.Guarded[*look.Reader]
	files engine.Guarded[*evidence.Store]
	// verifier reads everything there is.
	verifier engine.Guarded[*verify.Verifier]
	sent     *limit.Limiter // files, by token
	log      *slog.Logger
	mux      *http.ServeMux
	api      huma.API
}

// Bodies of requests, in bytes.
const (
	maxAct      = 64 << 10
	maxReport   = 1 << 20
	maxManifest = 16 << 20
	// bodyPatience is for a phone on a bad line, not for one that says nothing.
	bodyPatience = time.Minute
)

// New makes the API.
func New(o Options) *App {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	a := &App{
		engine: o.Engine, read: engine.Guard(o.Engine, o.Look), files: engine.Guard(o.Engine, o.Files),
		verifier: engine.Guard(o.Engine, o.Verify), sent: limit.New(filesOfOne), log: o.Log, mux: http.NewServeMux(),
	}
	config := huma.DefaultConfig("Thi đua", "v1")
	config.Info.Description = strings.TrimSpace(description)
	config.OpenAPIPath, config.SchemasPath = Prefix+"openapi", Prefix+"schemas"
	config.DocsPath = ""     // its pages load programs from elsewhere
	config.CreateHooks = nil // bodies carry facts, no addresses of their schemas
	config.Transformers = append(config.Transformers, typed)
	config.RejectUnknownQueryParameters = true
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "A personal token: thidua token create."},
	}
	a.api = humago.New(a.mux, config)
	a.api.UseMiddleware(a.authenticate)
	a.addReads()
	a.addProof()
	a.addActs()
	a.addMessages()
	a.addIntake()
	a.addFiles()
	a.addDeclare()
	a.addTokens()
	a.addAccounts()
	return a
}

const description = `
What the command line does on a running installation, for programs. Every call
carries a personal token; what it may do follows from its role and scope.

- An act carries an Idempotency-Key: repeated with the same one it changes nothing
  and answers what it answered first. Use a UUID; the audit shows it.
- If-Match holds an act to the generation of the campaign that was seen, its ETag.
- Errors are application/problem+json (RFC 9457); type ends in a stable code.
- A file is sent first, POST /files; reports then name it by its SHA-256.
- Decimals are strings, instants are RFC 3339. A date alone means 17:00 of that day
  in the campaign's time zone.
`

// OpenAPI is the document, as YAML.
func (a *App) OpenAPI() ([]byte, error) { return a.api.OpenAPI().YAML() }

func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if handler, pattern := a.mux.Handler(r); pattern == "" {
		unrouted(handler, w, r)
		return
	}
	a.mux.ServeHTTP(w, r)
}

type actorKey struct{}

// authenticate finds out who asks before anything of the request is read. Cookies
// count for nothing here, so no page of others can act through a browser.
func (a *App) authenticate(ctx huma.Context, next func(huma.Context)) {
	scheme, secret, _ := strings.Cut(ctx.Header("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		ctx.SetHeader("WWW-Authenticate", `Bearer realm="thidua"`)
		a.write(ctx, a.problem(ctx.Context(), &engine.Unauthenticated{
			Code: "TokenMissing", Text: "who asks? send Authorization: Bearer TOKEN; the operator makes one with thidua token create",
		}))
		return
	}
	actor, err := a.engine.Authenticate(ctx.Context(), strings.TrimSpace(secret))
	if err != nil {
		ctx.SetHeader("WWW-Authenticate", `Bearer realm="thidua", error="invalid_token"`)
		a.write(ctx, a.problem(ctx.Context(), err))
		return
	}
	access.By(ctx.Context(), actor)
	known := context.WithValue(ctx.Context(), actorKey{}, actor)
	next(huma.WithContext(ctx, logs.Campaign(known, ctx.Param("campaign"), "")))
}

// actorOf a request that was authenticated; nobody when it was not.
func actorOf(ctx context.Context) auth.Actor {
	actor, _ := ctx.Value(actorKey{}).(auth.Actor)
	return actor
}

// reader is had by who may read what they ask for.
func (a *App) reader(ctx context.Context, verb auth.Verb, of engine.Of) (*look.Reader, error) {
	return a.read.For(ctx, actorOf(ctx), verb, of)
}

// Past is a question about what was known at an instant of the past.
type Past struct {
	AsOf time.Time `query:"asOf" doc:"What was known then, by recorded time." example:"2021-10-18T17:00:00+07:00"`
}

// readerThen is reader, at the instant that was asked about.
func (a *App) readerThen(ctx context.Context, p Past, verb auth.Verb, of engine.Of) (*look.Reader, error) {
	r, err := a.reader(ctx, verb, of)
	if err != nil || p.AsOf.IsZero() {
		return r, err
	}
	return r.AsOf(p.AsOf), nil
}

// Act is what the headers of every act may carry.
type Act struct {
	Key string `header:"Idempotency-Key" maxLength:"255" doc:"Repeating an act with the same key changes nothing and answers what it answered first. A UUID stands in the audit as it is."`
}

// Seen is Act for what is done to a campaign.
type Seen struct {
	Act
	Match string `header:"If-Match" maxLength:"40" pattern:"^(\\*|\"[1-9][0-9]*\")?$" doc:"The campaign's ETag as it was seen; when the campaign has changed since, the act is a 409." example:"\"7\""`
}

// act is the engine's form of a request's headers.
func (h Act) act(ctx context.Context, reason string) engine.Act {
	actor := actorOf(ctx)
	act := engine.By(actor, strings.TrimSpace(reason))
	if h.Key == "" {
		return act
	}
	id, err := uuid.Parse(h.Key)
	if err != nil {
		// Keys of one token don't meet those of another.
		id = uuid.NewSHA1(keys, []byte(actor.String()+"\n"+h.Key))
	}
	act.RequestID = id
	return act
}

func (h Seen) act(ctx context.Context, reason string) engine.Act {
	act := h.Act.act(ctx, reason)
	act.Generation = generationOf(h.Match)
	return act
}

// keys is the name space of idempotency keys that are no UUID.
var keys = uuid.MustParse("b1ab2f6e-5a3c-4a38-9f6e-0f6f4c2f8f6d")
