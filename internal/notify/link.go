package notify

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/notify/texts"
	"thidua.dev/thidua/internal/store/db"
)

// LinkPath is where links to units lead, below the pages' address.
const LinkPath = "/u/"

// linkLife is how long a link opens anything, by the machine's clock: longer than a
// round is open, so that the first reminder's still works on the last day.
const linkLife = 45 * 24 * time.Hour

// links makes the links of one claim's messages. They are made when a message is
// written and kept nowhere.
type links struct {
	key      db.NewestLinkKeyRow
	versions map[string]int
	expires  time.Time
}

// links reads what links are made from; nil without an address to lead to.
func (d *Dispatcher) links(ctx context.Context, q *db.Queries, rows []db.ClaimedNoticesRow) (*links, error) {
	if d.o.BaseURL == "" || len(rows) == 0 {
		return nil, nil
	}
	key, err := linkKey(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("key of links: %w", err)
	}
	l := &links{key: key, versions: map[string]int{}, expires: time.Now().Add(linkLife)}
	units := make([]string, len(rows))
	for i, r := range rows {
		units[i] = r.Unit
	}
	raised, err := q.LinkVersions(ctx, units)
	for _, v := range raised {
		l.versions[v.Unit] = int(v.Version)
	}
	return l, err
}

// linkKey is the installation's newest key; the first message that needs one makes it.
func linkKey(ctx context.Context, q *db.Queries) (db.NewestLinkKeyRow, error) {
	key, err := q.NewestLinkKey(ctx)
	if !errors.Is(err, pgx.ErrNoRows) {
		return key, err
	}
	random := make([]byte, 32)
	rand.Read(random)
	if err := q.InsertLinkKey(ctx, 1, random); err != nil {
		return key, err
	}
	return q.NewestLinkKey(ctx) // perhaps another's, who was first
}

// form is the path of the page on which a unit sees what it owes: for its own people,
// about their own unit.
func (l *links) form(campaign string, r db.ClaimedNoticesRow) string {
	role := auth.Role(r.Role)
	if l == nil || r.Unit != r.Recipient || role != auth.FocalPoint && role != auth.Leader {
		return ""
	}
	if r.Kind != "Report" && r.Kind != "Registration" && r.Step != texts.Launch {
		return ""
	}
	version := 1
	if v, raised := l.versions[r.Unit]; raised {
		version = v
	}
	return LinkPath + auth.Link{
		Unit: r.Unit, Role: role, Campaign: campaign, Version: version, Key: int(l.key.Version), Expires: l.expires,
	}.Sign(l.key.Key)
}
