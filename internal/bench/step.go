package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// bareNotices is what a reminder cannot do without: whoever owes moves up, and the
// reminder is on record. No roles, lateness or catch-up, no mail, no letter.
const bareNotices = `
WITH due AS (
    UPDATE obligation o SET step_seq = o.next_seq, step_at = o.next_at, next_seq = n.seq, next_at = n.at
    FROM rung n
    WHERE o.round_id = @round AND o.state = 'Owing' AND o.next_at <= @now
      AND n.campaign_id = o.campaign_id AND n.calendar = o.calendar AND n.due_at = o.due_at AND n.seq = o.next_seq + 1
    RETURNING o.id, o.campaign_id, o.round_id, o.owner, o.holder, o.deadline_no, o.step_at
)
INSERT INTO notice (campaign_id, round_id, obligation_id, unit, deadline_no, step, role, recipient, instant, state, recorded_at)
SELECT campaign_id, round_id, id, owner, deadline_no, 'prepare', holder, owner, step_at, 'Pending', @now FROM due`

// bareReminder also puts the mails into the outbox.
const bareReminder = `
WITH due AS (
    UPDATE obligation o SET step_seq = o.next_seq, step_at = o.next_at, next_seq = n.seq, next_at = n.at
    FROM rung n
    WHERE o.round_id = @round AND o.state = 'Owing' AND o.next_at <= @now
      AND n.campaign_id = o.campaign_id AND n.calendar = o.calendar AND n.due_at = o.due_at AND n.seq = o.next_seq + 1
    RETURNING o.id, o.campaign_id, o.round_id, o.owner, o.holder, o.deadline_no, o.step_at
), fresh AS (
    INSERT INTO notice (campaign_id, round_id, obligation_id, unit, deadline_no, step, role, recipient, instant, state, recorded_at)
    SELECT campaign_id, round_id, id, owner, deadline_no, 'prepare', holder, owner, step_at, 'Pending', @now FROM due
    RETURNING id, campaign_id, round_id, step, role, recipient, instant
), written AS (
    INSERT INTO message (campaign_id, round_id, step, channel, role, recipient, batch, list, not_before)
    SELECT campaign_id, round_id, step, 'email', role, recipient, 'notice.' || id, false, instant FROM fresh
    RETURNING id, batch
)
INSERT INTO message_notice (message_id, notice_id)
SELECT w.id, f.id FROM fresh f JOIN written w ON w.batch = 'notice.' || f.id`

// step times a reminder to everybody: the engine's step, and the statements that
// somebody would write who wanted no more than that.
func (b *Bench) step(ctx context.Context) ([]Result, error) {
	var ours, notices, reminders []float64
	for range b.Repeat {
		for _, m := range []struct {
			into *[]float64
			sql  string // empty: the engine
		}{{&ours, ""}, {&notices, bareNotices}, {&reminders, bareReminder}} {
			took, err := b.oneStep(ctx, m.sql)
			if err != nil {
				return nil, err
			}
			*m.into = append(*m.into, took.Seconds()*1000)
		}
	}
	name := fmt.Sprintf("reminder step, %d units", b.Units)
	r := Result{Name: name, Value: Median(ours), Unit: "ms"}
	return []Result{
		r.Beside("one bare statement: obligations, notices, mails", Median(reminders)).Limited(AtMost, 2),
		r.Beside("one bare statement: obligations and notices only", Median(notices)),
	}, nil
}

func (b *Bench) oneStep(ctx context.Context, sql string) (took time.Duration, err error) {
	w, err := b.world(ctx, opened)
	if err != nil {
		return 0, err
	}
	defer w.drop(ctx)
	if sql == "" {
		began := time.Now()
		s, err := w.engine.StepProcedure(ctx, procedure, "climb")
		if took = time.Since(began); err == nil && s.Changed != int64(b.Units) {
			err = fmt.Errorf("%d notices were written, not %d", s.Changed, b.Units)
		}
		return took, err
	}
	var round int64
	if err := w.pool.QueryRow(ctx, `SELECT id FROM round WHERE name = $1`, Round).Scan(&round); err != nil {
		return 0, err
	}
	began := time.Now()
	tag, err := w.pool.Exec(ctx, sql, pgx.NamedArgs{"round": round, "now": opening})
	if took = time.Since(began); err == nil && tag.RowsAffected() != int64(b.Units) {
		err = fmt.Errorf("%d rows were written, not %d", tag.RowsAffected(), b.Units)
	}
	return took, err
}
