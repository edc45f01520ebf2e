-- What pictures are drawn from: counts by day, by unit or body, by version of a ranking.
-- As in look.sql nothing locks or writes, and one statement serves all units.

-- name: PictureCurve :many
-- How a round filled, at the end of each day of its life: what had come in time and
-- late, and what was overdue; of the last day at @now. Obligations that fared alike are
-- counted first, so that days meet a handful of rows.
WITH k AS (
    SELECT sqlc.arg('zone')::text AS zone, sqlc.arg('calendar')::text AS calendar,
           sqlc.arg('first_day')::date AS first, sqlc.arg('last_day')::date AS last
), fared AS (
    SELECT (o.due_at AT TIME ZONE k.zone)::date AS due, CASE WHEN o.state = 'Settled' THEN (o.received_at AT TIME ZONE k.zone)::date END AS received,
           o.received_at <= o.due_at AS on_time, o.due_at < @now::timestamptz AS past, count(*) AS units
    FROM k JOIN round r ON r.id = @round_id JOIN obligation o ON o.round_id = r.id AND o.kind = r.kind
    WHERE o.state <> 'Cancelled' -- nobody owes it any more
    GROUP BY 1, 2, 3, 4
)
SELECT d.day::date AS day, coalesce(c.working, true)::bool AS working, coalesce(c.name, '')::text AS name, sum(f.units)::bigint AS expected,
       coalesce(sum(f.units) FILTER (WHERE f.received <= d.day AND f.on_time), 0)::bigint AS on_time,
       coalesce(sum(f.units) FILTER (WHERE f.received <= d.day AND NOT f.on_time), 0)::bigint AS late,
       coalesce(sum(f.units) FILTER (WHERE f.past AND f.due <= d.day AND (f.received IS NULL OR f.received > d.day)), 0)::bigint AS overdue,
       coalesce(sum(f.units) FILTER (WHERE f.due = d.day), 0)::bigint AS due
FROM k CROSS JOIN LATERAL (SELECT k.first + n AS day FROM generate_series(0, k.last - k.first) AS n) d
CROSS JOIN fared f
LEFT JOIN calendar_day c ON c.calendar = k.calendar AND c.day = d.day
GROUP BY d.day, c.working, c.name
ORDER BY d.day;

-- name: PictureUnits :many
-- How each participant stands in a round; who owes nothing in it is there as well. Who has
-- more time than the round gives in their calendar has been given it.
SELECT p.unit, p.name, p.kind, p.grp,
       (CASE WHEN o.id IS NULL OR o.state = 'Cancelled' THEN 'Exempt'
             WHEN o.state = 'Settled' AND o.received_at <= o.due_at THEN 'OnTime'
             WHEN o.state = 'Settled' THEN 'Late'
             WHEN o.state = 'Lapsed' THEN 'Lapsed'
             WHEN o.due_at < @now::timestamptz THEN 'Overdue'
             WHEN o.due_at > d.due_at THEN 'Extended'
             ELSE 'NotYet' END)::text AS state,
       o.due_at, o.received_at
FROM round r
JOIN participant p ON p.campaign_id = r.campaign_id
LEFT JOIN obligation o ON o.round_id = r.id AND o.kind = r.kind AND o.owner = p.unit
LEFT JOIN round_due d ON d.round_id = r.id AND d.calendar = o.calendar
WHERE r.id = @round_id
ORDER BY p.grp, p.unit;

-- name: PictureBodies :many
-- The same, counted by the highest body that administers a unit, such as a province;
-- by group for those whom nobody administers. Bodies climb the roster, not units.
WITH RECURSIVE climbed AS (
    SELECT b.body, b.body AS top, 0 AS height
    FROM (SELECT DISTINCT p.administered_by AS body FROM participant p WHERE p.campaign_id = @campaign_id AND p.administered_by <> '') b
    UNION ALL
    SELECT c.body, u.administered_by, c.height + 1
    FROM climbed c JOIN roster_unit u ON u.roster = @roster::text AND u.code = c.top AND u.administered_by <> ''
    WHERE c.height < 10 -- a roster that goes in circles ends here
), highest AS (
    SELECT DISTINCT ON (c.body) c.body, c.top FROM climbed c ORDER BY c.body, c.height DESC
)
SELECT coalesce(h.top, '')::text AS body, coalesce(u.name, '')::text AS name, (CASE WHEN h.top IS NULL THEN p.grp ELSE '' END)::text AS grp,
       count(o.id) FILTER (WHERE o.state <> 'Cancelled')::bigint AS expected,
       count(*) FILTER (WHERE o.state = 'Settled' AND o.received_at <= o.due_at)::bigint AS on_time,
       count(*) FILTER (WHERE o.state = 'Settled' AND o.received_at > o.due_at)::bigint AS late,
       count(*) FILTER (WHERE o.state = 'Owing' AND o.due_at < @now::timestamptz)::bigint AS overdue,
       count(*) FILTER (WHERE o.state = 'Owing' AND o.due_at >= @now)::bigint AS not_yet,
       count(*) FILTER (WHERE o.state = 'Lapsed')::bigint AS lapsed
