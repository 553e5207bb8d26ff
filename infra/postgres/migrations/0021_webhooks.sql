-- What is told at webhooks. All of it follows from the log and may be lost: then what was still to be told is not told.
CREATE SCHEMA webhooks;

-- How far the log has been looked at; one row, moved by compare-and-set. What happened before there were webhooks is told nobody.
CREATE TABLE webhooks.follower (
    single   boolean PRIMARY KEY DEFAULT true CHECK (single),
    position bigint  NOT NULL CHECK (position >= 0)
) WITH (fillfactor = 50);
INSERT INTO webhooks.follower (position) SELECT coalesce(max(position), 0) FROM journal.events;

-- The endpoints as of that position, and what each is told. Where they are stands in the log only, sealed.
CREATE TABLE webhooks.subscribers (
    endpoint_id uuid    PRIMARY KEY,
    account_id  uuid    NOT NULL,
    events      text[]  NOT NULL,
    told        boolean NOT NULL
);
CREATE INDEX ON webhooks.subscribers (account_id);

-- Open generations that have a webhook_url of their own.
CREATE TABLE webhooks.generations (
    generation_id uuid PRIMARY KEY,
    account_id    uuid NOT NULL,
    target_id     uuid NOT NULL
);
CREATE INDEX ON webhooks.generations (account_id);

-- Targets that have taken nothing since they failed first. They are asked one thing at a time.
CREATE TABLE webhooks.failing (
    target_id uuid        PRIMARY KEY,
    -- When the first of these tries began.
    since     timestamptz NOT NULL
);

CREATE TABLE webhooks.deliveries (
    -- Follows from target and event, so that nothing is ever there twice.
    id             uuid        PRIMARY KEY,
    number         bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    account_id     uuid        NOT NULL,
    -- NULL: the webhook_url of a generation.
    endpoint_id    uuid,
    -- The endpoint, or what the webhook_url is called.
    target_id      uuid        NOT NULL,
    event_id       text        NOT NULL,
    type           text        NOT NULL,
    position       bigint      NOT NULL,
    generation_id  uuid,
    state          text        NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
    -- The one before it, of the same generation, is still to come; when it is due all the same, it goes out of order.
    waiting        boolean     NOT NULL DEFAULT false,
    due_at         timestamptz NOT NULL,
    out_of_order   boolean     NOT NULL DEFAULT false,
    attempts       integer     NOT NULL DEFAULT 0,
    -- In this run of the schedule; a redelivery begins the next.
    tries          integer     NOT NULL DEFAULT 0,
    lease_owner    uuid,
    lease_until    timestamptz,
    error          text,
    created_at     timestamptz NOT NULL DEFAULT now(),
    first_tried_at timestamptz,
    finished_at    timestamptz,
    CONSTRAINT finished_when_not_pending CHECK ((state = 'pending') = (finished_at IS NULL))
);
-- Whether anything is due; what is due, target by target; who is before whom; who is being asked; the lists; what is old; what is somebody's.
CREATE INDEX deliveries_due ON webhooks.deliveries (due_at) WHERE state = 'pending';
CREATE INDEX deliveries_due_of_target ON webhooks.deliveries (target_id, due_at, number) WHERE state = 'pending';
CREATE INDEX deliveries_order ON webhooks.deliveries (target_id, generation_id, position) WHERE state = 'pending';
CREATE INDEX deliveries_leased ON webhooks.deliveries (target_id) WHERE lease_until IS NOT NULL;
CREATE INDEX deliveries_listed ON webhooks.deliveries (endpoint_id, number);
CREATE INDEX deliveries_old ON webhooks.deliveries (created_at);
CREATE INDEX deliveries_owned ON webhooks.deliveries (account_id);

CREATE TABLE webhooks.attempts (
    delivery_id uuid        NOT NULL REFERENCES webhooks.deliveries ON DELETE CASCADE,
    number      integer     NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    -- NULL: no answer; then `error` says why.
    status      integer,
    error       text,
    ms          integer     NOT NULL,
    PRIMARY KEY (delivery_id, number)
);
