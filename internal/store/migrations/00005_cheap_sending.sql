-- +goose Up

-- Sending a message changes its row twice, its attempt and its notices once. Postgres
-- writes a new entry into every index of a row unless no indexed value changes and the
-- new version fits beside the old one (HOT). So no index is on what sending changes, and
-- pages keep room.

-- One partial index for what is in the outbox, claimed or not: claiming changes no
-- indexed value, leaving does.
ALTER TABLE message ADD COLUMN open boolean NOT NULL GENERATED ALWAYS AS (state IN ('Pending', 'Claimed')) STORED;
DROP INDEX message_outbox, message_claimed;
CREATE INDEX message_outbox ON message (next_try_at, id) WHERE open;

-- An obligation has a handful of notices: its unique key finds them.
DROP INDEX notice_pending;

-- Nobody asks for these but by message. The statement that inserts an attempt joins
-- its message, and nothing deletes messages: the check would only lock their rows.
DROP INDEX attempt_open, attempt_ambiguous;
ALTER TABLE attempt DROP CONSTRAINT attempt_message_id_fkey;

ALTER TABLE message SET (fillfactor = 80);
ALTER TABLE notice SET (fillfactor = 80);
ALTER TABLE attempt SET (fillfactor = 80);

-- A report takes its letters back: without an index it would read those of all units.
CREATE INDEX letter_obligation ON letter (obligation_id);

-- +goose Down
DROP INDEX letter_obligation;
ALTER TABLE attempt RESET (fillfactor);
ALTER TABLE notice RESET (fillfactor);
ALTER TABLE message RESET (fillfactor);
ALTER TABLE attempt ADD CONSTRAINT attempt_message_id_fkey FOREIGN KEY (message_id) REFERENCES message;
CREATE INDEX attempt_open ON attempt (message_id) WHERE outcome IS NULL;
CREATE INDEX attempt_ambiguous ON attempt (started_at) WHERE outcome = 'Ambiguous';
CREATE INDEX notice_pending ON notice (obligation_id) WHERE state = 'Pending';
DROP INDEX message_outbox;
ALTER TABLE message DROP COLUMN open;
CREATE INDEX message_outbox ON message (next_try_at, id) WHERE state = 'Pending';
CREATE INDEX message_claimed ON message (lease_until) WHERE state = 'Claimed';
