package store_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"thidua.dev/thidua/internal/store"
	"thidua.dev/thidua/internal/store/storetest"
)

var update = flag.Bool("update", false, "write docs/views.md anew")

func TestMain(m *testing.M) { storetest.Main(m) }

func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func strs(t *testing.T, conn *pgx.Conn, sql string, args ...any) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return all
}

// TestDashboardRole connects as dashboards do: it reads the views, and nothing else.
func TestDashboardRole(t *testing.T) {
	address := storetest.New(t)
	owner := connect(t, address)
	as, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	as.User = url.UserPassword(store.DashboardRole, "for this test")
	if conn, err := pgx.Connect(t.Context(), as.String()); err == nil {
		conn.Close(t.Context())
		t.Fatal("the role logs in before anybody has given it a password")
	}
	if err := store.AdmitDashboards(t.Context(), address, "for this test"); err != nil {
		t.Fatal(err)
	}
	reader := connect(t, as.String())

	for _, view := range strs(t, owner, `SELECT format('%I.%I', schemaname, viewname) FROM pg_views WHERE schemaname = 'dashboard'`) {
		if _, err := reader.Exec(t.Context(), `SELECT count(v::text) FROM `+view+` v`); err != nil {
			t.Errorf("%s: %v", view, err)
		}
	}
	others := strs(t, owner, `SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'v', 'm', 'p', 'S') AND n.nspname IN ('public', 'as_of')`)
	if len(others) < 40 {
		t.Errorf("only %d other tables: %v", len(others), others)
	}
	for _, table := range others {
		refused(t, reader, `SELECT 1 FROM `+table)
	}
	// What the role may set for itself must not be what keeps it out.
	if _, err := reader.Exec(t.Context(), `SET default_transaction_read_only = off`); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`CREATE TABLE public.mine ()`, `CREATE VIEW dashboard.mine AS SELECT 1`, `INSERT INTO dashboard.campaign (title) VALUES ('x')`,
		`UPDATE dashboard.campaign SET title = 'x'`, `DELETE FROM dashboard.campaign`, `SELECT public.business_now()`,
		`SET ROLE ` + pgx.Identifier{strs(t, owner, `SELECT current_user::text`)[0]}.Sanitize(), `SELECT pg_read_file('/etc/passwd')`, `SELECT rolpassword FROM pg_authid`,
	} {
		refused(t, reader, statement)
	}
}

func refused(t *testing.T, conn *pgx.Conn, statement string) {
	t.Helper()
	_, err := conn.Exec(t.Context(), statement)
	const insufficientPrivilege = "42501"
	if e := (*pgconn.PgError)(nil); !errors.As(err, &e) || e.Code != insufficientPrivilege {
		t.Errorf("%s: %v, want a refusal", statement, err)
	}
}

// TestDashboardViewsShowNoPersons looks at what the views are made of: no table about
// persons, and of the others no column that may name one. Of a server's answer the code
// alone is cut out.
func TestDashboardViewsShowNoPersons(t *testing.T) {
	conn := connect(t, storetest.New(t))
	tables := strs(t, conn, `SELECT DISTINCT table_name::text FROM information_schema.view_column_usage
		WHERE view_schema = 'dashboard' AND table_schema = 'public' ORDER BY 1`)
	if diff := cmp.Diff([]string{
		"attempt", "audit", "calendar_day", "campaign", "clock", "letter", "message", "notice", "obligation", "participant", "procedure",
		"report", "roster_unit", "round", "round_due",
	}, tables); diff != "" {
		t.Errorf("tables under the views (-want +got):\n%s", diff)
	}
	for _, column := range strs(t, conn, `SELECT DISTINCT format('%s.%s', table_name, column_name) FROM information_schema.view_column_usage
		WHERE view_schema = 'dashboard' AND column_name IN ('actor', 'reason', 'return_reason', 'detail', 'sections', 'hard_tasks', 'document_number',
			'email', 'recipient', 'signed_by', 'content', 'response', 'login') ORDER BY 1`) {
		if column != "attempt.response" && column != "notice.reason" { // the code; whether it is one of four words
			t.Errorf("the views use %s", column)
		}
	}
	for _, use := range []struct{ view, column, by string }{
		{"attempt", "a.response", `"substring"(a.response, '^[245]\d\d(?!\d)'::text)`},
		{"notice", "n.reason", `n.reason = ANY (ARRAY['MissedSend'::text, 'MissedSkip'::text, 'MissedMerge'::text, 'PastNotAfter'::text])`},
	} {
		definition := strs(t, conn, `SELECT pg_get_viewdef(('dashboard.' || $1)::regclass)`, use.view)[0]
		if !strings.Contains(definition, use.by) || strings.Count(definition, use.column) != 1 {
			t.Errorf("%s uses %s otherwise than by %s:\n%s", use.view, use.column, use.by, definition)
		}
	}
}

