-- +goose Up

-- People who log in, by a password or by their organisation's single sign-on. Personal
-- data: rows are erasable, and the audit names accounts by their number. Times are the
-- machine's.
CREATE TABLE account (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login        text NOT NULL UNIQUE CHECK (login = lower(login) AND login <> ''), -- an address of e-mail, usually
    name         text NOT NULL,
    password     text NOT NULL DEFAULT '',      -- argon2id, in its PHC form; empty: none is set
    failed       integer NOT NULL DEFAULT 0,    -- wrong passwords and codes since the last right one
    locked_until timestamptz,
    totp         bytea,                         -- the second factor's secret
    totp_step    bigint NOT NULL DEFAULT 0,     -- the last time step whose code was taken: a code counts once
    -- Raised by sign-out everywhere, by a new password and by a new second factor: a
    -- session counts only under the version that it was opened under.
    version      integer NOT NULL DEFAULT 1,
    issuer       text NOT NULL DEFAULT '',      -- of single sign-on, with the subject that it names
    subject      text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    entered_at   timestamptz,                   -- the last login
    disabled_at  timestamptz
);
CREATE UNIQUE INDEX account_subject ON account (issuer, subject) WHERE subject <> '';

-- What an account may do: a role with a scope and a time. One account may hold several,
-- and acts in one of them at a time.
CREATE TABLE account_role (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id   bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    role         text NOT NULL CHECK (role IN ('Office', 'Operator', 'FocalPoint', 'Leader', 'Appraiser', 'Auditor')),
    unit         text NOT NULL DEFAULT '',
    line         text NOT NULL DEFAULT '' CHECK (line IN ('', 'collects_to', 'administered_by', 'submits_to')),
    campaign     text NOT NULL DEFAULT '',
    not_before   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    -- Delegated: it counts only while the role that it comes from does.
    delegated_by bigint REFERENCES account_role ON DELETE CASCADE,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at   timestamptz,
    CHECK (role NOT IN ('Office', 'FocalPoint', 'Leader', 'Appraiser') OR unit <> '')
);
CREATE INDEX account_role_account ON account_role (account_id);
CREATE INDEX account_role_delegated ON account_role (delegated_by) WHERE delegated_by IS NOT NULL;

-- By which somebody sets their first password, or a new one: once, and not for long. The
-- secret is 256 random bits.
CREATE TABLE invitation (
    hash       bytea PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX invitation_account ON invitation (account_id);

ALTER TABLE token DROP CONSTRAINT token_role_check;
ALTER TABLE token ADD CONSTRAINT token_role_check CHECK (role IN ('Office', 'Operator', 'FocalPoint', 'Leader', 'Appraiser', 'Auditor'));
ALTER TABLE token DROP CONSTRAINT token_check;
ALTER TABLE token ADD CONSTRAINT token_check CHECK (role NOT IN ('Office', 'FocalPoint', 'Leader', 'Appraiser') OR unit <> '');

-- +goose Down
ALTER TABLE token DROP CONSTRAINT token_check;
ALTER TABLE token ADD CONSTRAINT token_check CHECK (role NOT IN ('Office', 'FocalPoint', 'Leader') OR unit <> '');
ALTER TABLE token DROP CONSTRAINT token_role_check;
ALTER TABLE token ADD CONSTRAINT token_role_check CHECK (role IN ('Office', 'Operator', 'FocalPoint', 'Leader', 'Auditor'));
DROP TABLE invitation, account_role, account;
