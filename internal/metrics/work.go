package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/notify"
)

// channels and outcomes are counted from 0, so that the first failure is a rate.
var (
	channels = []v1.Channel{v1.ChannelEmail}
	outcomes = []notify.Outcome{notify.Sent, notify.Retry, notify.Rejected, notify.Ambiguous}
)

// Dispatch times the attempts to send.
type Dispatch struct{ took *prometheus.HistogramVec }

// NewDispatch registers the metrics of a dispatcher.
func NewDispatch(reg prometheus.Registerer) *Dispatch {
	d := &Dispatch{prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "thidua_send_seconds", Buckets: seconds,
		Help: "Duration of one attempt to send a message, by channel and outcome (Sent, Retry, Rejected, Ambiguous, NotConfigured).",
	}, []string{"channel", "outcome"})}
	for _, ch := range channels {
		for _, outcome := range outcomes {
			d.took.WithLabelValues(string(ch), string(outcome))
		}
	}
	reg.MustRegister(d.took)
	return d
}

// Observe records one attempt. It is what notify.DispatcherOptions asks for.
func (d *Dispatch) Observe(channel v1.Channel, outcome notify.Outcome, took time.Duration) {
	d.took.WithLabelValues(string(channel), string(outcome)).Observe(took.Seconds())
}

// Accepted is the result of an intake that went well; else it is the error's
// code, of which there are few.
const Accepted = "Accepted"

// Intake times what comes in: reports and approvals.
type Intake struct{ took *prometheus.HistogramVec }

// NewIntake registers the metrics of an intake.
func NewIntake(reg prometheus.Registerer) *Intake {
	i := &Intake{prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "thidua_intake_seconds", Buckets: seconds,
		Help: "Duration of taking in a report or an approval, by verb and result (Accepted, or the code of the refusal or failure).",
	}, []string{"verb", "result"})}
	for _, verb := range []string{"submit", "approve"} {
		for _, result := range []string{Accepted, "Internal"} {
			i.took.WithLabelValues(verb, result)
		}
	}
	reg.MustRegister(i.took)
	return i
}

// Observe records one intake.
func (i *Intake) Observe(verb, result string, took time.Duration) {
	i.took.WithLabelValues(verb, result).Observe(took.Seconds())
}
