package pages_test

import (
	"context"
	"encoding/base32"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look/looktest"
	"thidua.dev/thidua/internal/secret"
)

const passphrase = "một câu dài dễ nhớ"

var seed = []byte("12345678901234567890")

// account makes an account with a password and, where its role takes one, a second
// factor of seed.
func (d *desk) account(login string, g engine.Grant) engine.Account {
	d.t.Helper()
	ctx := context.Background()
	g.Name, g.ExpiresAt = "Người dùng "+login, time.Now().Add(48*time.Hour)
	a, invitation, err := d.engine.CreateAccount(ctx, engine.By(auth.Actor{Role: auth.Operator}, ""), login, g)
	d.ok(err)
	s, err := d.engine.Accept(ctx, invitation, passphrase)
	d.ok(err)
	if engine.NeedsSecondFactor(g.Role) {
		_, err = d.engine.SetUpFactor(ctx, s, seed, secret.Code(seed, time.Now()))
		d.ok(err)
	}
	return a
}

// login is a browser of somebody who has logged in.
func (d *desk) login(login string) *browser {
	d.t.Helper()
	b := d.browser()
	response, page := b.do(http.MethodPost, "/login", url.Values{"login": {login}, "password": {passphrase}})
	if response.StatusCode != http.StatusSeeOther {
		d.t.Fatalf("%s: %d %s", login, response.StatusCode, page)
	}
	if strings.HasPrefix(response.Header.Get("Location"), "/login/code") {
		// A code counts once; the test does not wait for the next.
		_, err := d.pool.Exec(context.Background(), `UPDATE account SET totp_step = 0 WHERE login = $1`, login)
		d.ok(err)
		response, page = b.do(http.MethodPost, "/login/code", url.Values{"code": {secret.Code(seed, time.Now())}, "next": {"/"}})
		if response.StatusCode != http.StatusSeeOther {
			d.t.Fatalf("%s: %d %s", login, response.StatusCode, page)
		}
	}
	return b
}

// An operator's way in: invited, password, second factor, out, in again.
func TestInvitedOperator(t *testing.T) {
	d := openDesk(t, "")
	_, invitation, err := d.engine.CreateAccount(t.Context(), engine.By(auth.Actor{Role: auth.Operator}, ""), "op@so.example",
		engine.Grant{Name: "Trần Thị B", Role: auth.Operator, ExpiresAt: time.Now().Add(time.Hour)})
	d.ok(err)
	b := d.browser()
	path := "/invite/" + invitation
	for range 2 { // a program that looks through mails
		_, page := b.do(http.MethodGet, path, nil)
		wellFormed(t, "invite", page)
		contains(t, page, "Trần Thị B", "op@so.example", "Ít nhất 12 ký tự")
	}
	for problem, values := range map[string]url.Values{
		"chưa giống nhau":               {"password": {passphrase}, "again": {"khác"}},
		"ít nhất 12 ký tự":              {"password": {"ngắn"}, "again": {"ngắn"}},
		"không được chứa tên đăng nhập": {"password": {"op@so.example!!"}, "again": {"op@so.example!!"}},
	} {
		response, page := b.do(http.MethodPost, path, values)
		if response.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, problem) {
			t.Errorf("%s: %d %s", problem, response.StatusCode, page)
		}
	}
	response, _ := b.do(http.MethodPost, path, url.Values{"password": {passphrase}, "again": {passphrase}})
	if got := response.Header.Get("Location"); got != "/account/factor?next=%2F" {
		t.Fatalf("%d, on to %s", response.StatusCode, got)
	}
	// Nothing is open before the second factor is.
	if response, _ := b.do(http.MethodGet, "/campaigns/covid-2021", nil); !strings.HasPrefix(response.Header.Get("Location"), "/account/factor") {
		t.Errorf("%d, on to %s", response.StatusCode, response.Header.Get("Location"))
	}
	if response, _ := b.do(http.MethodPost, "/account/delegate", url.Values{}); response.StatusCode != http.StatusForbidden {
		t.Errorf("without a second factor: %d", response.StatusCode)
	}
	_, page := b.do(http.MethodGet, "/account/factor", nil)
	wellFormed(t, "factor", page)
	_, key, _ := strings.Cut(page, "<code>")
	key, _, _ = strings.Cut(key, "</code>")
	response, picture := b.do(http.MethodGet, "/account/factor.png", nil)
	if response.Header.Get("Content-Type") != "image/png" || len(picture) < 500 {
		t.Errorf("the picture is %s of %d bytes", response.Header.Get("Content-Type"), len(picture))
	}
	if response, page := b.do(http.MethodPost, "/account/factor", url.Values{"code": {"000000"}}); response.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, key) {
		t.Errorf("a wrong code: %d; the key stays", response.StatusCode)
	}
	own := unbase32(t, key)
	response, _ = b.do(http.MethodPost, "/account/factor", url.Values{"code": {secret.Code(own, time.Now().Add(-30*time.Second))}, "next": {"/campaigns/covid-2021"}})
	if response.Header.Get("Location") != "/campaigns/covid-2021" {
		t.Fatalf("%d, on to %s", response.StatusCode, response.Header.Get("Location"))
	}
	_, page = b.do(http.MethodGet, "/campaigns/covid-2021", nil)
	contains(t, page, "Trần Thị B")
	if response, _ := b.do(http.MethodPost, "/logout", nil); response.Header.Get("Location") != "/login" {
		t.Error("no way out")
	}
	if response, _ := b.do(http.MethodGet, "/campaigns/covid-2021", nil); response.Header.Get("Location") != "/login?next=%2Fcampaigns%2Fcovid-2021" {
		t.Errorf("after the end: %d", response.StatusCode)
	}
	response, _ = b.do(http.MethodPost, "/login", url.Values{"login": {"OP@so.example"}, "password": {passphrase}, "next": {"/campaigns/covid-2021"}})
	if response.Header.Get("Location") != "/login/code?next=%2Fcampaigns%2Fcovid-2021" {
		t.Fatalf("%d, on to %s", response.StatusCode, response.Header.Get("Location"))
	}
	if response, _ := b.do(http.MethodGet, "/campaigns/covid-2021", nil); !strings.HasPrefix(response.Header.Get("Location"), "/login/code") {
		t.Errorf("half a login opens: %d", response.StatusCode)
	}
	response, _ = b.do(http.MethodPost, "/login/code", url.Values{"code": {secret.Code(own, time.Now())}, "next": {"/campaigns/covid-2021"}})
	if response.Header.Get("Location") != "/campaigns/covid-2021" {
		t.Errorf("%d, on to %s", response.StatusCode, response.Header.Get("Location"))
	}
}

