// Package logs writes what operators read. Messages are constant; what a line is about
// stands in its fields, and travels in the context: whoever knows a campaign, a procedure
// or a request says so once, and every line below carries it. Lines hold no personal data.
package logs

import (
	"bytes"
	"context"
	"io"
	"log" //nolint:depguard // it is what net/http writes to
	"log/slog"
	"regexp"
	"slices"
	"strings"
)

// Keys of what lines are about.
const (
	KeyCampaign  = "campaign"
	KeyRound     = "round"
	KeyWorkflow  = "workflow"
	KeyRequestID = "request_id"
)

// Formats of the log.
const (
	Text = "text"
	JSON = "json"
)

// New makes a log.
func New(w io.Writer, format string, level slog.Leveler) *slog.Logger {
	o := &slog.HandlerOptions{Level: level, ReplaceAttr: clean}
	if format == JSON {
		return slog.New(handler{slog.NewJSONHandler(w, o)})
	}
	return slog.New(handler{slog.NewTextHandler(w, o)})
}

// handler adds to each line what its context says.
type handler struct{ slog.Handler }

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	if about := Fields(ctx); len(about) > 0 {
		r.AddAttrs(about...)
	}
	return h.Handler.Handle(ctx, r)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs)}
}
func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }

type key struct{}

// With says what is done in ctx is about; a field that is there already is replaced.
func With(ctx context.Context, attrs ...slog.Attr) context.Context {
	before := Fields(ctx)
	all := make([]slog.Attr, 0, len(before)+len(attrs))
	for _, a := range before {
		if !slices.ContainsFunc(attrs, func(b slog.Attr) bool { return a.Key == b.Key }) {
			all = append(all, a)
		}
	}
	return context.WithValue(ctx, key{}, append(all, attrs...))
}

// Fields are what was said of ctx.
func Fields(ctx context.Context) []slog.Attr {
	attrs, _ := ctx.Value(key{}).([]slog.Attr)
	return attrs
}

// Campaign says which campaign is concerned, and which round where one is.
func Campaign(ctx context.Context, campaign, round string) context.Context {
	return With(ctx, named(slog.String(KeyCampaign, campaign), slog.String(KeyRound, round))...)
}

// Procedure says which procedure is concerned, by its id: campaign/NAME/round/ROUND.
func Procedure(ctx context.Context, id string) context.Context { return With(ctx, Of(id)...) }

// Of is what the id of a procedure tells.
func Of(id string) []slog.Attr {
	var campaign, round string
	if kind, rest, _ := strings.Cut(id, "/"); kind == "campaign" {
		var part string
		campaign, part, _ = strings.Cut(rest, "/")
		if kind, name, _ := strings.Cut(part, "/"); kind == "round" {
			round = name
		}
	}
	return named(slog.String(KeyWorkflow, id), slog.String(KeyCampaign, campaign), slog.String(KeyRound, round))
}

// names is what campaigns, rounds and procedures are called. Some come from the address
// of a request, where anything may stand, such as somebody's e-mail address.
var names = regexp.MustCompile(`^[a-zA-Z0-9._/:-]{1,400}$`)

func named(attrs ...slog.Attr) []slog.Attr {
	return slices.DeleteFunc(attrs, func(a slog.Attr) bool { return !names.MatchString(a.Value.String()) })
}

// clean keeps out of errors what they may repeat of what people wrote: mail servers name
// the address that they refuse, and Postgres the value that it cannot read.
func clean(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindAny {
		if err, is := a.Value.Any().(error); is {
			a.Value = slog.StringValue(Clean(err.Error()))
		}
	}
	return a
}

// secrets are addresses of e-mail, tokens, and links to units' pages.
var secrets = regexp.MustCompile(`[^\s<>"'(),:;=]+@[^\s<>"'(),:;@]+|thidua_[A-Za-z0-9_-]+|/u/[^\s"']+`)

// values that Postgres quotes from what it was sent (class 22, data exceptions), and those
// that pgx could not send.
var values = regexp.MustCompile(`(?s)(: ").*("[^"]*\(SQLSTATE 22)|(unable to encode ).*?( into (?:text|binary|unknown) format)`)

// Clean leaves out of a text what may be personal or secret.
func Clean(text string) string {
	text = values.ReplaceAllString(text, "${1}${3}…${2}${4}")
	return secrets.ReplaceAllString(text, "…")
}

// Lines makes a writer of lines, as libraries want one, into a log with one constant
// message.
func Lines(to *slog.Logger, level slog.Level, message string) *log.Logger {
	return log.New(lines{to, level, message}, "", 0)
}

type lines struct {
	to      *slog.Logger
	level   slog.Level
	message string
}

func (l lines) Write(p []byte) (int, error) {
	l.to.Log(context.Background(), l.level, l.message, "text", Clean(string(bytes.TrimSpace(p))))
	return len(p), nil
}
