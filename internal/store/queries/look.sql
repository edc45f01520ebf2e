-- Read models: what package look shows. Nothing here locks or writes, and every
-- list is one statement however many units there are.

-- name: LookClock :one
SELECT (CASE WHEN mode = 'stepped' THEN now ELSE clock_timestamp() END)::timestamptz AS now,
       mode = 'stepped' AS stepped, frozen, jumps
FROM clock;

-- name: LookChanges :one
-- Each part is the end of an index, a handful of rows, or the open part of the
-- outbox; so it can be asked for every second.
SELECT concat_ws('.', k.mode, k.frozen, k.jumps, k.now, date_trunc('minute', clock_timestamp()),
    (SELECT max(a.id) FROM audit a), (SELECT max(n.id) FROM notice n), (SELECT max(m.id) FROM message m),
    (SELECT count(*) FROM message m WHERE m.open AND m.state = 'Pending'), (SELECT count(*) FROM message m WHERE m.open AND m.state = 'Claimed'),
    (SELECT max(l.id) FROM letter l), (SELECT max(p.stepped_at) FROM procedure p), (SELECT count(*) FROM wake w))::text AS version
FROM clock k;

-- name: AsOf :one
-- For the rest of the transaction every table is as it was at an instant; says from
-- when on that is known.
SELECT set_config('thidua.as_of', @instant::text, true), set_config('search_path', 'as_of, public', true),
       set_config('jit', 'off', true), -- compiling takes longer than these take
      
       (SELECT coalesce(max(at), '-infinity') FROM past_since)::timestamptz > (@instant::text)::timestamptz AS unknown,
       (SELECT coalesce(max(s.at), now()) FROM past_since s WHERE isfinite(s.at))::timestamptz AS since;

-- name: CampaignSince :one
-- Since when a campaign exists, whatever instant the transaction looks at.
SELECT created_at FROM public.campaign WHERE name = @name;

-- name: CampaignNames :many
SELECT name FROM campaign ORDER BY name;

-- name: LookCampaigns :many
-- With the health of each campaign's procedures and messages; @name empty is all.
WITH k AS (SELECT (CASE WHEN mode = 'stepped' THEN now ELSE clock_timestamp() END) AS now FROM clock)
SELECT sqlc.embed(c), o.manifest, coalesce(own.phase, '')::text AS phase, coalesce(u.name, '')::text AS office_name,
    (SELECT count(*) FROM participant t WHERE t.campaign_id = c.id)::bigint AS participants,
    h.undone::bigint AS undone, coalesce(h.observed, c.generation)::bigint AS observed, h.overdue::bigint AS overdue,
    h.undelivered::bigint AS undelivered, d.retrying::bigint AS retrying, d.parked::bigint AS parked, d.ambiguous::bigint AS ambiguous,
    EXISTS (SELECT FROM channel ch CROSS JOIN k JOIN message m ON m.channel = ch.name AND m.campaign_id = c.id
            WHERE NOT ch.configured AND m.state = 'Pending' AND m.held_at IS NULL AND m.not_before <= k.now) AS unconfigured
FROM campaign c
JOIN object o ON o.kind = 'Campaign' AND o.name = c.name
 AND o.generation = (SELECT max(b.generation) FROM object b WHERE b.kind = 'Campaign' AND b.name = c.name)
LEFT JOIN procedure own ON own.id = 'campaign/' || c.name
LEFT JOIN LATERAL (SELECT r.name FROM roster_unit r WHERE r.code = c.office LIMIT 1) u ON true
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE w.id IS NOT NULL OR p.next_at <= k.now) AS undone,
           min(p.observed) FILTER (WHERE w.id IS NOT NULL OR p.next_at <= k.now) AS observed,
           count(*) FILTER (WHERE p.next_at < k.now - interval '10 minutes') AS overdue,
           count(*) FILTER (WHERE w.requested_at < clock_timestamp() - interval '2 minutes') AS undelivered
    FROM procedure p CROSS JOIN k
    LEFT JOIN wake w ON w.id = p.id AND w.requested_at > coalesce(p.stepped_at, '-infinity')
    WHERE p.campaign_id = c.id AND p.state = 'Open') h
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE m.state = 'Parked') AS parked,
           count(*) FILTER (WHERE m.state = 'Ambiguous') AS ambiguous,
           -- Once or twice is a busy server; the third try comes after a quarter of a minute.
           count(*) FILTER (WHERE m.open AND m.tries - m.tries_before >= 3) AS retrying
    FROM message m WHERE m.campaign_id = c.id AND (m.state IN ('Parked', 'Ambiguous') OR m.open AND m.held_at IS NULL)) d
