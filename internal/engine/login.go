package engine

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/secret"
	"thidua.dev/thidua/internal/store/db"
)

// Session is what a login has shown. Pages keep it; it counts while the account's
// version is the one that it was opened under. The zero Session is nobody's.
type Session struct {
	Account int64
	Version int
	// Factor tells that a second factor was shown, or that the organisation's single
	// sign-on answers for one.
	Factor bool
	// Role is the one that is acted in; 0 is the first.
	Role int64
}

// Visit is somebody who has logged in: who they are, and as whom they act.
type Visit struct {
	Account Account
	Role    Role
	Actor   auth.Actor
}

// What a login may still owe, as codes of *Unauthenticated.
const (
	CodeOwed      = "CodeOwed"      // the second factor's code
	FactorOwed    = "FactorOwed"    // a second factor, to be set up
	LoginWrong    = "LoginWrong"    // login or password; or it is locked, or there is none
	CodeWrong     = "CodeWrong"     // the code, or it was used
	SessionEnded  = "SessionEnded"  // by a sign-out, a new password, the end of a role
	RoleMissing   = "RoleMissing"   // there is an account, and nothing that it may do now
	InvitationBad = "InvitationBad" // unknown, used, or too old
)

var (
	loginWrong    = &Unauthenticated{LoginWrong, "login or password is not right, or the account is locked for a quarter of an hour after five wrong tries"}
	sessionEnded  = &Unauthenticated{SessionEnded, "this session has ended: log in again"}
	invitationBad = &Unauthenticated{InvitationBad, "this invitation is not valid any more: ask whoever invited you for another"}
)

// Login opens a session by a password. Where the account has a second factor, the
// session counts for nothing before LoginCode.
func (e *Engine) Login(ctx context.Context, login, password string) (Session, error) {
	q := db.New(e.pool)
	a, err := q.AccountByLogin(ctx, strings.ToLower(strings.TrimSpace(login)))
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return Session{}, err
	}
	// The hash is computed for everybody, so that the time tells nothing.
	right := secret.Matches(a.Password, password)
	locked := a.LockedUntil != nil && time.Now().Before(*a.LockedUntil)
	if a.ID != 0 && !right && !locked {
		if err := q.LoginFailed(ctx, a.ID); err != nil {
			return Session{}, err
		}
	}
	if !right || locked || a.DisabledAt != nil {
		return Session{}, loginWrong
	}
	s := Session{Account: a.ID, Version: int(a.Version)}
	if a.Totp == nil {
		if _, err := q.LoginDone(ctx, 0, a.ID); err != nil {
			return Session{}, err
		}
	}
	return s, nil
}

// LoginCode shows the second factor of a session.
func (e *Engine) LoginCode(ctx context.Context, s Session, code string) (Session, error) {
	q := db.New(e.pool)
	a, err := current(ctx, q, s)
	if err != nil {
		return s, err
	}
	wrong := &Unauthenticated{CodeWrong, "this code is not right, or was used before: wait for the next one"}
	if a.LockedUntil != nil && time.Now().Before(*a.LockedUntil) {
		return s, loginWrong
	}
	step := int64(0)
	if a.Totp != nil {
		step = secret.Step(a.Totp, code, time.Now())
	}
	if step == 0 {
		if err := q.LoginFailed(ctx, a.ID); err != nil {
			return s, err
		}
		return s, wrong
	}
	if n, err := q.LoginDone(ctx, step, a.ID); err != nil || n == 0 {
		return s, errors.Join(err, wrong)
	}
	s.Factor = true
	return s, nil
}

// SignOnClaims are what an organisation's single sign-on says of somebody.
type SignOnClaims struct {
	Issuer, Subject string
	// Email is taken for the login of an account only when it is Verified.
	Email    string
	Verified bool
}

// SignOn opens a session by single sign-on. The account must be there: who may come in
// is said here, and who they are there.
func (e *Engine) SignOn(ctx context.Context, c SignOnClaims) (s Session, err error) {
	err = e.in(ctx, func(t *tx) error {
		a, err := t.AccountBySubject(ctx, c.Issuer, c.Subject)
		if errors.Is(err, pgx.ErrNoRows) && c.Verified && c.Email != "" {
			if a, err = t.AccountByLogin(ctx, strings.ToLower(c.Email)); err == nil {
				if a.Subject != "" { // somebody else's by now: an address that was given away
					return &Unauthenticated{SessionEnded, "this address belongs to another login of the single sign-on: ask the operator"}
				}
				err = t.SetSubject(ctx, db.SetSubjectParams{ID: a.ID, Issuer: c.Issuer, Subject: c.Subject})
			}
		}
		if errors.Is(err, pgx.ErrNoRows) || err == nil && a.DisabledAt != nil {
			return &Unauthenticated{RoleMissing, "you have no account here: ask the campaign office"}
		}
		if err != nil {
			return err
		}
		if _, err := t.LoginDone(ctx, 0, a.ID); err != nil {
			return err
		}
		s = Session{Account: a.ID, Version: int(a.Version), Factor: true}
		return nil
	})
	return s, err
}

