package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"thidua.dev/thidua/internal/auth"
)

// Person is an account, with what somebody who looks at it may do about it.
type Person struct {
	Account
	// Changes tells that they may change what the account is: invite it anew, close it, take
	// its second factor, end its sessions.
	Changes bool
	// Ends are the roles that they may end, by number.
	Ends []int64
}

// Person is one of the accounts that an actor may admit people to. Acts ask again.
func (e *Engine) Person(ctx context.Context, actor auth.Actor, id int64) (p Person, err error) {
	all, err := e.Accounts(ctx, actor)
	if err != nil {
		return p, err
	}
	i := slices.IndexFunc(all, func(a Account) bool { return a.ID == id })
	if i < 0 {
		return p, &NotFound{Kind: "account", Name: fmt.Sprint(id)}
	}
	p.Account = all[i]
	err = e.in(ctx, func(t *tx) error {
		if p.Changes, err = allowed(t.mayChange(ctx, actor, id)); err != nil {
			return err
		}
		for _, r := range p.Roles {
			ends, err := allowed(t.mayAdmit(ctx, actor, r.Role, r.Campaign))
			if err != nil {
				return err
			}
			if ends {
				p.Ends = append(p.Ends, r.ID)
			}
		}
		return nil
	})
	return p, err
}

// allowed takes a refusal of the guard for an answer; other errors stay.
func allowed(err error) (bool, error) {
	var refused *Refused
	if errors.As(err, &refused) && refused.Code == "Forbidden" {
		return false, nil
	}
	return err == nil, err
}
