package cli

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/pages"
	"thidua.dev/thidua/internal/scaffold"
)

// way is how one thing is done on the command line, through the API and on a page. Where a
// way is missing, without says why.
type way struct {
	act             string // the engine's method; empty is looking
	verb, operation string
	page            string // route, and the act of its form where it has several
	without         string
}

const (
	bySteer     = "POST /campaigns/{name}/steer "
	byDesk      = "POST /campaigns/{name}/units/{code}/{round...} "
	byMail      = "POST /campaigns/{name}/messages "
	byPeople    = "POST /people "
	byPerson    = "POST /people/{id} "
	byProposal  = "POST /declare/{proposal} "
	board       = "GET /campaigns/{name}"
	pictures    = "GET /campaigns/{name}/pictures"
	ownAccount  = "an account is a person's own: on the page that they have logged in to"
	onMachine   = "an operator's, for the installation itself: not with a mouse, nor by those who read pages"
	asTheOffice = "a page shows what is drawn up; files are written by who applies them"
)

// ways are all there are. An act has its row; so has each verb, operation and form.
var ways = []way{
	{act: "Apply", verb: "apply", operation: "apply", page: byProposal + "declare"},
	{act: "DeclareProposal", page: byProposal + "launch", without: "apply and launch in one: a page has one button for both"},
	{act: "Launch", verb: "launch", operation: "launch", page: bySteer + "launch"},
	{act: "Pause", verb: "pause", operation: "pause", page: bySteer + "pause"},
	{act: "Resume", verb: "resume", operation: "resume", page: bySteer + "resume"},
	{act: "Extend", verb: "extend", operation: "extend", page: bySteer + "extend"},
	{act: "Extend", verb: "extend", operation: "extend", page: byDesk + "extend"},
	{act: "Cancel", verb: "cancel", operation: "cancel", page: bySteer + "cancel"},
	{act: "Request", verb: "request", operation: "request", page: bySteer + "request"},
	{act: "Consolidate", verb: "consolidate", operation: "consolidate", page: bySteer + "consolidate"},
	{act: "Decide", verb: "decide", operation: "decide", page: bySteer + "decide"},
	{act: "HoldMessages", verb: "message hold", operation: "hold-messages", page: byMail + "hold"},
	{act: "ReleaseMessages", verb: "message release", operation: "release-messages", page: byMail + "release"},
	{act: "CancelMessages", verb: "message cancel", operation: "cancel-messages", page: byMail + "cancelMessages"},
	{act: "ResendMessages", verb: "message resend", operation: "resend-messages", page: byMail + "resend"},
	{act: "Submit", verb: "submit", operation: "submit", page: "POST /unit/{campaign}/report/{round...}"},
	{act: "SaveDraft", verb: "submit", operation: "save-draft", page: "POST /unit/{campaign}/report/{round...}"},
	{act: "Record", verb: "submit", operation: "record", page: byDesk + "record"},
	{act: "Approve", verb: "approve", operation: "approve", page: "POST /unit/{campaign}/approve/{round...}"},
	{act: "HandBack", verb: "return", operation: "return", page: "POST /unit/{campaign}/handback/{round...}"},
	{act: "HandBack", verb: "return", operation: "return", page: byDesk + "handback"},
	{act: "Return", verb: "return", operation: "return", page: byDesk + "return"},
	{act: "Reopen", verb: "reopen", operation: "reopen", page: byDesk + "reopen"},
	{act: "CreateAccount", verb: "account create", operation: "create-account", page: byPeople + "admit"},
	{act: "GiveRole", verb: "account give", operation: "give-role", page: byPeople + "give"},
	{act: "GiveRole", verb: "account give", operation: "give-role", page: byPerson + "give"},
	{act: "RevokeRole", verb: "account revoke", operation: "revoke-role", page: byPerson + "revoke"},
	{act: "RevokeRole", page: "POST /account/undelegate", without: ownAccount},
	{act: "Invite", verb: "account invite", operation: "invite", page: byPerson + "invite"},
	{act: "DisableAccount", verb: "account disable", operation: "disable-account", page: byPerson + "disable"},
	{act: "DisableAccount", verb: "account enable", operation: "disable-account", page: byPerson + "enable"},
	{act: "ResetSecondFactor", verb: "account reset-factor", operation: "reset-factor", page: byPerson + "resetFactor"},
	{act: "SignOut", verb: "account sign-out", operation: "sign-out", page: byPerson + "signOut"},
	{act: "Delegate", page: "POST /account/delegate", without: ownAccount},
	{act: "IssueToken", verb: "token create", operation: "create-token", without: onMachine},
	{act: "RevokeToken", verb: "token revoke", operation: "revoke-token", without: onMachine},
	{act: "RevokeLinks", verb: "link revoke", operation: "revoke-links", without: onMachine},
	{act: "RotateLinkKey", verb: "link revoke", operation: "rotate-links", without: onMachine},
	{act: "Rebuild", verb: "rebuild", operation: "rebuild", without: onMachine},

	// What changes no fact, or only what its own door knows.
	{verb: "import contacts", operation: "import-contacts", without: "a page takes them with the list of units that is drawn up"},
	{operation: "keep-file", page: "POST /unit/{campaign}/report/{round...}", without: "submit --attach sends files itself"},
	{verb: "init", operation: "draw-up", page: "POST /declare"},
	{verb: "plan", operation: "get-plan", page: "GET /declare/{proposal}"},
	{verb: "rehearse", page: byProposal + "rehearse", without: "it takes a scratch database and minutes of a machine"},
	{verb: "diff", operation: "diff", without: asTheOffice},
	{page: byProposal + "fields", without: "on the command line one edits the file"},
	{page: byProposal + "units", without: "on the command line one edits the file"},
	{page: byProposal + "yaml", without: "on the command line one edits the file"},
	{page: byProposal + "drop", without: "on the command line one deletes the file"},
	{page: byPeople + "search", without: "account list shows all; grep finds"},
	{page: "POST /login", without: ownAccount}, {page: "POST /login/code", without: ownAccount}, {page: "POST /logout", without: ownAccount},
	{page: "POST /invite/{secret}", without: ownAccount}, {page: "POST /account/role", without: ownAccount}, {page: "POST /account/password", without: ownAccount},
	{page: "POST /account/everywhere", without: ownAccount}, {page: "POST /account/factor", without: ownAccount},
	{page: "POST /u/{link}", without: "a link is a unit's: it opens pages"}, {page: "POST /unit/leave", without: "a link is a unit's: it opens pages"},

	// Looking.
	{verb: "get campaigns", operation: "list-campaigns", page: "GET /{$}"},
	{verb: "describe", operation: "get-campaign", page: board},
	{verb: "watch", operation: "get-board", page: "GET /campaigns/{name}/live"},
	{verb: "watch", operation: "get-changes", page: "GET /live"},
	{verb: "get rounds", operation: "list-rounds", page: board},
	{verb: "get late", operation: "list-late", page: board},
	{verb: "get notices", operation: "list-notices", page: "GET /campaigns/{name}/units/{code}"},
	{verb: "get messages", operation: "list-messages", page: "GET /campaigns/{name}/messages"},
	{verb: "get ambiguous", operation: "list-ambiguous", page: "GET /campaigns/{name}/messages"},
	{verb: "get letters", operation: "list-letters", page: board},
	{verb: "get letter", operation: "get-letter", page: "GET /campaigns/{name}/letters/{id}"},
	{verb: "get ranking", operation: "get-ranking", page: "GET /campaigns/{name}/ranking"},
	{verb: "get completeness", operation: "get-completeness", page: pictures},
	{verb: "get grid", operation: "get-grid", page: pictures},
	{verb: "get load", operation: "get-load", page: pictures},
	{operation: "get-ranks", page: pictures, without: "places from ranking to ranking are a drawing"},
	{verb: "get todo", operation: "list-todo", page: "GET /todo"},
	{verb: "get objects", operation: "list-objects", without: asTheOffice},
	{verb: "get file", operation: "get-file", without: "a report's page names its files; they are opened by who examines them"},
	{verb: "get roots", operation: "list-roots", page: "GET /roots"},
	{verb: "why", operation: "get-unit", page: "GET /campaigns/{name}/units/{code}"},
	{operation: "get-form", page: "GET /unit/{campaign}/report/{round...}", without: "on the command line a report is a file, which is checked when it is sent"},
	{verb: "describe", operation: "list-units", page: "GET /campaigns/{name}/units"},
	{verb: "describe", operation: "get-clock", page: board},
	{verb: "status", operation: "status", page: "GET /{$}"},
	{operation: "list-campaign-audit", page: "GET /campaigns/{name}/units/{code}", without: "describe and why tell what was done; verify reads all of it"},
	{operation: "list-audit", without: "it goes to programs that keep it elsewhere"},
	{verb: "account list", operation: "list-accounts", page: "GET /people"},
	{verb: "token list", operation: "list-tokens", without: onMachine},
	{operation: "whoami", page: "GET /account", without: "at hand one is the operator of the machine"},
	{verb: "verify", operation: "verify", without: "whoever holds records to each other does it on a machine of their own"},
	{verb: "bundle", operation: "get-bundle", without: "whoever holds records to each other does it on a machine of their own"},
	{verb: "explain", without: "it tells the schema, and reads no installation"},
	{verb: "up", without: onMachine}, {verb: "worker", without: onMachine}, {verb: "serve", without: onMachine}, {verb: "migrate", without: onMachine},
	{verb: "bench", without: onMachine}, {verb: "drill", without: onMachine}, {verb: "completion", without: onMachine}, {verb: "version", without: onMachine},
}

