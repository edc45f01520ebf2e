package pages

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/plan"
	"thidua.dev/thidua/internal/scaffold"
)

func (a *App) addProposals(around func(http.Handler) http.Handler) {
	for pattern, serve := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /declare":                          a.servePropose,
		"POST /declare":                         a.propose,
		"GET /declare/units.xlsx":               a.serveSample,
		"GET /declare/{proposal}":               a.serveProposal,
		"POST /declare/{proposal}":              a.changeProposal,
		"GET /declare/{proposal}/campaign.yaml": a.serveManifest,
		"GET /declare/{proposal}/rehearsal":     a.serveRehearsal,
	} {
		a.handle(pattern, serve, around)
	}
}

// proposal is the page on which a campaign is drawn up.
type proposal struct {
	typed
	engine.Proposal
	units           *scaffold.Units
	source          *manifest.Source // nil while the manifest cannot be read
	own, all        *manifest.Set    // what it declares; with all that is declared
	problems        manifest.Problems
	campaign        *v1.Campaign // nil while it cannot be read
	plan            *plan.Plan   // nil while something is to be mended
	known           []unitOption
	now             time.Time
	excluded        []v1.Unit                   // of the list, that don't take part
	wrongs          map[string]manifest.Problem // what is wrong with fields, by their paths in the form
	noMail, noLinks bool
	rehearsal       rehearsalState
	canRehearse     bool
}

// unitOption is a unit to choose.
type unitOption struct{ code, name string }

func (a *App) proposal(r *http.Request) (p proposal, actor auth.Actor, err error) {
	ctx := r.Context()
	if actor, err = a.door.visitor(ctx); err != nil {
		return p, actor, err
	}
	id, err := uuid.Parse(r.PathValue("proposal"))
	if err != nil {
		return p, actor, &look.NotFound{Kind: "page"}
	}
	p.typed.request = uuid.NewString()
	if p.Proposal, err = a.door.engine.Proposal(ctx, actor, id); err != nil || p.Declared != "" {
		return p, actor, err
	}
	if p.now, err = a.door.engine.Now(ctx); err != nil {
		return p, actor, err
	}
	return p, actor, a.fill(ctx, actor, &p)
}

// fill reads a proposal as it is: what it declares, what is to be mended, what would come
// of it.
func (a *App) fill(ctx context.Context, actor auth.Actor, p *proposal) error {
	stored, err := a.door.engine.Declared(ctx, actor)
	if err != nil {
		return err
	}
	p.units = &scaffold.Units{}
	if err := json.Unmarshal(p.Units, p.units); err != nil {
		return fmt.Errorf("units of proposal %s: %w", p.ID, err)
	}
	p.source, p.problems, p.campaign, p.plan = nil, nil, nil, nil
	defer func() {
		if p.source != nil {
			p.wrongs = wrongFields(p.source, p.problems)
		}
	}()
	p.own, p.all = manifest.NewSet(), manifest.NewSet()
	p.all.Overlay(stored)
	p.add(p.own.Read(proposedFile, []byte(p.Manifest)))
	if p.source, err = manifest.NewSource([]byte(p.Manifest), "Campaign"); err != nil && len(p.problems) == 0 {
		p.add(err)
	}
	if len(p.own.Campaigns) != 1 {
		if len(p.problems) == 0 {
			p.problems = append(p.problems, manifest.Problem{File: proposedFile, Message: fmt.Sprintf("declares %d campaigns; a proposal is of one", len(p.own.Campaigns))})
		}
		return nil
	}
	p.campaign = p.own.Campaigns[0]
	p.complete(stored)
	p.all.Overlay(p.own)
	p.known, p.excluded = p.knownUnits(), p.excludedUnits()
	for _, problem := range p.all.Check() {
		if problem.File != manifest.Stored {
			p.problems = append(p.problems, problem)
		}
	}
	p.noMail, p.noLinks = a.o.NoMail, a.o.NoLinks
	for _, unit := range p.all.Participants(p.campaign) {
		if unit.Code == p.campaign.Spec.Office {
			p.problems = append(p.problems, manifest.Problem{Field: "spec.participants.exclude", Message: "the office takes part in its own campaign", Warning: true, Code: officeTakesPart})
		}
	}
	if p.problems.Err() != nil {
		return nil
	}
	p.plan, err = engine.PlanOf(p.all, p.campaign.Name, 1)
	p.rehearsal, p.canRehearse = a.rehearsals.of(p.ID), a.o.Rehearse != nil
	return err
}

// proposedFile is what the manifest is called in problems, and when it is saved.
const proposedFile = "campaign.yaml"

