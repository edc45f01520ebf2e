-- name: MeteredCampaigns :many
SELECT name, state, acted_at FROM campaign ORDER BY name;

-- name: MeteredSteps :many
-- The steps that a campaign's notices can carry, so that each is counted from 0.
SELECT c.name AS campaign, s.step FROM ladder_step s JOIN campaign c ON c.id = s.campaign_id
UNION ALL
SELECT c.name, 'consolidation/' || s.step FROM ladder_step s JOIN campaign c ON c.id = s.campaign_id
WHERE s.task = '' AND NOT s.gather AND EXISTS (SELECT FROM round r WHERE r.campaign_id = c.id AND r.consolidation_at IS NOT NULL)
UNION ALL
SELECT name, 'launch' FROM campaign
UNION ALL
SELECT DISTINCT c.name, 'request' FROM request q JOIN round r ON r.id = q.round_id JOIN campaign c ON c.id = r.campaign_id
UNION ALL
SELECT name, 'invitation' FROM campaign WHERE invite_at IS NOT NULL
ORDER BY campaign, step;

-- name: CountRounds :many
SELECT c.name AS campaign, r.state, count(*)::bigint AS n
FROM round r JOIN campaign c ON c.id = r.campaign_id
GROUP BY c.name, r.state;

-- name: CountObligations :many
-- Grouped by id first: the name joins a handful of rows, not all of them.
SELECT c.name AS campaign, o.kind, o.state, o.n, o.overdue, o.heard_at
FROM (SELECT campaign_id, kind, state, count(*)::bigint AS n,
             (count(*) FILTER (WHERE state = 'Owing' AND due_at < @now::timestamptz))::bigint AS overdue,
             coalesce(max(received_at), 'epoch')::timestamptz AS heard_at
      FROM obligation GROUP BY campaign_id, kind, state) o
JOIN campaign c ON c.id = o.campaign_id;

-- name: CountNotices :many
-- Missed: processed too late, whatever catch-up then made of it, or past its end.
SELECT c.name AS campaign, n.step, n.state, n.n, n.missed, n.said_at
FROM (SELECT campaign_id, step, state, count(*)::bigint AS n,
             (count(*) FILTER (WHERE reason IN ('MissedSend', 'MissedSkip', 'MissedMerge', 'PastNotAfter')))::bigint AS missed, max(recorded_at)::timestamptz AS said_at
      FROM notice GROUP BY campaign_id, step, state) n
JOIN campaign c ON c.id = n.campaign_id;

-- name: CountMessages :many
-- As messages are shown: what is held, and what waits on a channel without settings,
-- counts as that (LookOutbox).
SELECT c.name AS campaign, m.channel, m.state::text AS state, sum(m.n)::bigint AS n
FROM (SELECT x.campaign_id, x.channel, x.n,
             CASE WHEN x.state = 'Pending' AND x.held THEN 'Held' WHEN x.state = 'Pending' AND ch.name IS NOT NULL THEN 'NotConfigured' ELSE x.state END AS state
      FROM (SELECT campaign_id, channel, state, held_at IS NOT NULL AS held, count(*) AS n FROM message GROUP BY 1, 2, 3, 4) x
      LEFT JOIN channel ch ON ch.name = x.channel AND NOT ch.configured) m
JOIN campaign c ON c.id = m.campaign_id
GROUP BY c.name, m.channel, m.state;

-- name: OutboxWaiting :one
-- How long the oldest message waits that may go and has not been settled, on
-- the machine's clock. Without settings nothing may go, nor may what is held.
SELECT coalesce(extract(epoch FROM clock_timestamp() - min(coalesce(w.waits_since, w.created_at))), 0)::float8 AS seconds
FROM message w
JOIN campaign c ON c.id = w.campaign_id
WHERE w.open AND (w.held_at IS NULL OR w.state = 'Claimed') AND c.state <> 'Paused' AND w.not_before <= @now::timestamptz
  AND NOT EXISTS (SELECT FROM channel ch WHERE ch.name = w.channel AND NOT ch.configured);

-- name: CountAttempts :many
-- An attempt without an outcome is under way, or its sender has died.
SELECT m.channel, coalesce(a.outcome, 'Open') AS outcome, count(*)::bigint AS n
FROM attempt a JOIN message m ON m.id = a.message_id
GROUP BY m.channel, a.outcome;

-- name: CountLetters :many
SELECT c.name AS campaign, l.state, count(*)::bigint AS n
FROM letter l JOIN campaign c ON c.id = l.campaign_id
GROUP BY c.name, l.state;

-- name: ProceduresBehind :one
-- Procedures whose instant has come, and how long ago the oldest one's did, in
-- business time. A paused campaign is not behind.
SELECT count(*)::bigint AS due,
       coalesce(extract(epoch FROM sqlc.arg('now')::timestamptz - min(p.next_at)), 0)::float8 AS lag_seconds
FROM procedure p JOIN campaign c ON c.id = p.campaign_id
WHERE p.state = 'Open' AND p.next_at <= sqlc.arg('now') AND c.state <> 'Paused';

-- name: NextInstants :many
-- When the procedures of a running campaign look again next, in business time.
-- A campaign is not here when only an event can bring it on.
SELECT c.name AS campaign, min(p.next_at)::timestamptz AS next_at
FROM procedure p JOIN campaign c ON c.id = p.campaign_id
WHERE p.state = 'Open' AND p.next_at IS NOT NULL AND c.state IN ('Launched', 'Paused')
GROUP BY c.name;

-- name: CountWakes :one
SELECT count(*)::bigint AS pending FROM wake;
