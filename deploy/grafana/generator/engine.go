package main

import "github.com/grafana/grafana-foundation-sdk/go/units"

// engine answers the operator of the installation: does it keep up.
func engine() *board {
	b := newBoard("thidua-engine", "Engine", "Whether the machinery keeps up: processes, the database, procedures and wake-ups, intake, Temporal as its client sees it.", false)
	b.knowsFacts()
	b.launches("recorded_at", "")
	b.numbers(
		view{
			title: "Processes scraped", unit: units.Short,
			about:   "Processes of Thi đua that answer Prometheus: one for `up`, else workers and pages. Fewer than you run: look at the missing one's log.",
			queries: one(`sum(up{job="thidua"})`, ""),
		},
		view{
			title: "Database", unit: units.Short,
			about:   "1 while the facts can be read, in every process. 0: PostgreSQL is away or too slow; what is committed is safe, steps and mail wait.",
			queries: one(`min(thidua_collector_up)`, ""),
		},
		view{
			title: "Procedures due", unit: units.Short,
			about:   "Procedures whose instant has come. More than a moment above zero: no worker, or Temporal is away (`thidua status`).",
			queries: one(`max(thidua_procedures_due)`, ""),
		},
		view{
			title: "Behind", unit: units.Seconds, alarm: 600,
			about:   "How long ago the instant of the oldest due procedure came, in business time. From 10 minutes on its reminders count as missed and the ladder's catchUp decides.",
			queries: one(`max(thidua_procedure_lag_seconds)`, ""),
		},
		view{
			title: "Wake-ups waiting", unit: units.Short,
			about:   "Wake-ups not yet delivered to Temporal. They wait while it is away, and nothing is lost. Rising: is Temporal up, does the worker reach it?",
			queries: one(`max(thidua_wakes_pending)`, ""),
		},
		view{
			title: "Clock", unit: units.Short,
			about:   "1 when business time is stepped: a demo, a training, a test. On a real installation it must be 0.",
			queries: one(`max(thidua_clock_stepped)`, ""),
		},
	)
	b.keeping()
	b.graphs(
		view{
			title: "Intake", unit: units.CountsPerSecond,
			about:   "Reports and approvals a second, by verb and result. Results other than Accepted are refusals with their code; Internal is ours to mend: read the log.",
			queries: one(`sum by (verb, result) (rate(thidua_intake_seconds_count[$__rate_interval]))`, "{{verb}} {{result}}"),
		},
		view{
			title: "Duration of an intake", unit: units.Seconds,
			about:   "95 of 100 reports and approvals are taken within this. Rising with the load: the database's disk, or its connections, are at their limit.",
			queries: one(`histogram_quantile(0.95, sum by (le, verb) (rate(thidua_intake_seconds_bucket[$__rate_interval])))`, "{{verb}}"),
		},
		view{
			title: "Behind, and wake-ups waiting", unit: units.Short,
			about: "Seconds behind and wake-ups not delivered, over time. Both climb together when Temporal is away; only the first, when no worker runs steps.",
			queries: []query{
				{expr: `max(thidua_procedure_lag_seconds)`, legend: "seconds behind"},
				{expr: `max(thidua_wakes_pending)`, legend: "wake-ups waiting"},
			},
		},
	)
	b.temporal()
	b.server()
	b.processes()
	return b
}

// keeping is what everything else stands on.
func (b *board) keeping() {
	b.numbers(
		view{
			title: "Temporal", unit: units.Short,
			about:   "1 while Temporal answers a worker that asks how it is. 0: nobody is reminded; reports and acts are taken. Runbook TemporalAway.",
			queries: one(`max(thidua_temporal_up)`, ""),
		},
		view{
			title: "Audit findings", unit: units.Short, alarm: 1,
			about:   "Things in the chain of acts that do not add up, which a worker recomputes all the time. Any at all is for people: runbook AuditChainBroken.",
			queries: one(`max(thidua_audit_findings)`, ""),
		},
		view{
			title: "Audit last verified", unit: units.Seconds, alarm: 86400,
			about:   "How long ago the chain of acts was last gone through from its beginning to its end. Hours with millions of acts; days: runbook AuditUnverified.",
			queries: one(`time() - max(thidua_audit_verified_seconds)`, ""),
		},
		view{
			title: "Newest backup", unit: units.Seconds, alarm: 2 * 86400,
			about:   "How old the newest backup is, as far as whoever makes them says so by touching a file. Empty: nobody does. Runbook BackupTooOld.",
			queries: one(`time() - max(thidua_backup_taken_seconds)`, ""),
		},
		view{
			title: "Connections to PostgreSQL", unit: units.PercentUnit, whole: true, alarm: 0.8,
			about:   "Connections to this database, of those that the server takes. Near all: who holds them? `pool_max_conns` in --database-url bounds ours.",
			queries: one(`max(thidua_postgres_connections) / max(thidua_postgres_connections_max)`, ""),
		},
		view{
			title: "Oldest transaction", unit: units.Seconds, alarm: 300,
			about:   "Age of the oldest transaction in the database that we may see. Minutes: somebody forgot one; space is not used again, and acts are not sealed.",
			queries: one(`max(thidua_postgres_oldest_transaction_seconds)`, ""),
		},
	)
}

