package client

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/httpapi"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/manifest"
)

// The actor of an act is the token's, whatever the act says.

// instant as acts send it.
func instant(t time.Time) string { return t.Format(time.RFC3339Nano) }

func because(act engine.Act) httpapi.Because { return httpapi.Because{Reason: act.Reason} }

// Launch starts a declared campaign.
func (c *Client) Launch(ctx context.Context, act engine.Act, campaign string, o engine.LaunchOptions) error {
	return c.post(ctx, act, httpapi.Launching{Because: because(act), Backdate: o.Backdate}, "/campaigns/%s/launch", campaign)
}

// Pause holds everything that is pending.
func (c *Client) Pause(ctx context.Context, act engine.Act, campaign string) error {
	return c.post(ctx, act, because(act), "/campaigns/%s/pause", campaign)
}

// Resume ends a pause.
func (c *Client) Resume(ctx context.Context, act engine.Act, campaign string, d engine.Deadlines) error {
	return c.post(ctx, act, httpapi.Resuming{Because: because(act), Deadlines: string(d)}, "/campaigns/%s/resume", campaign)
}

// Extend moves a deadline to a later day, of one unit or with an empty one of all.
func (c *Client) Extend(ctx context.Context, act engine.Act, campaign, round, unit string, to time.Time) (engine.Extended, error) {
	body := httpapi.Extending{Because: because(act), Round: round, Unit: unit, To: instant(to)}
	return post[engine.Extended](ctx, c, act, body, "/campaigns/%s/extend", campaign)
}

// Request asks for a report outside the plan.
func (c *Client) Request(ctx context.Context, act engine.Act, campaign string, q engine.AdHoc) (engine.Requested, error) {
	body := httpapi.Asked{Because: because(act), Name: q.Name, Title: q.Title, Due: instant(q.Due), Units: q.Units, Approval: string(q.Approval)}
	for _, s := range q.Sections {
		section := httpapi.AskSection{Name: string(s.Name), Required: s.Required}
		if s.Title != nil {
			section.Title = s.Title.VI
		}
		body.Sections = append(body.Sections, section)
	}
	return post[engine.Requested](ctx, c, act, body, "/campaigns/%s/request", campaign)
}

// Cancel ends a campaign for good.
func (c *Client) Cancel(ctx context.Context, act engine.Act, campaign string) error {
	return c.post(ctx, act, because(act), "/campaigns/%s/cancel", campaign)
}

// HoldMessages keeps messages that wait from being sent.
func (c *Client) HoldMessages(ctx context.Context, act engine.Act, campaign string, choice engine.Choice) (engine.Held, error) {
	return post[engine.Held](ctx, c, act, choosing(act, choice), "/campaigns/%s/messages/hold", campaign)
}

// ReleaseMessages lets held messages go.
func (c *Client) ReleaseMessages(ctx context.Context, act engine.Act, campaign string, choice engine.Choice) (engine.Released, error) {
	return post[engine.Released](ctx, c, act, choosing(act, choice), "/campaigns/%s/messages/release", campaign)
}

// CancelMessages ends messages that wait.
func (c *Client) CancelMessages(ctx context.Context, act engine.Act, campaign string, choice engine.Choice) (engine.CancelledMessages, error) {
	return post[engine.CancelledMessages](ctx, c, act, choosing(act, choice), "/campaigns/%s/messages/cancel", campaign)
}

// ResendMessages sends those again that came to nothing.
func (c *Client) ResendMessages(ctx context.Context, act engine.Act, campaign string, choice engine.Choice) (engine.Resent, error) {
	return post[engine.Resent](ctx, c, act, choosing(act, choice), "/campaigns/%s/messages/resend", campaign)
}

func choosing(act engine.Act, choice engine.Choice) httpapi.Choosing {
	return httpapi.Choosing{Because: because(act), Message: choice.ID, Round: choice.Round, Step: choice.Step, Unit: choice.Unit, All: choice.All}
}

// Decide records the award decision.
func (c *Client) Decide(ctx context.Context, act engine.Act, campaign string, d engine.Decided) error {
	body := httpapi.Deciding{Because: because(act), Number: d.Number, Dated: d.Dated.String(), SignedBy: d.SignedBy}
	return c.post(ctx, act, body, "/campaigns/%s/decide", campaign)
}

// Submit hands in a report.
func (c *Client) Submit(ctx context.Context, act engine.Act, campaign, round, unit string, r engine.Report) (engine.Receipt, error) {
	return post[engine.Receipt](ctx, c, act, report(round, r), unitPath+"submit", campaign, unit)
}

const unitPath = "/campaigns/%s/units/%s/"

