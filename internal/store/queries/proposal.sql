-- name: InsertProposal :exec
INSERT INTO proposal (id, office, title, manifest, units) VALUES (@id, @office, @title, @manifest, @units) ON CONFLICT (id) DO NOTHING;

-- name: ChangeProposal :execrows
UPDATE proposal SET title = @title, manifest = @manifest, units = coalesce(sqlc.narg(units), units), version = version + 1, editor = @editor,
       changed_at = clock_timestamp()
WHERE id = @id AND version = @version AND declared = '';

-- name: LockProposal :one
SELECT id, office, title, manifest, units, version, editor, declared, changed_at FROM proposal WHERE id = @id FOR UPDATE;

-- name: Proposals :many
SELECT id, title, changed_at FROM proposal WHERE declared = '' AND (@everyones::bool OR office = @office) ORDER BY changed_at DESC LIMIT 100;

-- name: DropProposal :exec
DELETE FROM proposal WHERE id = @id;

-- name: DeclareProposal :exec
UPDATE proposal SET declared = @declared, units = 'null', changed_at = clock_timestamp() WHERE id = @id;

-- name: DropOldProposals :exec
DELETE FROM proposal WHERE changed_at < clock_timestamp() - make_interval(days => @days::int);
