-- Work rows follow the facts in the same commit. Row locks are taken under the journal's lock, never the other way round.
--
-- Who is next is one number, fixed at insert: turn = max(the queue's clock, the account's last turn) + 1. The clock is the
-- highest turn that is being worked on. Several rows of one account in one batch take consecutive turns.
CREATE FUNCTION dispatch.change_work(
    recorded timestamptz, outcomes smallint[],
    w_command integer[], w_op smallint[], w_generation uuid[], w_account uuid[], w_queue text[], w_model text[],
    w_provider text[], w_priority smallint[], w_run_at timestamptz[], w_start_deadline timestamptz[], w_deadline timestamptz[]
) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    -- A high row overtakes fifty turns, a low one lets fifty pass, so the clock carries it forward in the end.
    shift CONSTANT integer := 50;
BEGIN
    IF 0 = ANY (w_op) THEN
        INSERT INTO dispatch.work (generation_id, account_id, queue, model, provider, priority, turn, rank, state, run_at,
                                   start_deadline, deadline, created_at)
        SELECT o.generation, o.account, o.queue, o.model, o.provider, o.priority, o.turn, o.turn - shift * o.priority,
               CASE WHEN o.run_at > recorded THEN 'waiting' ELSE 'ready' END, o.run_at, o.start_deadline, o.deadline, recorded
        FROM (
            -- The sub-selects see the table as it was before the batch, so its own rows are counted on top.
            SELECT w.*, row_number() OVER (PARTITION BY w.queue, w.account ORDER BY w.n) + greatest(0,
                (SELECT l.turn FROM dispatch.work l WHERE l.queue = w.queue AND l.state = 'leased' ORDER BY l.turn DESC LIMIT 1),
                (SELECT m.turn FROM dispatch.work m
                 WHERE m.queue = w.queue AND m.account_id = w.account ORDER BY m.turn DESC LIMIT 1)) AS turn
            FROM unnest(w_command, w_op, w_generation, w_account, w_queue, w_model, w_provider, w_priority, w_run_at,
                        w_start_deadline, w_deadline)
                WITH ORDINALITY AS w (command, op, generation, account, queue, model, provider, priority, run_at,
                                      start_deadline, deadline, n)
            WHERE w.op = 0 AND (outcomes IS NULL OR outcomes[w.command] = 0)
        ) o;
    END IF;

    IF 1 = ANY (w_op) THEN
        UPDATE dispatch.work SET
            state = CASE WHEN w.run_at > recorded THEN 'waiting' ELSE 'ready' END,
            run_at = w.run_at, lease_owner = NULL, lease_until = NULL
        FROM unnest(w_command, w_op, w_generation, w_run_at) AS w (command, op, generation, run_at)
        WHERE work.generation_id = w.generation AND w.op = 1 AND (outcomes IS NULL OR outcomes[w.command] = 0);
    END IF;

    IF 2 = ANY (w_op) THEN
        UPDATE dispatch.work SET cancel_requested = true
        FROM unnest(w_command, w_op, w_generation) AS w (command, op, generation)
        WHERE work.generation_id = w.generation AND w.op = 2 AND (outcomes IS NULL OR outcomes[w.command] = 0);
    END IF;

    IF 3 = ANY (w_op) THEN
        DELETE FROM dispatch.work
        WHERE generation_id = ANY (ARRAY(
            SELECT w.generation FROM unnest(w_command, w_op, w_generation) AS w (command, op, generation)
            WHERE w.op = 3 AND (outcomes IS NULL OR outcomes[w.command] = 0)));
    END IF;
END
$body$;