func report(round string, r engine.Report) httpapi.Report {
	body := httpapi.Report{Round: round, HardTasks: r.HardTasks, Files: attached(r.Files)}
	if r.Sections != nil {
		body.Sections = make(map[string]string, len(r.Sections))
		for name, text := range r.Sections {
			body.Sections[string(name)] = text
		}
	}
	if r.Figures != nil {
		body.Figures = make(map[string]string, len(r.Figures))
		for name, value := range r.Figures {
			body.Figures[string(name)] = value
		}
	}
	return body
}

func attached(files []engine.File) []httpapi.Attached {
	var out []httpapi.Attached
	for _, f := range files {
		out = append(out, httpapi.Attached{Name: f.Name, SHA256: f.SHA256})
	}
	return out
}

// SaveDraft keeps what is written so far.
func (c *Client) SaveDraft(ctx context.Context, act engine.Act, campaign, round, unit string, r engine.Report) (saved time.Time, err error) {
	form, err := post[look.Form](ctx, c, act, report(round, r), unitPath+"draft", campaign, unit)
	if err != nil {
		return saved, err
	}
	if form.DraftSavedAt == nil {
		return saved, fmt.Errorf("the draft of %s for %s is gone already: it was handed up meanwhile", unit, round)
	}
	return *form.DraftSavedAt, nil
}

// Record takes in a report that did not come through the system.
func (c *Client) Record(ctx context.Context, act engine.Act, campaign, round, unit string, r engine.Report, a engine.Arrival) (engine.Receipt, error) {
	body := httpapi.Recorded{
		Because: because(act), Report: report(round, r), Source: string(a.Source), DocumentNumber: a.DocumentNumber, ReceivedAt: instant(a.ReceivedAt),
	}
	if !a.DocumentDate.IsZero() {
		body.DocumentDate = a.DocumentDate.String()
	}
	return post[engine.Receipt](ctx, c, act, body, unitPath+"record", campaign, unit)
}

// Approve is the leader's word.
func (c *Client) Approve(ctx context.Context, act engine.Act, campaign, round, unit string) (engine.Receipt, error) {
	return post[engine.Receipt](ctx, c, act, httpapi.OfRound{Because: because(act), Round: round}, unitPath+"approve", campaign, unit)
}

// HandBack gives a draft back to the focal point.
func (c *Client) HandBack(ctx context.Context, act engine.Act, campaign, round, unit string) error {
	return c.post(ctx, act, httpapi.Returning{OfRound: httpapi.OfRound{Because: because(act), Round: round}}, unitPath+"return", campaign, unit)
}

// Return gives a report that was received back, with a new deadline.
func (c *Client) Return(ctx context.Context, act engine.Act, campaign, round, unit string, to time.Time) error {
	body := httpapi.Returning{OfRound: httpapi.OfRound{Because: because(act), Round: round}, To: instant(to)}
	return c.post(ctx, act, body, unitPath+"return", campaign, unit)
}

// Reopen lets a report that never came still come.
func (c *Client) Reopen(ctx context.Context, act engine.Act, campaign, round, unit string, to time.Time) error {
	body := httpapi.Reopening{OfRound: httpapi.OfRound{Because: because(act), Round: round}, To: instant(to)}
	return c.post(ctx, act, body, unitPath+"reopen", campaign, unit)
}

// Consolidate records that a body has put the reports of a round together.
func (c *Client) Consolidate(ctx context.Context, act engine.Act, campaign, round, body string, r engine.Report) (engine.Consolidated, error) {
	summary := httpapi.Summary{
		OfRound: httpapi.OfRound{Because: because(act), Round: round}, Text: r.Sections[engine.SectionConsolidation], Files: attached(r.Files),
	}
	return post[engine.Consolidated](ctx, c, act, summary, unitPath+"consolidate", campaign, body)
}

// Keep sends a file that a report will refer to.
func (c *Client) Keep(ctx context.Context, name string, bytes io.Reader) (engine.File, error) {
	var kept httpapi.KeptFile
	err := c.json(ctx, call{
		method: http.MethodPost, path: "/files", query: url.Values{"name": {name}}, act: engine.By(auth.Actor{}, ""),
		raw: bytes, mediaType: "application/octet-stream",
	}, &kept)
	return engine.File{Name: name, SHA256: kept.SHA256, Size: kept.Size, MediaType: kept.MediaType}, err
}

// Rebuild wakes every open procedure.
func (c *Client) Rebuild(ctx context.Context, act engine.Act) (int64, error) {
	woken, err := post[httpapi.Woken](ctx, c, act, because(act), "/rebuild")
	return woken.Woken, err
}