func TestLoginGoesOnlyHome(t *testing.T) {
	d := openDesk(t, "")
	d.account("mot", grants["auditor"])
	for next, want := range map[string]string{
		"": "/", "/campaigns/covid-2021?x=1": "/campaigns/covid-2021?x=1", "https://evil.example/": "/", "//evil.example": "/", "/\\evil.example": "/",
		"javascript:alert(1)": "/", "/a\r\nSet-Cookie: x=y": "/",
	} {
		response, _ := d.browser().do(http.MethodPost, "/login", url.Values{"login": {"mot"}, "password": {passphrase}, "next": {next}})
		if got := response.Header.Get("Location"); got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
	}
}

// What is wrong is told alike, whether there is such an account or not.
func TestWrongLogin(t *testing.T) {
	d := openDesk(t, "")
	d.account("mot", grants["auditor"])
	var pages []string
	for _, login := range []string{"mot", "hai"} {
		response, page := d.browser().do(http.MethodPost, "/login", url.Values{"login": {login}, "password": {"không phải"}})
		if response.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%d", response.StatusCode)
		}
		wellFormed(t, "login", page)
		contains(t, page, "chưa đúng", `value="`+login+`"`)
		pages = append(pages, strings.ReplaceAll(page, login, "x"))
	}
	if pages[0] != pages[1] {
		t.Error("a wrong password tells that there is an account")
	}
}

