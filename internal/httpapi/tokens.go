package httpapi

import (
	"context"
	"net/http"
	"time"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
)

// Issued is a new token with its secret, which is told once.
type Issued struct {
	engine.Token
	Secret string `json:"secret"`
}

// Grant is what a token is to say about its holder.
type Grant struct {
	Because
	Name      string    `json:"name" maxLength:"200" doc:"The person or program whose it is; the audit shows it."`
	Role      string    `json:"role" enum:"Office,FocalPoint,Leader,Appraiser,Auditor,Operator"`
	Unit      string    `json:"unit,omitempty" maxLength:"253" doc:"Of an office, a focal point or a leader."`
	Line      string    `json:"line,omitempty" enum:"collects_to,administered_by,submits_to" doc:"Also for the units below it on this line of the roster."`
	Campaign  string    `json:"campaign,omitempty" maxLength:"253"`
	NotBefore time.Time `json:"notBefore,omitzero" required:"false"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// Version of a unit's links: those sent under an earlier one are worthless.
type Version struct {
	Version int `json:"version"`
}

func (a *App) addTokens() {
	op := func(id, method, path, summary string) operation {
		return operation{id: id, method: method, path: path, tag: tagAdmit, summary: summary}
	}
	register(a, op("list-tokens", http.MethodGet, "/tokens", "Tokens, without their secrets"), func(ctx context.Context, in *struct {
		Unit string `query:"unit" maxLength:"253"`
	},
	) (*Out[[]engine.Token], error) {
		return answer(a.engine.Tokens(ctx, actorOf(ctx), in.Unit))
	})
	register(a, op("create-token", http.MethodPost, "/tokens", "Make a token; its secret is told once"), func(ctx context.Context, in *struct {
		Act
		Body Grant
	},
	) (*Out[Issued], error) {
		g := in.Body
		token, secret, err := a.engine.IssueToken(ctx, in.act(ctx, g.Reason), engine.Grant{
			Name: g.Name, Role: auth.Role(g.Role), Unit: g.Unit, Line: auth.Line(g.Line), Campaign: g.Campaign,
			NotBefore: g.NotBefore, ExpiresAt: g.ExpiresAt,
		})
		return answer(Issued{token, secret}, err)
	})
	register(a, op("revoke-token", http.MethodPost, "/tokens/{id}/revoke", "End a token at once"), func(ctx context.Context, in *struct {
		Act
		ID   int64 `path:"id" minimum:"1"`
		Body Because
	},
	) (*Out[engine.Token], error) {
		return answer(a.engine.RevokeToken(ctx, in.act(ctx, in.Body.Reason), in.ID))
	})
	register(a, op("revoke-links", http.MethodPost, "/units/{unit}/links/revoke", "Make every link that was sent to a unit worthless"), func(ctx context.Context, in *struct {
		Act
		Unit string `path:"unit" maxLength:"253" example:"STTTT-04"`
		Body Because
	},
	) (*Out[Version], error) {
		n, err := a.engine.RevokeLinks(ctx, in.act(ctx, in.Body.Reason), in.Unit)
		return answer(Version{n}, err)
	})
	register(a, op("rotate-links", http.MethodPost, "/links/revoke", "Make every link of the installation worthless"), func(ctx context.Context, in *struct {
		Act
		Body Because
	},
	) (*Out[Version], error) {
		n, err := a.engine.RotateLinkKey(ctx, in.act(ctx, in.Body.Reason))
		return answer(Version{n}, err)
	})
}
