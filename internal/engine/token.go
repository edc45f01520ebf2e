package engine

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/store/db"
)

// Token is a personal token, without its secret, which nobody has but its holder.
type Token struct {
	ID        int64      `json:"id"`
	Name      string     `json:"name"`
	Role      auth.Role  `json:"role"`
	Unit      string     `json:"unit,omitempty"`
	Line      auth.Line  `json:"line,omitempty"`
	Campaign  string     `json:"campaign,omitempty"`
	NotBefore time.Time  `json:"notBefore"`
	ExpiresAt time.Time  `json:"expiresAt"`
	CreatedAt time.Time  `json:"createdAt"`
	RevokedAt *time.Time `json:"revokedAt,omitempty"`
	UsedAt    *time.Time `json:"usedAt,omitempty"`
}

// Grant is what a token is to say about its holder.
type Grant struct {
	Name     string
	Role     auth.Role
	Unit     string    // of an office, a focal point or a leader
	Line     auth.Line // of a focal point or a leader who speaks for units below too
	Campaign string    // empty: all
	// NotBefore zero is now.
	NotBefore, ExpiresAt time.Time
}

// LongestGrant is how long a token may live: people leave.
const LongestGrant = 2 * 366 * 24 * time.Hour

// secretPrefix lets people and scanners of repositories see what a secret is.
const secretPrefix = "thidua_"

// Authenticate finds who holds a secret. A token that is unknown, revoked or out of
// its time is *Unauthenticated.
func (e *Engine) Authenticate(ctx context.Context, secret string) (auth.Actor, error) {
	unknown := &Unauthenticated{"TokenUnknown", "this token is not known here: ask the operator for one (thidua token create)"}
	if !strings.HasPrefix(secret, secretPrefix) {
		return auth.Actor{}, unknown
	}
	q := db.New(e.pool)
	hash := sha256.Sum256([]byte(secret))
	t, err := q.TokenByHash(ctx, hash[:])
	if errors.Is(err, pgx.ErrNoRows) {
		return auth.Actor{}, unknown
	}
	if err != nil {
		return auth.Actor{}, err
	}
	now := time.Now()
	switch {
	case t.RevokedAt != nil:
		return auth.Actor{}, &Unauthenticated{"TokenRevoked", fmt.Sprintf("token %d was revoked: ask the operator for another", t.ID)}
	case now.Before(t.NotBefore):
		return auth.Actor{}, &Unauthenticated{"TokenNotYet", fmt.Sprintf("token %d is valid from %s on", t.ID, t.NotBefore.UTC().Format(time.RFC3339))}
	case !now.Before(t.ExpiresAt):
		return auth.Actor{}, &Unauthenticated{"TokenExpired", fmt.Sprintf("token %d expired: ask the operator for another", t.ID)}
	}
	if err := q.UseToken(ctx, t.ID); err != nil {
		return auth.Actor{}, err
	}
	return auth.Actor{
		Name: t.Name, Role: auth.Role(t.Role), Unit: t.Unit, Line: auth.Line(t.Line), Campaign: t.Campaign,
		Means: auth.ByToken, Token: t.ID, Valid: auth.Validity{From: t.NotBefore, Until: t.ExpiresAt},
	}, nil
}

