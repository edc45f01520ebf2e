package pages

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/notify"
	"thidua.dev/thidua/internal/store"
)

// maxForm is what a report may hold, as the API has it.
const maxForm = 1 << 20

func (a *App) addUnits(around func(http.Handler) http.Handler) {
	for pattern, serve := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET " + notify.LinkPath + "{link}":         a.serveLink,
		"POST " + notify.LinkPath + "{link}":        a.exchangeLink,
		"GET /unit":                                 a.serveUnit,
		"GET /unit/{campaign}":                      a.serveUnitIn,
		"GET /unit/{campaign}/report/{round...}":    a.serveForm,
		"POST /unit/{campaign}/report/{round...}":   a.submitForm,
		"POST /unit/{campaign}/approve/{round...}":  a.approve,
		"POST /unit/{campaign}/handback/{round...}": a.handBack,
		"POST /unit/leave":                          a.leave,
	} {
		a.handle(pattern, serve, around)
	}
}

// stranger is the code of somebody whose link or session does not count; empty for
// every other error.
func stranger(err error) string {
	var u *engine.Unauthenticated
	var refused *engine.Refused
	switch {
	case errors.As(err, &u):
		return u.Code
	case errors.As(err, &refused) && refused.Code == "Forbidden":
		return refused.Code
	}
	return ""
}

// serveLink says what a link is for. It changes nothing: programs that look through
// mails follow links, and one that they have seen must still work. The address is a
// secret, and the pages' own policy keeps it from other sites; a stricter one would
// take the form's origin away, by which we know it as ours.
func (a *App) serveLink(w http.ResponseWriter, r *http.Request) error {
	l, actor, err := a.door.engine.OpenLink(r.Context(), r.PathValue("link"))
	if err != nil {
		return err
	}
	why, err := a.door.why(r.Context(), actor, actor.Campaign)
	if err != nil {
		return err
	}
	u := a.ui(r)
	return write(w, r, http.StatusOK, layout(u, why.Unit.Name, "", linkPage(u, why, string(l.Role))))
}

// exchangeLink makes a session of a link, and goes on to an address without it.
func (a *App) exchangeLink(w http.ResponseWriter, r *http.Request) error {
	l, _, err := a.door.engine.OpenLink(r.Context(), r.PathValue("link"))
	if err != nil {
		return err
	}
	if err := a.door.open(r.Context(), linkKey, l); err != nil {
		return err
	}
	onward(w, r, a.ui(r).href("/unit"))
	return nil
}

// onward goes to one of our own pages, by GET.
func onward(w http.ResponseWriter, r *http.Request, page string) {
	http.Redirect(w, r, page, http.StatusSeeOther) //nolint:gosec // href begins it with a path of ours
}

func (a *App) leave(w http.ResponseWriter, r *http.Request) error {
	if err := a.door.sessions.Destroy(r.Context()); err != nil {
		return err
	}
	onward(w, r, a.ui(r).href("/"))
	return nil
}

func (d *door) why(ctx context.Context, actor auth.Actor, campaign string) (look.Why, error) {
	r, err := d.read.For(ctx, actor, auth.SeeUnit, engine.Of{Campaign: campaign, Unit: actor.Unit})
	if err != nil {
		return look.Why{}, err
	}
	w, err := r.Why(ctx, campaign, actor.Unit)
	return w.ForUnit(), err
}

// unitActor is who speaks for a unit: what others read of units, they read elsewhere.
func (d *door) unitActor(ctx context.Context) (auth.Actor, error) {
	actor, err := d.visitor(ctx)
	if err == nil && actor.Role != auth.FocalPoint && actor.Role != auth.Leader {
		err = &engine.Refused{Code: "Forbidden", Text: fmt.Sprintf("%s speaks for no unit", actor)}
	}
	return actor, err
}

