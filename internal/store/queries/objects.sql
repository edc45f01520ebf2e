-- name: NewestObjects :many
SELECT DISTINCT ON (kind, name) kind, name, generation, manifest, applied_at, actor
FROM object ORDER BY kind, name, generation DESC;

-- name: NewestObject :one
SELECT kind, name, generation, manifest, applied_at, actor
FROM object WHERE kind = @kind AND name = @name ORDER BY generation DESC LIMIT 1;

-- name: InsertObject :exec
INSERT INTO object (kind, name, generation, manifest, applied_at, actor)
VALUES (@kind, @name, @generation, @manifest, @applied_at, @actor);

-- name: DeleteRosterUnits :exec
DELETE FROM roster_unit WHERE roster = @roster;

-- name: InsertRosterUnits :execrows
INSERT INTO roster_unit (roster, code, name, kind, collects_to, administered_by, submits_to, grp, calendar)
SELECT @roster, unnest(@codes::text[]), unnest(@names::text[]), unnest(@kinds::text[]), unnest(@collects_to::text[]),
       unnest(@administered_by::text[]), unnest(@submits_to::text[]), unnest(@grps::text[]), unnest(@calendars::text[]);

-- name: UpsertContacts :execrows
INSERT INTO contact (unit, role, name, email)
SELECT unnest(@units::text[]), unnest(@roles::text[]), unnest(@names::text[]), unnest(@emails::text[])
ON CONFLICT (unit, role) DO UPDATE SET name = excluded.name, email = excluded.email
WHERE (contact.name, contact.email) IS DISTINCT FROM (excluded.name, excluded.email);

-- name: DeleteCalendarDays :exec
DELETE FROM calendar_day WHERE calendar = @calendar;

-- name: InsertCalendarDays :exec
INSERT INTO calendar_day (calendar, day, number, working, name, provisional)
SELECT @calendar, unnest(@days::date[]), unnest(@numbers::int[]), unnest(@workings::bool[]), unnest(@names::text[]),
       unnest(@provisionals::bool[]);

-- name: Templates :many
SELECT DISTINCT ON (name) manifest FROM object WHERE kind = 'MessageTemplate' ORDER BY name, generation DESC;

-- name: UnitName :one
SELECT name FROM roster_unit WHERE code = @code LIMIT 1;
