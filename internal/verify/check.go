package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/shopspring/decimal"

	"thidua.dev/thidua/internal/audit"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/score"
	"thidua.dev/thidua/internal/store/db"
)

// Audit recomputes the chain of acts. Root, when given, is a published one.
func (b *Bundle) Audit(root *audit.Hash) []audit.Finding { return audit.Verify(b.Seals, root) }

// receiptKey names a version of a report, as the acts do: by what is owed, or by
// unit and round where the office recorded it.
type receiptKey struct {
	object, unit, round string
	version             int
}

// Ledger holds every report to the act that took it in: a report without an act,
// an act without its report, another content, another instant.
func (b *Bundle) Ledger() (findings []audit.Finding) {
	found := func(code string, id int64, format string, args ...any) {
		findings = append(findings, audit.Finding{Code: code, AuditID: id, Text: fmt.Sprintf(format, args...)})
	}
	receipts, receivedAt := map[receiptKey]act{}, map[receiptKey]bool{}
	for _, a := range b.acts(found) {
		key := receiptKey{a.row.Object, "", "", a.receipt.Version}
		if a.row.Verb == "record" {
			key = receiptKey{a.row.Object, a.receipt.Unit, a.receipt.Round, a.receipt.Version}
		}
		if a.row.Verb != "approve" {
			receipts[key] = a
		}
		if a.receipt.Settled {
			key.version = 0
			key.object += "@" + a.receipt.ReceivedAt.UTC().Format(time.RFC3339Nano)
			receivedAt[key] = true
		}
	}
	for _, r := range b.Reports {
		name := fmt.Sprintf("report of %s for %s of %s, version %d", r.Unit, r.Round, r.Campaign, r.Version)
		key := receiptKey{fmt.Sprintf("Obligation/%d", r.Obligation), "", "", r.Version}
		if r.Source != "System" {
			key = receiptKey{"Campaign/" + r.Campaign, r.Unit, r.Round, r.Version}
		}
		a, ok := receipts[key]
		if !ok {
			found("ReportWithoutAct", 0, "%s: no act took it in", name)
			continue
		}
		delete(receipts, key)
		digest, err := r.Content.Digest()
		if err != nil || digest != a.receipt.Digest {
			found("ReportAltered", a.row.ID, "%s: its content is not what was received (audit row %d)", name, a.row.ID)
		}
		if !r.ReceivedAt.Equal(a.receipt.ReceivedAt) {
			found("InstantMoved", a.row.ID, "%s: received at %s, the act says %s (audit row %d)", name,
				r.ReceivedAt.UTC().Format(time.RFC3339Nano), a.receipt.ReceivedAt.UTC().Format(time.RFC3339Nano), a.row.ID)
		}
	}
	for _, a := range receipts {
		found("ReportRemoved", a.row.ID, "the report of %s for %s, version %d, was received (audit row %d) and is gone", a.receipt.Unit, a.receipt.Round, a.receipt.Version, a.row.ID)
	}
	for _, s := range b.Settled {
		at := "@" + s.ReceivedAt.UTC().Format(time.RFC3339Nano)
		if !receivedAt[receiptKey{fmt.Sprintf("Obligation/%d", s.Obligation) + at, "", "", 0}] && !receivedAt[receiptKey{"Campaign/" + s.Campaign + at, s.Unit, s.Round, 0}] {
			found("InstantMoved", 0, "%s for %s of %s counts as received at %s, and no act says so", s.Unit, s.Round, s.Campaign, s.ReceivedAt.UTC().Format(time.RFC3339Nano))
		}
	}
	return findings
}

// act is a row with the receipt that it gave.
type act struct {
	row     audit.Row
	receipt engine.Receipt
}

// acts that took reports in.
func (b *Bundle) acts(found func(string, int64, string, ...any)) (acts []act) {
	add := func(r audit.Row) {
		if r.Verb != "submit" && r.Verb != "approve" && r.Verb != "record" && r.Verb != "consolidate" {
			return
		}
		a := act{row: r}
		if err := json.Unmarshal([]byte(r.Detail), &a.receipt); err != nil {
			found("RowUnreadable", r.ID, "audit row %d: %v", r.ID, err)
			return
		}
		acts = append(acts, a)
	}
	for _, s := range b.Seals {
		for _, l := range s.Leaves {
			if l.Row != nil {
				add(*l.Row)
			}
		}
	}
	for _, r := range b.Unsealed {
		add(r)
	}
	return acts
}

// Ranking computes every sealed ranking again from what it was computed from.
func (b *Bundle) Ranking() (findings []audit.Finding) {
	found := func(code, format string, args ...any) {
		findings = append(findings, audit.Finding{Code: code, Text: fmt.Sprintf(format, args...)})
	}
	for _, r := range b.Rankings {
		name := fmt.Sprintf("ranking %s of %s, version %d", r.Review, r.Campaign, r.Version)
		hash, err := r.Inputs.Hash()
		if err != nil || hash != r.InputsHash {
			found("InputsAltered", "%s: its inputs are not those that were sealed", name)
			continue
		}
		lines, err := r.Inputs.Compute()
		if err != nil {
			found("NotComputable", "%s: %v", name, err)
			continue
		}
		if hash, err = score.HashLines(lines); err != nil || hash != r.Hash {
			found("RankingAltered", "%s: computed again it has another hash", name)
		}
		places := map[string]Place{}
		for _, l := range lines {
			places[string(l.Unit)] = Place{string(l.Unit), l.Total.String(), l.Rank}
		}
		for _, l := range r.Lines {
			want := places[l.Unit]
			delete(places, l.Unit)
			total, err := decimal.NewFromString(l.Total)
			if err != nil || want.Unit == "" || !total.Equal(decimal.RequireFromString(want.Total)) || l.Rank != want.Rank {
				found("LineAltered", "%s: %s has %s points and rank %d; computed again %s and rank %d", name, l.Unit, l.Total, l.Rank, want.Total, want.Rank)
			}
		}
		for unit := range places {
			found("LineRemoved", "%s: %s was ranked and is gone", name, unit)
		}
	}
	return findings
}

// Sending holds notices, messages and attempts against each other: what is said to
// be sent has an attempt that says so. It needs the database.
func Sending(ctx context.Context, pool *pgxpool.Pool) (findings []audit.Finding, err error) {
	q := db.New(pool)
	messages, err := q.VerifyMessages(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range messages {
		findings = append(findings, audit.Finding{Code: "MessageAttempts", Text: fmt.Sprintf(
			"message %d of %s (%s to %s) is %s with %d attempts: %d sent, %d open, %d ambiguous; %d tries are counted",
			m.ID, m.Campaign, m.Step, m.Recipient, m.State, m.Attempts, m.Sent, m.Open, m.Ambiguous, m.Tries)})
	}
	notices, err := q.VerifyNotices(ctx)
	if err != nil {
		return nil, err
	}
	for _, n := range notices {
		findings = append(findings, audit.Finding{Code: "NoticeWithoutMessage", Text: fmt.Sprintf(
			"notice %d of %s (%s about %s to %s) is Sent, and no message is", n.ID, n.Campaign, n.Step, n.Unit, strings.TrimSpace(n.Recipient))})
	}
	return findings, nil
}
