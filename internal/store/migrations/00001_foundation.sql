-- +goose Up

-- Business time. Plans, ladders and deadlines read it inside the transaction
-- that acts; leases and retries use the machine's clock instead.
CREATE TABLE clock (
    id      int PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    mode    text NOT NULL DEFAULT 'real' CHECK (mode IN ('real', 'stepped')),
    now     timestamptz,
    frozen  boolean NOT NULL DEFAULT false,
    jumps   bigint NOT NULL DEFAULT 0,
    CHECK (mode = 'real' OR now IS NOT NULL)
);
INSERT INTO clock DEFAULT VALUES;

-- The declared objects, as admitted: defaulted and validated. Every generation is kept.
CREATE TABLE object (
    kind        text NOT NULL,
    name        text NOT NULL,
    generation  bigint NOT NULL,
    manifest    jsonb NOT NULL,
    applied_at  timestamptz NOT NULL,
    actor       text NOT NULL,
    PRIMARY KEY (kind, name, generation)
);
CREATE INDEX object_newest ON object (kind, name, generation DESC);

-- Units of all rosters. What a campaign needs of them is copied at its launch.
CREATE TABLE roster_unit (
    roster           text NOT NULL,
    code             text NOT NULL,
    name             text NOT NULL,
    kind             text NOT NULL,
    collects_to      text NOT NULL DEFAULT '',
    administered_by  text NOT NULL DEFAULT '',
    submits_to       text NOT NULL DEFAULT '',
    grp              text NOT NULL DEFAULT '',
    calendar         text NOT NULL DEFAULT '',
    PRIMARY KEY (roster, code)
);
CREATE INDEX roster_unit_code ON roster_unit (code);

-- Who may be written to. Personal data: erasable, never in a ledger or a log.
CREATE TABLE contact (
    unit   text NOT NULL,
    role   text NOT NULL CHECK (role IN ('FocalPoint', 'Leader')),
    name   text NOT NULL DEFAULT '',
    email  text NOT NULL,
    PRIMARY KEY (unit, role)
);

-- Working days by number, so that T±k is a join. A day off carries the number
-- of the last working day before it.
CREATE TABLE calendar_day (
    calendar     text NOT NULL,
    day          date NOT NULL,
    number       int NOT NULL,
    working      boolean NOT NULL,
    name         text NOT NULL DEFAULT '',
    provisional  boolean NOT NULL DEFAULT false,
    PRIMARY KEY (calendar, day)
);
CREATE UNIQUE INDEX calendar_day_number ON calendar_day (calendar, number) WHERE working;

-- A campaign's acts and instants. generation counts everything that its
-- procedures must see: a new spec, and each act.
CREATE TABLE campaign (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text NOT NULL UNIQUE,
    title        text NOT NULL,
    state        text NOT NULL DEFAULT 'Declared'
                 CHECK (state IN ('Declared', 'Launched', 'Paused', 'Cancelled', 'Closed')),
    generation   bigint NOT NULL DEFAULT 1,
    spec_generation bigint NOT NULL DEFAULT 1,
    time_zone    text NOT NULL,
    calendar     text NOT NULL,
    office       text NOT NULL,
    roster       text NOT NULL,
    plan         jsonb NOT NULL,
    plan_hash    text NOT NULL,
    launch_at    timestamptz NOT NULL,
    acted_at     timestamptz,
    backdated    boolean NOT NULL DEFAULT false,
    paused_at    timestamptz,
    decision_at  timestamptz,
    invite_at    timestamptz,
    ceremony_at  timestamptz,
    closes_at    timestamptz NOT NULL,
    ended_at     timestamptz,
    created_at   timestamptz NOT NULL
);

CREATE TABLE participant (
    campaign_id      bigint NOT NULL REFERENCES campaign,
    unit             text NOT NULL,
    name             text NOT NULL,
    kind             text NOT NULL,
    grp              text NOT NULL,
    calendar         text NOT NULL,
    administered_by  text NOT NULL,
    PRIMARY KEY (campaign_id, unit)
);

