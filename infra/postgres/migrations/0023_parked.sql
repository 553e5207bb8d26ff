-- Long jobs that a provider has, and limits on what may run.
--
-- parked: the provider has the job and nobody holds the row; it is looked at when `poll_at` has come.
-- held: a limit lets it not run now. What may not run is not ready, so it never stands in anybody's way.
-- Rows that no limit concerns are as before: they enter none of the indexes of limits, and claims know nothing of them.
ALTER TABLE dispatch.work
    DROP CONSTRAINT work_state_check,
    ADD COLUMN poll_at      timestamptz,
    ADD COLUMN polls        integer     NOT NULL DEFAULT 0,
    -- A limit concerned it when it was last looked at.
    ADD COLUMN limited      boolean     NOT NULL DEFAULT false,
    -- When it reserved its submit, where submits are counted.
    ADD COLUMN submitted_at timestamptz,
    ADD CONSTRAINT work_state_check CHECK (state IN ('waiting', 'held', 'ready', 'leased', 'parked')),
    ADD CONSTRAINT parked_is_whole CHECK ((state = 'parked') = (poll_at IS NOT NULL));

DROP INDEX dispatch.work_leased;
CREATE INDEX work_begun ON dispatch.work (queue, turn) WHERE state IN ('leased', 'parked');
CREATE INDEX work_parked ON dispatch.work (poll_at) WHERE state = 'parked';
CREATE INDEX work_held ON dispatch.work (model, account_id, rank) WHERE state = 'held';
CREATE INDEX work_taken ON dispatch.work (model, account_id) WHERE limited AND state IN ('ready', 'leased', 'parked');

-- `most` run at once; `submits` in any window of `seconds`, shared by all models of one lane.
CREATE TABLE dispatch.limits (
    scope   text NOT NULL CHECK (scope IN ('account', 'model', 'provider')),
    -- A model, a provider, an account, or '*' for every account without a limit of its own.
    name    text NOT NULL,
    most    integer,
    lane    text,
    submits integer,
    seconds integer,
    PRIMARY KEY (scope, name)
);

CREATE TABLE dispatch.submits (
    lane text        NOT NULL,
    at   timestamptz NOT NULL
);
CREATE INDEX submits_by_time ON dispatch.submits (lane, at);

-- Failures in a row open a provider's circuit: until `open_until` nothing of it is ready, then one generation tries.
CREATE TABLE dispatch.providers (
    provider     text PRIMARY KEY,
    failures     integer NOT NULL DEFAULT 0,
    code         text,
    failed_at    timestamptz,
    succeeded_at timestamptz,
    open_until   timestamptz,
    opened       integer NOT NULL DEFAULT 0
);

CREATE FUNCTION dispatch.concerns(a_model text, a_provider text, an_account uuid) RETURNS boolean LANGUAGE sql STABLE
AS $body$
    SELECT EXISTS (SELECT FROM dispatch.limits WHERE scope = 'model' AND name = a_model)
        OR EXISTS (SELECT FROM dispatch.limits WHERE scope = 'provider' AND name = a_provider)
        OR EXISTS (SELECT FROM dispatch.limits WHERE scope = 'account' AND name IN (an_account::text, '*'))
        OR EXISTS (SELECT FROM dispatch.providers WHERE provider = a_provider AND open_until IS NOT NULL)
$body$;

-- As in 0009_work.sql, and: whom a limit concerns is held; 4 parks; 5 sets an account's own limit (its id stands for the
-- generation's, the limit for the priority).
CREATE OR REPLACE FUNCTION dispatch.change_work(
    recorded timestamptz, outcomes smallint[],
    w_command integer[], w_op smallint[], w_generation uuid[], w_account uuid[], w_queue text[], w_model text[],
    w_provider text[], w_priority smallint[], w_run_at timestamptz[], w_start_deadline timestamptz[], w_deadline timestamptz[]
) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    -- A high row overtakes fifty turns, a low one lets fifty pass, so the clock carries it forward in the end.
    shift CONSTANT integer := 50;
    -- Looked at once for the whole batch, so that what no limit concerns costs next to nothing.
    models text[] := ARRAY(SELECT name FROM dispatch.limits WHERE scope = 'model');
    providers text[] := ARRAY(SELECT name FROM dispatch.limits WHERE scope = 'provider'
                              UNION ALL SELECT provider FROM dispatch.providers WHERE open_until IS NOT NULL);
    accounts boolean := EXISTS (SELECT FROM dispatch.limits WHERE scope = 'account');