// complete puts with the campaign what it needs and the installation does not have: the
// list's units and whom to write to, a calendar, a law; and refuses names that are taken.
func (p *proposal) complete(stored *manifest.Set) {
	spec := p.campaign.Spec
	if stored.Campaign(v1.Name(p.campaign.Name)) != nil {
		p.taken("metadata.name", p.campaign.Name, "campaign")
	}
	if len(p.units.Rows) > 0 {
		roster := string(spec.Participants.Roster)
		if stored.Roster(spec.Participants.Roster) != nil {
			p.taken("spec.participants.roster", roster, "roster")
		}
		p.add(p.own.Read(roster+".roster.csv", p.units.Roster()))
		if contacts := p.units.Contacts(); contacts != nil {
			p.add(p.own.Read(roster+".contacts.csv", contacts))
		}
	}
	given := scaffold.Given()
	if name := spec.Calendar; stored.Calendar(name) == nil && p.own.Calendar(name) == nil && given.Calendar(name) != nil {
		p.add(p.own.Add(given.Calendar(name), "calendar.yaml"))
	}
	if name := spec.RulePack; stored.RulePack(name) == nil && p.own.RulePack(name) == nil && given.RulePack(name) != nil {
		p.add(p.own.Add(given.RulePack(name), "rulepack.yaml"))
	}
}

// taken refuses a name that another has.
func (p *proposal) taken(field, name, kind string) {
	p.problems = append(p.problems, manifest.Problem{
		File: proposedFile, Field: field, Value: name, Message: "there is a " + kind + " of this name already", Code: nameTaken,
	})
}

// Codes of problems that only proposals have: another has this name; the office competes.
const (
	nameTaken       = "NameTaken"
	officeTakesPart = "OfficeTakesPart"
)

// add keeps what an error says is to be mended.
func (p *proposal) add(err error) {
	var problems manifest.Problems
	var problem manifest.Problem
	switch {
	case errors.As(err, &problems):
		p.problems = append(p.problems, problems...)
	case errors.As(err, &problem):
		p.problems = append(p.problems, problem)
	case err != nil:
		p.problems = append(p.problems, manifest.Problem{Message: err.Error()})
	}
}

// knownUnits are those that may run the campaign; of a whole country, too many to choose
// from are none.
func (p *proposal) knownUnits() (all []unitOption) {
	const most = 1000
	units, err := p.all.Units(p.campaign.Spec.Participants.Roster)
	if err != nil || len(units) > most {
		return nil
	}
	for _, u := range units {
		all = append(all, unitOption{string(u.Code), u.Name})
	}
	return all
}

// excludedUnits are those of the list that don't take part.
func (p *proposal) excludedUnits() []v1.Unit {
	all, err := p.all.Units(p.campaign.Spec.Participants.Roster)
	if err != nil {
		return nil
	}
	part := map[v1.UnitCode]bool{}
	for _, u := range p.all.Participants(p.campaign) {
		part[u.Code] = true
	}
	return slices.DeleteFunc(all, func(u v1.Unit) bool { return part[u.Code] })
}

// zone that the campaign's days are in.
func (p *proposal) zone() *time.Location {
	if p.campaign != nil {
		if zone, err := time.LoadLocation(p.campaign.Spec.TimeZone); err == nil {
			return zone
		}
	}
	return officeZone
}

// past tells that the planned launch is on an earlier day.
func (p *proposal) past() bool {
	return p.plan != nil && calendar.DateOf(p.plan.Launch, p.zone()).Before(calendar.DateOf(p.now, p.zone()))
}

func (a *App) serveProposal(w http.ResponseWriter, r *http.Request) error {
	p, _, err := a.proposal(r)
	if err != nil {
		return err
	}
	u := a.ui(r)
	if p.Declared != "" {
		onward(w, r, u.href(u.campaign(p.Declared)))
		return nil
	}
	u.types, u.draws = true, true
	return write(w, r, http.StatusOK, layout(u, p.Title, "", proposalPage(u, p)))
}

// serveManifest is the manifest as a file.
func (a *App) serveManifest(w http.ResponseWriter, r *http.Request) error {
	p, _, err := a.proposal(r)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/yaml; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+proposedFile+`"`)
	_, _ = io.WriteString(w, p.Manifest) // a reader who is gone is no error of ours
	return nil
}

// changeProposal carries out what one of the page's forms asks for.
func (a *App) changeProposal(w http.ResponseWriter, r *http.Request) error {
	p, actor, err := a.proposal(r)
	if err != nil {
		return err
	}
	values, name, data, err := a.formWithList(w, r, actor)
	u := a.ui(r)
	if p.Declared != "" { // the form was sent twice, or in another window
		if r.Header.Get("Hx-Request") != "" {
			w.Header().Set("Hx-Redirect", u.href(u.campaign(p.Declared)))
			w.WriteHeader(http.StatusOK)
			return nil
		}
		onward(w, r, u.href(u.campaign(p.Declared)))
		return nil
	}
	next := ""
	if err == nil {
		next, err = a.changeProposalBy(r.Context(), u, &p, actor, values, name, data)
	}
	// Another save of the same page was under way: this one goes on from what that one left.
	var conflict *engine.Conflict
	for try := 0; errors.As(err, &conflict) && values.Get("act") == "fields" && try < 10; try++ {
		again, _, readErr := a.proposal(r)
		if readErr != nil || again.Editor == "" || again.Editor != values.Get("editor") {
			break
		}
		p = again
		next, err = a.changeProposalBy(r.Context(), u, &p, actor, values, name, data)
	}
	status := refusedStatus(w, err)
	if p.problem, err = u.refusal(err); err != nil {
		return err
	}
	if p.problem == "" {
		onward(w, r, next)
		return nil
	}
	p.act, p.values = values.Get("act"), values
	u.types, u.draws = true, true
	return write(w, r, status, layout(u, p.Title, "", proposalPage(u, p)))
}

