package engine

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/store/db"
)

// Account is a person who logs in. Everything about time here is the machine's.
type Account struct {
	ID           int64      `json:"id"`
	Login        string     `json:"login"`
	Name         string     `json:"name"`
	Password     bool       `json:"password"`     // one is set
	SecondFactor bool       `json:"secondFactor"` // one is set up
	SignOn       string     `json:"signOn,omitempty"`
	CreatedAt    time.Time  `json:"createdAt"`
	EnteredAt    *time.Time `json:"enteredAt,omitempty"` // the last login
	LockedUntil  *time.Time `json:"lockedUntil,omitempty"`
	DisabledAt   *time.Time `json:"disabledAt,omitempty"`
	Roles        []Role     `json:"roles"`
}

// Role is what an account may do, where, and for how long.
type Role struct {
	ID        int64     `json:"id"`
	Role      auth.Role `json:"role"`
	Unit      string    `json:"unit,omitempty"`
	Line      auth.Line `json:"line,omitempty"`
	Campaign  string    `json:"campaign,omitempty"`
	NotBefore time.Time `json:"notBefore"`
	ExpiresAt time.Time `json:"expiresAt"`
	// DelegatedFrom is whose role it is, when it was delegated.
	DelegatedFrom string `json:"delegatedFrom,omitempty"`
}

// NeedsSecondFactor tells that a password alone is not enough for a role: it steers what
// concerns everybody.
func NeedsSecondFactor(r auth.Role) bool { return r == auth.Office || r == auth.Operator }

// InvitationLife is how long somebody has to set a password.
const InvitationLife = 7 * 24 * time.Hour

var loginForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._+@-]{2,99}$`)

// CreateAccount makes an account with one role, and the secret of an invitation by which
// its person sets a password; it is told once.
func (e *Engine) CreateAccount(ctx context.Context, act Act, login string, g Grant) (a Account, invitation string, err error) {
	login = strings.ToLower(strings.TrimSpace(login))
	if !loginForm.MatchString(login) {
		return a, "", refuse("LoginUnfit", "login %q: give an address of e-mail, or a name of 3 to 100 letters without marks, digits, dots and hyphens", login)
	}
	err = e.in(ctx, func(t *tx) error {
		if err := t.mayAdmit(ctx, act.Actor, g.Role, g.Campaign); err != nil {
			return err
		}
		if err := t.notBefore(ctx, act); err != nil {
			return err
		}
		g.Name = strings.TrimSpace(g.Name)
		if g.Name == "" || len(g.Name) > 200 {
			return refuse("NameMissing", "whose account is it? give the person's name, at most 200 bytes")
		}
		row, err := t.InsertAccount(ctx, login, g.Name)
		if errors.Is(err, pgx.ErrNoRows) {
			return refuse("LoginTaken", "there is an account %s already: give it another role, or invite it again", login)
		}
		if err != nil {
			return err
		}
		if _, err := t.give(ctx, act, row.ID, g, nil); err != nil {
			return err
		}
		if invitation, err = t.invite(ctx, row.ID); err != nil {
			return err
		}
		a, err = t.account(ctx, row)
		return err
	})
	if err != nil {
		return Account{}, "", err
	}
	return a, invitation, nil
}

// mayAdmit asks whether an actor may give or take a role in a campaign; empty is all.
func (t *tx) mayAdmit(ctx context.Context, actor auth.Actor, role auth.Role, campaign string) error {
	o := auth.Object{Campaign: campaign, Admitted: role}
	if campaign != "" {
		c, err := t.CampaignByName(ctx, campaign)
		if errors.Is(err, pgx.ErrNoRows) {
			return t.unknownCampaign(ctx, campaign)
		}
		if err != nil {
			return err
		}
		o.Office = c.Office
	}
	return t.demand(ctx, actor, auth.Admit, o, fmt.Sprintf("a %s", role))
}

// notBefore refuses a request that was carried out: what it told is told once.
func (t *tx) notBefore(ctx context.Context, act Act) error {
	done, err := t.AuditByRequest(ctx, act.RequestID)
	if err == nil {
		return refuse("DoneBefore", "this request was carried out before (%s of %s); a secret is told once", done.Verb, done.Object)
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	return err
}

// give adds a role to an account.
func (t *tx) give(ctx context.Context, act Act, account int64, g Grant, from *int64) (Role, error) {
	now := time.Now()
	if g.NotBefore.IsZero() {
		g.NotBefore = now
	}
	if err := t.checkGrant(ctx, g, now); err != nil {
		return Role{}, err
	}
	row, err := t.InsertRole(ctx, db.InsertRoleParams{
		AccountID: account, Role: string(g.Role), Unit: g.Unit, Line: string(g.Line), Campaign: g.Campaign,
		NotBefore: g.NotBefore, ExpiresAt: g.ExpiresAt, DelegatedBy: from,
	})
	if err != nil {
		return Role{}, err
	}
	verb := auth.Admit
	if from != nil {
		verb = auth.Delegate
	}
	role := toRole(row)
	return role, t.audit(ctx, act, verb, accountObject(account), role)
}

func accountObject(id int64) string { return fmt.Sprintf("Account/%d", id) }

// invite makes an invitation, and ends those before it.
func (t *tx) invite(ctx context.Context, account int64) (secret string, err error) {
	if err := t.EndInvitations(ctx, account); err != nil {
		return "", err
	}
	var random [32]byte
	rand.Read(random[:])
	secret = base64.RawURLEncoding.EncodeToString(random[:])
	hash := sha256.Sum256([]byte(secret))
	return secret, t.InsertInvitation(ctx, db.InsertInvitationParams{Hash: hash[:], AccountID: account, ExpiresAt: time.Now().Add(InvitationLife)})
}

// Accounts are all accounts that an actor may admit people to, by login: the operator's
// all, an office's those of its campaigns.
func (e *Engine) Accounts(ctx context.Context, actor auth.Actor) (all []Account, err error) {
	err = e.in(ctx, func(t *tx) error {
		all = []Account{}
		whole, err := t.may(ctx, actor, auth.Admit, auth.Object{})
		if err != nil {
			return err
		}
		if !whole && actor.Role != auth.Office {
			return refuse("Forbidden", "%s may not admit people", actor)
		}
		rows, err := t.Queries.Accounts(ctx)
		if err != nil {
			return err
		}
		roles, err := t.RolesOf(ctx, 0, time.Now())
		if err != nil {
			return err
		}
		offices := map[string]string{}
		campaigns, err := t.OfficesOfCampaigns(ctx)
		if err != nil {
			return err
		}
		for _, c := range campaigns {
			offices[c.Name] = c.Office
		}
		of := map[int64][]db.RolesOfRow{}
		for _, r := range roles {
			of[r.AccountID] = append(of[r.AccountID], r)
		}
		for _, row := range rows {
			theirs := slices.ContainsFunc(of[row.ID], func(r db.RolesOfRow) bool { return actor.Unit != "" && offices[r.Campaign] == actor.Unit })
			if whole || theirs {
				all = append(all, toAccount(row, of[row.ID]))
			}
		}
		return nil
	})
	return all, err
}

// AccountNamed finds an account by its login, for acts on it.
func (t *tx) accountNamed(ctx context.Context, login string) (db.Account, error) {
	row, err := t.AccountByLogin(ctx, strings.ToLower(strings.TrimSpace(login)))
	if errors.Is(err, pgx.ErrNoRows) {
		return row, &NotFound{Kind: "account", Name: login}
	}
	if err != nil {
		return row, err
	}
	return t.AccountForUpdate(ctx, row.ID)
}

// unknownTo tells that there is no such account or role to those who might change it,
// and to others that they may not.
func (t *tx) unknownTo(ctx context.Context, actor auth.Actor, err error) error {
	if refused := t.demand(ctx, actor, auth.Admit, auth.Object{}, "people"); refused != nil {
		return refused
	}
	return err
}

func (t *tx) account(ctx context.Context, row db.Account) (Account, error) {
	roles, err := t.RolesOf(ctx, row.ID, time.Now())
	return toAccount(row, roles), err
}

// mayChange asks whether an actor may change what an account is: whoever may give every
// role that it has.
func (t *tx) mayChange(ctx context.Context, actor auth.Actor, account int64) error {
	roles, err := t.RolesOf(ctx, account, time.Now())
	if err != nil {
		return err
	}
	if len(roles) == 0 {
		return t.demand(ctx, actor, auth.Admit, auth.Object{}, "people")
	}
	for _, r := range roles {
		if err := t.mayAdmit(ctx, actor, auth.Role(r.Role), r.Campaign); err != nil {
			return err
		}
	}
	return nil
}

// on carries out an act on an account, named by its login.
func (e *Engine) onAccount(ctx context.Context, act Act, login string, do func(t *tx, a db.Account) (detail any, err error)) (a Account, err error) {
	err = e.in(ctx, func(t *tx) error {
		row, err := t.accountNamed(ctx, login)
		if err != nil {
			return t.unknownTo(ctx, act.Actor, err)
		}
		if err := t.mayChange(ctx, act.Actor, row.ID); err != nil {
			return err
		}
		if done, err := t.repeated(ctx, act, auth.Admit, accountObject(row.ID)); done != nil || err != nil {
			a, err = t.account(ctx, row)
			return err
		}
		detail, err := do(t, row)
		if err != nil {
			return err
		}
		if detail != nil {
			if err := t.audit(ctx, act, auth.Admit, accountObject(row.ID), detail); err != nil {
				return err
			}
		}
		if row, err = t.AccountByID(ctx, row.ID); err != nil {
			return err
		}
		a, err = t.account(ctx, row)
		return err
	})
	return a, err
}

// Invite makes an invitation by which an account's person sets a new password. Its
// secret is told once. Until then the old password counts.
func (e *Engine) Invite(ctx context.Context, act Act, login string) (a Account, secret string, err error) {
	a, err = e.onAccount(ctx, act, login, func(t *tx, row db.Account) (any, error) {
		if secret, err = t.invite(ctx, row.ID); err != nil {
			return nil, err
		}
		return map[string]any{"invited": true}, nil
	})
	if err == nil && secret == "" {
		err = refuse("DoneBefore", "this request was carried out before; a secret is told once")
	}
	return a, secret, err
}

// GiveRole adds a role to an account.
func (e *Engine) GiveRole(ctx context.Context, act Act, login string, g Grant) (a Account, err error) {
	err = e.in(ctx, func(t *tx) error {
		if err := t.mayAdmit(ctx, act.Actor, g.Role, g.Campaign); err != nil {
			return err
		}
		row, err := t.accountNamed(ctx, login)
		if err != nil {
			return err
		}
		g.Name = cmp.Or(g.Name, row.Name)
		done, err := t.repeated(ctx, act, auth.Admit, accountObject(row.ID))
		if err == nil && done == nil {
			_, err = t.give(ctx, act, row.ID, g, nil)
		}
		if err != nil {
			return err
		}
		a, err = t.account(ctx, row)
		return err
	})
	return a, err
}

// RevokeRole ends a role, and what was delegated from it, at once. Whoever delegated it
// may end it too.
func (e *Engine) RevokeRole(ctx context.Context, act Act, id int64) error {
	return e.in(ctx, func(t *tx) error {
		role, err := t.RoleByID(ctx, id)
		if errors.Is(err, pgx.ErrNoRows) {
			return t.unknownTo(ctx, act.Actor, &NotFound{Kind: "role", Name: fmt.Sprint(id)})
		}
		if err != nil {
			return err
		}
		verb := auth.Admit
		if own, err := t.delegatedBy(ctx, role, act.Actor); err != nil {
			return err
		} else if own {
			verb = auth.Delegate
		} else if err := t.mayAdmit(ctx, act.Actor, auth.Role(role.Role), role.Campaign); err != nil {
			return err
		}
		if n, err := t.Queries.RevokeRole(ctx, id); n == 0 || err != nil {
			return err // over before
		}
		return t.audit(ctx, act, verb, accountObject(role.AccountID), map[string]any{"revoked": id})
	})
}

// delegatedBy tells that an actor gave a role away.
func (t *tx) delegatedBy(ctx context.Context, role db.AccountRole, actor auth.Actor) (bool, error) {
	if role.DelegatedBy == nil || actor.Account == 0 {
		return false, nil
	}
	from, err := t.RoleByID(ctx, *role.DelegatedBy)
	return err == nil && from.AccountID == actor.Account, err
}

// DisableAccount lets nobody in by an account any more, or again.
func (e *Engine) DisableAccount(ctx context.Context, act Act, login string, disabled bool) (Account, error) {
	return e.onAccount(ctx, act, login, func(t *tx, row db.Account) (any, error) {
		if (row.DisabledAt != nil) == disabled {
			return nil, nil
		}
		return map[string]any{"disabled": disabled}, t.SetDisabled(ctx, disabled, row.ID)
	})
}

// ResetSecondFactor takes a lost second factor away; the next login sets up another.
func (e *Engine) ResetSecondFactor(ctx context.Context, act Act, login string) (Account, error) {
	return e.onAccount(ctx, act, login, func(t *tx, row db.Account) (any, error) {
		return map[string]any{"secondFactor": false}, t.SetSecondFactor(ctx, db.SetSecondFactorParams{ID: row.ID})
	})
}

// SignOut ends every session of an account.
func (e *Engine) SignOut(ctx context.Context, act Act, login string) (Account, error) {
	return e.onAccount(ctx, act, login, func(t *tx, row db.Account) (any, error) {
		return map[string]any{"signedOut": true}, t.EndSessions(ctx, row.ID)
	})
}

func toAccount(a db.Account, roles []db.RolesOfRow) Account {
	out := Account{
		ID: a.ID, Login: a.Login, Name: a.Name, Password: a.Password != "", SecondFactor: a.Totp != nil, SignOn: a.Issuer,
		CreatedAt: a.CreatedAt, EnteredAt: a.EnteredAt, LockedUntil: a.LockedUntil, DisabledAt: a.DisabledAt, Roles: []Role{},
	}
	for _, r := range roles {
		out.Roles = append(out.Roles, Role{
			ID: r.ID, Role: auth.Role(r.Role), Unit: r.Unit, Line: auth.Line(r.Line), Campaign: r.Campaign,
			NotBefore: r.NotBefore, ExpiresAt: r.ExpiresAt, DelegatedFrom: r.DelegatedFrom,
		})
	}
	return out
}

func toRole(r db.AccountRole) Role {
	return Role{
		ID: r.ID, Role: auth.Role(r.Role), Unit: r.Unit, Line: auth.Line(r.Line), Campaign: r.Campaign,
		NotBefore: r.NotBefore, ExpiresAt: r.ExpiresAt,
	}
}
