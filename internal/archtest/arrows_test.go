package archtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// arrow is a rule about what a package, or all below it, may import.
type arrow struct {
	reason string
	from   []string // packages of ours; each must exist
	// allow, when set, are the only imports beside the standard library.
	allow []string
	// never are imports that neither these packages nor those of ours that they
	// need may have themselves. What a library needs is the library's affair.
	never []string
	// absent are packages that must not come in by any way at all.
	absent []string
}

var (
	inputOutput = []string{"os", "net", "syscall", "database/sql", "log", "io/ioutil", "math/rand", "crypto/rand"}
	postgres    = "github.com/jackc/pgx/v5"
	temporal    = "go.temporal.io"
)

var arrows = []arrow{
	{
		reason: "pure packages compute: the same input gives the same output",
		from:   []string{"internal/calendar", "internal/plan", "internal/score", "internal/audit"},
		never:  append([]string{postgres, temporal}, inputOutput...),
		absent: []string{postgres, temporal},
	},
	{
		reason: "procedures read like the office's own, and know nothing but the SDK and their messages",
		from:   []string{"workflows"},
		allow:  []string{"go.temporal.io/sdk/workflow", "go.temporal.io/sdk/temporal", own("api")},
		never:  inputOutput,
	},
	{
		reason: "activities are thin calls into the engine",
		from:   []string{"activities"},
		allow:  []string{"go.temporal.io/sdk", own("internal/engine"), own("internal/logs"), own("workflows")},
	},
	{
		reason: "Postgres keeps facts: the engine works while Temporal is down, and sends nothing itself",
		from:   []string{"internal/engine"},
		never:  []string{temporal, "go.opentelemetry.io", "net/http", "net/smtp", own("internal/notify"), own("workflows"), own("worker")},
		absent: []string{temporal},
	},
	{
		reason: "the kinds are the bottom of the house",
		from:   []string{"api/v1"},
		never:  []string{module},
	},
	{
		reason: "readers and senders work while Temporal is down",
		from:   []string{"internal/store", "internal/look", "internal/notify", "internal/manifest", "internal/document", "internal/mailbox", "internal/verify"},
		never:  []string{temporal},
		absent: []string{temporal},
	},
	{
		reason: "readers change nothing, so they need no engine",
		from:   []string{"internal/look"},
		never:  []string{own("internal/engine")},
	},
	{
		reason: "the store knows rows, not rules",
		from:   []string{"internal/store"},
		allow:  []string{own("internal/store"), postgres, "github.com/pressly/goose/v3", "github.com/shopspring/decimal", "github.com/google/uuid", "github.com/vgarvardt/pgx-google-uuid/v5"},
	},
}

func TestArrows(t *testing.T) {
	g := load(t)
	for _, a := range arrows {
		for _, v := range a.violations(g) {
			t.Errorf("%s\n\trule: %s", v, a.reason)
		}
	}
}

func (a arrow) violations(g graph) (found []string) {
	for _, name := range a.from {
		p := g[own(name)]
		if p == nil {
			found = append(found, fmt.Sprintf("there is no package %s: was it renamed?", name))
			continue
		}
		found = append(found, a.allowed(g, p)...)
		for _, q := range g.reach(p.ImportPath) {
			for _, dep := range q.Imports {
				if below(dep, a.never...) {
					found = append(found, fmt.Sprintf("%s must not import %s%s", name, short(dep), through(p, q)))
				}
			}
		}
		for _, absent := range a.absent {
			// One of a module's packages is enough to say so.
			if i := slices.IndexFunc(p.Deps, func(dep string) bool { return below(dep, absent) }); i >= 0 {
				found = append(found, fmt.Sprintf("%s must not need %s", name, p.Deps[i]))
			}
		}
	}
	return found
}

func (a arrow) allowed(g graph, p *pkg) (found []string) {
	if a.allow == nil {
		return nil
	}
	for _, dep := range p.Imports {
		if g[dep] != nil && !g[dep].Standard && !below(dep, a.allow...) {
			found = append(found, fmt.Sprintf("%s may import %s and the standard library, not %s",
				short(p.ImportPath), strings.Join(a.allow, ", "), dep))
		}
	}
	return found
}

