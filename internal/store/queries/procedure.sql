-- name: OpenProcedure :execrows
-- A procedure is opened by a fact: this row, and a wake for its fixed id.
INSERT INTO procedure (id, campaign_id, kind, subject, next_at)
VALUES (@id, @campaign_id, @kind, @subject, @next_at::timestamptz)
ON CONFLICT (id) DO NOTHING;

-- name: Wake :exec
INSERT INTO wake (id, kind) VALUES (@id, @kind) ON CONFLICT (id) DO UPDATE SET seq = wake.seq + 1;

-- name: WakeCampaign :exec
-- Every open procedure of a campaign looks again at once.
WITH p AS (
    UPDATE procedure SET next_at = least(next_at, @now::timestamptz)
    WHERE campaign_id = @campaign_id AND state = 'Open' RETURNING id, kind
)
INSERT INTO wake (id, kind) SELECT p.id, p.kind FROM p ON CONFLICT (id) DO UPDATE SET seq = wake.seq + 1;

-- name: Hasten :exec
-- Wakes a procedure, only when its next instant becomes earlier than the one
-- its last step stored; so thousands of extensions don't make thousands of signals.
WITH p AS (
    UPDATE procedure SET next_at = @at::timestamptz
    WHERE procedure.id = @id AND state = 'Open' AND (next_at IS NULL OR next_at > @at) RETURNING id, kind
)
INSERT INTO wake (id, kind) SELECT p.id, p.kind FROM p ON CONFLICT (id) DO UPDATE SET seq = wake.seq + 1;

-- name: ReopenProcedure :execrows
-- A procedure that had ended begins anew and runs through what the facts call finished.
WITH p AS (
    UPDATE procedure SET state = 'Open', phase = '', next_at = @now::timestamptz
    WHERE procedure.id = @id AND state = 'Finished' RETURNING id, kind
)
INSERT INTO wake (id, kind) SELECT p.id, p.kind FROM p ON CONFLICT (id) DO UPDATE SET seq = wake.seq + 1;

-- name: ProcedureForUpdate :one
SELECT * FROM procedure WHERE id = @id FOR UPDATE;

-- name: StoreStep :exec
UPDATE procedure SET phase = @phase, next_at = sqlc.narg('next_at')::timestamptz, observed = @observed,
    state = @state, stepped_at = clock_timestamp()
WHERE id = @id;

-- name: ProceduresOf :many
SELECT * FROM procedure WHERE campaign_id = @campaign_id ORDER BY id;

-- name: DueProcedures :many
-- For a driver without Temporal: what is to be done now.
SELECT p.id, p.kind FROM procedure p JOIN campaign c ON c.id = p.campaign_id
WHERE p.state = 'Open' AND p.next_at <= @now::timestamptz AND c.state <> 'Paused'
ORDER BY p.next_at, p.id;

-- name: WakeOpen :execrows
-- Every open procedure of the installation looks again, or is started anew.
INSERT INTO wake (id, kind) SELECT id, kind FROM procedure WHERE state = 'Open' ORDER BY id
ON CONFLICT (id) DO UPDATE SET seq = wake.seq + 1;

-- name: PendingWakes :many
SELECT id, kind, seq FROM wake ORDER BY requested_at LIMIT 200;

-- name: DeliveredWake :exec
DELETE FROM wake WHERE id = @id AND seq = @seq;

-- name: CountOpenProcedures :one
SELECT count(*) FROM procedure WHERE campaign_id = @campaign_id AND kind = @kind AND state = 'Open';

-- name: PendingCollection :one
-- Rounds and reviews that are not over.
SELECT ((SELECT count(*) FROM round r WHERE r.campaign_id = @campaign_id AND r.state IN ('Planned', 'Open'))
      + (SELECT count(*) FROM review v WHERE v.campaign_id = @campaign_id AND v.state <> 'Published'))::bigint AS pending;
