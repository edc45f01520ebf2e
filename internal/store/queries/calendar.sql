-- What a changed calendar does to campaigns that run. The caller holds the campaign;
-- obligations are locked after it, each by the one statement that changes it.

-- name: RollDeadlines :one
-- A deadline to come that falls on a day which has become a day off ends with the next
-- working day (Civil Code 2015 art. 148): a new deadline number, the foot of the ladder,
-- and the notices of the old one that have not left are superseded with it. What has
-- passed stands, as does what an act has said, and no deadline comes earlier than it was
-- promised.
WITH moved AS (
    UPDATE obligation o SET due_at = ((d.day + (o.due_at AT TIME ZONE @time_zone::text)::time) AT TIME ZONE @time_zone::text),
        due_by = 'Calendar', due_off = coalesce(o.due_off, c.day), deadline_no = o.deadline_no + 1, ladder_from = @now::timestamptz,
        step_seq = NULL, step_at = NULL, next_seq = NULL, next_at = NULL
    FROM calendar_day c
    JOIN calendar_day d ON d.calendar = c.calendar AND d.working AND d.number = c.number + 1
    WHERE o.campaign_id = @campaign_id AND o.state = 'Owing' AND o.calendar = @calendar AND o.due_at > @now
      AND o.round_id IS NOT NULL AND NOT o.round_id = ANY(@fixed::bigint[])
      AND o.due_by IN ('Opening', 'Calendar', 'Pause')
      AND c.calendar = o.calendar AND c.day = (o.due_at AT TIME ZONE @time_zone)::date AND c.day = ANY(@newly_off::date[])
    RETURNING o.id
), planned AS (
    UPDATE round_due rd SET due_at = ((d.day + (rd.due_at AT TIME ZONE @time_zone)::time) AT TIME ZONE @time_zone),
        due_off = coalesce(rd.due_off, c.day)
    FROM round r, calendar_day c
    JOIN calendar_day d ON d.calendar = c.calendar AND d.working AND d.number = c.number + 1
    WHERE r.campaign_id = @campaign_id AND r.state = 'Open' AND NOT r.id = ANY(@fixed)
      AND rd.round_id = r.id AND rd.calendar = @calendar AND rd.due_at > @now
      AND c.calendar = rd.calendar AND c.day = (rd.due_at AT TIME ZONE @time_zone)::date AND c.day = ANY(@newly_off)
    RETURNING 1
), superseded AS (
    UPDATE notice n SET state = 'Superseded', reason = 'DeadlineMoved'
    FROM moved m WHERE n.obligation_id = m.id AND n.state = 'Pending' AND NOT n.informative
      AND n.step NOT IN ('request', 'returned') -- an act's own words: they go with the new date
    RETURNING n.id
), unsaid AS ( -- as DropUnsaid
    UPDATE message SET state = 'Superseded'
    WHERE message.id IN (SELECT m.id FROM superseded s JOIN message_notice mn ON mn.notice_id = s.id JOIN message m ON m.id = mn.message_id
                         WHERE m.state = 'Pending' AND NOT m.list FOR UPDATE OF m SKIP LOCKED)
)
SELECT (SELECT count(*) FROM moved)::bigint AS moved, (SELECT count(*) FROM planned)::bigint AS planned,
       (SELECT count(*) FROM superseded)::bigint AS superseded;

-- name: RefreshRungs :exec
-- The ladder's instants by the changed calendar, for every deadline that is still owed
-- in it: as InsertRungs, over those that are there.
INSERT INTO rung (campaign_id, calendar, due_at, seq, at, not_after)
SELECT i.campaign_id, i.calendar, i.due_at, i.seq, i.at,
       CASE WHEN i.at < i.due_at THEN i.due_at
            ELSE lead(i.at) OVER (PARTITION BY i.due_at ORDER BY i.seq) END
FROM (
    SELECT t.campaign_id, t.calendar, t.due_at, s.seq,
           ((d.day + s.at_time) AT TIME ZONE @time_zone::text) AS at
    FROM (SELECT DISTINCT o.campaign_id, o.calendar, o.due_at FROM obligation o
          WHERE o.campaign_id = @campaign_id AND o.calendar = @calendar AND o.state = 'Owing'
            AND o.round_id IS NOT NULL AND o.due_at IS NOT NULL) t
    JOIN calendar_day c ON c.calendar = t.calendar AND c.day = (t.due_at AT TIME ZONE @time_zone::text)::date
    JOIN ladder_step s ON s.campaign_id = t.campaign_id
    JOIN calendar_day d ON d.calendar = t.calendar AND d.working
     AND d.number = c.number + s.offset_days + (CASE WHEN NOT c.working AND s.offset_days <= 0 THEN 1 ELSE 0 END)
) i
ON CONFLICT (campaign_id, calendar, due_at, seq) DO UPDATE SET at = excluded.at, not_after = excluded.not_after
WHERE (rung.at, rung.not_after) IS DISTINCT FROM (excluded.at, excluded.not_after);

-- name: FollowRungs :execrows
-- Whoever has steps before them climbs by the new instants; steps that were climbed are
-- not climbed again. A step that comes to lie before the act that the ladder counts from
-- was to be heard after it, so it is late and not left out.
UPDATE obligation o SET next_at = g.at,
    ladder_from = CASE WHEN o.next_at >= o.ladder_from THEN least(o.ladder_from, g.at) ELSE o.ladder_from END
FROM rung g
WHERE o.campaign_id = @campaign_id AND o.calendar = @calendar AND o.state = 'Owing' AND o.round_id IS NOT NULL
  AND g.campaign_id = o.campaign_id AND g.calendar = o.calendar AND g.due_at = o.due_at AND g.seq = o.next_seq
  AND o.next_at <> g.at;
