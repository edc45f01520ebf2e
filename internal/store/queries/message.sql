-- name: TakeTokens :one
-- The channel's rate, shared by all dispatchers: a bucket that fills with @per_second
-- and holds at most @burst. Says how many whole tokens of those wanted are there.
INSERT INTO channel_rate AS b (channel, tokens, filled_at) VALUES (@channel, sqlc.arg('burst')::float8, clock_timestamp())
ON CONFLICT (channel) DO UPDATE SET filled_at = clock_timestamp(),
    tokens = least(sqlc.arg('burst')::float8, b.tokens + sqlc.arg('per_second')::float8 * greatest(0, extract(epoch FROM clock_timestamp() - b.filled_at)))
RETURNING least(floor(tokens), sqlc.arg('wanted')::float8)::int AS granted;

-- name: SpendTokens :exec
-- What was claimed is taken from the bucket, in the transaction that filled it.
UPDATE channel_rate SET tokens = tokens - @spent::float8 WHERE channel = @channel;

-- name: ClaimMessages :many
-- Takes a lease on messages that may go now. FOR UPDATE SKIP LOCKED lets
-- several dispatchers work side by side; a paused campaign's messages wait, and those
-- that the office holds.
WITH c AS (
    SELECT m.id FROM message m JOIN campaign k ON k.id = m.campaign_id
    WHERE m.open AND m.state = 'Pending' AND m.held_at IS NULL AND m.next_try_at <= clock_timestamp() AND m.not_before <= @now::timestamptz
      AND m.channel = @channel AND k.state <> 'Paused'
    ORDER BY m.next_try_at, m.id LIMIT @max_rows::int FOR UPDATE OF m SKIP LOCKED
)
UPDATE message m SET state = 'Claimed', claim = @claim::uuid, lease_until = clock_timestamp() + sqlc.arg('lease')::interval
WHERE m.id = ANY(ARRAY(SELECT c.id FROM c))
RETURNING m.id;

-- name: DropStaleNotices :execrows
-- Re-reads the obligations behind claimed messages: what is settled, moved or
-- past its time is not said any more.
UPDATE notice n SET state = CASE WHEN o.state NOT IN ('Owing', 'Informed') OR n.deadline_no <> o.deadline_no AND n.step NOT IN ('request', 'returned') THEN 'Superseded' ELSE 'Expired' END,
    reason = CASE WHEN o.state NOT IN ('Owing', 'Informed') THEN o.state WHEN n.deadline_no <> o.deadline_no AND n.step NOT IN ('request', 'returned') THEN 'DeadlineMoved' ELSE 'PastNotAfter' END
FROM message_notice mn, obligation o
WHERE mn.message_id = ANY(@ids::bigint[]) AND n.id = mn.notice_id AND o.id = n.obligation_id AND n.state = 'Pending'
  AND (((o.state NOT IN ('Owing', 'Informed') OR n.deadline_no <> o.deadline_no AND n.step NOT IN ('request', 'returned')) AND NOT n.informative) OR @now::timestamptz > n.not_after);

-- name: DropLostRecipients :execrows
-- A contact that was erased after the notice had been written: nobody to say it to.
UPDATE notice n SET state = 'NoRecipient', reason = 'NoContact'
FROM message_notice mn JOIN message m ON m.id = mn.message_id
WHERE mn.message_id = ANY(@ids::bigint[]) AND n.id = mn.notice_id AND n.state = 'Pending'
  AND NOT EXISTS (SELECT FROM contact c WHERE c.unit = m.recipient
                  AND c.role = CASE WHEN m.role = 'Leader' THEN 'Leader' ELSE 'FocalPoint' END);

-- name: DropEmptyMessages :execrows
-- A message whose every notice is gone goes too. Materialized: there are hardly any,
-- and the planner, who expects a few claimed messages, would look for them once for each.
WITH s AS MATERIALIZED (
    SELECT mn.message_id, CASE WHEN bool_or(n.state = 'Expired') THEN 'Expired' ELSE 'Superseded' END AS state
    FROM message_notice mn JOIN notice n ON n.id = mn.notice_id
    WHERE mn.message_id = ANY(@ids::bigint[])
    GROUP BY mn.message_id HAVING bool_and(n.state <> 'Pending')
)
UPDATE message m SET state = s.state, claim = NULL, lease_until = NULL
FROM s WHERE m.id = s.message_id AND m.state = 'Claimed';

