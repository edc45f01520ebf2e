-- name: ClaimMessages :many
-- Takes a lease on messages that may go now. FOR UPDATE SKIP LOCKED lets
-- several dispatchers work side by side; a paused campaign's messages wait.
WITH c AS (
    SELECT m.id FROM message m JOIN campaign k ON k.id = m.campaign_id
    WHERE m.state = 'Pending' AND m.next_try_at <= clock_timestamp() AND m.not_before <= @now::timestamptz
      AND m.channel = ANY(@channels::text[]) AND k.state <> 'Paused'
    ORDER BY m.next_try_at, m.id LIMIT @max_rows::int FOR UPDATE OF m SKIP LOCKED
)
UPDATE message m SET state = 'Claimed', claim = @claim::uuid, lease_until = clock_timestamp() + sqlc.arg('lease')::interval
FROM c WHERE m.id = c.id
RETURNING m.id;

-- name: DropStaleNotices :execrows
-- Re-reads the obligations behind claimed messages: what is settled, moved or
-- past its time is not said any more.
UPDATE notice n SET state = CASE WHEN o.state NOT IN ('Owing', 'Informed') OR n.deadline_no <> o.deadline_no THEN 'Superseded' ELSE 'Expired' END,
    reason = CASE WHEN o.state NOT IN ('Owing', 'Informed') THEN o.state WHEN n.deadline_no <> o.deadline_no THEN 'DeadlineMoved' ELSE 'PastNotAfter' END
FROM message_notice mn, obligation o
WHERE mn.message_id = ANY(@ids::bigint[]) AND n.id = mn.notice_id AND o.id = n.obligation_id AND n.state = 'Pending'
  AND (((o.state NOT IN ('Owing', 'Informed') OR n.deadline_no <> o.deadline_no) AND NOT n.informative) OR @now::timestamptz > n.not_after);

-- name: DropLostRecipients :execrows
-- A contact that was erased after the notice had been written: nobody to say it to.
UPDATE notice n SET state = 'NoRecipient', reason = 'NoContact'
FROM message_notice mn JOIN message m ON m.id = mn.message_id
WHERE mn.message_id = ANY(@ids::bigint[]) AND n.id = mn.notice_id AND n.state = 'Pending'
  AND NOT EXISTS (SELECT FROM contact c WHERE c.unit = m.recipient
                  AND c.role = CASE WHEN m.role = 'Leader' THEN 'Leader' ELSE 'FocalPoint' END);

-- name: DropEmptyMessages :execrows
-- A message whose every notice is gone goes too.
UPDATE message m SET state = s.state, claim = NULL, lease_until = NULL
FROM (SELECT mn.message_id,
             CASE WHEN bool_or(n.state = 'Expired') THEN 'Expired' ELSE 'Superseded' END AS state
      FROM message_notice mn JOIN notice n ON n.id = mn.notice_id
      WHERE mn.message_id = ANY(@ids::bigint[])
      GROUP BY mn.message_id HAVING bool_and(n.state <> 'Pending')) s
WHERE m.id = s.message_id AND m.state = 'Claimed';

-- name: ClaimedNotices :many
-- Everything that the texts of claimed messages need, in one query.
SELECT m.id AS message_id, m.created_at, m.step, m.channel, m.role, m.recipient, m.list, m.batch,
       n.id AS notice_id, n.unit, n.instant, o.kind, o.due_at, o.subject, o.holder,
       coalesce(r.name, '') AS round, coalesce(r.series, '') AS series, coalesce(r.period, '') AS period,
       r.data_from, r.data_to, c.name AS campaign, p.name AS unit_name,
       coalesce(ru.name, '') AS recipient_name, ct.name AS contact_name, ct.email
FROM message m
JOIN message_notice mn ON mn.message_id = m.id
JOIN notice n ON n.id = mn.notice_id AND n.state = 'Pending'
JOIN obligation o ON o.id = n.obligation_id
JOIN campaign c ON c.id = m.campaign_id
JOIN participant p ON p.campaign_id = m.campaign_id AND p.unit = n.unit
LEFT JOIN round r ON r.id = m.round_id
LEFT JOIN LATERAL (SELECT u.name FROM roster_unit u WHERE u.code = m.recipient LIMIT 1) ru ON true
JOIN contact ct ON ct.unit = m.recipient AND ct.role = CASE WHEN m.role = 'Leader' THEN 'Leader' ELSE 'FocalPoint' END
WHERE m.id = ANY(@ids::bigint[]) AND m.state = 'Claimed' AND m.claim = @claim::uuid
ORDER BY m.id, n.unit;

-- name: BeginAttempt :one
-- Committed immediately before the call, only while the lease is ours for as long
-- as the call may take, and everything that the text says is still to be said.
INSERT INTO attempt (message_id, no, claim, at)
SELECT m.id, m.tries + 1, m.claim, @at::timestamptz FROM message m
WHERE m.id = @id AND m.claim = @claim::uuid AND m.state = 'Claimed'
  AND m.lease_until > clock_timestamp() + sqlc.arg('call')::interval
  AND NOT EXISTS (SELECT FROM notice n JOIN obligation o ON o.id = n.obligation_id
                  WHERE n.id = ANY(@notices::bigint[]) AND (n.state <> 'Pending' OR NOT n.informative AND o.state <> 'Owing'))
