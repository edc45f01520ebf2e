package main

import "github.com/grafana/grafana-foundation-sdk/go/units"

// campaigns answers the office: who owes, who is late, what comes next.
func campaigns() *board {
	b := newBoard("thidua-campaigns", "Campaigns", "Where the campaigns stand: what is owed, what came, what comes next. "+
		"Dates are business time, which a demo or a training steps through. Names of units: the board One campaign.", true)
	b.knowsFacts()
	b.launches("recorded_at", "")
	b.numbers(
		view{
			title: "Campaigns running", unit: units.Short,
			about:   "Campaigns that are launched and neither paused, cancelled nor closed. A campaign that should be here and is not: `thidua get campaigns` says its state.",
			queries: one(`max(thidua_campaigns{state="Launched"})`, ""),
		},
		view{
			title: "Campaigns paused", unit: units.Short, alarm: 1,
			about:   "Paused campaigns send nothing and remind nobody. Somebody should know why: `thidua describe campaign CAMPAIGN` says since when; `thidua resume CAMPAIGN --deadlines=keep`, or `shift`, ends it.",
			queries: one(`max(thidua_campaigns{state="Paused"})`, ""),
		},
		view{
			title: "Business time", unit: moment,
			about:   "The time by which deadlines are judged. Behind the clock on the wall it means a stepped clock: a demo, a training.",
			queries: one(`max(thidua_business_time_seconds) * 1000`, ""),
		},
		view{
			title: "Reports received", unit: units.PercentUnit, whole: true,
			about:   "Of the reports asked for so far, the part that was received. By round, and what is missing: `thidua get rounds -c CAMPAIGN`.",
			queries: one(`sum(max by (campaign) (thidua_obligations{campaign=~"$campaign", kind="Report", state="Settled"})) / (sum(max by (campaign, state) (thidua_obligations{campaign=~"$campaign", kind="Report", state=~"Settled|Owing|Lapsed"})) > 0)`, ""),
		},
		view{
			title: "Owed past the deadline", unit: units.Short, alarm: 1,
			about:   "Registrations and reports still owed after their deadline; consolidations and decisions, which bodies and the office owe, are not among them. The ladder reminds by itself; who they are: `thidua get late -c CAMPAIGN`. Extend with `thidua extend` where there is a reason.",
			queries: one(`sum(max by (campaign, kind) (thidua_obligations_overdue{campaign=~"$campaign", kind=~"Registration|Report"}))`, ""),
		},
		view{
			title: "Letters to sign", unit: units.Short,
			about:   "Official letters drafted and not withdrawn. Nothing official goes out unsigned: `thidua get letters -c CAMPAIGN` lists them, somebody signs and sends.",
			queries: one(`sum(max by (campaign) (thidua_letters{campaign=~"$campaign", state="Drafted"}))`, ""),
		},
	)
	b.graphs(
		view{
			title: "Reports", unit: units.Short, stack: true,
			about:   "Reports by what became of them: Owing is still open, Settled received, Lapsed never came before the close. A round that closes turns Owing into Lapsed.",
			queries: one(`sum by (state) (max by (campaign, state) (thidua_obligations{campaign=~"$campaign", kind="Report"}))`, "{{state}}"),
		},
		view{
			title: "Registrations", unit: units.Short, stack: true,
			about:   "Registrations by what became of them. Registering late is no gate to reporting; how many have not: `thidua get rounds -c CAMPAIGN`.",
			queries: one(`sum by (state) (max by (campaign, state) (thidua_obligations{campaign=~"$campaign", kind="Registration"}))`, "{{state}}"),
		},
		view{
			title: "Owed past the deadline, by campaign", unit: units.Short, link: "/d/thidua-campaign?var-campaign=${__field.labels.campaign:percentencode}",
			about:   "Registrations and reports. Falls as reports come after a reminder. One that stays where it is although steps were climbed: telephone, or look at the contacts of those units.",
			queries: one(`sum by (campaign) (max by (campaign, kind) (thidua_obligations_overdue{campaign=~"$campaign", kind=~"Registration|Report"}))`, "{{campaign}}"),
		},
		view{
			title: "Rounds", unit: units.Short, stack: true,
			about:   "Rounds of registration and reporting by state. A round opens at its first reminder and closes at the date in the plan (`thidua plan -f FOLDER`).",
			queries: one(`sum by (state) (max by (campaign, state) (thidua_rounds{campaign=~"$campaign"}))`, "{{state}}"),
		},
		view{
			title: "Notices, by step", unit: units.Short, stack: true,
			about:   "Notices written so far by step of the ladder. A step that stands still on its day: look at the engine's board for procedures that are late.",
			queries: one(`sum by (step) (max by (campaign, step, state) (thidua_notices{campaign=~"$campaign"}))`, "{{step}}"),
		},
		view{
			title: "Notices that reached nobody", unit: units.Short, alarm: 1,
			about:   "Notices without a recipient: no contact, or no administering body. Load the contacts (`thidua import contacts -f FILE`); a notice of the past is not sent later.",
			queries: one(`sum by (campaign) (max by (campaign, step) (thidua_notices{campaign=~"$campaign", state="NoRecipient"}))`, "{{campaign}}"),
		},
		view{
			title: "Next instant", unit: moment,
			about:   "When each campaign looks again next, in business time. In the past: its procedure is late. Absent: only an event, such as a decision, can bring it on.",
			queries: one(`max by (campaign) (thidua_campaign_next_seconds{campaign=~"$campaign"}) * 1000`, "{{campaign}}"),
		},
		view{
			title: "Steps missed", unit: units.Short, alarm: 1,
			about:   "Notices that came more than 10 minutes after their instant, or not before they were stale, by step. Something stood still then; the step's catchUp decided what was sent. `thidua why UNIT -c CAMPAIGN` tells for each.",
			queries: one(`sum by (step) (max by (campaign, step) (thidua_notices_missed{campaign=~"$campaign"}))`, "{{step}}"),
		},
	)
	return b
}
