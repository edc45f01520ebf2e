-- +goose Up

-- Personal tokens. The secret is 256 random bits, so its SHA-256 is enough: there is
-- nothing to guess. Times are the machine's.
CREATE TABLE token (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hash        bytea NOT NULL UNIQUE,
    name        text NOT NULL,               -- who acts, as the audit names them
    role        text NOT NULL CHECK (role IN ('Office', 'Operator', 'FocalPoint', 'Leader', 'Auditor')),
    unit        text NOT NULL DEFAULT '',
    line        text NOT NULL DEFAULT '' CHECK (line IN ('', 'collects_to', 'administered_by', 'submits_to')),
    campaign    text NOT NULL DEFAULT '',    -- empty: all
    not_before  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at  timestamptz,
    used_at     timestamptz,
    CHECK (role NOT IN ('Office', 'FocalPoint', 'Leader') OR unit <> '')
);

-- What links are signed with. The newest key signs; links of older ones are worthless.
CREATE TABLE link_key (
    version     int PRIMARY KEY,
    key         bytea NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Links carry their unit's version; raising it makes those sent before worthless. A
-- unit without a row is at version 1.
CREATE TABLE link_version (
    unit        text PRIMARY KEY,
    version     int NOT NULL,
    revoked_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Sessions of the pages, in the form that the library asks for. token is a hash.
CREATE TABLE sessions (
    token   text PRIMARY KEY,
    data    bytea NOT NULL,
    expiry  timestamptz NOT NULL
);
CREATE INDEX sessions_expiry ON sessions (expiry);

-- +goose Down
DROP TABLE sessions, link_version, link_key, token;