BEGIN
    IF 0 = ANY (w_op) THEN
        INSERT INTO dispatch.work (generation_id, account_id, queue, model, provider, priority, turn, rank, state, run_at,
                                   start_deadline, deadline, created_at, limited)
        SELECT o.generation, o.account, o.queue, o.model, o.provider, o.priority, o.turn, o.turn - shift * o.priority,
               CASE WHEN o.run_at > recorded THEN 'waiting' WHEN o.limited THEN 'held' ELSE 'ready' END,
               o.run_at, o.start_deadline, o.deadline, recorded, o.limited
        FROM (
            -- The sub-selects see the table as it was before the batch, so its own rows are counted on top.
            SELECT w.*, row_number() OVER (PARTITION BY w.queue, w.account ORDER BY w.n) + greatest(0,
                -- Between two claims nothing may be begun although much waits: then the next in line has the time.
                coalesce(
                    (SELECT l.turn FROM dispatch.work l WHERE l.queue = w.queue AND l.state IN ('leased', 'parked')
                     ORDER BY l.turn DESC LIMIT 1),
                    (SELECT r.turn - 1 FROM dispatch.work r WHERE r.queue = w.queue AND r.state = 'ready' ORDER BY r.rank LIMIT 1)),
                (SELECT m.turn FROM dispatch.work m
                 WHERE m.queue = w.queue AND m.account_id = w.account ORDER BY m.turn DESC LIMIT 1)) AS turn,
                w.model = ANY (models) OR w.provider = ANY (providers)
                    OR accounts AND EXISTS (SELECT FROM dispatch.limits WHERE scope = 'account' AND name IN (w.account::text, '*')) AS limited
            FROM unnest(w_command, w_op, w_generation, w_account, w_queue, w_model, w_provider, w_priority, w_run_at,
                        w_start_deadline, w_deadline)
                WITH ORDINALITY AS w (command, op, generation, account, queue, model, provider, priority, run_at,
                                      start_deadline, deadline, n)
            WHERE w.op = 0 AND (outcomes IS NULL OR outcomes[w.command] = 0)
        ) o;
    END IF;

    IF 1 = ANY (w_op) THEN
        UPDATE dispatch.work SET
            state = CASE WHEN w.run_at > recorded THEN 'waiting'
                         WHEN limited OR dispatch.concerns(work.model, work.provider, work.account_id) THEN 'held'
                         ELSE 'ready' END,
            limited = limited OR dispatch.concerns(work.model, work.provider, work.account_id),
            run_at = w.run_at, lease_owner = NULL, lease_until = NULL, poll_at = NULL, submitted_at = NULL
        FROM unnest(w_command, w_op, w_generation, w_run_at) AS w (command, op, generation, run_at)
        WHERE work.generation_id = w.generation AND w.op = 1 AND (outcomes IS NULL OR outcomes[w.command] = 0);
    END IF;

    IF 2 = ANY (w_op) THEN
        -- What is parked is looked at now, so that its provider hears of it.
        UPDATE dispatch.work SET cancel_requested = true, poll_at = CASE WHEN state = 'parked' THEN recorded END
        FROM unnest(w_command, w_op, w_generation) AS w (command, op, generation)
        WHERE work.generation_id = w.generation AND w.op = 2 AND (outcomes IS NULL OR outcomes[w.command] = 0);
    END IF;

    IF 3 = ANY (w_op) THEN
        DELETE FROM dispatch.work
        WHERE generation_id = ANY (ARRAY(
            SELECT w.generation FROM unnest(w_command, w_op, w_generation) AS w (command, op, generation)
            WHERE w.op = 3 AND (outcomes IS NULL OR outcomes[w.command] = 0)));
    END IF;

    IF 4 = ANY (w_op) THEN
        UPDATE dispatch.work SET
            state = 'parked', poll_at = CASE WHEN cancel_requested THEN recorded ELSE least(w.poll_at, deadline) END,
            polls = 0, run_at = NULL, lease_owner = NULL, lease_until = NULL, started = true
        FROM unnest(w_command, w_op, w_generation, w_run_at) AS w (command, op, generation, poll_at)
        WHERE work.generation_id = w.generation AND w.op = 4 AND (outcomes IS NULL OR outcomes[w.command] = 0);
    END IF;

    IF 5 = ANY (w_op) THEN
        DELETE FROM dispatch.limits l USING unnest(w_command, w_op, w_generation) AS w (command, op, account)
        WHERE l.scope = 'account' AND l.name = w.account::text AND w.op = 5 AND (outcomes IS NULL OR outcomes[w.command] = 0);
        INSERT INTO dispatch.limits (scope, name, most)
        SELECT DISTINCT ON (w.account) 'account', w.account::text, w.most
        FROM unnest(w_command, w_op, w_generation, w_priority) WITH ORDINALITY AS w (command, op, account, most, n)
        WHERE w.op = 5 AND w.most IS NOT NULL AND (outcomes IS NULL OR outcomes[w.command] = 0)
        ORDER BY w.account, w.n DESC;
    END IF;