// current is the account of a session that still counts.
func current(ctx context.Context, q *db.Queries, s Session) (db.Account, error) {
	a, err := q.AccountByID(ctx, s.Account)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && (int(a.Version) != s.Version || a.DisabledAt != nil) {
		return a, sessionEnded
	}
	return a, err
}

// Enter finds who a session is, and as whom they act: it is asked for every request.
// What the login still owes is *Unauthenticated.
func (e *Engine) Enter(ctx context.Context, s Session) (Visit, error) {
	q := db.New(e.pool)
	a, err := current(ctx, q, s)
	if err != nil {
		return Visit{}, err
	}
	now := time.Now()
	roles, err := q.RolesOf(ctx, a.ID, now)
	if err != nil {
		return Visit{}, err
	}
	roles = slices.DeleteFunc(roles, func(r db.RolesOfRow) bool { return now.Before(r.NotBefore) })
	v := Visit{Account: toAccount(a, roles)}
	if len(roles) == 0 {
		return v, &Unauthenticated{RoleMissing, "your account has no role at present: ask the campaign office"}
	}
	if a.Totp != nil && !s.Factor {
		return v, &Unauthenticated{CodeOwed, "give the code of your second factor"}
	}
	at := max(0, slices.IndexFunc(v.Account.Roles, func(r Role) bool { return r.ID == s.Role }))
	v.Role = v.Account.Roles[at]
	if NeedsSecondFactor(v.Role.Role) && !s.Factor {
		return v, &Unauthenticated{FactorOwed, "this role takes a second factor: set one up"}
	}
	v.Actor = auth.Actor{
		Name: a.Name, Role: v.Role.Role, Unit: v.Role.Unit, Line: v.Role.Line, Campaign: v.Role.Campaign, Means: auth.BySession,
		Account: a.ID, Delegated: v.Role.DelegatedFrom != "", Valid: auth.Validity{From: v.Role.NotBefore, Until: v.Role.ExpiresAt},
	}
	return v, nil
}

// SetUpFactor gives a session's account a second factor, shown to work by a code. All
// other sessions end. An account that has one already shows that first.
func (e *Engine) SetUpFactor(ctx context.Context, s Session, seed []byte, code string) (Session, error) {
	err := e.in(ctx, func(t *tx) error {
		a, err := current(ctx, t.Queries, s)
		if err != nil {
			return err
		}
		if a.Totp != nil && !s.Factor {
			return &Unauthenticated{CodeOwed, "give the code of your second factor"}
		}
		step := secret.Step(seed, code, time.Now())
		if step == 0 {
			return refuse(CodeWrong, "this code is not the new factor's: is the clock of your telephone right?")
		}
		if err := t.SetSecondFactor(ctx, db.SetSecondFactorParams{ID: a.ID, Totp: seed, Step: step}); err != nil {
			return err
		}
		s.Version, s.Factor = s.Version+1, true
		return t.audit(ctx, By(self(a), ""), auth.Admit, accountObject(a.ID), map[string]any{"secondFactor": true})
	})
	return s, err
}

// self is an account's person, about their own account.
func self(a db.Account) auth.Actor {
	return auth.Actor{Name: a.Name, Means: auth.BySession, Account: a.ID}
}

// Invited is whose invitation it is.
func (e *Engine) Invited(ctx context.Context, invitation string) (login, name string, err error) {
	hash := sha256.Sum256([]byte(invitation))
	i, err := db.New(e.pool).InvitationByHash(ctx, hash[:])
	if errors.Is(err, pgx.ErrNoRows) || err == nil && (i.UsedAt != nil || !time.Now().Before(i.ExpiresAt) || i.DisabledAt != nil) {
		return "", "", invitationBad
	}
	return i.Login, i.Name, err
}

// Accept sets the first password of an invited account, or a new one, and opens a
// session. All other sessions end.
func (e *Engine) Accept(ctx context.Context, invitation, password string) (s Session, err error) {
	hash := sha256.Sum256([]byte(invitation))
	err = e.in(ctx, func(t *tx) error {
		i, err := t.InvitationByHash(ctx, hash[:])
		if errors.Is(err, pgx.ErrNoRows) || err == nil && i.DisabledAt != nil {
			return invitationBad
		}
		if err != nil {
			return err
		}
		if err := fit(password, i.Login); err != nil {
			return err
		}
		a, err := t.AccountForUpdate(ctx, i.AccountID)
		if err != nil {
			return err
		}
		if n, err := t.UseInvitation(ctx, hash[:]); err != nil {
			return err
		} else if n == 0 {
			return invitationBad
		}
		s, err = t.newPassword(ctx, a, Session{Account: a.ID}, password)
		return err
	})
	return s, err
}

