-- +goose Up

-- The transaction that wrote a row: the sealer takes rows only once no older
-- transaction can still add one before them.
ALTER TABLE audit ADD COLUMN txid xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX audit_txid ON audit (txid);

-- A seal chains a batch of audit rows to all that came before. horizon is the
-- transaction below which everything is sealed.
CREATE TABLE seal (
    no         bigint PRIMARY KEY,
    sealed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    horizon    xid8 NOT NULL,
    rows       int NOT NULL,
    previous   bytea NOT NULL,
    hash       bytea NOT NULL
);

CREATE TABLE sealed (
    audit_id  bigint PRIMARY KEY REFERENCES audit,
    seal      bigint NOT NULL REFERENCES seal,
    position  int NOT NULL,
    leaf      bytea NOT NULL,
    UNIQUE (seal, position)
);

-- What a ranking was computed from, so that anybody can compute it again.
ALTER TABLE ranking
    ADD COLUMN inputs jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN inputs_hash text NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE ranking DROP COLUMN inputs, DROP COLUMN inputs_hash;
DROP TABLE sealed, seal;
ALTER TABLE audit DROP COLUMN txid;
