-- What a batch is decided on, in one round trip: of each stream the events newer than the version known (0: from the
-- latest fitting snapshot on), the command ids that were used before, and the database's clock.
--
-- what = 0 a snapshot, 1 an event, 2 a used command id (in `stream`, with the first position), 3 the clock (in `position`,
-- microseconds since 1970). Snapshots come before events, events of a stream in order.
CREATE FUNCTION journal.tails_v1(
    streams uuid[], versions integer[], kinds text[], shapes integer[], ids uuid[]
) RETURNS TABLE (what smallint, stream uuid, version integer, "position" bigint, topic text, state bytea)
LANGUAGE plpgsql VOLATILE
-- Kept plans must stay right as the tables grow: see append_v1.
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_bitmapscan = off
AS $body$
#variable_conflict use_column
DECLARE
    known integer[] := versions;
BEGIN
    RETURN QUERY SELECT 3::smallint, NULL::uuid, NULL::integer, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
                        NULL::text, NULL::bytea;
    IF 0 = ANY (versions) THEN
        known := ARRAY(
            SELECT CASE WHEN w.version > 0 THEN w.version ELSE coalesce((
                SELECT s.version FROM journal.snapshots s
                WHERE s.stream = w.stream AND s.kind = w.kind AND s.shape = w.shape ORDER BY s.version DESC LIMIT 1
            ), 0) END
            FROM unnest(streams, versions, kinds, shapes) WITH ORDINALITY AS w (stream, version, kind, shape, n) ORDER BY w.n);
        RETURN QUERY
            SELECT 0::smallint, s.stream, s.version, s.position, s.kind, s.state
            FROM unnest(streams, versions, known) AS w (stream, version, known),
                 LATERAL (SELECT * FROM journal.snapshots s WHERE s.stream = w.stream AND s.version = w.known LIMIT 1) s
            WHERE w.known > w.version;
    END IF;
    RETURN QUERY
        SELECT 1::smallint, e.stream, e.version, e.position, e.topic, e.state
        FROM unnest(streams, known) AS w (stream, known),
             LATERAL (SELECT * FROM journal.events e WHERE e.stream = w.stream AND e.version > w.known ORDER BY e.version OFFSET 0) e;
    IF cardinality(ids) > 0 THEN
        RETURN QUERY
            SELECT 2::smallint, c.id, NULL::integer, k.position, NULL::text, NULL::bytea
            FROM unnest(ids) AS c (id),
                 LATERAL (SELECT e.position FROM journal.events e WHERE e.command_id = c.id AND e.first LIMIT 1) k;
    END IF;
END
$body$;
