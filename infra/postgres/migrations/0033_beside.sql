-- An append that others overtook is not always wrong: a hold may stand beside the end of another hold. append_v2 is append_v1
-- with one argument and one answer more.
--
-- g_beside: one entry a guard, the topics of facts, with a space between, that others may have appended to the stream since the
-- version seen (NULL: none). If there are only such, what was decided stands: its events take the versions after theirs.
-- All guards of a batch that see one stream without a prior see one version of it.
-- `moved`: the streams in which that happened (NULL: in none). What their client thinks of them is behind the log.
CREATE FUNCTION journal.append_v2(
    c_id uuid[], c_account uuid[], c_actor text[], c_correlation text[], c_causation bigint[],
    c_fingerprint bytea[], c_status smallint[], c_result text[],
    g_command integer[], g_stream uuid[], g_version integer[], g_prior integer[], g_beside text[],
    e_command integer[], e_stream uuid[], e_version integer[], e_topic text[], e_state bytea[],
    e_available bigint[], e_held bigint[], e_owed bigint[], e_outside bigint[], e_book text[],
    t_command integer[], t_claim text[], t_stream uuid[],
    w_command integer[], w_op smallint[], w_generation uuid[], w_account uuid[], w_queue text[], w_model text[],
    w_provider text[], w_priority smallint[], w_run_at timestamptz[], w_start_deadline timestamptz[], w_deadline timestamptz[],
    OUT first_position bigint, OUT recorded timestamptz, OUT lock_wait_ms double precision,
    OUT outcomes smallint[], OUT details bigint[], OUT moved uuid[]
)
LANGUAGE plpgsql VOLATILE
-- The plans are kept from the first call, when the tables may be empty; only index probes stay right as they grow.
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_bitmapscan = off
AS $body$
#variable_conflict use_column
DECLARE
    called timestamptz := clock_timestamp();
    head bigint;
    inserted bigint := 0;
    moved_by integer[];
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        -- A snapshot older than the lock would not see the head.
        RAISE EXCEPTION 'journal.append_v2 needs READ COMMITTED' USING ERRCODE = 'invalid_transaction_state';
    END IF;
    PERFORM pg_advisory_xact_lock(7226434610427257601);
    lock_wait_ms := extract(epoch FROM clock_timestamp() - called) * 1000;

    SELECT position, recorded_at INTO head, recorded FROM journal.events ORDER BY position DESC LIMIT 1;
    head := coalesce(head, 0);
    first_position := head + 1;
    recorded := greatest(clock_timestamp(), recorded);

    IF journal.troubled(c_id, g_stream, g_version, g_prior, t_claim, t_stream) THEN
        SELECT w.outcomes, w.details, w.moved, w.moved_by INTO outcomes, details, moved, moved_by
        FROM journal.walk_v2(c_id, g_command, g_stream, g_version, g_prior, g_beside, t_command, t_claim, t_stream) w;
    END IF;

    INSERT INTO journal.events (
        position, stream, version, topic, recorded_at, actor, account_id, correlation, causation, command_id, first,
        fingerprint, status, result, available, held, owed, outside, book, state
    )
    SELECT head + row_number() OVER log, e.stream,
           CASE WHEN moved IS NULL THEN e.version ELSE e.version + coalesce(moved_by[array_position(moved, e.stream)], 0) END,
           e.topic, recorded, c_actor[e.command], c_account[e.command],
           c_correlation[e.command], c_causation[e.command], c_id[e.command], f.first,
           CASE WHEN f.first THEN c_fingerprint[e.command] END, CASE WHEN f.first THEN c_status[e.command] END,
           CASE WHEN f.first THEN c_result[e.command] END, e.available, e.held, e.owed, e.outside, e.book, e.state
    FROM unnest(e_command, e_stream, e_version, e_topic, e_state, e_available, e_held, e_owed, e_outside, e_book)
             WITH ORDINALITY AS e (command, stream, version, topic, state, available, held, owed, outside, book, n),
         LATERAL (SELECT e.n = 1 OR e_command[e.n - 1] <> e.command AS first) f
    WHERE outcomes IS NULL OR outcomes[e.command] = 0
    WINDOW log AS (ORDER BY e.n);
    GET DIAGNOSTICS inserted = ROW_COUNT;

    IF cardinality(t_claim) > 0 THEN
        PERFORM journal.change_claims(outcomes, t_command, t_claim, t_stream);
    END IF;
    IF cardinality(w_op) > 0 THEN
        PERFORM dispatch.change_work(recorded, outcomes, w_command, w_op, w_generation, w_account, w_queue, w_model, w_provider,
                                     w_priority, w_run_at, w_start_deadline, w_deadline);
    END IF;
    IF inserted > 0 THEN
        -- The only NOTIFY of the system, and one a batch: it serialises the commits of the whole cluster.
        NOTIFY journal;
    END IF;
