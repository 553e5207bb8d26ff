-- The log. Positions are 1, 2, 3 … in commit order: only journal.append_v1 inserts, under one lock.
CREATE SCHEMA IF NOT EXISTS journal;

CREATE TABLE journal.events (
    position    bigint      PRIMARY KEY,
    stream      uuid        NOT NULL,
    version     integer     NOT NULL,
    topic       text        NOT NULL,
    recorded_at timestamptz NOT NULL,
    actor       text        NOT NULL,
    account_id  uuid,
    correlation text        NOT NULL,
    causation   bigint,
    command_id  uuid        NOT NULL,
    -- The first event of its command: it carries the idempotency record.
    first       boolean     NOT NULL,
    fingerprint bytea,
    status      smallint,
    result      text,
    -- The postings of a ledger fact, in whole credits.
    available   bigint,
    held        bigint,
    owed        bigint,
    outside     bigint,
    book        text,
    state       bytea       NOT NULL,
    UNIQUE (stream, version),
    CONSTRAINT version_counts CHECK (version >= 0),
    CONSTRAINT causation_is_earlier CHECK (causation < position),
    CONSTRAINT postings_are_balanced CHECK (
        num_nulls(available, held, owed, outside, book) IN (0, 5)
        AND (available IS NULL OR available + held + owed + outside = 0)
        AND (outside IS NULL OR outside = 0 OR book <> '')
    ),
    CONSTRAINT record_is_on_first CHECK (first OR num_nonnulls(fingerprint, status, result) = 0),
    -- Our topics are `feature.fact`; other topics belong to applications that share the log and may hold any bytes.
    CONSTRAINT state_is_json CHECK (
        strpos(topic, ':') > 0 OR strpos(topic, '.') = 0
        OR json_typeof(convert_from(state, 'UTF8')::json) = 'object'
    )
);

-- A command acts once: its id is unique, wherever and however often it is sent.
CREATE UNIQUE INDEX events_command ON journal.events (command_id) WHERE first;
-- An account's history and its last position.
CREATE INDEX events_account ON journal.events (account_id, position) WHERE account_id IS NOT NULL;

-- The log only grows: tails and positions are probed at its end, so statistics must follow quickly.
ALTER TABLE journal.events SET (autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.2);

-- Names that only one stream may hold: `email:<index>`, `api_token:<hash>`.
CREATE TABLE journal.claims (
    claim  text PRIMARY KEY,
    stream uuid NOT NULL
);

-- States of long streams, so that loading reads few events. Disposable: a missing one only costs time.
CREATE TABLE journal.snapshots (
    stream   uuid    NOT NULL,
    version  integer NOT NULL,
    position bigint  NOT NULL,
    kind     text    NOT NULL,
    shape    integer NOT NULL,
    state    bytea   NOT NULL,
    PRIMARY KEY (stream, version)
);

-- The log for people: state as JSON instead of bytes.
CREATE VIEW journal.log AS
SELECT position, recorded_at, topic, stream, version, actor, account_id, correlation, causation, command_id,
       available, held, owed, outside, book,
       CASE WHEN strpos(topic, ':') = 0 AND strpos(topic, '.') > 0 THEN convert_from(state, 'UTF8')::jsonb END AS state
FROM journal.events;
