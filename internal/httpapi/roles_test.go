package httpapi_test

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/store/db"
)

// Who asks. Those of strangers have not shown who they are.
var (
	strangers = []string{"nobody", "basic", "unknown", "expired", "revoked", "early", "cookie", "link"}
	members   = []string{
		"operator", "operator-elsewhere", "auditor", "auditor-elsewhere", "office", "office-here", "office-elsewhere", "office-other",
		"focal", "focal-here", "focal-elsewhere", "focal-other", "focal-above", "focal-beside", "leader", "leader-elsewhere", "leader-other", "leader-above",
	}
)

// Sets of members.
var (
	everybody = members
	ofHere    = without(members, "operator-elsewhere", "auditor-elsewhere", "office-elsewhere", "focal-elsewhere", "leader-elsewhere")
	offices   = []string{"operator", "office", "office-here"}
	readers   = append([]string{"auditor"}, offices...)
	unitsOwn  = []string{"focal", "focal-here", "focal-above", "leader", "leader-above"}
	ofUnit    = append(slices.Clone(unitsOwn), readers...)
	senders   = append(slices.Clone(unitsOwn), offices...)
)

func without(all []string, some ...string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(some, s) })
}

// route is one operation with a request that is in order, who may make it, and what
// they are answered. An act carries the same key for all: the first carries it out.
type route struct {
	id    string // of the operation in the OpenAPI document
	who   string // whose account it is; empty is mot
	unit  string // of the address; empty is STTTT-12
	query string // instead of the path's own
	body  string
	may   []string
	want  int
}

var later = time.Now().Add(time.Hour).Format(time.RFC3339)

var here = `"round":"` + round + `"`

const report = `"sections":{"ketQua":"Xong"},"figures":{"commune-vc-2way":"97.5","manual-travel-permits":"1","platform-shared":"50","hard-tasks-done":"2"}`

// abc is the SHA-256 of "abc", FIPS 180-2 appendix B.1.
const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

const attached = `"files":[{"name":"88-BC.txt","sha256":"` + abc + `"}]`