// temporal is what the client sees of it: the SDK counts in each worker.
func (b *board) temporal() {
	b.graphs(
		view{
			title: "Duration of a step", unit: units.Seconds,
			about:   "95 of 100 activities took no longer, by activity: one step is one transaction over all units. Seconds at a round's opening are normal for a whole country.",
			queries: one(`histogram_quantile(0.95, sum by (le, activity_type) (rate(temporal_activity_execution_latency_seconds_bucket[$__rate_interval])))`, "{{activity_type}}"),
		},
		view{
			title: "Waiting for a worker", unit: units.Seconds,
			about:   "How long a procedure that was woken waits for a worker (95 of 100). Its steps then run at once in the same worker. Above a second: too few workers, or too few slots (next panel).",
			queries: one(`histogram_quantile(0.95, sum by (le) (rate(temporal_workflow_task_schedule_to_start_latency_seconds_bucket[$__rate_interval])))`, "procedures"),
		},
		view{
			title: "Slots in use", unit: units.Short,
			about: "What the workers do at this moment, and what they could take more. Free at zero for long: start another worker.",
			queries: []query{
				{expr: `sum by (worker_type) (temporal_worker_task_slots_used)`, legend: "{{worker_type}} in use"},
				{expr: `sum by (worker_type) (temporal_worker_task_slots_available)`, legend: "{{worker_type}} free"},
			},
		},
		view{
			title: "Pollers", unit: units.Short,
			about:   "Connections on which the workers ask Temporal for work. Zero with a process up: its link to Temporal is broken, read its log.",
			queries: one(`sum by (poller_type) (temporal_num_pollers)`, "{{poller_type}}"),
		},
		view{
			title: "Requests to Temporal that failed", unit: units.CountsPerSecond,
			about:   "By status; none is shown while none fails. Unavailable: Temporal is away. ResourceExhausted: its limits. NotFound of a finished procedure is harmless.",
			queries: one(`sum by (status_code) (rate(temporal_request_failure_total[$__rate_interval]))`, "{{status_code}}"),
		},
		view{
			title: "Workflow tasks that failed", unit: units.CountsPerSecond,
			about:   "By reason; none is shown while none fails. NonDeterminismError: a new binary takes another path than the history; go back to the one before.",
			queries: one(`sum by (failure_reason) (rate(temporal_workflow_task_execution_failed_total[$__rate_interval]))`, "{{failure_reason}}"),
		},
	)
}

// server is what Temporal's server counts itself, scraped under the job temporal.
func (b *board) server() {
	b.graphs(
		view{
			title: "Temporal's server: requests", unit: units.CountsPerSecond,
			about:   "Requests a second, by service. Some are always there: workers ask for work. Empty: Prometheus has no job temporal, as with a Temporal of your organisation.",
			queries: one(`sum by (service_name) (rate(service_requests{job="temporal"}[$__rate_interval]))`, "{{service_name}}"),
		},
		view{
			title: "Temporal's server: errors", unit: units.CountsPerSecond,
			about:   "By type. NotFound and AlreadyStarted are everyday answers. Unavailable and DeadlineExceeded: its services do not reach each other, or its database.",
			queries: one(`sum by (error_type) (rate(service_error_with_type{job="temporal"}[$__rate_interval]))`, "{{error_type}}"),
		},
		view{
			title: "Temporal's database: requests", unit: units.CountsPerSecond,
			about:   "What Temporal asks of PostgreSQL, a second, by service. It grows with procedures that move, not with units.",
			queries: one(`sum by (service_name) (rate(persistence_requests{job="temporal"}[$__rate_interval]))`, "{{service_name}}"),
		},
		view{
			title: "Temporal's database: duration", unit: units.Seconds,
			about:   "How long one request takes in the mean. Milliseconds; tens of them: the disk is slow, or shared with too much, and procedures wait for it.",
			queries: one(`sum(rate(persistence_latency_sum{job="temporal"}[$__rate_interval])) / sum(rate(persistence_latency_count{job="temporal"}[$__rate_interval]))`, "mean"),
		},
	)
}

func (b *board) processes() {
	b.graphs(
		view{
			title: "Reading the facts", unit: units.Seconds,
			about:   "How long one reading for these boards takes. The engine spends at most a tenth of a core on it; seconds mean a database under strain.",
			queries: one(`max(thidua_collector_read_seconds)`, "one reading"),
		},
		view{
			title: "Memory", unit: units.BytesIEC,
			about:   "Of each process. One that only ever rises is a leak: keep a heap profile and report it.",
			queries: one(`process_resident_memory_bytes{job="thidua"}`, "{{instance}}"),
		},
		view{
			title: "Heap", unit: units.BytesIEC,
			about:   "What the Go runtime keeps for live data and garbage, of each process. Climbs by the load; memory far above it belongs to no Go value.",
			queries: one(`go_memstats_heap_inuse_bytes{job="thidua"}`, "{{instance}}"),
		},
		view{
			title: "Pauses of the garbage collector", unit: units.Seconds,
			about:   "The longest pause of late, of each process. More than milliseconds: the machine has too little processor for what runs on it.",
			queries: one(`go_gc_duration_seconds{job="thidua", quantile="1"}`, "{{instance}}"),
		},
		view{
			title: "Size of the database", unit: units.BytesIEC,
			about:   "Grows with reports, notices and acts, which are never deleted: some kilobytes for a unit and round. Is there disk for a year of it?",
			queries: one(`max(thidua_postgres_size_bytes)`, "database"),
		},
		view{
			title: "Processor", unit: units.Short,
			about:   "Cores in use by each process. A core at rest with a backlog: it waits for the database or the mail server.",
			queries: one(`rate(process_cpu_seconds_total{job="thidua"}[$__rate_interval])`, "{{instance}}"),
		},
		view{
			title: "Goroutines", unit: units.Short,
			about:   "Of each process. Hundreds are normal; a line that only ever rises is a leak to report.",
			queries: one(`go_goroutines{job="thidua"}`, "{{instance}}"),
		},
	)
}
