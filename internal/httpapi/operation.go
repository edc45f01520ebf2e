package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/engine"
)

// Tags of operations, in the words of the command line's groups.
const (
	tagLook    = "look"
	tagSteer   = "steer"
	tagAct     = "act"
	tagProve   = "prove"
	tagDeclare = "declare"
	tagAdmit   = "admit"
)

// Out is an answer.
type Out[T any] struct {
	ETag string `header:"ETag" doc:"The campaign's generation, for If-Match."` //nolint:tagliatelle // as RFC 9110 spells it
	Body T
}

func answer[T any](body T, err error) (*Out[T], error) {
	if err != nil {
		return nil, err
	}
	return &Out[T]{Body: body}, nil
}

// operation is how an address is served. Every one goes through here, so that each
// has a token, a limit for its body, and errors mapped once.
type operation struct {
	id, method, path, tag, summary string
	body                           int64                     // 0: maxAct
	bytes                          *huma.RequestBody         // of what is no JSON and is read by the operation itself
	answers                        map[string]*huma.Response // of what is no JSON
}

func register[I, O any](a *App, o operation, do func(context.Context, *I) (*O, error)) {
	if o.body == 0 {
		o.body = maxAct
	}
	errors := []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusServiceUnavailable}
	if o.method != http.MethodGet {
		errors = append(errors, http.StatusConflict, http.StatusRequestEntityTooLarge)
	}
	if o.bytes != nil {
		errors = append(errors, http.StatusTooManyRequests)
	}
	huma.Register(a.api, huma.Operation{
		OperationID: o.id, Method: o.method, Path: Prefix + "v1" + o.path, Summary: o.summary, Tags: []string{o.tag},
		Security: []map[string][]string{{"token": {}}}, MaxBodyBytes: o.body, BodyReadTimeout: bodyPatience, Errors: errors,
		RequestBody: o.bytes, Responses: o.answers,
	}, func(ctx context.Context, in *I) (*O, error) {
		out, err := do(ctx, in)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return out, nil
	})
}

// InCampaign names the campaign of an address.
type InCampaign struct {
	Campaign string `path:"campaign" maxLength:"253" example:"covid-2021"`
}

// InCampaignThen is InCampaign, as it was.
type InCampaignThen struct {
	InCampaign
	Past
}

// OfUnit names the campaign and the unit of an address.
type OfUnit struct {
	InCampaign
	Unit string `path:"unit" maxLength:"253" example:"STTTT-04"`
}

func etag(generation int64) string { return strconv.Quote(strconv.FormatInt(generation, 10)) }

// generationOf an ETag; 0 is any.
func generationOf(match string) int64 {
	n, err := strconv.ParseInt(strings.Trim(match, `"`), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// instant reads an instant, or a day, which means 17:00 of it in the campaign's time
// zone.
func (a *App) instant(ctx context.Context, campaign, field, text string) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	day, err := calendar.ParseDate(text)
	if err != nil {
		return time.Time{}, &engine.Refused{Code: "BadInstant", Text: fmt.Sprintf("%s %q is neither a day such as 2021-11-19 nor an instant such as 2021-11-19T17:00:00+07:00", field, text)}
	}
	r, err := a.reader(ctx, auth.See, engine.Of{Campaign: campaign})
	if err != nil {
		return time.Time{}, err
	}
	c, err := r.Campaign(ctx, campaign)
	if err != nil {
		return time.Time{}, err
	}
	return day.At(17, 0, c.Location()), nil
}
