package metrics

import (
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Audit tells of the chain of acts, which a worker recomputes all the time.
type Audit struct {
	findings, verified prometheus.Gauge
	rounds             int
}

// NewAudit registers its metrics.
func NewAudit(reg prometheus.Registerer) *Audit {
	a := &Audit{
		findings: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "thidua_audit_findings",
			Help: "Things in the chain of acts that do not add up, found in the newest round over it or the one before.",
		}),
		verified: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "thidua_audit_verified_seconds",
			Help: "When the whole chain of acts was last recomputed, in seconds since 1970 of machine time; before the first time, when the process started to.",
		}),
	}
	a.verified.SetToCurrentTime()
	reg.MustRegister(a.findings, a.verified)
	return a
}

// Observe takes what is known after a look: findings, and how often the whole chain has
// been gone through.
func (a *Audit) Observe(findings, rounds int) {
	a.findings.Set(float64(findings))
	if rounds > a.rounds {
		a.rounds = rounds
		a.verified.SetToCurrentTime()
	}
}

// backup tells when the newest backup was made, which only those know who make it: they
// touch a file. Without the file there is no metric, and the alert rings.
type backup struct {
	file string
	desc *prometheus.Desc
}

// WatchBackup registers the metric of a file that is touched by each backup.
func WatchBackup(reg prometheus.Registerer, file string) {
	reg.MustRegister(backup{file, prometheus.NewDesc("thidua_backup_taken_seconds",
		"Of which instant the newest backup is, in seconds since 1970 of machine time: the time of the file that whoever makes backups touches; absent without one.", nil, nil)})
}

func (b backup) Describe(ch chan<- *prometheus.Desc) { ch <- b.desc }

func (b backup) Collect(ch chan<- prometheus.Metric) {
	if s, err := os.Stat(b.file); err == nil {
		ch <- prometheus.MustNewConstMetric(b.desc, prometheus.GaugeValue, float64(s.ModTime().UnixMilli())/float64(time.Second/time.Millisecond))
	}
}
