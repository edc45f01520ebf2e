package engine

import (
	"errors"
	"strings"
	"testing"
	"time"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/store/db"
)

var operator = auth.Actor{Name: "root", Role: auth.Operator}

// stranger checks that somebody was not let in, and for which reason.
func (w *world) stranger(err error, code string) {
	w.t.Helper()
	var u *Unauthenticated
	if !errors.As(err, &u) || u.Code != code {
		w.t.Errorf("%v, want %s", err, code)
	}
}

func TestToken(t *testing.T) {
	w := running(t)
	ctx, unit := t.Context(), units[0]
	grant := Grant{Name: "Lê Văn A", Role: auth.Leader, Unit: unit, Campaign: name, ExpiresAt: time.Now().Add(time.Hour)}
	act := By(operator, "công văn 12")
	token, secret, err := w.IssueToken(ctx, act, grant)
	w.ok(err)
	for _, secretIn := range w.rows(`SELECT t::text FROM token t UNION ALL SELECT a::text FROM audit a`) {
		if strings.Contains(secretIn, secret) || strings.Contains(secretIn, strings.TrimPrefix(secret, "thidua_")) {
			t.Errorf("the secret is kept: %s", secretIn)
		}
	}
	_, _, err = w.IssueToken(ctx, act, grant)
	w.refused(err, "TokenIssued")
	actor, err := w.Authenticate(ctx, secret)
	w.ok(err)
	if actor.Name != "Lê Văn A" || actor.Unit != unit || actor.Means != auth.ByToken || actor.Token != token.ID {
		t.Errorf("the token's actor is %+v", actor)
	}
	w.check("its use is noted", w.rows(`SELECT used_at IS NOT NULL FROM token`), "true")
	w.to("2021-10-08 09:00")
	w.submit(unit, "monthly/2021-10")
	_, err = w.Approve(ctx, By(actor, ""), name, "monthly/2021-10", unit)
	w.ok(err)
	w.check("the audit says by which token", w.rows(`SELECT actor FROM audit WHERE verb = 'approve'`), "Leader Lê Văn A of "+unit+" by token 1")

	for _, text := range []string{"", "thidua_", secret + "x", strings.TrimPrefix(secret, "thidua_"), "thidua_" + strings.Repeat("A", 43)} {
		_, err := w.Authenticate(ctx, text)
		w.stranger(err, "TokenUnknown")
	}
	revoke := By(operator, "thôi việc")
	for range 2 {
		_, err = w.RevokeToken(ctx, revoke, token.ID)
		w.ok(err)
	}
	_, err = w.Authenticate(ctx, secret)
	w.stranger(err, "TokenRevoked")
	w.check("acts on tokens are in the audit", w.rows(`SELECT verb, object, reason FROM audit WHERE object LIKE 'Token/%' ORDER BY id`),
		"issue Token/1 công văn 12", "issue Token/1 thôi việc")
	_, secret, err = w.IssueToken(ctx, By(operator, ""), grant)
	w.ok(err)
	_, err = w.Pool().Exec(ctx, `UPDATE token SET not_before = now() - interval '2 h', expires_at = now() - interval '1 h' WHERE id = 2`)
	w.ok(err)
	_, err = w.Authenticate(ctx, secret)
	w.stranger(err, "TokenExpired")

	expired := actor
	expired.Valid.Until = time.Now()
	_, err = w.Approve(ctx, By(expired, ""), name, "monthly/2021-10", unit)
	w.refused(err, "Forbidden") // also when it expires between the door and the act
	for code, change := range map[string]func(*Grant){
		"NameMissing":   func(g *Grant) { g.Name = " " },
		"RoleUnknown":   func(g *Grant) { g.Role = auth.Engine },
		"UnitMissing":   func(g *Grant) { g.Unit = "" },
		"UnitUnasked":   func(g *Grant) { g.Role = auth.Auditor },
		"LineUnknown":   func(g *Grant) { g.Line = "name" },
		"LineUnasked":   func(g *Grant) { g.Role, g.Line = auth.Office, auth.CollectsTo },
		"ExpiryMissing": func(g *Grant) { g.ExpiresAt = time.Now() },
		"ExpiryTooFar":  func(g *Grant) { g.ExpiresAt = time.Now().AddDate(3, 0, 0) },
		"NotFound":      func(g *Grant) { g.Unit = "NOBODY" },
	} {
		g := grant
		change(&g)
		_, _, err := w.IssueToken(ctx, By(operator, ""), g)
		w.refused(err, code)
	}
	for _, who := range []auth.Actor{office, focal(unit), leader(unit), {Role: auth.Auditor}, {}} {
		_, _, err := w.IssueToken(ctx, By(who, ""), grant)
		w.refused(err, "Forbidden")
		_, err = w.Tokens(ctx, who, "")
		w.refused(err, "Forbidden")
		_, err = w.RevokeToken(ctx, By(who, ""), 1)
		w.refused(err, "Forbidden")
	}
}

