package pages

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
)

// desk is the page on which the office handles one report of one unit.
type desk struct {
	typed
	entry
	now look.Campaign
}

func (a *App) desk(r *http.Request) (desk, auth.Actor, error) {
	name, code := r.PathValue("name"), r.PathValue("code")
	actor, err := a.door.visitor(r.Context())
	if err != nil {
		return desk{}, actor, err
	}
	reader, err := a.door.reader(r.Context(), auth.Record, engine.Of{Campaign: name, Unit: code})
	if err != nil {
		return desk{}, actor, err
	}
	f, err := reader.Form(r.Context(), name, r.PathValue("round"), code)
	if err != nil {
		return desk{}, actor, err
	}
	d := desk{typed: typed{request: uuid.NewString()}, entry: newEntry(f, name, actor)}
	d.now, err = reader.Campaign(r.Context(), name)
	return d, actor, err
}

func (a *App) serveDesk(w http.ResponseWriter, r *http.Request) error {
	d, _, err := a.desk(r)
	if err != nil {
		return err
	}
	u := a.ui(r)
	return write(w, r, http.StatusOK, layout(u, u.text(d.Title), "", deskPage(u, d)))
}

// handleReport carries out the act of one of the desk's forms.
func (a *App) handleReport(w http.ResponseWriter, r *http.Request) error {
	d, actor, err := a.desk(r)
	if err != nil {
		return err
	}
	u := a.ui(r)
	values, files, err := a.formWithFiles(w, r, actor)
	if err == nil {
		err = a.handleBy(r, d, formAct(actor, values), values, files)
	}
	status := refusedStatus(w, err)
	if d.typed.problem, err = u.refusal(err); err != nil {
		return err
	}
	if d.typed.problem == "" {
		onward(w, r, u.unit(d.campaign, d.Unit.Code))
		return nil
	}
	d.act, d.values = values.Get("act"), values
	return write(w, r, status, layout(u, u.text(d.Title), "", deskPage(u, d)))
}

func (a *App) handleBy(r *http.Request, d desk, act engine.Act, values url.Values, files []engine.File) error {
	ctx, e, zone := r.Context(), a.door.engine, d.now.Location()
	switch values.Get("act") {
	case "record":
		came := engine.Arrival{Source: engine.Source(values.Get("source")), DocumentNumber: strings.TrimSpace(values.Get("number"))}
		var err error
		if came.ReceivedAt, err = moment(values, "received", zone); err != nil {
			return err
		}
		if dated := values.Get("dated"); dated != "" {
			if came.DocumentDate, err = calendar.ParseDate(dated); err != nil {
				return &engine.Refused{Code: "BadDate"}
			}
		}
		report := d.read(a.ui(r), values)
		for field := range d.entry.wrong {
			if strings.HasPrefix(field, "f.") {
				return &engine.Refused{Code: "FiguresWrong"}
			}
		}
		report.Files = files
		_, err = e.Record(ctx, act, d.campaign, d.Round, d.Unit.Code, report, came)
		return err
	case "handback":
		return e.HandBack(ctx, act, d.campaign, d.Round, d.Unit.Code)
	case "extend", "return", "reopen":
		to, err := moment(values, "to", zone)
		if err != nil {
			return err
		}
		switch values.Get("act") {
		case "return":
			return e.Return(ctx, act, d.campaign, d.Round, d.Unit.Code, to)
		case "reopen":
			return e.Reopen(ctx, act, d.campaign, d.Round, d.Unit.Code, to)
		}
		_, err = e.Extend(ctx, act, d.campaign, d.Round, d.Unit.Code, to)
		return err
	}
	return &look.NotFound{Kind: "page"}
}
