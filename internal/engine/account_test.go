package engine

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/secret"
)

const passphrase = "một câu dài dễ nhớ"

// account makes an account and sets its password.
func (w *world) account(login string, g Grant) (Account, Session) {
	w.t.Helper()
	if g.ExpiresAt.IsZero() {
		g.ExpiresAt = time.Now().Add(time.Hour)
	}
	if g.Name == "" {
		g.Name = login
	}
	a, invitation, err := w.CreateAccount(w.t.Context(), By(operator, ""), login, g)
	w.ok(err)
	s, err := w.Accept(w.t.Context(), invitation, passphrase)
	w.ok(err)
	return a, s
}

func TestAccount(t *testing.T) {
	w := running(t)
	ctx, unit := t.Context(), units[0]
	grant := Grant{Name: "Lê Văn A", Role: auth.Leader, Unit: unit, ExpiresAt: time.Now().Add(time.Hour)}
	act := By(operator, "công văn 12")
	a, invitation, err := w.CreateAccount(ctx, act, " A.Le@So.example ", grant)
	w.ok(err)
	if a.Login != "a.le@so.example" || a.Password || len(a.Roles) != 1 || a.Roles[0].Role != auth.Leader {
		t.Errorf("the account is %+v", a)
	}
	_, _, err = w.CreateAccount(ctx, act, "other", grant)
	w.refused(err, "DoneBefore")
	_, _, err = w.CreateAccount(ctx, By(operator, ""), "a.le@so.example", grant)
	w.refused(err, "LoginTaken")
	for _, login := range []string{"", "ab", "lê văn a", "a b c", "-abc"} {
		_, _, err = w.CreateAccount(ctx, By(operator, ""), login, grant)
		w.refused(err, "LoginUnfit")
	}
	_, err = w.Login(ctx, a.Login, "")
	w.stranger(err, LoginWrong) // none is set

	login, person, err := w.Invited(ctx, invitation)
	w.ok(err)
	if login != a.Login || person != "Lê Văn A" {
		t.Errorf("invited are %s, %s", login, person)
	}
	_, err = w.Accept(ctx, invitation, "ngắn")
	w.refused(err, "PasswordShort")
	_, err = w.Accept(ctx, invitation, "xin chào A.LE@so.example")
	w.refused(err, "PasswordObvious")
	first, err := w.Accept(ctx, invitation, passphrase)
	w.ok(err)
	_, err = w.Accept(ctx, invitation, passphrase)
	w.stranger(err, InvitationBad) // once
	_, _, err = w.Invited(ctx, invitation)
	w.stranger(err, InvitationBad)

	s, err := w.Login(ctx, "A.Le@so.example", passphrase)
	w.ok(err)
	v, err := w.Enter(ctx, s)
	w.ok(err)
	if v.Actor.Role != auth.Leader || v.Actor.Unit != unit || v.Actor.Means != auth.BySession || v.Actor.Account != a.ID {
		t.Errorf("who logs in is %+v", v.Actor)
	}
	w.to("2021-10-08 09:00")
	w.submit(unit, "monthly/2021-10")
	_, err = w.Approve(ctx, By(v.Actor, ""), name, "monthly/2021-10", unit)
	w.ok(err)
	w.check("the audit names no person", w.rows(`SELECT actor FROM audit WHERE verb = 'approve'`), fmt.Sprintf("Leader of %s by account %d", unit, a.ID))
	for _, told := range w.rows(`SELECT a::text FROM audit a UNION ALL SELECT i::text FROM invitation i UNION ALL SELECT c::text FROM account c`) {
		if strings.Contains(told, passphrase) || strings.Contains(told, invitation) {
			t.Errorf("a secret is kept: %s", told)
		}
	}
	for _, told := range w.rows(`SELECT a::text FROM audit a WHERE object LIKE 'Account/%'`) {
		if strings.Contains(told, "Lê") || strings.Contains(told, "a.le") {
			t.Errorf("a person stands in the audit: %s", told)
		}
	}

	// A new password ends every other session; so does a sign-out everywhere.
	_, err = w.ChangePassword(ctx, s, "not it", "một câu khác dài hơn")
	w.refused(err, LoginWrong)
	s, err = w.ChangePassword(ctx, s, passphrase, "một câu khác dài hơn")
	w.ok(err)
	_, err = w.Enter(ctx, first)
	w.stranger(err, SessionEnded)
	_, err = w.Enter(ctx, s)
	w.ok(err)
	w.ok(w.SignOutEverywhere(ctx, s))
	_, err = w.Enter(ctx, s)
	w.stranger(err, SessionEnded)

	_, err = w.DisableAccount(ctx, By(operator, "thôi việc"), a.Login, true)
	w.ok(err)
	_, err = w.Login(ctx, a.Login, "một câu khác dài hơn")
	w.stranger(err, LoginWrong)
	_, err = w.DisableAccount(ctx, By(operator, ""), a.Login, false)
	w.ok(err)
	s, err = w.Login(ctx, a.Login, "một câu khác dài hơn")
	w.ok(err)
	_, again, err := w.Invite(ctx, By(operator, ""), a.Login)
	w.ok(err)
	_, newer, err := w.Invite(ctx, By(operator, ""), a.Login)
	w.ok(err)
	_, err = w.Accept(ctx, again, passphrase)
	w.stranger(err, InvitationBad) // the newest counts
	_, err = w.Pool().Exec(ctx, `UPDATE invitation SET expires_at = now() WHERE used_at IS NULL`)
	w.ok(err)
	_, err = w.Accept(ctx, newer, passphrase)
	w.stranger(err, InvitationBad)
	w.ok(w.RevokeRole(ctx, By(operator, ""), v.Role.ID))
	_, err = w.Enter(ctx, s)
	w.stranger(err, RoleMissing)
}

