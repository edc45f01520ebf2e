package httpapi

import (
	"context"
	"net/http"
	"time"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
)

// RoleGrant is what an account is to be allowed.
type RoleGrant struct {
	Because
	Role      string    `json:"role" enum:"Office,FocalPoint,Leader,Appraiser,Auditor,Operator"`
	Unit      string    `json:"unit,omitempty" maxLength:"253" doc:"Of an office, a focal point, a leader or an appraiser."`
	Line      string    `json:"line,omitempty" enum:"collects_to,administered_by,submits_to" doc:"Also for the units below it on this line of the roster."`
	Campaign  string    `json:"campaign,omitempty" maxLength:"253"`
	NotBefore time.Time `json:"notBefore,omitzero" required:"false"`
	ExpiresAt time.Time `json:"expiresAt"`
}

func (g RoleGrant) grant(name string) engine.Grant {
	return engine.Grant{
		Name: name, Role: auth.Role(g.Role), Unit: g.Unit, Line: auth.Line(g.Line), Campaign: g.Campaign, NotBefore: g.NotBefore, ExpiresAt: g.ExpiresAt,
	}
}

// NewAccount is a person who is to log in.
type NewAccount struct {
	RoleGrant
	Login string `json:"login" maxLength:"100" example:"le.van.a@so.example"`
	Name  string `json:"name" maxLength:"200" example:"Lê Văn A"`
}

// Invited is an account with the secret by which its person sets a password: the page
// /invite/SECRET. It is told once and lives for a week.
type Invited struct {
	Account    engine.Account `json:"account"`
	Invitation string         `json:"invitation"`
}

// ofAccount names the account of an address.
type ofAccount[B any] struct {
	Act
	Login string `path:"login" maxLength:"100" example:"le.van.a@so.example"`
	Body  B
}

// Disabling lets somebody in no more, or again.
type Disabling struct {
	Because
	Disabled bool `json:"disabled"`
}

func (a *App) addAccounts() {
	op := func(id, method, path, summary string) operation {
		return operation{id: id, method: method, path: path, tag: tagAdmit, summary: summary}
	}
	register(a, op("list-accounts", http.MethodGet, "/accounts", "Accounts, with what each may do; an office sees those of its campaigns"), func(ctx context.Context, _ *struct{}) (*Out[[]engine.Account], error) {
		return answer(a.engine.Accounts(ctx, actorOf(ctx)))
	})
	register(a, op("create-account", http.MethodPost, "/accounts", "Make an account and an invitation to it"), func(ctx context.Context, in *struct {
		Act
		Body NewAccount
	},
	) (*Out[Invited], error) {
		account, invitation, err := a.engine.CreateAccount(ctx, in.act(ctx, in.Body.Reason), in.Body.Login, in.Body.grant(in.Body.Name))
		return answer(Invited{account, invitation}, err)
	})
	register(a, op("invite", http.MethodPost, "/accounts/{login}/invite", "Make a new invitation, for a password that was forgotten"), func(ctx context.Context, in *ofAccount[Because]) (*Out[Invited], error) {
		account, invitation, err := a.engine.Invite(ctx, in.act(ctx, in.Body.Reason), in.Login)
		return answer(Invited{account, invitation}, err)
	})
	register(a, op("give-role", http.MethodPost, "/accounts/{login}/roles", "Give an account another role"), func(ctx context.Context, in *ofAccount[RoleGrant]) (*Out[engine.Account], error) {
		return answer(a.engine.GiveRole(ctx, in.act(ctx, in.Body.Reason), in.Login, in.Body.grant("")))
	})
	register(a, op("revoke-role", http.MethodPost, "/roles/{id}/revoke", "End a role at once, with what was delegated from it"), func(ctx context.Context, in *struct {
		Act
		ID   int64 `path:"id" minimum:"1"`
		Body Because
	},
	) (*Out[Ended], error) {
		err := a.engine.RevokeRole(ctx, in.act(ctx, in.Body.Reason), in.ID)
		return answer(Ended{in.ID}, err)
	})
	register(a, op("disable-account", http.MethodPost, "/accounts/{login}/disable", "Let nobody in by an account any more, or again"), func(ctx context.Context, in *ofAccount[Disabling]) (*Out[engine.Account], error) {
		return answer(a.engine.DisableAccount(ctx, in.act(ctx, in.Body.Reason), in.Login, in.Body.Disabled))
	})
	register(a, op("reset-factor", http.MethodPost, "/accounts/{login}/reset-factor", "Take a lost second factor away; the next login sets up another"), func(ctx context.Context, in *ofAccount[Because]) (*Out[engine.Account], error) {
		return answer(a.engine.ResetSecondFactor(ctx, in.act(ctx, in.Body.Reason), in.Login))
	})
	register(a, op("sign-out", http.MethodPost, "/accounts/{login}/sign-out", "End every session of an account"), func(ctx context.Context, in *ofAccount[Because]) (*Out[engine.Account], error) {
		return answer(a.engine.SignOut(ctx, in.act(ctx, in.Body.Reason), in.Login))
	})
}

// Ended is a role that is over.
type Ended struct {
	Role int64 `json:"role"`
}
