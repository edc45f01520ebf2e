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

// Format of bundles. Those of the one before say less, and less of them is checked.
const (
	Format       = "thidua.bundle/2"
	formatBefore = "thidua.bundle/1"
)

// Bundle is everything that an auditor needs. It holds names of actors and what
// units reported: it is for auditors, not for the public.
type Bundle struct {
	Format      string       `json:"format"`
	MadeAt      time.Time    `json:"madeAt"`
	Seals       []audit.Seal `json:"seals"`
	Unsealed    []audit.Row  `json:"unsealed"` // acts that no seal covers yet
	Reports     []Report     `json:"reports"`
	Settled     []Settled    `json:"settled,omitempty"` // in bundles of the format before; Owed says more
	Owed        []Owed       `json:"owed"`
	Rounds      []Round      `json:"rounds"`
	Decisions   []Decision   `json:"decisions"`
	Rankings    []Ranking    `json:"rankings"`
	Nominations []Nomination `json:"nominations"`
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

	ApprovedAt     *time.Time `json:"approvedAt,omitempty"`
	DocumentNumber string     `json:"documentNumber,omitempty"`
	DocumentDate   string     `json:"documentDate,omitempty"`
	ReturnReason   string     `json:"returnReason,omitempty"`
}

// Owed is a report, a registration or a consolidation that somebody owes or owed.
type Owed struct {
	Obligation int64      `json:"obligation"`
	Campaign   string     `json:"campaign"`
	Unit       string     `json:"unit"`
	Round      string     `json:"round"`
	Kind       string     `json:"kind"`
	Calendar   string     `json:"calendar"`
	State      string     `json:"state"`
	DueAt      *time.Time `json:"dueAt,omitempty"`
	ReceivedAt *time.Time `json:"receivedAt,omitempty"`
}

// Round is a round that has opened, with its counts when it is closed.
type Round struct {
	Campaign string     `json:"campaign"`
	Round    string     `json:"round"`
	State    string     `json:"state"`
	ClosesAt time.Time  `json:"closesAt"`
	ClosedAt *time.Time `json:"closedAt,omitempty"`
	Expected *int       `json:"expected,omitempty"`
	OnTime   *int       `json:"onTime,omitempty"`
	Late     *int       `json:"late,omitempty"`
	Missing  *int       `json:"missing,omitempty"`
}

// Decision of the competent authority, as recorded.
type Decision struct {
	Campaign   string    `json:"campaign"`
	Number     string    `json:"number"`
	Dated      string    `json:"dated"`
	SignedBy   string    `json:"signedBy,omitempty"`
	RecordedAt time.Time `json:"recordedAt"`
}

// Nomination by a ranking, and the award that came of it; either may be empty.
type Nomination struct {
	Campaign    string `json:"campaign"`
	Unit        string `json:"unit"`
	Award       string `json:"award,omitempty"`
	Form        string `json:"form,omitempty"`
	Review      string `json:"review,omitempty"`
	Version     int    `json:"version,omitempty"`
	Rank        int    `json:"rank,omitempty"`
	Total       string `json:"total,omitempty"`
	Awarded     string `json:"awarded,omitempty"`
	AwardedForm string `json:"awardedForm,omitempty"`
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

	// Bundles of the format before say nothing of these.
	Group    string             `json:"group,omitempty"`
	Base     string             `json:"base,omitempty"`
	Malus    string             `json:"malus,omitempty"`
	Late     int                `json:"late,omitempty"`
	Missing  int                `json:"missing,omitempty"`
	Expected int                `json:"expected,omitempty"`
	Reason   string             `json:"reason,omitempty"`
	Axes     []score.AxisPoints `json:"axes,omitempty"`
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
	if b.Format != Format && b.Format != formatBefore {
		return nil, fmt.Errorf("a bundle of format %q; this version reads %s and %s", b.Format, Format, formatBefore)
	}
	return &b, nil
}

// Received is what counts as received.
func (b *Bundle) Received() (settled []Settled) {
	for _, o := range b.Owed {
		if o.State == "Settled" && o.ReceivedAt != nil {
			settled = append(settled, Settled{o.Obligation, o.Campaign, o.Unit, o.Round, *o.ReceivedAt})
		}
	}
	return append(settled, b.Settled...)
}
