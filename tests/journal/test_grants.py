"""What is asked about an account's grants costs the same however much has happened to it since."""

from typing import Any
from uuid import uuid4

import psycopg

from daybook.telling.standing import BOOKS, MEASURE
from projections.payments.lapsed import LAPSED

EVENTS = 3_000
GRANT = str(uuid4())
# A grant of 500, of which 7 lapse, then holds of 1; and as many grants of others.
HISTORY = """
    INSERT INTO journal.events (
        position, stream, version, topic, recorded_at, actor, account_id, correlation, command_id, first, available, held, owed, outside,
        book, state)
    SELECT 2 * n + other, CASE WHEN other = 1 THEN gen_random_uuid() ELSE %(stream)s END, CASE WHEN other = 1 THEN 1 ELSE n END, topic,
           now(), 'system:test', CASE WHEN other = 1 THEN gen_random_uuid() ELSE %(account)s END, '', gen_random_uuid(), false,
           -credits, CASE WHEN topic = 'credits.held' THEN 1 ELSE 0 END, 0, CASE WHEN topic = 'credits.held' THEN 0 ELSE credits END,
           book, json_build_object('grant_id', %(grant)s::text, 'amount', 7, 'expires_at', NULL)::text::bytea
    FROM generate_series(1, %(events)s) AS n, generate_series(0, 1) AS other,
         LATERAL (SELECT CASE WHEN n = 1 OR other = 1 THEN 'credits.granted' WHEN n = 2 THEN 'credits.grant_expired'
                         ELSE 'credits.held' END) AS t (topic),
         LATERAL (SELECT CASE topic WHEN 'credits.granted' THEN -500 WHEN 'credits.held' THEN 1 ELSE 7 END,
                         CASE topic WHEN 'credits.granted' THEN 'issued:purchase' WHEN 'credits.held' THEN '' ELSE 'breakage' END)
         AS p (credits, book)
"""
#: Entries of all indexes of the log that this transaction has read.
READ = "SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid))::bigint FROM pg_index WHERE indrelid = 'journal.events'::regclass"


def test_grants_are_found_however_much_has_happened_since(database_url: str):
    account = uuid4()
    questions: dict[str, dict[str, Any]] = {
        MEASURE: {"account_id": account, "position": 2 * EVENTS, "books": BOOKS},
        LAPSED: {"account_id": account, "grants": [GRANT]},
    }
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(HISTORY, {"stream": uuid4(), "account": account, "grant": GRANT, "events": EVENTS})
        connection.execute("ANALYZE journal.events")
        with connection.transaction():
            [before] = connection.execute(READ).fetchall()
            found = [connection.execute(query.encode(), values).fetchone() for query, values in questions.items()]
            [after] = connection.execute(READ).fetchall()
    assert found == [(500,), (GRANT, 7)]
    assert after[0] - before[0] < 10