// The migration of another database in the same cluster finds the role; who may not make
// roles goes on without one.
func TestDashboardRoleMayBeMissing(t *testing.T) {
	owner := connect(t, storetest.Cluster().URL("postgres"))
	do := func(statements ...string) {
		t.Helper()
		for _, s := range statements {
			if _, err := owner.Exec(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
	}
	do(`CREATE ROLE modest LOGIN PASSWORD 'modest'`)
	for _, tt := range []struct {
		database string
		there    bool
	}{{"with_role", true}, {"without_role", false}} {
		do(`CREATE DATABASE ` + tt.database + ` OWNER modest`)
		if !tt.there {
			do(`ALTER ROLE thidua_grafana RENAME TO hidden`)
			defer do(`ALTER ROLE hidden RENAME TO thidua_grafana`)
		}
		address, err := url.Parse(storetest.Cluster().URL(tt.database))
		if err != nil {
			t.Fatal(err)
		}
		address.User = url.UserPassword("modest", "modest")
		if err := store.Migrate(t.Context(), address.String()); err != nil {
			t.Errorf("%s: %v", tt.database, err)
		}
		readers := strs(t, connect(t, address.String()), `SELECT grantee::text FROM information_schema.role_table_grants
			WHERE table_schema = 'dashboard' AND table_name = 'campaign' AND grantee <> 'modest'`)
		if want := map[bool]int{true: 1, false: 0}[tt.there]; len(readers) != want {
			t.Errorf("%s: %v read the views", tt.database, readers)
		}
		if err := store.AdmitDashboards(t.Context(), address.String(), "x"); err == nil {
			t.Errorf("%s: one who may not change roles has given a password", tt.database)
		}
	}
}

// TestViewsPage holds docs/views.md to the comments in the database.
func TestViewsPage(t *testing.T) {
	conn := connect(t, storetest.New(t))
	rows, err := conn.Query(t.Context(), `SELECT c.relname, coalesce(obj_description(c.oid), ''), a.attname, format_type(a.atttypid, a.atttypmod), coalesce(col_description(c.oid, a.attnum), '')
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'dashboard'::regnamespace AND a.attnum > 0 ORDER BY c.relname, a.attnum`)
	if err != nil {
		t.Fatal(err)
	}
	var page strings.Builder
	page.WriteString(viewsHead)
	var last, view, about, column, kind, note string
	_, err = pgx.ForEachRow(rows, []any{&view, &about, &column, &kind, &note}, func() error {
		if about == "" {
			t.Errorf("dashboard.%s has no comment", view)
		}
		if view != last {
			fmt.Fprintf(&page, "\n## %s\n%s\n\n| column | type | |\n|---|---|---|\n", view, about)
			last = view
		}
		fmt.Fprintf(&page, "| %s | %s | %s |\n", column, strings.Replace(kind, "timestamp with time zone", "timestamptz", 1), note)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	const file = "../../docs/views.md"
	if *update {
		if err := os.WriteFile(file, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(have), page.String()); diff != "" {
		t.Errorf("%s is not what the database says (go test ./internal/store -update writes it):\n%s", file, diff)
	}
}

const viewsHead = `# What dashboards may read

Schema ` + "`dashboard`" + `: the views that the role ` + "`thidua_grafana`" + ` reads, and all that it reads. They
show units, by code and name, and no person: no name, no address, nothing that somebody
wrote. Who needs more asks ` + "`thidua`" + ` or the pages, which ask who is asking. How the role gets
a password stands in [operations.md](operations.md#the-facts-in-grafana).

This page is written from the comments in [the migration](../internal/store/migrations/00013_dashboard.sql).
Times are business time unless the column says otherwise. A column is not taken away or
renamed within a major version; new ones may come.
`
