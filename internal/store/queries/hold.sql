-- What the office does about messages that wait, or that came to nothing. An act locks its
-- messages first, by id, and their notices after, as dispatchers do; what it then does to
-- them are statements of their own, which see what is true behind the locks.

-- name: LockMessages :many
-- Those of a campaign in some states, by what they belong to; one that is named by its id
-- may also be in @named. A unit's are to it, or about it alone: a list about many is not
-- one unit's. A message that a dispatcher has just claimed is waited for, and is here as
-- it is then.
SELECT m.id, m.state, (m.held_at IS NOT NULL)::bool AS held FROM message m
WHERE m.campaign_id = @campaign_id AND (m.state = ANY(@states::text[]) OR m.id = @id::bigint AND m.state = ANY(@named::text[]))
  AND (@id = 0 OR m.id = @id) AND (@step::text = '' OR m.step = @step)
  AND (@round::text = '' OR m.round_id = (SELECT r.id FROM round r WHERE r.campaign_id = @campaign_id AND r.name = @round))
  AND (@unit::text = '' OR m.recipient = @unit OR NOT m.list AND m.id IN (SELECT mn.message_id FROM notice n
       JOIN message_notice mn ON mn.notice_id = n.id WHERE n.unit = @unit AND n.campaign_id = @campaign_id))
ORDER BY m.id FOR UPDATE OF m;

-- name: HoldMessages :exec
-- Not claimed from here on.
UPDATE message SET held_at = @now::timestamptz, why = @why WHERE id = ANY(@ids::bigint[]) AND held_at IS NULL;

-- name: ReleaseMessages :exec
-- Whether it is still to be said is asked when it is claimed.
UPDATE message SET held_at = NULL, why = '', waits_since = clock_timestamp() WHERE id = ANY(@ids::bigint[]);

-- name: CancelMessages :one
-- Never sent. A notice that another message may still bring stays.
WITH cancelled AS (
    UPDATE message SET state = 'Cancelled', why = @why WHERE message.id = ANY(@ids::bigint[])
), silenced AS (
    UPDATE notice SET state = 'Superseded', reason = 'MessageCancelled'
    WHERE notice.id IN (SELECT mn.notice_id FROM message_notice mn WHERE mn.message_id = ANY(@ids)) AND notice.state = 'Pending'
      AND NOT EXISTS (SELECT FROM message_notice mn JOIN message o ON o.id = mn.message_id
                      WHERE mn.notice_id = notice.id AND o.open AND NOT o.id = ANY(@ids))
    RETURNING notice.id
)
SELECT count(*)::bigint AS notices FROM silenced;

-- name: ResendMessages :many
-- Messages that came to nothing are put back, those of which something is still to be
-- said; the rest are counted by what is against each.
WITH judged AS MATERIALIZED (
    SELECT m.id AS message_id, n.id AS notice_id,
           CASE WHEN n.state <> 'Failed' THEN 'Said'
                WHEN NOT n.informative AND o.state NOT IN ('Owing', 'Informed') THEN o.state
                WHEN NOT n.informative AND n.deadline_no <> o.deadline_no AND n.step NOT IN ('request', 'returned') THEN 'DeadlineMoved'
                WHEN @now::timestamptz > n.not_after THEN 'PastNotAfter'
                WHEN k.unit IS NULL THEN 'NoContact' ELSE '' END AS against
    FROM message m
    JOIN message_notice mn ON mn.message_id = m.id
    JOIN notice n ON n.id = mn.notice_id
    JOIN obligation o ON o.id = n.obligation_id
    LEFT JOIN contact k ON k.unit = m.recipient AND k.role = CASE WHEN m.role = 'Leader' THEN 'Leader' ELSE 'FocalPoint' END
    WHERE m.id = ANY(@ids::bigint[])
), again AS (
    UPDATE notice SET state = 'Pending', reason = coalesce(pending_reason, ''), ended_at = NULL, pending_reason = NULL
    FROM judged j WHERE notice.id = j.notice_id AND j.against = ''
), put_back AS (
    UPDATE message SET state = 'Pending', held_at = NULL, why = '', tries_before = tries, ended_at = NULL,
        next_try_at = clock_timestamp(), waits_since = clock_timestamp()
    WHERE message.id IN (SELECT j.message_id FROM judged j WHERE j.against = '')
)
SELECT v.against::text AS against, count(*)::bigint AS messages
FROM (SELECT CASE WHEN bool_or(j.against = '') THEN '' ELSE min(j.against) END AS against FROM judged j GROUP BY j.message_id) v
GROUP BY v.against ORDER BY v.against;

-- name: MessageState :one
-- What has become of one message, for whoever named it in vain.
SELECT (CASE WHEN m.state = 'Pending' AND m.held_at IS NOT NULL THEN 'Held' ELSE m.state END)::text AS state
FROM message m WHERE m.id = @id AND m.campaign_id = @campaign_id;
