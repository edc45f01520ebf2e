-- name: UpsertRound :one
-- A round that has opened keeps its instants; a planned one follows the plan.
INSERT INTO round (campaign_id, name, kind, series, period, seq, opens_at, data_from, data_to, consolidation_at, closes_at, approval)
VALUES (@campaign_id, @name, @kind, @series, @period, @seq, @opens_at, @data_from, @data_to, @consolidation_at, @closes_at, @approval)
ON CONFLICT (campaign_id, name) DO UPDATE SET seq = excluded.seq, opens_at = excluded.opens_at,
    data_from = excluded.data_from, data_to = excluded.data_to, consolidation_at = excluded.consolidation_at,
    closes_at = excluded.closes_at, approval = excluded.approval
WHERE round.state = 'Planned'
RETURNING id;

-- name: ReplaceRoundDue :exec
INSERT INTO round_due (round_id, calendar, due_at, due_off) VALUES (@round_id, @calendar, @due_at, @due_off)
ON CONFLICT (round_id, calendar) DO UPDATE SET due_at = excluded.due_at, due_off = excluded.due_off;

-- name: DropPlannedRounds :exec
-- Rounds that a new plan no longer has.
DELETE FROM round WHERE campaign_id = @campaign_id AND state = 'Planned' AND NOT name = ANY(@keep::text[]);

-- name: RoundsOf :many
SELECT * FROM round WHERE campaign_id = @campaign_id ORDER BY opens_at, seq;

-- name: RoundForUpdate :one
SELECT * FROM round WHERE campaign_id = @campaign_id AND name = @name FOR UPDATE;

-- name: RoundByName :one
SELECT * FROM round WHERE campaign_id = @campaign_id AND name = @name;

-- name: OpenRound :exec
UPDATE round SET state = 'Open', opened_at = @now::timestamptz WHERE id = @id AND state = 'Planned';

-- name: OwingIn :many
-- What is owed in a round, for the statements that follow: they are told which
-- obligations by key, so that one of thousands costs what it would alone.
SELECT id FROM obligation WHERE round_id = @round_id AND state = 'Owing' ORDER BY id;

-- name: OwingOf :many
-- What one unit owes in a round: its report, and what it puts together of others'.
SELECT id FROM obligation
WHERE campaign_id = @campaign_id AND kind IN ('Registration', 'Report', 'Consolidation') AND subject = @round AND owner = @owner
  AND state = 'Owing'
ORDER BY id;

-- name: InsertRungs :exec
-- The ladder's instants for every deadline that these obligations have, if they are
-- owing, and that is not there yet. T±k is the day that carries the
-- working-day number of T plus k; a day off carries the number of the last
-- working day, so before it one is added (Civil Code 2015 art. 147-148).
INSERT INTO rung (campaign_id, calendar, due_at, seq, at, not_after)
SELECT i.campaign_id, i.calendar, i.due_at, i.seq, i.at,
       CASE WHEN i.at < i.due_at THEN i.due_at
            ELSE lead(i.at) OVER (PARTITION BY i.calendar, i.due_at ORDER BY i.seq) END
FROM (
    SELECT t.campaign_id, t.calendar, t.due_at, s.seq,
           ((d.day + s.at_time) AT TIME ZONE @time_zone::text) AS at
    FROM (SELECT DISTINCT o.campaign_id, o.calendar, o.due_at FROM obligation o
          WHERE o.id = ANY(@obligations::bigint[]) AND o.state = 'Owing' AND o.next_seq IS NULL AND o.step_seq IS NULL
            AND o.due_at IS NOT NULL) t
    JOIN calendar_day c ON c.calendar = t.calendar AND c.day = (t.due_at AT TIME ZONE @time_zone::text)::date
    JOIN ladder_step s ON s.campaign_id = t.campaign_id
    JOIN calendar_day d ON d.calendar = t.calendar AND d.working
     AND d.number = c.number + s.offset_days + (CASE WHEN NOT c.working AND s.offset_days <= 0 THEN 1 ELSE 0 END)
) i
ON CONFLICT (campaign_id, calendar, due_at, seq) DO NOTHING;