// A leader approves by a login, and hands back with a reason; a deputy does it meanwhile.
func TestLeaderApproves(t *testing.T) {
	d := openDesk(t, "")
	d.account("giam-doc", grants["leader-account"])
	d.account("pho", grants["focal-account"])
	d.visiting(auth.FocalPoint).do(http.MethodPost, form, october)
	b := d.login("giam-doc")
	response, _ := b.do(http.MethodGet, "/", nil)
	if response.Header.Get("Location") != "/unit" {
		t.Errorf("a leader begins at %s", response.Header.Get("Location"))
	}
	_, page := b.do(http.MethodGet, form, nil)
	wellFormed(t, form, page)
	contains(t, page, "Phê duyệt và gửi", "Trả lại đầu mối để sửa", "97,5 %")
	const round = "/monthly/2021-10"
	response, page = b.do(http.MethodPost, "/unit/covid-2021/handback"+round, url.Values{})
	if response.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("without a reason: %d %s", response.StatusCode, page)
	}
	response, _ = b.do(http.MethodPost, "/unit/covid-2021/handback"+round, url.Values{"reason": {"thiếu 02 huyện"}})
	if response.StatusCode != http.StatusSeeOther {
		t.Errorf("%d", response.StatusCode)
	}
	_, page = d.visiting(auth.FocalPoint).do(http.MethodGet, form, nil)
	contains(t, page, "thiếu 02 huyện")
	d.visiting(auth.FocalPoint).do(http.MethodPost, form, october)

	today := time.Now().In(looktest.Zone).Format(time.DateOnly)
	response, _ = b.do(http.MethodPost, "/account/delegate", url.Values{"to": {"pho"}, "from": {today}, "until": {today}, "reason": {"đi công tác"}})
	if response.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d", response.StatusCode)
	}
	deputy := d.login("pho")
	_, page = deputy.do(http.MethodGet, "/account", nil)
	wellFormed(t, "account", page)
	contains(t, page, "Được Người dùng giam-doc ủy quyền", "Đầu mối đơn vị, STTTT-12")
	_, role, _ := strings.Cut(page, `name="role" value="`)
	role, _, _ = strings.Cut(role, `"`)
	deputy.do(http.MethodPost, "/account/role", url.Values{"role": {role}})
	response, page = deputy.do(http.MethodPost, "/unit/covid-2021/approve"+round, url.Values{"request": {"33333333-3333-4333-8333-333333333333"}})
	if response.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %s", response.StatusCode, page)
	}
	_, page = deputy.do(http.MethodGet, response.Header.Get("Location"), nil)
	contains(t, page, "Đã nhận lúc")
	_, page = b.do(http.MethodGet, "/account", nil)
	contains(t, page, "Người dùng pho", "Chấm dứt ủy quyền")
	_, lent, _ := strings.Cut(page, `/account/undelegate`)
	_, role, _ = strings.Cut(lent, `name="role" value="`)
	role, _, _ = strings.Cut(role, `"`)
	b.do(http.MethodPost, "/account/undelegate", url.Values{"role": {role}})
	if n := d.count(`SELECT count(*) FROM account_role WHERE delegated_by IS NOT NULL AND revoked_at IS NULL`); n != 0 {
		t.Errorf("%d delegations stay", n)
	}
}

func TestOwnAccount(t *testing.T) {
	d := openDesk(t, "")
	d.account("mot", grants["auditor"])
	here, there := d.login("mot"), d.login("mot")
	for problem, values := range map[string]url.Values{
		"chưa đúng":       {"old": {"không phải"}, "password": {"một câu khác dài hơn"}, "again": {"một câu khác dài hơn"}},
		"chưa giống nhau": {"old": {passphrase}, "password": {"một câu khác dài hơn"}, "again": {"x"}},
	} {
		response, page := here.do(http.MethodPost, "/account/password", values)
		if response.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, problem) {
			t.Errorf("%s: %d", problem, response.StatusCode)
		}
	}
	response, _ := here.do(http.MethodPost, "/account/password", url.Values{"old": {passphrase}, "password": {"một câu khác dài hơn"}, "again": {"một câu khác dài hơn"}})
	if response.Header.Get("Location") != "/account?done=password" {
		t.Fatalf("%d", response.StatusCode)
	}
	_, page := here.do(http.MethodGet, "/account?done=password", nil)
	contains(t, page, "Đã đổi mật khẩu")
	if response, _ := there.do(http.MethodGet, "/account", nil); response.StatusCode != http.StatusSeeOther {
		t.Errorf("the other device: %d", response.StatusCode)
	}
	if response, page := here.do(http.MethodPost, "/account/delegate", url.Values{"to": {"nobody"}, "from": {"2026-01-01"}, "until": {"x"}}); response.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("%d %s", response.StatusCode, page)
	}
	here.do(http.MethodPost, "/account/everywhere", nil)
	if response, _ := here.do(http.MethodGet, "/account", nil); response.StatusCode != http.StatusSeeOther {
		t.Errorf("after signing out everywhere: %d", response.StatusCode)
	}
}

func unbase32(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return b
}