// changeProposalBy says where to go on.
func (a *App) changeProposalBy(ctx context.Context, u ui, p *proposal, actor auth.Actor, values url.Values, file string, data []byte) (string, error) {
	here := u.href("/declare/" + p.ID.String())
	act := values.Get("act")
	switch act {
	case "drop":
		return u.href("/declare"), a.door.engine.DropProposal(ctx, actor, p.ID)
	case "launch", "declare":
		return u.href(u.campaign(p.name())), a.launchProposal(ctx, p, actor, values)
	case "rehearse":
		return here + "#rehearsal", a.startRehearsal(u, p)
	}
	change := p.Proposal
	change.Units = nil
	if seen, err := strconv.ParseInt(values.Get("version"), 10, 32); err == nil {
		change.Version = int32(seen)
	}
	change.Editor = ""
	if editor := values.Get("editor"); act == "fields" && editor != "" {
		change.Editor = editor
		if editor == p.Editor { // it has saved what it goes on from itself
			change.Version = p.Version
		}
	}
	switch act {
	case "yaml":
		change.Manifest = strings.ReplaceAll(values.Get("yaml"), "\r\n", "\n")
	case "units":
		units, problems := scaffold.ReadUnits(file, data)
		if len(problems) > 0 {
			return here, &engine.Refused{Code: "ListWrong", Text: u.cellProblem(problems[0])}
		}
		if p.campaign != nil {
			units.AddOffice(string(p.campaign.Spec.Office), "")
		}
		list, err := json.Marshal(units)
		if err != nil {
			return here, err
		}
		change.Units = list
		if p.source != nil && p.campaign != nil {
			if err := followList(p.source, string(p.campaign.Spec.Office), p.units, units); err != nil {
				return here, err
			}
			change.Manifest = string(p.source.Text())
		}
		here += "#units"
	case "fields":
		if p.source == nil {
			return here, &engine.Refused{Code: "unreadable"}
		}
		if err := setFields(p.source, values, p.zone(), len(p.units.Rows) > 0); err != nil {
			return here, err
		}
		change.Manifest = string(p.source.Text())
	default:
		return here, &look.NotFound{Kind: "page"}
	}
	if change.Manifest == p.Manifest && change.Units == nil {
		return here, nil
	}
	if source, err := manifest.NewSource([]byte(change.Manifest), "Campaign"); err == nil {
		if title, ok := source.Get("spec.title.vi"); ok {
			change.Title = title
		}
	}
	if err := a.door.engine.ChangeProposal(ctx, actor, change); err != nil {
		p.Manifest = change.Manifest // what somebody has written stays before them
		return here, errors.Join(err, a.fill(ctx, actor, p))
	}
	return here, nil
}

// followList brings in line with another list what was made of the one before, unless
// somebody has changed it since: who does not take part, and whether groups are ranked.
func followList(s *manifest.Source, office string, old, now *scaffold.Units) error {
	const exclude, within = "spec.participants.exclude", "spec.scoring.ranking.within"
	if codes, ok := s.List(exclude); ok && slices.Equal(codes, old.Excluded(office)) {
		if s.SetList(exclude, now.Excluded(office)) != nil {
			return &engine.Refused{Code: "unreadable"}
		}
	}
	groups := map[bool]string{true: "Group", false: "All"}
	if value, ok := s.Get(within); ok && value == groups[old.Grouped()] {
		if s.Set(within, groups[now.Grouped()]) != nil {
			return &engine.Refused{Code: "unreadable"}
		}
	}
	return nil
}

// name of the campaign; empty while it cannot be read.
func (p *proposal) name() string {
	if p.campaign == nil {
		return ""
	}
	return p.campaign.Name
}

// launchProposal declares the campaign that was seen, and launches it.
func (a *App) launchProposal(ctx context.Context, p *proposal, actor auth.Actor, values url.Values) error {
	if p.plan == nil {
		return &engine.Refused{Code: "ToMend"}
	}
	act := formAct(actor, values)
	if act.PlanHash = values.Get("plan"); act.PlanHash == "" {
		act.PlanHash = p.plan.Hash
	}
	var launch *engine.LaunchOptions
	if values.Get("act") == "launch" {
		switch {
		case values.Get("sure") != act.PlanHash:
			return &engine.Refused{Code: "NotSure"}
		case act.Reason == "":
			return &engine.Refused{Code: "ReasonMissing"}
		}
		launch = &engine.LaunchOptions{Backdate: values.Get("backdate") != ""}
	}
	err := a.door.engine.DeclareProposal(ctx, act, p.ID, p.own, launch)
	var conflict *engine.Conflict
	if errors.As(err, &conflict) {
		err = &engine.Refused{Code: "PlanChanged"}
	}
	return err
}