-- name: OpenObligations :execrows
-- One obligation for every participant, each due in its own calendar; where the
-- plan has none for it (the roster has changed since the launch), on the latest
-- deadline of the round: nobody is left out in silence. The first step is the
-- ladder's first; steps before @ladder_from are recorded as skipped when they
-- are climbed. A request asks those that it names.
INSERT INTO obligation (campaign_id, round_id, kind, subject, owner, holder, calendar, state, due_at, due_off, ladder_from, opened_at)
SELECT p.campaign_id, r.id, r.kind, r.name, p.unit, 'FocalPoint', p.calendar, 'Owing', coalesce(d.due_at, l.due_at), d.due_off,
       @ladder_from::timestamptz, @now::timestamptz
FROM round r
JOIN participant p ON p.campaign_id = r.campaign_id
CROSS JOIN (SELECT max(due_at) AS due_at FROM round_due WHERE round_due.round_id = @round_id) l
LEFT JOIN round_due d ON d.round_id = r.id AND d.calendar = p.calendar
LEFT JOIN request q ON q.round_id = r.id
WHERE r.id = @round_id AND (q.round_id IS NULL OR cardinality(q.units) = 0 OR p.unit = ANY(q.units))
ORDER BY p.unit
ON CONFLICT DO NOTHING;

-- name: OpenConsolidations :execrows
-- Every body that the participants report to owes the consolidation of the round,
-- the office where a roster names none; due in the campaign's own calendar.
INSERT INTO obligation (campaign_id, round_id, kind, subject, owner, holder, calendar, state, due_at, ladder_from, opened_at)
SELECT r.campaign_id, r.id, 'Consolidation', r.name, b.body, 'FocalPoint', @calendar::text, 'Owing', r.consolidation_at,
       @ladder_from::timestamptz, @now::timestamptz
FROM round r
CROSS JOIN LATERAL (SELECT DISTINCT coalesce(nullif(p.collects_to, ''), @office::text) AS body
                    FROM participant p WHERE p.campaign_id = r.campaign_id) b
WHERE r.id = @round_id AND r.consolidation_at IS NOT NULL
ORDER BY b.body
ON CONFLICT DO NOTHING;

-- name: StartClimb :execrows
-- Puts those of these obligations that have no next step yet at the foot of the ladder.
UPDATE obligation o SET next_seq = g.seq, next_at = g.at
FROM rung g
WHERE o.id = ANY(@obligations::bigint[]) AND o.state = 'Owing' AND o.next_seq IS NULL AND o.step_seq IS NULL
  AND g.campaign_id = o.campaign_id AND g.calendar = o.calendar AND g.due_at = o.due_at AND g.seq = 1;

