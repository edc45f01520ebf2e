-- Read models of the API and of a unit's own pages. Nothing here locks or writes.

-- name: LookOwed :one
-- What one unit owes, or owed, in one round.
SELECT o.id, o.state, o.holder, o.due_at, o.received_at, r.name, r.kind, r.series, r.period, r.approval, r.closes_at, r.data_from, r.data_to,
       p.kind AS unit_kind, p.name AS unit_name, coalesce(q.sections, '[]')::jsonb AS requested
FROM round r
JOIN obligation o ON o.round_id = r.id AND o.kind = r.kind AND o.owner = @unit
JOIN participant p ON p.campaign_id = r.campaign_id AND p.unit = o.owner
LEFT JOIN request q ON q.round_id = r.id
WHERE r.campaign_id = @campaign_id AND r.name = @round;

-- name: LookFigures :many
SELECT indicator, value FROM report_figure WHERE report_id = @report_id;

-- name: LookPrevious :one
-- The last report of a unit that was received in the series before a round.
SELECT r.name, r.kind, r.series, r.period, p.id AS report_id
FROM round r
JOIN obligation o ON o.round_id = r.id AND o.kind = r.kind AND o.owner = @unit AND o.state = 'Settled'
JOIN report p ON p.obligation_id = o.id AND p.state = 'Received'
WHERE r.campaign_id = @campaign_id AND r.series = @series AND r.closes_at < @before::timestamptz
ORDER BY r.closes_at DESC, p.version DESC LIMIT 1;

-- name: LookFile :one
-- A file by its hash, as a report of the unit named it last.
SELECT f.name, f.sha256, f.size, f.media_type
FROM report_file f
JOIN report p ON p.id = f.report_id
JOIN obligation o ON o.id = p.obligation_id
WHERE f.sha256 = @sha256 AND o.campaign_id = @campaign_id AND o.owner = @unit
ORDER BY p.id DESC, f.position LIMIT 1;

-- name: LookAudit :many
-- Acts, the newest first, below an id: of the whole installation, or with a campaign
-- those on it, on its rounds and reviews, and on what is owed in it.
SELECT a.id, a.at, a.actor, a.verb, a.object, a.reason, a.request_id, a.detail
FROM audit a
WHERE a.id < @below::bigint
  AND (@campaign::text = '' OR a.object = 'Campaign/' || @campaign
       OR starts_with(a.object, 'Round/' || @campaign || '/') OR starts_with(a.object, 'Review/' || @campaign || '/')
       OR a.object LIKE 'Obligation/%' AND EXISTS (
           SELECT FROM obligation o JOIN campaign c ON c.id = o.campaign_id
           WHERE c.name = @campaign AND o.id = substr(a.object, length('Obligation/') + 1)::bigint))
ORDER BY a.id DESC LIMIT @max_rows::int;
