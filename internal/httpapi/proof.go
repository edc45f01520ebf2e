package httpapi

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"thidua.dev/thidua/internal/audit"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/verify"
)

// Changed is a mark that differs from an earlier one when there is something new.
type Changed struct {
	Mark string `json:"mark"`
}

func (a *App) addProof() {
	get := func(id, path, summary string) operation {
		return operation{id: id, method: http.MethodGet, path: path, tag: tagProve, summary: summary}
	}
	register(a, get("list-roots", "/roots", "The root of each day's acts, the newest first: keep them elsewhere"), func(ctx context.Context, _ *struct{}) (*Out[[]look.Root], error) {
		r, err := a.reader(ctx, auth.Know, engine.Of{}) // they say nothing about anybody
		if err != nil {
			return nil, err
		}
		return answer(r.Roots(ctx))
	})
	register(a, get("verify", "/verify/{subject}", "Hold the records against each other. It is the server's word: an auditor checks a bundle"), a.verify)
	bundle := get("get-bundle", "/bundle", "What an auditor verifies without this server: acts, seals, reports, rankings. It holds names")
	bundle.answers = octets("The bundle.", "application/gzip")
	register(a, bundle, a.bundle)
}

func (a *App) verify(ctx context.Context, in *struct {
	Subject string `path:"subject" enum:"audit,ledger,ranking,files"`
	Root    string `query:"root" pattern:"^([0-9a-f]{64})?$" doc:"A published root, for audit."`
},
) (*Out[*verify.Verification], error) {
	v, err := a.verifier.For(ctx, actorOf(ctx), auth.Inspect, engine.Of{})
	if err != nil {
		return nil, err
	}
	var root *audit.Hash
	if in.Root != "" {
		root = new(audit.Hash)
		if err := root.UnmarshalText([]byte(in.Root)); err != nil {
			return nil, err
		}
	}
	return answer(v.Verify(ctx, in.Subject, root))
}

func (a *App) bundle(ctx context.Context, _ *struct{}) (*download, error) {
	v, err := a.verifier.For(ctx, actorOf(ctx), auth.Inspect, engine.Of{})
	if err != nil {
		return nil, err
	}
	b, err := v.Bundle(ctx)
	if err != nil {
		return nil, err
	}
	return &download{Type: "application/gzip", Disposition: `attachment; filename=bundle.thidua`, Body: func(ctx huma.Context) {
		if err := b.Write(ctx.BodyWriter()); err != nil {
			a.log.DebugContext(ctx.Context(), "a bundle was not sent whole", "error", err)
		}
	}}, nil
}

// octets is an answer that is no JSON.
func octets(description, mediaType string) map[string]*huma.Response {
	return map[string]*huma.Response{strconv.Itoa(http.StatusOK): {
		Description: description, Content: map[string]*huma.MediaType{mediaType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
	}}
}
