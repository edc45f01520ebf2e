-- A campaign of 11,367 units at noon of 20 January 2022: registration and three
-- monthly rounds are over, the fourth is late for one unit in ten.
UPDATE clock SET mode = 'stepped', now = '2022-01-20 12:00+07', jumps = 40;

INSERT INTO object (kind, name, generation, manifest, applied_at, actor) VALUES ('Campaign', 'covid-2021', 1, '{
  "apiVersion": "thidua.dev/v1", "kind": "Campaign", "metadata": {"name": "covid-2021"},
  "spec": {"title": {"vi": "Cả nước đoàn kết, chung sức, đồng lòng thi đua phòng, chống đại dịch", "en": "The whole country"},
    "office": "TW", "axes": [{"name": "prevention", "title": {"vi": "Phòng, chống dịch"}, "weight": "50"},
                             {"name": "professional", "title": {"vi": "Chuyên môn"}, "weight": "50"}],
    "reporting": [{"name": "monthly", "period": "Month", "title": {"vi": "Báo cáo tháng", "en": "Monthly report"}}],
    "reviews": [{"name": "midterm", "title": {"vi": "Sơ kết"}}], "scoring": {"ranking": {"within": "Group"}},
    "launch": {"at": "2021-09-07T14:00:00+07:00"}, "participants": {"roster": "country"}, "rulePack": "VN-2003", "calendar": "state"}}',
  '2021-09-01', 'test');

INSERT INTO calendar_day (calendar, day, number, working)
SELECT 'state', d::date, sum(CASE WHEN extract(isodow FROM d) < 6 THEN 1 ELSE 0 END) OVER (ORDER BY d), extract(isodow FROM d) < 6
FROM generate_series('2021-01-01'::timestamp, '2022-12-31', '1 day') d;

INSERT INTO roster_unit (roster, code, name, kind, administered_by, grp, calendar)
SELECT 'country', 'U' || lpad(i::text, 5, '0'), 'Ủy ban nhân dân xã Tân Lập số ' || i, 'commune', 'H' || i / 16, 'cum-' || lpad((i / 16)::text, 3, '0'), 'state'
FROM generate_series(1, 11367) i
UNION ALL SELECT 'country', 'H' || i, 'Ủy ban nhân dân huyện ' || i, 'district', '', '', 'state' FROM generate_series(0, 710) i
UNION ALL SELECT 'country', 'TW', 'Ban Thi đua - Khen thưởng Trung ương', 'office', '', '', 'state';

INSERT INTO campaign (name, title, state, time_zone, calendar, office, roster, plan, plan_hash, launch_at, acted_at, closes_at, created_at)
VALUES ('covid-2021', 'Cả nước', 'Launched', 'Asia/Ho_Chi_Minh', 'state', 'TW', 'country',
        '{"campaign": "covid-2021", "generation": 1, "planHash": "sha256:0", "events": [
           {"at": "2022-02-15T17:00:00+07:00", "type": "ReportDue", "round": "monthly/2022-02", "step": "", "calendar": "state", "units": 11367, "reason": ""}]}',
        'sha256:0', '2021-09-07 14:00+07', '2021-09-07 14:00+07', '2022-06-30 17:00+07', '2021-09-01');

INSERT INTO participant (campaign_id, unit, name, kind, grp, calendar, administered_by)
SELECT c.id, u.code, u.name, u.kind, u.grp, 'state', u.administered_by FROM campaign c, roster_unit u WHERE u.kind = 'commune';

INSERT INTO ladder_step (campaign_id, seq, step, offset_days, at_time, roles, channels, gather, catch_up, task)
SELECT c.id, s.seq, s.step, s.off, '08:30', s.roles, '{email}', s.seq = 5, 'Send', s.task
FROM campaign c, (VALUES (1, 'prepare', -5, '{Holder}'::text[], ''), (2, 'tomorrow', -1, '{Holder}', ''), (3, 'overdue', 1, '{FocalPoint,Leader}', ''),
                         (4, 'letter', 3, '{Office}', 'DraftLetter'), (5, 'escalate', 5, '{AdministeringBody,Office}', '')) AS s(seq, step, off, roles, task);

INSERT INTO round (campaign_id, name, kind, series, period, seq, opens_at, closes_at, approval, state, opened_at, closed_at, expected, on_time, late, missing)
SELECT c.id, r.name, r.kind, r.series, r.period, r.seq, r.due - interval '8 days', r.due + interval '14 days', 'UnitLeader',
       r.state, CASE WHEN r.state <> 'Planned' THEN r.due - interval '8 days' END, CASE WHEN r.state = 'Closed' THEN r.due + interval '14 days' END,
       CASE WHEN r.state = 'Closed' THEN 11367 END, CASE WHEN r.state = 'Closed' THEN 10231 END, CASE WHEN r.state = 'Closed' THEN 1000 END,
       CASE WHEN r.state = 'Closed' THEN 136 END
