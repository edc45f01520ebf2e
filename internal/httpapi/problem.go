package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/evidence"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/plan"
	"thidua.dev/thidua/internal/store"
)

// problemType begins the type of every problem; the stable code ends it.
const problemType = "urn:thidua:problem:"

// Unavailable is the code of a problem that will be over by itself.
const Unavailable = "Unavailable"

// retryAfter is when the database is likely to be back, or files are taken again, in seconds.
const retryAfter = "5"

// problem is an error as the API tells it: the one place that knows which status
// each kind of error has. What is not for people is logged here and told to nobody.
func (a *App) problem(ctx context.Context, err error) error {
	var (
		refused  *engine.Refused
		file     *evidence.Refused
		stranger *engine.Unauthenticated
		missing  *engine.NotFound
		conflict *engine.Conflict
		unknown  *look.NotFound
		unkept   *look.Unknown
		invalid  *plan.Invalid
		problems manifest.Problems
		problem  manifest.Problem
		already  *huma.ErrorModel
	)
	tell := func(status int, code, detail string) *huma.ErrorModel {
		return &huma.ErrorModel{Type: problemType + code, Title: http.StatusText(status), Status: status, Detail: detail}
	}
	switch {
	case errors.As(err, &already):
		return err
	case errors.As(err, &stranger):
		return tell(http.StatusUnauthorized, stranger.Code, stranger.Text)
	case errors.As(err, &refused) && refused.Code == "Forbidden":
		return tell(http.StatusForbidden, refused.Code, refused.Text)
	case errors.As(err, &refused):
		return tell(http.StatusUnprocessableEntity, refused.Code, refused.Text)
	case errors.As(err, &missing):
		return tell(http.StatusNotFound, "NotFound", missing.Error())
	case errors.As(err, &unknown):
		return tell(http.StatusNotFound, "NotFound", unknown.Error())
	case errors.As(err, &unkept):
		return tell(http.StatusUnprocessableEntity, "NotKept", unkept.Text)
	case errors.As(err, &conflict):
		return tell(http.StatusConflict, "Conflict", conflict.Text)
	case errors.As(err, &problem):
		return declared(tell, manifest.Problems{problem})
	case errors.As(err, &problems):
		return declared(tell, problems)
	case errors.As(err, &invalid):
		return tell(http.StatusUnprocessableEntity, "InvalidManifest", invalid.Error())
	case errors.As(err, &file):
		a.log.WarnContext(ctx, "file refused", "actor", actorOf(ctx), "code", file.Code, "cause", file.Cause())
		return refusedFile(tell, file)
	case errors.Is(err, errTooManyFiles):
		return huma.ErrorWithHeaders(tell(http.StatusTooManyRequests, "TooManyFiles", "this token has sent very many files within a short time; nothing was kept, send this one again later"),
			http.Header{"Retry-After": {retryAfter}})
	case store.Unstorable(err):
		return tell(http.StatusUnprocessableEntity, "BadText", "a text of the request holds a character that cannot be kept, such as a zero byte")
	case store.Away(err):
		a.log.WarnContext(ctx, "the database is away", "error", err)
		return huma.ErrorWithHeaders(tell(http.StatusServiceUnavailable, Unavailable, "the database does not answer; repeat the act in a moment with the same Idempotency-Key"),
			http.Header{"Retry-After": {retryAfter}})
	case errors.Is(err, context.Canceled):
		return tell(499, "Gone", "nobody waited for the answer") // nginx's number for it; nobody reads it
	}
	a.log.ErrorContext(ctx, "request failed", "error", err)
	return tell(http.StatusInternalServerError, "Internal", "this is a fault of the server; its log says more")
}

// refusedFile tells why a file was not taken.
func refusedFile(tell func(int, string, string) *huma.ErrorModel, file *evidence.Refused) error {
	switch {
	case file.Later:
		return huma.ErrorWithHeaders(tell(http.StatusServiceUnavailable, file.Code, file.Text), http.Header{"Retry-After": {retryAfter}})
	case errors.Is(file, evidence.ErrTooLarge):
		return tell(http.StatusRequestEntityTooLarge, file.Code, file.Text)
	}
	return tell(http.StatusUnprocessableEntity, file.Code, file.Text)
}

// declared tells every problem of a manifest, each with its place.
func declared(tell func(int, string, string) *huma.ErrorModel, problems manifest.Problems) *huma.ErrorModel {
	found := "1 problem"
	if len(problems) != 1 {
		found = fmt.Sprintf("%d problems", len(problems))
	}
	m := tell(http.StatusUnprocessableEntity, "InvalidManifest", found+": nothing was stored")
	for _, p := range problems {
		place := "body"
		if p.Line > 0 {
			place = fmt.Sprintf("body:%d", p.Line)
		}
		p.File = ""
		m.Errors = append(m.Errors, &huma.ErrorDetail{Location: place, Message: p.String()})
	}
	return m
}

// write answers a problem before a request's operation has begun.
func (a *App) write(ctx huma.Context, err error) {
	var headers huma.HeadersError
	if errors.As(err, &headers) {
		for name, values := range headers.GetHeaders() {
			for _, v := range values {
				ctx.SetHeader(name, v)
			}
		}
	}
	var m *huma.ErrorModel
	if !errors.As(err, &m) {
		m = &huma.ErrorModel{Status: http.StatusInternalServerError}
	}
	ctx.SetHeader("Content-Type", "application/problem+json")
	ctx.SetStatus(m.Status)
	_ = json.NewEncoder(ctx.BodyWriter()).Encode(m) // who is gone needs no answer
}