END
$body$;

-- What is held becomes ready as far as its limits have room, best rank first, and at most `batch` of each group. Candidates are found
-- account by account, so that nobody's thousands stand before another's one. Every limit has room for the best candidate of all,
-- so each call gets on.
CREATE FUNCTION dispatch.admit_v1(batch integer) RETURNS integer
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $body$
DECLARE
    admitted integer;
BEGIN
    IF NOT EXISTS (SELECT FROM dispatch.work WHERE state = 'held') OR NOT pg_try_advisory_xact_lock(7226434610427257623) THEN
        -- Nothing to do, or another dispatcher counts just now.
        RETURN 0;
    END IF;
    WITH RECURSIVE waiting AS (
        (SELECT w.model, w.account_id, w.provider, w.queue FROM dispatch.work w WHERE w.state = 'held' ORDER BY w.model, w.account_id LIMIT 1)
        UNION ALL
        SELECT n.* FROM waiting g, LATERAL (
            SELECT w.model, w.account_id, w.provider, w.queue FROM dispatch.work w
            WHERE w.state = 'held' AND (w.model, w.account_id) > (g.model, g.account_id) ORDER BY w.model, w.account_id LIMIT 1) n
    ), served AS MATERIALIZED (
        SELECT DISTINCT s.queue FROM dispatch.workers k, unnest(k.queues) AS s (queue)
        WHERE NOT k.draining AND k.last_beat > clock_timestamp() - interval '7 s'
          AND NOT EXISTS (SELECT FROM dispatch.queues p WHERE p.queue = s.queue AND p.paused)
    ), groups AS MATERIALIZED (
        -- What no worker would take must not fill the limits of what one would.
        SELECT g.*, m.lane FROM waiting g JOIN served USING (queue)
        LEFT JOIN dispatch.limits m ON m.scope = 'model' AND m.name = g.model
    ), taken AS MATERIALIZED (
        SELECT w.model, w.provider, w.account_id, m.lane, count(*) AS running,
               count(*) FILTER (WHERE w.state <> 'parked') AS begun,
               count(*) FILTER (WHERE w.state <> 'parked' AND w.submitted_at IS NULL) AS coming
        FROM dispatch.work w LEFT JOIN dispatch.limits m ON m.scope = 'model' AND m.name = w.model
        WHERE w.limited AND w.state IN ('ready', 'leased', 'parked') GROUP BY 1, 2, 3, 4
    ), models AS MATERIALIZED (
        SELECT g.model, least(batch, l.most - (SELECT coalesce(sum(t.running), 0) FROM taken t WHERE t.model = g.model)) AS room
        FROM (SELECT DISTINCT model FROM groups) g LEFT JOIN dispatch.limits l ON l.scope = 'model' AND l.name = g.model
    ), lanes AS MATERIALIZED (
        SELECT l.lane, min(l.submits)
               - (SELECT count(*) FROM dispatch.submits s
                  WHERE s.lane = l.lane AND s.at > clock_timestamp() - (max(l.seconds) + 1) * interval '1 s')
               - (SELECT coalesce(sum(t.coming), 0) FROM taken t WHERE t.lane = l.lane) AS room
        FROM dispatch.limits l WHERE l.lane IN (SELECT lane FROM groups) GROUP BY l.lane
    ), accounts AS MATERIALIZED (
        SELECT g.account_id, least(batch, coalesce(own.most, every.most)
               - (SELECT coalesce(sum(t.running), 0) FROM taken t WHERE t.account_id = g.account_id)) AS room
        FROM (SELECT DISTINCT account_id FROM groups) g
        LEFT JOIN dispatch.limits own ON own.scope = 'account' AND own.name = g.account_id::text
        LEFT JOIN dispatch.limits every ON every.scope = 'account' AND every.name = '*'
    ), providers AS MATERIALIZED (
        SELECT g.provider, least(batch,
                   l.most - (SELECT coalesce(sum(t.running), 0) FROM taken t WHERE t.provider = g.provider),
                   CASE WHEN p.open_until > clock_timestamp() THEN 0
                        WHEN p.open_until IS NOT NULL
                        THEN 1 - (SELECT coalesce(sum(t.begun), 0) FROM taken t WHERE t.provider = g.provider) END) AS room
        FROM (SELECT DISTINCT provider FROM groups) g
        LEFT JOIN dispatch.limits l ON l.scope = 'provider' AND l.name = g.provider
        LEFT JOIN dispatch.providers p ON p.provider = g.provider
    ), candidates AS MATERIALIZED (
        SELECT c.generation_id, m.room AS model_room, a.room AS account_room, p.room AS provider_room, n.room AS lane_room,
               row_number() OVER (PARTITION BY g.model ORDER BY c.rank, c.generation_id) AS in_model,
               row_number() OVER (PARTITION BY g.account_id ORDER BY c.rank, c.generation_id) AS in_account,
               row_number() OVER (PARTITION BY g.provider ORDER BY c.rank, c.generation_id) AS in_provider,
               row_number() OVER (PARTITION BY g.lane ORDER BY c.rank, c.generation_id) AS in_lane
        FROM groups g JOIN models m USING (model) JOIN accounts a USING (account_id) JOIN providers p USING (provider)
        LEFT JOIN lanes n ON n.lane = g.lane
        CROSS JOIN LATERAL (
            SELECT w.generation_id, w.rank FROM dispatch.work w
            WHERE w.state = 'held' AND w.model = g.model AND w.account_id = g.account_id ORDER BY w.rank
            LIMIT greatest(0, least(m.room, a.room, p.room, n.room))) c
    )
    UPDATE dispatch.work SET state = 'ready', submitted_at = NULL WHERE generation_id = ANY (ARRAY(
        SELECT w.generation_id FROM dispatch.work w JOIN candidates c USING (generation_id)
        WHERE w.state = 'held' AND c.in_model <= c.model_room AND c.in_account <= c.account_room AND c.in_provider <= c.provider_room
          AND (c.lane_room IS NULL OR c.in_lane <= c.lane_room)
        FOR UPDATE OF w SKIP LOCKED));
    GET DIAGNOSTICS admitted = ROW_COUNT;
    RETURN admitted;