func TestUnitLink(t *testing.T) {
	w := running(t)
	ctx, unit := t.Context(), units[0]
	key := []byte("0123456789abcdef0123456789abcdef")
	link := auth.Link{Unit: unit, Role: auth.FocalPoint, Campaign: name, Version: 1, Key: 1, Expires: time.Now().Add(time.Hour)}
	_, _, err := w.OpenLink(ctx, link.Sign(key))
	w.stranger(err, "LinkRevoked") // there is no key yet
	w.ok(db.New(w.Pool()).InsertLinkKey(ctx, 1, key))
	opened, actor, err := w.OpenLink(ctx, link.Sign(key))
	w.ok(err)
	if actor.Means != auth.ByLink || actor.Unit != unit || opened.Campaign != name {
		t.Errorf("%+v opens for %+v", opened, actor)
	}
	_, _, err = w.OpenLink(ctx, link.Sign([]byte("another")))
	w.stranger(err, "LinkUnknown")
	_, _, err = w.OpenLink(ctx, "AAAA")
	w.stranger(err, "LinkUnknown")
	old := link
	old.Expires = time.Now().Add(-time.Second)
	_, _, err = w.OpenLink(ctx, old.Sign(key))
	w.stranger(err, "LinkExpired")

	w.to("2021-10-08 09:00")
	_, err = w.Submit(ctx, By(actor, ""), name, "monthly/2021-10", unit, goodReport)
	w.ok(err)
	w.check("the audit says that it came by a link", w.rows(`SELECT actor FROM audit WHERE verb = 'submit' ORDER BY id DESC LIMIT 1`), "FocalPoint of "+unit+" by link")
	asLeader := link
	asLeader.Role = auth.Leader
	_, leading, err := w.OpenLink(ctx, asLeader.Sign(key))
	w.ok(err)
	_, err = w.Approve(ctx, By(leading, ""), name, "monthly/2021-10", unit)
	w.refused(err, "Forbidden")
	w.refused(w.HandBack(ctx, By(leading, "x"), name, "monthly/2021-10", unit), "Forbidden")

	// A repeat of a revocation raises nothing twice.
	act := By(office, "thư bị chuyển tiếp")
	for range 2 {
		n, err := w.RevokeLinks(ctx, act, unit)
		w.ok(err)
		if n != 2 {
			t.Errorf("version %d", n)
		}
	}
	w.check("one act", w.rows(`SELECT version FROM link_version`), "2")
	_, _, err = w.OpenLink(ctx, link.Sign(key))
	w.stranger(err, "LinkRevoked")
	_, err = w.Holder(ctx, opened)
	w.stranger(err, "LinkRevoked") // sessions end with their link
	link.Version = 2
	opened, _, err = w.OpenLink(ctx, link.Sign(key))
	w.ok(err)
	n, err := w.RotateLinkKey(ctx, By(operator, "máy chủ bị lộ"))
	w.ok(err)
	if n != 2 {
		t.Errorf("key %d", n)
	}
	_, _, err = w.OpenLink(ctx, link.Sign(key))
	w.stranger(err, "LinkRevoked")
	_, err = w.Holder(ctx, opened)
	w.stranger(err, "LinkRevoked")
	for _, who := range []auth.Actor{focal(unit), leader(unit), {Role: auth.Auditor}, {}} {
		_, err := w.RevokeLinks(ctx, By(who, ""), unit)
		w.refused(err, "Forbidden")
		_, err = w.RotateLinkKey(ctx, By(who, ""))
		w.refused(err, "Forbidden")
	}
}

// Scope follows the roster's lines, at any distance.
func TestScopeFollowsTheLine(t *testing.T) {
	w := running(t)
	ctx := t.Context()
	_, err := w.Pool().Exec(ctx, `INSERT INTO roster_unit (roster, code, name, kind, collects_to, administered_by) VALUES
		('x', 'TOP', 'Trên', 'office', '', ''), ('x', 'MID', 'Giữa', 'office', 'TOP', 'LOOP'), ('x', 'LOOP', 'Vòng', 'office', '', 'MID')`)
	w.ok(err)
	_, err = w.Pool().Exec(ctx, `UPDATE roster_unit SET collects_to = 'MID', administered_by = 'MID' WHERE code = $1`, units[0])
	w.ok(err)
	guarded := Guard(w.Engine, "reader")
	for _, tc := range []struct {
		body string
		line auth.Line
		unit string
		may  bool
	}{
		{"TOP", auth.CollectsTo, units[0], true},
		{"MID", auth.CollectsTo, units[0], true},
		{"TOP", auth.AdministeredBy, units[0], false},
		{"LOOP", auth.AdministeredBy, units[0], true},
		{"TOP", "", units[0], false},
		{"TOP", auth.CollectsTo, units[1], false},
	} {
		actor := auth.Actor{Role: auth.FocalPoint, Unit: tc.body, Line: tc.line}
		if _, err := guarded.For(ctx, actor, auth.SeeUnit, Of{Campaign: name, Unit: tc.unit}); (err == nil) != tc.may {
			t.Errorf("%s on %s about %s: %v", tc.body, tc.line, tc.unit, err)
		}
	}
	_, err = guarded.For(ctx, auth.Actor{Role: auth.Operator, Campaign: "other"}, auth.See, Of{Campaign: "neither"})
	w.refused(err, "Forbidden") // and not: there are campaigns such as …
}

// Nobody moves the dates of a campaign that is not theirs, by whatever file.
func TestApplyIsTheOffices(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	campaign := func() *manifest.Set {
		set := manifest.NewSet()
		w.ok(set.Add(fixture(t).Campaigns[0], "test"))
		return set
	}
	stranger := auth.Actor{Name: "x", Role: auth.Office, Unit: "OTHER"}
	_, err := w.Apply(ctx, By(stranger, ""), campaign(), true)
	w.refused(err, "Forbidden")
	all := fixture(t)
	all.Campaigns = nil
	_, err = w.Apply(ctx, By(stranger, ""), all, true)
	w.ok(err) // unchanged: nothing moves
	bound := office
	bound.Campaign = name
	_, err = w.Apply(ctx, By(bound, ""), campaign(), true)
	w.ok(err)
	_, err = w.Apply(ctx, By(bound, ""), fixture(t), true)
	w.refused(err, "Forbidden")
	act := By(office, "")
	act.PlanHash = "sha256:other"
	_, err = w.Apply(ctx, act, campaign(), true)
	w.refused(err, "Conflict")
}
