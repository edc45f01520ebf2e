package monitoring

// answer is what one query of a panel should give, asked of the facts by hand.
type answer struct {
	// labels of the series, in the order of the columns of sql. Its last column is
	// the value. chosen are the campaigns that the dashboard's variable selects.
	labels []string
	sql    string
	// within is by how much a value may differ that moves while it is read.
	within float64
	// process says why there is no SQL: the panel shows what a process counts
	// itself. It must give series all the same.
	process string
	// temporal: the series come from Temporal's SDK, so only an installation with
	// a Temporal has them. TestPanelsOfUp looks there.
	temporal bool
}

func sql(text string, labels ...string) []answer { return []answer{{labels: labels, sql: text}} }

const (
	inProcess = "a measure of the process, of which no fact is kept"
	chain     = "verify's TestWatch holds it to changes that it makes"
	ofServer  = "counted by Temporal's server"
	ofSDK     = "counted by Temporal's SDK in the worker"
	durations = "the buckets of a histogram; the ledger keeps no durations, and how many there were is held to it by the panel before"
)

// answers by dashboard and panel. A rate of a counter is held to the facts as the
// counter: what it grew by since the process started.
var answers = map[string][]answer{
	"Campaigns/Campaigns running":      sql(`SELECT count(*) FROM campaign WHERE state = 'Launched'`),
	"Campaigns/Campaigns paused":       sql(`SELECT count(*) FROM campaign WHERE state = 'Paused'`),
	"Campaigns/Business time":          sql(`SELECT extract(epoch FROM now) * 1000 FROM clock`),
	"Campaigns/Owed past the deadline": sql(`SELECT count(*) FROM obligation o JOIN chosen c ON c.id = o.campaign_id, clock k WHERE o.kind IN ('Registration', 'Report') AND o.state = 'Owing' AND o.due_at < k.now`),
	"Campaigns/Letters to sign":        sql(`SELECT count(*) FROM letter l JOIN chosen c ON c.id = l.campaign_id WHERE l.state = 'Drafted'`),
	// Before the first round there is no ratio.
	"Campaigns/Reports received": sql(`SELECT count(*) FILTER (WHERE o.state = 'Settled')::numeric / count(*)
		FROM obligation o JOIN chosen c ON c.id = o.campaign_id WHERE o.kind = 'Report' AND o.state <> 'Cancelled' HAVING count(*) > 0`),
	"Campaigns/Reports":       sql(`SELECT o.state, count(*) FROM obligation o JOIN chosen c ON c.id = o.campaign_id WHERE o.kind = 'Report' GROUP BY 1`, "state"),
	"Campaigns/Registrations": sql(`SELECT o.state, count(*) FROM obligation o JOIN chosen c ON c.id = o.campaign_id WHERE o.kind = 'Registration' GROUP BY 1`, "state"),
	"Campaigns/Owed past the deadline, by campaign": sql(`SELECT c.name, count(*) FROM obligation o JOIN chosen c ON c.id = o.campaign_id, clock k
		WHERE o.kind IN ('Registration', 'Report') AND o.state = 'Owing' AND o.due_at < k.now GROUP BY 1`, "campaign"),
	"Campaigns/Rounds":                      sql(`SELECT r.state, count(*) FROM round r JOIN chosen c ON c.id = r.campaign_id GROUP BY 1`, "state"),
	"Campaigns/Notices, by step":            sql(`SELECT n.step, count(*) FROM notice n JOIN chosen c ON c.id = n.campaign_id GROUP BY 1`, "step"),
	"Campaigns/Notices that reached nobody": sql(`SELECT c.name, count(*) FROM notice n JOIN chosen c ON c.id = n.campaign_id WHERE n.recipient = '' OR n.state = 'NoRecipient' GROUP BY 1`, "campaign"),
	"Campaigns/Next instant": sql(`SELECT c.name, extract(epoch FROM min(p.next_at)) * 1000 FROM procedure p JOIN chosen c ON c.id = p.campaign_id
		WHERE p.state = 'Open' AND c.state <> 'Closed' AND p.next_at IS NOT NULL GROUP BY 1`, "campaign"),
	"Campaigns/Steps missed": sql(`SELECT n.step, count(*) FROM notice n JOIN chosen c ON c.id = n.campaign_id
		WHERE n.reason LIKE 'Missed%' OR n.reason = 'PastNotAfter' GROUP BY 1`, "step"),

	"Delivery/Oldest waiting":                    {{within: 30, sql: oldest}},
	"Delivery/Waiting":                           sql(`SELECT count(*) FROM message m JOIN chosen c ON c.id = m.campaign_id WHERE m.state IN ('Pending', 'Claimed')`),
	"Delivery/Sent":                              sql(`SELECT count(*) FROM message m JOIN chosen c ON c.id = m.campaign_id WHERE m.state = 'Sent'`),
	"Delivery/In doubt":                          sql(`SELECT count(*) FROM attempt WHERE outcome = 'Ambiguous'`),
	"Delivery/Given up":                          sql(`SELECT count(*) FROM message m JOIN chosen c ON c.id = m.campaign_id WHERE m.state IN ('Parked', 'Ambiguous')`),
	"Delivery/Not configured":                    sql(`SELECT count(*) FROM message m JOIN chosen c ON c.id = m.campaign_id WHERE m.state = 'NotConfigured'`),
	"Delivery/Messages, by state":                sql(`SELECT m.state, count(*) FROM message m JOIN chosen c ON c.id = m.campaign_id GROUP BY 1`, "state"),
	"Delivery/Age of the oldest waiting message": {{within: 30, sql: oldest}},
	"Delivery/Attempts in the ledger":            sql(`SELECT coalesce(outcome, 'Open'), count(*) FROM attempt GROUP BY 1`, "outcome"),
	// What the facts were made to say afterwards, the process had sent.
	"Delivery/Attempts a second":      sql(`SELECT 'Sent', count(*) FROM attempt`, "outcome"),
	"Delivery/Duration of an attempt": {{process: durations}, {process: durations}},
	"Delivery/Notices, by state":      sql(`SELECT n.state, count(*) FROM notice n JOIN chosen c ON c.id = n.campaign_id GROUP BY 1`, "state"),

	"Engine/Processes scraped":                sql(`SELECT 1`), // the one of the test
	"Engine/Database":                         sql(`SELECT 1`), // it answers
	"Engine/Procedures due":                   sql(`SELECT count(*) FROM procedure p JOIN campaign c ON c.id = p.campaign_id, clock k WHERE c.state = 'Launched' AND p.state = 'Open' AND p.next_at <= k.now`),
	"Engine/Behind":                           sql(behind),
	"Engine/Wake-ups waiting":                 sql(`SELECT count(*) FROM wake`),
	"Engine/Clock":                            sql(`SELECT count(*) FROM clock WHERE mode = 'stepped'`),
	"Engine/Behind, and wake-ups waiting":     {{sql: behind}, {sql: `SELECT count(*) FROM wake`}},
	"Engine/Intake":                           sql(`SELECT verb, 'Accepted', count(*) FROM audit WHERE verb IN ('submit', 'approve', 'record', 'consolidate') GROUP BY 1`, "verb", "result"),
	"Engine/Duration of an intake":            {{process: durations}},
	"Engine/Duration of a step":               {{process: ofSDK, temporal: true}},
	"Engine/Waiting for a worker":             {{process: ofSDK, temporal: true}},
	"Engine/Slots in use":                     {{process: ofSDK, temporal: true}, {process: ofSDK, temporal: true}},
	"Engine/Pollers":                          {{process: ofSDK, temporal: true}},
	"Engine/Requests to Temporal that failed": {{process: ofSDK, temporal: true}},
	"Engine/Workflow tasks that failed":       {{process: ofSDK, temporal: true}},
	"Engine/Temporal":                         {{process: ofSDK, temporal: true}},
	"Engine/Audit findings":                   {{process: chain}},
	"Engine/Audit last verified":              {{process: chain}},
	"Engine/Newest backup":                    {{within: 30, sql: `SELECT extract(epoch FROM clock_timestamp()) - 1.6e9`}}, // as the test has touched it
	"Engine/Connections to PostgreSQL": {{within: 0.1, sql: `SELECT numbackends::numeric / current_setting('max_connections')::int
		FROM pg_stat_database WHERE datname = current_database()`}},
	"Engine/Oldest transaction":              {{process: "a moment's transactions, gone when a second statement asks"}},
	"Engine/Size of the database":            {{within: 4 << 20, sql: `SELECT sum(pg_total_relation_size(oid)) + 0 FROM pg_class WHERE relkind = 'r'`}},
	"Engine/Temporal's server: requests":     {{process: ofServer, temporal: true}},
	"Engine/Temporal's server: errors":       {{process: ofServer, temporal: true}},
	"Engine/Temporal's database: requests":   {{process: ofServer, temporal: true}},
	"Engine/Temporal's database: duration":   {{process: ofServer, temporal: true}},
	"Engine/Heap":                            {{process: inProcess}},
	"Engine/Pauses of the garbage collector": {{process: inProcess}},
	"Engine/Reading the facts":               {{process: inProcess}},
	"Engine/Memory":                          {{process: inProcess}},
	"Engine/Processor":                       {{process: inProcess}},
	"Engine/Goroutines":                      {{process: inProcess}},
}

const (
	oldest = `SELECT coalesce(extract(epoch FROM clock_timestamp() - min(m.created_at)), 0) FROM message m JOIN campaign c ON c.id = m.campaign_id, clock k
		WHERE c.state = 'Launched' AND m.state IN ('Pending', 'Claimed') AND m.not_before <= k.now`
	behind = `SELECT coalesce(extract(epoch FROM max(k.now - p.next_at)), 0) FROM procedure p JOIN campaign c ON c.id = p.campaign_id, clock k
		WHERE c.state = 'Launched' AND p.state = 'Open' AND p.next_at <= k.now`
)
