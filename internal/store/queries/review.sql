-- name: UpsertReview :exec
INSERT INTO review (campaign_id, name, at, final) VALUES (@campaign_id, @name, @at, @final)
ON CONFLICT (campaign_id, name) DO UPDATE SET at = excluded.at, final = excluded.final WHERE review.state = 'Planned';

-- name: ReviewsOf :many
SELECT * FROM review WHERE campaign_id = @campaign_id ORDER BY at, name;

-- name: ReviewForUpdate :one
SELECT * FROM review WHERE campaign_id = @campaign_id AND name = @name FOR UPDATE;

-- name: SetReviewState :exec
UPDATE review SET state = @state WHERE id = @id;

-- name: LatestFigures :many
-- The newest received figure of each unit and indicator, as of an instant.
SELECT DISTINCT ON (o.owner, f.indicator) o.owner AS unit, f.indicator, f.value
FROM obligation o
JOIN round r ON r.id = o.round_id
JOIN report p ON p.obligation_id = o.id AND p.state = 'Received' AND p.approved_at <= @as_of::timestamptz
JOIN report_figure f ON f.report_id = p.id
WHERE o.campaign_id = @campaign_id AND o.kind = 'Report'
ORDER BY o.owner, f.indicator, r.seq DESC, p.version DESC;

-- name: Discipline :many
-- Reports asked for, late and missing per unit, of rounds whose deadline has passed.
SELECT o.owner AS unit, count(*)::int AS expected,
       count(*) FILTER (WHERE o.state = 'Settled' AND o.received_at > o.due_at)::int AS late,
       count(*) FILTER (WHERE o.state = 'Lapsed' OR (o.state = 'Owing' AND o.due_at < @as_of::timestamptz))::int AS missing
FROM obligation o
WHERE o.campaign_id = @campaign_id AND o.kind = 'Report' AND o.due_at <= @as_of::timestamptz
GROUP BY o.owner;

-- name: InsertRanking :one
INSERT INTO ranking (review_id, version, sealed_at, hash, inputs, inputs_hash)
VALUES (@review_id, (SELECT coalesce(max(version), 0) + 1 FROM ranking WHERE review_id = @review_id), @sealed_at, @hash, @inputs, @inputs_hash)
RETURNING id, version;

-- name: InsertRankingLines :exec
INSERT INTO ranking_line (ranking_id, unit, grp, axes, base, malus, total, late, missing, expected, rank, reason)
SELECT @ranking_id, unnest(@units::text[]), unnest(@grps::text[]), unnest(@axes::text[])::jsonb,
       unnest(@bases::text[])::numeric, unnest(@maluses::text[])::numeric, unnest(@totals::text[])::numeric,
       unnest(@lates::int[]), unnest(@missings::int[]), unnest(@expecteds::int[]), nullif(unnest(@ranks::int[]), 0),
       unnest(@reasons::text[]);

-- name: NewestRanking :one
SELECT k.id, k.version, k.sealed_at, k.hash FROM ranking k WHERE k.review_id = @review_id ORDER BY k.version DESC LIMIT 1;

-- name: InsertNomination :exec
INSERT INTO nomination (campaign_id, unit, award, form, ranking_id, rank, total, nominated_at)
VALUES (@campaign_id, @unit, @award, @form, @ranking_id, @rank, @total, @nominated_at)
ON CONFLICT DO NOTHING;

-- name: CountNominations :one
SELECT count(*) FROM nomination WHERE campaign_id = @campaign_id;

-- name: OweDecision :execrows
INSERT INTO obligation (campaign_id, kind, subject, owner, holder, calendar, state, due_at, ladder_from, opened_at)
VALUES (@campaign_id, 'Decision', 'decision', @owner, 'Office', @calendar, 'Owing', @due_at, @now, @now)
ON CONFLICT DO NOTHING;

-- name: SettleDecision :execrows
UPDATE obligation SET state = 'Settled', received_at = @now::timestamptz, settled_at = @now::timestamptz
WHERE campaign_id = @campaign_id AND kind = 'Decision' AND state = 'Owing';

-- name: InsertDecision :execrows
INSERT INTO decision (campaign_id, number, dated, signed_by, recorded_at)
VALUES (@campaign_id, @number, @dated, @signed_by, @recorded_at) ON CONFLICT DO NOTHING;

-- name: DecisionOf :one
SELECT * FROM decision WHERE campaign_id = @campaign_id;

-- name: GrantAwards :execrows
-- The nominees, in the order of presentation: by award as declared, group, rank.
INSERT INTO award (campaign_id, unit, award, form, ordinal)
SELECT n.campaign_id, n.unit, n.award, n.form,
       row_number() OVER (ORDER BY array_position(@awards::text[], n.award), p.grp, n.rank, n.unit)
FROM nomination n JOIN participant p ON p.campaign_id = n.campaign_id AND p.unit = n.unit
WHERE n.campaign_id = @campaign_id
ON CONFLICT DO NOTHING;

-- name: PresentAwards :execrows
UPDATE award SET presented_at = @at::timestamptz WHERE campaign_id = @campaign_id AND presented_at IS NULL;

-- name: RankingLines :many
SELECT * FROM ranking_line WHERE ranking_id = @ranking_id ORDER BY grp, rank NULLS LAST, unit;
