package httpapi

import (
	"context"
	"net/http"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
)

// Report is what a unit sends. Figures are strings, so that none is ever rounded.
type Report struct {
	Round     string            `json:"round" maxLength:"253" example:"monthly/2021-11"`
	Sections  map[string]string `json:"sections,omitempty" doc:"The outline, by the sections' names."`
	Figures   map[string]string `json:"figures,omitempty" doc:"Decimals by the indicators' names." example:"{\"online-files\": \"87.5\"}"`
	HardTasks []string          `json:"hardTasks,omitempty" maxItems:"100" doc:"Of a registration."`
	Files     []Attached        `json:"files,omitempty" maxItems:"20" doc:"That were sent before."`
}

func (r Report) report() engine.Report {
	out := engine.Report{HardTasks: r.HardTasks}
	if r.Sections != nil {
		out.Sections = make(map[v1.SectionName]string, len(r.Sections))
		for name, text := range r.Sections {
			out.Sections[v1.SectionName(name)] = text
		}
	}
	if r.Figures != nil {
		out.Figures = make(map[v1.Name]string, len(r.Figures))
		for name, value := range r.Figures {
			out.Figures[v1.Name(name)] = value
		}
	}
	return out
}

// OfRound names a round, and why.
type OfRound struct {
	Because
	Round string `json:"round" maxLength:"253" example:"monthly/2021-11"`
}

// Summary is what a consolidation says.
type Summary struct {
	OfRound
	Text  string     `json:"text,omitempty" doc:"The summary in words."`
	Files []Attached `json:"files,omitempty" maxItems:"20" doc:"That were sent before."`
}

func (s Summary) report() engine.Report {
	if s.Text == "" {
		return engine.Report{}
	}
	return engine.Report{Sections: map[v1.SectionName]string{engine.SectionConsolidation: s.Text}}
}

// unitAct is a request that acts on what a unit owes.
type unitAct[B any] struct {
	Act
	OfUnit
	Body B
}

// unitActSeen is unitAct for what the office does to a campaign's unit.
type unitActSeen[B any] struct {
	Seen
	OfUnit
	Body B
}

func (a *App) addIntake() {
	post := func(id, verb, summary string) operation {
		return operation{id: id, method: http.MethodPost, path: "/campaigns/{campaign}/units/{unit}/" + verb, tag: tagAct, summary: summary}
	}
	submit := post("submit", "submit", "Hand in a report: it counts from when all of it has arrived, or from the leader's approval")
	submit.body = maxReport
	register(a, submit, func(ctx context.Context, in *unitAct[Report]) (*Out[engine.Receipt], error) {
		report := in.Body.report()
		if err := a.refer(ctx, auth.Submit, in.OfUnit, in.Body.Files, &report); err != nil {
			return nil, err
		}
		return answer(a.engine.Submit(ctx, in.act(ctx, ""), in.Campaign, in.Body.Round, in.Unit, report))
	})
	draft := post("save-draft", "draft", "Keep what is written so far, complete or not, without handing it up")
	draft.body = maxReport
	register(a, draft, func(ctx context.Context, in *unitAct[Report]) (*Out[look.Form], error) {
		report := in.Body.report()
		if err := a.refer(ctx, auth.Submit, in.OfUnit, in.Body.Files, &report); err != nil {
			return nil, err
		}
		_, err := a.engine.SaveDraft(ctx, in.act(ctx, ""), in.Campaign, in.Body.Round, in.Unit, report)
		return a.form(ctx, in.OfUnit, in.Body.Round, err)
	})
	consolidate := post("consolidate", "consolidate", "Record that a body, the unit of the address, has put the reports of a round together")
	consolidate.body = maxReport
	register(a, consolidate, func(ctx context.Context, in *unitAct[Summary]) (*Out[engine.Consolidated], error) {
		report := in.Body.report()
		if err := a.refer(ctx, auth.Consolidate, in.OfUnit, in.Body.Files, &report); err != nil {
			return nil, err
		}
		return answer(a.engine.Consolidate(ctx, in.act(ctx, in.Body.Reason), in.Campaign, in.Body.Round, in.Unit, report))
	})
	record := post("record", "record", "Record a signed report that came on paper, by e-mail or by the document axis: it counts at its own arrival")
	record.body = maxReport
	register(a, record, a.record)
	register(a, post("approve", "approve", "The leader's word: what was handed up is received, as of now"), func(ctx context.Context, in *unitAct[OfRound]) (*Out[engine.Receipt], error) {
		return answer(a.engine.Approve(ctx, in.act(ctx, in.Body.Reason), in.Campaign, in.Body.Round, in.Unit))
	})
	register(a, post("return", "return", "Give a report back: a draft to the focal point, a received one with a new deadline"), a.giveBack)
	register(a, post("reopen", "reopen", "Let a unit whose report never came still send it"), func(ctx context.Context, in *unitActSeen[Reopening]) (*Out[look.Form], error) {
		to, err := a.instant(ctx, in.Campaign, "to", in.Body.To)
		if err != nil {
			return nil, err
		}
		err = a.engine.Reopen(ctx, in.act(ctx, in.Body.Reason), in.Campaign, in.Body.Round, in.Unit, to)
		return a.form(ctx, in.OfUnit, in.Body.Round, err)
	})
}