CREATE TABLE round (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id       bigint NOT NULL REFERENCES campaign,
    name              text NOT NULL,
    kind              text NOT NULL CHECK (kind IN ('Registration', 'Report')),
    series            text NOT NULL,
    period            text NOT NULL,
    seq               int NOT NULL,
    opens_at          timestamptz NOT NULL,
    data_from         date,
    data_to           date,
    consolidation_at  timestamptz,
    closes_at         timestamptz NOT NULL,
    approval          text NOT NULL,
    state             text NOT NULL DEFAULT 'Planned' CHECK (state IN ('Planned', 'Open', 'Closed', 'Cancelled')),
    opened_at         timestamptz,
    closed_at         timestamptz,
    expected          int,
    on_time           int,
    late              int,
    missing           int,
    UNIQUE (campaign_id, name)
);

-- The round's deadline in each calendar that its participants follow.
CREATE TABLE round_due (
    round_id  bigint NOT NULL REFERENCES round ON DELETE CASCADE,
    calendar  text NOT NULL,
    due_at    timestamptz NOT NULL,
    PRIMARY KEY (round_id, calendar)
);

-- The ladder as declared. seq runs from 1 without gaps.
CREATE TABLE ladder_step (
    campaign_id  bigint NOT NULL REFERENCES campaign,
    seq          int NOT NULL,
    step         text NOT NULL,
    offset_days  int NOT NULL,
    at_time      time NOT NULL,
    roles        text[] NOT NULL,
    channels     text[] NOT NULL,
    gather       boolean NOT NULL,
    catch_up     text NOT NULL CHECK (catch_up IN ('Send', 'Merge', 'Skip')),
    task         text NOT NULL,
    PRIMARY KEY (campaign_id, seq),
    UNIQUE (campaign_id, step)
);

-- The ladder's instants for one deadline in one calendar. A deadline that
-- several obligations share is computed once.
CREATE TABLE rung (
    campaign_id  bigint NOT NULL REFERENCES campaign,
    calendar     text NOT NULL,
    due_at       timestamptz NOT NULL,
    seq          int NOT NULL,
    at           timestamptz NOT NULL,
    not_after    timestamptz,   -- null: until the round closes
    PRIMARY KEY (campaign_id, calendar, due_at, seq)
);

-- Someone owes something by a date.
CREATE TABLE obligation (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id  bigint NOT NULL REFERENCES campaign,
    round_id     bigint REFERENCES round,
    kind         text NOT NULL CHECK (kind IN ('Registration', 'Report', 'Invitation', 'Decision')),
    subject      text NOT NULL,
    owner        text NOT NULL,
    holder       text NOT NULL CHECK (holder IN ('FocalPoint', 'Leader', 'Office')),
    calendar     text NOT NULL,
    state        text NOT NULL CHECK (state IN ('Owing', 'Settled', 'Lapsed', 'Cancelled', 'Informed')),
    due_at       timestamptz,
    deadline_no  int NOT NULL DEFAULT 1,
    ladder_from  timestamptz NOT NULL,  -- steps before it are recorded as skipped
    step_seq     int,                   -- the step climbed last, and its instant
    step_at      timestamptz,
    next_seq     int,
    next_at      timestamptz,
    opened_at    timestamptz NOT NULL,
    received_at  timestamptz,
    settled_at   timestamptz,
    UNIQUE (campaign_id, kind, subject, owner)
);
CREATE INDEX obligation_climb ON obligation (round_id, next_at) WHERE state = 'Owing' AND next_at IS NOT NULL;
CREATE INDEX obligation_owner ON obligation (owner, campaign_id);
CREATE INDEX obligation_round ON obligation (round_id, state);

-- A report's versions. Nothing is overwritten.
CREATE TABLE report (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    obligation_id  bigint NOT NULL REFERENCES obligation,
    version        int NOT NULL,
    state          text NOT NULL CHECK (state IN ('HandedUp', 'Received')),
    sections       jsonb NOT NULL DEFAULT '{}',
    hard_tasks     jsonb NOT NULL DEFAULT '[]',
    received_at    timestamptz NOT NULL,   -- when its body had arrived
    approved_at    timestamptz,
    UNIQUE (obligation_id, version)
);

CREATE TABLE report_figure (
    report_id  bigint NOT NULL REFERENCES report,
    indicator  text NOT NULL,
    value      numeric NOT NULL,
    PRIMARY KEY (report_id, indicator)
);

