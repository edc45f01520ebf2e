// Package bench measures the engine against the least that the same work can cost:
// each figure beside a peer that ran in the same minutes, on the same cluster.
package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"thidua.dev/thidua/internal/pgcluster"
)

// Country is how many units report in the whole country of 2021: 63 provinces, 705
// districts, 10,599 communes.
const Country = 63 + 705 + 10_599

// Options of a run.
type Options struct {
	// Units that take part; Country unless a test is in a hurry.
	Units int
	// Repeat each measurement and take the median.
	Repeat int
	// SeedDir holds the manifests whose rehearsal is timed.
	SeedDir string
	// Progress tells people what is being done; may be nil.
	Progress func(text string)
	Log      *slog.Logger
}

// Unmeasured is a result that could not be had, and why.
func Unmeasured(name string, why error) []Result {
	return []Result{{Name: name, Note: "not measured: " + why.Error()}}
}

// Result is one figure.
type Result struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"` // empty where it could not be measured
	// Peer is what the same work costs without the engine, measured in the same run.
	Peer      string  `json:"peer,omitempty"`
	PeerValue float64 `json:"peerValue,omitempty"`
	// Ratio of value to peer value.
	Ratio float64 `json:"ratio,omitempty"`
	// Limit of the ratio, or without a peer of the value, and which side of it is
	// good: AtMost or AtLeast.
	Limit   float64 `json:"limit,omitempty"`
	LimitIs string  `json:"limitIs,omitempty"`
	// Holds is nil where nothing is demanded.
	Holds *bool  `json:"holds,omitempty"`
	Note  string `json:"note,omitempty"`
}

const (
	AtMost  = "AtMost"
	AtLeast = "AtLeast"
)

// Beside compares with a peer.
func (r Result) Beside(peer string, value float64) Result {
	r.Peer, r.PeerValue = peer, value
	if value != 0 {
		r.Ratio = r.Value / value
	}
	return r.judge()
}

// Limited demands something of the ratio, or without a peer of the value.
func (r Result) Limited(is string, limit float64) Result {
	r.LimitIs, r.Limit = is, limit
	return r.judge()
}

func (r Result) judge() Result {
	if r.LimitIs == "" {
		return r
	}
	measured := r.Value
	if r.Peer != "" {
		measured = r.Ratio
	}
	holds := measured <= r.Limit
	if r.LimitIs == AtLeast {
		holds = measured >= r.Limit
	}
	r.Holds = &holds
	return r
}

// Measurement is something that can be asked for by name.
type Measurement struct {
	Name, Short string
	Run         func(ctx context.Context, b *Bench) ([]Result, error)
}

// All that needs nothing but PostgreSQL.
var All = []Measurement{
	{"step", "a reminder to everybody, beside the bare statement", of((*Bench).step)},
	{"intake", "reports taken in, beside pgbench", of((*Bench).intake)},
	{"mail", "mail drained with its ledger, beside a raw client", of((*Bench).mail)},
	{"roster", "a roster of 12,000 units loaded", of((*Bench).roster)},
	{"rehearsal", "the example campaign rehearsed", of((*Bench).rehearsal)},
}

func of(method func(*Bench, context.Context) ([]Result, error)) func(context.Context, *Bench) ([]Result, error) {
	return func(ctx context.Context, b *Bench) ([]Result, error) { return method(b, ctx) }
}

// Run makes the measurements of those names, or all. It returns what it has when
// one fails.
func Run(ctx context.Context, o Options, all []Measurement, names []string, show func(Result)) (results []Result, err error) {
	for _, name := range names {
		if !slices.ContainsFunc(all, func(m Measurement) bool { return m.Name == name }) {
			return nil, fmt.Errorf("there is no measurement %q; there are %s", name, strings.Join(Names(all), ", "))
		}
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	o.Units, o.Repeat = max(1, o.Units), max(1, o.Repeat)
	b := &Bench{Options: o}
	defer func() { err = errors.Join(err, b.close(context.WithoutCancel(ctx))) }()
	for _, m := range all {
		if len(names) > 0 && !slices.Contains(names, m.Name) {
			continue
		}
		o.Progress(m.Name + ": " + m.Short)
		found, err := m.Run(ctx, b)
		if err != nil {
			return results, fmt.Errorf("%s: %w", m.Name, err)
		}
		for _, r := range found {
			show(r)
		}
		results = append(results, found...)
	}
	return results, nil
}

// Names of measurements.
func Names(all []Measurement) []string {
	names := make([]string, len(all))
	for i, m := range all {
		names[i] = m.Name
	}
	return names
}

// Bench is one run: what its measurements share is made once.
type Bench struct {
	Options
	cluster *pgcluster.Cluster
	end     func(context.Context) error
	worlds  map[string]bool // databases that are cloned for each measurement
	clones  int
}

func (b *Bench) close(ctx context.Context) error {
	if b.end == nil {
		return nil
	}
	return b.end(ctx)
}

// Median of repeated measurements.
func Median(values []float64) float64 {
	slices.Sort(values)
	if n := len(values); n%2 == 0 {
		return (values[n/2-1] + values[n/2]) / 2
	}
	return values[len(values)/2]
}