WHERE @name::text = '' OR c.name = @name
ORDER BY c.name;

-- name: LookRounds :many
-- Rounds with the deadline of the campaign's own calendar and the latest one.
SELECT sqlc.embed(r), coalesce(d.due_at, r.closes_at)::timestamptz AS due_at, coalesce(d.last_due_at, r.closes_at)::timestamptz AS last_due_at
FROM round r
JOIN campaign c ON c.id = r.campaign_id
LEFT JOIN LATERAL (
    SELECT (array_agg(x.due_at ORDER BY (x.calendar = c.calendar) DESC, x.due_at))[1] AS due_at, max(x.due_at) AS last_due_at
    FROM round_due x WHERE x.round_id = r.id) d ON true
WHERE r.campaign_id = @campaign_id
ORDER BY r.opens_at, r.seq;

-- name: LookRoundCounts :many
-- Rounds that have opened and not closed; a closed one carries its counts.
SELECT o.round_id::bigint AS round_id, count(*)::bigint AS expected,
       count(*) FILTER (WHERE o.state = 'Settled' AND o.received_at <= o.due_at)::bigint AS on_time,
       count(*) FILTER (WHERE o.state = 'Settled' AND o.received_at > o.due_at)::bigint AS late,
       count(*) FILTER (WHERE o.state = 'Owing' AND o.due_at < @now::timestamptz)::bigint AS overdue,
       count(*) FILTER (WHERE o.state = 'Owing' AND o.due_at >= @now)::bigint AS not_yet,
       count(*) FILTER (WHERE o.state = 'Owing' AND o.holder = 'Leader')::bigint AS awaiting_approval,
       count(*) FILTER (WHERE o.state = 'Lapsed')::bigint AS lapsed,
       max(o.due_at)::timestamptz AS last_due_at
FROM round r
JOIN obligation o ON o.round_id = r.id AND o.kind = r.kind
WHERE r.campaign_id = @campaign_id AND r.opened_at IS NOT NULL AND r.closed_at IS NULL
GROUP BY o.round_id;

-- name: LookLate :many
-- Who owes something past its deadline, the longest first, and how many there are in
-- all: what units report, and what bodies and the office owe. Days are working days
-- of the calendar that the unit follows.
WITH k AS (
    SELECT sqlc.arg('campaign_id')::bigint AS campaign_id, sqlc.arg('now')::timestamptz AS now, sqlc.arg('zone')::text AS zone
), late AS (
    SELECT o.id, o.kind, o.owner, o.holder, o.calendar, o.due_at, o.round_id
    FROM k JOIN round r ON r.campaign_id = k.campaign_id AND r.state = 'Open'
    JOIN obligation o ON o.round_id = r.id AND o.state = 'Owing' AND o.due_at < k.now
    UNION ALL
    SELECT o.id, o.kind, o.owner, o.holder, o.calendar, o.due_at, o.round_id
    FROM k JOIN obligation o ON o.campaign_id = k.campaign_id AND o.kind = 'Decision' AND o.state = 'Owing' AND o.due_at < k.now
), shown AS (
    SELECT l.*, count(*) OVER () AS total, count(*) FILTER (WHERE l.kind IN ('Registration', 'Report')) OVER () AS reports FROM late l ORDER BY l.due_at, l.owner LIMIT @max_rows::int
)
SELECT s.kind, s.owner, s.holder, s.due_at::timestamptz AS due_at, s.total::bigint AS total, s.reports::bigint AS reports,
       coalesce(p.name, u.name, '')::text AS name, coalesce(r.name, '')::text AS round, coalesce(r.series, '')::text AS series,
       coalesce(r.period, '')::text AS period, coalesce(today.number - due.number, 0)::bigint AS days_late,
       coalesce(h.step, '')::text AS last_step, coalesce(h.instant, s.due_at)::timestamptz AS last_step_at