-- Obligation X has reached step S for recipient R.
CREATE TABLE notice (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id     bigint NOT NULL REFERENCES campaign,
    round_id        bigint REFERENCES round,
    obligation_id   bigint NOT NULL REFERENCES obligation,
    unit            text NOT NULL,
    deadline_no     int NOT NULL,
    step            text NOT NULL,
    role            text NOT NULL,
    recipient       text NOT NULL,          -- a unit's code; empty when there is none
    instant         timestamptz NOT NULL,   -- when the step was to happen
    not_after       timestamptz,
    informative     boolean NOT NULL DEFAULT false,  -- still true once nothing is owing
    state           text NOT NULL CHECK (state IN ('Pending', 'Sent', 'Superseded', 'Expired', 'Skipped',
                    'Merged', 'NoRecipient', 'Tasked', 'NotConfigured', 'Failed')),
    reason          text NOT NULL DEFAULT '',
    recorded_at     timestamptz NOT NULL,
    UNIQUE (obligation_id, deadline_no, step, role, recipient)
);
CREATE INDEX notice_unit ON notice (unit, campaign_id);
CREATE INDEX notice_pending ON notice (obligation_id) WHERE state = 'Pending';

-- What one recipient gets on one channel, for one notice or many.
CREATE TABLE message (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id  bigint NOT NULL REFERENCES campaign,
    round_id     bigint REFERENCES round,
    step         text NOT NULL,
    channel      text NOT NULL,
    role         text NOT NULL,
    recipient    text NOT NULL,
    batch        text NOT NULL,
    list         boolean NOT NULL,
    state        text NOT NULL DEFAULT 'Pending' CHECK (state IN ('Pending', 'Claimed', 'Sent', 'Superseded',
                 'Expired', 'Ambiguous', 'Parked', 'NotConfigured')),
    not_before   timestamptz NOT NULL,                 -- business time
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),  -- machine time, like the lease
    next_try_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    tries        int NOT NULL DEFAULT 0,
    claim        uuid,
    lease_until  timestamptz,
    sent_at      timestamptz,
    UNIQUE (role, recipient, channel, batch)
);
CREATE INDEX message_outbox ON message (next_try_at, id) WHERE state = 'Pending';
CREATE INDEX message_claimed ON message (lease_until) WHERE state = 'Claimed';
CREATE INDEX message_campaign ON message (campaign_id, round_id);

CREATE TABLE message_notice (
    message_id  bigint NOT NULL REFERENCES message,
    notice_id   bigint NOT NULL REFERENCES notice,
    PRIMARY KEY (message_id, notice_id)
);
CREATE INDEX message_notice_notice ON message_notice (notice_id);

-- How much a channel may send: a bucket of tokens that all dispatchers share,
-- filled by the machine's clock.
CREATE TABLE channel_rate (
    channel    text PRIMARY KEY,
    tokens     double precision NOT NULL,
    filled_at  timestamptz NOT NULL
);

-- Written and committed immediately before each call; closed after it. One
-- that never was closed is ambiguous: the mail may have left.
CREATE TABLE attempt (
    message_id   bigint NOT NULL REFERENCES message,
    no           int NOT NULL,
    claim        uuid NOT NULL,
    at           timestamptz NOT NULL,                              -- business time
    started_at   timestamptz NOT NULL DEFAULT clock_timestamp(),    -- machine time
    finished_at  timestamptz,
    outcome      text CHECK (outcome IN ('Sent', 'Retry', 'Rejected', 'Ambiguous')),
    response     text NOT NULL DEFAULT '',
    PRIMARY KEY (message_id, no)
);
CREATE INDEX attempt_open ON attempt (message_id) WHERE outcome IS NULL;
CREATE INDEX attempt_ambiguous ON attempt (started_at) WHERE outcome = 'Ambiguous';

-- Official letters, drafted for signature: nothing official goes out unsigned.
CREATE TABLE letter (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id    bigint NOT NULL REFERENCES campaign,
    round_id       bigint REFERENCES round,
    notice_id      bigint NOT NULL UNIQUE REFERENCES notice,
    obligation_id  bigint NOT NULL REFERENCES obligation,
    unit           text NOT NULL,
    state          text NOT NULL DEFAULT 'Drafted' CHECK (state IN ('Drafted', 'Withdrawn')),
    drafted_at     timestamptz NOT NULL
);

