-- +goose Up

-- What the dispatchers have settings for. A message on a channel without settings is
-- held until it is stale, and whoever looks should know why.
CREATE TABLE channel (
    name        text PRIMARY KEY,
    configured  boolean NOT NULL,
    since       timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- +goose Down
DROP TABLE channel;
