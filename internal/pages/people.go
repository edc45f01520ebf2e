package pages

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/letters"
	"thidua.dev/thidua/internal/look"
)

func (a *App) addPeople(around func(http.Handler) http.Handler) {
	for pattern, serve := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /people":       a.servePeople,
		"POST /people":      a.onPeople,
		"GET /people/{id}":  a.servePerson,
		"POST /people/{id}": a.onPerson,
	} {
		a.handle(pattern, serve, around)
	}
}

const (
	// peopleShown on one page; who looks for one of more asks for them.
	peopleShown = 100
	// roleLasts when no other end is chosen: people move on.
	roleLasts = 365 * 24 * time.Hour
)

// admission is what somebody may give to others.
type admission struct {
	roles     []auth.Role
	campaigns []look.Campaign
	bound     bool   // a campaign has to be said
	lastDay   string // that is proposed
}

func (a *App) admission(r *http.Request, actor auth.Actor) (admission, error) {
	ad := admission{
		roles:   auth.Roles,
		lastDay: time.Now().Add(roleLasts).In(machineZone(a.ui(r))).Format(time.DateOnly),
	}
	reader, err := a.door.read.For(r.Context(), actor, auth.See, engine.Of{Campaign: actor.Campaign})
	if err != nil {
		return ad, err
	}
	if ad.campaigns, err = reader.Campaigns(r.Context()); err != nil {
		return ad, err
	}
	if actor.Role == auth.Office { // as the guard says it
		ad.roles, ad.bound = []auth.Role{auth.FocalPoint, auth.Leader}, true
		ad.campaigns = slices.DeleteFunc(ad.campaigns, func(c look.Campaign) bool {
			return c.Office.Code != actor.Unit || actor.Campaign != "" && c.Name != actor.Campaign
		})
	}
	return ad, nil
}

// people is the page of all accounts that somebody may admit people to.
type people struct {
	typed
	admission
	found       []engine.Account
	total       int    // of all accounts
	query, unit string // what was looked for
	told        string // what the last act did
}

// shown are those on the page.
func (p people) shown() []engine.Account { return p.found[:min(len(p.found), peopleShown)] }

// people looks for accounts: by words that stay out of addresses, since they are names of
// people, or by the code of a unit.
func (a *App) people(r *http.Request, actor auth.Actor, query, unit string) (people, error) {
	all, err := a.door.engine.Accounts(r.Context(), actor)
	if err != nil {
		return people{}, err
	}
	p := people{typed: typed{request: uuid.NewString()}, total: len(all), query: strings.TrimSpace(query), unit: strings.TrimSpace(unit)}
	words := strings.Fields(letters.Plain(p.query))
	p.found = slices.DeleteFunc(all, func(c engine.Account) bool {
		about, there := []string{c.Name, c.Login}, p.unit == ""
		for _, role := range c.Roles {
			about = append(about, role.Unit)
			there = there || strings.EqualFold(role.Unit, p.unit)
		}
		text := letters.Plain(strings.Join(about, " "))
		return !there || slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
	})
	p.admission, err = a.admission(r, actor)
	return p, err
}

func (a *App) servePeople(w http.ResponseWriter, r *http.Request) error {
	actor, err := a.door.visitor(r.Context())
	if err != nil {
		return err
	}
	p, err := a.people(r, actor, "", r.URL.Query().Get("unit"))
	if err != nil {
		return err
	}
	p.told = a.door.sessions.PopString(r.Context(), toldKey)
	return a.writePeople(w, r, http.StatusOK, p)
}

func (a *App) writePeople(w http.ResponseWriter, r *http.Request, status int, p people) error {
	u := a.ui(r)
	return write(w, r, status, layout(u, u.t("people.title"), "", peoplePage(u, p)))
}

