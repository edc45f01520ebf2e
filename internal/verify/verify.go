package verify

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"thidua.dev/thidua/internal/audit"
	"thidua.dev/thidua/internal/evidence"
	"thidua.dev/thidua/internal/store/db"
)

// What can be verified.
const (
	OfAudit   = "audit"
	OfLedger  = "ledger"
	OfRanking = "ranking"
	OfFiles   = "files"
)

// Subjects are all that can be verified. A bundle holds all but the files.
func Subjects() []string { return []string{OfAudit, OfLedger, OfRanking, OfFiles} }

// Verification is what was held against what, and what does not fit.
type Verification struct {
	Of       string          `json:"of"`
	Checked  string          `json:"checked"`
	Root     *audit.Hash     `json:"root,omitempty"` // of the newest seal
	SealedAt *time.Time      `json:"sealedAt,omitempty"`
	Findings []audit.Finding `json:"findings"`
}

// Verifier verifies an installation.
type Verifier struct {
	pool  *pgxpool.Pool
	files *evidence.Store
}

// New makes a Verifier.
func New(pool *pgxpool.Pool, files *evidence.Store) *Verifier { return &Verifier{pool, files} }

// Bundle is what another machine can verify without the database.
func (v *Verifier) Bundle(ctx context.Context) (*Bundle, error) { return FromDatabase(ctx, v.pool) }

// Verify checks one of Subjects. Root, when given, is a published one.
func (v *Verifier) Verify(ctx context.Context, of string, root *audit.Hash) (*Verification, error) {
	if of == OfFiles {
		return v.verifyFiles(ctx)
	}
	b, err := v.Bundle(ctx)
	if err != nil {
		return nil, err
	}
	out := b.Verify(of, root)
	if of == OfLedger {
		sending, err := Sending(ctx, v.pool)
		if err != nil {
			return nil, err
		}
		out.Findings = append(out.Findings, sending...)
	}
	return out, nil
}

// Verify checks what a bundle holds of one of Subjects.
func (b *Bundle) Verify(of string, root *audit.Hash) *Verification {
	v := &Verification{Of: of, Findings: []audit.Finding{}}
	rows := 0
	for _, s := range b.Seals {
		rows += len(s.Leaves)
	}
	if n := len(b.Seals); n > 0 {
		v.Root, v.SealedAt = &b.Seals[n-1].Hash, &b.Seals[n-1].SealedAt
	}
	switch of {
	case OfAudit:
		v.Checked = fmt.Sprintf("acts %d, seals %d, not sealed yet %d", rows, len(b.Seals), len(b.Unsealed))
		v.Findings = append(v.Findings, b.Audit(root)...)
	case OfLedger:
		v.Checked = fmt.Sprintf("versions of reports %d, received %d", len(b.Reports), len(b.Received()))
		v.Findings = append(v.Findings, b.Ledger()...)
	case OfRanking:
		v.Checked = fmt.Sprintf("sealed rankings %d", len(b.Rankings))
		v.Findings = append(v.Findings, b.Ranking()...)
	}
	return v
}

// verifyFiles reads every file that a report refers to.
func (v *Verifier) verifyFiles(ctx context.Context) (*Verification, error) {
	rows, err := db.New(v.pool).VerifyFiles(ctx)
	if err != nil {
		return nil, err
	}
	out := &Verification{Of: OfFiles, Findings: []audit.Finding{}, Checked: fmt.Sprintf("files of reports %d, in %s", len(rows), v.files)}
	damages := map[string]evidence.Damage{}
	for _, r := range rows {
		damage, seen := damages[r.Sha256]
		if !seen {
			if damage, err = v.files.Check(ctx, r.Sha256); err != nil {
				return nil, err
			}
			damages[r.Sha256] = damage
		}
		if damage != evidence.Whole {
			out.Findings = append(out.Findings, audit.Finding{Code: string(damage), Text: fmt.Sprintf(
				"%s, sent by %s for %s of %s, version %d: sha256 %s", r.Name, r.Unit, r.Round, r.Campaign, r.Version, r.Sha256)})
		}
	}
	return out, nil
}