// Recorded is a report that did not come through the system.
type Recorded struct {
	Because
	Report
	Source         string `json:"source" enum:"Paper,Email,DocumentAxis"`
	DocumentNumber string `json:"documentNumber" maxLength:"200" example:"88/BC-STTTT"`
	DocumentDate   string `json:"documentDate,omitempty" maxLength:"10" example:"2021-11-15"`
	ReceivedAt     string `json:"receivedAt" maxLength:"40" doc:"When it arrived: an instant, or a day, which means 17:00 of it; of today give the time as well." example:"2021-11-15T16:10:00+07:00"`
}

func (a *App) record(ctx context.Context, in *unitActSeen[Recorded]) (*Out[engine.Receipt], error) {
	came := engine.Arrival{Source: engine.Source(in.Body.Source), DocumentNumber: in.Body.DocumentNumber}
	var err error
	if came.ReceivedAt, err = a.instant(ctx, in.Campaign, "receivedAt", in.Body.ReceivedAt); err != nil {
		return nil, err
	}
	if in.Body.DocumentDate != "" {
		if came.DocumentDate, err = dateOf("documentDate", in.Body.DocumentDate); err != nil {
			return nil, err
		}
	}
	report := in.Body.report()
	if err := a.refer(ctx, auth.Record, in.OfUnit, in.Body.Files, &report); err != nil {
		return nil, err
	}
	return answer(a.engine.Record(ctx, in.act(ctx, in.Body.Reason), in.Campaign, in.Body.Round, in.Unit, report, came))
}

func (a *App) giveBack(ctx context.Context, in *unitActSeen[Returning]) (*Out[look.Form], error) {
	act, round := in.act(ctx, in.Body.Reason), in.Body.Round
	if in.Body.To == "" {
		return a.form(ctx, in.OfUnit, round, a.engine.HandBack(ctx, act, in.Campaign, round, in.Unit))
	}
	to, err := a.instant(ctx, in.Campaign, "to", in.Body.To)
	if err != nil {
		return nil, err
	}
	return a.form(ctx, in.OfUnit, round, a.engine.Return(ctx, act, in.Campaign, round, in.Unit, to))
}

// form answers an act with what the unit owes now.
func (a *App) form(ctx context.Context, of OfUnit, round string, err error) (*Out[look.Form], error) {
	if err != nil {
		return nil, err
	}
	r, err := a.reader(ctx, auth.SeeUnit, engine.Of{Campaign: of.Campaign, Unit: of.Unit})
	if err != nil {
		return nil, err
	}
	return answer(r.Form(ctx, of.Campaign, round, of.Unit))
}

// Reopening lets a report still come.
type Reopening struct {
	OfRound
	To string `json:"to" maxLength:"40" example:"2021-11-19"`
}

// Returning gives a report back.
type Returning struct {
	OfRound
	To string `json:"to,omitempty" maxLength:"40" doc:"The new deadline, needed once the report was received." example:"2021-11-19"`
}