// Five wrong tries in a row lock an account, for the right password too; other accounts
// don't feel it.
func TestLock(t *testing.T) {
	w := running(t)
	ctx := t.Context()
	a, _ := w.account("mot", Grant{Role: auth.Leader, Unit: units[0]})
	w.account("hai", Grant{Role: auth.Leader, Unit: units[1]})
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			_, err := w.Login(ctx, a.Login, "không phải mật khẩu")
			w.stranger(err, LoginWrong)
		})
	}
	all.Wait()
	_, err := w.Login(ctx, a.Login, passphrase)
	w.stranger(err, LoginWrong)
	_, err = w.Login(ctx, "hai", passphrase)
	w.ok(err)
	_, err = w.Login(ctx, "nobody", passphrase)
	w.stranger(err, LoginWrong)
	_, err = w.Pool().Exec(ctx, `UPDATE account SET locked_until = now() WHERE id = $1`, a.ID)
	w.ok(err)
	_, err = w.Login(ctx, a.Login, passphrase)
	w.ok(err)
	w.check("a right one begins anew", w.rows(`SELECT failed, locked_until IS NULL FROM account WHERE id = $1`, a.ID), "0 true")
}

func TestSecondFactor(t *testing.T) {
	w := running(t)
	ctx := t.Context()
	a, s := w.account("van-phong", Grant{Role: auth.Office, Unit: "VP"})
	_, err := w.Enter(ctx, s)
	w.stranger(err, FactorOwed)
	seed := secret.NewSeed()
	_, err = w.SetUpFactor(ctx, s, seed, "000000x")
	w.refused(err, CodeWrong)
	before := time.Now().Add(-30 * time.Second) // its step counts still, and leaves the present one for the login
	s, err = w.SetUpFactor(ctx, s, seed, secret.Code(seed, before))
	w.ok(err)
	v, err := w.Enter(ctx, s)
	w.ok(err)
	if v.Actor.Role != auth.Office {
		t.Errorf("who logs in is %+v", v.Actor)
	}
	half, err := w.Login(ctx, a.Login, passphrase)
	w.ok(err)
	_, err = w.Enter(ctx, half)
	w.stranger(err, CodeOwed)
	_, err = w.ChangePassword(ctx, half, passphrase, "một câu khác dài hơn")
	w.stranger(err, CodeOwed)
	_, err = w.SetUpFactor(ctx, half, seed, secret.Code(seed, time.Now()))
	w.stranger(err, CodeOwed)
	_, err = w.LoginCode(ctx, half, "12345")
	w.stranger(err, CodeWrong)
	code := secret.Code(seed, time.Now())
	full, err := w.LoginCode(ctx, half, code)
	w.ok(err)
	_, err = w.Enter(ctx, full)
	w.ok(err)
	_, err = w.LoginCode(ctx, half, code)
	w.stranger(err, CodeWrong) // a code counts once

	_, err = w.ResetSecondFactor(ctx, By(operator, "mất điện thoại"), a.Login)
	w.ok(err)
	_, err = w.Enter(ctx, full)
	w.stranger(err, SessionEnded)
	s, err = w.Login(ctx, a.Login, passphrase)
	w.ok(err)
	_, err = w.Enter(ctx, s)
	w.stranger(err, FactorOwed)
}

