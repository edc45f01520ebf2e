-- +goose Up

-- What was known at an instant (--as-of). Most facts carry their own times and are only
-- ever added; what changes in place leaves its former self here. The views of schema
-- as_of show the tables as they were, so that one search path away every question is
-- answered by the same statements as today.

CREATE FUNCTION business_now() RETURNS timestamptz LANGUAGE sql STABLE
    AS $$ SELECT CASE WHEN mode = 'stepped' THEN now ELSE clock_timestamp() END FROM clock $$;

-- A row as it was until an instant of business time; null: it was not there.
CREATE TABLE past (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tbl    text NOT NULL,
    key    text NOT NULL,
    until  timestamptz NOT NULL,
    was    jsonb
);
CREATE INDEX past_key ON past (tbl, key, until);

-- From when on the past is complete: an installation that is older than this schema
-- has no answers from before.
CREATE TABLE past_since (at timestamptz NOT NULL);
INSERT INTO past_since SELECT CASE WHEN EXISTS (SELECT FROM campaign) THEN business_now() ELSE '-infinity' END;

-- Calendars and rosters are replaced as a whole, and stay as they were.
CREATE TABLE past_whole (
    tbl    text NOT NULL,
    name   text NOT NULL,
    until  timestamptz NOT NULL,
    PRIMARY KEY (tbl, name, until)
);
CREATE TABLE past_calendar_day (until timestamptz NOT NULL, LIKE calendar_day, PRIMARY KEY (calendar, day, until));
CREATE TABLE past_roster_unit (until timestamptz NOT NULL, LIKE roster_unit, PRIMARY KEY (code, roster, until));

-- When a notice or message came to nothing; one that was sent has its sent_at. Sending,
-- which is frequent, fires no trigger.
ALTER TABLE notice ADD COLUMN ended_at timestamptz, ADD COLUMN pending_reason text;
ALTER TABLE message ADD COLUMN ended_at timestamptz;

-- +goose StatementBegin
CREATE FUNCTION remember() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    here jsonb := CASE TG_OP WHEN 'INSERT' THEN to_jsonb(NEW) ELSE to_jsonb(OLD) END;
BEGIN
    INSERT INTO past (tbl, key, until, was)
    VALUES (TG_TABLE_NAME, coalesce(here->>'id', (here->>'round_id') || '/' || (here->>'calendar')), business_now(),
            CASE TG_OP WHEN 'INSERT' THEN NULL ELSE here END);
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Plans are large and not among what is asked as of an instant.
CREATE FUNCTION remember_campaign() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    OLD.plan := NULL;
    INSERT INTO past (tbl, key, until, was) VALUES ('campaign', OLD.id, business_now(), to_jsonb(OLD) - 'plan');
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION remember_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.ended_at := business_now();
    IF TG_TABLE_NAME = 'notice' THEN
        NEW.pending_reason := OLD.reason;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

CREATE TRIGGER remember AFTER UPDATE ON campaign FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION remember_campaign();
CREATE TRIGGER remember AFTER UPDATE ON round FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION remember();
CREATE TRIGGER remember_row AFTER INSERT OR DELETE ON round FOR EACH ROW EXECUTE FUNCTION remember();
CREATE TRIGGER remember AFTER UPDATE ON round_due FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION remember();
CREATE TRIGGER remember_row AFTER INSERT OR DELETE ON round_due FOR EACH ROW EXECUTE FUNCTION remember();
CREATE TRIGGER remember AFTER UPDATE ON review FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION remember();
CREATE TRIGGER remember_row AFTER INSERT OR DELETE ON review FOR EACH ROW EXECUTE FUNCTION remember();
CREATE TRIGGER remember AFTER UPDATE ON letter FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION remember();
-- Climbing the ladder, which happens to thousands at once, is undone by its notices and
-- leaves nothing here.
CREATE TRIGGER remember AFTER UPDATE ON obligation FOR EACH ROW
    WHEN ((OLD.state, OLD.holder, OLD.due_at, OLD.deadline_no, OLD.received_at, OLD.settled_at)
              IS DISTINCT FROM (NEW.state, NEW.holder, NEW.due_at, NEW.deadline_no, NEW.received_at, NEW.settled_at)
          OR OLD.next_at <> NEW.next_at AND OLD.step_seq IS NOT DISTINCT FROM NEW.step_seq
          -- The few who consolidate climb steps that leave no notice.
          OR NEW.kind = 'Consolidation' AND OLD.step_seq IS DISTINCT FROM NEW.step_seq)
    EXECUTE FUNCTION remember();
