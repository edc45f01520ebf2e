package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/units"
)

const (
	// What the variables of the board on one campaign choose.
	ofCampaign = `campaign = ${campaign:sqlstring}`
	ofRounds   = ofCampaign + ` AND round IN (${round:sqlstring})`

	unitPage = "${pages}/campaigns/${campaign}/units/${__data.fields.unit}"
)

// campaign answers the office about one of them, down to its units.
func campaign() *board {
	b := newBoard("thidua-campaign", "One campaign", "One campaign down to its units, from the facts as they are now. "+
		"The range of time is business time: in a demo, choose the campaign's own months.", false)
	b.knowsFacts()
	b.choice("campaign", "Campaign", `SELECT campaign FROM dashboard.campaign ORDER BY (state = 'Launched') DESC, launch_at DESC, campaign`, false)
	b.choice("round", "Round", `SELECT round FROM dashboard.round WHERE `+ofCampaign+` ORDER BY opens_at, round`, true)
	b.WithVariable(dashboard.NewTextBoxVariableBuilder("unit").Label("Unit (code or name has)").DefaultValue(dashboard.StringOrMap{String: new("")}))
	b.place("pages", "Pages", "http://127.0.0.1:8088")
	b.place("temporal", "Temporal", "http://127.0.0.1:8233")
	b.leads("Page of the campaign", "${pages}/campaigns/${campaign}")
	b.leads("Ranking", "${pages}/campaigns/${campaign}/ranking")
	b.leads("Temporal", "${temporal}/namespaces/thidua/workflows")
	b.leads("Runbooks", "${pages}/runbooks/")
	b.launches("at", ` AND `+ofCampaign)
	b.numbers(
		view{
			title: "Complete", unit: units.PercentUnit, whole: true,
			about:   "Of what the chosen rounds ask for, the part that was received. Below it, table Rounds says which round lacks how many.",
			queries: facts(`SELECT sum(received)::float8 / nullif(sum(asked), 0) AS complete FROM dashboard.round WHERE ` + ofRounds),
		},
		view{
			title: "On time", unit: units.PercentUnit, whole: true,
			about:   "Of what was received in the chosen rounds, the part that came by its deadline; each unit's own deadline counts, with its extensions.",
			queries: facts(`SELECT sum(on_time)::float8 / nullif(sum(received), 0) AS "on time" FROM dashboard.round WHERE ` + ofRounds),
		},
		view{
			title: "Owed past the deadline", unit: units.Short, alarm: 1,
			about:   "Units of the chosen rounds that owe past their deadline. The table Who is late names them; the ladder reminds them by itself.",
			queries: facts(`SELECT coalesce(sum(overdue), 0)::float8 AS overdue FROM dashboard.round WHERE ` + ofRounds),
		},
		view{
			title: "Never came", unit: units.Short,
			about:   "What was still missing when its round closed. One unit's round can be opened again: `thidua reopen`, with a reason.",
			queries: facts(`SELECT coalesce(sum(missing), 0)::float8 AS missing FROM dashboard.round WHERE ` + ofRounds),
		},
		view{
			title: "Letters to sign", unit: units.Short,
			about:   "Letters of the chosen rounds that are drafted and not withdrawn. Somebody signs and sends them: `thidua get letters -c CAMPAIGN`.",
			queries: facts(`SELECT count(*)::float8 AS letters FROM dashboard.letter WHERE state = 'Drafted' AND ` + ofRounds),
		},
		view{
			title: "Next instant", unit: moment,
			about:   "When a procedure of the campaign looks again next, in business time; whatever rounds are chosen. In the past: look at the runbook StepLate.",
			queries: facts(`SELECT extract(epoch FROM min(next_at))::float8 * 1000 AS next FROM dashboard.procedure WHERE state = 'Open' AND ` + ofCampaign),
		},
	)
	b.roundsOf()
	b.unitsOf()
	return b
}

