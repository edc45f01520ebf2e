package httpapi

import (
	"bytes"
	"context"
	"errors"
	"net/http"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/plan"
	"thidua.dev/thidua/internal/scaffold"
)

// Applied says what became of one object.
type Applied struct {
	Kind       string        `json:"kind"`
	Name       string        `json:"name"`
	Result     string        `json:"result" enum:"created,configured,unchanged"`
	Generation int64         `json:"generation"`
	Changes    []FieldChange `json:"changes" doc:"Against the generation before."`
	PlanHash   string        `json:"planHash,omitempty" doc:"Of a campaign: give it back to apply exactly this plan."`
}

// FieldChange is one field of an object.
type FieldChange struct {
	Field string `json:"field"`
	Old   string `json:"old"`
	New   string `json:"new"`
}

// Stored counts what was stored, or with dryRun checked.
type Stored struct {
	Contacts int  `json:"contacts"`
	DryRun   bool `json:"dryRun"`
}

// Contact is whom a unit is written to by.
type Contact struct {
	Unit  string `json:"unit" maxLength:"253"`
	Role  string `json:"role" enum:"FocalPoint,Leader"`
	Name  string `json:"name,omitempty" maxLength:"200"`
	Email string `json:"email" maxLength:"254"`
}

func (a *App) addDeclare() {
	register(a, operation{
		id: "apply", method: http.MethodPost, path: "/apply", tag: tagDeclare, body: maxManifest,
		summary: "Declare objects: all of them, or none when one is refused. With dryRun nothing is stored: the answer is the difference",
	}, a.apply)
	register(a, operation{
		id: "draw-up", method: http.MethodPost, path: "/draw-up", tag: tagDeclare, body: scaffold.MaxSize,
		summary: "Draw up a campaign of a list of units and a day for its launch: manifests that can be applied. It stores nothing",
	}, a.drawUp)
	register(a, operation{
		id: "diff", method: http.MethodPost, path: "/diff", tag: tagDeclare, body: maxManifest,
		summary: "What apply would change: the fields of each object, and the dates that would come, go or move. It stores nothing",
	}, a.diff)
	register(a, operation{
		id: "import-contacts", method: http.MethodPost, path: "/contacts", tag: tagDeclare, body: maxManifest,
		summary: "Load who speaks for each unit; a contact that is there already is replaced",
	}, a.contacts)
}

func (a *App) apply(ctx context.Context, in *struct {
	Act
	DryRun   bool   `query:"dryRun" doc:"Check everything, store nothing."`
	PlanHash string `query:"planHash" maxLength:"100" doc:"Apply exactly the plan that was seen, or nothing."`
	Reason   string `query:"reason" maxLength:"2000" doc:"Kept in the audit."`
	RawBody  []byte `contentType:"application/yaml" doc:"Manifests in YAML, one document each, or one in JSON."`
},
) (*Out[[]Applied], error) {
	set, err := manifest.Load([]string{"-"}, bytes.NewReader(in.RawBody))
	if err != nil {
		return nil, err
	}
	act := in.act(ctx, in.Reason)
	act.PlanHash = in.PlanHash
	applied, err := a.engine.Apply(ctx, act, set, in.DryRun)
	if err != nil {
		return nil, err
	}
	return answer(toApplied(applied), nil)
}

func toApplied(applied []engine.Applied) []Applied {
	out := make([]Applied, len(applied))
	for i, o := range applied {
		out[i] = Applied{Kind: o.Kind, Name: o.Name, Result: o.Result, Generation: o.Generation, Changes: []FieldChange{}, PlanHash: o.PlanHash}
		for _, c := range o.Changes {
			out[i].Changes = append(out[i].Changes, FieldChange(c))
		}
	}
	return out
}

// Drawn is a campaign that was drawn up.
type Drawn struct {
	Name      string    `json:"name" doc:"Of the campaign and its roster."`
	Manifests string    `json:"manifests" doc:"For apply: the campaign, its roster, and the calendar and the law where the installation has none of the kind."`
	Contacts  []Contact `json:"contacts" doc:"For import-contacts."`
	Units     int       `json:"units"`
	Unused    []string  `json:"unused" doc:"Columns of the list that are not read."`
}

