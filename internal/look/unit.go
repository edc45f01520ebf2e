package look

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"thidua.dev/thidua/internal/store/db"
)

// Unit is an agency, unit or enterprise.
type Unit struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// Participant is a unit that takes part.
type Participant struct {
	Unit
	Kind           string `json:"kind"`
	Group          string `json:"group"`
	Calendar       string `json:"calendar"`
	AdministeredBy Unit   `json:"administeredBy"`
}

// Units finds participants by code or name; an empty query finds all of them.
// There are total, of which at most limit are returned.
func (r *Reader) Units(ctx context.Context, campaign, query string, limit int) (units []Unit, total int64, err error) {
	err = r.view(ctx, func(v *view) error {
		c, err := v.campaign(ctx, campaign)
		if err != nil {
			return err
		}
		rows, err := v.LookUnits(ctx, db.LookUnitsParams{CampaignID: c.id, Query: strings.TrimSpace(query), MaxRows: int32(min(limit, math.MaxInt32))})
		if err != nil {
			return err
		}
		units = make([]Unit, len(rows))
		for i, u := range rows {
			units[i], total = Unit{u.Unit, u.Name}, u.Total
		}
		return nil
	})
	return units, total, err
}

// similar are at most five of the known names that look like name.
func similar(name string, known []string) []string {
	name = strings.ToLower(name)
	type candidate struct {
		name     string
		distance int
	}
	var near []candidate
	for _, k := range known {
		lower := strings.ToLower(k)
		d := distance(name, lower)
		if name != "" && strings.Contains(lower, name) {
			d = 0
		}
		if d <= 1+len(name)/2 {
			near = append(near, candidate{k, d})
		}
	}
	slices.SortFunc(near, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.name, b.name))
	})
	var out []string
	for _, c := range near[:min(5, len(near))] {
		out = append(out, c.name)
	}
	return out
}

// distance is how many letters are to be changed, added or left out (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal, row[j+1] = row[j+1], min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// Joined are the campaigns in which a unit takes part, the newest first.
func (r *Reader) Joined(ctx context.Context, unit string) ([]Campaign, error) {
	out := []Campaign{}
	err := r.view(ctx, func(v *view) error {
		names, err := v.LookJoined(ctx, unit)
		if err != nil {
			return err
		}
		for _, name := range names {
			c, err := v.campaign(ctx, name)
			if err != nil {
				return err
			}
			out = append(out, c)
		}
		return nil
	})
	return out, err
}
