package engine

import (
	"strings"
	"testing"

	"thidua.dev/thidua/internal/manifest"
)

func contacts(t *testing.T, all ...manifest.Contact) *manifest.Set {
	t.Helper()
	set := manifest.NewSet()
	for _, c := range all {
		if err := set.Add(c, "test"); err != nil {
			t.Fatal(err)
		}
	}
	return set
}

// Contacts are people, and whoever changes them is on record: who, why, how many and
// whose; never the names and addresses, which are to be erasable.
func TestContactsAreAnAct(t *testing.T) {
	w := newWorld(t)
	acts := `SELECT verb, actor, reason, detail->>'contacts', detail->>'units' FROM audit WHERE object = 'Contacts' AND at >= '2021-09-07T09:00+07' ORDER BY id`
	w.jump("2021-09-07 09:00")
	a1 := manifest.Contact{Unit: "A1", Role: "FocalPoint", Name: "Nguyễn Thị Mới", Email: "moi@a1.example"}
	lead := manifest.Contact{Unit: "A1", Role: "Leader", Name: "Trần Văn Lãnh", Email: "lanh@a1.example"}
	a2 := manifest.Contact{Unit: "A2", Role: "FocalPoint", Name: "Lê Văn Cũ", Email: "cu@a2.example"}
	act := By(office, "công văn 31/VP")

	_, err := w.Apply(t.Context(), act, contacts(t, a1, lead, a2), true)
	w.ok(err)
	w.check("a dry run is no act", w.rows(acts))
	_, err = w.Apply(t.Context(), act, contacts(t, a1, lead, a2), false)
	w.ok(err)
	said := `apply Office an of VP công văn 31/VP 3 ["A1", "A2"]`
	w.check("who, why, how many, whose", w.rows(acts), said)
	for _, row := range w.rows(`SELECT a::text FROM audit a`) {
		for _, personal := range []string{"Mới", "Lãnh", "Cũ", "@a1", "@a2"} {
			if strings.Contains(row, personal) {
				t.Errorf("the audit holds what must be erasable: %s", row)
			}
		}
	}

	a2.Email = "sau@a2.example"
	_, err = w.Apply(t.Context(), By(office, "đổi đầu mối"), contacts(t, a2), false)
	w.ok(err)
	_, err = w.Apply(t.Context(), act, contacts(t, a1, lead, a2), false)
	w.ok(err)
	_, err = w.Apply(t.Context(), By(office, "chạy lại"), contacts(t, a1, lead), false)
	w.ok(err)
	w.check("a repeat and what changes nothing are no acts", w.rows(acts), said, `apply Office an of VP đổi đầu mối 1 ["A2"]`)

	// A request that comes again, late, takes nothing back.
	a2.Email = "cu@a2.example"
	_, err = w.Apply(t.Context(), act, contacts(t, a1, lead, a2), false)
	w.ok(err)
	w.check("what came after it stands", w.rows(`SELECT email FROM contact WHERE unit = 'A2' AND role = 'FocalPoint'`), "sau@a2.example")

	// With objects in one request: one act for each, none of them under another's id.
	both := load(t, edited(t, "title: {vi: ", "title: {en: Drill, vi: "))
	a2.Email = "khac@a2.example"
	if err := both.Add(a2, "test"); err != nil {
		t.Fatal(err)
	}
	together := By(office, "cả hai")
	for range 2 {
		_, err = w.Apply(t.Context(), together, both, false)
		w.ok(err)
	}
	w.check("beside the campaign's own", w.rows(`SELECT object, count(*) FROM audit WHERE reason = 'cả hai' GROUP BY 1 ORDER BY 1`), "Campaign/thi-dua 1", "Contacts 1")
}
