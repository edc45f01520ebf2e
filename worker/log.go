package worker

import (
	"context"
	"log/slog"
	"slices"

	"thidua.dev/thidua/internal/logs"
)

// procedures makes the SDK's lines say what they are about as ours do: its workflow's id
// names the campaign and the round.
type procedures struct{ slog.Handler }

func (h procedures) Handle(ctx context.Context, r slog.Record) error {
	var attrs []slog.Attr
	r.Attrs(func(a slog.Attr) bool { attrs = append(attrs, a); return true })
	own := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	own.AddAttrs(spelled(attrs)...)
	return h.Handler.Handle(ctx, own)
}

func (h procedures) WithAttrs(attrs []slog.Attr) slog.Handler {
	return procedures{h.Handler.WithAttrs(spelled(attrs))}
}

func (h procedures) WithGroup(name string) slog.Handler { return procedures{h.Handler.WithGroup(name)} }

func spelled(attrs []slog.Attr) []slog.Attr {
	i := slices.IndexFunc(attrs, func(a slog.Attr) bool { return a.Key == "WorkflowID" })
	if i < 0 {
		return attrs
	}
	return slices.Replace(slices.Clone(attrs), i, i+1, logs.Of(attrs[i].Value.String())...)
}
