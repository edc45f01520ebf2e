package httpapi

import (
	"context"
	"fmt"
	"net/http"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/calendar"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
)

// Because is the reason of an act, kept in the audit.
type Because struct {
	Reason string `json:"reason,omitempty" maxLength:"2000" doc:"Kept in the audit; a unit whose report is returned reads it."`
}

// steering is a request that steers a campaign.
type steering[B any] struct {
	Seen
	InCampaign
	Body B
}

func (a *App) addActs() {
	post := func(id, path, summary string) operation {
		return operation{id: id, method: http.MethodPost, path: path, tag: tagSteer, summary: summary}
	}
	register(a, post("launch", "/campaigns/{campaign}/launch", "Start a declared campaign"), func(ctx context.Context, in *steering[Launching]) (*Out[look.Campaign], error) {
		return a.done(ctx, in.Campaign, a.engine.Launch(ctx, in.act(ctx, in.Body.Reason), in.Campaign, engine.LaunchOptions{Backdate: in.Body.Backdate}))
	})
	register(a, post("pause", "/campaigns/{campaign}/pause", "Hold everything that is pending"), func(ctx context.Context, in *steering[Because]) (*Out[look.Campaign], error) {
		return a.done(ctx, in.Campaign, a.engine.Pause(ctx, in.act(ctx, in.Body.Reason), in.Campaign))
	})
	register(a, post("resume", "/campaigns/{campaign}/resume", "End a pause"), func(ctx context.Context, in *steering[Resuming]) (*Out[look.Campaign], error) {
		return a.done(ctx, in.Campaign, a.engine.Resume(ctx, in.act(ctx, in.Body.Reason), in.Campaign, engine.Deadlines(in.Body.Deadlines)))
	})
	register(a, post("extend", "/campaigns/{campaign}/extend", "Move a deadline to a later day"), a.extend)
	register(a, post("request", "/campaigns/{campaign}/request", "Ask for a report outside the plan"), a.request)
	register(a, post("cancel", "/campaigns/{campaign}/cancel", "End a campaign for good"), func(ctx context.Context, in *steering[Because]) (*Out[look.Campaign], error) {
		return a.done(ctx, in.Campaign, a.engine.Cancel(ctx, in.act(ctx, in.Body.Reason), in.Campaign))
	})
	register(a, post("decide", "/campaigns/{campaign}/decide", "Record the award decision"), a.decide)
	rebuild := post("rebuild", "/rebuild", "Start every open procedure from facts, after Temporal was lost")
	register(a, rebuild, func(ctx context.Context, in *struct {
		Act
		Body Because
	},
	) (*Out[Woken], error) {
		n, err := a.engine.Rebuild(ctx, in.act(ctx, in.Body.Reason))
		return answer(Woken{n}, err)
	})
}

// Woken says how many procedures look again.
type Woken struct {
	Woken int64 `json:"woken"`
}

// done answers an act with the campaign as it is now.
func (a *App) done(ctx context.Context, campaign string, err error) (*Out[look.Campaign], error) {
	if err != nil {
		return nil, err
	}
	return a.campaign(ctx, Past{}, campaign)
}

func (a *App) extend(ctx context.Context, in *steering[Extending]) (*Out[engine.Extended], error) {
	to, err := a.instant(ctx, in.Campaign, "to", in.Body.To)
	if err != nil {
		return nil, err
	}
	return answer(a.engine.Extend(ctx, in.act(ctx, in.Body.Reason), in.Campaign, in.Body.Round, in.Body.Unit, to))
}

// Asked is a report that the office asks for outside the plan.
type Asked struct {
	Because
	Name     string       `json:"name" maxLength:"40" example:"bao-so-7" doc:"Its round is request/NAME."`
	Title    string       `json:"title" maxLength:"500" example:"báo cáo thiệt hại do bão số 7"`
	Due      string       `json:"due" maxLength:"40" example:"2021-10-26" doc:"A day means 17:00. It does not move off a day off."`
	Units    []string     `json:"units,omitempty" maxItems:"20000" doc:"All participants when left out."`
	Sections []AskSection `json:"sections,omitempty" maxItems:"32" doc:"The outline; one required section, ketQua, when left out."`
	Approval string       `json:"approval,omitempty" enum:"UnitLeader,None"`
}

// AskSection is a heading of the outline.
type AskSection struct {
	Name     string `json:"name" maxLength:"63" example:"thietHai"`
	Title    string `json:"title,omitempty" maxLength:"4000" doc:"What people read, in Vietnamese; the name when left out." example:"Thiệt hại"`
	Required bool   `json:"required,omitempty"`
}

func (a *App) request(ctx context.Context, in *steering[Asked]) (*Out[engine.Requested], error) {
	due, err := a.instant(ctx, in.Campaign, "due", in.Body.Due)
	if err != nil {
		return nil, err
	}
	q := engine.AdHoc{Name: in.Body.Name, Title: in.Body.Title, Due: due, Units: in.Body.Units, Approval: v1.Approval(in.Body.Approval)}
	for _, s := range in.Body.Sections {
		section := v1.Section{Name: v1.SectionName(s.Name), Required: s.Required}
		if s.Title != "" {
			section.Title = &v1.Text{VI: s.Title}
		}
		q.Sections = append(q.Sections, section)
	}
	return answer(a.engine.Request(ctx, in.act(ctx, in.Body.Reason), in.Campaign, q))
}

func (a *App) decide(ctx context.Context, in *steering[Deciding]) (*Out[look.Campaign], error) {
	dated, err := dateOf("dated", in.Body.Dated)
	if err != nil {
		return nil, err
	}
	d := engine.Decided{Number: in.Body.Number, Dated: dated, SignedBy: in.Body.SignedBy}
	return a.done(ctx, in.Campaign, a.engine.Decide(ctx, in.act(ctx, in.Body.Reason), in.Campaign, d))
}

func dateOf(field, text string) (calendar.Date, error) {
	d, err := calendar.ParseDate(text)
	if err != nil {
		return d, &engine.Refused{Code: "BadDate", Text: fmt.Sprintf("%s %q is not a day such as 2021-11-19", field, text)}
	}
	return d, nil
}

// Launching is the act of launch.
type Launching struct {
	Because
	Backdate bool `json:"backdate,omitempty" doc:"Confirms that it started on an earlier day: nothing is sent for what is past."`
}

// Resuming ends a pause.
type Resuming struct {
	Because
	Deadlines string `json:"deadlines" enum:"keep,shift" doc:"What becomes of the deadlines of the pause."`
}

// Extending moves a deadline.
type Extending struct {
	Because
	Round string `json:"round" maxLength:"253" example:"monthly/2021-11"`
	Unit  string `json:"unit,omitempty" maxLength:"253" doc:"All that still owe when left out."`
	To    string `json:"to" maxLength:"40" example:"2021-11-19" doc:"A day means 17:00. It does not move off a day off."`
}

// Deciding is an award decision as it is printed.
type Deciding struct {
	Because
	Number   string `json:"number" maxLength:"200" example:"512/QĐ-BTTTT"`
	Dated    string `json:"dated" maxLength:"10" example:"2022-04-08"`
	SignedBy string `json:"signedBy,omitempty" maxLength:"200"`
}
