package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"thidua.dev/thidua/internal/audit"
	"thidua.dev/thidua/internal/engine"
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
	b.checkReports(receipts, found)
	if b.Format != Format {
		b.checkSettled(receivedAt, found)
		return findings
	}
	h := b.history(found)
	b.checkVersions(h)
	b.checkOwed(h)
	b.checkRounds(h)
	b.checkDecisions(found)
	return findings
}

// checkReports holds every version of every report to the act that took it in.
func (b *Bundle) checkReports(receipts map[receiptKey]act, found func(string, int64, string, ...any)) {
	for _, r := range b.Reports {
		key := receiptKey{fmt.Sprintf("Obligation/%d", r.Obligation), "", "", r.Version}
		if r.Source != "System" {
			key = receiptKey{"Campaign/" + r.Campaign, r.Unit, r.Round, r.Version}
		}
		a, ok := receipts[key]
		if !ok {
			found("ReportWithoutAct", 0, "%s: no act took it in", r.name())
			continue
		}
		delete(receipts, key)
		digest, err := r.Content.Digest()
		if err != nil || digest != a.receipt.Digest {
			found("ReportAltered", a.row.ID, "%s: its content is not what was received (audit row %d)", r.name(), a.row.ID)
		}
		if !r.ReceivedAt.Equal(a.receipt.ReceivedAt) {
			found("InstantMoved", a.row.ID, "%s: received at %s, the act says %s (audit row %d)", r.name(),
				r.ReceivedAt.UTC().Format(time.RFC3339Nano), a.receipt.ReceivedAt.UTC().Format(time.RFC3339Nano), a.row.ID)
		}
		if b.Format == Format && !a.sameDocument(r) {
			found("DocumentAltered", a.row.ID, "%s came as %s %s of %s; recorded was %s %s of %s (audit row %d)", r.name(), r.Source, r.DocumentNumber, r.DocumentDate,
				a.receipt.Source, a.receipt.DocumentNumber, a.receipt.DocumentDate, a.row.ID)
		}
	}
	for _, a := range receipts {
		found("ReportRemoved", a.row.ID, "the report of %s for %s, version %d, was received (audit row %d) and is gone", a.receipt.Unit, a.receipt.Round, a.receipt.Version, a.row.ID)
	}
}

// sameDocument tells that a report says of its document what the act says. Acts of an
// older version say no date.
func (a act) sameDocument(r Report) bool {
	if a.row.Verb != "record" {
		return r.DocumentNumber == "" && r.DocumentDate == ""
	}
	return r.Source == string(a.receipt.Source) && r.DocumentNumber == a.receipt.DocumentNumber &&
		(r.DocumentDate == a.receipt.DocumentDate || a.receipt.DocumentDate == "" && a.receipt.DueAt == nil)
}

// checkSettled is what a bundle of the format before can be checked for.
func (b *Bundle) checkSettled(receivedAt map[receiptKey]bool, found func(string, int64, string, ...any)) {
	for _, s := range b.Settled {
		at := "@" + s.ReceivedAt.UTC().Format(time.RFC3339Nano)
		if !receivedAt[receiptKey{fmt.Sprintf("Obligation/%d", s.Obligation) + at, "", "", 0}] && !receivedAt[receiptKey{"Campaign/" + s.Campaign + at, s.Unit, s.Round, 0}] {
			found("InstantMoved", 0, "%s for %s of %s counts as received at %s, and no act says so", s.Unit, s.Round, s.Campaign, s.ReceivedAt.UTC().Format(time.RFC3339Nano))
		}
	}
}

// act is a row with the receipt that it gave.
type act struct {
	row     audit.Row
	receipt engine.Recorded
}

// acts that took reports in.
func (b *Bundle) acts(found func(string, int64, string, ...any)) (acts []act) {
	for _, r := range b.rows() {
		if r.Verb != "submit" && r.Verb != "approve" && r.Verb != "record" && r.Verb != "consolidate" {
			continue
		}
		a := act{row: r}
		if err := json.Unmarshal([]byte(r.Detail), &a.receipt); err != nil {
			found("RowUnreadable", r.ID, "audit row %d: %v", r.ID, err)
			continue
		}
		acts = append(acts, a)
	}
	return acts
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
		findings = append(findings, audit.Finding{Code: "NoticeMessages", Text: fmt.Sprintf(
			"notice %d of %s (%s about %s to %s) is %s, and its messages say otherwise", n.ID, n.Campaign, n.Step, n.Unit, strings.TrimSpace(n.Recipient), n.State)})
	}
	empty, err := q.VerifyEmptyMessages(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range empty {
		findings = append(findings, audit.Finding{Code: "MessageWithoutNotice", Text: fmt.Sprintf(
			"message %d of %s (%s to %s) is %s, and the notice that it says is gone", m.ID, m.Campaign, m.Step, m.Recipient, m.State)})
	}
	cancelled, err := q.VerifyCancelledMessages(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range cancelled {
		findings = append(findings, audit.Finding{Code: "MessageCancelledByNobody", Text: fmt.Sprintf(
			"%d messages of %s are cancelled; its acts cancelled %d", c.Messages, c.Campaign, c.ByActs)})
	}
	lost, err := q.VerifyLostAttempts(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range lost {
		findings = append(findings, audit.Finding{Code: "AttemptWithoutMessage", Text: fmt.Sprintf("message %d was attempted and is gone", id)})
	}
	return findings, nil
}