FROM round r
JOIN participant p ON p.campaign_id = r.campaign_id
LEFT JOIN obligation o ON o.round_id = r.id AND o.kind = r.kind AND o.owner = p.unit
LEFT JOIN highest h ON h.body = p.administered_by
LEFT JOIN roster_unit u ON u.roster = @roster AND u.code = h.top
WHERE r.id = @round_id
GROUP BY 1, 2, 3
ORDER BY 1, 3;

-- name: PictureSeals :many
-- Every version of every ranking of a campaign, in the order of sealing.
SELECT k.id, v.name, v.final, v.state, k.version, k.sealed_at
FROM review v JOIN ranking k ON k.review_id = v.id
WHERE v.campaign_id = @campaign_id
ORDER BY k.sealed_at, v.at, k.version;

-- name: PictureRanks :many
-- Where units stood in each of these rankings, by group as of the last; of @grp alone
-- unless it is empty, of at most so many groups and units of each, the best first; 0 is all.
WITH lines AS (
    SELECT l.ranking_id, l.unit, l.rank, l.total, l.reason, array_position(@rankings::bigint[], l.ranking_id) AS seal,
           CASE WHEN @together::bool THEN '' ELSE l.grp END AS grp
    FROM ranking_line l WHERE l.ranking_id = ANY(@rankings)
), last AS (
    SELECT DISTINCT ON (l.unit) l.unit, l.grp, l.seal, l.rank FROM lines l ORDER BY l.unit, l.seal DESC
), placed AS (
    SELECT x.unit, x.grp, row_number() OVER (PARTITION BY x.grp ORDER BY x.seal DESC, x.rank NULLS LAST, x.unit) AS place,
           dense_rank() OVER (ORDER BY x.grp) AS group_no, count(*) OVER (PARTITION BY x.grp) AS units,
           (SELECT count(DISTINCT y.grp) FROM last y) AS groups
    FROM last x
)
SELECT c.grp::text AS grp, c.units::bigint AS units, c.groups::bigint AS groups, c.unit, p.name, l.seal::int AS seal, l.rank, l.total, l.reason
FROM placed c
JOIN lines l ON l.unit = c.unit
JOIN participant p ON p.campaign_id = @campaign_id AND p.unit = c.unit
WHERE (@grp::text = '' OR c.grp = @grp) AND (@grp <> '' OR @max_groups::int = 0 OR c.group_no <= @max_groups)
  AND (@max_units::int = 0 OR c.place <= @max_units)
ORDER BY c.grp, c.place, l.seal;

-- name: PictureLoad :many
-- What the ladders of open rounds will send, by instant, as if no report came: rungs as
-- in LookNextSteps. A list is one message to each body, and to the office.
SELECT g.at, r.name AS round, o.kind, r.series, r.period,
       (CASE o.kind WHEN 'Consolidation' THEN 'consolidation/' ELSE '' END || s.step)::text AS step, sum(o.units)::bigint AS units,
       (CASE WHEN s.task <> '' THEN 0
             WHEN s.gather THEN cardinality(s.channels) * (
                 CASE WHEN 'AdministeringBody' = ANY(s.roles) THEN count(DISTINCT o.body) FILTER (WHERE o.body <> '') ELSE 0 END
                 + CASE WHEN 'Office' = ANY(s.roles) THEN 1 ELSE 0 END
                 + sum(o.units) * cardinality(array_remove(array_remove(s.roles, 'AdministeringBody'), 'Office')))
             ELSE cardinality(s.channels) * (sum(o.units) * cardinality(array_remove(s.roles, 'AdministeringBody'))
                 + CASE WHEN 'AdministeringBody' = ANY(s.roles) THEN coalesce(sum(o.units) FILTER (WHERE o.body <> ''), 0) ELSE 0 END) END)::bigint AS messages,
       (CASE WHEN s.task <> '' THEN sum(o.units) ELSE 0 END)::bigint AS letters