// ChangePassword sets a session's own password. All other sessions end.
func (e *Engine) ChangePassword(ctx context.Context, s Session, old, password string) (Session, error) {
	// Hashing takes a while and no lock.
	before, err := current(ctx, db.New(e.pool), s)
	if err != nil {
		return s, err
	}
	if before.Totp != nil && !s.Factor {
		return s, &Unauthenticated{CodeOwed, "give the code of your second factor"}
	}
	if before.Password != "" && !secret.Matches(before.Password, old) {
		if err := db.New(e.pool).LoginFailed(ctx, before.ID); err != nil {
			return s, err
		}
		return s, refuse(LoginWrong, "the present password is not right")
	}
	if err := fit(password, before.Login); err != nil {
		return s, err
	}
	err = e.in(ctx, func(t *tx) error {
		a, err := t.AccountForUpdate(ctx, before.ID)
		if err != nil {
			return err
		}
		if a.Version != before.Version {
			return sessionEnded
		}
		s, err = t.newPassword(ctx, a, s, password)
		return err
	})
	return s, err
}

// fit refuses a password that is none, in words of what to do.
func fit(password, login string) error {
	name, _, _ := strings.Cut(login, "@")
	err := secret.CheckPassword(password, login, name)
	switch {
	case errors.Is(err, secret.ErrShort):
		return refuse("PasswordShort", "%v: a sentence is easy to remember", err)
	case errors.Is(err, secret.ErrLong):
		return refuse("PasswordLong", "%v", err)
	case errors.Is(err, secret.ErrObvious):
		return refuse("PasswordObvious", "%v: choose one that nobody guesses", err)
	}
	return err
}

func (t *tx) newPassword(ctx context.Context, a db.Account, s Session, password string) (Session, error) {
	if err := t.SetPassword(ctx, secret.Hash(password), a.ID); err != nil {
		return s, err
	}
	s.Version = int(a.Version) + 1
	return s, t.audit(ctx, By(self(a), ""), auth.Admit, accountObject(a.ID), map[string]any{"password": true})
}

// SignOutEverywhere ends every session of a session's account, this one too.
func (e *Engine) SignOutEverywhere(ctx context.Context, s Session) error {
	return e.in(ctx, func(t *tx) error {
		a, err := current(ctx, t.Queries, s)
		if err != nil {
			return err
		}
		if err := t.EndSessions(ctx, a.ID); err != nil {
			return err
		}
		return t.audit(ctx, By(self(a), ""), auth.Admit, accountObject(a.ID), map[string]any{"signedOut": true})
	})
}

// Delegate lends the role that a visit acts in to another account, from one day to
// another: for a leave, for a journey. It ends with the role itself.
func (e *Engine) Delegate(ctx context.Context, v Visit, act Act, to string, from, until time.Time) (role Role, err error) {
	err = e.in(ctx, func(t *tx) error {
		if err := t.demand(ctx, v.Actor, auth.Delegate, auth.Object{}, "a role"); err != nil {
			return err
		}
		other, err := t.accountNamed(ctx, to)
		if err != nil {
			return err
		}
		switch {
		case other.ID == v.Account.ID:
			return refuse("DelegateToSelf", "the role is yours already: name somebody else")
		case until.After(v.Role.ExpiresAt):
			return refuse("DelegateTooLong", "your own role ends on %s: delegate it until then at most", v.Role.ExpiresAt.UTC().Format(time.DateOnly))
		case from.Before(v.Role.NotBefore):
			from = v.Role.NotBefore
		}
		g := Grant{
			Name: fmt.Sprintf("account %d", other.ID), Role: v.Role.Role, Unit: v.Role.Unit, Line: v.Role.Line, Campaign: v.Role.Campaign,
			NotBefore: from, ExpiresAt: until,
		}
		act.Actor = v.Actor
		role, err = t.give(ctx, act, other.ID, g, &v.Role.ID)
		return err
	})
	return role, err
}

// Lent is a role that was lent to somebody.
type Lent struct {
	Role
	Name string // of whom it was lent to
}

// Lent are the roles that a visit's account has lent and that are not over.
func (e *Engine) Lent(ctx context.Context, v Visit) ([]Lent, error) {
	rows, err := db.New(e.pool).RolesLent(ctx, v.Account.ID, time.Now())
	if err != nil {
		return nil, err
	}
	lent := make([]Lent, len(rows))
	for i, r := range rows {
		lent[i] = Lent{Role: toRole(r.AccountRole), Name: r.Name}
	}
	return lent, nil
}