-- name: ClimbLadder :one
-- The ladder, in one statement for all units of a round: whoever still owes and
-- has reached the next step moves up, then the notices, messages and letters of
-- that step are written. The update comes first: the other order would remind a
-- unit whose report commits meanwhile. The steps of who consolidates are called
-- consolidation/STEP: a round's prepare is about its units alone.
-- Locks: obligations through obligation_climb; the caller shares the campaign
-- and holds the round, so two climbs of one round never meet.
WITH due AS (
    UPDATE obligation o
    SET step_seq = o.next_seq, step_at = o.next_at, next_seq = n.seq, next_at = n.at
    FROM obligation cur
    LEFT JOIN rung n ON n.campaign_id = cur.campaign_id AND n.calendar = cur.calendar
                    AND n.due_at = cur.due_at AND n.seq = cur.next_seq + 1
    WHERE cur.id = o.id AND o.round_id = @round_id AND o.state = 'Owing' AND o.next_at <= @now::timestamptz
    RETURNING o.id, o.campaign_id, o.round_id, o.kind, o.owner, o.holder, o.calendar, o.due_at, o.deadline_no,
              o.ladder_from, o.step_seq, o.step_at, o.next_at
), target AS (
    SELECT d.id, d.campaign_id, d.round_id, d.owner, d.deadline_no, d.ladder_from, d.step_seq, d.step_at, d.next_at,
           CASE d.kind WHEN 'Consolidation' THEN 'consolidation/' ELSE '' END || s.step AS step, s.catch_up, s.task,
           coalesce(g.not_after, @closes_at::timestamptz) AS not_after,
           CASE WHEN t.role = 'Holder' THEN d.holder ELSE t.role END AS role,
           CASE t.role WHEN 'AdministeringBody' THEN coalesce(p.administered_by, '') WHEN 'Office' THEN @office::text
                       ELSE d.owner END AS recipient
    FROM due d
    JOIN ladder_step s ON s.campaign_id = d.campaign_id AND s.seq = d.step_seq
    LEFT JOIN participant p ON p.campaign_id = d.campaign_id AND p.unit = d.owner
    LEFT JOIN rung g ON g.campaign_id = d.campaign_id AND g.calendar = d.calendar AND g.due_at = d.due_at AND g.seq = d.step_seq
    CROSS JOIN LATERAL unnest(s.roles) AS t(role)
    -- Who consolidates is reminded like any unit; letters and lists are about units.
    WHERE d.kind <> 'Consolidation' OR s.task = '' AND NOT s.gather
), fresh AS (
    INSERT INTO notice (campaign_id, round_id, obligation_id, unit, deadline_no, step, role, recipient, instant,
                        not_after, state, reason, recorded_at)
    SELECT t.campaign_id, t.round_id, t.id, t.owner, t.deadline_no, t.step, t.role, t.recipient, t.step_at, t.not_after,
           CASE WHEN t.step_at < t.ladder_from THEN 'Skipped'
                WHEN late.is AND t.catch_up = 'Skip' THEN 'Skipped'
                WHEN late.is AND t.catch_up = 'Merge' AND t.next_at <= @now THEN 'Merged'
                WHEN t.step_at >= @closes_at OR t.task = '' AND @now > t.not_after THEN 'Expired'
                WHEN t.task <> '' THEN 'Tasked'
                WHEN c.email IS NULL THEN 'NoRecipient'
                ELSE 'Pending' END,
           CASE WHEN t.step_at < t.ladder_from THEN 'BeforeAct'
                WHEN late.is AND t.catch_up = 'Skip' THEN 'MissedSkip'
                WHEN late.is AND t.catch_up = 'Merge' AND t.next_at <= @now THEN 'MissedMerge'
                WHEN t.step_at >= @closes_at OR t.task = '' AND @now > t.not_after THEN 'PastNotAfter'
                WHEN t.task <> '' THEN ''
                WHEN t.recipient = '' THEN 'NoBody'
                WHEN c.email IS NULL THEN 'NoContact'
                WHEN late.is THEN 'MissedSend'
                ELSE '' END,
           @now
    FROM target t
    CROSS JOIN LATERAL (SELECT @now > t.step_at + interval '10 minutes' AS is) late
    LEFT JOIN contact c ON c.unit = t.recipient
     AND c.role = CASE WHEN t.role = 'Leader' THEN 'Leader' ELSE 'FocalPoint' END
    ON CONFLICT DO NOTHING
    RETURNING id, campaign_id, round_id, obligation_id, unit, deadline_no, step, role, recipient, instant, state
), outgoing AS (
    SELECT f.id AS notice_id, f.campaign_id, f.round_id, f.step, f.role, f.recipient, f.instant, ch.channel, s.gather,
           CASE WHEN s.gather THEN 'list.' || min(f.id) OVER (PARTITION BY f.role, f.recipient, f.step, f.instant)
                ELSE 'notice.' || f.id END AS batch
    FROM fresh f
    JOIN ladder_step s ON s.campaign_id = f.campaign_id AND s.step = split_part(f.step, '/', -1)
    CROSS JOIN LATERAL unnest(s.channels) AS ch(channel)
    WHERE f.state = 'Pending'
), written AS (
    INSERT INTO message (campaign_id, round_id, step, channel, role, recipient, batch, list, not_before)
    SELECT o.campaign_id, o.round_id, o.step, o.channel, o.role, o.recipient, o.batch, o.gather, o.instant
    FROM outgoing o
    GROUP BY o.campaign_id, o.round_id, o.step, o.channel, o.role, o.recipient, o.batch, o.gather, o.instant
    ORDER BY min(o.notice_id)
    RETURNING id, role, recipient, channel, batch
), linked AS (
    INSERT INTO message_notice (message_id, notice_id)
    SELECT w.id, o.notice_id FROM outgoing o
    JOIN written w ON (w.role, w.recipient, w.channel, w.batch) = (o.role, o.recipient, o.channel, o.batch)
    RETURNING 1
), drafted AS (
    INSERT INTO letter (campaign_id, round_id, notice_id, obligation_id, unit, drafted_at)
    SELECT f.campaign_id, f.round_id, f.id, f.obligation_id, f.unit, @now FROM fresh f
    WHERE f.state = 'Tasked'
    RETURNING 1
)
SELECT (SELECT count(*) FROM due)::bigint AS climbed,
       (SELECT count(*) FROM fresh)::bigint AS notices,
       (SELECT count(*) FROM written)::bigint AS messages,
       (SELECT count(*) FROM linked)::bigint AS links,
       (SELECT count(*) FROM drafted)::bigint AS letters;