FROM shown s CROSS JOIN k
LEFT JOIN participant p ON p.campaign_id = k.campaign_id AND p.unit = s.owner
LEFT JOIN LATERAL (SELECT x.name FROM roster_unit x WHERE x.code = s.owner LIMIT 1) u ON p.name IS NULL
LEFT JOIN round r ON r.id = s.round_id
LEFT JOIN calendar_day due ON due.calendar = s.calendar AND due.day = (s.due_at AT TIME ZONE k.zone)::date
LEFT JOIN calendar_day today ON today.calendar = s.calendar AND today.day = (k.now AT TIME ZONE k.zone)::date
LEFT JOIN LATERAL (SELECT n.step, n.instant FROM notice n WHERE n.obligation_id = s.id AND n.state = 'Sent'
                   ORDER BY n.instant DESC LIMIT 1) h ON true
ORDER BY s.due_at, s.owner;

-- name: LookNextSteps :many
-- The rungs that those who still owe have before them, by instant: all of them, as
-- if no report came. Obligations that stand alike are counted first. Rungs older than the
-- act by which something is owed will be left out; whoever has climbed to what follows
-- it has none.
SELECT g.at, r.name AS round, o.kind, r.series, r.period,
       (CASE o.kind WHEN 'Consolidation' THEN 'consolidation/' ELSE '' END || s.step)::text AS step, s.task, sum(o.units)::bigint AS units
FROM round r
JOIN LATERAL (SELECT x.kind, x.calendar, x.due_at, x.next_seq, CASE WHEN x.next_at < x.ladder_from THEN x.ladder_from END AS since, count(*) AS units
              FROM obligation x WHERE x.round_id = r.id AND x.state = 'Owing' AND x.next_at IS NOT NULL
              GROUP BY x.kind, x.calendar, x.due_at, x.next_seq, CASE WHEN x.next_at < x.ladder_from THEN x.ladder_from END) o ON true
JOIN rung g ON g.campaign_id = r.campaign_id AND g.calendar = o.calendar AND g.due_at = o.due_at AND g.seq >= o.next_seq AND g.at < r.closes_at
 AND (o.since IS NULL OR g.at >= o.since)
JOIN ladder_step s ON s.campaign_id = r.campaign_id AND s.seq = g.seq AND (o.kind <> 'Consolidation' OR s.task = '' AND NOT s.gather)
WHERE r.campaign_id = @campaign_id AND r.state = 'Open'
GROUP BY g.at, r.name, o.kind, r.series, r.period, s.step, s.task
ORDER BY g.at, r.name, s.step LIMIT @max_rows::int;

-- name: LookOutbox :one
-- What waits on a channel without settings counts as not configured. As a state of a
-- message it is history: before such messages waited, it was written into them. What
-- the office holds counts as held, whatever its channel.
SELECT count(*) FILTER (WHERE m.state = 'Pending' AND m.held_at IS NULL AND ch.name IS NULL)::bigint AS pending,
       count(*) FILTER (WHERE m.state = 'Pending' AND m.held_at IS NOT NULL)::bigint AS held,
       count(*) FILTER (WHERE m.state = 'Claimed')::bigint AS claimed,
       count(*) FILTER (WHERE m.state = 'Sent')::bigint AS sent,
       count(*) FILTER (WHERE m.state = 'Superseded')::bigint AS superseded,
       count(*) FILTER (WHERE m.state = 'Expired')::bigint AS expired,
       count(*) FILTER (WHERE m.state = 'Parked')::bigint AS parked,
       count(*) FILTER (WHERE m.state = 'Ambiguous')::bigint AS ambiguous,
       count(*) FILTER (WHERE m.state = 'Cancelled')::bigint AS cancelled,
       count(*) FILTER (WHERE m.state = 'NotConfigured' OR m.state = 'Pending' AND m.held_at IS NULL AND ch.name IS NOT NULL)::bigint AS not_configured,
       coalesce(extract(epoch FROM clock_timestamp() - min(coalesce(m.waits_since, m.created_at))
           FILTER (WHERE m.state = 'Pending' AND m.held_at IS NULL AND ch.name IS NULL AND m.not_before <= @now::timestamptz)), 0)::bigint AS oldest_pending
