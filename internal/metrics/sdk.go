package metrics

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/client"
)

// SDKHandler lets Temporal's SDK count into reg, under the names that its other
// handlers use: _total for counters, _seconds for timers. Give a registry one
// handler, and all clients and workers of the process that handler.
//
// The metrics are kept here rather than in client_golang's vectors: a vector
// takes one set of labels a name and panics at another, and it is the SDK, not
// we, that decides which labels come with a name.
func SDKHandler(reg prometheus.Registerer) client.MetricsHandler {
	all := &sdkMetrics{
		types:  map[string]string{},
		series: map[string]prometheus.Metric{},
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "thidua_sdk_metrics_dropped_total",
			Help: "Values from the Temporal SDK that could not be kept: a name with a second type, or a counter that ran backwards.",
		}),
	}
	reg.MustRegister(all.dropped, all)
	return &sdkHandler{all: all}
}

// sdkMetrics are all series of the SDK.
type sdkMetrics struct {
	mu      sync.RWMutex
	types   map[string]string // by name: a name has one type
	series  map[string]prometheus.Metric
	dropped prometheus.Counter
}

// Describe sends nothing: which names there will be is not known beforehand.
func (*sdkMetrics) Describe(chan<- *prometheus.Desc) {}

// Collect sends every series.
func (m *sdkMetrics) Collect(ch chan<- prometheus.Metric) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, s := range m.series {
		ch <- s
	}
}

// sdkHandler is the metrics with one set of labels.
type sdkHandler struct {
	all    *sdkMetrics
	labels prometheus.Labels
	key    string // of the labels, made once: a request looks up several metrics
}

// WithTags adds labels, or replaces their values.
func (h *sdkHandler) WithTags(tags map[string]string) client.MetricsHandler {
	n := &sdkHandler{all: h.all, labels: prometheus.Labels{}}
	maps.Copy(n.labels, h.labels)
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		n.labels[labelName(name)] = strings.ToValidUTF8(tags[name], "�")
	}
	var key strings.Builder
	for _, name := range slices.Sorted(maps.Keys(n.labels)) {
		key.WriteString("\xff" + name + "\xff" + n.labels[name]) // in no valid text
	}
	n.key = key.String()
	return n
}

func (h *sdkHandler) Counter(name string) client.MetricsCounter {
	c, ok := series(h, "counter", name+"_total", func(o prometheus.Opts) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts(o))
	})
	return sdkCounter(func(n int64) {
		if !ok || n < 0 {
			h.all.dropped.Inc()
			return
		}
		c.Add(float64(n))
	})
}

func (h *sdkHandler) Gauge(name string) client.MetricsGauge {
	g, ok := series(h, "gauge", name, func(o prometheus.Opts) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts(o))
	})
	return sdkGauge(func(v float64) {
		if !ok {
			h.all.dropped.Inc()
			return
		}
		g.Set(v)
	})
}

func (h *sdkHandler) Timer(name string) client.MetricsTimer {
	t, ok := series(h, "timer", name+"_seconds", func(o prometheus.Opts) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Name: o.Name, Help: o.Help, ConstLabels: o.ConstLabels, Buckets: seconds})
	})
	return sdkTimer(func(d time.Duration) {
		if !ok {
			h.all.dropped.Inc()
			return
		}
		t.Observe(d.Seconds())
	})
}

// series finds or makes a name's series with the handler's labels; false when
// the name is of another type already.
func series[M prometheus.Metric](h *sdkHandler, kind, name string, create func(prometheus.Opts) M) (m M, ok bool) {
	name = metricName(name)
	key := kind + " " + name + h.key
	h.all.mu.RLock()
	found, ok := h.all.series[key]
	h.all.mu.RUnlock()
	if ok {
		return found.(M), true
	}
	h.all.mu.Lock()
	defer h.all.mu.Unlock()
	if found, ok = h.all.series[key]; ok {
		return found.(M), true
	}
	if t := h.all.types[name]; t != "" && t != kind {
		return m, false
	}
	m = create(prometheus.Opts{Name: name, Help: "Temporal SDK " + kind + " " + name + ".", ConstLabels: h.labels})
	h.all.types[name], h.all.series[key] = kind, m
	return m, true
}

type (
	sdkCounter func(int64)
	sdkGauge   func(float64)
	sdkTimer   func(time.Duration)
)

func (f sdkCounter) Inc(n int64)          { f(n) }
func (f sdkGauge) Update(v float64)       { f(v) }
func (f sdkTimer) Record(d time.Duration) { f(d) }

var unfit = regexp.MustCompile(`[^a-zA-Z0-9_]`)

func metricName(s string) string { return unfit.ReplaceAllString(s, "_") }

// labelName avoids what Prometheus keeps for itself: __ and a histogram's le.
func labelName(s string) string {
	s = unfit.ReplaceAllString(s, "_")
	if s == "" || s == "le" || s[0] >= '0' && s[0] <= '9' || strings.HasPrefix(s, "__") {
		return "tag_" + strings.TrimLeft(s, "_")
	}
	return s
}