// serveUnit is where a unit begins: at its campaign, or at the list of them.
func (a *App) serveUnit(w http.ResponseWriter, r *http.Request) error {
	actor, err := a.door.unitActor(r.Context())
	if err != nil {
		return err
	}
	u := a.ui(r)
	if actor.Campaign != "" {
		onward(w, r, u.unitPath(actor.Campaign))
		return nil
	}
	reader, err := a.door.read.For(r.Context(), actor, auth.SeeUnit, engine.Of{Unit: actor.Unit})
	if err != nil {
		return err
	}
	all, err := reader.Joined(r.Context(), actor.Unit)
	if err != nil {
		return err
	}
	if len(all) == 1 {
		onward(w, r, u.unitPath(all[0].Name))
		return nil
	}
	return write(w, r, http.StatusOK, layout(u, u.t("unit.campaigns"), "", unitCampaigns(u, actor.Unit, all)))
}

func (a *App) serveUnitIn(w http.ResponseWriter, r *http.Request) error {
	actor, err := a.door.unitActor(r.Context())
	if err != nil {
		return err
	}
	why, err := a.door.why(r.Context(), actor, r.PathValue("campaign"))
	if err != nil {
		return err
	}
	u := a.ui(r)
	return write(w, r, http.StatusOK, layout(u, why.Unit.Name, "", unitPage(u, why, actor)))
}

// unitPath is a unit's own page in a campaign, and below it.
func (u ui) unitPath(campaign string, more ...string) string {
	return u.href("/unit/" + url.PathEscape(campaign) + strings.Join(more, ""))
}

// entry is a report as it is typed in.
type entry struct {
	look.Form
	campaign string
	role     string
	personal bool              // who reads it has logged in, and may approve
	request  string            // the act's id: a form that is sent twice is one act
	tasks    []string          // as many lines as may be registered
	sent     bool              // just now
	problem  string            // of the whole
	wrong    map[string]string // by field
}

func (a *App) form(ctx context.Context, actor auth.Actor, campaign, round string) (entry, error) {
	r, err := a.door.read.For(ctx, actor, auth.SeeUnit, engine.Of{Campaign: campaign, Unit: actor.Unit})
	if err != nil {
		return entry{}, err
	}
	f, err := r.Form(ctx, campaign, round, actor.Unit)
	if err != nil {
		return entry{}, err
	}
	return newEntry(f, campaign, actor), nil
}

func newEntry(f look.Form, campaign string, actor auth.Actor) entry {
	e := entry{Form: f, campaign: campaign, role: string(actor.Role), personal: actor.Means == auth.BySession, request: uuid.NewString(), wrong: map[string]string{}}
	e.tasks = make([]string, max(int(f.MaxHardTasks), len(f.HardTasks)))
	copy(e.tasks, f.HardTasks)
	return e
}

func (a *App) serveForm(w http.ResponseWriter, r *http.Request) error {
	actor, err := a.door.unitActor(r.Context())
	if err != nil {
		return err
	}
	e, err := a.form(r.Context(), actor, r.PathValue("campaign"), r.PathValue("round"))
	if err != nil {
		return err
	}
	e.sent = r.URL.Query().Get("sent") != ""
	u := a.ui(r)
	u.types = canSend(e)
	return write(w, r, http.StatusOK, layout(u, u.text(e.Title), "", formPage(u, e)))
}

