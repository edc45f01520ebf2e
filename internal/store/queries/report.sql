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
    settled_at = @now::timestamptz, lapsed_at = NULL
WHERE id = @id AND state = 'Lapsed';

-- name: HandBack :execrows
-- The next move is the focal point's again.
UPDATE obligation SET holder = 'FocalPoint' WHERE id = @id AND state = 'Owing' AND holder = 'Leader';

-- name: ReturnReport :exec
UPDATE report SET state = 'Returned', returned_at = @at::timestamptz, return_reason = @reason WHERE id = @id;

-- name: OweAgain :execrows
-- What was received is returned, or what never came may still come: owed anew, by a
-- deadline with a number of its own, from the foot of the ladder.
UPDATE obligation SET state = 'Owing', holder = 'FocalPoint', due_at = @due_at::timestamptz, due_off = NULL,
    due_by = CASE state WHEN 'Settled' THEN 'Returned' ELSE 'Reopened' END, deadline_no = deadline_no + 1,
    ladder_from = @now::timestamptz, received_at = NULL, settled_at = NULL, lapsed_at = NULL,
    step_seq = NULL, step_at = NULL, next_seq = NULL, next_at = NULL
WHERE id = @id AND state IN ('Settled', 'Lapsed');

-- name: SupersedeNotices :execrows
-- Reminders that have not left are not sent any more. DropUnsaid follows.
UPDATE notice SET state = 'Superseded', reason = @reason
WHERE obligation_id = @obligation_id AND state = 'Pending' AND NOT informative;

-- name: DropUnsaid :exec
-- Messages that carry nothing but what was superseded go in the same transaction. One
-- that a dispatcher has in its hands is skipped: it reads the notices again before it
-- sends. So are lists, which carry many: a dispatcher drops a list whose notices are all
-- gone. A statement of its own, for hardly any report finds a reminder that has not
-- left, and in one with TakeReport it costs a quarter of the intake (measured).
UPDATE message SET state = 'Superseded'
WHERE message.id IN (SELECT m.id FROM notice n JOIN message_notice mn ON mn.notice_id = n.id JOIN message m ON m.id = mn.message_id
                     WHERE n.obligation_id = @obligation_id AND n.state = 'Superseded' AND m.state = 'Pending' AND NOT m.list
                     FOR UPDATE OF m SKIP LOCKED);

-- name: WithdrawLetters :exec
-- A letter that nobody has signed yet is withdrawn when the report has come.
UPDATE letter SET state = 'Withdrawn' WHERE obligation_id = @obligation_id AND state = 'Drafted';

-- name: IntakeFacts :one
-- Everything that a report is judged by, business time too, as of one instant. seen is the version of the
-- row of what is owed: every change of it makes another one. Column by column: whole rows
-- would be half the price of the statement. unsaid are reminders and letters that have
-- not left: a step that makes one changes the obligation, so it is seen.
SELECT (CASE WHEN k.mode = 'stepped' THEN k.now ELSE clock_timestamp() END)::timestamptz AS now, k.mode = 'stepped' AS stepped,
       c.id AS campaign_id, c.office, c.time_zone, c.spec_generation,
       o.id AS obligation_id, o.state, o.due_at, o.received_at, o.xmin::xid AS seen,
       r.id AS round_id, r.kind, r.series, r.approval, coalesce(o.lapsed_at, r.closes_at)::timestamptz AS closes_at, p.kind AS unit_kind,
       EXISTS (SELECT FROM audit a WHERE a.request_id = @request_id) AS repeated,
       (EXISTS (SELECT FROM notice n WHERE n.obligation_id = o.id AND n.state = 'Pending' AND NOT n.informative)
        OR EXISTS (SELECT FROM letter l WHERE l.obligation_id = o.id AND l.state = 'Drafted'))::bool AS unsaid,
       (SELECT coalesce(max(v.version), 0) + 1 FROM report v WHERE v.obligation_id = o.id)::int AS version
FROM campaign c
JOIN round r ON r.campaign_id = c.id
JOIN obligation o ON o.campaign_id = c.id AND o.kind = r.kind AND o.subject = r.name
JOIN participant p ON p.campaign_id = c.id AND p.unit = o.owner
CROSS JOIN clock k
WHERE c.name = @campaign AND r.name = @round AND o.owner = @unit;

