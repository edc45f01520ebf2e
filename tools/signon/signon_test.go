// Package signon holds the pages' single sign-on to a real OpenID provider. It is a
// module of its own: the provider needs much that the product does not.
package signon

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2/memstore"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/look/looktest"
	"thidua.dev/thidua/internal/pages"
	"thidua.dev/thidua/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// The provider's own users.
const (
	user     = "test-user@localhost"
	password = "verysecure"
	email    = "test-user@zitadel.ch"
)

// open listens on a port of its own and serves later, when it is known what.
func open(t *testing.T) (*httptest.Server, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &httptest.Server{Listener: l, Config: &http.Server{ReadHeaderTimeout: time.Second}}
	t.Cleanup(s.Close)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return s, "http://localhost:" + port
}

// browser goes where it is led, as far as a page.
type browser struct {
	t *testing.T
	*http.Client
}

func newBrowser(t *testing.T) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, &http.Client{Jar: jar, Timeout: time.Minute}}
}

func (b *browser) read(response *http.Response, err error) (*http.Response, string) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return response, string(page)
}

var requestID = regexp.MustCompile(`name="id" value="([^"]+)"`)

// signOn logs in at the provider, beginning at a page of ours.
func (b *browser) signOn(home, next string) (*http.Response, string) {
	b.t.Helper()
	response, page := b.read(b.Get(home + "/login/sign-on?next=" + url.QueryEscape(next)))
	id := requestID.FindStringSubmatch(page)
	if id == nil {
		b.t.Fatalf("the provider does not ask who it is: %s, %s", response.Request.URL, page)
	}
	at := *response.Request.URL
	at.Path, at.RawQuery = "/login/username", ""
	return b.read(b.PostForm(at.String(), url.Values{"id": {id[1]}, "username": {user}, "password": {password}}))
}

func TestSignOn(t *testing.T) {
	idp, issuer := open(t)
	site, home := open(t)
	storage.RegisterClients(storage.WebClient("thidua", "bí mật", home+"/login/sign-on/back"))
	idp.Config.Handler = exampleop.SetupServer(issuer, storage.NewStorage(storage.NewUserStore(issuer)), slog.New(slog.DiscardHandler), true, op.WithAllowInsecure())
	pool := looktest.Seed(t, looktest.Chased)
	e := engine.New(pool, nil)
	app := pages.New(pages.Options{
		Look: look.New(pool), Engine: e, Sessions: memstore.NewWithCleanupInterval(0), BaseURL: home,
		SignOn: pages.SignOn{Issuer: issuer, ClientID: "thidua", ClientSecret: "bí mật", Name: "Tài khoản Bộ"},
	})
	t.Cleanup(app.Stop)
	site.Config.Handler = app
	site.Start()

	// The provider is not there yet: that is said, and is over when it comes.
	b := newBrowser(t)
	b.Timeout = 3 * time.Second
	idp.Listener.Close()
	if response, page := b.read(b.Get(home + "/login/sign-on")); response.StatusCode != http.StatusBadGateway || !strings.Contains(page, "không trả lời") {
		t.Errorf("without a provider: %d %s", response.StatusCode, page)
	}
	l, err := net.Listen("tcp", idp.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	idp.Listener = l
	idp.Start()

	b = newBrowser(t)
	if _, page := b.read(b.Get(home + "/login")); !strings.Contains(page, "Đăng nhập bằng Tài khoản Bộ") {
		t.Errorf("the login does not offer it: %s", page)
	}
	if response, page := b.signOn(home, "/"); response.StatusCode != http.StatusForbidden || !strings.Contains(page, "chưa được giao việc") {
		t.Errorf("somebody without an account: %d %s", response.StatusCode, page)
	}
	_, _, err = e.CreateAccount(context.Background(), engine.By(auth.Actor{Role: auth.Operator}, ""), email,
		engine.Grant{Name: "Trần Thị B", Role: auth.Operator, ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	b = newBrowser(t)
	response, page := b.signOn(home, "/campaigns/covid-2021")
	if response.StatusCode != http.StatusOK || response.Request.URL.Path != "/campaigns/covid-2021" || !strings.Contains(page, "Trần Thị B") {
		t.Errorf("%d at %s: %s", response.StatusCode, response.Request.URL, page)
	}
	// A way back that was not begun here leads nowhere; nor does one that was used.
	if response, page := b.read(newBrowser(t).Get(home + "/login/sign-on/back?state=x&code=y")); response.StatusCode != http.StatusForbidden || !strings.Contains(page, "bắt đầu từ nơi khác") {
		t.Errorf("a foreign way back: %d %s", response.StatusCode, page)
	}
	if response, _ := b.read(b.Get(home + "/login/sign-on/back?state=x&code=y")); response.StatusCode != http.StatusForbidden {
		t.Errorf("a second way back: %d", response.StatusCode)
	}
}
