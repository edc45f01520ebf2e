package docs

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestServeRunbooks(t *testing.T) {
	for _, tt := range []struct {
		path string
		code int
		has  string
	}{
		{"/runbooks/StepLate", 200, "# StepLate\n"},
		{"/runbooks/StepLate.md", 200, "# StepLate\n"}, // as the pages link to each other
		{"/runbooks/", 200, "/runbooks/OutboxStuck\n/runbooks/"},
		{"/runbooks/Nothing", 404, ""},
		{"/runbooks/../docs.go", 404, ""},
	} {
		w := httptest.NewRecorder()
		ServeRunbooks().ServeHTTP(w, httptest.NewRequest("GET", tt.path, nil))
		if w.Code != tt.code || !strings.Contains(w.Body.String(), tt.has) {
			t.Errorf("%s: %d %q", tt.path, w.Code, w.Body)
		}
	}
}