-- name: ClaimedNotices :many
-- Everything that the texts of claimed messages need, in one query. The claimed ones
-- are read first: right after a step wrote thousands, the planner knows little of them.
-- Days late are working days of the calendar by which it is owed, as LookLate counts
-- them, for those who watch over units.
WITH claimed AS MATERIALIZED (
    SELECT m.id AS message_id, m.campaign_id, m.round_id, m.created_at, m.tries_before, m.step, m.channel, m.role, m.recipient, m.list, m.batch,
           n.id AS notice_id, n.unit, n.instant, o.id AS obligation_id, o.kind, o.due_at, o.due_by, o.due_off, o.calendar, o.subject, o.holder,
           @now::timestamptz AS now
    FROM message m
    JOIN message_notice mn ON mn.message_id = m.id
    JOIN notice n ON n.id = mn.notice_id AND n.state = 'Pending'
    JOIN obligation o ON o.id = n.obligation_id
    WHERE m.id = ANY(@ids::bigint[]) AND m.state = 'Claimed' AND m.claim = @claim::uuid
)
SELECT m.message_id, m.created_at, m.tries_before, m.step, m.channel, m.role, m.recipient, m.list, m.batch,
       m.notice_id, m.unit, m.instant, m.kind, m.due_at, m.due_by, m.due_off, coalesce(rolled.name, '')::text AS due_off_name,
       greatest(today.number - due.number, 0)::bigint AS days_late, m.subject, m.holder,
       coalesce(r.name, '') AS round, coalesce(r.series, '') AS series, coalesce(r.period, '') AS period,
       r.data_from, r.data_to, r.closes_at, c.name AS campaign, coalesce(p.name, ru.name, '')::text AS unit_name,
       coalesce(ru.name, '') AS recipient_name, ct.name AS contact_name, ct.email,
       coalesce(CASE m.step WHEN 'returned' THEN rt.return_reason WHEN 'request' THEN q.reason END, '')::text AS reason
FROM claimed m
JOIN campaign c ON c.id = m.campaign_id
LEFT JOIN participant p ON p.campaign_id = m.campaign_id AND p.unit = m.unit -- who consolidates is none
LEFT JOIN round r ON r.id = m.round_id
LEFT JOIN calendar_day rolled ON rolled.calendar = m.calendar AND rolled.day = m.due_off
LEFT JOIN calendar_day due ON due.calendar = m.calendar AND (m.list OR m.role IN ('AdministeringBody', 'Office'))
      AND due.day = (m.due_at AT TIME ZONE c.time_zone)::date
LEFT JOIN calendar_day today ON today.calendar = due.calendar AND today.day = (m.now AT TIME ZONE c.time_zone)::date
LEFT JOIN request q ON q.round_id = m.round_id
LEFT JOIN LATERAL (SELECT u.name FROM roster_unit u WHERE u.code = m.recipient LIMIT 1) ru ON true
LEFT JOIN LATERAL (SELECT p.return_reason FROM report p WHERE p.obligation_id = m.obligation_id AND p.state = 'Returned'
                   ORDER BY p.version DESC LIMIT 1) rt ON m.step = 'returned'
JOIN contact ct ON ct.unit = m.recipient AND ct.role = CASE WHEN m.role = 'Leader' THEN 'Leader' ELSE 'FocalPoint' END
ORDER BY m.message_id, m.unit;

