-- +goose Up

-- What the office does about single messages. A hold is a mark on a message that waits,
-- not a state of its own: whatever ends one that waits ends one that is held. No index
-- is on it, for sending must find its row's neighbours as it left them (00005).
ALTER TABLE message
    ADD COLUMN held_at       timestamptz,               -- business time; not sent while it is set
    ADD COLUMN why           text NOT NULL DEFAULT '',  -- it is held, or was cancelled
    ADD COLUMN tries_before  int NOT NULL DEFAULT 0,    -- it was put back to be sent: it begins to count anew
    ADD COLUMN waits_since   timestamptz,               -- machine time, where later than it was written
    DROP CONSTRAINT message_state_check,
    ADD CONSTRAINT message_state_check CHECK (state IN ('Pending', 'Claimed', 'Sent', 'Superseded',
        'Expired', 'Ambiguous', 'Parked', 'NotConfigured', 'Cancelled'));

-- Acts leave a message's former self behind. Sending does none of this.
CREATE TRIGGER remember AFTER UPDATE ON message FOR EACH ROW
    WHEN ((OLD.held_at, OLD.why) IS DISTINCT FROM (NEW.held_at, NEW.why)
          OR OLD.state NOT IN ('Pending', 'Claimed') AND OLD.state <> NEW.state)
    EXECUTE FUNCTION remember();
CREATE TRIGGER remember AFTER UPDATE ON notice FOR EACH ROW
    WHEN (OLD.state <> 'Pending' AND NEW.state = 'Pending') EXECUTE FUNCTION remember();

-- The views of 00006, over the former selves too.
-- +goose StatementBegin
DO $do$
DECLARE
    former text := $$(
        SELECT x.* FROM public.%1$I x
        WHERE NOT EXISTS (SELECT FROM public.past p WHERE p.tbl = %1$L AND p.key = x.id::text AND p.until > as_of.instant())
        UNION ALL
        SELECT x.* FROM (SELECT DISTINCT ON (p.key) p.was FROM public.past p WHERE p.tbl = %1$L AND p.until > as_of.instant()
                         ORDER BY p.key, p.until, p.id) f
        CROSS JOIN LATERAL jsonb_populate_record(NULL::public.%1$I, f.was) x)$$;
BEGIN
    DROP VIEW as_of.notice, as_of.message;
    EXECUTE format('CREATE VIEW as_of.notice AS SELECT %s FROM ' || format(former, 'notice') || $$ n
        LEFT JOIN LATERAL (SELECT min(m.sent_at) AS at FROM public.message_notice mn JOIN public.message m ON m.id = mn.message_id
                           WHERE mn.notice_id = n.id AND n.state = 'Sent') sent ON true
        WHERE n.recorded_at <= as_of.instant()$$, as_of.columns('notice', 'n', jsonb_build_object('state', $$CASE
            WHEN n.state = 'Sent' AND sent.at > as_of.instant() AND n.ended_at <= as_of.instant() THEN 'Superseded'
            WHEN n.state = 'Sent' AND sent.at > as_of.instant() OR n.state <> 'Sent' AND n.ended_at > as_of.instant() THEN 'Pending'
            ELSE n.state END$$, 'reason', $$CASE
            WHEN n.state <> 'Sent' AND n.ended_at > as_of.instant() THEN coalesce(n.pending_reason, '') ELSE n.reason END$$)));
    EXECUTE format('CREATE VIEW as_of.message AS SELECT %s FROM ' || format(former, 'message') || $$ m
        WHERE EXISTS (SELECT FROM public.message_notice mn JOIN public.notice n ON n.id = mn.notice_id
                      WHERE mn.message_id = m.id AND n.recorded_at <= as_of.instant())$$,
        as_of.columns('message', 'm', jsonb_build_object('state', $$CASE
            WHEN m.sent_at <= as_of.instant() OR m.ended_at <= as_of.instant() AND m.sent_at IS NULL THEN m.state ELSE 'Pending' END$$,
            'sent_at', $$CASE WHEN m.sent_at <= as_of.instant() THEN m.sent_at END$$,
            'tries', $$(SELECT count(*)::int FROM public.attempt a WHERE a.message_id = m.id AND a.at <= as_of.instant())$$)));
END $do$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
DO $do$
BEGIN
    DROP VIEW as_of.notice, as_of.message;
    DROP TRIGGER remember ON message;
    DROP TRIGGER remember ON notice;
    DELETE FROM past WHERE tbl IN ('message', 'notice');
    UPDATE message SET state = 'Superseded' WHERE state = 'Cancelled';
    ALTER TABLE message DROP COLUMN held_at, DROP COLUMN why, DROP COLUMN tries_before, DROP COLUMN waits_since,
        DROP CONSTRAINT message_state_check,
        ADD CONSTRAINT message_state_check CHECK (state IN ('Pending', 'Claimed', 'Sent', 'Superseded',
            'Expired', 'Ambiguous', 'Parked', 'NotConfigured'));
    EXECUTE format($$CREATE VIEW as_of.notice AS
        SELECT %s FROM public.notice n
        LEFT JOIN LATERAL (SELECT min(m.sent_at) AS at FROM public.message_notice mn JOIN public.message m ON m.id = mn.message_id
                           WHERE mn.notice_id = n.id AND n.state = 'Sent') sent ON true
        WHERE n.recorded_at <= as_of.instant()$$, as_of.columns('notice', 'n', jsonb_build_object('state', $$CASE
            WHEN n.state = 'Sent' AND sent.at > as_of.instant() AND n.ended_at <= as_of.instant() THEN 'Superseded'
            WHEN n.state = 'Sent' AND sent.at > as_of.instant() OR n.state <> 'Sent' AND n.ended_at > as_of.instant() THEN 'Pending'
            ELSE n.state END$$, 'reason', $$CASE
            WHEN n.state <> 'Sent' AND n.ended_at > as_of.instant() THEN coalesce(n.pending_reason, '') ELSE n.reason END$$)));
    EXECUTE format($$CREATE VIEW as_of.message AS
        SELECT %s FROM public.message m
        WHERE EXISTS (SELECT FROM public.message_notice mn JOIN public.notice n ON n.id = mn.notice_id
                      WHERE mn.message_id = m.id AND n.recorded_at <= as_of.instant())$$,
        as_of.columns('message', 'm', jsonb_build_object('state', $$CASE
            WHEN m.sent_at <= as_of.instant() OR m.ended_at <= as_of.instant() AND m.sent_at IS NULL THEN m.state ELSE 'Pending' END$$,
            'sent_at', $$CASE WHEN m.sent_at <= as_of.instant() THEN m.sent_at END$$,
            'tries', $$(SELECT count(*)::int FROM public.attempt a WHERE a.message_id = m.id AND a.at <= as_of.instant())$$)));
END $do$;
-- +goose StatementEnd