FROM round r
JOIN LATERAL (SELECT x.kind, x.calendar, x.due_at, x.next_seq, CASE WHEN x.next_at < x.ladder_from THEN x.ladder_from END AS since,
                     coalesce(p.administered_by, '') AS body, count(*) AS units
              FROM obligation x LEFT JOIN participant p ON p.campaign_id = x.campaign_id AND p.unit = x.owner
              WHERE x.round_id = r.id AND x.state = 'Owing' AND x.next_at IS NOT NULL
              GROUP BY 1, 2, 3, 4, 5, 6) o ON true
JOIN rung g ON g.campaign_id = r.campaign_id AND g.calendar = o.calendar AND g.due_at = o.due_at AND g.seq >= o.next_seq AND g.at < r.closes_at
 AND (o.since IS NULL OR g.at >= o.since)
JOIN ladder_step s ON s.campaign_id = r.campaign_id AND s.seq = g.seq AND (o.kind <> 'Consolidation' OR s.task = '' AND NOT s.gather)
WHERE r.campaign_id = @campaign_id AND r.state = 'Open' AND g.at < @until::timestamptz
GROUP BY g.at, r.name, o.kind, r.series, r.period, s.step, s.task, s.gather, s.roles, s.channels
ORDER BY g.at, r.name, s.step;

-- name: PictureDues :many
-- What is owed by when, from now until @until.
SELECT o.due_at::timestamptz AS due_at, coalesce(r.name, '')::text AS round, o.kind, coalesce(r.series, '')::text AS series,
       coalesce(r.period, '')::text AS period, count(*)::bigint AS units
FROM obligation o LEFT JOIN round r ON r.id = o.round_id
WHERE o.campaign_id = @campaign_id AND o.state = 'Owing' AND o.due_at >= @now::timestamptz AND o.due_at < @until::timestamptz
  AND (o.round_id IS NULL OR o.round_id IN (SELECT x.id FROM round x WHERE x.campaign_id = @campaign_id AND x.state = 'Open'))
GROUP BY 1, 2, 3, 4, 5
ORDER BY 1, 2, 3;

-- name: PictureDays :many
SELECT day, working, name FROM calendar_day
WHERE calendar = @calendar AND day >= @first_day::date AND day <= @last_day::date ORDER BY day;

-- name: CountBodies :one
-- How many bodies would get a list if nobody of a roster's units of these kinds reported.
SELECT count(DISTINCT u.administered_by)::bigint FROM roster_unit u
WHERE u.roster = @roster AND u.administered_by <> '' AND (cardinality(@kinds::text[]) = 0 OR u.kind = ANY(@kinds));

-- name: PictureProcedures :one
-- How many of a campaign's procedures there are, and how many have done their first step.
SELECT count(*)::bigint AS total, count(p.stepped_at)::bigint AS begun
FROM procedure p WHERE p.campaign_id = @campaign_id;

-- name: PictureSendings :many
-- What is being sent: the messages of a step at its instant while some of them have
-- still to go out. What waits for a channel's settings is not being sent.
WITH going AS (
    SELECT DISTINCT m.round_id, m.step, m.not_before
    FROM message m LEFT JOIN channel ch ON ch.name = m.channel AND NOT ch.configured
    WHERE m.open AND m.campaign_id = @campaign_id AND m.not_before <= @now::timestamptz AND ch.name IS NULL
)
SELECT coalesce(r.name, '')::text AS round, coalesce(r.kind, '')::text AS kind, coalesce(r.series, '')::text AS series, coalesce(r.period, '')::text AS period,
       g.step, g.not_before, count(*)::bigint AS total, count(*) FILTER (WHERE m.state = 'Sent')::bigint AS sent
FROM going g
JOIN message m ON m.campaign_id = @campaign_id AND m.round_id IS NOT DISTINCT FROM g.round_id AND m.step = g.step AND m.not_before = g.not_before
 AND m.state NOT IN ('Superseded', 'Expired')
LEFT JOIN round r ON r.id = g.round_id
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY g.not_before, 1, g.step LIMIT @max_rows::int;
