package pages

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
)

// accountView is what somebody sees of their own account.
type accountView struct {
	engine.Visit
	lent          []engine.Lent
	done, problem string
	request       string
}

func (a *App) account(r *http.Request) (accountView, error) {
	v, err := a.door.visit(r.Context())
	if err != nil {
		return accountView{}, err
	}
	lent, err := a.door.engine.Lent(r.Context(), v)
	return accountView{Visit: v, lent: lent, request: uuid.NewString()}, err
}

func (a *App) serveAccount(w http.ResponseWriter, r *http.Request) error {
	v, err := a.account(r)
	if err != nil {
		return err
	}
	u := a.ui(r)
	if done := r.URL.Query().Get("done"); slices.Contains([]string{"password", "delegate"}, done) {
		v.done = u.t("account.done." + done)
	}
	return write(w, r, http.StatusOK, layout(u, u.t("account.title"), "", accountPage(u, v)))
}

// onAccount carries out what somebody changes about their account, and shows it.
func (a *App) onAccount(w http.ResponseWriter, r *http.Request, done string, change func(v engine.Visit, values url.Values) error) error {
	values, err := a.smallForm(w, r)
	if err != nil {
		return err
	}
	v, err := a.account(r)
	if err != nil {
		return err
	}
	u := a.ui(r)
	err = change(v.Visit, values)
	var missing *engine.NotFound
	if errors.As(err, &missing) {
		v.problem = u.t("account.missing", "{name}", missing.Name)
	} else if v.problem, err = u.loginProblem(err); err != nil {
		return err
	}
	if v.problem == "" {
		onward(w, r, u.href("/account", "done", done))
		return nil
	}
	return write(w, r, http.StatusUnprocessableEntity, layout(u, u.t("account.title"), "", accountPage(u, v)))
}

func (a *App) chooseRole(w http.ResponseWriter, r *http.Request) error {
	values, err := a.smallForm(w, r)
	if err != nil {
		return err
	}
	s, err := a.session(r)
	if err != nil {
		return err
	}
	if s.Role, err = strconv.ParseInt(values.Get("role"), 10, 64); err != nil {
		return &look.NotFound{Kind: "page"}
	}
	return a.comeIn(w, r, s, "/")
}

func (a *App) changePassword(w http.ResponseWriter, r *http.Request) error {
	return a.onAccount(w, r, "password", func(_ engine.Visit, values url.Values) error {
		if err := a.door.try(r); err != nil {
			return err
		}
		if values.Get("password") != values.Get("again") {
			return &engine.Refused{Code: "Differ"}
		}
		s, err := a.session(r)
		if err != nil {
			return err
		}
		if s, err = a.door.engine.ChangePassword(r.Context(), s, values.Get("old"), values.Get("password")); err != nil {
			return err
		}
		if err := a.door.sessions.RenewToken(r.Context()); err != nil {
			return err
		}
		a.door.sessions.Put(r.Context(), loginKey, s)
		return nil
	})
}

func (a *App) delegate(w http.ResponseWriter, r *http.Request) error {
	return a.onAccount(w, r, "delegate", func(v engine.Visit, values url.Values) error {
		from, err := calendar.ParseDate(values.Get("from"))
		if err != nil {
			return &engine.Refused{Code: "BadDate"}
		}
		until, err := calendar.ParseDate(values.Get("until"))
		if err != nil {
			return &engine.Refused{Code: "BadDate"}
		}
		zone := machineZone(a.ui(r))
		_, err = a.door.engine.Delegate(r.Context(), v, formAct(v.Actor, values), values.Get("to"), from.At(0, 0, zone), until.AddDays(1).At(0, 0, zone))
		return err
	})
}

// saigon is where people say days that belong to no campaign.
var saigon = func() *time.Location {
	zone, err := time.LoadLocation("Asia/Ho_Chi_Minh")
	if err != nil {
		return time.FixedZone("+07", 7*3600)
	}
	return zone
}()

func (a *App) undelegate(w http.ResponseWriter, r *http.Request) error {
	return a.onAccount(w, r, "delegate", func(v engine.Visit, values url.Values) error {
		id, err := strconv.ParseInt(values.Get("role"), 10, 64)
		if err != nil {
			return &look.NotFound{Kind: "page"}
		}
		return a.door.engine.RevokeRole(r.Context(), engine.By(v.Actor, ""), id)
	})
}

func (a *App) signOutEverywhere(w http.ResponseWriter, r *http.Request) error {
	s, err := a.session(r)
	if err != nil {
		return err
	}
	if err := a.door.engine.SignOutEverywhere(r.Context(), s); err != nil {
		return err
	}
	return a.logout(w, r)
}

// machineZone is where the days of accounts are told.
func machineZone(u ui) *time.Location {
	if u.machine != nil {
		return u.machine
	}
	return saigon
}

// lastDay of a role: it ends at the beginning of the next.
func lastDay(r engine.Role, zone *time.Location) time.Time {
	return r.ExpiresAt.In(zone).Add(-time.Second)
}
