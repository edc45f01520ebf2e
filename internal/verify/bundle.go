// Package verify holds what the ledgers say against each other: the audit's chain,
// the reports against their receipts, rankings against what they were computed
// from. It works on a bundle, which another machine can check without the
// database.
package verify

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"thidua.dev/thidua/internal/audit"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/score"
)

// Format of bundles.
const Format = "thidua.bundle/1"

// Bundle is everything that an auditor needs. It holds names of actors and what
// units reported: it is for auditors, not for the public.
type Bundle struct {
	Format   string       `json:"format"`
	MadeAt   time.Time    `json:"madeAt"`
	Seals    []audit.Seal `json:"seals"`
	Unsealed []audit.Row  `json:"unsealed"` // acts that no seal covers yet
	Reports  []Report     `json:"reports"`
	Settled  []Settled    `json:"settled"`
	Rankings []Ranking    `json:"rankings"`
}

// Report is one version of one report.
type Report struct {
	Obligation int64         `json:"obligation"`
	Campaign   string        `json:"campaign"`
	Unit       string        `json:"unit"`
	Round      string        `json:"round"`
	Version    int           `json:"version"`
	State      string        `json:"state"`
	Source     string        `json:"source"`
	ReceivedAt time.Time     `json:"receivedAt"`
	Content    engine.Report `json:"content"`
}

// Settled is a report that counts as received.
type Settled struct {
	Obligation int64     `json:"obligation"`
	Campaign   string    `json:"campaign"`
	Unit       string    `json:"unit"`
	Round      string    `json:"round"`
	ReceivedAt time.Time `json:"receivedAt"`
}

// Ranking is a sealed ranking with what it was computed from.
type Ranking struct {
	Campaign   string       `json:"campaign"`
	Review     string       `json:"review"`
	Version    int          `json:"version"`
	SealedAt   time.Time    `json:"sealedAt"`
	Hash       string       `json:"hash"`
	InputsHash string       `json:"inputsHash"`
	Inputs     score.Inputs `json:"inputs"`
	Lines      []Place      `json:"lines"` // as they stand in the database
}

// Place of one unit.
type Place struct {
	Unit  string `json:"unit"`
	Total string `json:"total"`
	Rank  int    `json:"rank"`
}

// Write writes a bundle, compressed.
func (b *Bundle) Write(w io.Writer) error {
	z := gzip.NewWriter(w)
	if err := json.NewEncoder(z).Encode(b); err != nil {
		return err
	}
	return z.Close()
}

// maxBundle is the largest bundle that is read, unpacked: the country of 2021 over
// two years has under a tenth of it.
const maxBundle = 4 << 30

// Read reads what Write wrote.
func Read(r io.Reader) (*Bundle, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("this is not a bundle: %w", err)
	}
	defer z.Close()
	limited := &io.LimitedReader{R: z, N: maxBundle}
	var b Bundle
	d := json.NewDecoder(limited)
	if err := d.Decode(&b); err != nil {
		if limited.N <= 0 {
			return nil, errors.New("this bundle is larger than any that thidua writes")
		}
		return nil, fmt.Errorf("this is not a bundle: %w", err)
	}
	if b.Format != Format {
		return nil, fmt.Errorf("a bundle of format %q; this version reads %s", b.Format, Format)
	}
	return &b, nil
}
