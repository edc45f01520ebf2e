package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/store/db"
)

// Applied says what Apply did with one object.
type Applied struct {
	Kind       string            `json:"-"`
	Name       string            `json:"-"`
	Result     string            `json:"result"` // created, configured or unchanged
	Generation int64             `json:"generation"`
	Changes    []manifest.Change `json:"changes,omitempty"`  // against the generation before
	PlanHash   string            `json:"planHash,omitempty"` // of a campaign
}

// errPutBack rolls back what a transaction has done, and is no failure: of a dry run, of a
// look at what would come of it.
var errPutBack = errors.New("put back")

// Apply declares objects: all of them, or none when one is refused. It sends
// nothing; a campaign starts by the act of launch.
func (e *Engine) Apply(ctx context.Context, act Act, set *manifest.Set, dryRun bool) ([]Applied, error) {
	var applied []Applied
	err := e.in(ctx, func(t *tx) error {
		var err error
		if applied, err = t.apply(ctx, act, set); err != nil {
			return err
		}
		if dryRun {
			return errPutBack
		}
		return nil
	})
	if errors.Is(err, errPutBack) {
		err = nil
	}
	return applied, err
}

// apply declares a set and records who did.
func (t *tx) apply(ctx context.Context, act Act, set *manifest.Set) ([]Applied, error) {
	declared, err := t.declare(ctx, act, set)
	if err != nil || declared.repeated {
		return declared.applied, err
	}
	for _, a := range declared.applied {
		if a.Result == "unchanged" {
			continue
		}
		each := act
		each.RequestID = newRequestID(act.RequestID, a.Kind+"/"+a.Name)
		if err := t.audit(ctx, each, auth.Apply, a.Kind+"/"+a.Name, a); err != nil {
			return declared.applied, err
		}
	}
	if declared.contacts != nil {
		each := act
		each.RequestID = newRequestID(act.RequestID, contactsName)
		if err := t.audit(ctx, each, auth.Apply, contactsName, declared.contacts); err != nil {
			return declared.applied, err
		}
	}
	return declared.applied, nil
}

// declared is what a set has changed.
type declared struct {
	before, after *manifest.Set // everything that is declared
	applied       []Applied
	contacts      *importedContacts // nil when none has changed
	repeated      bool              // it was carried out before, under the same request id
}