FROM message m LEFT JOIN channel ch ON ch.name = m.channel AND NOT ch.configured
WHERE m.campaign_id = @campaign_id;

-- name: LookLetters :many
-- @state empty is every state. Newest first.
SELECT l.id, l.unit, p.name, l.state, l.drafted_at, o.due_at::timestamptz AS due_at, o.kind,
       coalesce(r.name, '')::text AS round, coalesce(r.series, '')::text AS series, coalesce(r.period, '')::text AS period,
       (count(*) OVER ())::bigint AS total
FROM letter l
JOIN obligation o ON o.id = l.obligation_id
JOIN participant p ON p.campaign_id = l.campaign_id AND p.unit = l.unit
LEFT JOIN round r ON r.id = l.round_id
WHERE l.campaign_id = @campaign_id AND (@state::text = '' OR l.state = @state)
ORDER BY l.id DESC LIMIT @max_rows::int;

-- name: LookLetter :one
-- Everything that the draft is written from.
SELECT l.id, l.unit, p.name, l.state, l.drafted_at, c.name AS campaign, o.kind,
       -- The deadline that had passed: an extension since then withdraws the letter, and what
       -- it says stays as it was.
       coalesce((SELECT (b.was->>'due_at')::timestamptz FROM past b WHERE b.tbl = 'obligation' AND b.key = o.id::text AND o.deadline_no > n.deadline_no
           AND (b.was->>'deadline_no')::int = n.deadline_no ORDER BY b.id DESC LIMIT 1), o.due_at)::timestamptz AS due_at,
       coalesce(r.name, '')::text AS round, coalesce(r.series, '')::text AS series, coalesce(r.period, '')::text AS period,
       r.data_from, r.data_to, coalesce(above.name, '')::text AS parent_body,
       (SELECT count(*) FROM notice m WHERE m.obligation_id = l.obligation_id AND m.recipient = l.unit AND m.state = 'Sent'
           AND m.instant < l.drafted_at)::bigint AS reminders,
       coalesce((SELECT b.manifest FROM object b WHERE b.kind = 'MessageTemplate' AND b.manifest->'spec'->>'step' = 'letter'
           ORDER BY b.generation DESC LIMIT 1), 'null')::jsonb AS template
FROM letter l
JOIN campaign c ON c.id = l.campaign_id
JOIN obligation o ON o.id = l.obligation_id
JOIN notice n ON n.id = l.notice_id
JOIN participant p ON p.campaign_id = l.campaign_id AND p.unit = l.unit
LEFT JOIN round r ON r.id = l.round_id
LEFT JOIN LATERAL (SELECT b.name FROM roster_unit a JOIN roster_unit b ON b.roster = a.roster
    AND b.code = coalesce(nullif(a.administered_by, ''), a.collects_to) WHERE a.code = c.office LIMIT 1) above ON true
WHERE l.id = @id;

-- name: LookRanking :one
-- The newest version of one review's ranking, or of the review that was sealed last.
SELECT v.name, v.at, v.final, v.state, k.id, k.version, k.sealed_at, k.hash
FROM review v JOIN ranking k ON k.review_id = v.id
WHERE v.campaign_id = @campaign_id AND (@review::text = '' OR v.name = @review)
ORDER BY k.sealed_at DESC, v.at DESC, k.version DESC LIMIT 1;

-- name: LookRankingLines :many
-- The lines by group and rank; @per_group and @max_groups cut them, 0 does not.
SELECT l.unit, l.name, l.grp, l.rank, l.axes, l.base, l.malus, l.total, l.late, l.missing, l.expected, l.reason,
       l.units::bigint AS units, l.groups::bigint AS groups, l.all_units::bigint AS all_units