// IssueToken makes a token. The secret is returned once and kept nowhere.
func (e *Engine) IssueToken(ctx context.Context, act Act, g Grant) (token Token, secret string, err error) {
	var random [32]byte
	rand.Read(random[:])
	secret = secretPrefix + base64.RawURLEncoding.EncodeToString(random[:])
	hash := sha256.Sum256([]byte(secret))
	err = e.in(ctx, func(t *tx) error {
		if err := t.demand(ctx, act.Actor, auth.Issue, auth.Object{}, "tokens"); err != nil {
			return err
		}
		// The audit names each token's act by its request; a repeat finds it there.
		done, err := t.AuditByRequest(ctx, act.RequestID)
		if err == nil {
			return refuse("TokenIssued", "this request was carried out before (%s of %s): a secret is shown once; revoke it and issue another", done.Verb, done.Object)
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		now := time.Now()
		if g.NotBefore.IsZero() {
			g.NotBefore = now
		}
		g.Name = strings.TrimSpace(g.Name)
		if err := t.checkGrant(ctx, g, now); err != nil {
			return err
		}
		row, err := t.InsertToken(ctx, db.InsertTokenParams{
			Hash: hash[:], Name: g.Name, Role: string(g.Role), Unit: g.Unit, Line: string(g.Line), Campaign: g.Campaign,
			NotBefore: g.NotBefore, ExpiresAt: g.ExpiresAt,
		})
		if err != nil {
			return err
		}
		token = toToken(row)
		return t.audit(ctx, act, auth.Issue, fmt.Sprintf("Token/%d", token.ID), token)
	})
	if err != nil {
		return Token{}, "", err
	}
	return token, secret, nil
}

func (t *tx) checkGrant(ctx context.Context, g Grant, now time.Time) error {
	needsUnit := g.Role == auth.Office || g.Role == auth.FocalPoint || g.Role == auth.Leader || g.Role == auth.Appraiser
	switch {
	case g.Name == "" || len(g.Name) > 200:
		return refuse("NameMissing", "whose is it? give the name of a person or a program, at most 200 bytes: the audit shows it")
	case !slices.Contains(auth.Roles, g.Role):
		return refuse("RoleUnknown", "role %q is not one of %v", g.Role, auth.Roles)
	case needsUnit && g.Unit == "":
		return refuse("UnitMissing", "the role %s says of which unit", g.Role)
	case !needsUnit && g.Unit != "":
		return refuse("UnitUnasked", "the role %s belongs to no unit", g.Role)
	case g.Line != "" && !slices.Contains(auth.Lines, g.Line):
		return refuse("LineUnknown", "line %q is not one of %v", g.Line, auth.Lines)
	case g.Line != "" && g.Role != auth.FocalPoint && g.Role != auth.Leader:
		return refuse("LineUnasked", "only a focal point or a leader speaks for the units below on a line")
	case g.ExpiresAt.IsZero() || !g.ExpiresAt.After(now) || !g.ExpiresAt.After(g.NotBefore):
		return refuse("ExpiryMissing", "until when is it valid? give a later instant than its beginning and now")
	case g.ExpiresAt.After(now.Add(LongestGrant)):
		return refuse("ExpiryTooFar", "it lasts two years at most: people leave")
	}
	if g.Unit != "" {
		known, err := t.KnownUnit(ctx, g.Unit)
		if err != nil {
			return err
		}
		if !known && g.Role == auth.Office { // the first office is there before the first list of units
			some, err := t.AnyUnit(ctx)
			if err != nil {
				return err
			}
			known = !some
		}
		if !known {
			return &NotFound{Kind: "unit", Name: g.Unit}
		}
	}
	if g.Campaign != "" {
		if _, err := t.CampaignByName(ctx, g.Campaign); errors.Is(err, pgx.ErrNoRows) {
			return t.unknownCampaign(ctx, g.Campaign)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// Tokens are all tokens, or those of one unit, the oldest first.
func (e *Engine) Tokens(ctx context.Context, actor auth.Actor, unit string) (tokens []Token, err error) {
	err = e.in(ctx, func(t *tx) error {
		if err := t.demand(ctx, actor, auth.Issue, auth.Object{}, "tokens"); err != nil {
			return err
		}
		rows, err := t.TokensOf(ctx, unit)
		tokens = make([]Token, len(rows))
		for i, row := range rows {
			tokens[i] = toToken(row)
		}
		return err
	})
	return tokens, err
}

// RevokeToken ends a token at once and for good. Doing it again changes nothing.
func (e *Engine) RevokeToken(ctx context.Context, act Act, id int64) (token Token, err error) {
	err = e.in(ctx, func(t *tx) error {
		if err := t.demand(ctx, act.Actor, auth.Issue, auth.Object{}, "tokens"); err != nil {
			return err
		}
		row, err := t.Queries.RevokeToken(ctx, id)
		if errors.Is(err, pgx.ErrNoRows) {
			return &NotFound{Kind: "token", Name: fmt.Sprint(id)}
		}
		if err != nil {
			return err
		}
		token = toToken(row)
		object := fmt.Sprintf("Token/%d", id)
		if done, err := t.repeated(ctx, act, auth.Issue, object); done != nil || err != nil {
			return err
		}
		return t.audit(ctx, act, auth.Issue, object, map[string]any{"revoked": token.RevokedAt})
	})
	return token, err
}

func toToken(t db.Token) Token {
	return Token{
		ID: t.ID, Name: t.Name, Role: auth.Role(t.Role), Unit: t.Unit, Line: auth.Line(t.Line), Campaign: t.Campaign,
		NotBefore: t.NotBefore, ExpiresAt: t.ExpiresAt, CreatedAt: t.CreatedAt, RevokedAt: t.RevokedAt, UsedAt: t.UsedAt,
	}
}
