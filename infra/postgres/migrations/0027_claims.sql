-- A worker serves many kinds of work and most of them are empty most of the time, so one call asks for all of them, in the
-- worker's order, and touches only those in which something is ready. Otherwise as claim_v1, which outlives one release.
CREATE FUNCTION dispatch.claim_v2(owner uuid, wanted text[], most integer, lease interval)
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
    taken integer;
BEGIN
    FOREACH asked IN ARRAY wanted LOOP
        EXIT WHEN most <= 0;
        CONTINUE WHEN NOT EXISTS (SELECT FROM dispatch.work r WHERE r.queue = asked AND r.state = 'ready')
                   OR EXISTS (SELECT FROM dispatch.queues q WHERE q.queue = asked AND q.paused);
        RETURN QUERY
            UPDATE dispatch.work w SET
                state = 'leased', lease_owner = owner, lease_until = clock_timestamp() + lease, claims = w.claims + 1, started = true
            WHERE w.generation_id = ANY (ARRAY(
                SELECT r.generation_id FROM dispatch.work r
                WHERE r.queue = asked AND r.state = 'ready' ORDER BY r.rank LIMIT most FOR UPDATE SKIP LOCKED))
            RETURNING w.generation_id, w.account_id, w.claims, w.deaths, w.isolate;
        GET DIAGNOSTICS taken = ROW_COUNT;
        most := most - taken;
    END LOOP;
END
$body$;
