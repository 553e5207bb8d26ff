-- What waits, and who works on it. Rows are written by journal.append_v1 in the commit of the facts they follow from;
-- claims, leases and the reaper only update them. The table can be rebuilt from the log.
CREATE SCHEMA IF NOT EXISTS dispatch;

CREATE TABLE dispatch.work (
    generation_id    uuid        PRIMARY KEY,
    account_id       uuid        NOT NULL,
    queue            text        NOT NULL,
    model            text        NOT NULL,
    provider         text        NOT NULL,
    priority         smallint    NOT NULL CHECK (priority BETWEEN -1 AND 1),
    -- The account's place among the accounts of the queue.
    turn             bigint      NOT NULL,
    -- The turn shifted by priority: claims take the lowest.
    rank             bigint      NOT NULL,
    state            text        NOT NULL CHECK (state IN ('waiting', 'ready', 'leased')),
    run_at           timestamptz,
    start_deadline   timestamptz,
    deadline         timestamptz NOT NULL,
    started          boolean     NOT NULL DEFAULT false,
    lease_owner      uuid,
    lease_until      timestamptz,
    claims           integer     NOT NULL DEFAULT 0,
    deaths           integer     NOT NULL DEFAULT 0,
    isolate          boolean     NOT NULL DEFAULT false,
    cancel_requested boolean     NOT NULL DEFAULT false,
    created_at       timestamptz NOT NULL,
    CONSTRAINT lease_is_whole CHECK ((state = 'leased') = (lease_owner IS NOT NULL) AND (lease_owner IS NULL) = (lease_until IS NULL))
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);

CREATE INDEX work_ready ON dispatch.work (queue, rank) WHERE state = 'ready';
CREATE INDEX work_due ON dispatch.work (run_at) WHERE state = 'waiting';
CREATE INDEX work_leased ON dispatch.work (queue, turn) WHERE state = 'leased';
CREATE INDEX work_leases ON dispatch.work (lease_until) WHERE state = 'leased';
CREATE INDEX work_turns ON dispatch.work (queue, account_id, turn);

CREATE TABLE dispatch.queues (
    queue      text PRIMARY KEY,
    paused     boolean     NOT NULL DEFAULT false,
    changed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE dispatch.workers (
    worker     uuid PRIMARY KEY,
    host       text        NOT NULL,
    pid        integer     NOT NULL,
    queues     text[]      NOT NULL,
    slots      integer     NOT NULL,
    running    integer     NOT NULL DEFAULT 0,
    started_at timestamptz NOT NULL DEFAULT now(),
    last_beat  timestamptz NOT NULL DEFAULT now(),
    draining   boolean     NOT NULL DEFAULT false
);
