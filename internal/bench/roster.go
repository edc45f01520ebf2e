package bench

import (
	"context"
	"fmt"
	"strings"
	"time"

	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/rehearse"
	"thidua.dev/thidua/internal/store"
)

// roster loads 12,000 units and their contacts: read, admitted as an API server
// would, checked, written.
func (b *Bench) roster(ctx context.Context) ([]Result, error) {
	units := max(b.Units, 1)
	if b.Units == Country {
		units = 12_000
	}
	text := RosterManifest("roster", units)
	var read, written []float64
	for range b.Repeat {
		w, err := b.empty(ctx)
		if err != nil {
			return nil, err
		}
		began := time.Now()
		set, err := manifest.Load([]string{"-"}, strings.NewReader(text))
		if err != nil {
			return nil, err
		}
		set.Contacts = Contacts("roster", units)
		if err := set.Check().Err(); err != nil {
			return nil, err
		}
		read = append(read, time.Since(began).Seconds())
		if _, err := w.engine.Apply(ctx, engine.By(Office, ""), set, false); err != nil {
			return nil, err
		}
		written = append(written, time.Since(began).Seconds()-read[len(read)-1])
		w.drop(ctx)
	}
	name := fmt.Sprintf("roster of %d units", units)
	return []Result{
		{Name: name + ": read and admitted", Value: Median(read), Unit: "s"},
		{Name: name + ": written", Value: Median(written), Unit: "s", Note: "with two contacts each"},
	}, nil
}

// rehearsal plays the example campaign from launch to close.
func (b *Bench) rehearsal(ctx context.Context) ([]Result, error) {
	var took []float64
	steps, mails := 0, 0
	for range b.Repeat {
		w, err := b.empty(ctx)
		if err != nil {
			return nil, err
		}
		set, err := manifest.Load([]string{b.SeedDir}, nil)
		if err != nil {
			return nil, err
		}
		if len(set.Campaigns) != 1 {
			return nil, fmt.Errorf("%s holds %d campaigns, not one", b.SeedDir, len(set.Campaigns))
		}
		simulation, err := rehearse.LoadSimulation(b.SeedDir)
		if err != nil {
			return nil, err
		}
		began := time.Now()
		r, err := rehearse.Run(ctx, rehearse.Options{Pool: w.pool, Set: set, Campaign: set.Campaigns[0].Name, Simulation: simulation, Log: b.Log})
		if err != nil {
			return nil, err
		}
		took = append(took, time.Since(began).Seconds())
		steps, mails = r.Steps, len(r.Mails)
		w.drop(ctx)
	}
	return []Result{{Name: "rehearsal of the example", Value: Median(took), Unit: "s", Note: fmt.Sprintf("%d steps, %d mails", steps, mails)}}, nil
}

// empty is a database with nothing but the schema.
func (b *Bench) empty(ctx context.Context) (*world, error) {
	w, err := b.bare(ctx)
	if err != nil {
		return nil, err
	}
	if err := store.Migrate(ctx, w.url); err != nil {
		return nil, err
	}
	if w.pool, err = store.Open(ctx, w.url); err != nil {
		return nil, err
	}
	w.engine = engine.New(w.pool, b.Log)
	return w, nil
}

// bare is a database without a schema.
func (b *Bench) bare(ctx context.Context) (*world, error) {
	if err := b.server(ctx); err != nil {
		return nil, err
	}
	b.clones++
	name := fmt.Sprintf("clone_%d", b.clones)
	return &world{b: b, name: name, url: b.cluster.URL(name)}, b.exec(ctx, "CREATE DATABASE "+name)
}

// Database is an empty one for a peer, on the cluster of everything else.
func (b *Bench) Database(ctx context.Context) (url string, drop func(context.Context) error, err error) {
	w, err := b.bare(ctx)
	if err != nil {
		return "", nil, err
	}
	return w.url, func(ctx context.Context) error { return b.exec(ctx, "DROP DATABASE "+w.name+" WITH (FORCE)") }, nil
}
