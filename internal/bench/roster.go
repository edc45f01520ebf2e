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
		if err := w.drop(ctx); err != nil {
			return nil, err
		}
	}
	name := fmt.Sprintf("roster of %d units", units)
	return []Result{
		{Name: name + ": read and admitted", Value: median(read), Unit: "s"},
		{Name: name + ": written", Value: median(written), Unit: "s", Note: "with two contacts each"},
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
		if err := w.drop(ctx); err != nil {
			return nil, err
		}
	}
	return []Result{{Name: "rehearsal of the example", Value: median(took), Unit: "s", Note: fmt.Sprintf("%d steps, %d mails", steps, mails)}}, nil
}

// empty is a database with nothing but the schema.
func (b *Bench) empty(ctx context.Context) (*world, error) {
	if _, err := b.server(ctx); err != nil {
		return nil, err
	}
	b.clones++
	name := fmt.Sprintf("clone_%d", b.clones)
	if err := b.exec(ctx, "CREATE DATABASE "+name); err != nil {
		return nil, err
	}
	w := &world{b: b, name: name, url: b.cluster.URL(name)}
	if err := store.Migrate(ctx, w.url); err != nil {
		return nil, err
	}
	var err error
	if w.pool, err = store.Open(ctx, w.url); err != nil {
		return nil, err
	}
	w.engine = engine.New(w.pool, b.Log)
	return w, nil
}