-- name: LockForIntake :exec
SELECT FROM obligation o JOIN campaign c ON c.id = o.campaign_id
WHERE c.name = @campaign AND o.subject = @round AND o.owner = @unit AND o.kind IN ('Registration', 'Report')
FOR UPDATE OF o;

-- name: SettleAsSeen :exec
-- A report counts, or the next move is the leader's: only if what is owed is as it was
-- seen. What is done about it elsewhere waits from here on.
UPDATE obligation SET state = CASE WHEN @settles::bool THEN 'Settled' ELSE state END,
    holder = CASE WHEN @settles THEN holder ELSE 'Leader' END,
    received_at = CASE WHEN @settles THEN @now::timestamptz ELSE received_at END,
    settled_at = CASE WHEN @settles THEN @now ELSE settled_at END,
    next_seq = CASE WHEN @settles THEN NULL ELSE next_seq END,
    next_at = CASE WHEN @settles THEN NULL ELSE next_at END
WHERE id = @id AND xmin = @seen::xid AND state = 'Owing';

-- name: TakeReport :one
-- A report, whole, and all that follows from it, in one statement: the next version of
-- what is owed; the draft taken back; the act. It hangs on the
-- obligation that this transaction has changed: where SettleAsSeen found nothing, nothing
-- is written, and there is no row. Behind it, because a statement that waits for a row
-- goes on seeing the rest as it was before.
WITH kept AS (
    INSERT INTO report (obligation_id, version, state, sections, hard_tasks, received_at, approved_at)
    SELECT o.id, @version, CASE WHEN @settles::bool THEN 'Received' ELSE 'HandedUp' END, @sections, @hard_tasks,
           @now::timestamptz, CASE WHEN @settles THEN @now END
    FROM obligation o WHERE o.id = @obligation_id AND o.xmin = pg_current_xact_id()::xid
    RETURNING id, obligation_id
), figures AS (
    INSERT INTO report_figure (report_id, indicator, value)
    SELECT kept.id, f.indicator, f.value::numeric
    FROM kept, (SELECT unnest(@indicators::text[]) AS indicator, unnest(@values::text[]) AS value) f
), written AS (
    DELETE FROM draft USING kept WHERE draft.obligation_id = kept.obligation_id
), act AS (
    INSERT INTO audit (at, actor, verb, object, reason, request_id, detail)
    SELECT @now, @actor::text, @verb::text, @object::text, @reason::text, @act::uuid, @detail::jsonb FROM kept
)
SELECT kept.id FROM kept;

-- name: TakeBack :exec
-- Reminders and letters that have not left are not sent any more, nor messages that carry
-- nothing else, as DropUnsaid says. It hangs on the obligation as TakeReport does. A
-- statement of its own: hardly any report finds one.
WITH silenced AS (
    UPDATE notice SET state = 'Superseded', reason = 'Settled' FROM obligation o
    WHERE o.id = @obligation_id AND o.xmin = pg_current_xact_id()::xid
      AND notice.obligation_id = o.id AND notice.state = 'Pending' AND NOT notice.informative
    RETURNING notice.id
), withdrawn AS (
    UPDATE letter SET state = 'Withdrawn' FROM obligation o
    WHERE o.id = @obligation_id AND o.xmin = pg_current_xact_id()::xid AND letter.obligation_id = o.id AND letter.state = 'Drafted'
)
UPDATE message SET state = 'Superseded'
WHERE message.id IN (SELECT m.id FROM silenced s JOIN message_notice mn ON mn.notice_id = s.id JOIN message m ON m.id = mn.message_id
                     WHERE m.state = 'Pending' AND NOT m.list FOR UPDATE OF m SKIP LOCKED);

-- name: SaveDraft :exec
INSERT INTO draft (obligation_id, content, saved_at, actor) VALUES (@obligation_id, @content, @saved_at, @actor)
ON CONFLICT (obligation_id) DO UPDATE SET content = excluded.content, saved_at = excluded.saved_at, actor = excluded.actor;

-- name: DropDraft :exec
DELETE FROM draft WHERE obligation_id = @obligation_id;

-- name: LookDrafts :many
SELECT obligation_id, content, saved_at FROM draft WHERE obligation_id = ANY(@obligations::bigint[]);