CREATE TRIGGER remember_end BEFORE UPDATE ON notice FOR EACH ROW
    WHEN (OLD.state = 'Pending' AND NEW.state NOT IN ('Pending', 'Sent')) EXECUTE FUNCTION remember_end();
CREATE TRIGGER remember_end BEFORE UPDATE ON message FOR EACH ROW
    WHEN (OLD.state IN ('Pending', 'Claimed') AND NEW.state NOT IN ('Pending', 'Claimed', 'Sent')) EXECUTE FUNCTION remember_end();

-- +goose StatementBegin
DO $do$
DECLARE
    t text;
BEGIN
    CREATE SCHEMA as_of;
    EXECUTE $$CREATE FUNCTION as_of.instant() RETURNS timestamptz LANGUAGE sql STABLE
        AS 'SELECT current_setting(''thidua.as_of'')::timestamptz'$$;
    -- A table's columns, some of them written otherwise. Columns that are left as they
    -- are let conditions and joins reach the tables' indexes.
    EXECUTE $f$CREATE FUNCTION as_of.columns(tbl text, alias text, other jsonb) RETURNS text LANGUAGE sql STABLE AS $$
        SELECT string_agg(coalesce('(' || (other->>c.column_name) || ')', alias || '.' || quote_ident(c.column_name))
                          || ' AS ' || quote_ident(c.column_name), ', ' ORDER BY c.ordinal_position)
        FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name = tbl $$$f$;

    -- Rows that have not changed since, and the former selves of those that have: the
    -- first one that was replaced after the instant.
    FOREACH t IN ARRAY ARRAY['round', 'review', 'letter', 'round_due'] LOOP
        EXECUTE format($$CREATE VIEW as_of.%1$I AS
            SELECT x.* FROM public.%1$I x
            WHERE NOT EXISTS (SELECT FROM public.past p WHERE p.tbl = %1$L AND p.key = %2$s AND p.until > as_of.instant())
            UNION ALL
            SELECT x.* FROM (SELECT DISTINCT ON (p.key) p.was FROM public.past p WHERE p.tbl = %1$L AND p.until > as_of.instant()
                             ORDER BY p.key, p.until, p.id) f
            CROSS JOIN LATERAL jsonb_populate_record(NULL::public.%1$I, f.was) x WHERE f.was IS NOT NULL$$,
            t, CASE t WHEN 'round_due' THEN 'x.round_id || ''/'' || x.calendar' ELSE 'x.id::text' END);
    END LOOP;
    -- A letter is there from its drafting on.
    EXECUTE $$ALTER VIEW as_of.letter RENAME TO letter_since$$;
    EXECUTE $$CREATE VIEW as_of.letter AS SELECT * FROM as_of.letter_since WHERE drafted_at <= as_of.instant()$$;

    EXECUTE format($$CREATE VIEW as_of.campaign AS
        SELECT %s FROM public.campaign c
        LEFT JOIN LATERAL (SELECT p.was FROM public.past p WHERE p.tbl = 'campaign' AND p.key = c.id::text AND p.until > as_of.instant()
                           ORDER BY p.until, p.id LIMIT 1) f ON true
        CROSS JOIN LATERAL jsonb_populate_record(c, coalesce(f.was, '{}')) x
        WHERE c.created_at <= as_of.instant()$$, as_of.columns('campaign', 'x', '{"id": "c.id", "name": "c.name"}'));

    -- Where an obligation stood on its ladder: at the first step that it climbed after
    -- the instant.
    EXECUTE format($$CREATE VIEW as_of.obligation AS
        SELECT %s FROM (
            SELECT o.* FROM public.obligation o
            WHERE NOT EXISTS (SELECT FROM public.past p WHERE p.tbl = 'obligation' AND p.key = o.id::text AND p.until > as_of.instant())
            UNION ALL
            SELECT x.* FROM (SELECT DISTINCT ON (p.key) p.was FROM public.past p WHERE p.tbl = 'obligation' AND p.until > as_of.instant()
                             ORDER BY p.key, p.until, p.id) f
            CROSS JOIN LATERAL jsonb_populate_record(NULL::public.obligation, f.was) x) b
        LEFT JOIN LATERAL (
            SELECT s.seq, n.instant FROM public.notice n
            JOIN public.ladder_step s ON s.campaign_id = n.campaign_id AND s.step = split_part(n.step, '/', -1)
            WHERE n.obligation_id = b.id AND n.deadline_no = b.deadline_no AND n.recorded_at > as_of.instant()
            ORDER BY s.seq LIMIT 1) c ON c.seq < coalesce(b.next_seq, c.seq + 1)
        WHERE b.opened_at <= as_of.instant()$$,
        as_of.columns('obligation', 'b', '{"next_seq": "coalesce(c.seq, b.next_seq)", "next_at": "coalesce(c.instant, b.next_at)"}'));

    EXECUTE format($$CREATE VIEW as_of.notice AS
        SELECT %s FROM public.notice n
        LEFT JOIN LATERAL (SELECT min(m.sent_at) AS at FROM public.message_notice mn JOIN public.message m ON m.id = mn.message_id
                           WHERE mn.notice_id = n.id AND n.state = 'Sent') sent ON true
        WHERE n.recorded_at <= as_of.instant()$$, as_of.columns('notice', 'n', jsonb_build_object('state', $$CASE
            WHEN n.state = 'Sent' AND sent.at > as_of.instant() AND n.ended_at <= as_of.instant() THEN 'Superseded'
            WHEN n.state = 'Sent' AND sent.at > as_of.instant() OR n.state <> 'Sent' AND n.ended_at > as_of.instant() THEN 'Pending'
            ELSE n.state END$$, 'reason', $$CASE
            WHEN n.state <> 'Sent' AND n.ended_at > as_of.instant() THEN coalesce(n.pending_reason, '') ELSE n.reason END$$)));

    -- A message is written with its first notice.
    EXECUTE format($$CREATE VIEW as_of.message AS
        SELECT %s FROM public.message m
        WHERE EXISTS (SELECT FROM public.message_notice mn JOIN public.notice n ON n.id = mn.notice_id
                      WHERE mn.message_id = m.id AND n.recorded_at <= as_of.instant())$$,
        as_of.columns('message', 'm', jsonb_build_object('state', $$CASE
            WHEN m.sent_at <= as_of.instant() OR m.ended_at <= as_of.instant() AND m.sent_at IS NULL THEN m.state ELSE 'Pending' END$$,
            'sent_at', $$CASE WHEN m.sent_at <= as_of.instant() THEN m.sent_at END$$,
            'tries', $$(SELECT count(*)::int FROM public.attempt a WHERE a.message_id = m.id AND a.at <= as_of.instant())$$)));
    EXECUTE $$CREATE VIEW as_of.attempt AS SELECT * FROM public.attempt WHERE at <= as_of.instant()$$;

    EXECUTE format($$CREATE VIEW as_of.report AS SELECT %s FROM public.report r
        WHERE coalesce(r.recorded_at, r.received_at) <= as_of.instant()$$, as_of.columns('report', 'r', jsonb_build_object('state', $$CASE
            WHEN r.returned_at <= as_of.instant() THEN r.state
            WHEN r.approved_at <= as_of.instant() THEN 'Received' ELSE 'HandedUp' END$$,
            'approved_at', $$CASE WHEN r.approved_at <= as_of.instant() THEN r.approved_at END$$,
            'returned_at', $$CASE WHEN r.returned_at <= as_of.instant() THEN r.returned_at END$$,
            'return_reason', $$CASE WHEN r.returned_at <= as_of.instant() THEN r.return_reason ELSE '' END$$)));

    EXECUTE $$CREATE VIEW as_of.object AS SELECT * FROM public.object WHERE applied_at <= as_of.instant()$$;
    EXECUTE $$CREATE VIEW as_of.participant AS SELECT t.* FROM public.participant t JOIN public.campaign c ON c.id = t.campaign_id
        WHERE c.acted_at <= as_of.instant()$$;
    EXECUTE $$CREATE VIEW as_of.ranking AS SELECT * FROM public.ranking WHERE sealed_at <= as_of.instant()$$;
    EXECUTE $$CREATE VIEW as_of.nomination AS SELECT * FROM public.nomination WHERE nominated_at <= as_of.instant()$$;
    EXECUTE $$CREATE VIEW as_of.decision AS SELECT * FROM public.decision WHERE recorded_at <= as_of.instant()$$;
    EXECUTE $$CREATE VIEW as_of.audit AS SELECT * FROM public.audit WHERE at <= as_of.instant()$$;

    -- Calendars and rosters are replaced as a whole; one that was not declared yet is
    -- not there.
    FOREACH t IN ARRAY ARRAY['calendar_day', 'roster_unit'] LOOP
        EXECUTE format($$CREATE VIEW as_of.%1$I AS
            SELECT x.* FROM public.%1$I x
            WHERE NOT EXISTS (SELECT FROM public.past_whole p WHERE p.tbl = %1$L AND p.name = x.%3$I AND p.until > as_of.instant())
              AND EXISTS (SELECT FROM public.object o WHERE o.kind = %4$L AND o.name = x.%3$I AND o.applied_at <= as_of.instant())
            UNION ALL
            SELECT %5$s FROM (SELECT q.name, min(q.until) AS until FROM public.past_whole q
                              WHERE q.tbl = %1$L AND q.until > as_of.instant() GROUP BY q.name) m
            JOIN public.%2$I p ON p.%3$I = m.name AND p.until = m.until$$,
            t, 'past_' || t, CASE t WHEN 'calendar_day' THEN 'calendar' ELSE 'roster' END,
            CASE t WHEN 'calendar_day' THEN 'Calendar' ELSE 'Roster' END,
            (SELECT string_agg('p.' || quote_ident(column_name), ', ' ORDER BY ordinal_position)
             FROM information_schema.columns WHERE table_schema = 'public' AND table_name = t));
    END LOOP;
END $do$;
-- +goose StatementEnd

-- +goose Down
DROP SCHEMA as_of CASCADE;
DROP TRIGGER remember ON campaign;
DROP TRIGGER remember ON round;
DROP TRIGGER remember_row ON round;
DROP TRIGGER remember ON round_due;
DROP TRIGGER remember_row ON round_due;
DROP TRIGGER remember ON review;
DROP TRIGGER remember_row ON review;
DROP TRIGGER remember ON letter;
DROP TRIGGER remember ON obligation;
DROP TRIGGER remember_end ON notice;
DROP TRIGGER remember_end ON message;
DROP FUNCTION remember, remember_campaign, remember_end;
ALTER TABLE notice DROP COLUMN ended_at, DROP COLUMN pending_reason;
ALTER TABLE message DROP COLUMN ended_at;
DROP TABLE past, past_since, past_whole, past_calendar_day, past_roster_unit;
DROP FUNCTION business_now;
