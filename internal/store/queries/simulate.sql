-- name: OwingReports :many
-- What simulated units still owe.
SELECT o.id, o.kind, o.owner, o.holder, o.due_at, o.opened_at, r.name AS round, r.series, r.seq, r.approval, r.closes_at, p.kind AS unit_kind,
       coalesce(q.sections, '[]')::jsonb AS requested
FROM obligation o JOIN round r ON r.id = o.round_id
LEFT JOIN request q ON q.round_id = r.id
JOIN participant p ON p.campaign_id = o.campaign_id AND p.unit = o.owner
WHERE o.campaign_id = @campaign_id AND o.state = 'Owing' AND o.kind IN ('Registration', 'Report') AND r.state = 'Open'
ORDER BY o.id;

-- name: OwedDecision :one
SELECT due_at FROM obligation WHERE campaign_id = @campaign_id AND kind = 'Decision' AND state = 'Owing';

-- name: StoryRounds :many
SELECT r.name, r.kind, r.closes_at, coalesce(r.expected, 0)::int AS expected, coalesce(r.on_time, 0)::int AS on_time,
       coalesce(r.late, 0)::int AS late, coalesce(r.missing, 0)::int AS missing,
       (SELECT min(d.due_at) FROM round_due d WHERE d.round_id = r.id)::timestamptz AS due_at
FROM round r WHERE r.campaign_id = @campaign_id ORDER BY r.opens_at, r.seq;

-- name: StoryLate :many
-- Who came late or never, by round.
SELECT r.name AS round, o.owner, o.state, o.received_at, o.due_at
FROM obligation o JOIN round r ON r.id = o.round_id
WHERE o.campaign_id = @campaign_id AND o.kind IN ('Registration', 'Report')
  AND (o.state = 'Lapsed' OR o.received_at > o.due_at)
ORDER BY r.opens_at, o.owner;

-- name: StoryAwards :many
SELECT a.award, a.form, count(*)::int AS units FROM award a WHERE a.campaign_id = @campaign_id
GROUP BY a.award, a.form ORDER BY min(a.ordinal);

-- name: StoryLetters :one
SELECT count(*)::int AS drafted, count(*) FILTER (WHERE state = 'Withdrawn')::int AS withdrawn FROM letter WHERE campaign_id = @campaign_id;

-- name: StoryLeaders :many
-- First of each group in a review's newest ranking.
SELECT l.grp, l.unit, p.name, l.total FROM ranking_line l
JOIN ranking k ON k.id = l.ranking_id JOIN review v ON v.id = k.review_id
JOIN participant p ON p.campaign_id = v.campaign_id AND p.unit = l.unit
WHERE v.campaign_id = @campaign_id AND v.name = @review AND l.rank = 1
  AND k.version = (SELECT max(x.version) FROM ranking x WHERE x.review_id = v.id)
ORDER BY l.grp, l.unit;

-- name: OwedConsolidations :many
SELECT o.owner, r.name AS round, o.due_at FROM obligation o JOIN round r ON r.id = o.round_id
WHERE o.campaign_id = @campaign_id AND o.kind = 'Consolidation' AND o.state = 'Owing' AND r.state = 'Open'
ORDER BY o.id;

-- name: StorySteps :many
-- What each step of each round came to for its units: notices, mails, lists, letters.
SELECT coalesce(r.name, '')::text AS round, n.step, min(n.instant)::timestamptz AS at,
       count(DISTINCT n.unit)::int AS units,
       count(DISTINCT n.id) FILTER (WHERE n.state = 'NoRecipient')::int AS without_recipient,
       count(DISTINCT n.id) FILTER (WHERE n.state = 'Tasked')::int AS letters,
       count(DISTINCT m.id)::int AS mails,
       count(DISTINCT m.id) FILTER (WHERE m.list)::int AS lists,
       coalesce(string_agg(DISTINCT m.recipient, ', ') FILTER (WHERE m.list), '')::text AS list_recipients,
       (array_agg(DISTINCT n.unit ORDER BY n.unit))::text[] AS codes
FROM notice n
JOIN obligation o ON o.id = n.obligation_id AND o.kind <> 'Consolidation'
LEFT JOIN round r ON r.id = n.round_id
LEFT JOIN message_notice mn ON mn.notice_id = n.id
LEFT JOIN message m ON m.id = mn.message_id AND m.state = 'Sent'
WHERE n.campaign_id = @campaign_id
GROUP BY n.campaign_id, n.round_id, r.name, n.step
ORDER BY min(n.instant), n.step;

-- name: CountSent :one
SELECT count(*)::int FROM message WHERE campaign_id = @campaign_id AND state = 'Sent';

-- name: CountUnsent :one
SELECT count(*) FROM message WHERE campaign_id = @campaign_id AND state NOT IN ('Sent', 'Superseded', 'Expired');
