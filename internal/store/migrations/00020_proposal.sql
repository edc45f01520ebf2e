-- +goose Up

-- A campaign that an office is drawing up: its manifest as it was left, and the units of
-- the list that it began with. Nothing of it is a fact, so nothing of it is in the audit.
-- The list names people: it goes when the campaign is declared, and with a proposal that
-- nobody has touched for long.
CREATE TABLE proposal (
    id          uuid PRIMARY KEY,
    office      text NOT NULL,              -- whose it is; empty: the operator's
    title       text NOT NULL,
    manifest    text NOT NULL,
    units       jsonb NOT NULL,
    version     int NOT NULL DEFAULT 1,
    editor      text NOT NULL DEFAULT '',   -- the page that has changed it last
    declared    text NOT NULL DEFAULT '',   -- the campaign that it has become
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX proposal_changed ON proposal (changed_at);

-- +goose Down
DROP TABLE proposal;