// onPeople looks for somebody, or admits them.
func (a *App) onPeople(w http.ResponseWriter, r *http.Request) error {
	values, err := a.smallForm(w, r)
	if err != nil {
		return err
	}
	actor, err := a.door.visitor(r.Context())
	if err != nil {
		return err
	}
	p, err := a.people(r, actor, values.Get("q"), "")
	if err != nil {
		return err
	}
	u, act, login := a.ui(r), formAct(actor, values), strings.TrimSpace(values.Get("login"))
	var account engine.Account
	var secret string
	switch values.Get("act") {
	case "search":
		return a.writePeople(w, r, http.StatusOK, p)
	case "admit":
		var g engine.Grant
		if g, err = p.grant(u, values); err == nil {
			account, secret, err = a.door.engine.CreateAccount(r.Context(), act, login, g)
		}
	case "give":
		var g engine.Grant
		if g, err = p.grant(u, values); err == nil {
			account, err = a.door.engine.GiveRole(r.Context(), act, login, g)
		}
	default:
		return &look.NotFound{Kind: "page"}
	}
	if p.problem, err = u.refusal(err); err != nil {
		return err
	}
	switch {
	case p.problem != "":
		p.act, p.values = values.Get("act"), values
		return a.writePeople(w, r, http.StatusUnprocessableEntity, p)
	case secret != "":
		return a.handOver(w, r, account, secret)
	}
	a.door.sessions.Put(r.Context(), toldKey, u.t("people.done.give"))
	onward(w, r, u.href(personPath(account.ID)))
	return nil
}

// grant is a role as a form describes it; its last day is included.
func (ad admission) grant(u ui, values url.Values) (engine.Grant, error) {
	text := func(name string) string { return strings.TrimSpace(values.Get(name)) }
	g := engine.Grant{Name: text("name"), Role: auth.Role(text("role")), Unit: text("unit"), Line: auth.Line(text("line")), Campaign: text("campaign")}
	if ad.bound && g.Campaign == "" {
		return g, &engine.Refused{Code: "CampaignMissing"}
	}
	day, err := calendar.ParseDate(text("until"))
	if err != nil {
		return g, &engine.Refused{Code: "ExpiryMissing"}
	}
	g.ExpiresAt = day.AddDays(1).At(0, 0, machineZone(u))
	return g, nil
}

// invited is an account with the address at which its person sets a password.
type invited struct {
	engine.Account
	address string
	until   time.Time
}

// handOver shows the address of an invitation. It is the answer to the form itself: an
// address that is told once is kept nowhere, in no session either.
func (a *App) handOver(w http.ResponseWriter, r *http.Request, account engine.Account, secret string) error {
	u := a.ui(r)
	i := invited{Account: account, address: a.outside(r) + "/invite/" + secret, until: time.Now().Add(engine.InvitationLife).In(machineZone(u))}
	return write(w, r, http.StatusOK, layout(u, u.t("people.invited"), "", invitedPage(u, i)))
}

// outside is where the pages are reached: as the operator has said it, or else as whoever
// asks has come.
func (a *App) outside(r *http.Request) string {
	if a.o.BaseURL != "" {
		return strings.TrimRight(a.o.BaseURL, "/")
	}
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	return scheme + r.Host
}

func personPath(id int64) string { return "/people/" + itoa(id) }

// person is the page of one account. Its address has a number and no name.
type person struct {
	typed
	admission
	engine.Person
	own  bool   // it is that of whoever looks
	told string // what the last act did
}

// ends tells that a role may be ended here.
func (p person) ends(r engine.Role) bool { return slices.Contains(p.Ends, r.ID) }

// ending are the roles that may be ended here.
func (p person) ending() []engine.Role {
	return slices.DeleteFunc(slices.Clone(p.Roles), func(r engine.Role) bool { return !p.ends(r) })
}