-- name: NextClimb :one
-- When somebody of the round reaches the next step; null when nobody will.
SELECT min(next_at)::timestamptz AS at FROM obligation
WHERE round_id = @round_id AND state = 'Owing' AND next_at IS NOT NULL
HAVING min(next_at) IS NOT NULL;

-- name: NextNews :one
-- When the first of these, whose deadline has just moved, hears of it. The steps before
-- are recorded as skipped on the way and need no look of their own.
SELECT min(g.at)::timestamptz AS at
FROM obligation o
JOIN rung g ON g.campaign_id = o.campaign_id AND g.calendar = o.calendar AND g.due_at = o.due_at AND g.at >= o.ladder_from
WHERE o.id = ANY(@obligations::bigint[]) AND o.state = 'Owing' AND o.ladder_from = @now::timestamptz
HAVING min(g.at) IS NOT NULL;

-- name: CloseObligations :execrows
-- What has not arrived by the close lapses. An approval that committed
-- meanwhile has settled its obligation and is not touched.
UPDATE obligation SET state = 'Lapsed', lapsed_at = r.closes_at, next_seq = NULL, next_at = NULL
FROM round r
WHERE r.id = @round_id AND obligation.round_id = r.id AND obligation.state = 'Owing';

-- name: SupersedeRoundNotices :exec
-- Reminders of a closed round are not sent any more. As DropUnsaid, with lists:
-- all that a list carries is of one round.
WITH silenced AS (
    UPDATE notice SET state = 'Superseded', reason = 'RoundClosed'
    WHERE notice.round_id = @round_id AND notice.state = 'Pending' AND NOT informative
    RETURNING notice.id
)
UPDATE message SET state = 'Superseded'
WHERE message.id IN (SELECT m.id FROM silenced s JOIN message_notice mn ON mn.notice_id = s.id JOIN message m ON m.id = mn.message_id
                     WHERE m.state = 'Pending' FOR UPDATE OF m SKIP LOCKED);

-- name: CloseRound :exec
UPDATE round SET state = 'Closed', closed_at = @now::timestamptz WHERE id = @id;

-- name: ReopenRound :execrows
UPDATE round SET state = 'Open', closed_at = NULL, expected = NULL, on_time = NULL, late = NULL, missing = NULL
WHERE id = @id AND state = 'Closed';

-- name: CountRound :exec
-- The counts of a closed round; again when a report is recorded that had come in time.
UPDATE round r SET expected = c.expected, on_time = c.on_time, late = c.late, missing = c.missing
FROM (SELECT count(*) AS expected,
             count(*) FILTER (WHERE o.state = 'Settled' AND o.received_at <= o.due_at) AS on_time,
             count(*) FILTER (WHERE o.state = 'Settled' AND o.received_at > o.due_at) AS late,
             count(*) FILTER (WHERE o.state = 'Lapsed') AS missing
      FROM obligation o WHERE o.round_id = @id AND o.kind IN ('Registration', 'Report')) c
WHERE r.id = @id AND r.state = 'Closed';

-- name: RoundDues :many
-- The deadlines of a round, by calendar.
SELECT calendar, due_at FROM round_due WHERE round_id = @round_id ORDER BY calendar;

-- name: CountOwed :one
-- What was opened in a round: reports or registrations, and consolidations.
SELECT count(*) FILTER (WHERE kind <> 'Consolidation')::int AS units, count(*) FILTER (WHERE kind = 'Consolidation')::int AS bodies
FROM obligation WHERE round_id = @round_id AND kind IN ('Registration', 'Report', 'Consolidation');

-- name: DigestOfRound :one
-- Who owed what in a closed round, and what became of it, as one hash; package verify
-- computes the same from the rows.
SELECT encode(sha256(convert_to(coalesce(string_agg(concat_ws(E'\t', o.kind, o.owner, o.state,
       coalesce((extract(epoch FROM o.due_at) * 1000000)::bigint::text, ''),
       coalesce((extract(epoch FROM o.received_at) * 1000000)::bigint::text, '')), E'\n' ORDER BY o.owner COLLATE "C"), ''), 'UTF8')), 'hex')::text AS digest
