-- +goose Up

-- What dashboards may read: views without personal data, in a schema of their own, and a
-- role that reads them and nothing else. The views run with their owner's rights, so the
-- role needs none on the tables. A later change of a column that a view shows drops the
-- view first. docs/views.md is made from the comments.
--
-- In one block: the views are for others, the queries of this program do not use them.
-- +goose StatementBegin
DO $do$
BEGIN
    CREATE SCHEMA dashboard;
    COMMENT ON SCHEMA dashboard IS 'What dashboards may read: facts about units and campaigns, none about persons.';

    CREATE VIEW dashboard.clock AS
    SELECT CASE WHEN mode = 'stepped' THEN now ELSE clock_timestamp() END AS now, mode = 'stepped' AS stepped FROM public.clock;
    COMMENT ON VIEW dashboard.clock IS 'Business time, by which everything is judged: one row.';
    COMMENT ON COLUMN dashboard.clock.stepped IS 'a demo or a training steps through it';

    CREATE VIEW dashboard.campaign AS
    SELECT c.name AS campaign, c.title, c.state, c.office, c.time_zone, c.launch_at, c.closes_at,
           (SELECT count(*) FROM public.participant p WHERE p.campaign_id = c.id) AS participants
    FROM public.campaign c;
    COMMENT ON VIEW dashboard.campaign IS 'Campaigns, whatever their state.';
    COMMENT ON COLUMN dashboard.campaign.office IS 'the unit that runs it, by its code';

    CREATE VIEW dashboard.act AS
    SELECT c.name AS campaign, a.verb, a.at, a.recorded_at
    FROM public.audit a JOIN public.campaign c ON a.object = 'Campaign/' || c.name;
    COMMENT ON VIEW dashboard.act IS 'Acts on campaigns: launch, pause, extend and the like. Who acted, and why, is in the audit and not here.';
    COMMENT ON COLUMN dashboard.act.at IS 'in business time';
    COMMENT ON COLUMN dashboard.act.recorded_at IS 'on the machine''s clock';

    CREATE VIEW dashboard.owed AS
    SELECT c.name AS campaign, coalesce(r.name, '') AS round, o.kind, o.owner AS unit, coalesce(p.name, u.name, '') AS unit_name,
           coalesce(p.grp, '') AS unit_group, o.state, o.holder, o.opened_at, o.due_at, o.received_at, o.settled_at,
           o.state = 'Owing' AND o.due_at < k.now AS overdue,
           CASE WHEN o.state = 'Settled' THEN o.received_at <= o.due_at END AS on_time,
           CASE WHEN o.state IN ('Owing', 'Settled') THEN
               CASE WHEN ends.at > o.due_at THEN coalesce(til.number - due.number, 0) ELSE 0 END END AS days_late,
           o.deadline_no - 1 AS moved, coalesce(s.step, '') AS last_step, s.instant AS last_step_at, o.next_at
    FROM public.obligation o
    JOIN public.campaign c ON c.id = o.campaign_id
    CROSS JOIN dashboard.clock k
    CROSS JOIN LATERAL (SELECT CASE o.state WHEN 'Settled' THEN o.received_at ELSE k.now END AS at) ends
    LEFT JOIN public.round r ON r.id = o.round_id
    LEFT JOIN public.participant p ON p.campaign_id = o.campaign_id AND p.unit = o.owner
    LEFT JOIN LATERAL (SELECT x.name FROM public.roster_unit x WHERE x.code = o.owner LIMIT 1) u ON p.name IS NULL
    LEFT JOIN public.calendar_day due ON due.calendar = o.calendar AND due.day = (o.due_at AT TIME ZONE c.time_zone)::date
    LEFT JOIN public.calendar_day til ON til.calendar = o.calendar AND til.day = (ends.at AT TIME ZONE c.time_zone)::date
    LEFT JOIN LATERAL (SELECT n.step, n.instant FROM public.notice n WHERE n.obligation_id = o.id AND n.state = 'Sent'
                       ORDER BY n.instant DESC LIMIT 1) s ON true;
    COMMENT ON VIEW dashboard.owed IS 'What somebody owes or owed: one row for each registration, report, consolidation, invitation and decision.';
    COMMENT ON COLUMN dashboard.owed.round IS 'empty: it belongs to no round';
    COMMENT ON COLUMN dashboard.owed.unit IS 'who owes it, by its code';
    COMMENT ON COLUMN dashboard.owed.state IS 'Owing; Settled: received; Lapsed: never came; Cancelled; Informed';
    COMMENT ON COLUMN dashboard.owed.holder IS 'on whose desk it lies: FocalPoint, Leader or Office';
    COMMENT ON COLUMN dashboard.owed.on_time IS 'of what was received';
    COMMENT ON COLUMN dashboard.owed.days_late IS 'working days of the unit''s own calendar, until it came or until now; null for what lapsed or was cancelled';
    COMMENT ON COLUMN dashboard.owed.moved IS 'how often its deadline was moved';
    COMMENT ON COLUMN dashboard.owed.last_step IS 'the newest reminder that was sent';
    COMMENT ON COLUMN dashboard.owed.next_at IS 'when the ladder goes on';

    CREATE VIEW dashboard.round AS
    SELECT c.name AS campaign, r.name AS round, r.kind, r.series, r.period, r.state, r.opens_at, d.due_at, d.last_due_at, r.closes_at,
           n.asked, n.received, n.on_time, n.owing, n.overdue, n.missing
    FROM public.round r
    JOIN public.campaign c ON c.id = r.campaign_id
    CROSS JOIN dashboard.clock k
    CROSS JOIN LATERAL (SELECT min(x.due_at) AS due_at, max(x.due_at) AS last_due_at FROM public.round_due x WHERE x.round_id = r.id) d
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE o.state <> 'Cancelled') AS asked, count(*) FILTER (WHERE o.state = 'Settled') AS received,
               count(*) FILTER (WHERE o.state = 'Settled' AND o.received_at <= o.due_at) AS on_time,
               count(*) FILTER (WHERE o.state = 'Owing') AS owing,
               count(*) FILTER (WHERE o.state = 'Owing' AND o.due_at < k.now) AS overdue,
               count(*) FILTER (WHERE o.state = 'Lapsed') AS missing
        FROM public.obligation o WHERE o.round_id = r.id AND o.kind = r.kind) n;
    COMMENT ON VIEW dashboard.round IS 'Rounds of registration and reporting with their counts of units.';
    COMMENT ON COLUMN dashboard.round.due_at IS 'the first deadline of its calendars; last_due_at is the last one. Extensions of single units are in owed';
    COMMENT ON COLUMN dashboard.round.missing IS 'never came before the close';

    CREATE VIEW dashboard.report AS
    SELECT c.name AS campaign, coalesce(r.name, '') AS round, o.kind, o.owner AS unit, p.version, p.state, p.source,
           p.received_at, p.approved_at, p.returned_at
    FROM public.report p
    JOIN public.obligation o ON o.id = p.obligation_id
    JOIN public.campaign c ON c.id = o.campaign_id
    LEFT JOIN public.round r ON r.id = o.round_id;
    COMMENT ON VIEW dashboard.report IS 'Versions of reports and registrations, without what they say.';
    COMMENT ON COLUMN dashboard.report.source IS 'how it came: System, Paper, Email or DocumentAxis';
    COMMENT ON COLUMN dashboard.report.returned_at IS 'sent back for supplement';

    CREATE VIEW dashboard.notice AS
    SELECT c.name AS campaign, coalesce(r.name, '') AS round, n.unit, n.step, n.role, n.state, n.instant, n.recorded_at,
           n.reason IN ('MissedSend', 'MissedSkip', 'MissedMerge', 'PastNotAfter') AS missed
    FROM public.notice n
    JOIN public.campaign c ON c.id = n.campaign_id
    LEFT JOIN public.round r ON r.id = n.round_id;
    COMMENT ON VIEW dashboard.notice IS 'What was to be said about a unit: one row for each step of the ladder and recipient.';
    COMMENT ON COLUMN dashboard.notice.unit IS 'whom it is about, by its code';
    COMMENT ON COLUMN dashboard.notice.role IS 'whom it goes to, by the office held, never by name';
    COMMENT ON COLUMN dashboard.notice.instant IS 'when the step was to happen';
    COMMENT ON COLUMN dashboard.notice.missed IS 'processed more than 10 minutes after its instant, or not before it was stale';

    CREATE VIEW dashboard.attempt AS
    SELECT c.name AS campaign, coalesce(r.name, '') AS round, m.step, m.channel, m.not_before, a.no, a.at, a.started_at, a.finished_at,
           coalesce(a.outcome, 'Open') AS outcome, coalesce(substring(a.response FROM '^[245]\d\d(?!\d)'), '') AS code
    FROM public.attempt a
    JOIN public.message m ON m.id = a.message_id
    JOIN public.campaign c ON c.id = m.campaign_id
    LEFT JOIN public.round r ON r.id = m.round_id;
    COMMENT ON VIEW dashboard.attempt IS 'Attempts to send. Of the server''s answer only the code: its text may name an address.';
    COMMENT ON COLUMN dashboard.attempt.not_before IS 'when the message might go, in business time, as is at';
    COMMENT ON COLUMN dashboard.attempt.started_at IS 'on the machine''s clock, as is finished_at';
    COMMENT ON COLUMN dashboard.attempt.outcome IS 'Open: under way, or its sender has died; Sent, Retry, Rejected, Ambiguous';
    COMMENT ON COLUMN dashboard.attempt.code IS 'three digits as SMTP has them; empty: no answer with a code';

    CREATE VIEW dashboard.letter AS
    SELECT c.name AS campaign, coalesce(r.name, '') AS round, l.unit, l.state, l.drafted_at
    FROM public.letter l
    JOIN public.campaign c ON c.id = l.campaign_id
    LEFT JOIN public.round r ON r.id = l.round_id;
    COMMENT ON VIEW dashboard.letter IS 'Official letters drafted for signature. That one was signed is not kept.';

    CREATE VIEW dashboard.procedure AS
    SELECT p.id, c.name AS campaign, p.kind, p.phase, p.state, p.next_at, p.stepped_at
    FROM public.procedure p JOIN public.campaign c ON c.id = p.campaign_id;
    COMMENT ON VIEW dashboard.procedure IS 'What Temporal carries.';
    COMMENT ON COLUMN dashboard.procedure.id IS 'the workflow''s id in Temporal';
    COMMENT ON COLUMN dashboard.procedure.next_at IS 'when it looks again, in business time';
    COMMENT ON COLUMN dashboard.procedure.stepped_at IS 'its last step, on the machine''s clock';
END $do$;
-- +goose StatementEnd

-- Roles belong to the whole cluster: there may be one already, or no right to make one.
-- It cannot log in before the operator gives it a password.
-- +goose StatementBegin
DO $do$
BEGIN
    BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'thidua_grafana') THEN
            CREATE ROLE thidua_grafana NOLOGIN CONNECTION LIMIT 10;
            -- What it may not do, it has no right to. These spare the database.
            ALTER ROLE thidua_grafana SET default_transaction_read_only = on;
            ALTER ROLE thidua_grafana SET statement_timeout = '20s';
        END IF;
    EXCEPTION
        WHEN insufficient_privilege THEN
            RAISE WARNING 'no right to make the role thidua_grafana: docs/operations.md says how to make it';
        WHEN duplicate_object OR unique_violation THEN NULL; -- another database's migration was faster
    END;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'thidua_grafana') THEN
        GRANT USAGE ON SCHEMA dashboard TO thidua_grafana;
        GRANT SELECT ON ALL TABLES IN SCHEMA dashboard TO thidua_grafana;
    END IF;
END $do$;
-- +goose StatementEnd

-- +goose Down
-- The role stays: other databases of the cluster may have granted it something.
DROP SCHEMA dashboard CASCADE;