func through(p, q *pkg) string {
	if p == q {
		return ""
	}
	return ", which it does through " + short(q.ImportPath)
}

// importers are the only packages that may import some; of packages below them
// the same is true.
var importers = []struct {
	reason string
	of     string
	only   []string
}{
	{"the command line is an edge: nothing is built on it", own("internal/cli"), []string{"cmd", "internal/cli"}},
	{"pages are an edge: nothing is built on them", own("internal/pages"), []string{"cmd", "internal/pages"}},
	{
		"the API is an edge: nothing is built on it but the command line, through its client", own("internal/httpapi"),
		[]string{"cmd", "internal/httpapi", "internal/cli"},
	},
	{"traces are made by the API alone; main says where they go", "go.opentelemetry.io/otel/sdk", []string{"internal/traces/otlp"}},
	{"main says where traces go", own("internal/traces/otlp"), []string{"cmd", "internal/traces/otlp"}},
	{"main puts the worker together; nothing else runs one", own("worker"), []string{"cmd", "worker", "internal/e2e"}},
	{
		"Temporal stays behind the worker", "go.temporal.io/sdk",
		[]string{"workflows", "activities", "worker", "cmd", "internal/metrics", "internal/e2e"},
	},
	{"queries are called by the engine, the readers and the sender; edges ask those", own("internal/store/db"), []string{
		"internal/store", "internal/engine", "internal/look", "internal/notify", "internal/rehearse", "internal/metrics", "internal/mailbox", "internal/verify",
		"worker", "internal/e2e",
	}},
}

func TestImporters(t *testing.T) {
	g := load(t)
	for _, rule := range importers {
		for _, v := range strangers(g, rule.of, rule.only) {
			t.Errorf("%s imports %s; only %s may\n\trule: %s", v, short(rule.of), strings.Join(rule.only, ", "), rule.reason)
		}
	}
}

// strangers import something without being allowed to.
func strangers(g graph, of string, only []string) (found []string) {
	for _, p := range g.ours() {
		imports := slices.ContainsFunc(p.Imports, func(dep string) bool { return below(dep, of) })
		if imports && !below(short(p.ImportPath), only...) {
			found = append(found, short(p.ImportPath))
		}
	}
	return found
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	for _, p := range load(t).ours() {
		if p.Doc == "" && len(p.GoFiles) > 0 {
			t.Errorf("package %s has no doc comment", short(p.ImportPath))
		}
	}
}

// TestRulesBite: a rule that never fires is no rule.
func TestRulesBite(t *testing.T) {
	g := graph{}
	add := func(path string, standard bool, imports ...string) {
		p := &pkg{ImportPath: path, Standard: standard, Imports: imports, Deps: imports}
		for _, dep := range imports {
			if g[dep] == nil {
				g[dep] = &pkg{ImportPath: dep, Standard: !strings.Contains(dep, ".")}
			}
			p.Deps = append(p.Deps, g[dep].Deps...)
		}
		g[path] = p
	}
	add("example.org/lib", false, "net")
	add(own("low"), false, "os")
	add(own("high"), false, own("low"), "strings", "example.org/lib")
	for _, c := range []struct {
		reason string
		rule   arrow
		want   int
	}{
		{"an import of its own", arrow{from: []string{"low"}, never: []string{"os"}}, 1},
		{"an import of one that it needs", arrow{from: []string{"high"}, never: []string{"os"}}, 1},
		{"what a library needs does not count", arrow{from: []string{"high"}, never: []string{"net"}}, 0},
		{"unless it must be absent", arrow{from: []string{"high"}, absent: []string{"net"}}, 1},
		{"neither listed nor standard", arrow{from: []string{"high"}, allow: []string{own("low")}}, 1},
		{"a package that is gone", arrow{from: []string{"renamed"}}, 1},
		{"a prefix is no folder", arrow{from: []string{"low"}, never: []string{"o"}}, 0},
	} {
		if got := c.rule.violations(g); len(got) != c.want {
			t.Errorf("%s: %d violations, want %d: %v", c.reason, len(got), c.want, got)
		}
	}
	if got := strangers(g, "os", []string{"high"}); !slices.Equal(got, []string{"low"}) {
		t.Errorf("strangers: %v", got)
	}
}
