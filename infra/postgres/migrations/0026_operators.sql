-- What operators order of queues and workers changes their rows in the commit of the fact that says so.
ALTER FUNCTION dispatch.change_work(
    timestamptz, smallint[], integer[], smallint[], uuid[], uuid[], text[], text[], text[], smallint[], timestamptz[], timestamptz[],
    timestamptz[]
) RENAME TO change_rows;

-- A second pause does not move the beginning of the first.
CREATE FUNCTION dispatch.pause_queue(a_queue text, at timestamptz) RETURNS void LANGUAGE sql VOLATILE
AS $body$
    INSERT INTO dispatch.queues (queue, paused, changed_at) VALUES (a_queue, true, at)
    ON CONFLICT (queue) DO UPDATE SET paused = true, changed_at = excluded.changed_at WHERE NOT queues.paused
$body$;

-- What had not run out when the pause began has the pause's length added; SKIP LOCKED as in every statement on several rows.
CREATE FUNCTION dispatch.resume_queue(a_queue text, at timestamptz) RETURNS void LANGUAGE sql VOLATILE
AS $body$
    WITH resumed AS (
        UPDATE dispatch.queues q SET paused = false, changed_at = at
        FROM (SELECT changed_at FROM dispatch.queues WHERE queue = a_queue FOR UPDATE) before
        WHERE q.queue = a_queue AND q.paused RETURNING before.changed_at AS since
    )
    UPDATE dispatch.work SET start_deadline = start_deadline + (at - greatest(since, created_at))
    FROM resumed
    WHERE start_deadline > since AND generation_id = ANY (ARRAY(
        SELECT generation_id FROM dispatch.work
        WHERE queue = a_queue AND start_deadline IS NOT NULL AND NOT started FOR UPDATE SKIP LOCKED))
$body$;

-- As change_rows, and: 6 pauses a queue, 7 resumes it, 8 drains a worker (its id stands for the generation's), 9 gives a generation to
-- another model, before it is requeued, so that the limits of that one hold.
CREATE FUNCTION dispatch.change_work(
    recorded timestamptz, outcomes smallint[],
    w_command integer[], w_op smallint[], w_generation uuid[], w_account uuid[], w_queue text[], w_model text[],
    w_provider text[], w_priority smallint[], w_run_at timestamptz[], w_start_deadline timestamptz[], w_deadline timestamptz[]
) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    ordered record;
BEGIN
    IF 9 = ANY (w_op) THEN
        UPDATE dispatch.work SET model = w.model, provider = w.provider, limited = false
        FROM unnest(w_command, w_op, w_generation, w_model, w_provider) AS w (command, op, generation, model, provider)
        WHERE work.generation_id = w.generation AND w.op = 9 AND (outcomes IS NULL OR outcomes[w.command] = 0);
    END IF;
    PERFORM dispatch.change_rows(recorded, outcomes, w_command, w_op, w_generation, w_account, w_queue, w_model, w_provider, w_priority,
                                 w_run_at, w_start_deadline, w_deadline);
    IF w_op && '{6,7,8}'::smallint[] THEN
        FOR ordered IN
            SELECT w.op, w.worker, w.queue FROM unnest(w_command, w_op, w_generation, w_queue) WITH ORDINALITY AS w (command, op, worker, queue, n)
            WHERE w.op IN (6, 7, 8) AND (outcomes IS NULL OR outcomes[w.command] = 0) ORDER BY w.n
        LOOP
            CASE ordered.op
                WHEN 6 THEN PERFORM dispatch.pause_queue(ordered.queue, recorded);
                WHEN 7 THEN PERFORM dispatch.resume_queue(ordered.queue, recorded);
                ELSE UPDATE dispatch.workers SET draining = true WHERE worker = ordered.worker;
            END CASE;
        END LOOP;
    END IF;
END
$body$;

-- Since when a row is claimable: how long the oldest has waited is what autoscalers and alarms go by.
ALTER TABLE dispatch.work ADD COLUMN ready_at timestamptz NOT NULL DEFAULT now();
CREATE FUNCTION dispatch.note_ready() RETURNS trigger LANGUAGE plpgsql
AS $body$
BEGIN
    NEW.ready_at := clock_timestamp();
    RETURN NEW;
END
$body$;
CREATE TRIGGER became_ready BEFORE UPDATE OF state ON dispatch.work FOR EACH ROW
WHEN (NEW.state = 'ready' AND OLD.state <> 'ready') EXECUTE FUNCTION dispatch.note_ready();

-- Retries by operators, by what they are retries of. Installations from before have the table; new ones make it with its index.
DO $body$
BEGIN
    IF to_regclass('read.generations_v1') IS NOT NULL THEN
        CREATE INDEX IF NOT EXISTS generations_v1_retry_of_idx ON read.generations_v1 (retry_of) WHERE retry_of IS NOT NULL;
    END IF;
END
$body$;

-- Everybody's deliveries in their order, for operators.
CREATE UNIQUE INDEX deliveries_by_number ON webhooks.deliveries (number);
