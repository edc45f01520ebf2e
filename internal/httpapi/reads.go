package httpapi

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/plan"
)

// Me is who a token makes one.
type Me struct {
	Name     string `json:"name"`
	Role     string `json:"role"`
	Unit     string `json:"unit,omitempty"`
	Line     string `json:"line,omitempty"`
	Campaign string `json:"campaign,omitempty"`
	Token    int64  `json:"token"`
}

// Units found, of Total.
type Units struct {
	Units []look.Unit `json:"units"`
	Total int64       `json:"total"`
}

func (a *App) addReads() {
	get := func(id, path, summary string) operation {
		return operation{id: id, method: http.MethodGet, path: path, tag: tagLook, summary: summary}
	}
	register(a, get("whoami", "/whoami", "Who the token makes me"), func(ctx context.Context, _ *struct{}) (*Out[Me], error) {
		if _, err := a.reader(ctx, auth.Know, engine.Of{}); err != nil {
			return nil, err
		}
		m := actorOf(ctx)
		return answer(Me{m.Name, string(m.Role), m.Unit, string(m.Line), m.Campaign, m.Token}, nil)
	})
	register(a, get("status", "/status", "The installation on one screen"), func(ctx context.Context, _ *struct{}) (*Out[*look.Status], error) {
		r, err := a.reader(ctx, auth.Inspect, engine.Of{})
		if err != nil {
			return nil, err
		}
		return answer(r.Status(ctx))
	})
	register(a, get("list-campaigns", "/campaigns", "Campaigns and where they stand"), a.campaigns)
	register(a, get("get-campaign", "/campaigns/{campaign}", "One campaign; its ETag is its generation"), func(ctx context.Context, in *InCampaignThen) (*Out[look.Campaign], error) {
		return a.campaign(ctx, in.Past, in.Campaign)
	})
	a.addCampaignReads(get)
	a.addPictures(get)
	a.addUnitReads(get)
	register(a, get("list-objects", "/objects", "Declared objects as they were admitted"), func(ctx context.Context, in *Past) (*Out[[]look.Object], error) {
		r, err := a.readerThen(ctx, *in, auth.SeeAll, engine.Of{})
		if err != nil {
			return nil, err
		}
		return answer(r.Objects(ctx))
	})
	register(a, get("get-clock", "/clock", "Business time"), func(ctx context.Context, _ *struct{}) (*Out[look.Clock], error) {
		r, err := a.reader(ctx, auth.Know, engine.Of{})
		if err != nil {
			return nil, err
		}
		return answer(r.Clock(ctx))
	})
	register(a, get("get-changes", "/changes", "A mark that differs when there is something new: for programs that draw again"), func(ctx context.Context, _ *struct{}) (*Out[Changed], error) {
		r, err := a.reader(ctx, auth.Know, engine.Of{})
		if err != nil {
			return nil, err
		}
		mark, err := r.Changes(ctx)
		return answer(Changed{mark}, err)
	})
	register(a, get("list-audit", "/audit", "Acts of the installation, the newest first"), func(ctx context.Context, in *Page) (*Out[[]look.Entry], error) {
		r, err := a.reader(ctx, auth.Inspect, engine.Of{})
		if err != nil {
			return nil, err
		}
		return answer(r.Audit(ctx, "", in.Below, in.Limit))
	})
}

