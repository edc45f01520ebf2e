-- +goose Up

-- A report that the office asks for by an act, outside the plan (báo cáo đột xuất):
-- what a series is for the reports that the spec declares. Its round is named
-- request/NAME; request is no name for a series.
CREATE TABLE request (
    round_id  bigint PRIMARY KEY REFERENCES round,
    title     text NOT NULL,
    sections  jsonb NOT NULL,   -- the outline, as in v1.Section
    units     text[] NOT NULL,  -- who is asked; empty: every participant
    reason    text NOT NULL,
    asked_at  timestamptz NOT NULL
);

-- Who puts the reports of a round together owes that by a date of its own.
ALTER TABLE obligation
    DROP CONSTRAINT obligation_kind_check,
    ADD CONSTRAINT obligation_kind_check CHECK (kind IN ('Registration', 'Report', 'Consolidation', 'Invitation', 'Decision'));
ALTER TABLE participant ADD COLUMN collects_to text NOT NULL DEFAULT '';

-- Files that came with a report. Their bytes lie outside the database under their
-- hash, and were there, synced, before the report was accepted.
CREATE TABLE report_file (
    report_id   bigint NOT NULL REFERENCES report,
    position    int NOT NULL,
    name        text NOT NULL,
    sha256      text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    size        bigint NOT NULL,
    media_type  text NOT NULL,
    PRIMARY KEY (report_id, position)
);
CREATE INDEX report_file_sha256 ON report_file (sha256);

-- +goose Down
DROP TABLE report_file;
ALTER TABLE participant DROP COLUMN collects_to;
DELETE FROM obligation WHERE kind = 'Consolidation';
ALTER TABLE obligation
    DROP CONSTRAINT obligation_kind_check,
    ADD CONSTRAINT obligation_kind_check CHECK (kind IN ('Registration', 'Report', 'Invitation', 'Decision'));
DROP TABLE request;
