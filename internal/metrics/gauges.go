package metrics

import (
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// gauge is a metric that a reading gives.
type gauge struct {
	desc   *prometheus.Desc
	labels int
	order  []int // of the labels by their names, as scrapes sort by them
}

func (g *gauge) compare(a, b [3]string) int {
	for _, i := range g.order {
		if c := strings.Compare(a[i], b[i]); c != 0 {
			return c
		}
	}
	return 0
}

var gauges []*gauge

func newGauge(name, help string, labels ...string) *gauge {
	g := &gauge{desc: prometheus.NewDesc("thidua_"+name, help, labels, nil), labels: len(labels)}
	for i := range labels {
		g.order = append(g.order, i)
	}
	slices.SortFunc(g.order, func(a, b int) int { return strings.Compare(labels[a], labels[b]) })
	gauges = append(gauges, g)
	return g
}

var (
	up                  = newGauge("collector_up", "Whether the last reading of the database succeeded: 1, or 0 and every other metric read from the database is absent.")
	readSeconds         = newGauge("collector_read_seconds", "How long the last reading of the database took.")
	campaigns           = newGauge("campaigns", "Campaigns, by state (Declared, Launched, Paused, Cancelled, Closed).", "state")
	rounds              = newGauge("rounds", "Rounds of registration and reporting, by state (Planned, Open, Closed, Cancelled).", "campaign", "state")
	obligations         = newGauge("obligations", "What somebody owes or owed, by kind and state (Owing, Settled, Lapsed, Cancelled, Informed).", "campaign", "kind", "state")
	overdue             = newGauge("obligations_overdue", "What is still owed past its deadline, in business time.", "campaign", "kind")
	notices             = newGauge("notices", "Notices, by step of the ladder and state.", "campaign", "step", "state")
	missed              = newGauge("notices_missed", "Notices that were processed more than 10 minutes after their instant, or not before they were stale, by step; what then became of them is their state.", "campaign", "step")
	messages            = newGauge("messages", "Messages, by channel and state.", "campaign", "channel", "state")
	outboxWaiting       = newGauge("outbox_oldest_pending_seconds", "How long the oldest message waits that may go and is not settled, in machine time; 0 when none waits.")
	attempts            = newGauge("attempts", "Attempts to send in the ledger, by channel and outcome; Open is under way, or its sender has died.", "channel", "outcome")
	ambiguous           = newGauge("attempts_ambiguous", "Attempts that were handed over and never answered: the message may have been sent.")
	letters             = newGauge("letters", "Official letters drafted for signature, by state (Drafted, Withdrawn).", "campaign", "state")
	proceduresDue       = newGauge("procedures_due", "Open procedures whose instant has come in business time; those of paused campaigns are not due.")
	procedureLag        = newGauge("procedure_lag_seconds", "How long ago the instant of the oldest due procedure came, in business time; 0 when none is due.")
	campaignNext        = newGauge("campaign_next_seconds", "Business time at which a launched or paused campaign looks again next, in seconds since 1970; absent when only an event can bring it on.", "campaign")
	campaignLast        = newGauge("campaign_last_seconds", "Business time at which something last happened between a launched campaign and its units: its launch, a notice, a report; in seconds since 1970.", "campaign")
	wakesPending        = newGauge("wakes_pending", "Wake-ups of procedures that are not delivered yet.")
	clockStepped        = newGauge("clock_stepped", "Whether business time is stepped (training, demo, tests) instead of real.")
	databaseBytes       = newGauge("postgres_size_bytes", "Size of the database.")
	databaseConnections = newGauge("postgres_connections", "Connections to the database, of whomever.")
	databaseLimit       = newGauge("postgres_connections_max", "Connections that the server takes, to all its databases.")
	databaseOldest      = newGauge("postgres_oldest_transaction_seconds", "Age of the oldest transaction that we may see beside our own; an old one keeps space from being used again, and the audit from being sealed.")
	businessSeconds     = newGauge("business_time_seconds", "Business time, in seconds since 1970.")
)

// What is counted from 0, so that it can be graphed, and a rate taken, from the
// beginning. Other values appear once there is one.
var (
	campaignStates   = []string{"Declared", "Launched", "Paused", "Cancelled", "Closed"}
	roundStates      = []string{"Planned", "Open", "Closed", "Cancelled"}
	obligationStates = map[string][]string{
		"Registration": {"Owing", "Settled", "Lapsed"}, "Report": {"Owing", "Settled", "Lapsed"},
		"Consolidation": {"Owing", "Settled", "Lapsed"},
		"Decision":      {"Owing", "Settled"}, "Invitation": {"Informed"},
	}
	noticeStates   = []string{"Pending", "Sent", "NoRecipient", "Failed"}
	messageStates  = []string{"Pending", "Held", "Claimed", "Sent", "Ambiguous", "Parked", "NotConfigured"}
	attemptResults = []string{"Open", "Sent", "Retry", "Rejected", "Ambiguous"}
	letterStates   = []string{"Drafted", "Withdrawn"}
)
