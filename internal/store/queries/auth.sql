-- name: InsertToken :one
INSERT INTO token (hash, name, role, unit, line, campaign, not_before, expires_at)
VALUES (@hash, @name, @role, @unit, @line, @campaign, @not_before, @expires_at)
RETURNING *;

-- name: TokenByHash :one
SELECT * FROM token WHERE hash = @hash;

-- name: UseToken :exec
-- Once a minute is often enough to know that somebody uses it.
UPDATE token SET used_at = clock_timestamp()
WHERE id = @id AND (used_at IS NULL OR used_at < clock_timestamp() - interval '1 minute');

-- name: TokensOf :many
-- @unit empty is all.
SELECT * FROM token WHERE @unit::text = '' OR unit = @unit ORDER BY id;

-- name: RevokeToken :one
UPDATE token SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE id = @id RETURNING *;

-- name: BodiesAbove :many
-- Who stands above a unit on one line, at any distance. UNION ends circles.
WITH RECURSIVE up AS (
    SELECT @unit::text AS code
    UNION
    SELECT CASE @line::text WHEN 'collects_to' THEN u.collects_to WHEN 'administered_by' THEN u.administered_by ELSE u.submits_to END
    FROM up JOIN roster_unit u ON u.code = up.code
)
SELECT code FROM up WHERE code <> '' AND code <> @unit;

-- name: AnyUnit :one
SELECT EXISTS (SELECT FROM roster_unit) AS any;

-- name: KnownUnit :one
SELECT EXISTS (SELECT FROM roster_unit WHERE code = @unit);

-- name: NewestLinkKey :one
SELECT version, key FROM link_key ORDER BY version DESC LIMIT 1;

-- name: InsertLinkKey :exec
-- Two that make the first key at once: one of them is it.
INSERT INTO link_key (version, key) VALUES (@version, @key) ON CONFLICT DO NOTHING;

-- name: LinkVersions :many
-- Units that are not there are at version 1.
SELECT unit, version FROM link_version WHERE unit = ANY(@units::text[]);

-- name: RaiseLinkVersion :one
INSERT INTO link_version (unit, version) VALUES (@unit, 2)
ON CONFLICT (unit) DO UPDATE SET version = link_version.version + 1, revoked_at = clock_timestamp()
RETURNING version;

-- name: RankingPublished :one
-- @review empty is the one sealed last. Before a ranking there is nothing to publish.
SELECT coalesce((SELECT v.state = 'Published' FROM review v JOIN ranking k ON k.review_id = v.id
                 WHERE v.campaign_id = @campaign_id AND (@review::text = '' OR v.name = @review)
                 ORDER BY k.sealed_at DESC, v.at DESC, k.version DESC LIMIT 1), false)::bool AS published;