CREATE TABLE review (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id  bigint NOT NULL REFERENCES campaign,
    name         text NOT NULL,
    at           timestamptz NOT NULL,
    final        boolean NOT NULL,
    state        text NOT NULL DEFAULT 'Planned' CHECK (state IN ('Planned', 'Ranked', 'Published')),
    UNIQUE (campaign_id, name)
);

-- A sealed ranking never changes; a correction is a new version.
CREATE TABLE ranking (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    review_id    bigint NOT NULL REFERENCES review,
    version      int NOT NULL,
    sealed_at    timestamptz NOT NULL,
    hash         text NOT NULL,
    UNIQUE (review_id, version)
);

CREATE TABLE ranking_line (
    ranking_id  bigint NOT NULL REFERENCES ranking,
    unit        text NOT NULL,
    grp         text NOT NULL,
    axes        jsonb NOT NULL,
    base        numeric NOT NULL,
    malus       numeric NOT NULL,
    total       numeric NOT NULL,
    late        int NOT NULL,
    missing     int NOT NULL,
    expected    int NOT NULL,
    rank        int,             -- null: not ranked, for the reason given
    reason      text NOT NULL DEFAULT '',
    PRIMARY KEY (ranking_id, unit)
);

CREATE TABLE nomination (
    campaign_id  bigint NOT NULL REFERENCES campaign,
    unit         text NOT NULL,
    award        text NOT NULL,
    form         text NOT NULL,
    ranking_id   bigint NOT NULL REFERENCES ranking,
    rank         int NOT NULL,
    total        numeric NOT NULL,
    nominated_at timestamptz NOT NULL,
    -- One achievement, one form (Law 06/2022/QH15 art. 5).
    PRIMARY KEY (campaign_id, unit)
);

CREATE TABLE decision (
    campaign_id  bigint PRIMARY KEY REFERENCES campaign,
    number       text NOT NULL,
    dated        date NOT NULL,
    signed_by    text NOT NULL DEFAULT '',
    recorded_at  timestamptz NOT NULL
);

CREATE TABLE award (
    campaign_id   bigint NOT NULL REFERENCES campaign,
    unit          text NOT NULL,
    award         text NOT NULL,
    form          text NOT NULL,
    ordinal       int NOT NULL,       -- the order of presentation
    presented_at  timestamptz,
    PRIMARY KEY (campaign_id, unit)
);

-- What Temporal carries. next_at is the instant that the procedure's last step
-- stored; one in the past is work undone.
CREATE TABLE procedure (
    id           text PRIMARY KEY,    -- the workflow's id
    campaign_id  bigint NOT NULL REFERENCES campaign,
    kind         text NOT NULL,
    subject      text NOT NULL DEFAULT '',
    phase        text NOT NULL DEFAULT '',
    state        text NOT NULL DEFAULT 'Open' CHECK (state IN ('Open', 'Finished')),
    next_at      timestamptz,
    observed     bigint NOT NULL DEFAULT 0,
    stepped_at   timestamptz          -- machine time of the last step
);
CREATE INDEX procedure_due ON procedure (next_at) WHERE state = 'Open' AND next_at IS NOT NULL;
CREATE INDEX procedure_campaign ON procedure (campaign_id);

-- "Look again" for one procedure. Delivered as signal-with-start; losing one
-- costs time, never correctness.
CREATE TABLE wake (
    id            text PRIMARY KEY,
    kind          text NOT NULL,
    seq           bigint NOT NULL DEFAULT 1,
    requested_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Who did what, when and why. Plain inserts; a repeat of a request finds its result here.
CREATE TABLE audit (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    at           timestamptz NOT NULL,
    actor        text NOT NULL,
    verb         text NOT NULL,
    object       text NOT NULL,
    reason       text NOT NULL DEFAULT '',
    request_id   uuid NOT NULL UNIQUE,
    detail       jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_object ON audit (object, id);

-- +goose Down
DROP TABLE audit, wake, procedure, award, decision, nomination, ranking_line, ranking, review, letter, attempt, channel_rate,
    message_notice, message, notice, report_figure, report, obligation, rung, ladder_step, round_due, round,
    participant, campaign, calendar_day, contact, roster_unit, object, clock;
