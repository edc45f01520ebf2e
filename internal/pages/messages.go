package pages

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
)

func (a *App) addMessages(around func(http.Handler) http.Handler) {
	a.handle("GET /campaigns/{name}/messages", a.serveMessages, around)
	a.handle("POST /campaigns/{name}/messages", a.onMessages, around)
}

// messagesShown on one page.
const messagesShown = 100

// mailing is the page of a campaign's messages.
type mailing struct {
	typed
	look.Mailing
	filter look.MessageFilter
	told   string // what the last act did
}

// messageStates in the order in which a message may go through them.
var messageStates = []string{"Pending", "Held", "NotConfigured", "Claimed", "Sent", "Parked", "Ambiguous", "Superseded", "Expired", "Cancelled"}

// filterOf an address. What it says in vain finds nothing.
func filterOf(q url.Values) look.MessageFilter {
	number := func(name string) int64 {
		n, _ := strconv.ParseInt(q.Get(name), 10, 64) // no number is no filter
		return max(n, 0)
	}
	return look.MessageFilter{
		ID: number("message"), Below: number("below"), Unit: strings.TrimSpace(q.Get("unit")), Round: q.Get("round"), Step: q.Get("step"), State: q.Get("state"),
		Limit: messagesShown,
	}
}

func (a *App) mailing(r *http.Request) (mailing, error) {
	reader, err := a.campaignReader(r)
	if err != nil {
		return mailing{}, err
	}
	m := mailing{typed: typed{request: uuid.NewString()}, filter: filterOf(r.URL.Query())}
	m.Mailing, err = reader.Mailing(r.Context(), r.PathValue("name"), m.filter)
	if err == nil && m.filter.ID != 0 && len(m.Messages) == 0 {
		err = &look.NotFound{Kind: "message", Name: strconv.FormatInt(m.filter.ID, 10)}
	}
	return m, err
}

func (a *App) serveMessages(w http.ResponseWriter, r *http.Request) error {
	m, err := a.mailing(r)
	if err != nil {
		return err
	}
	u := a.ui(r)
	m.told = a.door.sessions.PopString(r.Context(), toldKey)
	return write(w, r, http.StatusOK, layout(u, u.t("messages.title"), "", messagesPage(u, m)))
}

// toldKey is where a session keeps what an act did, until the page that follows tells it.
const toldKey = "told"

// onMessages carries out the act of one of the page's forms.
func (a *App) onMessages(w http.ResponseWriter, r *http.Request) error {
	values, err := a.smallForm(w, r)
	if err != nil {
		return err
	}
	actor, err := a.door.visitor(r.Context())
	if err != nil {
		return err
	}
	// Who may extend steers; each act is asked about again by the engine.
	if _, err := a.door.reader(r.Context(), auth.Extend, engine.Of{Campaign: r.PathValue("name")}); err != nil {
		return err
	}
	m, err := a.mailing(r)
	if err != nil {
		return err
	}
	u := a.ui(r)
	told, err := a.mailBy(r, u, m.Campaign.Name, formAct(actor, values), values)
	if m.problem, err = u.refusal(err); err != nil {
		return err
	}
	if m.problem == "" {
		a.door.sessions.Put(r.Context(), toldKey, told)
		onward(w, r, u.messages(m.Campaign.Name, m.filter, "state", "", "below", ""))
		return nil
	}
	m.act, m.values = values.Get("act"), values
	return write(w, r, http.StatusUnprocessableEntity, layout(u, u.t("messages.title"), "", messagesPage(u, m)))
}

// mailBy acts on what a form chose, and says what that did.
func (a *App) mailBy(r *http.Request, u ui, campaign string, act engine.Act, values url.Values) (string, error) {
	ctx, e := r.Context(), a.door.engine
	f := filterOf(values)
	choice := engine.Choice{ID: f.ID, Round: f.Round, Step: f.Step, Unit: f.Unit, All: values.Get("all") != ""}
	n := func(n int) string { return u.n(int64(n)) }
	switch values.Get("act") {
	case "hold":
		did, err := e.HoldMessages(ctx, act, campaign, choice)
		return u.t("messages.done.hold", "{n}", n(did.Held)) + u.counted("messages.underWay.hold", did.UnderWay), err
	case "release":
		did, err := e.ReleaseMessages(ctx, act, campaign, choice)
		return u.t("messages.done.release", "{n}", n(did.Released)), err
	case "cancelMessages":
		did, err := e.CancelMessages(ctx, act, campaign, choice)
		return u.t("messages.done.cancel", "{n}", n(did.Cancelled)) + u.counted("messages.underWay.cancel", did.UnderWay), err
	case "resend":
		did, err := e.ResendMessages(ctx, act, campaign, choice)
		told := []string{u.t("messages.done.resend", "{n}", n(did.Resent))}
		for _, reason := range slices.Sorted(maps.Keys(did.Skipped)) {
			told = append(told, u.t("messages.skipped", "{n}", n(did.Skipped[reason]), "{why}", u.word("reason", reason)))
		}
		return strings.Join(told, " "), err
	}
	return "", &look.NotFound{Kind: "page"}
}