// routes are in an order in which each finds what it needs.
var routes = []route{
	{id: "whoami", may: everybody},
	{id: "status", may: []string{"operator", "auditor"}},
	{id: "list-campaigns", may: everybody}, // who is bound sees the one
	{id: "get-campaign", may: ofHere},
	{id: "get-plan", may: ofHere},
	{id: "list-rounds", may: ofHere},
	{id: "get-board", may: readers},
	{id: "list-late", may: readers},
	{id: "list-notices", may: readers},
	{id: "list-messages", may: readers},
	{id: "list-letters", may: readers},
	{id: "list-units", may: readers},
	{id: "list-campaign-audit", may: readers},
	{id: "get-ranking", may: readers, want: http.StatusNotFound}, // none is sealed yet; the next test looks at a published one
	{id: "get-completeness", may: readers},
	{id: "get-grid", may: readers},
	{id: "get-ranks", may: readers}, // as get-ranking, but that none is an empty list
	{id: "get-load", may: readers},
	{id: "get-unit", may: ofUnit},
	{id: "get-form", query: "?round=" + round, may: ofUnit},
	{id: "list-todo", query: "?campaign=" + "covid-2021", may: ofUnit},
	{id: "list-objects", may: []string{"operator", "auditor", "office", "office-other"}},
	{id: "list-audit", may: []string{"operator", "auditor"}},
	{id: "list-tokens", may: []string{"operator"}},
	{id: "get-changes", may: everybody},
	{id: "get-clock", may: everybody},
	{id: "list-ambiguous", may: readers},
	{id: "get-letter", may: readers},
	{id: "list-roots", may: everybody}, // they are for the public
	{id: "verify", may: []string{"operator", "auditor"}},
	{id: "get-bundle", may: []string{"operator", "auditor"}},

	{id: "keep-file", query: "?name=88.txt", body: "abc", may: without(everybody, "auditor", "auditor-elsewhere")}, // whoever may report somewhere
	{id: "submit", body: `{` + here + `,` + report + `,` + attached + `}`, may: senders},
	{id: "get-file", may: ofUnit},
	{id: "get-file", unit: other, may: slices.Concat(readers, []string{"focal-other", "leader-other"}), want: http.StatusNotFound}, // it is not this unit's
	{id: "return", body: `{` + here + `,"reason":"thiếu"}`, may: append([]string{"leader"}, offices...)},
	{id: "save-draft", body: `{` + here + `,"sections":{"ketQua":"viết dở"}}`, may: senders},
	{id: "submit", body: `{` + here + `,` + report + `}`, may: senders},
	{id: "approve", body: `{` + here + `}`, may: []string{"operator", "leader"}},
	{id: "return", body: `{` + here + `,"reason":"thiếu","to":"2021-10-27"}`, may: offices},
	{id: "record", body: `{` + here + `,` + report + `,` + attached + `,"source":"Paper","documentNumber":"88/BC","receivedAt":"2021-10-20T08:00:00+07:00"}`, may: offices},
	{id: "reopen", body: `{` + here + `,"reason":"x","to":"2021-10-27"}`, may: offices, want: http.StatusUnprocessableEntity},
	{id: "consolidate", unit: "BTTTT", body: `{` + here + `,"text":"1/89 đơn vị",` + attached + `}`, may: offices},
	{id: "extend", body: `{` + here + `,"to":"2021-10-27","reason":"x"}`, may: offices},
	{id: "request", body: `{"name":"bao-so-7","title":"báo cáo thiệt hại","due":"2021-10-27","units":["STTTT-12"],"reason":"x"}`, may: offices},
	{id: "hold-messages", body: `{"step":"request","reason":"x"}`, may: offices}, // that tell of the request
	{id: "release-messages", body: `{"unit":"STTTT-12"}`, may: offices},
	{id: "cancel-messages", body: `{"all":true,"reason":"x"}`, may: offices},
	{id: "resend-messages", body: `{"all":true}`, may: offices, want: http.StatusUnprocessableEntity},
	{id: "consolidate", body: `{` + here + `,"text":"x"}`, may: append([]string{"focal", "focal-here", "leader"}, offices...), want: http.StatusNotFound}, // nobody reports to it
	{id: "launch", body: `{}`, may: offices, want: http.StatusUnprocessableEntity},
	{id: "decide", body: `{"number":"512/QĐ","dated":"2022-04-08"}`, may: offices, want: http.StatusUnprocessableEntity},
	{id: "pause", body: `{"reason":"x"}`, may: offices},
	{id: "resume", body: `{"deadlines":"keep"}`, may: offices},
	{id: "rebuild", body: `{}`, may: []string{"operator"}},
	{id: "apply", query: "?dryRun=true", may: offices},
	{id: "diff", may: offices},
	{id: "draw-up", query: "?title=M%E1%BB%9Bi&launch=2021-11-02", may: []string{"operator", "office", "office-other"}},
	{id: "import-contacts", query: "?dryRun=true", body: `{"contacts":[{"unit":"STTTT-12","role":"Leader","email":"a@so.example"}]}`, may: []string{"operator", "office", "office-other"}},
	{id: "revoke-links", body: `{}`, may: []string{"operator", "office", "office-other"}},
	{id: "rotate-links", body: `{}`, may: []string{"operator"}},
	{id: "create-token", body: `{"name":"A","role":"Auditor","expiresAt":"` + time.Now().Add(time.Hour).Format(time.RFC3339) + `"}`, may: []string{"operator"}},
	{id: "revoke-token", body: `{}`, may: []string{"operator"}},
	{id: "list-accounts", may: []string{"operator", "office", "office-here", "office-elsewhere", "office-other"}}, // an office sees its own
	{id: "create-account", body: `{"login":"hai","name":"B","role":"Auditor","expiresAt":"` + later + `"}`, may: []string{"operator"}},
	{id: "give-role", body: `{"role":"FocalPoint","unit":"STTTT-12","campaign":"covid-2021","expiresAt":"` + later + `"}`, may: offices},
	{id: "disable-account", body: `{"disabled":true}`, may: offices},
	{id: "reset-factor", body: `{}`, may: offices},
	{id: "sign-out", body: `{}`, may: offices},
	{id: "invite", body: `{}`, may: []string{"operator"}, who: "hai"},
	{id: "revoke-role", body: `{}`, may: offices},
	{id: "cancel", body: `{"reason":"thay bằng phong trào mới"}`, may: offices},
}

// document is what the test reads of the OpenAPI document.
type document struct {
	Paths map[string]map[string]struct {
		OperationID string                `yaml:"operationId"`
		Security    []map[string][]string `yaml:"security"`
		Tags        []string              `yaml:"tags"`
	} `yaml:"paths"`
	Components struct {
		Schemas map[string]any `yaml:"schemas"`
	} `yaml:"components"`
}

type address struct{ method, path string }

