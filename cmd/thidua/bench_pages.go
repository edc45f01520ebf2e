package main

import (
	"context"
	"net/http"

	"github.com/alexedwards/scs/v2/memstore"
	"github.com/jackc/pgx/v5/pgxpool"

	"thidua.dev/thidua/internal/bench"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/pages"
)

// withPages are the measurements of what people look at.
var withPages = []bench.Measurement{
	{Name: "board", Short: "a campaign's pages served whole, beside their statements run bare", Run: benchPages},
}

// messagesShown is how many the page of messages shows at once.
const messagesShown = 100

func benchPages(ctx context.Context, b *bench.Bench) ([]bench.Result, error) {
	serve := func(pool *pgxpool.Pool, e *engine.Engine) http.Handler {
		return pages.New(pages.Options{Look: look.New(pool), Engine: e, Log: b.Log, Sessions: memstore.NewWithCleanupInterval(0), Guest: bench.Office})
	}
	return b.Pages(ctx, serve, []bench.Page{
		{Name: "board", Limit: 2, Read: func(ctx context.Context, r *look.Reader) error {
			_, err := r.Board(ctx, bench.Campaign)
			return err
		}},
		{Name: "pictures", Path: "/pictures", Read: func(ctx context.Context, r *look.Reader) error {
			_, err := r.Pictures(ctx, bench.Campaign, "")
			return err
		}},
		{Name: "messages", Path: "/messages", Read: func(ctx context.Context, r *look.Reader) error {
			_, err := r.Mailing(ctx, bench.Campaign, look.MessageFilter{Limit: messagesShown})
			return err
		}},
	})
}
