package cli

import (
	"context"

	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
)

// campaign reads what a verb has to know of a campaign: its zone above all.
func (a *app) campaign(ctx context.Context, e *engine.Engine, name string) (look.Campaign, error) {
	return look.New(e.Pool()).Campaign(ctx, name)
}

// looking opens the read model for a verb that only looks.
func (a *app) looking(ctx context.Context, do func(r *look.Reader) error) error {
	e, closeDB, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer closeDB()
	return do(look.New(e.Pool()))
}
