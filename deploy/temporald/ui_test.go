package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestUIHandler(t *testing.T) {
	handler, err := uiHandler(uiConfig(Config{Bind: "127.0.0.1", FrontendPort: 1, UIPort: 2, UIReadOnly: true}))
	if err != nil {
		t.Fatal(err)
	}
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w
	}
	if w := get("/"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "<html") {
		t.Errorf("no page: %d", w.Code)
	}
	settings := get("/api/v1/settings")
	for _, want := range []string{`"DisableWriteActions":true`, `"StartWorkflowDisabled":true`, `"DisableNewsFetch":true`, `"NotifyOnNewVersion":false`} {
		if !strings.Contains(settings.Body.String(), want) {
			t.Errorf("no %s in %s", want, settings.Body.String())
		}
	}
	// Not only hidden: refused, even to a browser with the right token.
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/api/v1/namespaces/thidua/workflows/w", strings.NewReader("{}"))
	cookie := settings.Result().Cookies()[0]
	r.AddCookie(cookie)
	r.Header.Set("X-Csrf-Token", cookie.Value)
	handler.ServeHTTP(w, r)
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("a write was answered with %d: %s", w.Code, w.Body.String())
	}
}

func TestUIPortTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = newUI(Config{Bind: "127.0.0.1", FrontendPort: 1, UIPort: l.Addr().(*net.TCPAddr).Port})
	if err == nil || !strings.Contains(err.Error(), "--ui-port: cannot listen on") {
		t.Errorf("got %v", err)
	}
}

// A UI that dies says so and leaves the process alone.
func TestUIFailure(t *testing.T) {
	u, err := newUI(Config{Bind: "127.0.0.1", FrontendPort: 1, UIPort: freePorts(t, 1)[0]})
	if err != nil {
		t.Fatal(err)
	}
	u.serve()
	u.listener.Close()
	select {
	case err := <-u.Failed:
		if !strings.HasPrefix(err.Error(), "ui: ") {
			t.Errorf("got %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Error("nothing was said")
	}
}