// operations of the document, by id.
func (s *server) operations() map[string]address {
	s.t.Helper()
	var d document
	s.ok(yaml.Unmarshal(s.do(http.MethodGet, "/api/openapi.yaml", "", "").body, &d))
	all := map[string]address{}
	for path, methods := range d.Paths {
		for method, o := range methods {
			if len(o.Security) != 1 || o.Security[0]["token"] == nil {
				s.t.Errorf("%s %s asks for no token", method, path)
			}
			all[o.OperationID] = address{strings.ToUpper(method), path}
		}
	}
	// Tools that read the document take letters, digits, dots, hyphens and underlines.
	for schema := range d.Components.Schemas {
		if !regexp.MustCompile(`^[A-Za-z0-9._-]+$`).MatchString(schema) {
			s.t.Errorf("the schema %.80q has a name that is none", schema)
		}
	}
	if len(all) < 30 {
		s.t.Fatalf("only %d operations", len(all))
	}
	return all
}

// secrets of all who ask; what is not there sends nothing.
func (s *server) secrets() map[string]string {
	s.t.Helper()
	ctx := context.Background()
	// An office's to change: its leader's, in its campaign.
	_, _, err := s.engine.CreateAccount(ctx, engine.By(auth.Actor{Role: auth.Operator}, ""), "mot",
		engine.Grant{Name: "A", Role: auth.Leader, Unit: unit, Campaign: campaign, ExpiresAt: time.Now().Add(time.Hour)})
	s.ok(err)
	// Tokens bound to another campaign need one: it is a copy of this one's row.
	_, err = s.pool.Exec(ctx, `INSERT INTO campaign (name, title, time_zone, calendar, office, roster, plan, plan_hash, launch_at, closes_at, created_at)
		SELECT 'elsewhere', title, time_zone, calendar, office, roster, plan, plan_hash, launch_at, closes_at, created_at FROM campaign`)
	s.ok(err)
	_, err = s.pool.Exec(ctx, `INSERT INTO object (kind, name, generation, manifest, applied_at, actor)
		SELECT kind, 'elsewhere', 1, jsonb_set(manifest, '{metadata,name}', '"elsewhere"'), applied_at, actor FROM object WHERE kind = 'Campaign'`)
	s.ok(err)
	type g = engine.Grant
	all := map[string]string{
		"operator": s.token(g{Role: auth.Operator}), "operator-elsewhere": s.token(g{Role: auth.Operator, Campaign: "elsewhere"}),
		"auditor": s.token(g{Role: auth.Auditor}), "auditor-elsewhere": s.token(g{Role: auth.Auditor, Campaign: "elsewhere"}),
		"office": s.token(g{Role: auth.Office, Unit: office}), "office-here": s.token(g{Role: auth.Office, Unit: office, Campaign: campaign}),
		"office-elsewhere": s.token(g{Role: auth.Office, Unit: office, Campaign: "elsewhere"}), "office-other": s.token(g{Role: auth.Office, Unit: "BTTTT"}),
		"focal": s.token(g{Role: auth.FocalPoint, Unit: unit}), "focal-here": s.token(g{Role: auth.FocalPoint, Unit: unit, Campaign: campaign}),
		"focal-elsewhere": s.token(g{Role: auth.FocalPoint, Unit: unit, Campaign: "elsewhere"}), "focal-other": s.token(g{Role: auth.FocalPoint, Unit: other}),
		"focal-above":  s.token(g{Role: auth.FocalPoint, Unit: "UBND-12", Line: auth.AdministeredBy}),
		"focal-beside": s.token(g{Role: auth.FocalPoint, Unit: "UBND-12", Line: auth.CollectsTo}),
		"leader":       s.token(g{Role: auth.Leader, Unit: unit}), "leader-elsewhere": s.token(g{Role: auth.Leader, Unit: unit, Campaign: "elsewhere"}),
		"leader-other": s.token(g{Role: auth.Leader, Unit: other}), "leader-above": s.token(g{Role: auth.Leader, Unit: "UBND-12", Line: auth.AdministeredBy}),
		"unknown": "thidua_" + strings.Repeat("A", 43),
		"expired": s.token(g{Name: "expired", Role: auth.Operator}), "revoked": s.token(g{Name: "revoked", Role: auth.Operator}), "early": s.token(g{Name: "early", Role: auth.Operator}),
	}
	_, err = s.pool.Exec(ctx, `UPDATE token SET not_before = not_before - interval '2 h', expires_at = now() - interval '1 s' WHERE name = 'expired'`)
	s.ok(err)
	_, err = s.pool.Exec(ctx, `UPDATE token SET revoked_at = now() WHERE name = 'revoked'`)
	s.ok(err)
	_, err = s.pool.Exec(ctx, `UPDATE token SET not_before = now() + interval '30 min' WHERE name = 'early'`)
	s.ok(err)
	key := []byte("0123456789abcdef0123456789abcdef")
	s.ok(db.New(s.pool).InsertLinkKey(ctx, 1, key))
	all["link"] = auth.Link{Unit: unit, Role: auth.FocalPoint, Campaign: campaign, Version: 1, Key: 1, Expires: time.Now().Add(time.Hour)}.Sign(key)
	return all
}