FROM obligation o WHERE o.round_id = @round_id AND o.kind IN ('Registration', 'Report');

-- name: MoveDeadline :many
-- Extends those of these obligations that are still owed and due earlier. A new deadline is a new
-- number, and the notices of the old one that have not left are superseded with it, as
-- are letters about it that nobody has signed.
WITH moved AS (
    UPDATE obligation o SET due_at = @due_at, due_by = 'Extended', due_off = NULL, deadline_no = o.deadline_no + 1, ladder_from = @now::timestamptz,
        step_seq = NULL, step_at = NULL, next_seq = NULL, next_at = NULL
    WHERE o.id = ANY(@obligations::bigint[]) AND o.state = 'Owing' AND o.due_at < @due_at
    RETURNING o.id
), superseded AS (
    UPDATE notice n SET state = 'Superseded', reason = 'DeadlineMoved'
    FROM moved m WHERE n.obligation_id = m.id AND n.state = 'Pending' AND NOT n.informative
      AND n.step NOT IN ('request', 'returned') -- an act's own words: they go with the new date
    RETURNING n.id
), unsaid AS ( -- as DropUnsaid
    UPDATE message SET state = 'Superseded'
    WHERE message.id IN (SELECT m.id FROM superseded s JOIN message_notice mn ON mn.notice_id = s.id JOIN message m ON m.id = mn.message_id
                         WHERE m.state = 'Pending' AND NOT m.list FOR UPDATE OF m SKIP LOCKED)
), withdrawn AS (
    UPDATE letter l SET state = 'Withdrawn' FROM moved m WHERE l.obligation_id = m.id AND l.state = 'Drafted'
)
SELECT m.id, (SELECT count(*) FROM superseded)::bigint AS superseded FROM moved m ORDER BY m.id;

-- name: ShiftDeadlines :execrows
-- resume --deadlines=shift: every open deadline moves by as many working days
-- of its own calendar as the pause had.
WITH pause AS (
    SELECT sqlc.arg('time_zone')::text AS zone, sqlc.arg('paused_at')::timestamptz AS began, sqlc.arg('now')::timestamptz AS ended
), moved AS (
    UPDATE obligation o SET due_at = ((d.day + (o.due_at AT TIME ZONE z.zone)::time) AT TIME ZONE z.zone),
        due_by = 'Pause', due_off = NULL, deadline_no = o.deadline_no + 1, ladder_from = z.ended,
        step_seq = NULL, step_at = NULL, next_seq = NULL, next_at = NULL
    FROM pause z, calendar_day c, calendar_day b, calendar_day e, calendar_day d
    WHERE o.campaign_id = @campaign_id AND o.state = 'Owing' AND o.due_at IS NOT NULL
      AND c.calendar = o.calendar AND c.day = (o.due_at AT TIME ZONE z.zone)::date
      AND b.calendar = o.calendar AND b.day = (z.began AT TIME ZONE z.zone)::date
      AND e.calendar = o.calendar AND e.day = (z.ended AT TIME ZONE z.zone)::date
      AND d.calendar = o.calendar AND d.working AND d.number = c.number + (e.number - b.number)
      AND e.number > b.number
    RETURNING o.id
), superseded AS (
    UPDATE notice n SET state = 'Superseded', reason = 'DeadlineMoved'
    FROM moved m WHERE n.obligation_id = m.id AND n.state = 'Pending' AND NOT n.informative
      AND n.step NOT IN ('request', 'returned') -- an act's own words: they go with the new date
    RETURNING n.id
), unsaid AS ( -- as DropUnsaid
    UPDATE message SET state = 'Superseded'
    WHERE message.id IN (SELECT m.id FROM superseded s JOIN message_notice mn ON mn.notice_id = s.id JOIN message m ON m.id = mn.message_id
                         WHERE m.state = 'Pending' AND NOT m.list FOR UPDATE OF m SKIP LOCKED)
), withdrawn AS (
    UPDATE letter l SET state = 'Withdrawn' FROM moved m WHERE l.obligation_id = m.id AND l.state = 'Drafted'
)
SELECT m.id FROM moved m;