// Page of a list of acts.
type Page struct {
	Below int64 `query:"below" minimum:"0" doc:"Go on from this id."`
	Limit int   `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

// campaigns are those that one may see: who is bound to one sees that one.
func (a *App) campaigns(ctx context.Context, _ *struct{}) (*Out[[]look.Campaign], error) {
	r, err := a.reader(ctx, auth.See, engine.Of{Campaign: actorOf(ctx).Campaign})
	if err != nil {
		return nil, err
	}
	if only := actorOf(ctx).Campaign; only != "" {
		c, err := r.Campaign(ctx, only)
		return answer([]look.Campaign{c}, err)
	}
	return answer(r.Campaigns(ctx))
}

func (a *App) campaign(ctx context.Context, p Past, name string) (*Out[look.Campaign], error) {
	r, err := a.readerThen(ctx, p, auth.See, engine.Of{Campaign: name})
	if err != nil {
		return nil, err
	}
	c, err := r.Campaign(ctx, name)
	if err != nil {
		return nil, err
	}
	return &Out[look.Campaign]{ETag: etag(c.Generation), Body: c}, nil
}

func (a *App) addCampaignReads(get func(id, path, summary string) operation) {
	register(a, get("get-plan", "/campaigns/{campaign}/plan", "Every instant, and why it is there"), func(ctx context.Context, in *InCampaign) (*Out[plan.Plan], error) {
		r, err := a.reader(ctx, auth.See, engine.Of{Campaign: in.Campaign})
		if err != nil {
			return nil, err
		}
		return answer(r.Plan(ctx, in.Campaign))
	})
	register(a, get("list-rounds", "/campaigns/{campaign}/rounds", "Rounds with what came in time, late, or not"), func(ctx context.Context, in *InCampaignThen) (*Out[[]look.Round], error) {
		r, err := a.readerThen(ctx, in.Past, auth.See, engine.Of{Campaign: in.Campaign})
		if err != nil {
			return nil, err
		}
		return answer(r.Rounds(ctx, in.Campaign))
	})
	register(a, get("get-board", "/campaigns/{campaign}/board", "A campaign on one page"), func(ctx context.Context, in *InCampaignThen) (*Out[look.Board], error) {
		r, err := a.readerThen(ctx, in.Past, auth.SeeAll, engine.Of{Campaign: in.Campaign})
		if err != nil {
			return nil, err
		}
		return answer(r.Board(ctx, in.Campaign))
	})
	register(a, get("list-late", "/campaigns/{campaign}/late", "Who owes something past its deadline"), func(ctx context.Context, in *InCampaignThen) (*Out[[]look.Late], error) {
		r, err := a.readerThen(ctx, in.Past, auth.SeeAll, engine.Of{Campaign: in.Campaign})
		if err != nil {
			return nil, err
		}
		return answer(r.Late(ctx, in.Campaign))
	})
	register(a, get("list-notices", "/campaigns/{campaign}/notices", "Every step that reached somebody, and what became of it"), func(ctx context.Context, in *InCampaignThen) (*Out[[]look.Notice], error) {
		r, err := a.readerThen(ctx, in.Past, auth.SeeAll, engine.Of{Campaign: in.Campaign})
		if err != nil {
			return nil, err
		}
		return answer(r.Notices(ctx, in.Campaign))
	})
	register(a, get("list-messages", "/campaigns/{campaign}/messages", "What was sent, or is to be, with the server's answer"), a.messages)
	register(a, get("list-letters", "/campaigns/{campaign}/letters", "Official letters drafted for signature"), func(ctx context.Context, in *InCampaignThen) (*Out[[]look.Letter], error) {
		r, err := a.readerThen(ctx, in.Past, auth.SeeAll, engine.Of{Campaign: in.Campaign})
		if err != nil {
			return nil, err
		}
		return answer(r.Letters(ctx, in.Campaign))
	})
	letter := get("get-letter", "/campaigns/{campaign}/letters/{letter}", "A letter as it would be printed, for signature")
	letter.answers = octets("A page that prints on A4.", "text/html; charset=utf-8")
	register(a, letter, a.letter)
	register(a, get("list-ambiguous", "/campaigns/{campaign}/ambiguous", "Calls to mail servers whose outcome nobody knows"), func(ctx context.Context, in *InCampaignThen) (*Out[[]look.LooseAttempt], error) {
		r, err := a.readerThen(ctx, in.Past, auth.SeeAll, engine.Of{Campaign: in.Campaign})
		if err != nil {
			return nil, err
		}
		return answer(r.Ambiguous(ctx, in.Campaign))
	})
	register(a, get("get-ranking", "/campaigns/{campaign}/ranking", "The ranking that a review sealed; open to units once it is published"), a.ranking)
	register(a, get("list-campaign-audit", "/campaigns/{campaign}/audit", "Acts on a campaign and on what is owed in it, the newest first"), func(ctx context.Context, in *struct {
		InCampaign
		Page
	},
	) (*Out[[]look.Entry], error) {
		r, err := a.reader(ctx, auth.SeeAll, engine.Of{Campaign: in.Campaign})
		if err != nil {
			return nil, err
		}
		return answer(r.Audit(ctx, in.Campaign, in.Below, in.Limit))
	})
}

func (a *App) messages(ctx context.Context, in *struct {
	InCampaignThen
	Unit  string `query:"unit" maxLength:"253" doc:"About or to this unit."`
	Round string `query:"round" maxLength:"253"`
	Step  string `query:"step" maxLength:"253"`
	State string `query:"state" maxLength:"20" doc:"As it is shown, such as Held, Parked or Ambiguous."`
	ID    int64  `query:"id" minimum:"0" doc:"This one only."`
	Below int64  `query:"below" minimum:"0" doc:"Go on from this id."`
	Limit int    `query:"limit" minimum:"1" maximum:"20000" default:"200"`
},
) (*Out[[]look.Message], error) {
	r, err := a.readerThen(ctx, in.Past, auth.SeeAll, engine.Of{Campaign: in.Campaign})
	if err != nil {
		return nil, err
	}
	return answer(r.Messages(ctx, in.Campaign, look.MessageFilter{ID: in.ID, Below: in.Below, Unit: in.Unit, Round: in.Round, Step: in.Step, State: in.State, Limit: in.Limit}))
}

func (a *App) letter(ctx context.Context, in *struct {
	InCampaignThen
	Letter int64 `path:"letter" minimum:"1" doc:"As list-letters numbers it."`
},
) (*download, error) {
	r, err := a.readerThen(ctx, in.Past, auth.SeeAll, engine.Of{Campaign: in.Campaign})
	if err != nil {
		return nil, err
	}
	l, err := r.Letter(ctx, in.Campaign, in.Letter)
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	if err := l.Document.Write(&page); err != nil {
		return nil, err
	}
	return &download{
		Type: "text/html; charset=utf-8", Length: strconv.Itoa(page.Len()), Disposition: fmt.Sprintf("attachment; filename=letter-%d.html", l.ID),
		Body: func(ctx huma.Context) { _, _ = page.WriteTo(ctx.BodyWriter()) }, // who is gone needs no answer
	}, nil
}

func (a *App) ranking(ctx context.Context, in *struct {
	InCampaignThen
	Review string `query:"review" maxLength:"253" doc:"The latest one sealed when left out."`
},
) (*Out[look.Ranking], error) {
	r, err := a.readerThen(ctx, in.Past, auth.SeeAll, engine.Of{Campaign: in.Campaign, Ranking: true, Review: in.Review})
	if err != nil {
		return nil, err
	}
	return answer(r.Ranking(ctx, in.Campaign, in.Review))
}

func (a *App) addUnitReads(get func(id, path, summary string) operation) {
	register(a, get("list-units", "/campaigns/{campaign}/units", "Units that take part, by code or name"), func(ctx context.Context, in *struct {
		InCampaign
		Query string `query:"q" maxLength:"200"`
		Limit int    `query:"limit" minimum:"1" maximum:"20000" default:"100"`
	},
	) (*Out[Units], error) {
		r, err := a.reader(ctx, auth.SeeAll, engine.Of{Campaign: in.Campaign})
		if err != nil {
			return nil, err
		}
		units, total, err := r.Units(ctx, in.Campaign, in.Query, in.Limit)
		return answer(Units{units, total}, err)
	})
	register(a, get("get-unit", "/campaigns/{campaign}/units/{unit}", "What happened between a campaign and one unit, and why"), func(ctx context.Context, in *struct {
		OfUnit
		Past
	},
	) (*Out[look.Why], error) {
		r, err := a.readerThen(ctx, in.Past, auth.SeeUnit, engine.Of{Campaign: in.Campaign, Unit: in.Unit})
		if err != nil {
			return nil, err
		}
		y, err := r.Why(ctx, in.Campaign, in.Unit)
		if role := actorOf(ctx).Role; role == auth.FocalPoint || role == auth.Leader {
			y = y.ForUnit()
		}
		return answer(y, err)
	})
	register(a, get("get-form", "/campaigns/{campaign}/units/{unit}/form", "What a round asks of a unit, filled in with what was sent last"), func(ctx context.Context, in *struct {
		OfUnit
		Round string `query:"round" required:"true" maxLength:"253" example:"monthly/2021-11"`
	},
	) (*Out[look.Form], error) {
		r, err := a.reader(ctx, auth.SeeUnit, engine.Of{Campaign: in.Campaign, Unit: in.Unit})
		if err != nil {
			return nil, err
		}
		return answer(r.Form(ctx, in.Campaign, in.Round, in.Unit))
	})
	register(a, get("list-todo", "/units/{unit}/todo", "What waits for one unit, across campaigns or in one"), func(ctx context.Context, in *struct {
		Past
		Unit     string `path:"unit" maxLength:"253" example:"STTTT-04"`
		Campaign string `query:"campaign" maxLength:"253" doc:"Of this campaign only. A token that is bound to one hears of that one without asking."`
	},
	) (*Out[[]look.Todo], error) {
		if in.Campaign == "" {
			in.Campaign = actorOf(ctx).Campaign
		}
		r, err := a.readerThen(ctx, in.Past, auth.SeeUnit, engine.Of{Campaign: in.Campaign, Unit: in.Unit})
		if err != nil {
			return nil, err
		}
		all, err := r.Todo(ctx, in.Unit)
		if in.Campaign == "" || err != nil {
			return answer(all, err)
		}
		some := []look.Todo{}
		for _, t := range all {
			if t.Campaign == in.Campaign {
				some = append(some, t)
			}
		}
		return answer(some, nil)
	})
}
