package pages

import (
	"net/http"

	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/secret"
)

// factor is a second factor that is being set up.
type factor struct{ seed, login, next, problem string }

func (a *App) serveFactor(w http.ResponseWriter, r *http.Request) error {
	f, _, err := a.factor(r, next(r.URL.Query()))
	if err != nil {
		return err
	}
	u := a.ui(r)
	return write(w, r, http.StatusOK, layout(u, u.t("factor.title"), "", factorPage(u, f)))
}

// factor is the seed that waits in the session; a new one when there is none.
func (a *App) factor(r *http.Request, to string) (factor, []byte, error) {
	s, err := a.session(r)
	if err != nil {
		return factor{}, nil, err
	}
	v, err := a.door.engine.Enter(r.Context(), s)
	if code := stranger(err); err != nil && code != engine.FactorOwed {
		return factor{}, nil, err
	}
	seed := a.door.sessions.GetBytes(r.Context(), seedKey)
	if len(seed) == 0 {
		seed = secret.NewSeed()
		a.door.sessions.Put(r.Context(), seedKey, seed)
	}
	return factor{seed: secret.SeedText(seed), login: v.Account.Login, next: to}, seed, nil
}

func (a *App) serveFactorPicture(w http.ResponseWriter, r *http.Request) error {
	f, seed, err := a.factor(r, "/")
	if err != nil {
		return err
	}
	b, err := secret.Picture(seed, "Thi đua", f.login)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(b) //nolint:gosec // a picture; a reader who is gone is no error of ours
	return nil
}

func (a *App) setUpFactor(w http.ResponseWriter, r *http.Request) error {
	u := a.ui(r)
	values, err := a.smallForm(w, r)
	if err != nil {
		return err
	}
	f, seed, err := a.factor(r, next(values))
	if err != nil {
		return err
	}
	s, err := a.session(r)
	if err != nil {
		return err
	}
	if err = a.door.try(r); err == nil {
		s, err = a.door.engine.SetUpFactor(r.Context(), s, seed, values.Get("code"))
	}
	if f.problem, err = u.loginProblem(err); err != nil {
		return err
	}
	if f.problem != "" {
		return write(w, r, http.StatusUnprocessableEntity, layout(u, u.t("factor.title"), "", factorPage(u, f)))
	}
	return a.comeIn(w, r, s, f.next)
}