// ask makes a route's request as one of those who ask.
func (s *server) ask(r route, n int, at address, who, secret string) answer {
	s.t.Helper()
	id := "20" // of a token
	if r.id == "revoke-role" {
		id = "1"
	}
	path := strings.NewReplacer("{campaign}", campaign, "{unit}", cmp.Or(r.unit, unit), "{id}", id, "{login}", cmp.Or(r.who, "mot"), "{sha256}", abc, "{subject}", "ledger", "{letter}", "1").Replace(at.path) + r.query
	body := r.body
	headers := []string{}
	if r.id == "apply" || r.id == "diff" {
		b, err := os.ReadFile("../../examples/seed-2021/campaign.yaml")
		s.ok(err)
		body = string(b)
		headers = append(headers, "Content-Type", "application/yaml")
	}
	if r.id == "draw-up" {
		body = "Mã,Tên đơn vị\n01,Phòng Một\n"
		headers = append(headers, "Content-Type", "application/octet-stream")
	}
	if at.method != http.MethodGet {
		headers = append(headers, "Idempotency-Key", fmt.Sprintf("11111111-1111-4111-8111-%012d", n))
	}
	switch who {
	case "nobody":
		secret = ""
	case "basic":
		headers, secret = append(headers, "Authorization", "Basic cm9vdDpyb290"), ""
	case "cookie":
		headers, secret = append(headers, "Cookie", "thidua=abc; session=abc"), ""
	}
	return s.do(at.method, path, secret, body, headers...)
}

// TestEveryRouteForEveryRole: one row a route, one request for each who asks. A
// route without a row fails, and so does a row without a route.
func TestEveryRouteForEveryRole(t *testing.T) {
	s := serve(t)
	s.unconsolidated()
	operations, secrets := s.operations(), s.secrets()
	rows := map[string]bool{}
	for _, r := range routes {
		rows[r.id] = true
		if operations[r.id].path == "" {
			t.Errorf("row %s has no operation", r.id)
		}
	}
	for id := range operations {
		if !rows[id] {
			t.Errorf("operation %s has no row: who may do it?", id)
		}
	}
	if t.Failed() {
		return
	}
	before, asked := s.facts(), 0
	for n, r := range routes {
		for _, who := range strangers {
			asked++
			got := s.ask(r, n, operations[r.id], who, secrets[who])
			if got.StatusCode != http.StatusUnauthorized || got.Header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s as %s answers %d: %s", r.id, who, got.StatusCode, got.body)
			}
		}
	}
	if after := s.facts(); after != before {
		t.Errorf("strangers changed something:\n%s\n%s", before, after)
	}
	for n, r := range routes {
		for _, who := range members {
			may := slices.Contains(r.may, who)
			if may {
				continue
			}
			asked++
			if got := s.ask(r, n, operations[r.id], who, secrets[who]); got.StatusCode != http.StatusForbidden || got.code() != "Forbidden" {
				t.Errorf("%s as %s answers %d: %s", r.id, who, got.StatusCode, got.body)
			}
		}
	}
	if after := s.facts(); after != before {
		t.Errorf("those who may not changed something:\n%s\n%s", before, after)
	}
	if _, err := os.Stat(s.files); !os.IsNotExist(err) {
		t.Errorf("those who may not have sent files: %v", err)
	}
	for n, r := range routes {
		want := max(r.want, http.StatusOK)
		for _, who := range r.may {
			asked++
			if got := s.ask(r, n, operations[r.id], who, secrets[who]); got.StatusCode != want {
				t.Errorf("row %d, %s as %s answers %d, want %d: %s", n, r.id, who, got.StatusCode, want, got.body)
			}
		}
	}
	t.Logf("%d operations, %d requests", len(operations), asked)
}
