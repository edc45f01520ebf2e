-- +goose Up

-- How a report came. One that did not come through the system was recorded by the
-- office: it counts at its own arrival, and says which document it was.
ALTER TABLE report
    ADD COLUMN source           text NOT NULL DEFAULT 'System' CHECK (source IN ('System', 'Paper', 'Email', 'DocumentAxis')),
    ADD COLUMN document_number  text NOT NULL DEFAULT '',
    ADD COLUMN document_date    date,
    ADD COLUMN recorded_at      timestamptz,   -- business time of the recording, when it was recorded for the unit
    ADD COLUMN returned_at      timestamptz,
    ADD COLUMN return_reason    text NOT NULL DEFAULT '',
    DROP CONSTRAINT report_state_check,
    ADD CONSTRAINT report_state_check CHECK (state IN ('HandedUp', 'Received', 'Returned'));

-- +goose Down
ALTER TABLE report
    DROP COLUMN source, DROP COLUMN document_number, DROP COLUMN document_date, DROP COLUMN recorded_at,
    DROP COLUMN returned_at, DROP COLUMN return_reason,
    DROP CONSTRAINT report_state_check,
    ADD CONSTRAINT report_state_check CHECK (state IN ('HandedUp', 'Received'));