func TestSignOn(t *testing.T) {
	w := running(t)
	ctx := t.Context()
	a, _ := w.account("b@so.example", Grant{Role: auth.Office, Unit: "VP"})
	claims := SignOnClaims{Issuer: "https://sso.example", Subject: "42", Email: "B@so.example"}
	_, err := w.SignOn(ctx, claims)
	w.stranger(err, RoleMissing) // the address is not verified
	claims.Verified = true
	s, err := w.SignOn(ctx, claims)
	w.ok(err)
	v, err := w.Enter(ctx, s)
	w.ok(err)
	if v.Account.ID != a.ID || v.Actor.Role != auth.Office {
		t.Errorf("who signs on is %+v", v)
	}
	claims.Email = "moved@so.example"
	_, err = w.SignOn(ctx, claims)
	w.ok(err) // by the subject, whatever the address
	_, err = w.SignOn(ctx, SignOnClaims{Issuer: "https://sso.example", Subject: "43", Email: "b@so.example", Verified: true})
	w.stranger(err, SessionEnded) // an address that was given to somebody else
	_, err = w.SignOn(ctx, SignOnClaims{Issuer: "https://other.example", Subject: "42"})
	w.stranger(err, RoleMissing)
}

func TestDelegate(t *testing.T) {
	w := running(t)
	ctx, unit := t.Context(), units[0]
	_, boss := w.account("giam-doc", Grant{Role: auth.Leader, Unit: unit, Name: "Lê Văn A", ExpiresAt: time.Now().Add(48 * time.Hour)})
	_, deputy := w.account("pho-giam-doc", Grant{Role: auth.FocalPoint, Unit: unit})
	v, err := w.Enter(ctx, boss)
	w.ok(err)
	now := time.Now()
	_, err = w.Delegate(ctx, v, By(v.Actor, "đi công tác"), "giam-doc", now, now.Add(time.Hour))
	w.refused(err, "DelegateToSelf")
	_, err = w.Delegate(ctx, v, By(v.Actor, "đi công tác"), "pho-giam-doc", now, now.Add(72*time.Hour))
	w.refused(err, "DelegateTooLong")
	_, err = w.Delegate(ctx, v, By(v.Actor, "đi công tác"), "nobody", now, now.Add(time.Hour))
	w.missing(err)
	role, err := w.Delegate(ctx, v, By(v.Actor, "đi công tác"), "pho-giam-doc", now, now.Add(time.Hour))
	w.ok(err)
	lent, err := w.Enter(ctx, deputy)
	w.ok(err)
	if len(lent.Account.Roles) != 2 || lent.Account.Roles[1].DelegatedFrom != "Lê Văn A" || lent.Role.Role != auth.FocalPoint {
		t.Errorf("the deputy is %+v", lent)
	}
	deputy.Role = role.ID
	lent, err = w.Enter(ctx, deputy)
	w.ok(err)
	if lent.Actor.Role != auth.Leader || !lent.Actor.Delegated {
		t.Errorf("the deputy acts as %+v", lent.Actor)
	}
	_, err = w.Delegate(ctx, lent, By(lent.Actor, ""), "giam-doc", now, now.Add(time.Minute))
	w.refused(err, "Forbidden") // not lent on
	w.to("2021-10-08 09:00")
	w.submit(unit, "monthly/2021-10")
	_, err = w.Approve(ctx, By(lent.Actor, ""), name, "monthly/2021-10", unit)
	w.ok(err)
	w.ok(w.RevokeRole(ctx, By(v.Actor, "về rồi"), role.ID))
	lent, err = w.Enter(ctx, deputy)
	w.ok(err)
	if lent.Role.Role != auth.FocalPoint {
		t.Errorf("after the end the deputy is still %+v", lent.Role)
	}
	// With the lender's own role ends what was lent.
	_, err = w.Delegate(ctx, v, By(v.Actor, ""), "pho-giam-doc", now, now.Add(time.Hour))
	w.ok(err)
	_, err = w.DisableAccount(ctx, By(operator, ""), "giam-doc", true)
	w.ok(err)
	lent, err = w.Enter(ctx, deputy)
	w.ok(err)
	if len(lent.Account.Roles) != 1 {
		t.Errorf("lent by somebody who is gone: %+v", lent.Account.Roles)
	}
}

