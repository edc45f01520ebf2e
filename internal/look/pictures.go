package look

import "context"

// What a page of pictures shows of many groups and units; the operations have the rest.
const (
	PictureGroups   = 12
	PicturePerGroup = 20
)

// Pictures are all pictures of a campaign, of one moment.
type Pictures struct {
	Campaign     Campaign     `json:"campaign"`
	Completeness Completeness `json:"completeness"`
	Grid         Grid         `json:"grid"`
	Ranks        Ranks        `json:"ranks"`
	Load         Load         `json:"load"`
}

// Pictures reads them, of a round as Completeness does.
func (r *Reader) Pictures(ctx context.Context, campaign, round string) (Pictures, error) {
	var out Pictures
	err := r.inRound(ctx, campaign, round, func(v *view, b *Board, current *Round) (err error) {
		out.Campaign = b.Campaign
		if out.Completeness, err = v.completeness(ctx, b, current); err != nil {
			return err
		}
		if out.Grid, err = v.grid(ctx, b, current); err != nil {
			return err
		}
		if out.Ranks, err = v.ranks(ctx, &b.Campaign, RanksFilter{MaxGroups: PictureGroups, MaxUnits: PicturePerGroup}); err != nil {
			return err
		}
		out.Load, err = v.load(ctx, b)
		return err
	})
	return out, err
}