// TestWaysAgree: what can be done in one way can be done in all, or a row says why not; and
// no way has something that no row knows.
func TestWaysAgree(t *testing.T) {
	acts, verbs, operations, routes, forms := engineActs(), leaves((&app{}).root()), operationIDs(t), pageRoutes(t), pageForms(t)
	seen := map[string]bool{}
	for _, w := range ways {
		if w.without == "" && (w.verb == "" || w.operation == "" || w.page == "") {
			t.Errorf("%+v: a way is missing without a reason", w)
		}
		if w.without != "" && w.verb != "" && w.operation != "" && w.page != "" {
			t.Errorf("%+v: a reason for nothing", w)
		}
		method, rest, _ := strings.Cut(w.page, " ")
		path, form, _ := strings.Cut(rest, " ")
		for _, one := range []struct {
			kind, name string
			there      []string
		}{{"act", w.act, acts}, {"verb", w.verb, verbs}, {"operation", w.operation, operations}, {"route", strings.TrimSpace(method + " " + path), routes}, {"form", form, forms}} {
			if one.name == "" {
				continue
			}
			if !slices.Contains(one.there, one.name) {
				t.Errorf("%+v: there is no %s %q", w, one.kind, one.name)
			}
			seen[one.kind+" "+one.name] = true
		}
	}
	for kind, all := range map[string][]string{"act": acts, "verb": verbs, "operation": operations, "route": routes, "form": forms} {
		for _, name := range all {
			if !seen[kind+" "+name] && (kind != "route" || strings.HasPrefix(name, "POST ")) {
				t.Errorf("no row knows the %s %s", kind, name)
			}
		}
	}
}

