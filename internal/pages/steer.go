package pages

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/store"
)

func (a *App) addSteer(around func(http.Handler) http.Handler) {
	for pattern, serve := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /todo":                                      a.serveTodo,
		"GET /campaigns/{name}/steer":                    a.serveSteer,
		"POST /campaigns/{name}/steer":                   a.steer,
		"GET /campaigns/{name}/units/{code}/{round...}":  a.serveDesk,
		"POST /campaigns/{name}/units/{code}/{round...}": a.handleReport,
	} {
		a.handle(pattern, serve, around)
	}
}

// typed is a form as it was sent, and what is wrong with it.
type typed struct {
	act     string // which of the page's forms
	values  url.Values
	problem string
	request string // the act's id: a form that is sent twice is one act
}

// of is what was typed into a field of one of the page's forms.
func (t typed) of(act, field string) string {
	if t.act != act {
		return ""
	}
	return t.values.Get(field)
}

// wrong is what a form was refused for, beside that form.
func (t typed) wrong(act string) string {
	if t.act != act {
		return ""
	}
	return t.problem
}

// steering is the page from which the office steers a campaign.
type steering struct {
	typed
	look.Campaign
	rounds []look.Round
}

// past tells that the planned launch is on an earlier day.
func (s steering) past() bool {
	zone := s.Location()
	return calendar.DateOf(s.LaunchAt, zone).Before(calendar.DateOf(s.Now, zone))
}

// inState are the rounds in one of some states.
func (s steering) inState(states ...string) []look.Round {
	return slices.DeleteFunc(slices.Clone(s.rounds), func(r look.Round) bool { return !slices.Contains(states, r.State) })
}

func (a *App) steering(r *http.Request) (steering, error) {
	// Who may extend steers; each act is asked about again by the engine.
	reader, err := a.door.reader(r.Context(), auth.Extend, engine.Of{Campaign: r.PathValue("name")})
	if err != nil {
		return steering{}, err
	}
	s := steering{typed: typed{request: uuid.NewString()}}
	if s.Campaign, err = reader.Campaign(r.Context(), r.PathValue("name")); err != nil {
		return s, err
	}
	s.rounds, err = reader.Rounds(r.Context(), s.Name)
	return s, err
}

func (a *App) serveSteer(w http.ResponseWriter, r *http.Request) error {
	s, err := a.steering(r)
	if err != nil {
		return err
	}
	u := a.ui(r)
	return write(w, r, http.StatusOK, layout(u, u.t("steer.title"), "", steerPage(u, s)))
}

// steer carries out the act of one of the page's forms.
func (a *App) steer(w http.ResponseWriter, r *http.Request) error {
	values, err := a.smallForm(w, r)
	if err != nil {
		return err
	}
	actor, err := a.door.visitor(r.Context())
	if err != nil {
		return err
	}
	s, err := a.steering(r)
	if err != nil {
		return err
	}
	u := a.ui(r)
	err = a.steerBy(r, s.Campaign, formAct(actor, values), values)
	if s.problem, err = u.refusal(err); err != nil {
		return err
	}
	if s.problem == "" {
		onward(w, r, u.href(u.campaign(s.Name)))
		return nil
	}
	s.act, s.values = values.Get("act"), values
	return write(w, r, http.StatusUnprocessableEntity, layout(u, u.t("steer.title"), "", steerPage(u, s)))
}

// formAct is an act under the id that its form carries.
func formAct(actor auth.Actor, values url.Values) engine.Act {
	act := engine.By(actor, strings.TrimSpace(values.Get("reason")))
	if id, err := uuid.Parse(values.Get("request")); err == nil {
		act.RequestID = id
	}
	return act
}

