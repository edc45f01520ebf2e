package httpapi

import (
	"context"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
)

// addPictures are the numbers that the pages' pictures are drawn from.
func (a *App) addPictures(get func(id, path, summary string) operation) {
	register(a, get("get-completeness", "/campaigns/{campaign}/completeness", "How a round filled, day by day, and what became of those before it"), func(ctx context.Context, in *inRound) (*Out[look.Completeness], error) {
		r, err := a.readerThen(ctx, in.Past, auth.SeeAll, engine.Of{Campaign: in.Campaign})
		if err != nil {
			return nil, err
		}
		return answer(r.Completeness(ctx, in.Campaign, in.Round))
	})
	register(a, get("get-grid", "/campaigns/{campaign}/grid", "Where every unit stands in a round; of more than 400 units, where every body does"), func(ctx context.Context, in *inRound) (*Out[look.Grid], error) {
		r, err := a.readerThen(ctx, in.Past, auth.SeeAll, engine.Of{Campaign: in.Campaign})
		if err != nil {
			return nil, err
		}
		return answer(r.Grid(ctx, in.Campaign, in.Round))
	})
	register(a, get("get-ranks", "/campaigns/{campaign}/ranks", "Places from one sealed ranking to the next; what is published is open to units"), a.ranks)
	register(a, get("get-load", "/campaigns/{campaign}/load", "What the next 30 days bring at most: messages, letters to sign, deadlines; plans of the past are not kept"), func(ctx context.Context, in *InCampaignThen) (*Out[look.Load], error) {
		r, err := a.readerThen(ctx, in.Past, auth.SeeAll, engine.Of{Campaign: in.Campaign})
		if err != nil {
			return nil, err
		}
		return answer(r.Load(ctx, in.Campaign))
	})
}

type inRound struct {
	InCampaignThen
	Round string `query:"round" maxLength:"253" example:"monthly/2021-11" doc:"The last that has opened when left out, those still open before others."`
}

func (a *App) ranks(ctx context.Context, in *struct {
	InCampaignThen
	Group string `query:"group" maxLength:"253" doc:"Of this group only."`
},
) (*Out[look.Ranks], error) {
	f := look.RanksFilter{Group: in.Group}
	r, err := a.readerThen(ctx, in.Past, auth.SeeAll, engine.Of{Campaign: in.Campaign})
	if err != nil {
		f.Published = true
		r, err = a.readerThen(ctx, in.Past, auth.SeeAll, engine.Of{Campaign: in.Campaign, Ranking: true})
	}
	if err != nil {
		return nil, err
	}
	return answer(r.Ranks(ctx, in.Campaign, f))
}