RETURNING no;

-- name: EndAttempt :exec
UPDATE attempt SET finished_at = clock_timestamp(), outcome = @outcome::text, response = @response
WHERE message_id = @message_id AND no = @no AND outcome IS NULL;

-- name: SettleSent :exec
-- What the text said was said, also when its reason went while it was on its way.
WITH m AS (
    UPDATE message SET state = 'Sent', sent_at = @now::timestamptz, tries = tries + 1, claim = NULL, lease_until = NULL
    WHERE message.id = @id AND claim = @claim::uuid RETURNING message.id
)
UPDATE notice n SET state = 'Sent', reason = CASE n.state WHEN 'Superseded' THEN '' ELSE n.reason END FROM m
WHERE n.id = ANY(@notices::bigint[]) AND n.state IN ('Pending', 'Superseded');

-- name: SettleRetry :exec
-- Back to the outbox; the machine's clock decides when.
UPDATE message SET state = 'Pending', tries = tries + 1, next_try_at = clock_timestamp() + sqlc.arg('wait')::interval,
    claim = NULL, lease_until = NULL
WHERE id = @id AND claim = @claim::uuid;

-- name: SettleFailed :exec
-- Parked or ambiguous: a person decides.
WITH m AS (
    UPDATE message SET state = @state::text, tries = tries + 1, claim = NULL, lease_until = NULL
    WHERE message.id = @id AND claim = @claim::uuid RETURNING message.id
)
UPDATE notice n SET state = 'Failed', reason = @reason FROM message_notice mn, m
WHERE mn.message_id = m.id AND n.id = mn.notice_id AND n.state = 'Pending';

-- name: ReleaseClaim :exec
-- Nothing was sent: the message goes back as it was, to be read again.
UPDATE message SET state = 'Pending', claim = NULL, lease_until = NULL
WHERE id = ANY(@ids::bigint[]) AND claim = @claim::uuid AND state = 'Claimed';

-- name: RescueLeases :many
-- Leases that ran out. Without an open attempt nothing was sent; with one the
-- mail may have left: the attempt is listed as ambiguous, and the message is sent
-- again or left to a person.
WITH lost AS (
    SELECT m.id, m.tries, EXISTS (SELECT FROM attempt a WHERE a.message_id = m.id AND a.outcome IS NULL) AS open
    FROM message m WHERE m.state = 'Claimed' AND m.lease_until < clock_timestamp()
    ORDER BY m.id FOR UPDATE OF m SKIP LOCKED
), judged AS (
    SELECT lost.id, lost.open, CASE WHEN NOT lost.open THEN 'Pending' WHEN NOT @resend::bool THEN 'Ambiguous'
           WHEN lost.tries + 1 >= @max_tries::int THEN 'Parked' ELSE 'Pending' END AS state
    FROM lost
), closed AS (
    UPDATE attempt a SET outcome = 'Ambiguous', finished_at = clock_timestamp(), response = 'no answer: the sender ended'
    FROM lost WHERE a.message_id = lost.id AND a.outcome IS NULL RETURNING a.message_id
), failed AS (
    UPDATE notice n SET state = 'Failed', reason = CASE judged.state WHEN 'Parked' THEN 'GaveUp' ELSE 'Ambiguous' END
    FROM judged JOIN message_notice mn ON mn.message_id = judged.id
    WHERE judged.state <> 'Pending' AND n.id = mn.notice_id AND n.state = 'Pending' RETURNING n.id
)
UPDATE message m SET claim = NULL, lease_until = NULL, state = judged.state,
    tries = m.tries + (CASE WHEN judged.open THEN 1 ELSE 0 END)
FROM judged WHERE m.id = judged.id AND (SELECT count(*) FROM closed) + (SELECT count(*) FROM failed) >= 0
RETURNING m.id, judged.open;

-- name: ExpirePending :execrows
-- Messages on channels that are not configured wait, until they are stale. A list
-- goes when the last of its notices does.
WITH stale AS (
    UPDATE notice n SET state = 'Expired', reason = 'PastNotAfter'
    FROM message_notice mn JOIN message m ON m.id = mn.message_id
    WHERE n.id = mn.notice_id AND n.state = 'Pending' AND m.state = 'Pending' AND @now::timestamptz > n.not_after
      AND NOT m.channel = ANY(@channels::text[])
    RETURNING mn.message_id, n.id
)
UPDATE message m SET state = 'Expired' WHERE m.state = 'Pending' AND m.id IN (SELECT stale.message_id FROM stale)
  AND NOT EXISTS (SELECT FROM message_notice mn JOIN notice n ON n.id = mn.notice_id
                  WHERE mn.message_id = m.id AND n.state = 'Pending' AND n.id NOT IN (SELECT stale.id FROM stale));
