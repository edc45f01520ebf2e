package score

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	v1 "thidua.dev/thidua/api/v1"
)

// Inputs are all that a ranking depends on: kept with it, they let anybody
// compute it again.
type Inputs struct {
	Spec  v1.CampaignSpec `json:"spec"`
	Units []Unit          `json:"units"`
}

// Compute scores and ranks, in the order of rank.
func (in Inputs) Compute() ([]Line, error) {
	lines, err := Score(&in.Spec, in.Units)
	if err != nil {
		return nil, err
	}
	return Rank(lines, in.Spec.Scoring.Ranking.Within), nil
}

// Hash of the inputs, such as sha256:….
func (in Inputs) Hash() (string, error) { return digest(in) }

// HashLines is the hash of a ranking: of every line with all its points.
func HashLines(lines []Line) (string, error) { return digest(lines) }

func digest(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}
