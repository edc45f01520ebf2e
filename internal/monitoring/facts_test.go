package monitoring

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"thidua.dev/thidua/deploy"
	"thidua.dev/thidua/internal/rehearse/seedtest"
	"thidua.dev/thidua/internal/store"
)

// asDashboard connects as Grafana would.
func asDashboard(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	const password = "for this test"
	if err := store.AdmitDashboards(t.Context(), address, password); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(store.DashboardRole, password)
	conn, err := pgx.Connect(t.Context(), u.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// choice is what a reader has chosen above a board.
type choice struct {
	campaigns, rounds []string
	unit              string
}

var timeFilter = regexp.MustCompile(`\$__timeFilter\((\w+)\)`)

// given replaces variables and macros as Grafana does.
func (c choice) given(t *testing.T, sql string) string {
	t.Helper()
	literals := func(values ...string) string {
		for i, v := range values {
			values[i] = "'" + strings.ReplaceAll(v, "'", "''") + "'"
		}
		return strings.Join(values, ",")
	}
	sql = strings.NewReplacer(
		"${campaign:sqlstring}", literals(slices.Clone(c.campaigns)...),
		"${round:sqlstring}", literals(slices.Clone(c.rounds)...),
		"${unit:sqlstring}", literals(c.unit),
	).Replace(sql)
	sql = timeFilter.ReplaceAllString(sql, "$1 BETWEEN '2020-01-01T00:00:00Z' AND '2099-12-31T23:59:59Z'")
	if strings.Contains(sql, "$") {
		t.Fatalf("nobody gives a variable its value: %s", sql)
	}
	return sql
}

// checkFacts holds every panel of facts to its answer, for several choices, and finds
// what a view must not show.
func (f *frozen) checkFacts(t *testing.T) {
	t.Helper()
	rounds := func(campaign string) []string {
		return flat(ask(t, f.reader, choice{campaigns: []string{campaign}}.given(t, variableOf(t, "One campaign", "round"))))
	}
	campaigns := flat(ask(t, f.reader, variableOf(t, "One campaign", "campaign")))
	if diff := cmp.Diff([]string{seedtest.Campaign, "resting"}, campaigns); diff != "" {
		t.Errorf("campaigns to choose from (-want +got):\n%s", diff)
	}
	all := rounds(seedtest.Campaign)
	if len(all) != 7 {
		t.Errorf("rounds to choose from: %v", all)
	}
	one := []choice{
		{[]string{seedtest.Campaign}, all, ""},
		{[]string{seedtest.Campaign}, []string{"monthly/2021-10"}, "dn-0"},
		{[]string{"resting"}, rounds("resting"), "nobody's"},
	}
	many := []choice{{campaigns: campaigns}, {campaigns: []string{seedtest.Campaign}}}
	for key, p := range f.all {
		if !p.ofFacts() {
			continue
		}
		choices := many
		if strings.HasPrefix(key, "One campaign/") {
			choices = one
		}
		for _, c := range choices {
			got := ask(t, f.reader, c.given(t, p.Targets[0].RawSQL))
			want := ask(t, f.pool, chosen+factsAnswers[key], c.campaigns, c.rounds, c.unit)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %v: by hand (-), shown (+):\n%s", key, c, diff)
			}
			for _, row := range want {
				last := row[len(row)-1]
				f.proved[key] = f.proved[key] || last != "" && last != "0"
			}
		}
	}
	f.checkPersons(t)
}

// checkPersons looks for addresses, and for the names of those that there are, in all
// that the views show.
func (f *frozen) checkPersons(t *testing.T) {
	t.Helper()
	names := flat(ask(t, f.pool, `SELECT name FROM contact WHERE name <> '' UNION SELECT email FROM contact`))
	if len(names) < seedtest.Participants {
		t.Fatalf("only %d names and addresses to look for", len(names))
	}
	for _, view := range flat(ask(t, f.pool, `SELECT viewname::text FROM pg_views WHERE schemaname = 'dashboard'`)) {
		text := strings.Join(flat(ask(t, f.reader, `SELECT v::text FROM dashboard.`+view+` v`)), "\n")
		if strings.Contains(text, "@") {
			t.Errorf("dashboard.%s shows an address", view)
		}
		for _, name := range names {
			if strings.Contains(text, name) {
				t.Errorf("dashboard.%s shows %q", view, name)
			}
		}
	}
}

// variableOf is the statement that gives a variable its values.
func variableOf(t *testing.T, board, name string) string {
	t.Helper()
	for _, b := range boards(t) {
		for _, v := range b.Templating.List {
			if b.Title == board && v.Name == name {
				return v.Query
			}
		}
	}
	t.Fatalf("%s has no variable %s", board, name)
	return ""
}

// boardJSON is what there is to a dashboard beside its panels.
type boardJSON struct {
	Title      string
	UID        string
	Templating struct {
		List []struct{ Name, Type, Query string }
	}
	Annotations struct {
		List []struct {
			Name   string
			Target struct {
				RawSQL string `json:"rawSql"`
			}
		}
	}
}

func boards(t *testing.T) (all []boardJSON) {
	t.Helper()
	files, err := fs.Glob(deploy.Dashboards(), "*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := fs.ReadFile(deploy.Dashboards(), file)
		if err != nil {
			t.Fatal(err)
		}
		var b boardJSON
		if err := json.Unmarshal(content, &b); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, b)
	}
	return all
}

