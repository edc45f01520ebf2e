-- +goose Up

-- Why something is due when it is. What a person said stands when a calendar changes,
-- what a calendar gave moves with it; and whoever is reminded hears why.
ALTER TABLE obligation
    ADD COLUMN due_by text NOT NULL DEFAULT 'Opening'
        CHECK (due_by IN ('Opening', 'Extended', 'Returned', 'Reopened', 'Calendar', 'Pause')),
    ADD COLUMN due_off date;                     -- the day off that the deadline was moved from
ALTER TABLE round_due ADD COLUMN due_off date;

-- Deadlines that acts have set are in the audit.
UPDATE obligation o
SET due_by = CASE a.verb WHEN 'extend' THEN 'Extended' WHEN 'return' THEN 'Returned' ELSE 'Reopened' END
FROM audit a, campaign c
WHERE c.id = o.campaign_id AND a.object = 'Campaign/' || c.name AND a.verb IN ('extend', 'return', 'reopen')
  AND o.state = 'Owing' AND o.deadline_no > 1 AND a.detail->>'round' = o.subject AND a.detail->>'unit' IN ('', o.owner)
  AND a.detail->>'to' IS NOT NULL AND (a.detail->>'to')::timestamptz = o.due_at;

-- +goose Down
ALTER TABLE round_due DROP COLUMN due_off;
ALTER TABLE obligation DROP COLUMN due_by, DROP COLUMN due_off;
