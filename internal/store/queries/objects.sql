-- name: NewestObjects :many
SELECT DISTINCT ON (kind, name) kind, name, generation, manifest, applied_at, actor
FROM object ORDER BY kind, name, generation DESC;

-- name: NewestObject :one
SELECT kind, name, generation, manifest, applied_at, actor
FROM object WHERE kind = @kind AND name = @name ORDER BY generation DESC LIMIT 1;

-- name: ObjectAt :one
SELECT kind, name, generation, manifest, applied_at, actor
FROM object WHERE kind = @kind AND name = @name AND generation = @generation;

-- name: InsertObject :exec
INSERT INTO object (kind, name, generation, manifest, applied_at, actor)
VALUES (@kind, @name, @generation, @manifest, @applied_at, @actor);

-- name: DeleteRosterUnits :exec
-- They stay known as they were; of several at one instant the first, which was shown.
WITH gone AS (
    DELETE FROM roster_unit WHERE roster_unit.roster = @roster RETURNING *
), until AS (
    INSERT INTO past_whole (tbl, name, until) SELECT DISTINCT 'roster_unit', gone.roster, business_now() FROM gone
    ON CONFLICT DO NOTHING RETURNING past_whole.until
)
INSERT INTO past_roster_unit SELECT until.until, gone.* FROM gone, until;

-- name: InsertRosterUnits :execrows
INSERT INTO roster_unit (roster, code, name, kind, collects_to, administered_by, submits_to, grp, calendar)
SELECT @roster, unnest(@codes::text[]), unnest(@names::text[]), unnest(@kinds::text[]), unnest(@collects_to::text[]),
       unnest(@administered_by::text[]), unnest(@submits_to::text[]), unnest(@grps::text[]), unnest(@calendars::text[]);

-- name: UpsertContacts :many
-- Whose contacts are new or changed, once for each.
INSERT INTO contact (unit, role, name, email)
SELECT unnest(@units::text[]), unnest(@roles::text[]), unnest(@names::text[]), unnest(@emails::text[])
ON CONFLICT (unit, role) DO UPDATE SET name = excluded.name, email = excluded.email
WHERE (contact.name, contact.email) IS DISTINCT FROM (excluded.name, excluded.email)
RETURNING unit;

-- name: DeleteCalendarDays :exec
-- As DeleteRosterUnits.
WITH gone AS (
    DELETE FROM calendar_day WHERE calendar_day.calendar = @calendar RETURNING *
), until AS (
    INSERT INTO past_whole (tbl, name, until) SELECT DISTINCT 'calendar_day', gone.calendar, business_now() FROM gone
    ON CONFLICT DO NOTHING RETURNING past_whole.until
)
INSERT INTO past_calendar_day SELECT until.until, gone.* FROM gone, until;

-- name: InsertCalendarDays :exec
INSERT INTO calendar_day (calendar, day, number, working, name, provisional)
SELECT @calendar, unnest(@days::date[]), unnest(@numbers::int[]), unnest(@workings::bool[]), unnest(@names::text[]),
       unnest(@provisionals::bool[]);

-- name: Templates :many
SELECT DISTINCT ON (name) manifest FROM object WHERE kind = 'MessageTemplate' ORDER BY name, generation DESC;

-- name: UnitName :one
SELECT name FROM roster_unit WHERE code = @code LIMIT 1;
