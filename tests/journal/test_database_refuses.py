"""What the database itself refuses, also from raw SQL by someone with a password."""

import asyncio
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.journal.counters import Bump, Open
from tests.support.journal import JournalWorld, context, execute_sql

INSERT = """
    INSERT INTO journal.events (position, stream, version, topic, recorded_at, actor, correlation, causation, command_id, first,
                                fingerprint, available, held, owed, outside, book, state)
    VALUES (%(position)s, %(stream)s, 1, %(topic)s, now(), 'me', '', %(causation)s, %(command_id)s, %(first)s,
            %(fingerprint)s, %(available)s, %(held)s, %(owed)s, %(outside)s, %(book)s, %(state)s)
"""


def insert(dsn: str, **changes: Any) -> None:
    values: dict[str, Any] = {
        "position": 1,
        "stream": uuid4(),
        "topic": "credits.granted",
        "causation": None,
        "command_id": uuid4(),
        "first": True,
        "fingerprint": None,
        "available": 5,
        "held": 0,
        "owed": 0,
        "outside": -5,
        "book": "issued:test",
        "state": b"{}",
    }
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(INSERT, values | changes)


@pytest.mark.parametrize(
    ("constraint", "changes"),
    [
        ("postings_are_balanced", {"available": 6}),
        ("postings_are_balanced", {"outside": None}),
        ("postings_are_balanced", {"book": ""}),
        ("causation_is_earlier", {"causation": 1}),
        ("record_is_on_first", {"first": False, "fingerprint": b"f"}),
        ("state_is_json", {"state": b"[]"}),
    ],
)
def test_an_entry_that_breaks_the_book_is_refused_by_name(fresh_database_url: str, constraint: str, changes: dict[str, Any]) -> None:
    with pytest.raises(psycopg.errors.CheckViolation) as refusal:
        insert(fresh_database_url, **changes)
    assert refusal.value.diag.constraint_name == constraint


def test_state_that_is_no_json_is_refused_for_our_topics_only(fresh_database_url: str) -> None:
    with pytest.raises(psycopg.errors.DataError):
        insert(fresh_database_url, state=b"state1")
    insert(fresh_database_url, topic="their.module:Theirs", state=b"state1")
    assert execute_sql(fresh_database_url, "SELECT topic, state FROM journal.log") == [("their.module:Theirs", None)]


def test_a_command_id_begins_once(fresh_database_url: str) -> None:
    once = uuid4()
    insert(fresh_database_url, command_id=once)
    with pytest.raises(psycopg.errors.UniqueViolation):
        insert(fresh_database_url, command_id=once, position=2)


async def test_positions_are_dense_after_appends_that_failed(counters: JournalWorld) -> None:
    ids = [uuid4() for _ in range(20)]
    for counter in ids:
        await counters.journal.execute(Open(counter_id=counter), context())
    bumps = [Bump(counter_id=counter, unbalanced=n % 3 == 0) for n, counter in enumerate(ids * 5)]
    await asyncio.gather(*[counters.journal.execute(bump, context()) for bump in bumps], return_exceptions=True)
    await counters.journal.execute(Open(counter_id=uuid4()), context())
    positions = [row[0] for row in await counters.rows("SELECT position FROM journal.events ORDER BY position")]
    assert positions == list(range(1, len(positions) + 1))
    assert len(positions) > 20


async def test_recorded_time_never_runs_backwards_against_position(counters: JournalWorld) -> None:
    await counters.journal.execute(Open(counter_id=uuid4()), context())
    # As if the database's clock had been set back by an hour after this.
    await counters.rows("UPDATE journal.events SET recorded_at = recorded_at + interval '1 hour' RETURNING 1")
    await counters.journal.execute(Open(counter_id=uuid4()), context())
    times = [event.recorded_at for event in await counters.journal.read(0, 10)]
    assert times[0] == times[1]


async def test_an_auditor_reads_state_as_json_and_sums_with_sql(counters: JournalWorld) -> None:
    counter = uuid4()
    await counters.journal.execute(Open(counter_id=counter), context())
    for by in (3, 4):
        await counters.journal.execute(Bump(counter_id=counter, by=by), context())
    rows = await counters.rows(
        "SELECT sum(available), sum(held), sum((state ->> 'by')::int) FROM journal.log WHERE topic = 'tests.counter_bumped'"
    )
    assert rows == [(7, -7, 7)]


async def test_an_append_does_not_wait_for_analyze(counters: JournalWorld) -> None:
    async with await psycopg.AsyncConnection.connect(counters.dsn) as analyst:
        await analyst.execute("ANALYZE journal.events")
        async with asyncio.timeout(2):
            await counters.journal.execute(Open(counter_id=uuid4()), context())
    assert await counters.journal.head() == 1
