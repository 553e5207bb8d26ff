-- A clock for each queue that only grows: the highest turn ever begun (decision 0031). It is a sequence, because a sequence has no old
-- versions: while somebody keeps a snapshot open, nothing dead stands in the way of whoever reads it. It is not transactional either:
-- a claim that is rolled back leaves it ahead, two claims at once may leave it at the lower of their turns. Neither matters: a turn is a
-- place in line, and the next claim puts it right.
--
-- A queue without a clock works as before. Rows that were begun have the time now, and where nothing is begun, the next in line.
DO $body$
DECLARE
    known record;
BEGIN
    FOR known IN
        SELECT queue, coalesce(
            (SELECT max(l.turn) FROM dispatch.work l WHERE l.queue = q.queue AND l.state IN ('leased', 'parked')),
            (SELECT r.turn - 1 FROM dispatch.work r WHERE r.queue = q.queue AND r.state = 'ready' ORDER BY r.rank LIMIT 1),
            0) AS turn
        FROM (SELECT unnest('{image,image_analysis,image_edit,speech,text,video}'::text[]) AS queue
              UNION SELECT queue FROM dispatch.work) q
    LOOP
        EXECUTE format('CREATE SEQUENCE dispatch.%I MINVALUE 0 START 0', 'clock_' || known.queue);
        PERFORM setval(format('dispatch.%I', 'clock_' || known.queue)::regclass, greatest(known.turn, 0));
    END LOOP;
END
$body$;

-- NULL: the queue has none.
CREATE FUNCTION dispatch.clock_of(a_queue text) RETURNS regclass LANGUAGE sql STABLE
AS $body$ SELECT to_regclass('dispatch.' || quote_ident('clock_' || a_queue)) $body$;

-- Declared stable so that it can bound a scan; a claim in between moves it, and the slack below covers that.
CREATE FUNCTION dispatch.clock(a_queue text) RETURNS bigint LANGUAGE plpgsql STABLE
AS $body$
BEGIN
    RETURN pg_sequence_last_value(dispatch.clock_of(a_queue));
END
$body$;

-- Claims look at ranks from here on; nearly all that was begun lies before it. The best that is inserted now stands fifty turns before the
-- clock; a hundred more are for what is inserted on a clock that has moved on by the time it is committed. What stands lower all the same
-- is lifted by the dispatcher within a second.
CREATE FUNCTION dispatch.lowest_rank(a_queue text) RETURNS bigint LANGUAGE plpgsql STABLE
AS $body$
BEGIN
    RETURN coalesce(pg_sequence_last_value(dispatch.clock_of(a_queue)) - 150, -9223372036854775808);
END
$body$;

-- The front of the line: before everything that is inserted now, with fifty turns to the lowest rank for its own commit. Whoever
-- becomes ready has at least this rank; of two nobody changes places by that.
CREATE FUNCTION dispatch.front_rank(a_queue text) RETURNS bigint LANGUAGE plpgsql STABLE
AS $body$
BEGIN
    RETURN pg_sequence_last_value(dispatch.clock_of(a_queue)) - 100;
END
$body$;

-- As in 0026_operators.sql, and: what was held, waited, or ran for a long time is where claims look.
CREATE OR REPLACE FUNCTION dispatch.note_ready() RETURNS trigger LANGUAGE plpgsql
AS $body$
BEGIN
    NEW.ready_at := clock_timestamp();
    NEW.rank := greatest(NEW.rank, dispatch.front_rank(NEW.queue));
    RETURN NEW;
END
$body$;

