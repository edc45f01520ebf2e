-- name: LastSeal :one
SELECT no, horizon::text AS horizon, hash FROM seal ORDER BY no DESC LIMIT 1;

-- name: SealHorizon :one
-- Below it every transaction has ended: no row can still appear before it.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon;

-- name: RowsToSeal :many
-- What ended since the last seal, in the order of transactions.
SELECT a.id, a.recorded_at, a.at, a.actor, a.verb, a.object, a.reason, a.request_id::text AS request_id, a.detail::text AS detail
FROM audit a
WHERE a.txid >= (@since::text)::xid8 AND a.txid < (@below::text)::xid8
  AND NOT EXISTS (SELECT FROM sealed s WHERE s.audit_id = a.id)
ORDER BY a.txid, a.id LIMIT @max_rows::int;

-- name: InsertSeal :exec
INSERT INTO seal (no, horizon, rows, previous, hash) VALUES (@no, (@horizon::text)::xid8, @rows, @previous, @hash);

-- name: InsertSealed :exec
INSERT INTO sealed (audit_id, seal, position, leaf)
SELECT unnest(@ids::bigint[]), @seal, unnest(@positions::int[]), unnest(@leaves::bytea[]);

-- name: LookSeals :many
-- Those after one, until they cover so many rows.
SELECT x.no, x.sealed_at, x.previous, x.hash
FROM (SELECT s.no, s.sealed_at, s.previous, s.hash, sum(s.rows) OVER (ORDER BY s.no) - s.rows AS covered
      FROM seal s WHERE s.no > @after ORDER BY s.no LIMIT @max_seals::bigint) x
WHERE x.covered < @max_rows::bigint ORDER BY x.no;

-- name: SealHash :one
SELECT hash FROM seal WHERE no = @no;

-- name: LookSealedRows :many
-- Every row of some seals in its place; what was removed has no id.
SELECT s.seal, s.audit_id, s.leaf, a.id, a.recorded_at, a.at, coalesce(a.actor, '')::text AS actor, coalesce(a.verb, '')::text AS verb,
       coalesce(a.object, '')::text AS object, coalesce(a.reason, '')::text AS reason, coalesce(a.request_id::text, '')::text AS request_id,
       coalesce(a.detail::text, '')::text AS detail
FROM sealed s LEFT JOIN audit a ON a.id = s.audit_id
WHERE s.seal > @after AND s.seal <= @until
ORDER BY s.seal, s.position;

-- name: LookUnsealedRows :many
-- Acts that no seal covers yet.
SELECT a.id, a.recorded_at, a.at, a.actor, a.verb, a.object, a.reason, a.request_id::text AS request_id, a.detail::text AS detail
FROM audit a WHERE NOT EXISTS (SELECT FROM sealed s WHERE s.audit_id = a.id) ORDER BY a.id;

-- name: LookRoots :many
-- The root of each day on which something was sealed: the hash of its last seal.
SELECT DISTINCT ON (day) (s.sealed_at AT TIME ZONE @zone::text)::date AS day, s.no, s.hash
FROM seal s ORDER BY day, s.no DESC;

-- name: LookAmbiguous :many
-- Attempts without an outcome, listed: on attempt_ambiguous.
SELECT a.message_id, a.no, m.step, coalesce(r.name, '')::text AS round, m.channel, m.recipient, a.at, a.started_at, m.state, a.response
FROM attempt a JOIN message m ON m.id = a.message_id LEFT JOIN round r ON r.id = m.round_id
WHERE a.outcome = 'Ambiguous' AND m.campaign_id = @campaign_id
ORDER BY a.started_at, a.message_id, a.no;

-- name: VerifyReports :many
-- Every version of every report.
SELECT o.id AS obligation_id, c.name AS campaign, o.owner AS unit, o.subject AS round, p.version, p.state, p.source, p.received_at,
       p.approved_at, p.document_number, coalesce(p.document_date::text, '')::text AS document_date, p.return_reason,
       p.sections, p.hard_tasks,
       coalesce((SELECT jsonb_object_agg(f.indicator, f.value::text) FROM report_figure f WHERE f.report_id = p.id), '{}')::jsonb AS figures,
       coalesce((SELECT jsonb_agg(jsonb_build_object('name', f.name, 'sha256', f.sha256, 'size', f.size, 'mediaType', f.media_type) ORDER BY f.position)
                 FROM report_file f WHERE f.report_id = p.id), '[]')::jsonb AS files
FROM report p
JOIN obligation o ON o.id = p.obligation_id
JOIN campaign c ON c.id = o.campaign_id
ORDER BY o.id, p.version;

-- name: VerifyOwed :many
-- What was owed, and what became of it.
SELECT o.id AS obligation_id, c.name AS campaign, o.owner AS unit, o.subject AS round, o.kind, o.calendar, o.state, o.due_at, o.received_at
FROM obligation o JOIN campaign c ON c.id = o.campaign_id
WHERE o.kind IN ('Registration', 'Report', 'Consolidation') ORDER BY o.id;

-- name: VerifyRounds :many
SELECT c.name AS campaign, r.name AS round, r.state, r.closes_at, r.closed_at, r.expected, r.on_time, r.late, r.missing
FROM round r JOIN campaign c ON c.id = r.campaign_id
WHERE r.opened_at IS NOT NULL OR r.state IN ('Open', 'Closed') ORDER BY r.id;

-- name: VerifyDecisions :many
SELECT c.name AS campaign, d.number, d.dated::text AS dated, d.signed_by, d.recorded_at
FROM decision d JOIN campaign c ON c.id = d.campaign_id ORDER BY c.id;

