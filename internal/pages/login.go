package pages

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"thidua.dev/thidua/internal/engine"
)

// maxLogin is what a form of a login may hold.
const maxLogin = 8 << 10

func (a *App) addLogin(around func(http.Handler) http.Handler) {
	for pattern, serve := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /login":               a.serveLogin,
		"POST /login":              a.login,
		"GET /login/code":          a.serveCode,
		"POST /login/code":         a.loginCode,
		"POST /logout":             a.logout,
		"GET /invite/{secret}":     a.serveInvitation,
		"POST /invite/{secret}":    a.accept,
		"GET /account":             a.serveAccount,
		"POST /account/role":       a.chooseRole,
		"POST /account/password":   a.changePassword,
		"POST /account/delegate":   a.delegate,
		"POST /account/undelegate": a.undelegate,
		"POST /account/everywhere": a.signOutEverywhere,
		"GET /account/factor":      a.serveFactor,
		"GET /account/factor.png":  a.serveFactorPicture,
		"POST /account/factor":     a.setUpFactor,
	} {
		a.handle(pattern, serve, around)
	}
	if a.door.signOn != nil {
		a.handle("GET /login/sign-on", a.leaveForSignOn, around)
		a.handle("GET /login/sign-on/back", a.backFromSignOn, around)
	}
}

// loginForm is a login as it is typed in, and what is wrong with it.
type loginForm struct {
	login, next, problem string
	signOn               string // the organisation's own login; empty without one
}

// next is one of our own pages to go on to: never another site's.
func next(values url.Values) string {
	path := values.Get("next")
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n") {
		return "/"
	}
	return path
}

// smallForm is a form of a few lines, without files.
func (a *App) smallForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxLogin)
	if err := r.ParseMultipartForm(maxLogin); err != nil && !errors.Is(err, http.ErrNotMultipart) { //nolint:gosec // bounded above
		return nil, &engine.Refused{Code: "unreadable"}
	}
	return r.PostForm, nil
}

func (a *App) serveLogin(w http.ResponseWriter, r *http.Request) error {
	u := a.ui(r)
	return write(w, r, http.StatusOK, layout(u, u.t("login.title"), "", loginPage(u, loginForm{next: next(r.URL.Query()), signOn: a.signOnName()})))
}

func (a *App) login(w http.ResponseWriter, r *http.Request) error {
	u := a.ui(r)
	values, err := a.smallForm(w, r)
	if err != nil {
		return err
	}
	f := loginForm{login: values.Get("login"), next: next(values), signOn: a.signOnName()}
	s, err := engine.Session{}, a.door.try(r)
	if err == nil {
		s, err = a.door.engine.Login(r.Context(), f.login, values.Get("password"))
	}
	if f.problem, err = u.loginProblem(err); err != nil {
		return err
	}
	if f.problem != "" {
		return write(w, r, http.StatusUnprocessableEntity, layout(u, u.t("login.title"), "", loginPage(u, f)))
	}
	return a.comeIn(w, r, s, f.next)
}

// signOnName is what people call the organisation's own login; empty without one.
func (a *App) signOnName() string {
	if a.door.signOn == nil {
		return ""
	}
	return cmp.Or(a.door.signOn.Name, a.door.signOn.Issuer)
}

// loginProblem is what a person is told about a login that failed; other errors stay.
func (u ui) loginProblem(err error) (string, error) {
	var stranger *engine.Unauthenticated
	var refused *engine.Refused
	switch {
	case errors.Is(err, errTooMany):
		return u.t("login.wrong.TooMany"), nil
	case errors.As(err, &stranger):
		return u.t("login.wrong." + stranger.Code), nil
	case errors.As(err, &refused) && refused.Code != "Forbidden":
		if key := "login.wrong." + refused.Code; u.t(key) != key {
			return u.t(key), nil
		}
		return refused.Text, nil
	}
	return "", err
}

// comeIn opens a session, and asks for what it still owes.
func (a *App) comeIn(w http.ResponseWriter, r *http.Request, s engine.Session, to string) error {
	if err := a.door.open(r.Context(), loginKey, s); err != nil {
		return err
	}
	u := a.ui(r)
	v, err := a.door.engine.Enter(r.Context(), s)
	a.door.sessions.Put(r.Context(), nameKey, v.Account.Name)
	a.door.sessions.Put(r.Context(), roleKey, string(v.Role.Role))
	switch stranger(err) {
	case engine.CodeOwed:
		onward(w, r, u.href("/login/code", "next", to))
	case engine.FactorOwed:
		onward(w, r, u.href("/account/factor", "next", to))
	default:
		onward(w, r, u.base+to)
	}
	return nil
}

// session of somebody who has given a password, whatever it still owes.
func (a *App) session(r *http.Request) (engine.Session, error) {
	s, ok := a.door.sessions.Get(r.Context(), loginKey).(engine.Session)
	if !ok {
		return s, noSession
	}
	return s, nil
}

func (a *App) serveCode(w http.ResponseWriter, r *http.Request) error {
	if _, err := a.session(r); err != nil {
		return err
	}
	u := a.ui(r)
	return write(w, r, http.StatusOK, layout(u, u.t("login.code"), "", codePage(u, loginForm{next: next(r.URL.Query())})))
}

func (a *App) loginCode(w http.ResponseWriter, r *http.Request) error {
	u := a.ui(r)
	values, err := a.smallForm(w, r)
	if err != nil {
		return err
	}
	s, err := a.session(r)
	if err != nil {
		return err
	}
	f := loginForm{next: next(values)}
	if err = a.door.try(r); err == nil {
		s, err = a.door.engine.LoginCode(r.Context(), s, values.Get("code"))
	}
	if stranger(err) == engine.SessionEnded {
		return err
	}
	if f.problem, err = u.loginProblem(err); err != nil {
		return err
	}
	if f.problem != "" {
		return write(w, r, http.StatusUnprocessableEntity, layout(u, u.t("login.code"), "", codePage(u, f)))
	}
	return a.comeIn(w, r, s, f.next)
}

func (a *App) logout(w http.ResponseWriter, r *http.Request) error {
	if err := a.door.sessions.Destroy(r.Context()); err != nil {
		return err
	}
	onward(w, r, a.ui(r).href("/login"))
	return nil
}

// invitation is a page on which somebody sets a password.
type invitation struct{ login, name, problem string }

func (a *App) serveInvitation(w http.ResponseWriter, r *http.Request) error {
	u := a.ui(r)
	login, name, err := a.door.engine.Invited(r.Context(), r.PathValue("secret"))
	if err != nil {
		return err
	}
	return write(w, r, http.StatusOK, layout(u, u.t("invite.title"), "", invitationPage(u, invitation{login: login, name: name})))
}

func (a *App) accept(w http.ResponseWriter, r *http.Request) error {
	u := a.ui(r)
	values, err := a.smallForm(w, r)
	if err != nil {
		return err
	}
	if err := a.door.try(r); err != nil {
		return err
	}
	i := invitation{}
	if i.login, i.name, err = a.door.engine.Invited(r.Context(), r.PathValue("secret")); err != nil {
		return err
	}
	if values.Get("password") != values.Get("again") {
		i.problem = u.t("login.wrong.Differ")
	} else {
		s, err := a.door.engine.Accept(r.Context(), r.PathValue("secret"), values.Get("password"))
		if err == nil {
			return a.comeIn(w, r, s, "/")
		}
		if i.problem, err = u.loginProblem(err); err != nil {
			return err
		}
	}
	return write(w, r, http.StatusUnprocessableEntity, layout(u, u.t("invite.title"), "", invitationPage(u, i)))
}
