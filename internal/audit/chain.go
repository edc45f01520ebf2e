// Package audit chains the record of acts, so that whoever holds one day's root
// can find what was altered, removed, moved or put in before it. Pure: the same
// rows give the same hashes on any machine.
package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// Row is one act as it was recorded. Instants have microseconds.
type Row struct {
	ID         int64     `json:"id"`
	RecordedAt time.Time `json:"recordedAt"` // machine time
	At         time.Time `json:"at"`         // business time
	Actor      string    `json:"actor"`
	Verb       string    `json:"verb"`
	Object     string    `json:"object"`
	Reason     string    `json:"reason"`
	RequestID  string    `json:"requestID"`
	// Detail is JSON in the database's own writing, byte for byte.
	Detail string `json:"detail"`
}

// Hash is SHA-256.
type Hash [sha256.Size]byte

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText writes it in hexadecimal.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (h *Hash) UnmarshalText(b []byte) error {
	if hex.DecodedLen(len(b)) != len(h) {
		return fmt.Errorf("%q is not a SHA-256 in hexadecimal", b)
	}
	_, err := hex.Decode(h[:], b)
	return err
}

// Leaf of a row: every field with its length before it, so that no two rows have
// the same bytes.
func (r Row) Leaf() Hash {
	var b bytes.Buffer
	b.WriteString("thidua.audit.row.1")
	number := func(n int64) { _ = binary.Write(&b, binary.BigEndian, n) }
	text := func(s string) { number(int64(len(s))); b.WriteString(s) }
	number(r.ID)
	number(r.RecordedAt.UnixMicro())
	number(r.At.UnixMicro())
	for _, s := range []string{r.Actor, r.Verb, r.Object, r.Reason, r.RequestID, r.Detail} {
		text(s)
	}
	return sha256.Sum256(b.Bytes())
}

// Next is the hash of a seal: of the seal before, of its own number, and of its
// leaves in their order.
func Next(previous Hash, no int64, leaves []Hash) Hash {
	var b bytes.Buffer
	b.WriteString("thidua.audit.seal.1")
	b.Write(previous[:])
	_ = binary.Write(&b, binary.BigEndian, no)
	_ = binary.Write(&b, binary.BigEndian, int64(len(leaves)))
	for _, l := range leaves {
		b.Write(l[:])
	}
	return sha256.Sum256(b.Bytes())
}

// Leaf is a sealed row: its place, its hash then, and the row as it is now; Row is
// nil where it is gone.
type Leaf struct {
	AuditID int64 `json:"auditID"`
	Hash    Hash  `json:"hash"`
	Row     *Row  `json:"row"`
}

// Seal is one link of the chain.
type Seal struct {
	No       int64     `json:"no"`
	SealedAt time.Time `json:"sealedAt"`
	Previous Hash      `json:"previous"`
	Hash     Hash      `json:"hash"`
	Leaves   []Leaf    `json:"leaves"`
}

// Finding is something that does not add up.
type Finding struct {
	Code    string `json:"code"` // stable, for programs
	Seal    int64  `json:"seal,omitempty"`
	AuditID int64  `json:"auditID,omitempty"`
	Text    string `json:"text"`
}

// Verify recomputes a chain from its beginning. Root, when given, must be the hash
// of one of its seals: what a day's root says.
func Verify(seals []Seal, root *Hash) []Finding {
	findings := Continue(0, Hash{}, seals)
	if n := len(findings); n > 0 && findings[n-1].Code == sealMissing {
		return findings // what is behind it was not read
	}
	if root != nil && !slices.ContainsFunc(seals, func(s Seal) bool { return s.Hash == *root }) {
		findings = append(findings, Finding{Code: "RootUnknown", Text: fmt.Sprintf(
			"the root %s is of no seal here: the chain was written anew, or it is of another installation", root)})
	}
	return findings
}

const sealMissing = "SealMissing"

// Continue recomputes a part of a chain: the seals that follow the seal no, which has
// the hash previous. Before the first one these are zero.
func Continue(no int64, previous Hash, seals []Seal) (findings []Finding) {
	found := func(code string, seal, id int64, format string, args ...any) {
		findings = append(findings, Finding{code, seal, id, fmt.Sprintf(format, args...)})
	}
	for _, s := range seals {
		no++
		if s.No != no {
			found(sealMissing, no, 0, "seal %d is missing: the next one found is %d", no, s.No)
			return findings // everything behind it would be reported too
		}
		if s.Previous != previous {
			found("ChainBroken", s.No, 0, "seal %d does not continue seal %d", s.No, s.No-1)
		}
		leaves := make([]Hash, len(s.Leaves))
		for j, l := range s.Leaves {
			leaves[j] = l.Hash
			switch {
			case l.Row == nil:
				found("RowRemoved", s.No, l.AuditID, "audit row %d was sealed and is gone", l.AuditID)
			case l.Row.ID != l.AuditID || l.Row.Leaf() != l.Hash:
				found("RowAltered", s.No, l.AuditID, "audit row %d (%s %s, recorded %s) is not what was sealed", l.AuditID, l.Row.Verb, l.Row.Object, l.Row.RecordedAt.UTC().Format(time.RFC3339))
			}
		}
		if Next(s.Previous, s.No, leaves) != s.Hash {
			found("SealAltered", s.No, 0, "seal %d does not fit its %d rows: rows or hashes were changed, put in or taken out", s.No, len(leaves))
		}
		previous = s.Hash
	}
	return findings
}
