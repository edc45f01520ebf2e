package httpapi

import (
	"context"
	"net/http"

	"thidua.dev/thidua/internal/engine"
)

// Choosing says which messages an act is about: those that match every field given.
type Choosing struct {
	Because
	Message int64  `json:"message,omitempty" minimum:"0" doc:"One, by its id."`
	Round   string `json:"round,omitempty" maxLength:"253" example:"monthly/2021-11"`
	Step    string `json:"step,omitempty" maxLength:"253" example:"overdue"`
	Unit    string `json:"unit,omitempty" maxLength:"253" doc:"To this unit, or about it alone."`
	All     bool   `json:"all,omitempty" doc:"All of the campaign, when nothing else is given: that has to be said."`
}

func (c Choosing) choice() engine.Choice {
	return engine.Choice{ID: c.Message, Round: c.Round, Step: c.Step, Unit: c.Unit, All: c.All}
}

func (a *App) addMessages() {
	onMessages(a, "hold", "Keep messages that wait from being sent, until they are released", a.engine.HoldMessages)
	onMessages(a, "release", "Let held messages go", a.engine.ReleaseMessages)
	onMessages(a, "cancel", "End messages that wait: they are never sent", a.engine.CancelMessages)
	onMessages(a, "resend", "Send those again that the server refused for good, and no others", a.engine.ResendMessages)
}

func onMessages[D any](a *App, verb, summary string, do func(context.Context, engine.Act, string, engine.Choice) (D, error)) {
	o := operation{id: verb + "-messages", method: http.MethodPost, path: "/campaigns/{campaign}/messages/" + verb, tag: tagSteer, summary: summary}
	register(a, o, func(ctx context.Context, in *steering[Choosing]) (*Out[D], error) {
		return answer(do(ctx, in.act(ctx, in.Body.Reason), in.Campaign, in.Body.choice()))
	})
}