func (a *App) person(r *http.Request, actor auth.Actor) (person, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return person{}, &look.NotFound{Kind: "account", Name: r.PathValue("id")}
	}
	p := person{typed: typed{request: uuid.NewString()}, own: actor.Account == id}
	if p.Person, err = a.door.engine.Person(r.Context(), actor, id); err != nil {
		return p, err
	}
	p.admission, err = a.admission(r, actor)
	return p, err
}

func (a *App) servePerson(w http.ResponseWriter, r *http.Request) error {
	actor, err := a.door.visitor(r.Context())
	if err != nil {
		return err
	}
	p, err := a.person(r, actor)
	if err != nil {
		return err
	}
	p.told = a.door.sessions.PopString(r.Context(), toldKey)
	return a.writePerson(w, r, http.StatusOK, p)
}

func (a *App) writePerson(w http.ResponseWriter, r *http.Request, status int, p person) error {
	u := a.ui(r)
	return write(w, r, status, layout(u, u.t("people.title"), "", personPage(u, p)))
}

// onPerson carries out the act of one of the page's forms.
func (a *App) onPerson(w http.ResponseWriter, r *http.Request) error {
	values, err := a.smallForm(w, r)
	if err != nil {
		return err
	}
	actor, err := a.door.visitor(r.Context())
	if err != nil {
		return err
	}
	p, err := a.person(r, actor)
	if err != nil {
		return err
	}
	u := a.ui(r)
	secret, err := a.changeBy(r, u, p, formAct(actor, values), values)
	if p.problem, err = u.refusal(err); err != nil {
		return err
	}
	switch {
	case p.problem != "":
		p.act, p.values = values.Get("act"), values
		return a.writePerson(w, r, http.StatusUnprocessableEntity, p)
	case secret != "":
		return a.handOver(w, r, p.Account, secret)
	}
	a.door.sessions.Put(r.Context(), toldKey, u.t("people.done."+values.Get("act")))
	// An office that has ended the last role in its campaigns has nothing to see here any more.
	to := personPath(p.ID)
	if _, err := a.door.engine.Person(r.Context(), actor, p.ID); err != nil {
		to = "/people"
	}
	onward(w, r, u.href(to))
	return nil
}

func (a *App) changeBy(r *http.Request, u ui, p person, act engine.Act, values url.Values) (secret string, err error) {
	ctx, e := r.Context(), a.door.engine
	switch values.Get("act") {
	case "give":
		g, err := p.grant(u, values)
		if err == nil {
			_, err = e.GiveRole(ctx, act, p.Login, g)
		}
		return "", err
	case "revoke":
		id, err := strconv.ParseInt(values.Get("role"), 10, 64)
		if err != nil || !slices.ContainsFunc(p.Roles, func(r engine.Role) bool { return r.ID == id }) {
			return "", &engine.Refused{Code: "RoleOver"}
		}
		return "", e.RevokeRole(ctx, act, id)
	case "invite":
		_, secret, err := e.Invite(ctx, act, p.Login)
		return secret, err
	case "disable", "enable":
		_, err := e.DisableAccount(ctx, act, p.Login, values.Get("act") == "disable")
		return "", err
	case "resetFactor":
		_, err := e.ResetSecondFactor(ctx, act, p.Login)
		return "", err
	case "signOut":
		_, err := e.SignOut(ctx, act, p.Login)
		return "", err
	}
	return "", &look.NotFound{Kind: "page"}
}

// accountState is how an account stands, as a word of the catalogue. A lock of wrong tries ends by
// itself, by the machine's clock.
func accountState(c engine.Account) string {
	switch {
	case c.DisabledAt != nil:
		return "Disabled"
	case c.LockedUntil != nil && time.Now().Before(*c.LockedUntil):
		return "Locked"
	case !c.Password && c.SignOn == "":
		return "Invited"
	case len(c.Roles) == 0:
		return "NoRole"
	}
	return "Active"
}

// machineMoment is an instant of an account, which belongs to no campaign.
func (u ui) machineMoment(t time.Time) string { return u.moment(t.In(machineZone(u))) }
