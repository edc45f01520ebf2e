package main

import "github.com/grafana/grafana-foundation-sdk/go/units"

// delivery answers the operator of the mail: does it leave, and if not, why.
func delivery() *board {
	b := newBoard("thidua-delivery", "Delivery", "Whether messages leave, how fast, and what became of those that did not. "+
		"The ledger of one unit: `thidua why UNIT -c CAMPAIGN`.", true)
	b.knowsFacts()
	b.launches("recorded_at", "")
	b.numbers(
		view{
			title: "Oldest waiting", unit: units.Seconds, alarm: 600,
			about:   "How long the oldest message waits that may go and has not gone. Minutes: is a worker running, does the mail server answer, is its rate too small?",
			queries: one(`max(thidua_outbox_oldest_pending_seconds)`, ""),
		},
		view{
			title: "Waiting", unit: units.Short,
			about:   "Messages that are to go or on their way, those that may not go yet included. Falls to zero after each step of the ladder.",
			queries: one(`sum(max by (campaign, channel, state) (thidua_messages{campaign=~"$campaign", state=~"Pending|Claimed"}))`, ""),
		},
		view{
			title: "Sent", unit: units.Short,
			about:   "Messages that the mail server took. What it does with them afterwards is in its own log.",
			queries: one(`sum(max by (campaign, channel) (thidua_messages{campaign=~"$campaign", state="Sent"}))`, ""),
		},
		view{
			title: "In doubt", unit: units.Short, alarm: 1,
			about:   "Attempts handed over and never answered: the message may have been sent. `thidua status` lists them; where the channel resends, the copy has the same Message-ID.",
			queries: one(`max(thidua_attempts_ambiguous)`, ""),
		},
		view{
			title: "Given up", unit: units.Short, alarm: 1,
			about:   "Messages parked after refusals or too many tries, or left in doubt to a person. `thidua status` has the server's answers: mend the address or the server; they do not go by themselves.",
			queries: one(`sum(max by (campaign, channel, state) (thidua_messages{campaign=~"$campaign", state=~"Parked|Ambiguous"}))`, ""),
		},
		view{
			title: "Not configured", unit: units.Short, alarm: 1,
			about:   "Messages for a channel without settings: recorded, not sent, and not sent later. Give `thidua up` or `thidua worker` a mail server (`--smtp-addr`, `--from`).",
			queries: one(`sum(max by (campaign, channel) (thidua_messages{campaign=~"$campaign", state="NotConfigured"}))`, ""),
		},
	)
	b.graphs(
		view{
			title: "Messages, by state", unit: units.Short, stack: true,
			about:   "All messages by what became of them. Superseded ones were overtaken by a report, expired ones were stale before they could go.",
			queries: one(`sum by (state) (max by (campaign, channel, state) (thidua_messages{campaign=~"$campaign"}))`, "{{state}}"),
		},
		view{
			title: "Age of the oldest waiting message", unit: units.Seconds, alarm: 600,
			about:   "A saw-tooth after each step is normal; a line that climbs at one second a second is a dispatcher that stands still, or a mail server that answers nothing.",
			queries: one(`max(thidua_outbox_oldest_pending_seconds)`, "oldest"),
		},
		view{
			title: "Attempts in the ledger", unit: units.Short, stack: true,
			about:   "Every attempt by its outcome, counted in the ledger; Open is under way, or its sender has died. Many Retry: the server defers, `thidua get messages -c CAMPAIGN` has its answers.",
			queries: one(`sum by (outcome) (max by (channel, outcome) (thidua_attempts))`, "{{outcome}}"),
		},
		view{
			title: "Attempts a second", unit: units.CountsPerSecond,
			about:   "What the dispatchers do now, by outcome. A flat line below what the outbox needs: `--smtp-rate`, or a slow server (next panel).",
			queries: one(`sum by (outcome) (rate(thidua_send_seconds_count[$__rate_interval]))`, "{{outcome}}"),
		},
		view{
			title: "Duration of an attempt", unit: units.Seconds,
			about: "How long the mail server takes. Seconds: greylisting, a slow look-up of names, or a distant server; ask its operator.",
			queries: []query{
				{expr: `histogram_quantile(0.5, sum by (le) (rate(thidua_send_seconds_bucket[$__rate_interval])))`, legend: "half"},
				{expr: `histogram_quantile(0.95, sum by (le) (rate(thidua_send_seconds_bucket[$__rate_interval])))`, legend: "95 of 100"},
			},
		},
		view{
			title: "Notices, by state", unit: units.Short, stack: true,
			about:   "What was said, by what became of it: one message may carry many notices. Failed and NoRecipient are for a person.",
			queries: one(`sum by (state) (max by (campaign, step, state) (thidua_notices{campaign=~"$campaign"}))`, "{{state}}"),
		},
	)
	b.refusals()
	return b
}

func (b *board) refusals() {
	b.lists(9,
		list{
			title: "Failures by the server's answer", span: 12,
			about: "Attempts that were not taken, by the code that the server gave; 4xx: not now, tried again; 5xx: never. 421 and 450 are quotas and greylisting, 535 the password, 550 the address. No code: no answer came.",
			sql: `SELECT channel, code, outcome, count(*) AS attempts, count(DISTINCT campaign) AS campaigns, max(started_at) AS last
FROM dashboard.attempt WHERE outcome NOT IN ('Sent', 'Open') AND $__timeFilter(started_at) GROUP BY 1, 2, 3 ORDER BY attempts DESC, 1, 2, 3`,
		},
		list{
			title: "Attempts in doubt", span: 12,
			about: "Handed over and never answered, newest first: the recipient may have the mail. How many of each step; `thidua status` lists them one by one, with what became of each.",
			sql: `SELECT campaign, round, step, channel, count(*) AS attempts, max(started_at) AS last
FROM dashboard.attempt WHERE outcome = 'Ambiguous' AND $__timeFilter(started_at) GROUP BY 1, 2, 3, 4 ORDER BY last DESC, 1, 2, 3, 4`,
		},
	)
}