func (a *App) drawUp(ctx context.Context, in *struct {
	Title    string `query:"title" required:"true" minLength:"1" maxLength:"300" doc:"The campaign's full name, in Vietnamese."`
	Launch   string `query:"launch" required:"true" format:"date" doc:"Day of the launch."`
	Template string `query:"template" enum:"thematic,short,yearly" default:"thematic"`
	Office   string `query:"office" maxLength:"63" doc:"Code of the unit that runs it; without one the unit of kind office, else VP."`
	RawBody  []byte `contentType:"application/octet-stream" doc:"The list: a workbook (.xlsx), or CSV in UTF-8; headed with the names of a roster file, or in Vietnamese."`
},
) (*Out[Drawn], error) {
	declared, err := a.engine.Declared(ctx, actorOf(ctx))
	if err != nil {
		return nil, err
	}
	launch, err := calendar.ParseDate(in.Launch)
	if err != nil {
		return nil, &engine.Refused{Code: "BadInstant", Text: "launch: " + err.Error()}
	}
	units, problems := scaffold.ReadUnits("list", in.RawBody)
	if err := problems.Problems("list").Err(); err != nil {
		return nil, err
	}
	c := scaffold.Campaign{Template: scaffold.Template(in.Template), Title: in.Title, Office: in.Office}
	text, err := c.Draw(units, launch, declared)
	var early *scaffold.TooEarly
	if errors.As(err, &early) {
		err = &engine.Refused{Code: "TooEarly", Text: early.Error()}
	}
	if err != nil {
		return nil, err
	}
	out, err := drawn(&c, text, units, declared)
	return answer(out, err)
}

// drawn are the manifests that apply takes for a campaign.
func drawn(c *scaffold.Campaign, text []byte, units *scaffold.Units, declared *manifest.Set) (Drawn, error) {
	out := Drawn{Name: c.Name, Contacts: []Contact{}, Units: len(units.Rows), Unused: append([]string{}, units.Unused...)}
	made := manifest.NewSet()
	for name, data := range map[string][]byte{c.Name + ".roster.csv": units.Roster(), c.Name + ".contacts.csv": units.Contacts()} {
		if data == nil {
			continue
		}
		if err := made.Read(name, data); err != nil {
			return out, err
		}
	}
	var docs [][]byte
	if declared.Calendar(v1.Name(c.Calendar)) == nil {
		docs = append(docs, scaffold.Calendar())
	}
	if declared.RulePack(v1.PackName(c.RulePack)) == nil {
		docs = append(docs, scaffold.RulePack())
	}
	for _, r := range made.Rosters {
		doc, err := manifest.Encode(r)
		if err != nil {
			return out, err
		}
		docs = append(docs, doc)
	}
	out.Manifests = string(bytes.Join(append(docs, text), []byte("---\n")))
	for _, contact := range made.Contacts {
		out.Contacts = append(out.Contacts, Contact{string(contact.Unit), string(contact.Role), contact.Name, contact.Email})
	}
	return out, nil
}

// Differences are what apply would change; only what differs is in it.
type Differences struct {
	Objects []Applied         `json:"objects"`
	Plans   []plan.Difference `json:"plans" doc:"Of every campaign whose dates would change, whether it was sent or not."`
}

func (a *App) diff(ctx context.Context, in *struct {
	RawBody []byte `contentType:"application/yaml" doc:"Manifests in YAML, one document each, or one in JSON."`
},
) (*Out[Differences], error) {
	set, err := manifest.Load([]string{"-"}, bytes.NewReader(in.RawBody))
	if err != nil {
		return nil, err
	}
	d, err := a.engine.Diff(ctx, actorOf(ctx), set)
	return answer(Differences{toApplied(d.Objects), d.Plans}, err)
}

func (a *App) contacts(ctx context.Context, in *struct {
	Act
	DryRun bool `query:"dryRun" doc:"Check everything, store nothing."`
	Body   struct {
		Because
		Contacts []Contact `json:"contacts" minItems:"1" maxItems:"50000"`
	}
},
) (*Out[Stored], error) {
	set := manifest.NewSet()
	for _, c := range in.Body.Contacts {
		if err := set.Add(manifest.Contact{Unit: v1.UnitCode(c.Unit), Role: v1.Role(c.Role), Name: c.Name, Email: c.Email}, ""); err != nil {
			return nil, err
		}
	}
	_, err := a.engine.Apply(ctx, in.act(ctx, in.Body.Reason), set, in.DryRun)
	return answer(Stored{len(set.Contacts), in.DryRun}, err)
}
