package client

import (
	"context"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/httpapi"
)

func roleGrant(act engine.Act, g engine.Grant) httpapi.RoleGrant {
	return httpapi.RoleGrant{
		Because: because(act), Role: string(g.Role), Unit: g.Unit, Line: string(g.Line), Campaign: g.Campaign, NotBefore: g.NotBefore, ExpiresAt: g.ExpiresAt,
	}
}

// Accounts are those that the token may admit people to.
func (c *Client) Accounts(ctx context.Context, _ auth.Actor) ([]engine.Account, error) {
	return get[[]engine.Account](ctx, c, nil, "/accounts")
}

// CreateAccount makes an account and an invitation to it.
func (c *Client) CreateAccount(ctx context.Context, act engine.Act, login string, g engine.Grant) (engine.Account, string, error) {
	in, err := post[httpapi.Invited](ctx, c, act, httpapi.NewAccount{RoleGrant: roleGrant(act, g), Login: login, Name: g.Name}, "/accounts")
	return in.Account, in.Invitation, err
}

// Invite makes a new invitation.
func (c *Client) Invite(ctx context.Context, act engine.Act, login string) (engine.Account, string, error) {
	in, err := post[httpapi.Invited](ctx, c, act, because(act), "/accounts/%s/invite", login)
	return in.Account, in.Invitation, err
}

// GiveRole gives an account another role.
func (c *Client) GiveRole(ctx context.Context, act engine.Act, login string, g engine.Grant) (engine.Account, error) {
	return post[engine.Account](ctx, c, act, roleGrant(act, g), "/accounts/%s/roles", login)
}

// RevokeRole ends a role at once.
func (c *Client) RevokeRole(ctx context.Context, act engine.Act, id int64) error {
	return c.post(ctx, act, because(act), "/roles/%s/revoke", id)
}

// DisableAccount lets nobody in by an account any more, or again.
func (c *Client) DisableAccount(ctx context.Context, act engine.Act, login string, disabled bool) (engine.Account, error) {
	return post[engine.Account](ctx, c, act, httpapi.Disabling{Because: because(act), Disabled: disabled}, "/accounts/%s/disable", login)
}

// ResetSecondFactor takes a lost second factor away.
func (c *Client) ResetSecondFactor(ctx context.Context, act engine.Act, login string) (engine.Account, error) {
	return post[engine.Account](ctx, c, act, because(act), "/accounts/%s/reset-factor", login)
}

// SignOut ends every session of an account.
func (c *Client) SignOut(ctx context.Context, act engine.Act, login string) (engine.Account, error) {
	return post[engine.Account](ctx, c, act, because(act), "/accounts/%s/sign-out", login)
}