// engineActs are the commands of the engine: what takes an Act.
func engineActs() (names []string) {
	e := reflect.TypeFor[*engine.Engine]()
	for m := range e.Methods() {
		for in := range m.Type.Ins() {
			if in == reflect.TypeFor[engine.Act]() {
				names = append(names, m.Name)
			}
		}
	}
	return names
}

// leaves are the verbs below a command that do something themselves.
func leaves(cmd *cobra.Command) (names []string) {
	for _, c := range cmd.Commands() {
		if below := leaves(c); len(below) > 0 {
			names = append(names, below...)
		} else {
			names = append(names, strings.TrimPrefix(c.CommandPath(), "thidua "))
		}
	}
	return names
}

// openAPI is what the tests read of the API's document.
type openAPI struct {
	Paths map[string]map[string]struct {
		OperationID string `yaml:"operationId"`
	} `yaml:"paths"`
	Components struct {
		Schemas map[string]struct {
			Properties map[string]struct {
				Enum []string `yaml:"enum"`
			} `yaml:"properties"`
		} `yaml:"schemas"`
	} `yaml:"components"`
}

func readOpenAPI(t *testing.T) (d openAPI) {
	t.Helper()
	data, err := os.ReadFile("../../docs/api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func operationIDs(t *testing.T) (ids []string) {
	t.Helper()
	for _, methods := range readOpenAPI(t).Paths {
		for _, o := range methods {
			ids = append(ids, o.OperationID)
		}
	}
	return ids
}

func pageRoutes(t *testing.T) []string {
	t.Helper()
	app := pages.New(pages.Options{Engine: engine.New(nil, nil), Look: look.New(nil)})
	t.Cleanup(app.Stop)
	return app.Routes()
}

var formAct = regexp.MustCompile(`@actForm\(u, [a-z.]+, "([a-zA-Z]+)"|name="act" value="([a-zA-Z]+)"`)

// pageForms are the acts of forms, as the pages write them.
func pageForms(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../pages/*.templ")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v %v", files, err)
	}
	acts := map[string]bool{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range formAct.FindAllStringSubmatch(string(source), -1) {
			acts[m[1]+m[2]] = true
		}
	}
	return slices.Sorted(maps.Keys(acts))
}

// TestChoicesAgree: what is listed in several places is the same list.
func TestChoicesAgree(t *testing.T) {
	root, schemas := (&app{}).root(), readOpenAPI(t).Components.Schemas
	roles, lines := words(auth.Roles), words(auth.Lines)
	for _, c := range []struct {
		verb, flag       string
		schema, property string
		want             []string
	}{
		{"account create", "role", "NewAccount", "role", roles},
		{"account give", "role", "RoleGrant", "role", roles},
		{"token create", "role", "Grant", "role", roles},
		{"account give", "line", "RoleGrant", "line", lines},
		{"token create", "line", "Grant", "line", lines},
		{"submit", "source", "Recorded", "source", words(engine.Sources)},
		{"resume", "deadlines", "Resuming", "deadlines", words(engine.DeadlineChoices)},
		{"request", "approval", "Asked", "approval", []string{string(v1.ApprovalUnitLeader), string(v1.ApprovalNone)}},
	} {
		cmd, _, err := root.Find(strings.Fields(c.verb))
		if err != nil {
			t.Fatal(err)
		}
		if got := choices(cmd.Flags().Lookup(c.flag)); !slices.Equal(got, c.want) {
			t.Errorf("thidua %s --%s offers %v, want %v", c.verb, c.flag, got, c.want)
		}
		if got := schemas[c.schema].Properties[c.property].Enum; !slices.Equal(got, c.want) {
			t.Errorf("the API's %s.%s is one of %v, want %v", c.schema, c.property, got, c.want)
		}
	}
	usage := (&app{}).initCommand().Flags().Lookup("template").Usage
	for _, template := range scaffold.Templates {
		if !strings.Contains(usage, string(template)) {
			t.Errorf("init --template does not name %s: %s", template, usage)
		}
	}
}

func choices(flag *pflag.Flag) []string {
	if flag == nil {
		return nil
	}
	c, _ := flag.Value.(*choice)
	if c == nil {
		return nil
	}
	return c.allowed
}
