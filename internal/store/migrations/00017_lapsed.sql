-- +goose Up

-- When an obligation lapsed, by the close of its round: a round that is reopened for one
-- unit closes later, and for all others it stays closed as of then.
ALTER TABLE obligation ADD COLUMN lapsed_at timestamptz;
UPDATE obligation o SET lapsed_at = r.closes_at FROM round r WHERE r.id = o.round_id AND o.state = 'Lapsed';

-- +goose Down
ALTER TABLE obligation DROP COLUMN lapsed_at;