-- name: TurnAttempts :many
-- One commit of the ledger: what became of calls that have come back, and the attempts
-- that are about to be made; the messages of the two are never the same.
-- Ended: what a text said was said, also when its reason went while it was on its way;
-- a message that comes back to the outbox waits by the machine's clock.
-- Begun: only messages whose lease is ours for as long as a call may take, and whose
-- texts say nothing that has become untrue.
-- Every row is found by its primary key, said twice so that a plan made while a table is
-- small does not read all of it.
WITH ended AS MATERIALIZED (
    SELECT unnest(@ended_ids::bigint[]) AS id, unnest(@ended_claims::uuid[]) AS claim, unnest(@nos::int[]) AS no,
           unnest(@ended_ats::timestamptz[]) AS at, unnest(@outcomes::text[]) AS outcome, unnest(@responses::text[]) AS response,
           unnest(@states::text[]) AS state, unnest(@reasons::text[]) AS reason, unnest(@waits::float8[]) AS wait
), closed AS (
    UPDATE attempt a SET finished_at = clock_timestamp(), outcome = r.outcome, response = r.response
    FROM ended r WHERE a.message_id = ANY(@ended_ids) AND a.message_id = r.id AND a.no = r.no AND a.outcome IS NULL
    RETURNING a.message_id
), settled AS (
    UPDATE message SET state = r.state, tries = tries + 1, claim = NULL, lease_until = NULL,
        sent_at = CASE WHEN r.state = 'Sent' THEN r.at ELSE sent_at END,
        next_try_at = CASE WHEN r.state = 'Pending' THEN clock_timestamp() + make_interval(secs => r.wait) ELSE next_try_at END
    FROM ended r WHERE message.id = ANY(@ended_ids) AND message.id = r.id AND message.claim = r.claim
    RETURNING message.id, r.state, r.reason
), said AS (
    UPDATE notice n SET state = CASE m.state WHEN 'Sent' THEN 'Sent' ELSE 'Failed' END,
        reason = CASE WHEN m.state <> 'Sent' THEN m.reason WHEN n.state = 'Superseded' THEN '' ELSE n.reason END
    FROM settled m JOIN message_notice mn ON mn.message_id = m.id
    WHERE n.id = mn.notice_id AND mn.message_id = ANY(@ended_ids) AND m.state <> 'Pending'
      AND (m.state = 'Sent' AND n.id = ANY(@ended_notices::bigint[]) AND n.state IN ('Pending', 'Superseded')
           OR m.state <> 'Sent' AND n.state = 'Pending')
)
INSERT INTO attempt (message_id, no, claim, at)
SELECT m.id, m.tries + 1, m.claim, r.at
FROM (SELECT unnest(@ids::bigint[]) AS id, unnest(@claims::uuid[]) AS claim, unnest(@ats::timestamptz[]) AS at) r
JOIN message m ON m.id = ANY(@ids) AND m.id = r.id AND m.claim = r.claim
WHERE m.state = 'Claimed' AND m.lease_until > clock_timestamp() + sqlc.arg('call')::interval
  AND NOT EXISTS (SELECT FROM message_notice mn JOIN notice n ON n.id = mn.notice_id JOIN obligation o ON o.id = n.obligation_id
                  WHERE mn.message_id = m.id AND n.id = ANY(@notices::bigint[])
                    AND (n.state <> 'Pending' OR NOT n.informative AND o.state <> 'Owing'))
RETURNING message_id, no;

-- name: ReleaseClaim :exec
-- Nothing was sent: the message goes back as it was, to be read again.
UPDATE message SET state = 'Pending', claim = NULL, lease_until = NULL
WHERE id = ANY(@ids::bigint[]) AND claim = @claim::uuid AND state = 'Claimed';

-- name: EndLeases :execrows
-- Whoever knows that no dispatcher lives lets all leases run out at once.
UPDATE message SET lease_until = clock_timestamp() - interval '1 second' WHERE open AND state = 'Claimed';

-- name: RescueLeases :many
-- Leases that ran out. Without an open attempt nothing was sent; with one the
-- mail may have left: the attempt is listed as ambiguous, and the message is sent
-- again or left to a person.
WITH lost AS (
    SELECT m.id, m.tries - m.tries_before AS tries, EXISTS (SELECT FROM attempt a WHERE a.message_id = m.id AND a.outcome IS NULL) AS open
    FROM message m WHERE m.open AND m.state = 'Claimed' AND m.lease_until < clock_timestamp()
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
FROM judged WHERE m.id = judged.id
RETURNING m.id, judged.open;

-- name: ExpirePending :execrows
-- Messages on channels that are not configured wait, until they are stale, and so do
-- those that are held. A list goes when the last of its notices does, for whatever
-- reason; so does what is held, which no dispatcher reads again.
WITH stale AS (
    UPDATE notice n SET state = 'Expired', reason = 'PastNotAfter'
    FROM message_notice mn JOIN message m ON m.id = mn.message_id
    WHERE n.id = mn.notice_id AND n.state = 'Pending' AND m.open AND m.state = 'Pending' AND @now::timestamptz > n.not_after
      AND (m.held_at IS NOT NULL OR NOT m.channel = ANY(@channels::text[]))
    RETURNING mn.message_id, n.id
)
UPDATE message m SET state = CASE WHEN m.id IN (SELECT stale.message_id FROM stale) THEN 'Expired' ELSE 'Superseded' END
WHERE m.open AND m.state = 'Pending' AND (m.held_at IS NOT NULL OR NOT m.channel = ANY(@channels::text[]))
  AND (m.list OR m.held_at IS NOT NULL OR m.id IN (SELECT stale.message_id FROM stale))
  AND NOT EXISTS (SELECT FROM message_notice mn JOIN notice n ON n.id = mn.notice_id
                  WHERE mn.message_id = m.id AND n.state = 'Pending' AND n.id NOT IN (SELECT stale.id FROM stale));

-- name: NoteChannels :exec
-- What this dispatcher can send on. A row is written only when that changes.
INSERT INTO channel AS c (name, configured)
SELECT x.name, x.name = ANY(@configured::text[]) FROM unnest(@names::text[]) AS x(name)
ON CONFLICT (name) DO UPDATE SET configured = excluded.configured, since = clock_timestamp()
WHERE c.configured <> excluded.configured;