-- name: StretchRound :exec
-- A round stays open for @days working days after the latest deadline: of these
-- obligations, as it does already for the others.
UPDATE round r SET closes_at = l.at
FROM (SELECT max((d.day + (o.due_at AT TIME ZONE @time_zone::text)::time) AT TIME ZONE @time_zone::text) AS at
      FROM (SELECT DISTINCT calendar, due_at FROM obligation WHERE id = ANY(@obligations::bigint[]) AND state = 'Owing') o
      JOIN calendar_day c ON c.calendar = o.calendar AND c.day = (o.due_at AT TIME ZONE @time_zone::text)::date
      JOIN calendar_day d ON d.calendar = o.calendar AND d.working AND d.number = c.number + @days::int) l
WHERE r.id = @id AND r.state = 'Open' AND l.at > r.closes_at;

-- name: InsertRequest :exec
INSERT INTO request (round_id, title, sections, units, reason, asked_at)
VALUES (@round_id, @title, @sections, @units, @reason, @asked_at);

-- name: InsertRequestedRound :one
-- Open from the start: it is asked for by an act, not by the plan.
INSERT INTO round (campaign_id, name, kind, series, period, seq, opens_at, closes_at, approval, state, opened_at)
VALUES (@campaign_id, @name, 'Report', @series, @period, 0, @now::timestamptz, @closes_at, @approval, 'Open', @now)
RETURNING id;

-- name: NotParticipants :many
-- Those of @units that take no part.
SELECT u.code::text FROM unnest(@units::text[]) AS u(code)
WHERE NOT EXISTS (SELECT FROM participant p WHERE p.campaign_id = @campaign_id AND p.unit = u.code)
ORDER BY 1;

-- name: RequestOf :one
SELECT * FROM request WHERE round_id = @round_id;

-- name: RequestTitles :many
SELECT r.campaign_id, r.period, q.title FROM request q JOIN round r ON r.id = q.round_id
WHERE @campaign_id::bigint = 0 OR r.campaign_id = @campaign_id
ORDER BY r.campaign_id, r.period;

-- name: Tell :one
-- A notice outside the ladder to the focal point of one unit that owes in a round, or
-- with @owner empty of all of them.
WITH fresh AS (
    INSERT INTO notice (campaign_id, round_id, obligation_id, unit, deadline_no, step, role, recipient, instant,
                        not_after, informative, state, reason, recorded_at)
    SELECT o.campaign_id, o.round_id, o.id, o.owner, o.deadline_no, @step::text, 'FocalPoint', o.owner, @now::timestamptz,
           NULL, false, CASE WHEN c.email IS NULL THEN 'NoRecipient' ELSE 'Pending' END,
           CASE WHEN c.email IS NULL THEN 'NoContact' ELSE '' END, @now
    FROM obligation o LEFT JOIN contact c ON c.unit = o.owner AND c.role = 'FocalPoint'
    WHERE o.round_id = @round_id AND o.state = 'Owing' AND (@owner::text = '' OR o.owner = @owner)
    ORDER BY o.id
    ON CONFLICT DO NOTHING
    RETURNING id, campaign_id, round_id, step, role, recipient, instant, state
), written AS (
    INSERT INTO message (campaign_id, round_id, step, channel, role, recipient, batch, list, not_before)
    SELECT f.campaign_id, f.round_id, f.step, 'email', f.role, f.recipient, 'notice.' || f.id, false, f.instant
    FROM fresh f WHERE f.state = 'Pending' ORDER BY f.id
    RETURNING id, batch
), linked AS (
    INSERT INTO message_notice (message_id, notice_id)
    SELECT w.id, f.id FROM fresh f JOIN written w ON w.batch = 'notice.' || f.id
    RETURNING 1
)
SELECT (SELECT count(*) FROM fresh)::bigint AS notices, (SELECT count(*) FROM written)::bigint AS messages,
       (SELECT count(*) FROM linked)::bigint AS links;

-- name: OpenRoundsOf :many
SELECT id, name FROM round WHERE campaign_id = @campaign_id AND state = 'Open' ORDER BY id;