FROM (
    SELECT x.*, p.name, count(*) OVER () AS all_units, count(*) OVER (PARTITION BY CASE WHEN @together::bool THEN '' ELSE x.grp END) AS units,
           row_number() OVER (PARTITION BY CASE WHEN @together THEN '' ELSE x.grp END ORDER BY x.rank NULLS LAST, x.total DESC, x.unit) AS place,
           dense_rank() OVER (ORDER BY CASE WHEN @together THEN '' ELSE x.grp END) AS group_no,
           (SELECT count(DISTINCT CASE WHEN @together THEN '' ELSE y.grp END) FROM ranking_line y WHERE y.ranking_id = @ranking_id) AS groups
    FROM ranking_line x
    JOIN ranking k ON k.id = x.ranking_id
    JOIN review v ON v.id = k.review_id
    JOIN participant p ON p.campaign_id = v.campaign_id AND p.unit = x.unit
    WHERE x.ranking_id = @ranking_id
) l
WHERE (@per_group::int = 0 OR l.place <= @per_group) AND (@max_groups::int = 0 OR l.group_no <= @max_groups)
ORDER BY CASE WHEN @together THEN '' ELSE l.grp END, l.place;

-- name: LookRankingLine :one
SELECT l.*, (SELECT count(*) FROM ranking_line y WHERE y.ranking_id = l.ranking_id AND (@together::bool OR y.grp = l.grp))::bigint AS units
FROM ranking_line l WHERE l.ranking_id = @ranking_id AND l.unit = @unit;

-- name: LookNominations :many
-- In the order of presentation once that is decided, before by award, group and rank.
SELECT n.unit, p.name, p.grp, n.award, n.form, n.rank, n.total, n.nominated_at, a.ordinal, a.presented_at,
       (count(*) OVER ())::bigint AS total_rows, (count(a.presented_at) OVER ())::bigint AS presented
FROM nomination n
JOIN participant p ON p.campaign_id = n.campaign_id AND p.unit = n.unit
LEFT JOIN award a ON a.campaign_id = n.campaign_id AND a.unit = n.unit
WHERE n.campaign_id = @campaign_id
ORDER BY a.ordinal NULLS LAST, array_position(@awards::text[], n.award), p.grp, n.rank, n.unit LIMIT @max_rows::int;

-- name: LookActs :many
SELECT at, actor, verb, reason FROM audit WHERE object = @object ORDER BY id DESC LIMIT @max_rows::int;

-- name: LookMoves :many
-- The last act in each round that moved a unit's deadline, with the reason that was given.
SELECT DISTINCT ON (a.detail->>'round') (a.detail->>'round')::text AS round, a.reason
FROM audit a
WHERE a.object = @object AND a.verb IN ('extend', 'reopen', 'return') AND a.detail ? 'round'
  AND coalesce(a.detail->>'unit', '') IN ('', @unit::text) AND a.at <= @now
ORDER BY a.detail->>'round', a.id DESC;

-- name: LookProcedures :many
SELECT kind, subject, phase, state FROM procedure WHERE campaign_id = @campaign_id AND kind IN ('Campaign', 'Ceremony');

-- name: LookParticipant :one
SELECT p.unit, p.name, p.kind, p.grp, p.calendar, p.administered_by, coalesce(b.name, '')::text AS administered_by_name
FROM participant p
LEFT JOIN LATERAL (SELECT r.name FROM roster_unit r WHERE r.code = p.administered_by LIMIT 1) b ON true
WHERE p.campaign_id = @campaign_id AND p.unit = @unit;

-- name: LookConsolidator :one
SELECT coalesce((SELECT u.name FROM roster_unit u WHERE u.code = o.owner LIMIT 1), '')::text AS name
FROM obligation o WHERE o.campaign_id = @campaign_id AND o.owner = @unit AND o.kind = 'Consolidation' LIMIT 1;

-- name: LookUnits :many
-- Participants whose code or name holds a text; the code itself first.
SELECT p.unit, p.name, p.kind, p.grp, p.calendar, p.administered_by, (count(*) OVER ())::bigint AS total
FROM participant p
WHERE p.campaign_id = @campaign_id
  AND (@query::text = '' OR position(lower(@query) IN lower(p.unit)) > 0 OR position(lower(@query) IN lower(p.name)) > 0)
