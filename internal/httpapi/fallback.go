package httpapi

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// codes of what is wrong with a request before anything of the field is judged.
var codes = map[int]string{
	http.StatusBadRequest: "BadRequest", http.StatusNotAcceptable: "NotAcceptable", http.StatusRequestTimeout: "Interrupted",
	http.StatusRequestEntityTooLarge: "BodyTooLarge", http.StatusUnsupportedMediaType: "UnsupportedMediaType",
	http.StatusUnprocessableEntity: "InvalidRequest",
}

// typed gives a type to problems that the library finds: a body that does not parse, a
// field that the schema does not know.
func typed(_ huma.Context, _ string, body any) (any, error) {
	if m, ok := body.(*huma.ErrorModel); ok && m.Type == "" {
		code := codes[m.Status]
		if code == "" {
			code = strings.ReplaceAll(http.StatusText(m.Status), " ", "")
		}
		m.Type = problemType + code
	}
	return body, nil
}

// unrouted answers what has no route, or not by this method, as a problem like others.
func unrouted(h http.Handler, w http.ResponseWriter, r *http.Request) {
	said := &statusOnly{ResponseWriter: w}
	h.ServeHTTP(said, r)
	m := &huma.ErrorModel{Title: http.StatusText(said.status), Status: said.status}
	switch said.status {
	case http.StatusNotFound:
		m.Type = problemType + "NotFound"
		m.Detail = "nothing is served at " + r.URL.Path + "; " + Prefix + "openapi.yaml lists what is"
	case http.StatusMethodNotAllowed:
		m.Type = problemType + "MethodNotAllowed"
		m.Detail = r.Method + " is not for " + r.URL.Path + "; it takes " + w.Header().Get("Allow")
	default: // a redirect to the clean form of an address
		w.WriteHeader(said.status)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(m.Status)
	_ = json.NewEncoder(w).Encode(m) // who is gone needs no answer
}

// statusOnly keeps the headers that a handler sets, and drops what it writes.
type statusOnly struct {
	http.ResponseWriter
	status int
}

func (s *statusOnly) WriteHeader(status int)      { s.status = status }
func (s *statusOnly) Write(p []byte) (int, error) { return len(p), nil }
