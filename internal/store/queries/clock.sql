-- name: Now :one
-- Business time, read once at the start of the transaction that acts.
SELECT (CASE WHEN mode = 'stepped' THEN now ELSE clock_timestamp() END)::timestamptz AS now,
       mode = 'stepped' AS stepped, frozen
FROM clock;

-- name: SetStepped :exec
-- Makes the clock a stepped one that starts at an instant.
UPDATE clock SET mode = 'stepped', now = @start_at::timestamptz;

-- name: Undone :one
-- What stands between a stepped clock and its next jump: procedures whose
-- instant has come, and messages that are still to be settled. One that is held waits
-- for a person, as a parked one does: time goes on without it.
SELECT
    (SELECT count(*) FROM procedure p JOIN campaign c ON c.id = p.campaign_id CROSS JOIN clock k
     WHERE p.state = 'Open' AND p.next_at <= k.now AND c.state <> 'Paused')::bigint AS procedures,
    (SELECT count(*) FROM message m JOIN campaign c ON c.id = m.campaign_id CROSS JOIN clock k
     WHERE m.open AND (m.held_at IS NULL OR m.state = 'Claimed') AND m.not_before <= k.now AND c.state <> 'Paused')::bigint AS messages;

-- name: NextInstant :one
-- The engine's next instant, if any.
SELECT min(p.next_at)::timestamptz AS at
FROM procedure p JOIN campaign c ON c.id = p.campaign_id
WHERE p.state = 'Open' AND c.state <> 'Paused'
HAVING min(p.next_at) IS NOT NULL;

-- name: Jump :execrows
-- Moves the stepped clock, never backwards, and wakes what is then due, in the
-- caller's transaction.
UPDATE clock SET now = @to_at::timestamptz, jumps = jumps + 1
WHERE mode = 'stepped' AND NOT frozen AND now < @to_at;

-- name: WakeDue :execrows
-- Wakes every procedure whose instant has come: after a jump, and by the sweep
-- (@grace keeps it from waking what is just being done).
INSERT INTO wake (id, kind)
SELECT p.id, p.kind FROM procedure p JOIN campaign c ON c.id = p.campaign_id
WHERE p.state = 'Open' AND p.next_at <= (sqlc.arg('now')::timestamptz - sqlc.arg('grace')::interval) AND c.state <> 'Paused'
ON CONFLICT (id) DO UPDATE SET seq = wake.seq + 1;