// An office admits those who report to it; nobody becomes more than who admits them.
func TestWhoAdmits(t *testing.T) {
	w := running(t)
	ctx := t.Context()
	until := time.Now().Add(time.Hour)
	leader := Grant{Name: "A", Role: auth.Leader, Unit: units[0], Campaign: name, ExpiresAt: until}
	_, _, err := w.CreateAccount(ctx, By(office, ""), "mot", leader)
	w.ok(err)
	for _, g := range []Grant{
		{Name: "B", Role: auth.Leader, Unit: units[0], ExpiresAt: until},
		{Name: "B", Role: auth.Office, Unit: "VP", Campaign: name, ExpiresAt: until},
		{Name: "B", Role: auth.Operator, Campaign: name, ExpiresAt: until},
	} {
		_, _, err = w.CreateAccount(ctx, By(office, ""), "hai", g)
		w.refused(err, "Forbidden")
	}
	w.account("operator", Grant{Role: auth.Operator})
	for _, do := range []func() error{
		func() error { _, _, err := w.Invite(ctx, By(office, ""), "operator"); return err },
		func() error { _, err := w.DisableAccount(ctx, By(office, ""), "operator", true); return err },
		func() error { _, err := w.ResetSecondFactor(ctx, By(office, ""), "operator"); return err },
		func() error { _, err := w.SignOut(ctx, By(office, ""), "operator"); return err },
	} {
		w.refused(do(), "Forbidden")
	}
	// With a role elsewhere too, the account is not the office's to change.
	_, err = w.GiveRole(ctx, By(operator, ""), "mot", Grant{Role: auth.Auditor, ExpiresAt: until})
	w.ok(err)
	_, _, err = w.Invite(ctx, By(office, ""), "mot")
	w.refused(err, "Forbidden")
	mine, err := w.Accounts(ctx, office)
	w.ok(err)
	all, err := w.Accounts(ctx, operator)
	w.ok(err)
	if len(mine) != 1 || mine[0].Login != "mot" || len(all) != 2 {
		t.Errorf("the office sees %+v, the operator %d", mine, len(all))
	}
	_, err = w.Accounts(ctx, focal(units[0]))
	w.refused(err, "Forbidden")
}

func (w *world) missing(err error) {
	w.t.Helper()
	var none *NotFound
	if !errors.As(err, &none) {
		w.t.Errorf("%v, want a name that does not exist", err)
	}
}