ORDER BY lower(p.unit) = lower(@query) DESC, p.unit LIMIT @max_rows::int;

-- name: LookUnitCodes :many
SELECT unit FROM participant WHERE campaign_id = @campaign_id ORDER BY unit;

-- name: LookObligations :many
-- All that one unit owes, owed or was told in a campaign, in order of time. Its next
-- step may lie before the act by which it is owed, and will be left out: heard_at is
-- then the first one after that act.
WITH k AS (SELECT sqlc.arg('now')::timestamptz AS now, sqlc.arg('zone')::text AS zone)
SELECT o.id, o.kind, o.subject, o.state, o.holder, o.due_at, o.deadline_no, o.opened_at, o.received_at, o.settled_at, o.next_at, o.ladder_from, g.at AS heard_at,
       coalesce(CASE o.kind WHEN 'Consolidation' THEN 'consolidation/' ELSE '' END || s.step, '')::text AS next_step, coalesce(r.name, '')::text AS round, coalesce(r.series, '')::text AS series,
       coalesce(r.period, '')::text AS period, r.closes_at, coalesce(r.state, '')::text AS round_state,
       d.due_at AS planned_due_at,
       coalesce(CASE WHEN coalesce(o.received_at, k.now) > o.due_at THEN ref.number - due.number END, 0)::bigint AS days_late
FROM obligation o CROSS JOIN k
LEFT JOIN round r ON r.id = o.round_id
LEFT JOIN round_due d ON d.round_id = o.round_id AND d.calendar = o.calendar AND o.kind = r.kind
LEFT JOIN rung g ON o.next_at < o.ladder_from AND g.campaign_id = o.campaign_id AND g.calendar = o.calendar AND g.due_at = o.due_at
 AND g.seq = (SELECT min(x.seq) FROM rung x WHERE x.campaign_id = o.campaign_id AND x.calendar = o.calendar AND x.due_at = o.due_at
              AND x.seq > o.next_seq AND x.at >= o.ladder_from AND x.at < r.closes_at)
LEFT JOIN ladder_step s ON s.campaign_id = o.campaign_id AND s.seq = CASE WHEN o.next_at < o.ladder_from THEN g.seq ELSE o.next_seq END
LEFT JOIN calendar_day due ON due.calendar = o.calendar AND due.day = (o.due_at AT TIME ZONE k.zone)::date
LEFT JOIN calendar_day ref ON ref.calendar = o.calendar AND ref.day = (coalesce(o.received_at, r.closed_at, k.now) AT TIME ZONE k.zone)::date
WHERE o.owner = @unit AND o.campaign_id = @campaign_id
ORDER BY o.opened_at, coalesce(o.due_at, o.opened_at), o.id;

-- name: LookReports :many
SELECT obligation_id, version, state, received_at, approved_at, source, document_number, return_reason FROM report
WHERE obligation_id = ANY(@obligations::bigint[]) ORDER BY obligation_id, version;

-- name: LookFiles :many
SELECT p.obligation_id, p.version, f.name, f.sha256, f.size, f.media_type
FROM report p JOIN report_file f ON f.report_id = p.id
WHERE p.obligation_id = ANY(@obligations::bigint[]) ORDER BY p.obligation_id, p.version, f.position;

-- name: LookUnitNotices :many
SELECT n.id, n.obligation_id, n.deadline_no, n.step, n.role, n.recipient, n.instant, n.not_after, n.state, n.reason, n.recorded_at,
       coalesce(u.name, '')::text AS recipient_name,
       l.id AS letter_id, l.state AS letter_state, l.drafted_at
FROM notice n
LEFT JOIN LATERAL (SELECT r.name FROM roster_unit r WHERE r.code = n.recipient LIMIT 1) u ON true
LEFT JOIN letter l ON l.notice_id = n.id
WHERE n.obligation_id = ANY(@obligations::bigint[])
ORDER BY n.obligation_id, n.instant, n.deadline_no, n.step, n.role, n.recipient;

