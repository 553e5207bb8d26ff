"""The table of usage, counted by the database from requests, ends and refunds. An end counts on the day it happened (UTC)."""

NAME = "usage_daily"
TABLE = "read.usage_daily_v2"
KEY = ("account_id", "day", "kind", "model")
ROWS = "SELECT * FROM read.usage_daily_v2 WHERE account_id BETWEEN %(low)s AND %(high)s"
# Kind and model are those of the request, which begins the stream; after a fallback the model is that of the last one before.
# MATERIALIZED, so that each state is read once.
EXPECTED = """
    WITH facts AS MATERIALIZED (
        SELECT account_id, stream, version, substr(topic, 13) AS what, convert_from(state, 'UTF8')::jsonb AS fact FROM journal.events
        WHERE account_id BETWEEN %(low)s AND %(high)s AND position <= %(seen)s AND topic IN (
            'generations.canceled', 'generations.charge_refunded', 'generations.failed', 'generations.requested', 'generations.succeeded')
    ), counted AS MATERIALIZED (
        SELECT f.account_id, f.stream, f.version, f.what, f.fact, (f.fact ->> 'timestamp')::timestamptz AS at,
               CASE WHEN f.what = 'requested' THEN f.fact
                    ELSE (SELECT convert_from(r.state, 'UTF8')::jsonb FROM journal.events r WHERE r.stream = f.stream AND r.version = 1)
               END AS asked
        FROM facts f
    ), placed AS (
        SELECT c.*, CASE WHEN c.what <> 'requested' AND c.asked ->> 'fallback_models' <> '[]' THEN (
            SELECT convert_from(r.state, 'UTF8')::jsonb ->> 'model' FROM journal.events r
            WHERE r.stream = c.stream AND r.version < c.version AND r.topic = 'generations.retrying'
              AND convert_from(r.state, 'UTF8')::jsonb ->> 'model' IS NOT NULL
            ORDER BY r.version DESC LIMIT 1) END AS fallback
        FROM counted c
    )
    SELECT account_id, (at AT TIME ZONE 'UTC')::date AS day, asked ->> 'kind' AS kind, coalesce(fallback, asked ->> 'model') AS model,
           count(*) FILTER (WHERE what = 'requested') AS requested,
           count(*) FILTER (WHERE what = 'succeeded') AS succeeded,
           count(*) FILTER (WHERE what = 'failed') AS failed,
           count(*) FILTER (WHERE what = 'canceled') AS canceled,
           coalesce(sum((fact ->> 'charged')::bigint), 0)::bigint AS spent,
           coalesce(sum((fact ->> 'amount')::bigint) FILTER (WHERE what = 'charge_refunded'), 0)::bigint AS refunded,
           min(at) AS first_at, max(at) AS last_at
    FROM placed GROUP BY 1, 2, 3, 4
"""