func (a *App) steerBy(r *http.Request, c look.Campaign, act engine.Act, values url.Values) error {
	ctx, e := r.Context(), a.door.engine
	switch values.Get("act") {
	case "launch":
		return e.Launch(ctx, act, c.Name, engine.LaunchOptions{Backdate: values.Get("backdate") != ""})
	case "pause":
		return e.Pause(ctx, act, c.Name)
	case "resume":
		return e.Resume(ctx, act, c.Name, engine.Deadlines(values.Get("deadlines")))
	case "cancel":
		if strings.TrimSpace(values.Get("name")) != c.Name {
			return &engine.Refused{Code: "NameDiffers"}
		}
		return e.Cancel(ctx, act, c.Name)
	case "extend":
		to, err := moment(values, "to", c.Location())
		if err != nil {
			return err
		}
		_, err = e.Extend(ctx, act, c.Name, values.Get("round"), strings.TrimSpace(values.Get("unit")), to)
		return err
	case "request":
		due, err := moment(values, "due", c.Location())
		if err != nil {
			return err
		}
		q := engine.AdHoc{
			Name: strings.TrimSpace(values.Get("short")), Title: strings.TrimSpace(values.Get("title")), Due: due,
			Units: codesIn(values.Get("units")), Approval: v1.ApprovalUnitLeader,
		}
		if values.Get("approval") == "" {
			q.Approval = v1.ApprovalNone
		}
		_, err = e.Request(ctx, act, c.Name, q)
		return err
	case "consolidate":
		report := engine.Report{}
		if text := strings.TrimSpace(values.Get("text")); text != "" {
			report.Sections = map[v1.SectionName]string{engine.SectionConsolidation: text}
		}
		_, err := e.Consolidate(ctx, act, c.Name, values.Get("round"), c.Office.Code, report)
		return err
	case "decide":
		day, err := calendar.ParseDate(values.Get("dated"))
		if err != nil {
			return &engine.Refused{Code: "BadDate"}
		}
		return e.Decide(ctx, act, c.Name, engine.Decided{Number: strings.TrimSpace(values.Get("number")), Dated: day, SignedBy: strings.TrimSpace(values.Get("signedBy"))})
	}
	return &look.NotFound{Kind: "page"}
}

// moment is a day and a time of day of a form; without a time it is 17:00.
func moment(values url.Values, field string, zone *time.Location) (time.Time, error) {
	day, err := calendar.ParseDate(values.Get(field))
	if err != nil {
		return time.Time{}, &engine.Refused{Code: "BadDate"}
	}
	text := values.Get(field + "Time")
	if text == "" {
		return day.At(17, 0, zone), nil
	}
	at, err := time.Parse("15:04", text)
	if err != nil {
		return time.Time{}, &engine.Refused{Code: "BadDate"}
	}
	return day.At(at.Hour(), at.Minute(), zone), nil
}

// refusal is what a person is told about an act that was refused; other errors stay.
func (u ui) refusal(err error) (string, error) {
	var refused *engine.Refused
	var conflict *engine.Conflict
	var missing *engine.NotFound
	var often *tooMany
	switch {
	case errors.As(err, &often):
		return u.t(often.text), nil
	case errors.As(err, &refused) && refused.Code != "Forbidden":
		return u.refused(refused.Code, refused.Text), nil
	case errors.As(err, &conflict):
		return u.t("refused.Conflict"), nil
	case errors.As(err, &missing):
		return u.t("refused.missing", "{name}", missing.Name), nil
	case store.Unstorable(err):
		return u.t("unit.refused.unreadable"), nil
	}
	return "", err
}

// refusedStatus is that of a form which is shown again.
func refusedStatus(w http.ResponseWriter, err error) int {
	var often *tooMany
	if errors.As(err, &often) {
		often.retryAfter(w)
		return http.StatusTooManyRequests
	}
	return http.StatusUnprocessableEntity
}

// todoList is everything that waits for one unit.
type todoList struct {
	unit string
	all  []look.Todo
}

// serveTodo is what waits for whoever has logged in, in one list with dates.
func (a *App) serveTodo(w http.ResponseWriter, r *http.Request) error {
	actor, err := a.door.visitor(r.Context())
	if err != nil {
		return err
	}
	u, list := a.ui(r), todoList{unit: actor.Unit}
	if list.unit == "" {
		list.unit = r.URL.Query().Get("unit") // whoever reads everything says whose
	}
	if list.unit != "" {
		reader, err := a.door.read.For(r.Context(), actor, auth.SeeUnit, engine.Of{Campaign: actor.Campaign, Unit: list.unit})
		if err != nil {
			return err
		}
		var unknown *look.NotFound
		if list.all, err = reader.Todo(r.Context(), list.unit); err != nil && (!errors.As(err, &unknown) || list.unit != actor.Unit) {
			return err // who has no campaign yet has nothing to do
		}
		if actor.Campaign != "" {
			list.all = slices.DeleteFunc(list.all, func(t look.Todo) bool { return t.Campaign != actor.Campaign })
		}
	}
	return write(w, r, http.StatusOK, layout(u, u.t("todo.title"), "", todoPage(u, list)))
}

// where a thing to do is done.
func (u ui) where(t look.Todo) string {
	switch t.Kind {
	case "Letter":
		return u.href(u.campaign(t.Campaign, "/letters/", t.Subject))
	case "Consolidation", "Decision":
		return u.href(u.campaign(t.Campaign, "/steer"))
	case "Message":
		return u.href(u.campaign(t.Campaign, "/messages"), "message", t.Subject)
	case "Report", "Registration":
		return u.unitPath(t.Campaign, "/report/", t.Subject)
	}
	return u.href(u.campaign(t.Campaign))
}
