package pages

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"thidua.dev/thidua/internal/engine"
)

// SignOn is an organisation's single sign-on (OpenID Connect). The zero value is none.
type SignOn struct {
	Issuer       string // its address, as its tokens say it
	ClientID     string
	ClientSecret string
	Name         string // what people call it
}

// signOnPatience bounds each call to the organisation's server.
const signOnPatience = 10 * time.Second

// signOnKey is where a session keeps what the way back is held to.
const signOnKey = "signon"

// signOn finds the organisation's server when somebody first asks for it: it may be away
// while we start.
type signOn struct {
	SignOn
	back   string // our own address that it leads back to
	client *http.Client

	mu       sync.Mutex
	provider *oidc.Provider
}

// errSignOnAway is a server that does not answer, or not as one.
type errSignOnAway struct{ cause error }

func (e *errSignOnAway) Error() string { return fmt.Sprintf("single sign-on: %v", e.cause) }
func (e *errSignOnAway) Unwrap() error { return e.cause }

func newSignOn(o SignOn, base string) *signOn {
	if o.Issuer == "" {
		return nil
	}
	return &signOn{SignOn: o, back: strings.TrimRight(base, "/") + "/login/sign-on/back", client: &http.Client{Timeout: signOnPatience}}
}

func (s *signOn) config(ctx context.Context) (*oauth2.Config, *oidc.Provider, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.provider == nil {
		// Its keys are fetched again later, when this request is long over.
		p, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), s.client), s.Issuer)
		if err != nil {
			return nil, nil, &errSignOnAway{err}
		}
		s.provider = p
	}
	return &oauth2.Config{
		ClientID: s.ClientID, ClientSecret: s.ClientSecret, Endpoint: s.provider.Endpoint(), RedirectURL: s.back,
		Scopes: []string{oidc.ScopeOpenID, "email"},
	}, s.provider, nil
}

// way is what the way back is held to: that it is the way of this session, and that the
// token was made for it.
type way struct{ State, Nonce, Verifier, Next string }

func (w way) values() string {
	return url.Values{"state": {w.State}, "nonce": {w.Nonce}, "verifier": {w.Verifier}, "next": {w.Next}}.Encode()
}

func wayOf(text string) (w way, ok bool) {
	v, err := url.ParseQuery(text)
	w = way{v.Get("state"), v.Get("nonce"), v.Get("verifier"), v.Get("next")}
	return w, err == nil && w.State != "" && w.Nonce != ""
}

func random() string {
	var b [24]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// leaveForSignOn sends somebody to their organisation's server.
func (a *App) leaveForSignOn(w http.ResponseWriter, r *http.Request) error {
	config, _, err := a.door.signOn.config(r.Context())
	if err != nil {
		return err
	}
	to := way{random(), random(), oauth2.GenerateVerifier(), next(r.URL.Query())}
	a.door.sessions.Put(r.Context(), signOnKey, to.values())
	address := config.AuthCodeURL(to.State, oidc.Nonce(to.Nonce), oauth2.S256ChallengeOption(to.Verifier))
	http.Redirect(w, r, address, http.StatusSeeOther)
	return nil
}

// backFromSignOn opens a session for whom the organisation's server has sent back.
func (a *App) backFromSignOn(w http.ResponseWriter, r *http.Request) error {
	on, query := a.door.signOn, r.URL.Query()
	from, ok := wayOf(a.door.sessions.PopString(r.Context(), signOnKey))
	if !ok || subtle.ConstantTimeCompare([]byte(from.State), []byte(query.Get("state"))) != 1 {
		return &engine.Unauthenticated{Code: "SignOnStale", Text: "this way back was not begun here, or took too long"}
	}
	if query.Get("error") != "" {
		return &engine.Unauthenticated{Code: "SignOnRefused", Text: "the single sign-on says: " + query.Get("error")}
	}
	config, provider, err := on.config(r.Context())
	if err != nil {
		return err
	}
	ctx := oidc.ClientContext(r.Context(), on.client)
	token, err := config.Exchange(ctx, query.Get("code"), oauth2.VerifierOption(from.Verifier))
	if err != nil {
		return &errSignOnAway{err}
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: on.ClientID}).Verify(ctx, raw)
	if err != nil {
		return &errSignOnAway{err}
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(from.Nonce)) != 1 {
		return &engine.Unauthenticated{Code: "SignOnStale", Text: "the token was made for another way"}
	}
	var claims struct {
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"` //nolint:tagliatelle // as OpenID Connect spells it
	}
	if err := id.Claims(&claims); err != nil {
		return &errSignOnAway{err}
	}
	if claims.Email == "" { // some servers tell it only when they are asked
		info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
		if err != nil {
			return &errSignOnAway{err}
		}
		if info.Subject == id.Subject {
			claims.Email, claims.Verified = info.Email, info.EmailVerified
		}
	}
	s, err := a.door.engine.SignOn(ctx, engine.SignOnClaims{Issuer: id.Issuer, Subject: id.Subject, Email: claims.Email, Verified: claims.Verified})
	if err != nil {
		return err
	}
	return a.comeIn(w, r, s, from.Next)
}