-- As in 0023_parked.sql, and: turns go by the queue's clock.
CREATE OR REPLACE FUNCTION dispatch.change_rows(
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
            WITH clocks AS MATERIALIZED (
                SELECT q.queue, coalesce(
                    dispatch.clock(q.queue),
                    -- A queue without a clock goes by its rows, as all did before.
                    (SELECT l.turn FROM dispatch.work l WHERE l.queue = q.queue AND l.state IN ('leased', 'parked')
                     ORDER BY l.turn DESC LIMIT 1),
                    (SELECT r.turn - 1 FROM dispatch.work r WHERE r.queue = q.queue AND r.state = 'ready' ORDER BY r.rank LIMIT 1),
                    0) AS clock
                FROM (SELECT DISTINCT w.queue FROM unnest(w_command, w_op, w_queue) AS w (command, op, queue)
                      WHERE w.op = 0 AND (outcomes IS NULL OR outcomes[w.command] = 0)) q
            ), opened AS MATERIALIZED (
                -- All of them before the first is inserted, or each would walk over those before it. Turns that the clock has passed are
                -- of no interest, and the rows that had them may be dead ones by the thousand.
                SELECT w.*, coalesce(
                    (SELECT m.turn FROM dispatch.work m
                     WHERE m.queue = w.queue AND m.account_id = w.account AND m.turn > c.clock ORDER BY m.turn DESC LIMIT 1),
                    c.clock) AS last
                FROM unnest(w_command, w_op, w_generation, w_account, w_queue, w_model, w_provider, w_priority, w_run_at,
                            w_start_deadline, w_deadline)
                    WITH ORDINALITY AS w (command, op, generation, account, queue, model, provider, priority, run_at,
                                          start_deadline, deadline, n)
                LEFT JOIN clocks c ON c.queue = w.queue
                WHERE w.op = 0 AND (outcomes IS NULL OR outcomes[w.command] = 0)
            )
            SELECT w.*, w.last + row_number() OVER (PARTITION BY w.queue, w.account ORDER BY w.n) AS turn,
                w.model = ANY (models) OR w.provider = ANY (providers)
                    OR accounts AND EXISTS (
                        SELECT FROM dispatch.limits WHERE scope = 'account' AND name IN (w.account::text, '*')) AS limited
            FROM opened w
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

-- As claim_v2, and: from the lowest rank on, over what is dead only once, and it moves the clock. `everything` looks at all ranks.
CREATE FUNCTION dispatch.claim_v3(owner uuid, wanted text[], most integer, lease interval, everything boolean DEFAULT false)
RETURNS TABLE (generation_id uuid, account_id uuid, claims integer, deaths integer, isolate boolean)
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $body$
#variable_conflict use_column
DECLARE
    asked text;
    clock regclass;
    lowest bigint := -9223372036854775808;
    first bigint;
    ids uuid[];
    begun bigint;
BEGIN
    FOREACH asked IN ARRAY wanted LOOP
        EXIT WHEN most <= 0;
        clock := dispatch.clock_of(asked);
        IF NOT everything THEN
            -- As lowest_rank, without a call for each queue, most of which are empty.
            lowest := coalesce(pg_sequence_last_value(clock) - 150, -9223372036854775808);
        END IF;
        first := (SELECT r.rank FROM dispatch.work r
                  WHERE r.queue = asked AND r.state = 'ready' AND r.rank >= lowest ORDER BY r.rank LIMIT 1);
        CONTINUE WHEN first IS NULL;
        CONTINUE WHEN EXISTS (SELECT FROM dispatch.queues q WHERE q.queue = asked AND q.paused);
        SELECT array_agg(f.generation_id), max(f.turn) INTO ids, begun FROM (
            SELECT r.generation_id, r.turn FROM dispatch.work r
            WHERE r.queue = asked AND r.state = 'ready' AND r.rank >= first ORDER BY r.rank LIMIT most FOR UPDATE SKIP LOCKED) f;
        -- Others may have been faster.
        CONTINUE WHEN ids IS NULL;
        RETURN QUERY
            UPDATE dispatch.work w SET
                state = 'leased', lease_owner = owner, lease_until = clock_timestamp() + lease, claims = w.claims + 1, started = true
            WHERE w.generation_id = ANY (ids)
            RETURNING w.generation_id, w.account_id, w.claims, w.deaths, w.isolate;
        most := most - cardinality(ids);
        -- Once a claim, not once a row: each move is written to the WAL.
        IF begun > pg_sequence_last_value(clock) THEN
            begun := setval(clock, begun);
        END IF;
    END LOOP;
END
$body$;

-- Who calls these is of a release whose dispatcher lifts nothing: they look at all ranks, and move the clock for everybody else.
CREATE OR REPLACE FUNCTION dispatch.claim_v2(owner uuid, wanted text[], most integer, lease interval)
RETURNS TABLE (generation_id uuid, account_id uuid, claims integer, deaths integer, isolate boolean)
LANGUAGE sql VOLATILE
AS $body$ SELECT * FROM dispatch.claim_v3(owner, wanted, most, lease, true) $body$;

CREATE OR REPLACE FUNCTION dispatch.claim_v1(owner uuid, wanted text, most integer, lease interval)
RETURNS TABLE (generation_id uuid, account_id uuid, claims integer, deaths integer, isolate boolean)
LANGUAGE sql VOLATILE
AS $body$ SELECT * FROM dispatch.claim_v3(owner, ARRAY[wanted], most, lease, true) $body$;

-- What is claimable and stands where no claim looks comes to the front of the line. It walks over what is dead, so nobody who is in a hurry
-- calls it.
CREATE FUNCTION dispatch.lift_v1(asked text[], most integer) RETURNS integer
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $body$
DECLARE
    lifted integer;
BEGIN
    UPDATE dispatch.work SET rank = dispatch.front_rank(queue) WHERE generation_id = ANY (ARRAY(
        SELECT r.generation_id
        FROM unnest(asked) AS q (queue), dispatch.lowest_rank(q.queue) AS f (lowest), dispatch.work r
        WHERE r.queue = q.queue AND r.state = 'ready' AND r.rank < f.lowest LIMIT most FOR UPDATE OF r SKIP LOCKED));
    GET DIAGNOSTICS lifted = ROW_COUNT;
    RETURN lifted;
END
$body$;