// declare stores a set and brings all plans in line with it.
func (t *tx) declare(ctx context.Context, act Act, set *manifest.Set) (d declared, err error) {
	if err := t.mayDeclare(ctx, act.Actor, set); err != nil {
		return d, err
	}
	// One apply at a time: what is checked is what is stored.
	if _, err := t.raw.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('thidua.apply'))`); err != nil {
		return d, err
	}
	stored, err := t.storedObjects(ctx)
	if err != nil {
		return d, err
	}
	if before, found, err := t.appliedBefore(ctx, act, stored, set); found || err != nil {
		return declared{applied: before, repeated: true}, err
	}
	d.before, d.after = stored.set, manifest.NewSet()
	d.after.Overlay(stored.set)
	d.after.Overlay(set)
	if err := d.after.Check().Err(); err != nil {
		return d, err
	}
	for _, object := range set.Objects() {
		a, err := t.storeObject(ctx, act, stored, object)
		if err != nil {
			return d, err
		}
		d.applied = append(d.applied, a)
	}
	if d.contacts, err = t.storeContacts(ctx, set.Contacts); err != nil {
		return d, err
	}
	if err := t.storeInventory(ctx, d.after, d.applied); err != nil {
		return d, err
	}
	if err := t.replan(ctx, act, stored, d.after, d.applied); err != nil {
		return d, err
	}
	return d, t.checkPlan(ctx, act, d.applied)
}

// mayDeclare authorises a set: each campaign for its office, and what belongs to no
// campaign as such.
func (t *tx) mayDeclare(ctx context.Context, actor auth.Actor, set *manifest.Set) error {
	if len(set.Objects()) > len(set.Campaigns) || len(set.Contacts) > 0 || len(set.Campaigns) == 0 {
		if err := t.demand(ctx, actor, auth.Apply, auth.Object{}, "what campaigns share"); err != nil {
			return err
		}
	}
	for _, c := range set.Campaigns {
		office := string(c.Spec.Office)
		old, err := t.CampaignByName(ctx, c.Name)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if err == nil {
			office = old.Office // whose it is decides; who is to have it does not
		}
		if err := t.demand(ctx, actor, auth.Apply, auth.Object{Campaign: c.Name, Office: office}, "campaign "+c.Name); err != nil {
			return err
		}
	}
	return nil
}

// checkPlan says which plan each campaign has now, and holds what is declared to the
// one that the actor has seen.
func (t *tx) checkPlan(ctx context.Context, act Act, applied []Applied) error {
	campaigns := 0
	for i := range applied {
		a := &applied[i]
		if a.Kind != "Campaign" {
			continue
		}
		campaigns++
		c, err := t.CampaignByName(ctx, a.Name)
		if err != nil {
			return err
		}
		a.PlanHash = c.PlanHash
		if act.PlanHash != "" && c.PlanHash != act.PlanHash {
			return &Conflict{Text: fmt.Sprintf("the plan of campaign %s would be %s, not %s: look at it again, then repeat", c.Name, c.PlanHash, act.PlanHash)}
		}
	}
	if act.PlanHash != "" && campaigns != 1 {
		return refuse("OnePlan", "a plan's hash belongs to one campaign, and %d are declared", campaigns)
	}
	return nil
}

// appliedBefore is the answer to a request, if that was carried out before.
func (t *tx) appliedBefore(ctx context.Context, act Act, stored storedObjects, set *manifest.Set) (before []Applied, found bool, err error) {
	for _, object := range set.Objects() {
		kind := object.GetObjectKind().GroupVersionKind().Kind
		key := kind + "/" + object.GetName()
		a := Applied{Result: "unchanged", Generation: stored.generations[key]}
		each := act
		each.RequestID = newRequestID(act.RequestID, key)
		done, err := t.repeated(ctx, each, auth.Apply, key)
		if err != nil {
			return nil, false, err
		}
		if done != nil {
			found = true
			if err := json.Unmarshal(done.Detail, &a); err != nil {
				return nil, false, err
			}
		}
		a.Kind, a.Name = kind, object.GetName()
		before = append(before, a)
	}
	if len(set.Contacts) > 0 && !found {
		each := act
		each.RequestID = newRequestID(act.RequestID, contactsName)
		done, err := t.repeated(ctx, each, auth.Apply, contactsName)
		if err != nil {
			return nil, false, err
		}
		found = done != nil
	}
	return before, found, nil
}

type storedObjects struct {
	set         *manifest.Set
	generations map[string]int64
	manifests   map[string][]byte
	objects     map[string]v1.Object
}

func (t *tx) storedObjects(ctx context.Context) (storedObjects, error) {
	s := storedObjects{manifest.NewSet(), map[string]int64{}, map[string][]byte{}, map[string]v1.Object{}}
	rows, err := t.NewestObjects(ctx)
	if err != nil {
		return s, err
	}
	for _, row := range rows {
		object, err := manifest.Decode(row.Kind, row.Manifest)
		if err != nil {
			return s, err
		}
		key := row.Kind + "/" + row.Name
		s.generations[key], s.objects[key] = row.Generation, object
		// jsonb keeps no order of keys; the canonical form is the type's own.
		if s.manifests[key], err = json.Marshal(object); err != nil {
			return s, err
		}
		if err := s.set.Add(object, manifest.Stored); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (t *tx) storeObject(ctx context.Context, act Act, stored storedObjects, object v1.Object) (Applied, error) {
	kind := object.GetObjectKind().GroupVersionKind().Kind
	key := kind + "/" + object.GetName()
	a := Applied{Kind: kind, Name: object.GetName(), Generation: stored.generations[key]}
	old := stored.objects[key]
	if old != nil {
		if _, err := manifest.Admit(object, old); err != nil {
			return a, err
		}
		a.Changes = manifest.FieldDiff(old, object)
	}
	b, err := json.Marshal(object)
	if err != nil {
		return a, err
	}
	if bytes.Equal(b, stored.manifests[key]) {
		a.Result = "unchanged"
		return a, nil
	}
	a.Result, a.Generation = "configured", a.Generation+1
	if old == nil {
		a.Result = "created"
	}
	return a, t.InsertObject(ctx, db.InsertObjectParams{
		Kind: kind, Name: object.GetName(), Generation: a.Generation, Manifest: b, AppliedAt: t.now, Actor: act.Actor.String(),
	})
}