END
$body$;

-- The moment at which a generation may be given to its provider, as seconds from now. Any submits + 1 moments of a lane lie more than
-- its window apart, and a second of margin covers the way to the provider.
CREATE FUNCTION dispatch.reserve_v1(generation uuid, a_model text) RETURNS double precision
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    margin CONSTANT integer := 1;
    l record;
    called timestamptz;
    moment timestamptz;
BEGIN
    SELECT lane, submits, seconds INTO l FROM dispatch.limits WHERE scope = 'model' AND name = a_model AND lane IS NOT NULL;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('dispatch.submits'), hashtext(l.lane));
    called := clock_timestamp();
    moment := greatest(called, (SELECT at FROM dispatch.submits WHERE lane = l.lane ORDER BY at DESC OFFSET l.submits - 1 LIMIT 1)
                               + (l.seconds + margin) * interval '1 s');
    INSERT INTO dispatch.submits (lane, at) VALUES (l.lane, moment);
    DELETE FROM dispatch.submits WHERE lane = l.lane AND at < called - (l.seconds + margin) * interval '1 s';
    UPDATE dispatch.work SET submitted_at = moment WHERE generation_id = generation;
    RETURN extract(epoch FROM moment - called);
END
$body$;

-- One more failure in a row. From `most` on, and at once when a generation only tried, the circuit is open, each time for twice as long.
CREATE FUNCTION dispatch.failed_v1(a_provider text, a_code text, most integer, first interval, longest interval) RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    p dispatch.providers;
BEGIN
    INSERT INTO dispatch.providers AS known (provider, failures, code, failed_at) VALUES (a_provider, 1, a_code, clock_timestamp())
    ON CONFLICT (provider) DO UPDATE SET failures = known.failures + 1, code = excluded.code, failed_at = excluded.failed_at
    RETURNING * INTO p;
    -- While it is open only what ran before can fail, which says nothing new.
    IF p.failures < most OR p.open_until > clock_timestamp() THEN
        RETURN false;
    END IF;
    UPDATE dispatch.providers SET open_until = clock_timestamp() + least(longest, first * 2 ^ least(opened, 16)), opened = opened + 1
    WHERE provider = a_provider;
    UPDATE dispatch.work SET state = 'held', limited = true WHERE generation_id = ANY (ARRAY(
        SELECT generation_id FROM dispatch.work WHERE provider = a_provider AND state = 'ready' FOR UPDATE SKIP LOCKED));
    RETURN true;
END
$body$;
