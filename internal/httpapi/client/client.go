// Package client makes the calls of the JSON API as Go, in the words of the engine
// and of its readers: the command line works on an installation elsewhere as it
// works on the facts themselves.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/httpapi"
)

// Client calls one installation as one actor: the token's.
type Client struct {
	base  string // without a slash at its end
	token string
	http  *http.Client
	asOf  time.Time // zero: as it is
}

// patience is for the server's first word, which follows the work: a country is declared in
// one call. A body may take longer.
const patience = 3 * time.Minute

// New makes a Client of the installation whose pages are at base.
func New(base, token string) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%q is not an installation's address, such as https://thidua.example", base)
	}
	if token == "" {
		return nil, errors.New("it asks who calls: give a personal token, which its operator makes with thidua token create")
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: patience, ForceAttemptHTTP2: true, IdleConnTimeout: patience,
	}
	return &Client{base: strings.TrimRight(base, "/"), token: token, http: &http.Client{
		Transport: transport,
		// The token is for this address; an act is not repeated somewhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Close lets go of connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Unreachable is an installation that does not answer as one.
type Unreachable struct {
	Server string
	Cause  error
}

func (e *Unreachable) Error() string { return fmt.Sprintf("%s does not answer: %v", e.Server, e.Cause) }
func (e *Unreachable) Unwrap() error { return e.Cause }

// call is one request.
type call struct {
	method, path string
	query        url.Values
	act          engine.Act // of what is not a GET
	body         any        // JSON, or as raw says
	raw          io.Reader
	mediaType    string
}

// get reads; a past Client reads the past.
func get[T any](ctx context.Context, c *Client, query url.Values, path string, parts ...any) (out T, err error) {
	err = c.json(ctx, call{method: http.MethodGet, path: at(path, parts...), query: c.then(query)}, &out)
	return out, err
}

// post acts, and is answered.
func post[T any](ctx context.Context, c *Client, act engine.Act, body any, path string, parts ...any) (out T, err error) {
	err = c.json(ctx, call{method: http.MethodPost, path: at(path, parts...), act: act, body: body}, &out)
	return out, err
}

// post acts where the answer says nothing that the caller does not know.
func (c *Client) post(ctx context.Context, act engine.Act, body any, path string, parts ...any) error {
	return c.json(ctx, call{method: http.MethodPost, path: at(path, parts...), act: act, body: body}, nil)
}

// then adds the instant that is asked about.
func (c *Client) then(query url.Values) url.Values {
	if query == nil {
		query = url.Values{}
	}
	if !c.asOf.IsZero() {
		query.Set("asOf", c.asOf.Format(time.RFC3339Nano))
	}
	return query
}

// at writes a path; its parts are escaped.
func at(path string, parts ...any) string {
	escaped := make([]any, len(parts))
	for i, p := range parts {
		escaped[i] = url.PathEscape(fmt.Sprint(p))
	}
	return fmt.Sprintf(path, escaped...)
}

func (c *Client) json(ctx context.Context, r call, out any) error {
	response, err := c.do(ctx, r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if out == nil {
		_, err = io.Copy(io.Discard, response.Body)
	} else {
		err = json.NewDecoder(response.Body).Decode(out)
	}
	if err != nil {
		return &Unreachable{c.base, fmt.Errorf("its answer to %s %s broke off: %w", r.method, r.path, err)}
	}
	return nil
}

// tries of a call that an installation could not take. An act carries the same key
// each time, so it is carried out once.
const tries = 4

// do makes a call. Without an error, the response is an answer whose body is open.
func (c *Client) do(ctx context.Context, r call) (*http.Response, error) {
	body := []byte(nil)
	if r.body != nil {
		var err error
		if body, err = json.Marshal(r.body); err != nil {
			return nil, err
		}
	}
	for try := 1; ; try++ {
		response, err := c.once(ctx, r, body)
		wait, again := later(response, err)
		if !again || r.raw != nil || try == tries {
			return c.answer(response, err)
		}
		if response != nil {
			response.Body.Close()
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

func (c *Client) once(ctx context.Context, r call, body []byte) (*http.Response, error) {
	from := r.raw
	if r.raw == nil && body != nil {
		from = bytes.NewReader(body)
	}
	address := c.base + httpapi.Prefix + "v1" + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, r.method, address, from)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Accept", "application/json, application/problem+json, */*;q=0.1")
	if from != nil {
		mediaType := r.mediaType
		if mediaType == "" {
			mediaType = "application/json"
		}
		request.Header.Set("Content-Type", mediaType)
	}
	if r.method != http.MethodGet {
		request.Header.Set("Idempotency-Key", r.act.RequestID.String())
		if r.act.Generation != 0 {
			request.Header.Set("If-Match", strconv.Quote(strconv.FormatInt(r.act.Generation, 10)))
		}
	}
	return c.http.Do(request)
}

// later tells whether a call is worth repeating, and when.
func later(response *http.Response, err error) (wait time.Duration, again bool) {
	if err != nil {
		gone := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
		return time.Second, !gone && !errors.Is(err, syscall.ECONNREFUSED) // nobody is there
	}
	if response.StatusCode != http.StatusServiceUnavailable {
		return 0, false
	}
	seconds, err := strconv.Atoi(response.Header.Get("Retry-After"))
	if err != nil {
		seconds = 1
	}
	return time.Duration(min(max(seconds, 1), 10)) * time.Second, true
}

// answer turns what is no answer into the error that the engine would have given.
func (c *Client) answer(response *http.Response, err error) (*http.Response, error) {
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // it repeats the address
		}
		if errors.Is(err, context.Canceled) {
			return nil, err
		}
		return nil, &Unreachable{c.base, err}
	}
	if response.StatusCode == http.StatusOK {
		return response, nil
	}
	defer response.Body.Close()
	var p huma.ErrorModel
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return nil, &Unreachable{c.base, err}
	}
	if json.Unmarshal(text, &p) != nil || p.Status == 0 {
		return nil, &Unreachable{c.base, fmt.Errorf("it says %s, not as a Thi đua installation does: is the address right?", response.Status)}
	}
	return nil, problem(&p)
}

// problem is what the API tells, as the engine would have told it here.
func problem(p *huma.ErrorModel) error {
	code := p.Type[strings.LastIndexByte(p.Type, ':')+1:]
	said := []string{p.Detail}
	for _, e := range p.Errors {
		said = append(said, strings.TrimLeft(e.Location+": "+e.Message, ": "))
	}
	detail := strings.Join(said, "; ")
	switch p.Status {
	case http.StatusUnauthorized:
		return &engine.Unauthenticated{Code: code, Text: detail}
	case http.StatusConflict:
		return &engine.Conflict{Text: detail}
	case http.StatusInternalServerError, http.StatusServiceUnavailable:
		return &engine.Refused{Code: code, Text: "the server says: " + detail}
	}
	return &engine.Refused{Code: code, Text: detail}
}
