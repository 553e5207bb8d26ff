"""What an account is told of its credits costs the same however much has happened to it."""

from uuid import uuid4

import psycopg

from daybook.telling.standing import BOOKS, MEASURE

SINCE = 3_000
# One grant of 500, then holds of 1; and as many grants of others.
HISTORY = """
    INSERT INTO journal.events (
        position, stream, version, topic, recorded_at, actor, account_id, correlation, command_id, first, available, held, owed, outside,
        book, state)
    SELECT 2 * n + other, CASE WHEN other = 1 THEN gen_random_uuid() ELSE %(stream)s END, CASE WHEN other = 1 THEN 1 ELSE n END,
           CASE WHEN granted THEN 'credits.granted' ELSE 'credits.held' END, now(), 'system:test',
           CASE WHEN other = 1 THEN gen_random_uuid() ELSE %(account)s END, '', gen_random_uuid(), false,
           CASE WHEN granted THEN 500 ELSE -1 END, CASE WHEN granted THEN 0 ELSE 1 END, 0, CASE WHEN granted THEN -500 ELSE 0 END,
           CASE WHEN granted THEN 'issued:purchase' ELSE '' END, '{"expires_at":null}'
    FROM generate_series(1, %(events)s) AS n, generate_series(0, 1) AS other, LATERAL (SELECT n = 1 OR other = 1) AS g (granted)
"""
#: Entries of all indexes of the log that this transaction has read.
READ = "SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid))::bigint FROM pg_index WHERE indrelid = 'journal.events'::regclass"


async def test_the_measure_of_a_low_balance_is_found_however_much_has_happened_since(database_url: str):
    account = uuid4()
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute(HISTORY, {"stream": uuid4(), "account": account, "events": SINCE})
        await connection.execute("ANALYZE journal.events")
        async with connection.transaction():
            values = {"account_id": account, "position": 2 * SINCE, "books": BOOKS}
            before = await (await connection.execute(READ)).fetchone()
            found = await (await connection.execute(MEASURE.encode(), values)).fetchone()
            after = await (await connection.execute(READ)).fetchone()
    assert found == (500,)
    assert before is not None and after is not None
    assert after[0] - before[0] < 10
