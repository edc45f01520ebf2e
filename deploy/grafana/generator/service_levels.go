package main

import "github.com/grafana/grafana-foundation-sdk/go/units"

const (
	// The campaigns that the board on service levels is about.
	chosen = `campaign IN (${campaign:sqlstring})`
	// What must have come by now: its deadline is past, or it came.
	due = `kind IN ('Registration', 'Report') AND state <> 'Cancelled' AND (state <> 'Owing' OR overdue) AND ` + chosen
)

// serviceLevels says how well units, the office and the engine keep what they owe.
// Nothing is averaged over parts of unlike size.
func serviceLevels() *board {
	b := newBoard("thidua-service-levels", "Service levels", "How well what is owed is kept: by units (complete, in time), by the office (reports returned, "+
		"consolidations, letters), by the engine (reminders, mail). The range of time is business time.", false)
	b.knowsFacts()
	b.choice("campaign", "Campaign", `SELECT campaign FROM dashboard.campaign WHERE state <> 'Declared' ORDER BY launch_at DESC, campaign`, true)
	b.launches("at", ` AND `+chosen)
	b.numbers(
		view{
			title: "Units: complete", unit: units.PercentUnit, whole: true,
			about:   "Of the registrations and reports that were due, the part that was received. The board One campaign says whose are missing.",
			queries: facts(`SELECT count(*) FILTER (WHERE state = 'Settled')::float8 / nullif(count(*), 0) AS complete FROM dashboard.owed WHERE ` + due),
		},
		view{
			title: "Units: in time", unit: units.PercentUnit, whole: true,
			about:   "Of the registrations and reports that were due, the part that came by the unit's deadline. What never came is not in time.",
			queries: facts(`SELECT count(*) FILTER (WHERE on_time)::float8 / nullif(count(*), 0) AS "in time" FROM dashboard.owed WHERE ` + due),
		},
		view{
			title: "Office: consolidated in time", unit: units.PercentUnit, whole: true,
			about: "Of the consolidations that were due from those who put reports together, the part that was made in time. `thidua get todo` lists what is open.",
			queries: facts(`SELECT count(*) FILTER (WHERE on_time)::float8 / nullif(count(*), 0) AS "in time" FROM dashboard.owed
WHERE kind = 'Consolidation' AND state <> 'Cancelled' AND (state <> 'Owing' OR overdue) AND ` + chosen),
		},
		view{
			title: "Office: reports returned", unit: units.PercentUnit, whole: true,
			about:   "Of the versions of reports, the part that was sent back for supplement. Much: the outline or an indicator is not understood; say it better.",
			queries: facts(`SELECT count(*) FILTER (WHERE returned_at IS NOT NULL)::float8 / nullif(count(*), 0) AS returned FROM dashboard.report WHERE kind = 'Report' AND ` + chosen),
		},
		view{
			title: "Office: oldest letter", unit: units.Seconds, alarm: 7 * 24 * 3600,
			about: "How long the oldest drafted letter has waited, in business time. That one was signed and sent is not kept, so only a withdrawn letter, or a report, takes one away.",
			queries: facts(`SELECT coalesce(extract(epoch FROM max(k.now - l.drafted_at)), 0)::float8 AS waits
FROM dashboard.letter l CROSS JOIN dashboard.clock k WHERE l.state = 'Drafted' AND ` + chosen),
		},
		view{
			title: "Engine: reminders in time", unit: units.PercentUnit, whole: true,
			about:   "Of all notices, the part that was processed within 10 minutes of its instant. Less than all: the runbook StepMissed.",
			queries: facts(`SELECT count(*) FILTER (WHERE NOT missed)::float8 / nullif(count(*), 0) AS "in time" FROM dashboard.notice WHERE ` + chosen),
		},
	)
	b.graphs(
		view{
			title: "Units: complete, by month of the deadline", unit: units.PercentUnit, whole: true,
			about: "Registrations and reports received, of those that were due in the month. A campaign that sinks month by month loses its units' attention.",
			queries: facts(`SELECT date_trunc('month', due_at) AS time, campaign AS metric, count(*) FILTER (WHERE state = 'Settled')::float8 / count(*) AS value
FROM dashboard.owed WHERE $__timeFilter(due_at) AND ` + due + ` GROUP BY 1, 2 ORDER BY 1, 2`),
		},
		view{
			title: "Units: in time, by month of the deadline", unit: units.PercentUnit, whole: true,
			about: "Registrations and reports that came by the unit's deadline, of those that were due in the month; by campaign.",
			queries: facts(`SELECT date_trunc('month', due_at) AS time, campaign AS metric, count(*) FILTER (WHERE on_time)::float8 / count(*) AS value
FROM dashboard.owed WHERE $__timeFilter(due_at) AND ` + due + ` GROUP BY 1, 2 ORDER BY 1, 2`),
		},
		view{
			title: "Engine: reminders in time, by week", unit: units.PercentUnit, whole: true,
			about: "Notices processed within 10 minutes of their instant, by the week of it. A dip is a standstill: the board Engine shows what stood.",
			queries: facts(`SELECT date_trunc('week', instant) AS time, campaign AS metric, count(*) FILTER (WHERE NOT missed)::float8 / count(*) AS value
FROM dashboard.notice WHERE $__timeFilter(instant) AND ` + chosen + ` GROUP BY 1, 2 ORDER BY 1, 2`),
		},
		view{
			title: "Engine: mail taken within the hour, by week", unit: units.PercentUnit, whole: true,
			about: "Of the mail that servers took, the part that they took within an hour of when it might go, in business time. Less: Delivery says whether they defer.",
			queries: facts(`SELECT date_trunc('week', not_before) AS time, campaign AS metric, count(*) FILTER (WHERE at <= not_before + interval '1 hour')::float8 / count(*) AS value
FROM dashboard.attempt WHERE outcome = 'Sent' AND $__timeFilter(not_before) AND ` + chosen + ` GROUP BY 1, 2 ORDER BY 1, 2`),
		},
	)
	b.lists(9, list{
		title: "By campaign", span: 24,
		about: "The same by campaign: what was due, came, came in time, and the mean of the working days late of what came late.",
		columns: []column{
			{name: "campaign", link: "/d/thidua-campaign?var-campaign=${__value.text:percentencode}"},
			{name: "complete", unit: units.PercentUnit},
			{name: "in_time", unit: units.PercentUnit},
		},
		sql: `SELECT campaign, count(*) AS due, count(*) FILTER (WHERE state = 'Settled')::float8 / count(*) AS complete,
       count(*) FILTER (WHERE on_time)::float8 / count(*) AS in_time,
       avg(days_late) FILTER (WHERE state = 'Settled' AND days_late > 0)::float8 AS mean_days_late
FROM dashboard.owed WHERE ` + due + ` GROUP BY campaign ORDER BY campaign`,
	})
	return b
}
