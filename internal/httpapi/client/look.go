package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"thidua.dev/thidua/internal/audit"
	"thidua.dev/thidua/internal/httpapi"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/verify"
)

// AsOf reads what was known at an instant of business time.
func (c *Client) AsOf(at time.Time) *Client {
	past := *c
	past.asOf = at
	return &past
}

// Campaigns are those that the token may see, by name.
func (c *Client) Campaigns(ctx context.Context) ([]look.Campaign, error) {
	return get[[]look.Campaign](ctx, c, nil, "/campaigns")
}

// Campaign is one campaign.
func (c *Client) Campaign(ctx context.Context, name string) (look.Campaign, error) {
	return get[look.Campaign](ctx, c, nil, "/campaigns/%s", name)
}

// Board is a campaign on one page.
func (c *Client) Board(ctx context.Context, name string) (look.Board, error) {
	return get[look.Board](ctx, c, nil, "/campaigns/%s/board", name)
}

// Rounds with what came in time, late, or not.
func (c *Client) Rounds(ctx context.Context, campaign string) ([]look.Round, error) {
	return get[[]look.Round](ctx, c, nil, "/campaigns/%s/rounds", campaign)
}

// Completeness is how a round filled; with round empty, the one that matters now.
func (c *Client) Completeness(ctx context.Context, campaign, round string) (look.Completeness, error) {
	return get[look.Completeness](ctx, c, url.Values{"round": {round}}, "/campaigns/%s/completeness", campaign)
}

// Grid is where everybody stands in a round.
func (c *Client) Grid(ctx context.Context, campaign, round string) (look.Grid, error) {
	return get[look.Grid](ctx, c, url.Values{"round": {round}}, "/campaigns/%s/grid", campaign)
}

// Load is what the next days bring.
func (c *Client) Load(ctx context.Context, campaign string) (look.Load, error) {
	return get[look.Load](ctx, c, nil, "/campaigns/%s/load", campaign)
}

// Late are all who owe something past its deadline.
func (c *Client) Late(ctx context.Context, campaign string) ([]look.Late, error) {
	return get[[]look.Late](ctx, c, nil, "/campaigns/%s/late", campaign)
}

// Notices are every step that reached somebody.
func (c *Client) Notices(ctx context.Context, campaign string) ([]look.Notice, error) {
	return get[[]look.Notice](ctx, c, nil, "/campaigns/%s/notices", campaign)
}

// Messages are what was sent, or is to be.
func (c *Client) Messages(ctx context.Context, campaign string, f look.MessageFilter) ([]look.Message, error) {
	query := url.Values{}
	for name, value := range map[string]string{"unit": f.Unit, "round": f.Round, "step": f.Step, "state": f.State} {
		if value != "" {
			query.Set(name, value)
		}
	}
	for name, value := range map[string]int64{"id": f.ID, "below": f.Below} {
		if value != 0 {
			query.Set(name, strconv.FormatInt(value, 10))
		}
	}
	if f.Limit > 0 {
		query.Set("limit", strconv.Itoa(f.Limit))
	}
	return get[[]look.Message](ctx, c, query, "/campaigns/%s/messages", campaign)
}

// Letters are a campaign's letters.
func (c *Client) Letters(ctx context.Context, campaign string) ([]look.Letter, error) {
	return get[[]look.Letter](ctx, c, nil, "/campaigns/%s/letters", campaign)
}

// WriteLetter writes a letter as it would be printed, a page of HTML.
func (c *Client) WriteLetter(ctx context.Context, w io.Writer, campaign string, id int64) error {
	return c.download(ctx, w, "/campaigns/%s/letters/%s", campaign, id)
}

// Ambiguous lists attempts whose outcome nobody knows.
func (c *Client) Ambiguous(ctx context.Context, campaign string) ([]look.LooseAttempt, error) {
	return get[[]look.LooseAttempt](ctx, c, nil, "/campaigns/%s/ambiguous", campaign)
}

// Ranking is one that a review sealed; the latest with an empty review.
func (c *Client) Ranking(ctx context.Context, campaign, review string) (look.Ranking, error) {
	query := url.Values{}
	if review != "" {
		query.Set("review", review)
	}
	return get[look.Ranking](ctx, c, query, "/campaigns/%s/ranking", campaign)
}

// Why is what happened between a campaign and one unit.
func (c *Client) Why(ctx context.Context, campaign, unit string) (look.Why, error) {
	return get[look.Why](ctx, c, nil, "/campaigns/%s/units/%s", campaign, unit)
}

// Todo is what waits for one unit.
func (c *Client) Todo(ctx context.Context, unit string) ([]look.Todo, error) {
	return get[[]look.Todo](ctx, c, nil, "/units/%s/todo", unit)
}

// Objects are what was declared.
func (c *Client) Objects(ctx context.Context) ([]look.Object, error) {
	return get[[]look.Object](ctx, c, nil, "/objects")
}

// Roots are the roots of the days.
func (c *Client) Roots(ctx context.Context) ([]look.Root, error) {
	return get[[]look.Root](ctx, c, nil, "/roots")
}

// Status is the installation on one screen.
func (c *Client) Status(ctx context.Context) (*look.Status, error) {
	return get[*look.Status](ctx, c, nil, "/status")
}

// Clock is business time.
func (c *Client) Clock(ctx context.Context) (look.Clock, error) {
	return get[look.Clock](ctx, c, nil, "/clock")
}

// Units that take part, by code or name, and how many there are.
func (c *Client) Units(ctx context.Context, campaign, query string, limit int) ([]look.Unit, int64, error) {
	found, err := get[httpapi.Units](ctx, c, url.Values{"q": {query}, "limit": {strconv.Itoa(limit)}}, "/campaigns/%s/units", campaign)
	return found.Units, found.Total, err
}

// Changes is a text that differs whenever what is shown would.
func (c *Client) Changes(ctx context.Context) (string, error) {
	now, err := get[httpapi.Changed](ctx, c, nil, "/changes")
	return now.Mark, err
}

// WriteFile writes a file that came with a report of a unit.
func (c *Client) WriteFile(ctx context.Context, w io.Writer, campaign, unit, sha256 string) error {
	return c.download(ctx, w, "/campaigns/%s/units/%s/files/%s", campaign, unit, sha256)
}

// Verify is the server's word about its own records.
func (c *Client) Verify(ctx context.Context, of string, root *audit.Hash) (*verify.Verification, error) {
	query := url.Values{}
	if root != nil {
		query.Set("root", root.String())
	}
	return get[*verify.Verification](ctx, c, query, "/verify/%s", of)
}

// Bundle is what another machine can verify.
func (c *Client) Bundle(ctx context.Context) (*verify.Bundle, error) {
	// It is read from a file: it may be larger than memory likes, and unpacks in one go.
	f, err := os.CreateTemp("", "thidua-bundle-")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if err := c.download(ctx, f, "/bundle"); err != nil {
		return nil, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return verify.Read(f)
}

func (c *Client) download(ctx context.Context, w io.Writer, path string, parts ...any) error {
	response, err := c.do(ctx, call{method: http.MethodGet, path: at(path, parts...), query: c.then(nil)})
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(w, response.Body); err != nil {
		return &Unreachable{c.base, err}
	}
	return nil
}
