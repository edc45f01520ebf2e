-- name: InsertAccount :one
INSERT INTO account (login, name) VALUES (@login, @name) ON CONFLICT (login) DO NOTHING RETURNING *;

-- name: AccountByLogin :one
SELECT * FROM account WHERE login = @login;

-- name: AccountBySubject :one
SELECT * FROM account WHERE issuer = @issuer AND subject = @subject AND subject <> '';

-- name: AccountByID :one
SELECT * FROM account WHERE id = @id;

-- name: AccountForUpdate :one
SELECT * FROM account WHERE id = @id FOR UPDATE;

-- name: Accounts :many
SELECT * FROM account ORDER BY login;

-- name: LoginFailed :exec
-- The fifth wrong try in a row locks the account for a while, and so does every fifth.
UPDATE account SET failed = failed + 1,
    locked_until = CASE WHEN (failed + 1) % 5 = 0 THEN clock_timestamp() + interval '15 minutes' ELSE locked_until END
WHERE id = @id;

-- name: LoginDone :execrows
-- A code counts once: of two that come with the same one, one finds it taken.
UPDATE account SET failed = 0, locked_until = NULL, entered_at = clock_timestamp(), totp_step = greatest(totp_step, @step::bigint)
WHERE id = @id AND disabled_at IS NULL AND (@step = 0 OR totp_step < @step);

-- name: SetPassword :exec
UPDATE account SET password = @password, failed = 0, locked_until = NULL, version = version + 1 WHERE id = @id;

-- name: SetSecondFactor :exec
-- NULL takes it away.
UPDATE account SET totp = sqlc.narg('totp'), totp_step = @step, version = version + 1 WHERE id = @id;

-- name: SetSubject :exec
UPDATE account SET issuer = @issuer, subject = @subject WHERE id = @id;

-- name: EndSessions :exec
UPDATE account SET version = version + 1 WHERE id = @id;

-- name: SetDisabled :exec
UPDATE account SET disabled_at = CASE WHEN @disabled::bool THEN coalesce(disabled_at, clock_timestamp()) END, version = version + 1 WHERE id = @id;

-- name: InsertRole :one
INSERT INTO account_role (account_id, role, unit, line, campaign, not_before, expires_at, delegated_by)
VALUES (@account_id, @role, @unit, @line, @campaign, @not_before, @expires_at, sqlc.narg('delegated_by'))
RETURNING *;

-- name: RolesOf :many
-- Roles that are not over; of @account, or with 0 of all. A delegated one is over with
-- the one that it comes from.
SELECT r.*, coalesce(f.name, '')::text AS delegated_from
FROM account_role r
LEFT JOIN account_role p ON p.id = r.delegated_by
LEFT JOIN account f ON f.id = p.account_id
WHERE (@account::bigint = 0 OR r.account_id = @account) AND r.revoked_at IS NULL AND r.expires_at > @at::timestamptz
  AND (p.id IS NULL OR p.revoked_at IS NULL AND p.expires_at > @at AND f.disabled_at IS NULL)
ORDER BY r.account_id, r.id;

-- name: RoleByID :one
SELECT * FROM account_role WHERE id = @id;

-- name: RevokeRole :execrows
-- With what was delegated from it.
UPDATE account_role SET revoked_at = clock_timestamp() WHERE (id = @id OR delegated_by = @id) AND revoked_at IS NULL;

-- name: InsertInvitation :exec
INSERT INTO invitation (hash, account_id, expires_at) VALUES (@hash, @account_id, @expires_at);

-- name: InvitationByHash :one
SELECT i.*, a.login, a.name, a.disabled_at FROM invitation i JOIN account a ON a.id = i.account_id WHERE i.hash = @hash;

-- name: UseInvitation :execrows
-- Once; and it ends all others of the account.
UPDATE invitation SET used_at = clock_timestamp()
WHERE account_id = (SELECT i.account_id FROM invitation i WHERE i.hash = @hash AND i.used_at IS NULL AND i.expires_at > clock_timestamp()) AND used_at IS NULL;

-- name: EndInvitations :exec
UPDATE invitation SET used_at = clock_timestamp() WHERE account_id = @account_id AND used_at IS NULL;

-- name: OfficesOfCampaigns :many
SELECT name, office FROM campaign;

-- name: RolesLent :many
-- What an account has lent, and to whom.
SELECT sqlc.embed(r), a.name
FROM account_role p JOIN account_role r ON r.delegated_by = p.id JOIN account a ON a.id = r.account_id
WHERE p.account_id = @account AND r.revoked_at IS NULL AND r.expires_at > @at::timestamptz
ORDER BY r.not_before, r.id;