-- name: Inform :one
-- Invitations: to the launch, to the ceremony. They owe nothing, and are as
-- true after a unit has registered as before.
WITH told AS (
    INSERT INTO obligation (campaign_id, round_id, kind, subject, owner, holder, calendar, state, due_at, ladder_from, opened_at)
    SELECT p.campaign_id, sqlc.narg('round_id')::bigint, 'Invitation', @step::text, p.unit, 'FocalPoint', p.calendar, 'Informed',
           sqlc.narg('due_at')::timestamptz, @now::timestamptz, @now
    FROM participant p WHERE p.campaign_id = @campaign_id
    ORDER BY p.unit
    ON CONFLICT DO NOTHING
    RETURNING id, campaign_id, round_id, owner, deadline_no
), fresh AS (
    INSERT INTO notice (campaign_id, round_id, obligation_id, unit, deadline_no, step, role, recipient, instant,
                        not_after, informative, state, reason, recorded_at)
    SELECT t.campaign_id, t.round_id, t.id, t.owner, t.deadline_no, @step, 'FocalPoint', t.owner, @instant::timestamptz,
           sqlc.narg('not_after')::timestamptz, true,
           CASE WHEN @instant < @acted_at::timestamptz THEN 'Skipped'
                WHEN @now > sqlc.narg('not_after') THEN 'Expired'
                WHEN c.email IS NULL THEN 'NoRecipient' ELSE 'Pending' END,
           CASE WHEN @instant < @acted_at THEN 'BeforeAct'
                WHEN @now > sqlc.narg('not_after') THEN 'PastNotAfter'
                WHEN c.email IS NULL THEN 'NoContact' ELSE '' END, @now
    FROM told t LEFT JOIN contact c ON c.unit = t.owner AND c.role = 'FocalPoint'
    ON CONFLICT DO NOTHING
    RETURNING id, campaign_id, round_id, step, role, recipient, instant, state
), written AS (
    INSERT INTO message (campaign_id, round_id, step, channel, role, recipient, batch, list, not_before)
    SELECT f.campaign_id, f.round_id, f.step, 'email', f.role, f.recipient, 'notice.' || f.id, false, f.instant
    FROM fresh f WHERE f.state = 'Pending' ORDER BY f.id
    RETURNING id, batch
), linked AS (
    INSERT INTO message_notice (message_id, notice_id)
    SELECT w.id, f.id FROM fresh f JOIN written w ON w.batch = 'notice.' || f.id
    RETURNING 1
)
SELECT (SELECT count(*) FROM fresh)::bigint AS notices, (SELECT count(*) FROM written)::bigint AS messages,
       (SELECT count(*) FROM linked)::bigint AS links;

-- name: AskForDays :one
-- What the office is told of a calendar that ends too soon. It owes nothing by that: the
-- year's notice may come from elsewhere.
WITH told AS (
    INSERT INTO obligation (campaign_id, kind, subject, owner, holder, calendar, state, due_at, ladder_from, opened_at)
    VALUES (@campaign_id::bigint, 'Invitation', @subject::text, @office::text, 'Office', @calendar::text, 'Informed',
            @due_at::timestamptz, @now::timestamptz, @now)
    ON CONFLICT DO NOTHING
    RETURNING id, campaign_id, owner, deadline_no, due_at
), fresh AS (
    INSERT INTO notice (campaign_id, obligation_id, unit, deadline_no, step, role, recipient, instant, not_after, informative, state, reason, recorded_at)
    SELECT t.campaign_id, t.id, t.owner, t.deadline_no, @step::text, 'Office', t.owner, @now, t.due_at, true,
           CASE WHEN c.email IS NULL THEN 'NoRecipient' ELSE 'Pending' END, CASE WHEN c.email IS NULL THEN 'NoContact' ELSE '' END, @now
    FROM told t LEFT JOIN contact c ON c.unit = t.owner AND c.role = 'FocalPoint'
    RETURNING id, campaign_id, step, role, recipient, instant, state
), written AS (
    INSERT INTO message (campaign_id, step, channel, role, recipient, batch, list, not_before)
    SELECT f.campaign_id, f.step, 'email', f.role, f.recipient, 'notice.' || f.id, false, f.instant FROM fresh f WHERE f.state = 'Pending'
    RETURNING id, batch
), linked AS (
    INSERT INTO message_notice (message_id, notice_id)
    SELECT w.id, f.id FROM fresh f JOIN written w ON w.batch = 'notice.' || f.id
    RETURNING 1
)
SELECT (SELECT count(*) FROM fresh)::bigint AS notices, (SELECT count(*) FROM written)::bigint AS messages,
       (SELECT count(*) FROM linked)::bigint AS links;

-- name: DueOfRound :one
-- The deadline in one calendar, or the earliest one where nobody follows it.
SELECT due_at FROM round_due WHERE round_id = @round_id ORDER BY (calendar = @calendar::text) DESC, due_at LIMIT 1;