// submitForm takes a report in, or shows it again with what is wrong beside it.
func (a *App) submitForm(w http.ResponseWriter, r *http.Request) error {
	actor, err := a.door.unitActor(r.Context())
	if err != nil {
		return err
	}
	u, round := a.ui(r), r.PathValue("round")
	u.types = true
	e, err := a.form(r.Context(), actor, r.PathValue("campaign"), round)
	if err != nil {
		return err
	}
	values, files, err := a.formWithFiles(w, r, actor)
	status := refusedStatus(w, err)
	if e.problem, err = u.refusal(err); err != nil {
		return err
	}
	if e.problem != "" {
		e.read(u, values)
		return write(w, r, status, layout(u, u.text(e.Title), "", formPage(u, e)))
	}
	files = append(e.keptFiles(values), files...)
	if values.Get("same") != "" {
		e.asBefore(u, values)
		return write(w, r, http.StatusOK, layout(u, u.text(e.Title), "", formPage(u, e)))
	}
	if values.Get("draft") != "" {
		draft := e.written(values)
		draft.Files = files
		return a.saveDraft(w, r, actor, e, draft)
	}
	report := e.read(u, values)
	report.Files = files
	if len(e.wrong) == 0 {
		act := engine.By(actor, "")
		if id, err := uuid.Parse(values.Get("request")); err == nil {
			act.RequestID, e.request = id, id.String()
		}
		_, err := a.door.engine.Submit(r.Context(), act, e.campaign, round, actor.Unit, report)
		var refused *engine.Refused
		var conflict *engine.Conflict
		switch {
		case err == nil:
			onward(w, r, u.href("/unit/"+url.PathEscape(e.campaign)+"/report/"+e.Round, "sent", "1"))
			return nil
		case errors.As(err, &refused) && refused.Code != "Forbidden":
			e.problem = u.refused(refused.Code, refused.Text)
		case store.Unstorable(err):
			e.problem = u.t("unit.refused.unreadable")
		case errors.As(err, &conflict):
			e.problem = u.t("unit.refused.RoundClosed")
		default:
			return err
		}
	}
	return write(w, r, http.StatusUnprocessableEntity, layout(u, u.text(e.Title), "", formPage(u, e)))
}

// saveDraft keeps what was typed, as it was typed: nothing in it is wrong yet.
func (a *App) saveDraft(w http.ResponseWriter, r *http.Request, actor auth.Actor, e entry, report engine.Report) error {
	u := a.ui(r)
	clear(e.wrong)
	_, err := a.door.engine.SaveDraft(r.Context(), engine.By(actor, ""), e.campaign, e.Round, actor.Unit, report)
	var refused *engine.Refused
	if typing(r) && (err == nil || errors.As(err, &refused)) {
		return a.keptWhileTyping(w, r, u, actor, e, err)
	}
	switch {
	case err == nil:
		onward(w, r, u.unitPath(e.campaign, "/report/", e.Round))
		return nil
	case errors.As(err, &refused) && refused.Code != "Forbidden":
		e.problem = u.refused(refused.Code, refused.Text)
	case store.Unstorable(err):
		e.problem = u.t("unit.refused.unreadable")
	default:
		return err
	}
	return write(w, r, http.StatusUnprocessableEntity, layout(u, u.text(e.Title), "", formPage(u, e)))
}

// typing tells that the page itself sends what somebody is about to type.
func typing(r *http.Request) bool { return r.Header.Get("Hx-Request") != "" }

