package engine

import (
	"errors"
	"strings"
	"testing"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/manifest"
)

// proposed is the campaign of the testdata under another name.
func proposed(t *testing.T, w *world, name string, edits ...string) *manifest.Set {
	t.Helper()
	all := fixture(t, append([]string{"name: thi-dua", "name: " + name}, edits...)...)
	set := manifest.NewSet()
	for _, c := range all.Campaigns {
		if c.Name == name {
			w.ok(set.Add(c, "proposal"))
		}
	}
	return set
}

func TestProposal(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	id, err := w.Propose(ctx, office, Proposal{Title: "Mới", Manifest: "a", Units: []byte(`{"rows": [{"email": "a@b.vn"}]}`)})
	w.ok(err)
	p, err := w.Proposal(ctx, office, id)
	w.ok(err)
	if p.Office != "VP" || p.Version != 1 || p.Manifest != "a" {
		t.Errorf("%+v", p)
	}
	p.Manifest, p.Units = "b", nil
	w.ok(w.ChangeProposal(ctx, office, p))
	var conflict *Conflict
	if err := w.ChangeProposal(ctx, office, p); !errors.As(err, &conflict) {
		t.Errorf("a version that is not the newest: %v", err)
	}
	if p, err = w.Proposal(ctx, office, id); err != nil || p.Version != 2 || p.Manifest != "b" || !strings.Contains(string(p.Units), "a@b.vn") {
		t.Errorf("%+v, %v", p, err)
	}
	p.Manifest = strings.Repeat("a", maxProposal+1)
	w.refused(w.ChangeProposal(ctx, office, p), "ProposalTooLarge")

	// Whose it is not does not learn of it; who may not declare is refused.
	other := auth.Actor{Name: "ba", Role: auth.Office, Unit: "C1"}
	var missing *NotFound
	for _, err := range []error{w.DropProposal(ctx, other, id), w.ChangeProposal(ctx, other, p), w.DeclareProposal(ctx, By(other, ""), id, proposed(t, w, "moi"), nil)} {
		if !errors.As(err, &missing) {
			t.Errorf("another office: %v", err)
		}
	}
	if all, err := w.Proposals(ctx, other); err != nil || len(all) != 0 {
		t.Errorf("another office sees %v, %v", all, err)
	}
	if all, err := w.Proposals(ctx, operator); err != nil || len(all) != 1 {
		t.Errorf("the operator sees %v, %v", all, err)
	}
	for _, actor := range []auth.Actor{focal("A1"), leader("A1"), {Role: auth.Auditor}} {
		_, err := w.Proposals(ctx, actor)
		w.refused(err, "Forbidden")
		_, err = w.Propose(ctx, actor, Proposal{})
		w.refused(err, "Forbidden")
	}
	w.ok(w.DropProposal(ctx, office, id))
	if _, err := w.Proposal(ctx, office, id); !errors.As(err, &missing) {
		t.Errorf("%v", err)
	}
}

// Declaring and launching is one act: all of it or nothing, once.
func TestDeclareProposal(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	id, err := w.Propose(ctx, office, Proposal{Title: "Mới", Manifest: "a", Units: []byte(`{"rows": [{"email": "a@b.vn"}]}`)})
	w.ok(err)
	w.refused(w.DeclareProposal(ctx, By(office, ""), id, manifest.NewSet(), nil), "OneCampaign")
	taken := proposed(t, w, "thi-dua", "hardTasks: {max: 2}", "hardTasks: {max: 1}")
	w.refused(w.DeclareProposal(ctx, By(office, ""), id, taken, nil), "NameTaken")

	w.ok(w.SetStepped(ctx, at("2021-09-08 08:00"))) // the day after the planned launch
	set := proposed(t, w, "moi")
	w.refused(w.DeclareProposal(ctx, By(office, ""), id, set, &LaunchOptions{}), "NeedsBackdate")
	w.check("what could not be launched was not declared", w.rows(`SELECT count(*) FROM campaign WHERE name = 'moi'`), "0")
	w.ok(w.SetStepped(ctx, at("2021-09-07 08:00")))
	act := By(office, "KH 01")
	act.PlanHash = "another"
	var conflict *Conflict
	if err := w.DeclareProposal(ctx, act, id, set, &LaunchOptions{}); !errors.As(err, &conflict) {
		t.Errorf("another plan than was seen: %v", err)
	}
	act.PlanHash = ""
	for range 2 {
		w.ok(w.DeclareProposal(ctx, act, id, set, &LaunchOptions{}))
	}
	w.check("acts of launch", w.rows(`SELECT count(*) FROM audit WHERE verb = 'launch' AND object = 'Campaign/moi' AND reason = 'KH 01'`), "1")
	if p, err := w.Proposal(ctx, office, id); err != nil || p.Declared != "moi" || strings.Contains(string(p.Units), "@") {
		t.Errorf("%+v, %v", p, err)
	}
	if all, err := w.Proposals(ctx, office); err != nil || len(all) != 0 {
		t.Errorf("it is still to be gone on with: %v, %v", all, err)
	}
	if err := w.ChangeProposal(ctx, office, Proposal{ID: id, Version: 1, Manifest: "c"}); !errors.As(err, &conflict) {
		t.Errorf("changed after it was declared: %v", err)
	}
}

// What nobody has touched for long goes, and with it the people in its list.
func TestOldProposalsGo(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	for _, days := range []int{proposalDays - 1, proposalDays + 1} {
		id, err := w.Propose(ctx, office, Proposal{Title: "Cũ", Units: []byte(`{}`)})
		w.ok(err)
		_, err = w.pool.Exec(ctx, `UPDATE proposal SET changed_at = now() - make_interval(days => $2) WHERE id = $1`, id, days)
		w.ok(err)
	}
	_, err := w.Propose(ctx, office, Proposal{Title: "Mới", Units: []byte(`{}`)})
	w.ok(err)
	w.check("proposals that stay", w.rows(`SELECT count(*) FROM proposal`), "2")
}
