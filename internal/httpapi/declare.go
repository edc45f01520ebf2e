package httpapi

import (
	"bytes"
	"context"
	"net/http"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/plan"
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