-- name: LookUnitMessages :many
SELECT mn.notice_id, m.id, m.channel, m.list, m.sent_at, m.why,
       (CASE WHEN m.state = 'Pending' AND m.held_at IS NOT NULL THEN 'Held' WHEN m.state = 'Pending' AND ch.name IS NOT NULL THEN 'NotConfigured' ELSE m.state END)::text AS state
FROM message_notice mn JOIN message m ON m.id = mn.message_id
LEFT JOIN channel ch ON ch.name = m.channel AND NOT ch.configured AND NOT @past::bool -- how channels were is not kept
WHERE mn.notice_id = ANY(@notices::bigint[]) ORDER BY mn.notice_id, m.id;

-- name: LookAttempts :many
SELECT message_id, no, at, started_at, finished_at, coalesce(outcome, '')::text AS outcome, response
FROM attempt WHERE message_id = ANY(@messages::bigint[]) ORDER BY message_id, no;

-- name: LookUpcoming :many
-- Rounds that have not opened, with the unit's own deadline.
SELECT r.name, r.kind, r.series, r.period, r.opens_at, d.due_at
FROM round r JOIN round_due d ON d.round_id = r.id AND d.calendar = @calendar
WHERE r.campaign_id = @campaign_id AND r.state = 'Planned'
ORDER BY r.opens_at, d.due_at;

-- name: LookNotices :many
-- Without ids and machine time, in an order that no locale changes.
SELECT o.kind, coalesce(r.name, '')::text AS round, n.unit, n.deadline_no, n.step, n.role, n.recipient, n.instant, n.state, n.reason
FROM notice n
JOIN obligation o ON o.id = n.obligation_id
LEFT JOIN round r ON r.id = n.round_id
WHERE n.campaign_id = @campaign_id
ORDER BY n.instant, o.kind COLLATE "C", coalesce(r.name, '') COLLATE "C", n.unit COLLATE "C", n.deadline_no,
         n.step COLLATE "C", n.role COLLATE "C", n.recipient COLLATE "C";

-- name: LookMessages :many
-- The newest first, from below an id on. The state is the one that is shown: a message that waits is
-- held, or its channel has no settings.
WITH said AS (
    SELECT m.*, (CASE WHEN m.state = 'Pending' AND m.held_at IS NOT NULL THEN 'Held'
                      WHEN m.state = 'Pending' AND ch.name IS NOT NULL THEN 'NotConfigured' ELSE m.state END)::text AS shown
    FROM message m
    LEFT JOIN channel ch ON ch.name = m.channel AND NOT ch.configured AND NOT @past::bool -- how channels were is not kept
), chosen AS (
    SELECT m.id, m.round_id, m.step, m.channel, m.role, m.recipient, m.list, m.shown, m.not_before, m.sent_at, m.tries, m.held_at, m.why
    FROM said m
    WHERE m.campaign_id = @campaign_id AND (@state::text = '' OR m.shown = @state) AND (@step::text = '' OR m.step = @step)
      AND (@id::bigint = 0 OR m.id = @id) AND (@below::bigint = 0 OR m.id < @below)
      AND (@round::text = '' OR m.round_id = (SELECT x.id FROM round x WHERE x.campaign_id = @campaign_id AND x.name = @round))
      AND (@unit::text = '' OR m.recipient = @unit OR m.id IN (SELECT mn.message_id FROM notice n
           JOIN message_notice mn ON mn.notice_id = n.id WHERE n.unit = @unit AND n.campaign_id = @campaign_id))
    ORDER BY m.id DESC LIMIT @max_rows::int
)
SELECT s.id, s.step, s.channel, s.role, s.recipient, s.list, s.shown AS state, s.not_before, s.sent_at, s.tries, s.held_at, s.why,
       coalesce(r.name, '')::text AS round, coalesce(u.name, '')::text AS recipient_name,
       (SELECT count(*) FROM message_notice mn WHERE mn.message_id = s.id)::bigint AS units,
       coalesce(a.outcome, '')::text AS outcome, coalesce(a.response, '')::text AS response
