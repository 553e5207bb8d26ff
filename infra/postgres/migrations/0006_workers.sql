-- Claims, leases and deadlines. Every statement that changes several rows skips rows that others hold: the append changes work
-- rows in an order of its own, and who never waits for a second row can take part in no deadlock.

-- Deadlines are looked for every second.
CREATE INDEX work_deadlines ON dispatch.work (least(start_deadline, deadline));
-- When a grant expires. Immutable, because the state of our topics is UTF-8 whatever the session says.
CREATE FUNCTION journal.expiry_of(state bytea) RETURNS text LANGUAGE sql IMMUTABLE STRICT
AS $body$ SELECT convert_from(state, 'UTF8')::json ->> 'expires_at' $body$;
-- Grants by the time they expire: times are canonical text, so their order is the order of time.
CREATE INDEX events_grant_expiries ON journal.events (journal.expiry_of(state)) WHERE topic = 'credits.granted';

-- The next `most` generations of a queue for one worker. The plan must stay an index probe however the table was when it was made.
CREATE FUNCTION dispatch.claim_v1(owner uuid, wanted text, most integer, lease interval)
RETURNS TABLE (generation_id uuid, account_id uuid, claims integer, deaths integer, isolate boolean)
LANGUAGE sql VOLATILE
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $body$
    UPDATE dispatch.work w SET
        state = 'leased', lease_owner = owner, lease_until = clock_timestamp() + lease, claims = w.claims + 1, started = true
    WHERE w.generation_id = ANY (ARRAY(
        SELECT r.generation_id FROM dispatch.work r
        WHERE r.queue = wanted AND r.state = 'ready'
          AND NOT EXISTS (SELECT FROM dispatch.queues q WHERE q.queue = wanted AND q.paused)
        ORDER BY r.rank LIMIT most FOR UPDATE SKIP LOCKED))
    RETURNING w.generation_id, w.account_id, w.claims, w.deaths, w.isolate
$body$;