// keptWhileTyping says under the form that what was typed so far is kept; what cannot be
// kept yet is said when somebody presses a button.
func (a *App) keptWhileTyping(w http.ResponseWriter, r *http.Request, u ui, actor auth.Actor, e entry, err error) error {
	if err != nil {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	now, err := a.form(r.Context(), actor, e.campaign, e.Round)
	if err != nil {
		return err
	}
	return write(w, r, http.StatusOK, keptNote(u, now))
}

// keptFiles are those of the last version, or of the draft, that stay with the report.
func (e *entry) keptFiles(values url.Values) (kept []engine.File) {
	for _, f := range e.Files {
		if slices.Contains(values["keep"], f.SHA256) {
			kept = append(kept, engine.File{Name: f.Name, SHA256: f.SHA256, Size: f.Size, MediaType: f.MediaType})
		}
	}
	return kept
}

// asBefore fills in the figures of the round before: nothing is sent by it.
func (e *entry) asBefore(u ui, values url.Values) {
	e.read(u, values)
	clear(e.wrong)
	for i, f := range e.Figures {
		if f.Previous != "" {
			e.Figures[i].Value = f.Previous
		}
	}
}

// approve is the leader's word, by a personal login.
func (a *App) approve(w http.ResponseWriter, r *http.Request) error {
	return a.decide(w, r, "sent", func(act engine.Act, campaign, round, unit string) error {
		_, err := a.door.engine.Approve(r.Context(), act, campaign, round, unit)
		return err
	})
}

// handBack gives a draft back to the focal point, with the leader's reason.
func (a *App) handBack(w http.ResponseWriter, r *http.Request) error {
	return a.decide(w, r, "", func(act engine.Act, campaign, round, unit string) error {
		return a.door.engine.HandBack(r.Context(), act, campaign, round, unit)
	})
}

func (a *App) decide(w http.ResponseWriter, r *http.Request, sent string, do func(act engine.Act, campaign, round, unit string) error) error {
	actor, err := a.door.unitActor(r.Context())
	if err != nil {
		return err
	}
	values, err := a.smallForm(w, r)
	if err != nil {
		return err
	}
	u, campaign, round := a.ui(r), r.PathValue("campaign"), r.PathValue("round")
	err = do(formAct(actor, values), campaign, round, actor.Unit)
	var refused *engine.Refused
	if errors.As(err, &refused) && refused.Code != "Forbidden" {
		e, err := a.form(r.Context(), actor, campaign, round)
		if err != nil {
			return err
		}
		e.problem = u.refused(refused.Code, refused.Text)
		return write(w, r, http.StatusUnprocessableEntity, layout(u, u.text(e.Title), "", formPage(u, e)))
	}
	if err != nil {
		return err
	}
	page := u.unitPath(campaign, "/report/", round)
	if sent != "" {
		page = u.href("/unit/"+url.PathEscape(campaign)+"/report/"+round, "sent", "1")
	}
	onward(w, r, page)
	return nil
}

// canApprove tells that a draft waits for the word of who reads it.
func canApprove(e entry) bool {
	return e.State == "Owing" && e.Holder == string(auth.Leader) && e.role == string(auth.Leader) && e.personal
}

// written is what was typed, letter by letter.
func (e *entry) written(form url.Values) engine.Report {
	report := engine.Report{Sections: map[v1.SectionName]string{}, Figures: map[v1.Name]string{}, HardTasks: e.tasks}
	for _, s := range e.Sections {
		report.Sections[v1.SectionName(s.Name)] = form.Get("s." + s.Name)
	}
	for _, f := range e.Figures {
		report.Figures[v1.Name(f.Name)] = form.Get("f." + f.Name)
	}
	return report
}

// refused is a refusal in the reader's language, or in the engine's own words.
func (u ui) refused(code, text string) string {
	for _, key := range []string{"unit.refused." + code, "refused." + code} {
		if u.t(key) != key {
			return u.t(key)
		}
	}
	return text
}

// read takes over what was typed, and notes what is wrong with it.
func (e *entry) read(u ui, form url.Values) engine.Report {
	report := engine.Report{Sections: map[v1.SectionName]string{}, Figures: map[v1.Name]string{}}
	for i, s := range e.Sections {
		text := strings.TrimSpace(strings.ReplaceAll(form.Get("s."+s.Name), "\r\n", "\n"))
		e.Sections[i].Text = text
		switch {
		case text != "":
			report.Sections[v1.SectionName(s.Name)] = text
		case s.Required:
			e.wrong["s."+s.Name] = u.t("unit.wrong.required")
		}
	}
	for i, f := range e.Figures {
		text := strings.TrimSpace(form.Get("f." + f.Name))
		e.Figures[i].Value = text
		value := text
		if strings.Count(text, ",") == 1 && !strings.Contains(text, ".") {
			value = strings.Replace(text, ",", ".", 1) // as people write decimals here
		}
		if wrong := u.wrongFigure(f, value); wrong != "" {
			e.wrong["f."+f.Name] = wrong
			continue
		}
		report.Figures[v1.Name(f.Name)] = value
	}
	for i := range e.tasks {
		e.tasks[i] = strings.TrimSpace(form.Get("t." + strconv.Itoa(i)))
		if e.tasks[i] != "" {
			report.HardTasks = append(report.HardTasks, e.tasks[i])
		}
	}
	return report
}

func (u ui) wrongFigure(f look.FormFigure, value string) string {
	if value == "" {
		return u.t("unit.wrong.required")
	}
	d, err := decimal.NewFromString(value)
	if err != nil || len(value) > 24 || strings.ContainsAny(value, "eE+") {
		return u.t("unit.wrong.number")
	}
	low, errLow := decimal.NewFromString(string(f.Min))
	high, errHigh := decimal.NewFromString(string(f.Max))
	if errLow == nil && d.LessThan(low) || errHigh == nil && d.GreaterThan(high) {
		return u.t("unit.wrong.range", "{range}", u.bounds(f))
	}
	return ""
}

// bounds of a figure in words; empty without any.
func (u ui) bounds(f look.FormFigure) string {
	switch {
	case f.Min != "" && f.Max != "":
		return u.t("unit.range", "{min}", u.typed(string(f.Min)), "{max}", u.typed(string(f.Max)))
	case f.Min != "":
		return u.t("unit.range.min", "{min}", u.typed(string(f.Min)))
	case f.Max != "":
		return u.t("unit.range.max", "{max}", u.typed(string(f.Max)))
	}
	return ""
}

// typed is a decimal as the reader writes it: 97,5 in Vietnamese.
func (u ui) typed(value string) string {
	if u.t("decimal") == "," {
		return strings.Replace(value, ".", ",", 1)
	}
	return value
}

// measure is a figure's unit as people write it.
func measure(unit string) string {
	if unit == "percent" {
		return "%"
	}
	return unit
}

// canSend tells that the form is one to fill in: the focal point's, while it is owed.
func canSend(e entry) bool { return e.Open && e.role == string(auth.FocalPoint) }

// owing are the reports that the unit can still send, or with open unset the others.
func owing(w look.Why, open bool) []look.Obligation {
	var out []look.Obligation
	for _, o := range w.Obligations {
		if (o.Kind == "Report" || o.Kind == "Registration") && (o.State == "Owing") == open {
			out = append(out, o)
		}
	}
	return out
}

// standing says in a line where a report is.
func standing(u ui, f entry) string {
	switch {
	case f.DraftSavedAt != nil:
		return u.t("unit.kept", "{at}", u.moment(*f.DraftSavedAt))
	case f.State == "Settled" && f.ReceivedAt != nil:
		return u.t("unit.received", "{at}", u.moment(*f.ReceivedAt))
	case f.State != "Owing":
		return capital(u.word("obligation", f.State))
	case f.Holder == string(auth.Leader):
		return u.t("unit.awaiting", "{n}", u.n(f.Version))
	case f.ReturnReason != "":
		return u.t("unit.returned", "{reason}", f.ReturnReason)
	case f.Version == 0:
		return u.t("unit.unsent")
	}
	return u.t("unit.draft", "{n}", u.n(f.Version))
}

// sendWords say what the button does: the leader may have the last word.
func sendWords(u ui, e entry) string {
	switch {
	case e.NeedsApproval && e.Version > 0:
		return u.t("unit.send.again")
	case e.NeedsApproval:
		return u.t("unit.send.up")
	}
	return u.t("unit.send")
}

// approvalWords say what the leader's approval takes of who reads.
func approvalWords(actor auth.Actor) string {
	if actor.Role == auth.Leader && actor.Means == auth.BySession {
		return "unit.approval.personal"
	}
	return "unit.approval." + string(actor.Role)
}

func (e *entry) approvalWords() string {
	if e.role == string(auth.Leader) && e.personal {
		return "unit.approval.personal"
	}
	return "unit.approval." + e.role
}