-- name: VerifyNominations :many
-- Who is nominated, by which ranking, and who is awarded; a side that is missing is empty.
SELECT c.name AS campaign, coalesce(n.unit, a.unit)::text AS unit, coalesce(n.award, '')::text AS award, coalesce(n.form, '')::text AS form,
       coalesce(v.name, '')::text AS review, coalesce(k.version, 0)::int AS version, coalesce(n.rank, 0)::int AS rank,
       coalesce(n.total::text, '')::text AS total, coalesce(a.award, '')::text AS awarded, coalesce(a.form, '')::text AS awarded_form
FROM nomination n FULL JOIN award a ON a.campaign_id = n.campaign_id AND a.unit = n.unit
JOIN campaign c ON c.id = coalesce(n.campaign_id, a.campaign_id)
LEFT JOIN ranking k ON k.id = n.ranking_id LEFT JOIN review v ON v.id = k.review_id
ORDER BY c.id, 2;

-- name: VerifyFiles :many
SELECT c.name AS campaign, o.owner AS unit, o.subject AS round, p.version, f.name, f.sha256
FROM report_file f
JOIN report p ON p.id = f.report_id
JOIN obligation o ON o.id = p.obligation_id
JOIN campaign c ON c.id = o.campaign_id
ORDER BY c.name, o.id, p.version, f.position;

-- name: VerifyMessages :many
-- Messages whose state and attempts do not fit.
SELECT c.name AS campaign, m.id, m.state, m.step, m.recipient,
       count(a.*) FILTER (WHERE a.outcome = 'Sent') AS sent, count(a.*) FILTER (WHERE a.outcome IS NULL) AS open,
       count(a.*) FILTER (WHERE a.outcome = 'Ambiguous') AS ambiguous, count(a.*) AS attempts, m.tries
FROM message m JOIN campaign c ON c.id = m.campaign_id LEFT JOIN attempt a ON a.message_id = m.id
GROUP BY c.name, m.id
HAVING (m.state = 'Sent') <> (count(a.*) FILTER (WHERE a.outcome = 'Sent') = 1)
    OR m.state <> 'Claimed' AND count(a.*) FILTER (WHERE a.outcome IS NULL) > 0
    OR m.state <> 'Claimed' AND count(a.*) <> m.tries
ORDER BY c.name, m.id;

-- name: VerifyNotices :many
-- Notices that don't fit their messages: said to be sent, and no message was; never to be
-- said, and there is a message (only a notice that waits is written with one); anything
-- but sent, and the only message about it, which says nothing else, was sent.
SELECT c.name AS campaign, n.id, n.unit, n.step, n.recipient, n.state
FROM notice n JOIN campaign c ON c.id = n.campaign_id
CROSS JOIN LATERAL (
    SELECT count(*) AS messages, coalesce(bool_or(m.state = 'Sent'), false) AS sent, coalesce(bool_or(m.list), false) AS list
    FROM message_notice mn JOIN message m ON m.id = mn.message_id WHERE mn.notice_id = n.id) s
WHERE n.state = 'Sent' AND NOT s.sent
   OR n.state IN ('Skipped', 'Merged', 'Tasked') AND s.messages > 0
   OR n.state <> 'Sent' AND s.messages = 1 AND s.sent AND NOT s.list
ORDER BY c.name, n.id;

-- name: VerifyEmptyMessages :many
-- Messages that say nothing: each is written with what it says.
SELECT c.name AS campaign, m.id, m.state, m.step, m.recipient
FROM message m JOIN campaign c ON c.id = m.campaign_id
WHERE NOT EXISTS (SELECT FROM message_notice mn JOIN notice n ON n.id = mn.notice_id WHERE mn.message_id = m.id)
ORDER BY c.name, m.id;

-- name: VerifyCancelledMessages :many
-- Campaigns of which not as many messages are cancelled as their acts have cancelled.
SELECT c.name AS campaign, m.n AS messages, a.n AS by_acts
FROM campaign c
CROSS JOIN LATERAL (SELECT count(*) AS n FROM message x WHERE x.campaign_id = c.id AND x.state = 'Cancelled') m
CROSS JOIN LATERAL (SELECT coalesce(sum((x.detail->'did'->>'cancelled')::bigint), 0)::bigint AS n FROM audit x
                    WHERE x.object = 'Campaign/' || c.name AND x.verb = 'cancel-messages') a
WHERE m.n <> a.n ORDER BY c.name;

-- name: VerifyLostAttempts :many
-- Attempts whose message is gone.
SELECT DISTINCT a.message_id FROM attempt a WHERE NOT EXISTS (SELECT FROM message m WHERE m.id = a.message_id) ORDER BY 1;

-- name: VerifyRankings :many
SELECT c.name AS campaign, v.name AS review, k.version, k.sealed_at, k.hash, k.inputs, k.inputs_hash,
       coalesce((SELECT jsonb_agg(jsonb_build_object('unit', l.unit, 'total', l.total::text, 'rank', coalesce(l.rank, 0), 'group', l.grp,
                     'base', l.base::text, 'malus', l.malus::text, 'late', l.late, 'missing', l.missing, 'expected', l.expected,
                     'reason', l.reason, 'axes', l.axes) ORDER BY l.unit)
                 FROM ranking_line l WHERE l.ranking_id = k.id), '[]')::jsonb AS lines
FROM ranking k JOIN review v ON v.id = k.review_id JOIN campaign c ON c.id = v.campaign_id
ORDER BY c.name, v.at, k.version;
