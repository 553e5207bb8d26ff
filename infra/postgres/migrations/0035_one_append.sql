-- append_v1, for processes of the release before, is append_v2 with guards that take nothing beside them: there is one append, not two.
CREATE OR REPLACE FUNCTION journal.append_v1(
    c_id uuid[], c_account uuid[], c_actor text[], c_correlation text[], c_causation bigint[],
    c_fingerprint bytea[], c_status smallint[], c_result text[],
    g_command integer[], g_stream uuid[], g_version integer[], g_prior integer[],
    e_command integer[], e_stream uuid[], e_version integer[], e_topic text[], e_state bytea[],
    e_available bigint[], e_held bigint[], e_owed bigint[], e_outside bigint[], e_book text[],
    t_command integer[], t_claim text[], t_stream uuid[],
    w_command integer[], w_op smallint[], w_generation uuid[], w_account uuid[], w_queue text[], w_model text[],
    w_provider text[], w_priority smallint[], w_run_at timestamptz[], w_start_deadline timestamptz[], w_deadline timestamptz[],
    OUT first_position bigint, OUT recorded timestamptz, OUT lock_wait_ms double precision,
    OUT outcomes smallint[], OUT details bigint[]
)
LANGUAGE sql VOLATILE
AS $body$
    SELECT a.first_position, a.recorded, a.lock_wait_ms, a.outcomes, a.details
    FROM journal.append_v2(
        c_id, c_account, c_actor, c_correlation, c_causation, c_fingerprint, c_status, c_result,
        g_command, g_stream, g_version, g_prior, NULL,
        e_command, e_stream, e_version, e_topic, e_state, e_available, e_held, e_owed, e_outside, e_book,
        t_command, t_claim, t_stream,
        w_command, w_op, w_generation, w_account, w_queue, w_model, w_provider, w_priority, w_run_at, w_start_deadline, w_deadline) a
$body$;

DROP FUNCTION journal.walk(uuid[], integer[], uuid[], integer[], integer[], integer[], text[], uuid[]);