// counted is a sentence about some, where there are some.
func (u ui) counted(key string, n int) string {
	if n == 0 {
		return ""
	}
	return " " + u.t(key, "{n}", u.n(int64(n)))
}

// messages is the address of the page under a filter, with some of it otherwise.
func (u ui) messages(campaign string, f look.MessageFilter, other ...string) string {
	number := func(n int64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	pairs := []string{"message", number(f.ID), "state", f.State, "round", f.Round, "step", f.Step, "unit", f.Unit, "below", number(f.Below)}
	for i := 0; i+1 < len(other); i += 2 {
		if at := slices.Index(pairs, other[i]); at >= 0 {
			pairs[at+1] = other[i+1]
		}
	}
	return u.href(u.campaign(campaign, "/messages"), pairs...)
}

// count of what the filter's acts touch, in some states; none are all.
func (m mailing) count(states ...string) (n int64) {
	for _, c := range m.States {
		if (m.filter.Round == "" || c.Round == m.filter.Round) && (m.filter.Step == "" || c.Step == m.filter.Step) &&
			(len(states) == 0 || slices.Contains(states, c.State)) {
			n += c.N
		}
	}
	return n
}

// matching counts what the filter leaves.
func (m mailing) matching() int64 {
	if m.filter.State != "" {
		return m.count(m.filter.State)
	}
	return m.count()
}

// steers tells that something can be done about the messages at all.
func (m mailing) steers(u ui) bool {
	return u.steers && (m.Campaign.State == "Launched" || m.Campaign.State == "Paused")
}

// mayCancel counts what a cancellation ends. A message that was named may also have come
// to nothing.
func (m mailing) mayCancel() int64 {
	if m.filter.ID != 0 {
		return m.count("Pending", "Held", "NotConfigured", "Parked", "Ambiguous")
	}
	return m.count("Pending", "Held", "NotConfigured")
}

// mayResend counts what a resend puts back, if it is still to be said.
func (m mailing) mayResend() int64 {
	if m.filter.ID != 0 {
		return m.count("Parked", "Ambiguous")
	}
	return m.count("Parked")
}

// all tells that the filter leaves no message of the campaign out.
func (m mailing) all() bool {
	f := m.filter
	return f.ID == 0 && f.Round == "" && f.Step == "" && f.Unit == ""
}

// front tells that nothing was asked for: it is the page as one comes to it.
func (m mailing) front() bool { return m.all() && m.filter.State == "" && m.filter.Below == 0 }

// steps that messages came from, in the order of the ladder as far as it shows.
func (m mailing) steps() []string {
	var steps []string
	for _, c := range m.States {
		if !slices.Contains(steps, c.Step) {
			steps = append(steps, c.Step)
		}
	}
	return steps
}

// written are the rounds that messages belong to.
func (m mailing) written() []look.Round {
	return slices.DeleteFunc(slices.Clone(m.Rounds), func(r look.Round) bool {
		return !slices.ContainsFunc(m.States, func(c look.MessageCount) bool { return c.Round == r.Name })
	})
}

// roundTitle is what a round is called.
func (m mailing) roundTitle(name string) v1.Text {
	for _, r := range m.Rounds {
		if r.Name == name {
			return r.Title
		}
	}
	return v1.Text{VI: name, EN: name}
}

// scope says in words what the page's forms are about.
func (m mailing) scope(u ui) string {
	f := m.filter
	if f.ID != 0 {
		return u.t("messages.scope.one", "{no}", strconv.FormatInt(f.ID, 10))
	}
	var parts []string
	if f.Round != "" {
		parts = append(parts, u.text(m.roundTitle(f.Round)))
	}
	if f.Step != "" {
		parts = append(parts, u.t("messages.scope.step", "{step}", u.word("step", f.Step)))
	}
	if f.Unit != "" {
		parts = append(parts, u.t("messages.scope.unit", "{unit}", f.Unit))
	}
	return cmp.Or(strings.Join(parts, ", "), u.t("messages.scope.all"))
}

// messageWhen says when a message went, or is to go.
func messageWhen(u ui, m look.Message) string {
	switch {
	case m.SentAt != nil:
		return u.t("messages.sent", "{at}", u.moment(*m.SentAt))
	case m.HeldAt != nil:
		return u.t("messages.held", "{at}", u.moment(*m.HeldAt))
	}
	return u.t("messages.due", "{at}", u.moment(m.NotBefore))
}

// aboutOne tells that a message is about the unit that it goes to.
func aboutOne(m look.Message) bool {
	return !m.List && (m.Role == "FocalPoint" || m.Role == "Leader")
}