END
$body$;

-- As journal.walk, but whoever was overtaken only by what he takes beside him is done, in streams that `moved` by so many events.
CREATE FUNCTION journal.walk_v2(
    c_id uuid[], g_command integer[], g_stream uuid[], g_version integer[], g_prior integer[], g_beside text[],
    t_command integer[], t_claim text[], t_stream uuid[],
    OUT outcomes smallint[], OUT details bigint[], OUT moved uuid[], OUT moved_by integer[]
)
LANGUAGE plpgsql VOLATILE
AS $body$
DECLARE
    known bigint[] := ARRAY(
        SELECT (SELECT e.position FROM journal.events e WHERE e.command_id = c.id AND e.first)
        FROM unnest(c_id) WITH ORDINALITY AS c (id, n) ORDER BY c.n);
    heads integer[] := ARRAY(
        SELECT coalesce((SELECT e.version FROM journal.events e WHERE e.stream = g.stream ORDER BY e.version DESC LIMIT 1),
                        least(g.version, 0))
        FROM unnest(g_stream, g_version) WITH ORDINALITY AS g (stream, version, n) ORDER BY g.n);
    owners uuid[] := ARRAY(
        SELECT (SELECT k.stream FROM journal.claims k WHERE k.claim = t.claim)
        FROM unnest(t_claim) WITH ORDINALITY AS t (claim, n) ORDER BY t.n);
    owner uuid;
    g integer := 1;
    t integer := 1;
    m integer;
BEGIN
    outcomes := array_fill(0::smallint, ARRAY[cardinality(c_id)]);
    details := array_fill(NULL::bigint, ARRAY[cardinality(c_id)]);
    FOR i IN 1 .. cardinality(c_id) LOOP
        IF known[i] IS NOT NULL THEN
            outcomes[i] := 1;
            details[i] := known[i];
        END IF;
        WHILE g <= cardinality(g_command) AND g_command[g] = i LOOP
            IF outcomes[i] <> 0 THEN
                NULL;
            ELSIF g_prior[g] > 0 THEN
                m := array_position(moved, g_stream[g]);
                IF outcomes[g_prior[g]] <> 0 THEN
                    outcomes[i] := 2;
                ELSIF m IS NOT NULL AND NOT journal.only_beside(g_stream[g], heads[g] - moved_by[m], heads[g], g_beside[g]) THEN
                    outcomes[i] := 2;
                    details[i] := heads[g];
                END IF;
            ELSIF heads[g] <> g_version[g] OR g_stream[g] = ANY (moved) THEN
                m := array_position(moved, g_stream[g]);
                IF NOT journal.only_beside(g_stream[g], g_version[g], heads[g], g_beside[g])
                        OR moved_by[m] <> heads[g] - g_version[g] THEN
                    outcomes[i] := 2;
                    details[i] := heads[g];
                ELSIF m IS NULL THEN
                    moved := moved || g_stream[g];
                    moved_by := moved_by || heads[g] - g_version[g];
                END IF;
            END IF;
            g := g + 1;
        END LOOP;
        WHILE t <= cardinality(t_command) AND t_command[t] = i LOOP
            IF outcomes[i] = 0 AND t_stream[t] IS NOT NULL THEN
                owner := owners[t];
                -- The latest change by an earlier command that is done stands above the table.
                FOR s IN REVERSE t - 1 .. 1 LOOP
                    IF t_claim[s] = t_claim[t] AND outcomes[t_command[s]] = 0 THEN
                        owner := t_stream[s];
                        EXIT;
                    END IF;
                END LOOP;
                IF owner <> t_stream[t] THEN
                    outcomes[i] := 3;
                    details[i] := t;
                END IF;
            END IF;
            t := t + 1;
        END LOOP;
    END LOOP;
END
$body$;

-- Whether a stream that exists holds only events of the topics in *beside* after version *seen*, up to its *head*.
CREATE FUNCTION journal.only_beside(stream uuid, seen integer, head integer, beside text) RETURNS boolean
LANGUAGE sql STABLE
AS $body$
    SELECT beside IS NOT NULL AND seen BETWEEN 1 AND head - 1 AND NOT EXISTS (
        SELECT FROM journal.events e
        WHERE e.stream = only_beside.stream AND e.version > seen AND e.version <= head
          AND e.topic <> ALL (string_to_array(beside, ' ')))
$body$;
