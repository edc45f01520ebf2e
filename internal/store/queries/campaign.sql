-- name: CampaignForUpdate :one
-- Commands take the campaign exclusively, steps share it; obligations are
-- locked after it, by id.
SELECT * FROM campaign WHERE name = @name FOR UPDATE;

-- name: CampaignForShare :one
SELECT * FROM campaign WHERE id = @id FOR SHARE;

-- name: CampaignOfProcedure :one
SELECT campaign_id FROM procedure WHERE id = @id;

-- name: CampaignForUpdateByID :one
SELECT * FROM campaign WHERE id = @id FOR UPDATE;

-- name: CountOwing :one
SELECT count(*) FROM obligation WHERE campaign_id = @campaign_id AND state = 'Owing';

-- name: CampaignByName :one
SELECT * FROM campaign WHERE name = @name;

-- name: Campaigns :many
SELECT * FROM campaign ORDER BY name;

-- name: InsertCampaign :one
INSERT INTO campaign (name, title, time_zone, calendar, office, roster, plan, plan_hash, launch_at, decision_at,
                      invite_at, ceremony_at, closes_at, created_at)
VALUES (@name, @title, @time_zone, @calendar, @office, @roster, @plan, @plan_hash, @launch_at, @decision_at,
        @invite_at, @ceremony_at, @closes_at, @created_at)
RETURNING id;

-- name: UpdateCampaignPlan :exec
UPDATE campaign SET title = @title, calendar = @calendar, office = @office, roster = @roster, plan = @plan,
    plan_hash = @plan_hash, launch_at = CASE WHEN state = 'Declared' THEN @launch_at ELSE launch_at END,
    decision_at = @decision_at, invite_at = @invite_at, ceremony_at = @ceremony_at, closes_at = @closes_at,
    spec_generation = @spec_generation, generation = generation + 1
WHERE id = @id;

-- name: LaunchCampaign :exec
UPDATE campaign SET state = 'Launched', acted_at = @acted_at, backdated = @backdated, launch_at = @launch_at,
    generation = generation + 1
WHERE id = @id;

-- name: PauseCampaign :exec
UPDATE campaign SET state = 'Paused', paused_at = @at::timestamptz, generation = generation + 1 WHERE id = @id;

-- name: ResumeCampaign :exec
UPDATE campaign SET state = 'Launched', paused_at = NULL, generation = generation + 1 WHERE id = @id;

-- name: EndCampaign :exec
UPDATE campaign SET state = @state, ended_at = @at::timestamptz, generation = generation + 1 WHERE id = @id;

-- name: BumpGeneration :exec
UPDATE campaign SET generation = generation + 1 WHERE id = @id;

-- name: Enroll :execrows
-- Copies what the campaign needs of its participants, once, at the launch.
INSERT INTO participant (campaign_id, unit, name, kind, grp, calendar, administered_by, collects_to)
SELECT @campaign_id, u.code, u.name, u.kind, u.grp,
       CASE WHEN u.calendar = '' THEN @calendar::text ELSE u.calendar END, u.administered_by, u.collects_to
FROM roster_unit u
WHERE u.roster = ANY(@rosters::text[]) AND u.code = ANY(@units::text[])
ON CONFLICT DO NOTHING;

-- name: CountParticipants :one
SELECT count(*) FROM participant WHERE campaign_id = @campaign_id;

-- name: Participants :many
SELECT * FROM participant WHERE campaign_id = @campaign_id ORDER BY unit;

-- name: DeleteLadder :exec
DELETE FROM ladder_step WHERE campaign_id = @campaign_id;

-- name: InsertLadderStep :exec
INSERT INTO ladder_step (campaign_id, seq, step, offset_days, at_time, roles, channels, gather, catch_up, task)
VALUES (@campaign_id, @seq, @step, @offset_days, (@at_time::text)::time, @roles::text[], @channels::text[], @gather,
        @catch_up, @task);

-- name: InsertAudit :exec
INSERT INTO audit (at, actor, verb, object, reason, request_id, detail)
VALUES (@at, @actor, @verb, @object, @reason, @request_id, @detail);

-- name: AuditByRequest :one
SELECT * FROM audit WHERE request_id = @request_id;

-- name: AuditOf :many
SELECT * FROM audit WHERE object = @object ORDER BY id;

-- name: CancelObligations :execrows
UPDATE obligation SET state = 'Cancelled', next_at = NULL, next_seq = NULL
WHERE campaign_id = @campaign_id AND state = 'Owing';

-- name: SupersedeAllPending :execrows
-- A cancelled campaign says nothing more: its pending notices and messages go
-- in the transaction that cancels it. What is being sent at this moment is
-- settled by its own outcome. Messages before notices, as the dispatcher locks them.
WITH gone AS (
    UPDATE message SET state = 'Superseded'
    WHERE message.campaign_id = @campaign_id AND message.state = 'Pending' RETURNING message.id
)
UPDATE notice SET state = 'Superseded', reason = @reason
WHERE notice.campaign_id = @campaign_id AND notice.state = 'Pending' AND (SELECT count(*) FROM gone) >= 0;

-- name: WithdrawLettersOf :exec
-- Letters of a cancelled campaign that nobody has signed.
UPDATE letter SET state = 'Withdrawn' WHERE campaign_id = @campaign_id AND state = 'Drafted';

-- name: DropPlannedReviews :exec
-- Reviews that a new plan no longer has.
DELETE FROM review WHERE campaign_id = @campaign_id AND state = 'Planned' AND NOT name = ANY(@keep::text[]);

-- name: CancelPlannedRounds :exec
UPDATE round SET state = 'Cancelled' WHERE campaign_id = @campaign_id AND state IN ('Planned', 'Open');

-- name: ParticipantOf :one
SELECT * FROM participant WHERE campaign_id = @campaign_id AND unit = @unit;