FROM chosen s
LEFT JOIN round r ON r.id = s.round_id
LEFT JOIN LATERAL (SELECT x.name FROM roster_unit x WHERE x.code = s.recipient LIMIT 1) u ON true
LEFT JOIN LATERAL (SELECT t.outcome, t.response FROM attempt t WHERE t.message_id = s.id ORDER BY t.no DESC LIMIT 1) a ON true
ORDER BY s.id DESC;

-- name: LookMessageStates :many
-- How many messages are in each state that is shown, by step and round. Those of a unit
-- are to it, or about it alone: what acts on a unit's messages touch.
SELECT coalesce(r.name, '')::text AS round, m.step, m.shown AS state, m.n
FROM (
    SELECT x.round_id, x.step, (CASE WHEN x.state = 'Pending' AND x.held THEN 'Held'
           WHEN x.state = 'Pending' AND ch.name IS NOT NULL THEN 'NotConfigured' ELSE x.state END)::text AS shown, sum(x.n)::bigint AS n
    FROM (SELECT y.round_id, y.step, y.channel, y.state, y.held_at IS NOT NULL AS held, count(*) AS n FROM message y
          WHERE y.campaign_id = @campaign_id AND (@id::bigint = 0 OR y.id = @id)
            AND (@unit::text = '' OR y.recipient = @unit OR NOT y.list AND y.id IN (SELECT mn.message_id FROM notice n
                 JOIN message_notice mn ON mn.notice_id = n.id WHERE n.unit = @unit AND n.campaign_id = @campaign_id))
          GROUP BY 1, 2, 3, 4, 5) x
    LEFT JOIN channel ch ON ch.name = x.channel AND NOT ch.configured
    GROUP BY 1, 2, 3) m
LEFT JOIN round r ON r.id = m.round_id
ORDER BY r.opens_at NULLS FIRST, r.name, m.step, m.shown;

-- name: LookTodo :many
-- What one unit owes in all its campaigns.
SELECT c.name AS campaign, o.kind, o.holder, o.due_at, coalesce(r.name, '')::text AS round, coalesce(r.series, '')::text AS series,
       coalesce(r.period, '')::text AS period
FROM obligation o
JOIN campaign c ON c.id = o.campaign_id AND c.state IN ('Launched', 'Paused')
LEFT JOIN round r ON r.id = o.round_id
WHERE o.owner = @unit AND o.state = 'Owing'
ORDER BY o.due_at, c.name, o.id;

-- name: LookOfficeLetters :many
SELECT c.name AS campaign, l.id, l.unit, p.name, o.kind, coalesce(r.series, '')::text AS series, coalesce(r.period, '')::text AS period
FROM campaign c
JOIN letter l ON l.campaign_id = c.id AND l.state = 'Drafted'
JOIN obligation o ON o.id = l.obligation_id
JOIN participant p ON p.campaign_id = c.id AND p.unit = l.unit
LEFT JOIN round r ON r.id = l.round_id
WHERE c.office = @office AND c.state IN ('Launched', 'Paused')
ORDER BY l.id LIMIT 500;

-- name: LookOfficeMessages :many
-- Messages that a person has to look at.
SELECT c.name AS campaign, m.id, m.state, m.step, m.recipient, coalesce(u.name, '')::text AS name
FROM campaign c
JOIN message m ON m.campaign_id = c.id AND m.state IN ('Parked', 'Ambiguous')
LEFT JOIN LATERAL (SELECT x.name FROM roster_unit x WHERE x.code = m.recipient LIMIT 1) u ON true
WHERE c.office = @office
ORDER BY m.id LIMIT 500;

-- name: LookRosterCodes :many
SELECT DISTINCT code FROM roster_unit ORDER BY code;

-- name: LookJoined :many
-- Campaigns in which a unit takes part, or to which it owes something, the newest first.
SELECT c.name FROM campaign c
WHERE EXISTS (SELECT FROM participant p WHERE p.campaign_id = c.id AND p.unit = @unit)
   OR EXISTS (SELECT FROM obligation o WHERE o.campaign_id = c.id AND o.owner = @unit)
ORDER BY c.launch_at DESC, c.name;