// Every board marks when campaigns were launched and paused.
func (f *frozen) checkLaunches(t *testing.T) {
	t.Helper()
	for _, b := range boards(t) {
		if len(b.Annotations.List) != 1 {
			t.Errorf("%s: %d annotations", b.Title, len(b.Annotations.List))
			continue
		}
		got := ask(t, f.reader, choice{campaigns: []string{seedtest.Campaign}}.given(t, b.Annotations.List[0].Target.RawSQL))
		if len(got) != 1 || got[0][1] != "launch "+seedtest.Campaign {
			t.Errorf("%s: %v, want the one launch", b.Title, got)
		}
	}
}

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// ask gives rows as people would write them.
func ask(t *testing.T, q querier, sql string, args ...any) [][]string {
	t.Helper()
	for len(args) > 0 && !strings.Contains(sql, fmt.Sprintf("$%d", len(args))) {
		args = args[:len(args)-1]
	}
	rows, err := q.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	defer rows.Close()
	all := [][]string{}
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		row := make([]string, len(values))
		for i, v := range values {
			row[i] = written(t, v)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return all
}

func written(t *testing.T, v any) string {
	t.Helper()
	switch v := v.(type) {
	case nil:
		return ""
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case float64:
		return fmt.Sprintf("%.9g", v)
	case pgtype.Numeric:
		n, err := v.Float64Value()
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%.9g", n.Float64)
	}
	return fmt.Sprint(v)
}

func flat(rows [][]string) (all []string) {
	for _, row := range rows {
		all = append(all, row...)
	}
	return all
}

// chosen campaigns and rounds, and what is due of the former by now.
const chosen = `WITH c AS (SELECT id, name, state, time_zone FROM campaign WHERE name = ANY($1::text[])),
	r AS (SELECT x.id, x.name, x.kind, x.state, x.opens_at, x.closes_at FROM round x JOIN c ON c.id = x.campaign_id WHERE x.name = ANY($2::text[])),
	k AS (SELECT now FROM clock),
	due AS (SELECT o.campaign_id, o.kind, o.state, o.calendar, o.due_at, o.received_at, c.name AS campaign FROM obligation o JOIN c ON c.id = o.campaign_id, k
	        WHERE o.state IN ('Settled', 'Lapsed') OR o.state = 'Owing' AND o.due_at < k.now),
	unit_due AS (SELECT due.campaign_id, due.kind, due.state, due.calendar, due.due_at, due.received_at, due.campaign FROM due WHERE kind = 'Registration' OR kind = 'Report')
	`

// days from one instant to another are counted one by one.
func days(from, to string) string {
	return `(SELECT count(*) FROM calendar_day d WHERE d.calendar = o.calendar AND d.working
		AND d.day > (` + from + ` AT TIME ZONE c.time_zone)::date AND d.day <= (` + to + ` AT TIME ZONE c.time_zone)::date)`
}

const lastStep = `FROM notice n WHERE n.obligation_id = o.id AND n.state = 'Sent' ORDER BY n.instant DESC LIMIT 1)`

func month(condition string) string {
	return `SELECT date_trunc('month', o.due_at), o.campaign, sum(CASE WHEN ` + condition + ` THEN 1.0 ELSE 0 END) / count(*) FROM unit_due o GROUP BY 1, 2 ORDER BY 1, 2`
}

// factsAnswers are what the panels of facts should show, asked of the tables by hand.
var factsAnswers = map[string]string{
	"One campaign/Complete": `SELECT CASE WHEN count(*) > 0 THEN sum(CASE o.state WHEN 'Settled' THEN 1.0 ELSE 0 END) / count(*) END
		FROM obligation o WHERE o.state <> 'Cancelled' AND EXISTS (SELECT FROM r WHERE r.id = o.round_id AND r.kind = o.kind)`,
	"One campaign/On time": `SELECT CASE WHEN count(*) > 0 THEN sum(CASE WHEN o.received_at <= o.due_at THEN 1.0 ELSE 0 END) / count(*) END
		FROM obligation o WHERE o.state = 'Settled' AND EXISTS (SELECT FROM r WHERE r.id = o.round_id AND r.kind = o.kind)`,
	"One campaign/Owed past the deadline": `SELECT count(*) FROM obligation o, k WHERE o.state = 'Owing' AND o.due_at < k.now AND EXISTS (SELECT FROM r WHERE r.id = o.round_id AND r.kind = o.kind)`,
	"One campaign/Never came":             `SELECT count(*) FROM obligation o WHERE o.state = 'Lapsed' AND EXISTS (SELECT FROM r WHERE r.id = o.round_id AND r.kind = o.kind)`,
	"One campaign/Letters to sign":        `SELECT count(*) FROM letter l JOIN r ON r.id = l.round_id WHERE l.state = 'Drafted'`,
	"One campaign/Next instant":           `SELECT extract(epoch FROM min(p.next_at)) * 1000 FROM procedure p JOIN c ON c.id = p.campaign_id WHERE p.state = 'Open'`,
	"One campaign/Rounds": `SELECT r.name, r.kind, r.state, r.opens_at, (SELECT min(due_at) FROM round_due d WHERE d.round_id = r.id), r.closes_at,
			count(o.id), sum(CASE WHEN o.state = 'Settled' THEN 1 ELSE 0 END), sum(CASE WHEN o.state = 'Settled' AND o.received_at <= o.due_at THEN 1 ELSE 0 END),
			sum(CASE WHEN o.state = 'Owing' THEN 1 ELSE 0 END), sum(CASE WHEN o.state = 'Owing' AND o.due_at < k.now THEN 1 ELSE 0 END), sum(CASE WHEN o.state = 'Lapsed' THEN 1 ELSE 0 END)
		FROM k, r LEFT JOIN obligation o ON o.round_id = r.id AND o.kind = r.kind AND o.state <> 'Cancelled'
		GROUP BY r.id, r.name, r.kind, r.state, r.opens_at, r.closes_at ORDER BY r.opens_at, r.name`,
	"One campaign/Completeness over time": `SELECT h.at, r.name,
			(SELECT count(*) FROM obligation o WHERE o.round_id = r.id AND o.kind = r.kind AND o.state = 'Settled' AND o.received_at < h.at)::float8
			/ (SELECT count(*) FROM obligation o WHERE o.round_id = r.id AND o.kind = r.kind AND o.state <> 'Cancelled')
		FROM r JOIN LATERAL (SELECT DISTINCT date_trunc('hour', o.received_at) + interval '1 hour' AS at FROM obligation o
			WHERE o.round_id = r.id AND o.kind = r.kind AND o.state = 'Settled' AND o.received_at IS NOT NULL) h ON true ORDER BY 1, 2`,
	"One campaign/Days late of what was received": `SELECT date_trunc('day', due_at), late || ' days', count(*) FROM (
			SELECT o.due_at, ` + days("o.due_at", "o.received_at") + ` AS late FROM obligation o JOIN r ON r.id = o.round_id JOIN c ON c.id = o.campaign_id
			WHERE o.kind IN ('Registration', 'Report') AND o.state = 'Settled' AND o.received_at > o.due_at) x WHERE late > 0 GROUP BY 1, 2 ORDER BY 1, 2`,
	"One campaign/Who is late": `SELECT o.owner, coalesce(p.name, ''), coalesce(p.grp, ''), o.kind, r.name, ` + days("o.due_at", "k.now") + ` AS late, o.holder, o.due_at,
			coalesce((SELECT n.step ` + lastStep + `, ''), (SELECT n.instant ` + lastStep + `
		FROM k, obligation o JOIN r ON r.id = o.round_id JOIN c ON c.id = o.campaign_id LEFT JOIN participant p ON p.campaign_id = c.id AND p.unit = o.owner
		WHERE o.kind IN ('Registration', 'Report') AND o.state = 'Owing' AND o.due_at < k.now ORDER BY late DESC, o.due_at, o.owner`,
	"One campaign/Reminders": `SELECT n.step, count(*), sum(CASE n.state WHEN 'Sent' THEN 1 ELSE 0 END), sum(CASE n.state WHEN 'Pending' THEN 1 ELSE 0 END),
			sum(CASE n.state WHEN 'NoRecipient' THEN 1 ELSE 0 END), sum(CASE WHEN n.reason LIKE 'Missed%' OR n.reason = 'PastNotAfter' THEN 1 ELSE 0 END), max(n.instant)
		FROM notice n JOIN r ON r.id = n.round_id GROUP BY n.step ORDER BY max(n.instant), n.step`,
	"One campaign/Units": `SELECT o.owner, coalesce(p.name, u.name, ''), coalesce(p.grp, ''), r.name, o.kind, o.state, o.holder,
			CASE o.state WHEN 'Owing' THEN ` + days("o.due_at", "k.now") + ` WHEN 'Settled' THEN ` + days("o.due_at", "o.received_at") + ` END,
			o.due_at, o.received_at, o.deadline_no - 1, coalesce((SELECT n.step ` + lastStep + `, ''), (SELECT n.instant ` + lastStep + `, o.next_at
		FROM k, obligation o JOIN r ON r.id = o.round_id JOIN c ON c.id = o.campaign_id LEFT JOIN participant p ON p.campaign_id = c.id AND p.unit = o.owner
		LEFT JOIN roster_unit u ON u.code = o.owner
		WHERE strpos(lower(o.owner), lower($3)) > 0 OR strpos(lower(coalesce(p.name, u.name, '')), lower($3)) > 0
		ORDER BY o.owner, o.due_at, o.kind LIMIT 2000`,
	"One campaign/Procedures": `SELECT p.id, p.kind, p.phase, p.state, p.next_at, p.stepped_at FROM procedure p JOIN c ON c.id = p.campaign_id
		ORDER BY p.state = 'Finished', p.next_at, p.id`,

	"Service levels/Units: complete": `SELECT sum(CASE state WHEN 'Settled' THEN 1.0 ELSE 0 END) / CASE WHEN count(*) > 0 THEN count(*) END FROM unit_due`,
	"Service levels/Units: in time":  `SELECT sum(CASE WHEN state = 'Settled' AND received_at <= due_at THEN 1.0 ELSE 0 END) / CASE WHEN count(*) > 0 THEN count(*) END FROM unit_due`,
	"Service levels/Office: consolidated in time": `SELECT sum(CASE WHEN state = 'Settled' AND received_at <= due_at THEN 1.0 ELSE 0 END) / CASE WHEN count(*) > 0 THEN count(*) END
		FROM due WHERE kind = 'Consolidation'`,
	"Service levels/Office: reports returned": `SELECT CASE WHEN count(*) > 0 THEN count(p.returned_at)::float8 / count(*) END
		FROM report p JOIN obligation o ON o.id = p.obligation_id JOIN c ON c.id = o.campaign_id WHERE o.kind = 'Report'`,
	"Service levels/Office: oldest letter": `SELECT coalesce(extract(epoch FROM k.now - (SELECT min(l.drafted_at) FROM letter l JOIN c ON c.id = l.campaign_id WHERE l.state = 'Drafted')), 0) FROM k`,
	"Service levels/Engine: reminders in time": `SELECT CASE WHEN count(*) > 0 THEN sum(CASE WHEN n.reason LIKE 'Missed%' OR n.reason = 'PastNotAfter' THEN 0.0 ELSE 1 END) / count(*) END
		FROM notice n JOIN c ON c.id = n.campaign_id`,
	"Service levels/Units: complete, by month of the deadline": month(`o.state = 'Settled'`),
	"Service levels/Units: in time, by month of the deadline":  month(`o.state = 'Settled' AND o.received_at <= o.due_at`),
	"Service levels/Engine: reminders in time, by week": `SELECT date_trunc('week', n.instant), c.name, sum(CASE WHEN n.reason LIKE 'Missed%' OR n.reason = 'PastNotAfter' THEN 0.0 ELSE 1 END) / count(*)
		FROM notice n JOIN c ON c.id = n.campaign_id GROUP BY 1, 2 ORDER BY 1, 2`,
	"Service levels/Engine: mail taken within the hour, by week": `SELECT date_trunc('week', m.not_before), c.name, sum(CASE WHEN extract(epoch FROM a.at - m.not_before) <= 3600 THEN 1.0 ELSE 0 END) / count(*)
		FROM attempt a JOIN message m ON m.id = a.message_id JOIN c ON c.id = m.campaign_id WHERE a.outcome = 'Sent' GROUP BY 1, 2 ORDER BY 1, 2`,
	"Service levels/By campaign": `SELECT o.campaign, count(*), sum(CASE o.state WHEN 'Settled' THEN 1.0 ELSE 0 END) / count(*),
			sum(CASE WHEN o.state = 'Settled' AND o.received_at <= o.due_at THEN 1.0 ELSE 0 END) / count(*),
			(SELECT avg(late) FROM (SELECT ` + days("o.due_at", "o.received_at") + ` AS late FROM unit_due o JOIN c ON c.id = o.campaign_id
			 WHERE c.name = x.name AND o.state = 'Settled' AND o.received_at > o.due_at) y WHERE late > 0)
		FROM unit_due o JOIN c x ON x.name = o.campaign GROUP BY o.campaign, x.name ORDER BY 1`,

	"Delivery/Failures by the server's answer": `SELECT m.channel, CASE WHEN a.response ~ '^[245][0-9][0-9]( |-|$)' THEN left(a.response, 3) ELSE '' END, a.outcome,
			count(*) AS n, count(DISTINCT m.campaign_id), max(a.started_at)
		FROM attempt a JOIN message m ON m.id = a.message_id WHERE a.outcome IN ('Retry', 'Rejected', 'Ambiguous') GROUP BY 1, 2, 3 ORDER BY n DESC, 1, 2, 3`,
	"Delivery/Attempts in doubt": `SELECT d.name, coalesce(x.name, ''), m.step, m.channel, count(*), max(a.started_at) AS last
		FROM attempt a JOIN message m ON m.id = a.message_id JOIN campaign d ON d.id = m.campaign_id LEFT JOIN round x ON x.id = m.round_id
		WHERE a.outcome = 'Ambiguous' GROUP BY 1, 2, 3, 4 ORDER BY last DESC, 1, 2, 3, 4`,
}
