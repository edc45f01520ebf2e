-- +goose Up

-- What a unit has written and not handed up yet. Nobody is judged by it: it is
-- overwritten, leaves no version, and goes when the report is handed up.
CREATE TABLE draft (
    obligation_id  bigint PRIMARY KEY REFERENCES obligation,
    content        jsonb NOT NULL,      -- an engine.Report, perhaps incomplete
    saved_at       timestamptz NOT NULL,
    actor          text NOT NULL
);

-- +goose Down
DROP TABLE draft;