FROM campaign c, (VALUES ('registration', 'Registration', 'registration', '', 1, 'Closed', '2021-09-30 17:00+07'::timestamptz),
                         ('monthly/2021-10', 'Report', 'monthly', '2021-10', 2, 'Closed', '2021-10-15 17:00+07'),
                         ('monthly/2021-11', 'Report', 'monthly', '2021-11', 3, 'Closed', '2021-11-15 17:00+07'),
                         ('monthly/2021-12', 'Report', 'monthly', '2021-12', 4, 'Closed', '2021-12-15 17:00+07'),
                         ('monthly/2022-01', 'Report', 'monthly', '2022-01', 5, 'Open', '2022-01-17 17:00+07'),
                         ('monthly/2022-02', 'Report', 'monthly', '2022-02', 6, 'Planned', '2022-02-15 17:00+07')) AS r(name, kind, series, period, seq, state, due);
INSERT INTO round_due (round_id, calendar, due_at) SELECT id, 'state', opens_at + interval '8 days' FROM round;

INSERT INTO obligation (campaign_id, round_id, kind, subject, owner, holder, calendar, state, due_at, ladder_from, step_seq, step_at, next_seq, next_at,
                        opened_at, received_at, settled_at)
SELECT r.campaign_id, r.id, r.kind, r.name, p.unit, 'FocalPoint', 'state', o.state, d.due_at, r.opens_at, 3, d.due_at + interval '15 hours 30 minutes',
       CASE WHEN o.state = 'Owing' THEN 5 END, CASE WHEN o.state = 'Owing' THEN d.due_at + interval '6 days 15 hours 30 minutes' END, r.opened_at,
       CASE WHEN o.state = 'Settled' THEN d.due_at - interval '1 hour' END, CASE WHEN o.state = 'Settled' THEN d.due_at - interval '1 hour' END
FROM round r
JOIN round_due d ON d.round_id = r.id
JOIN participant p ON p.campaign_id = r.campaign_id
CROSS JOIN LATERAL (SELECT CASE WHEN right(p.unit, 1) <> '7' THEN 'Settled' WHEN r.state = 'Open' THEN 'Owing' ELSE 'Lapsed' END AS state) o
WHERE r.opened_at IS NOT NULL
ORDER BY r.seq, p.unit;

INSERT INTO report (obligation_id, version, state, received_at, approved_at)
SELECT o.id, 1, 'Received', o.received_at, o.received_at FROM obligation o WHERE o.state = 'Settled';

INSERT INTO notice (campaign_id, round_id, obligation_id, unit, deadline_no, step, role, recipient, instant, state, reason, recorded_at)
SELECT o.campaign_id, o.round_id, o.id, o.owner, 1, s.step, 'FocalPoint', o.owner, o.due_at + s.off, 'Sent', '', o.due_at + s.off
FROM obligation o, (VALUES ('prepare', interval '-7 days'), ('tomorrow', interval '-1 day'), ('overdue', interval '15 hours 30 minutes')) AS s(step, off)
WHERE s.step <> 'overdue' OR o.state <> 'Settled'
ORDER BY s.step, o.id;

INSERT INTO message (campaign_id, round_id, step, channel, role, recipient, batch, list, state, not_before, tries, sent_at)
SELECT n.campaign_id, n.round_id, n.step, 'email', n.role, n.recipient, 'notice.' || n.id, false, 'Sent', n.instant, 1, n.instant FROM notice n ORDER BY n.id;
INSERT INTO message_notice (message_id, notice_id) SELECT m.id, substr(m.batch, 8)::bigint FROM message m;
INSERT INTO attempt (message_id, no, claim, at, finished_at, outcome, response)
SELECT m.id, 1, gen_random_uuid(), m.not_before, clock_timestamp(), 'Sent', '250 2.0.0 OK' FROM message m;

INSERT INTO letter (campaign_id, round_id, notice_id, obligation_id, unit, state, drafted_at)
SELECT n.campaign_id, n.round_id, n.id, n.obligation_id, n.unit, CASE WHEN o.state = 'Owing' THEN 'Drafted' ELSE 'Withdrawn' END, n.instant + interval '2 days'
FROM notice n JOIN obligation o ON o.id = n.obligation_id WHERE n.step = 'overdue';

INSERT INTO review (campaign_id, name, at, final, state) SELECT id, 'midterm', '2021-12-31 08:30+07', false, 'Published' FROM campaign;
INSERT INTO ranking (review_id, version, sealed_at, hash) SELECT id, 1, at, 'sha256:0' FROM review;
INSERT INTO ranking_line (ranking_id, unit, grp, axes, base, malus, total, late, missing, expected, rank)
SELECT k.id, p.unit, p.grp, '[{"Axis": "prevention", "Measured": true, "Weight": "50", "Points": "40", "Floor": "0", "BelowFloor": false},
                             {"Axis": "professional", "Measured": true, "Weight": "50", "Points": "41.5", "Floor": "0", "BelowFloor": false}]',
       81.5, 0, 81.5, 0, 0, 4, row_number() OVER (PARTITION BY p.grp ORDER BY p.unit)
FROM ranking k, participant p;

INSERT INTO procedure (id, campaign_id, kind, subject, phase, state, next_at, observed, stepped_at)
SELECT 'campaign/covid-2021', id, 'Campaign', '', 'collect', 'Open', '2022-02-08 08:30+07', 1, clock_timestamp() FROM campaign;
ANALYZE;