func (b *board) roundsOf() {
	b.lists(9, list{
		title: "Rounds", span: 24,
		about: "Every chosen round: when, and how many units it asked, had, had in time, and lacks. Overdue are still owed, missing never came.",
		sql: `SELECT round, kind, state, opens_at, due_at, closes_at, asked, received, on_time, owing, overdue, missing
FROM dashboard.round WHERE ` + ofRounds + ` ORDER BY opens_at, round`,
	})
	b.graphs(
		view{
			title: "Completeness over time", unit: units.PercentUnit, whole: true,
			about: "How much of each chosen round had come by when. A round that stays flat after a reminder: its contacts may be wrong (Delivery), or somebody should telephone.",
			queries: facts(`SELECT hour AS time, round AS metric, sum(came) OVER (PARTITION BY round ORDER BY hour)::float8 / asked AS value
FROM (SELECT o.round, date_trunc('hour', o.received_at) + interval '1 hour' AS hour, count(*) AS came, min(r.asked) AS asked
      FROM dashboard.owed o JOIN dashboard.round r USING (campaign, round, kind)
      WHERE o.state = 'Settled' AND ` + ofRounds + ` GROUP BY 1, 2) came
WHERE $__timeFilter(hour) ORDER BY 1, 2`),
		},
		view{
			title: "Days late of what was received", unit: units.Short, stack: true,
			about: "Reports and registrations of the chosen rounds by the working days that they came late, by the day of their deadline. Zeros are not shown.",
			queries: facts(`SELECT date_trunc('day', due_at) AS time, days_late || ' days' AS metric, count(*)::float8 AS value
FROM dashboard.owed WHERE state = 'Settled' AND days_late > 0 AND kind IN ('Registration', 'Report') AND $__timeFilter(due_at) AND ` + ofRounds + `
GROUP BY 1, 2 ORDER BY 1, 2`),
		},
	)
}

func (b *board) unitsOf() {
	b.lists(10,
		list{
			title: "Who is late", span: 12,
			about:   "Units that owe past their deadline, the longest first, with the desk where it lies and what they were last sent. The unit's page tells all of it.",
			columns: []column{{name: "unit", link: unitPage}},
			sql: `SELECT unit, unit_name, unit_group, kind, round, days_late, holder, due_at, last_step, last_step_at
FROM dashboard.owed WHERE overdue AND kind IN ('Registration', 'Report') AND ` + ofRounds + ` ORDER BY days_late DESC, due_at, unit`,
		},
		list{
			title: "Reminders", span: 12,
			about: "What the ladder said in the chosen rounds, by step. Nobody: there was no recipient, load the contacts. Missed: it came too late, runbook StepMissed.",
			sql: `SELECT step, count(*) AS notices, count(*) FILTER (WHERE state = 'Sent') AS sent, count(*) FILTER (WHERE state = 'Pending') AS waiting,
       count(*) FILTER (WHERE state = 'NoRecipient') AS nobody, count(*) FILTER (WHERE missed) AS missed, max(instant) AS last
FROM dashboard.notice WHERE ` + ofRounds + ` GROUP BY step ORDER BY max(instant), step`,
		},
	)
	b.lists(14, list{
		title: "Units", span: 24,
		about:   "What each unit owes or owed in the chosen rounds: where it stands, how many working days late, the last step of the ladder, the next one. At most 2,000 rows: narrow them by round, or by the box above.",
		columns: []column{{name: "unit", link: unitPage}},
		sql: `SELECT unit, unit_name, unit_group, round, kind, state, holder, days_late, due_at, received_at, moved, last_step, last_step_at, next_at
FROM dashboard.owed WHERE ` + ofRounds + `
  AND (unit ILIKE '%' || ${unit:sqlstring} || '%' OR unit_name ILIKE '%' || ${unit:sqlstring} || '%')
ORDER BY unit, due_at, kind LIMIT 2000`,
	})
	b.lists(8, list{
		title: "Procedures", span: 24,
		about:   "What Temporal carries for this campaign, and when it looks again. An open one whose instant is past and whose last step is old stands: its history is one click away.",
		columns: []column{{name: "id", link: "${temporal}/namespaces/thidua/workflows/${__data.fields.id:percentencode}"}},
		sql: `SELECT id, kind, phase, state, next_at, stepped_at FROM dashboard.procedure
WHERE ` + ofCampaign + ` ORDER BY (state = 'Open') DESC, next_at, id`,
	})
}
