-- name: ObligationForUpdate :one
SELECT * FROM obligation
WHERE campaign_id = @campaign_id AND subject = @subject AND owner = @owner AND kind IN ('Registration', 'Report')
FOR UPDATE;

-- name: NewestReport :one
SELECT * FROM report WHERE obligation_id = @obligation_id ORDER BY version DESC LIMIT 1;

-- name: InsertReport :one
INSERT INTO report (obligation_id, version, state, sections, hard_tasks, received_at, approved_at)
VALUES (@obligation_id,
        (SELECT coalesce(max(version), 0) + 1 FROM report WHERE obligation_id = @obligation_id),
        @state, @sections, @hard_tasks, @received_at, @approved_at)
RETURNING id, version;

-- name: InsertFigures :exec
INSERT INTO report_figure (report_id, indicator, value)
SELECT @report_id, unnest(@indicators::text[]), unnest(@values::text[])::numeric;

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

-- name: SupersedeNotices :exec
UPDATE notice SET state = 'Superseded', reason = @reason
WHERE obligation_id = @obligation_id AND state = 'Pending' AND NOT informative;

-- name: WithdrawLetters :exec
-- A letter that nobody has signed yet is withdrawn when the report has come.
UPDATE letter SET state = 'Withdrawn' WHERE obligation_id = @obligation_id AND state = 'Drafted';
