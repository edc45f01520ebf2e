package pages

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/scaffold"
)

// maxPropose is a list of units and what is typed beside it, in bytes.
const maxPropose = scaffold.MaxSize + 64<<10

// proposing is the page on which a campaign is begun.
type proposing struct {
	typed
	problems scaffold.CellProblems
	read     *scaffold.Units // what could be read of a list that has problems
	started  []engine.Proposal
	rosters  []roster
	today    calendar.Date
	office   string // whose campaigns they are, where the visitor is an office
}

// roster is a list that the installation has already.
type roster struct {
	name  string
	units int
}

func (a *App) proposing(r *http.Request) (proposing, auth.Actor, *manifest.Set, error) {
	actor, err := a.door.visitor(r.Context())
	if err != nil {
		return proposing{}, actor, nil, err
	}
	p := proposing{typed: typed{request: uuid.NewString()}}
	if p.started, err = a.door.engine.Proposals(r.Context(), actor); err != nil {
		return p, actor, nil, err
	}
	if actor.Role == auth.Office {
		p.office = actor.Unit
	}
	stored, err := a.door.engine.Declared(r.Context(), actor)
	if err != nil {
		return p, actor, nil, err
	}
	for _, s := range stored.Rosters {
		if units, err := stored.Units(v1.Name(s.Name)); err == nil {
			p.rosters = append(p.rosters, roster{s.Name, len(units)})
		}
	}
	now, err := a.door.engine.Now(r.Context())
	p.today = calendar.DateOf(now, officeZone)
	return p, actor, stored, err
}

// officeZone is where a new campaign's days are.
var officeZone = func() *time.Location {
	zone, err := time.LoadLocation("Asia/Ho_Chi_Minh")
	if err != nil {
		panic(err) // the zones are part of the binary
	}
	return zone
}()

func (a *App) servePropose(w http.ResponseWriter, r *http.Request) error {
	p, _, _, err := a.proposing(r)
	if err != nil {
		return err
	}
	u := a.ui(r)
	u.draws = true
	return write(w, r, http.StatusOK, layout(u, u.t("propose.title"), "", proposePage(u, p)))
}

// serveSample is a list to fill in.
func (a *App) serveSample(w http.ResponseWriter, _ *http.Request) error {
	sample, err := scaffold.Sample()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	w.Header().Set("Content-Disposition", `attachment; filename="danh-sach-don-vi.xlsx"`)
	_, _ = w.Write(sample) // a reader who is gone is no error of ours
	return nil
}

// propose begins a proposal with a list of units.
func (a *App) propose(w http.ResponseWriter, r *http.Request) error {
	p, actor, stored, err := a.proposing(r)
	if err != nil {
		return err
	}
	u := a.ui(r)
	u.draws = true
	values, name, data, err := a.formWithList(w, r, actor)
	var id uuid.UUID
	if err == nil {
		id, err = a.proposeBy(r.Context(), &p, actor, stored, values, name, data)
	}
	status := refusedStatus(w, err)
	if p.problem, err = u.refusal(err); err != nil {
		return err
	}
	if p.problem == "" && len(p.problems) == 0 {
		onward(w, r, u.href("/declare/"+id.String()))
		return nil
	}
	p.act, p.values = "propose", values
	return write(w, r, status, layout(u, u.t("propose.title"), "", proposePage(u, p)))
}

// formWithList reads a form with one file into memory.
func (a *App) formWithList(w http.ResponseWriter, r *http.Request, actor auth.Actor) (values url.Values, name string, data []byte, err error) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(uploadPatience)) // a connection that knows none waits longer
	r.Body = http.MaxBytesReader(w, r.Body, maxPropose)
	if err := r.ParseMultipartForm(maxPropose); err != nil && !errors.Is(err, http.ErrNotMultipart) { //nolint:gosec // bounded above
		return nil, "", nil, &engine.Refused{Code: "unreadable"}
	}
	if r.MultipartForm == nil {
		return r.PostForm, "", nil, nil
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }() // what stays is the system's to clean up
	files := r.MultipartForm.File["units"]
	if len(files) == 0 {
		return r.PostForm, "", nil, nil
	}
	if err := a.door.sends(r, actor); err != nil {
		return r.PostForm, "", nil, err
	}
	data, err = readAll(files[0])
	if err != nil {
		return nil, "", nil, &engine.Refused{Code: "unreadable"}
	}
	return r.PostForm, filepath.Base(files[0].Filename), data, nil
}

func readAll(h *multipart.FileHeader) ([]byte, error) {
	f, err := h.Open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

func (a *App) proposeBy(ctx context.Context, p *proposing, actor auth.Actor, stored *manifest.Set, values url.Values, file string, data []byte) (uuid.UUID, error) {
	units, roster, err := p.units(stored, values, file, data)
	if err != nil || len(p.problems) > 0 {
		return uuid.Nil, err
	}
	c := scaffold.Campaign{
		Template: scaffold.Template(values.Get("template")), Title: strings.TrimSpace(values.Get("title")), Roster: roster,
		Office: cmp.Or(p.office, strings.TrimSpace(values.Get("office"))),
	}
	if c.Title == "" {
		return uuid.Nil, &engine.Refused{Code: "TitleMissing"}
	}
	launch, err := calendar.ParseDate(values.Get("launch"))
	if err != nil {
		return uuid.Nil, &engine.Refused{Code: "BadDate"}
	}
	if at, err := time.Parse("15:04", values.Get("launchTime")); err == nil {
		c.Launch = launch.At(at.Hour(), at.Minute(), officeZone).Format(time.RFC3339)
	}
	text, err := c.Draw(units, launch, stored)
	var early *scaffold.TooEarly
	switch {
	case errors.As(err, &early):
		return uuid.Nil, &engine.Refused{Code: "TooEarly", Text: early.From.String()}
	case err != nil:
		return uuid.Nil, err
	}
	if roster != "" {
		units = &scaffold.Units{} // the installation has them
	}
	list, err := json.Marshal(units)
	if err != nil {
		return uuid.Nil, err
	}
	proposal := engine.Proposal{Title: c.Title, Manifest: string(text), Units: list}
	proposal.ID, _ = uuid.Parse(values.Get("request")) // a form that comes twice begins one
	return a.door.engine.Propose(ctx, actor, proposal)
}

// units are those of the list that came, or of one that the installation has; then roster
// is its name.
func (p *proposing) units(stored *manifest.Set, values url.Values, file string, data []byte) (units *scaffold.Units, roster string, err error) {
	if len(data) > 0 {
		if units, p.problems = scaffold.ReadUnits(file, data); len(p.problems) > 0 {
			p.read = units
		}
		return units, "", nil
	}
	roster = values.Get("roster")
	if roster == "" || stored.Roster(v1.Name(roster)) == nil {
		return nil, "", &engine.Refused{Code: "NoList"}
	}
	declared, err := stored.Units(v1.Name(roster))
	return scaffold.Declared(declared), roster, err
}
