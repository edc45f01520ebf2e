-- name: ObligationForUpdate :one
SELECT * FROM obligation
WHERE campaign_id = @campaign_id AND subject = @subject AND owner = @owner AND kind IN ('Registration', 'Report')
FOR UPDATE;

-- name: NewestReport :one
SELECT * FROM report WHERE obligation_id = @obligation_id ORDER BY version DESC LIMIT 1;

-- name: InsertReport :one
INSERT INTO report (obligation_id, version, state, sections, hard_tasks, received_at, approved_at,
                    source, document_number, document_date, recorded_at)
VALUES (@obligation_id,
        (SELECT coalesce(max(version), 0) + 1 FROM report WHERE obligation_id = @obligation_id),
        @state, @sections, @hard_tasks, @received_at, @approved_at,
        @source, @document_number, @document_date, @recorded_at)
RETURNING id, version;

-- name: InsertFigures :exec
INSERT INTO report_figure (report_id, indicator, value)
SELECT @report_id, unnest(@indicators::text[]), unnest(@values::text[])::numeric;

-- name: InsertFiles :exec
INSERT INTO report_file (report_id, position, name, sha256, size, media_type)
SELECT @report_id, f.position, f.name, f.sha256, f.size, f.media_type
FROM (SELECT unnest(@positions::int[]) AS position, unnest(@names::text[]) AS name, unnest(@hashes::text[]) AS sha256,
             unnest(@sizes::bigint[]) AS size, unnest(@media_types::text[]) AS media_type) f;

-- name: ConsolidationForUpdate :one
SELECT * FROM obligation
WHERE campaign_id = @campaign_id AND subject = @subject AND owner = @owner AND kind = 'Consolidation'
FOR UPDATE;

-- name: ConsolidatorsOf :many
SELECT owner FROM obligation WHERE campaign_id = @campaign_id AND subject = @subject AND kind = 'Consolidation' ORDER BY owner;

-- name: CountToConsolidate :one
-- What has come of the reports that one body puts together.
SELECT count(*)::int AS expected, count(*) FILTER (WHERE o.state = 'Settled')::int AS received
FROM obligation o JOIN participant p ON p.campaign_id = o.campaign_id AND p.unit = o.owner
WHERE o.round_id = @round_id AND o.kind = 'Report' AND coalesce(nullif(p.collects_to, ''), @office::text) = @body::text;

-- name: HandUp :exec
-- The next move is the leader's.
UPDATE obligation SET holder = 'Leader' WHERE id = @id AND state = 'Owing';

-- name: ApproveReport :exec
UPDATE report SET state = 'Received', approved_at = @at::timestamptz WHERE id = @id;

-- name: Settle :execrows
-- A report counts once; whoever comes second, an approval or the close, finds
-- nothing to change.
UPDATE obligation SET state = 'Settled', received_at = @received_at::timestamptz, settled_at = @now::timestamptz,
    next_seq = NULL, next_at = NULL
WHERE id = @id AND state = 'Owing';

-- name: SettleLapsed :execrows
-- What had arrived before the close and is recorded after it: reopened and settled
-- at once. Reopening is a new deadline number.
UPDATE obligation SET state = 'Settled', deadline_no = deadline_no + 1, received_at = @received_at::timestamptz,
    settled_at = @now::timestamptz
WHERE id = @id AND state = 'Lapsed';

-- name: HandBack :execrows
-- The next move is the focal point's again.
UPDATE obligation SET holder = 'FocalPoint' WHERE id = @id AND state = 'Owing' AND holder = 'Leader';

-- name: ReturnReport :exec
UPDATE report SET state = 'Returned', returned_at = @at::timestamptz, return_reason = @reason WHERE id = @id;

-- name: OweAgain :execrows
-- What was received is returned, or what never came may still come: owed anew, by a
-- deadline with a number of its own, from the foot of the ladder.
UPDATE obligation SET state = 'Owing', holder = 'FocalPoint', due_at = @due_at::timestamptz, deadline_no = deadline_no + 1,
    ladder_from = @now::timestamptz, received_at = NULL, settled_at = NULL,
    step_seq = NULL, step_at = NULL, next_seq = NULL, next_at = NULL
WHERE id = @id AND state IN ('Settled', 'Lapsed');

-- name: Tell :execrows
-- A notice outside the ladder to the focal point of one obligation, and its mail.
WITH told AS (
    INSERT INTO notice (campaign_id, round_id, obligation_id, unit, deadline_no, step, role, recipient, instant,
                        not_after, informative, state, reason, recorded_at)
    SELECT o.campaign_id, o.round_id, o.id, o.owner, o.deadline_no, @step::text, 'FocalPoint', o.owner, @now::timestamptz,
           NULL, false, CASE WHEN c.email IS NULL THEN 'NoRecipient' ELSE 'Pending' END,
           CASE WHEN c.email IS NULL THEN 'NoContact' ELSE '' END, @now
    FROM obligation o LEFT JOIN contact c ON c.unit = o.owner AND c.role = 'FocalPoint'
    WHERE o.id = @id
    ON CONFLICT DO NOTHING
    RETURNING id, campaign_id, round_id, step, role, recipient, instant, state
), written AS (
    INSERT INTO message (campaign_id, round_id, step, channel, role, recipient, batch, list, not_before)
    SELECT t.campaign_id, t.round_id, t.step, 'email', t.role, t.recipient, 'notice.' || t.id, false, t.instant
    FROM told t WHERE t.state = 'Pending'
    RETURNING id, batch
)
INSERT INTO message_notice (message_id, notice_id)
SELECT w.id, t.id FROM told t JOIN written w ON w.batch = 'notice.' || t.id;

-- name: SupersedeNotices :exec
UPDATE notice SET state = 'Superseded', reason = @reason
WHERE obligation_id = @obligation_id AND state = 'Pending' AND NOT informative;

-- name: WithdrawLetters :exec
-- A letter that nobody has signed yet is withdrawn when the report has come.
UPDATE letter SET state = 'Withdrawn' WHERE obligation_id = @obligation_id AND state = 'Drafted';
