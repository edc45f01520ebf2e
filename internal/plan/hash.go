package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	v1 "thidua.dev/thidua/api/v1"
)

// hashed is what a plan's hash covers: the spec, the versions of everything else
// that was read, and the instants that came out. Left out are the generation,
// counts of units (live counts are shown, not agreed to; the roster's version
// stands for them) and words, so that a better wording is not another plan.
type hashed struct {
	Campaign string
	Spec     v1.CampaignSpec
	Inputs   []string
	Instants []hashedInstant
}

type hashedInstant struct {
	At          int64 // Unix seconds
	Type        EventType
	Round, Step string
	Calendar    v1.Name
	Provisional bool
}

// hash is "sha256:" and the digest in hex of the JSON of hashed. That encoding is
// canonical: structs have an order, and the spec holds no maps.
func hash(in Input, sorted []Event) string {
	h := hashed{
		Campaign: in.Campaign.Name,
		Spec:     in.Campaign.Spec,
		Inputs:   slices.Sorted(slices.Values(in.Inputs)),
	}
	for _, e := range sorted {
		h.Instants = append(h.Instants, hashedInstant{e.At.Unix(), e.Type, e.Round, e.Step, e.Calendar, e.Provisional})
	}
	data, err := json.Marshal(h)
	if err != nil {
		panic(err) // strings and numbers only
	}
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