// IssueToken makes a token; its secret is told once.
func (c *Client) IssueToken(ctx context.Context, act engine.Act, g engine.Grant) (engine.Token, string, error) {
	body := httpapi.Grant{
		Because: because(act), Name: g.Name, Role: string(g.Role), Unit: g.Unit, Line: string(g.Line), Campaign: g.Campaign,
		NotBefore: g.NotBefore, ExpiresAt: g.ExpiresAt,
	}
	issued, err := post[httpapi.Issued](ctx, c, act, body, "/tokens")
	return issued.Token, issued.Secret, err
}

// Tokens are all tokens, or those of a unit. Who asks is the token.
func (c *Client) Tokens(ctx context.Context, _ auth.Actor, unit string) ([]engine.Token, error) {
	query := url.Values{}
	if unit != "" {
		query.Set("unit", unit)
	}
	return get[[]engine.Token](ctx, c, query, "/tokens")
}

// RevokeToken ends a token at once.
func (c *Client) RevokeToken(ctx context.Context, act engine.Act, id int64) (engine.Token, error) {
	return post[engine.Token](ctx, c, act, because(act), "/tokens/%s/revoke", id)
}

// RevokeLinks makes every link that was sent to a unit worthless.
func (c *Client) RevokeLinks(ctx context.Context, act engine.Act, unit string) (int, error) {
	v, err := post[httpapi.Version](ctx, c, act, because(act), "/units/%s/links/revoke", unit)
	return v.Version, err
}

// RotateLinkKey makes every link of the installation worthless.
func (c *Client) RotateLinkKey(ctx context.Context, act engine.Act) (int, error) {
	v, err := post[httpapi.Version](ctx, c, act, because(act), "/links/revoke")
	return v.Version, err
}

// Apply declares objects, all or none, and then loads contacts, all or none: the two
// are one transaction only where the facts are at hand.
func (c *Client) Apply(ctx context.Context, act engine.Act, set *manifest.Set, dryRun bool) (applied []engine.Applied, err error) {
	query := url.Values{"dryRun": {strconv.FormatBool(dryRun)}}
	if len(set.Objects()) > 0 {
		body, err := manifests(set)
		if err != nil {
			return nil, err
		}
		declare := url.Values{"dryRun": query["dryRun"], "reason": {act.Reason}, "planHash": {act.PlanHash}}
		var out []httpapi.Applied
		err = c.json(ctx, call{method: http.MethodPost, path: "/apply", query: declare, act: act, raw: body, mediaType: "application/yaml"}, &out)
		if err != nil {
			return nil, err
		}
		applied = toApplied(out)
	}
	if len(set.Contacts) == 0 || dryRun && len(applied) > 0 { // new units are not there yet
		return applied, nil
	}
	// An act of its own, and the same one when the whole is repeated.
	act.RequestID = uuid.NewSHA1(act.RequestID, []byte("contacts"))
	body := struct {
		httpapi.Because
		Contacts []httpapi.Contact `json:"contacts"`
	}{Because: because(act)}
	for _, o := range set.Contacts {
		body.Contacts = append(body.Contacts, httpapi.Contact{Unit: string(o.Unit), Role: string(o.Role), Name: o.Name, Email: o.Email})
	}
	err = c.json(ctx, call{method: http.MethodPost, path: "/contacts", query: query, act: act, body: body}, nil)
	if err != nil && len(applied) > 0 {
		return applied, fmt.Errorf("the objects are declared, the contacts are not: %w", err)
	}
	return applied, err
}

// manifests of a set's objects, as a file would hold them.
func manifests(set *manifest.Set) (io.Reader, error) {
	var all bytes.Buffer
	for _, o := range set.Objects() {
		b, err := manifest.Encode(o)
		if err != nil {
			return nil, err
		}
		all.WriteString("---\n")
		all.Write(b)
	}
	return &all, nil
}

func toApplied(all []httpapi.Applied) (applied []engine.Applied) {
	for _, o := range all {
		a := engine.Applied{Kind: o.Kind, Name: o.Name, Result: o.Result, Generation: o.Generation, PlanHash: o.PlanHash}
		for _, change := range o.Changes {
			a.Changes = append(a.Changes, manifest.Change(change))
		}
		applied = append(applied, a)
	}
	return applied
}

// Diff is what Apply would change. Who asks is the token.
func (c *Client) Diff(ctx context.Context, _ auth.Actor, set *manifest.Set) (engine.Difference, error) {
	body, err := manifests(set)
	if err != nil {
		return engine.Difference{}, err
	}
	var d httpapi.Differences
	err = c.json(ctx, call{method: http.MethodPost, path: "/diff", raw: body, mediaType: "application/yaml"}, &d)
	return engine.Difference{Objects: toApplied(d.Objects), Plans: d.Plans}, err
}
