"""Loading: what a reader gets is his own, as of when he asks, and does not cost the whole history."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.kernel.journal_refusals import UpgradeNeeded
from infra.journal.snapshots import copy_of, freeze, thaw
from infra.journal.snapshotter import INSERT, STAY
from tests.journal.counters import COUNTERS, Bump, Counter, CounterOpened, Open
from tests.support.journal import JournalWorld, context, journal_world


async def bumped(world: JournalWorld, times: int) -> UUID:
    counter = uuid4()
    await world.journal.execute(Open(counter_id=counter), context())
    await asyncio.gather(*[world.journal.execute(Bump(counter_id=counter, by=n, note=f"n{n % 3}"), context()) for n in range(1, times + 1)])
    return counter


async def test_a_stream_nobody_began_is_none(counters: JournalWorld) -> None:
    assert await counters.journal.load(Counter, uuid4()) is None
    assert await counters.journal.stream(uuid4()) == []


async def test_what_is_loaded_is_the_callers_own(counters: JournalWorld) -> None:
    counter = await bumped(counters, 3)
    mine = await counters.journal.load(Counter, counter)
    assert mine is not None
    mine.total = 1000
    mine.notes["n1"].append(1000)
    again = await counters.journal.load(Counter, counter)
    assert again is not None
    assert (again.total, again.notes) == (6, {"n1": [1], "n2": [2], "n0": [3]})
    assert (await counters.journal.execute(Bump(counter_id=counter), context())).result == {"total": 7}


async def test_a_stream_can_be_seen_as_of_any_position(counters: JournalWorld) -> None:
    counter = await bumped(counters, 5)
    for position in range(1, 7):
        found = await counters.journal.load(Counter, counter, until=position)
        assert found is not None
        assert (found.version, found.position, found.total) == (position, position, sum(range(position)))
    assert await counters.journal.load(Counter, counter, until=0) is None


async def test_the_state_at_the_cached_position_is_a_copy_too(counters: JournalWorld) -> None:
    counter = await bumped(counters, 2)
    mine = await counters.journal.load(Counter, counter, until=3)
    assert mine is not None
    mine.notes["n1"].append(9)
    again = await counters.journal.load(Counter, counter, until=3)
    assert again is not None
    assert again.notes == {"n1": [1], "n2": [2]}


async def test_loading_sees_what_other_processes_appended(counters: JournalWorld) -> None:
    counter = await bumped(counters, 1)
    async with journal_world(counters.dsn, COUNTERS) as other:
        await other.journal.execute(Bump(counter_id=counter, by=10), context())
    found = await counters.journal.load(Counter, counter)
    assert found is not None
    assert (found.total, found.position) == (11, 3)


async def test_a_long_stream_is_loaded_from_its_snapshot(counters: JournalWorld) -> None:
    counter = await bumped(counters, 450)
    async with asyncio.timeout(5):
        while not await counters.rows("SELECT 1 FROM journal.snapshots"):
            await asyncio.sleep(0.02)
    rows = await counters.rows("SELECT version, kind FROM journal.snapshots ORDER BY version")
    assert rows[0][0] >= 200
    assert rows[0][1] == "tests.counter"
    async with journal_world(counters.dsn, COUNTERS) as other:
        # The events before the snapshot are not needed any more.
        async with other.pool.connection() as connection:
            await connection.execute("DELETE FROM journal.events WHERE version < %s", (rows[0][0],))
        found = await other.journal.load(Counter, counter)
        assert found is not None
        assert (found.total, found.version, found.position) == (sum(range(451)), 451, 451)
        assert (await other.journal.execute(Bump(counter_id=counter), context())).position == 452


async def test_of_a_streams_snapshots_only_the_latest_stay(counters: JournalWorld) -> None:
    busy, calm = uuid4(), uuid4()
    async with counters.pool.connection() as connection:
        for stream, version in [(calm, 1), *((busy, version) for version in range(1, 10))]:
            values = {"stream": stream, "version": version, "position": version, "kind": "tests.counter", "shape": 1, "state": b""}
            await connection.execute(INSERT, values)
    rows = await counters.rows("SELECT stream, version FROM journal.snapshots ORDER BY version")
    assert rows == [(calm, 1), *((busy, version) for version in range(9 - STAY, 10))]


async def test_a_snapshot_of_another_shape_is_not_read(counters: JournalWorld) -> None:
    counter = await bumped(counters, 3)
    async with counters.pool.connection() as connection:
        await connection.execute(
            "INSERT INTO journal.snapshots VALUES (%s, 2, 2, 'tests.counter', 99, ''), (%s, 3, 3, 'tests.something', 1, '')",
            (counter, counter),
        )
    async with journal_world(counters.dsn, COUNTERS) as other:
        found = await other.journal.load(Counter, counter)
    assert found is not None
    assert found.total == 6


async def test_a_fact_of_a_later_release_is_the_answer_to_its_own_streams_commands_only(counters: JournalWorld) -> None:
    one, other = await bumped(counters, 1), await bumped(counters, 1)
    async with journal_world(counters.dsn, COUNTERS) as fresh:
        async with fresh.pool.connection() as connection:
            await connection.execute("UPDATE journal.events SET topic = 'tests.from_the_future' WHERE stream = %s AND version = 2", (one,))
        answers: Sequence[Any] = await asyncio.gather(
            fresh.journal.execute(Bump(counter_id=one), context()),
            fresh.journal.execute(Bump(counter_id=other), context()),
            return_exceptions=True,
        )
        assert isinstance(answers[0], UpgradeNeeded)
        assert answers[1].result == {"total": 2}
        with pytest.raises(UpgradeNeeded):
            await fresh.journal.read(0, 10)


def test_a_state_keeps_its_types_through_bytes_and_shares_nothing_with_its_copy() -> None:
    counter = Counter._create(CounterOpened, id=uuid4(), timestamp=datetime.now(UTC))
    counter.pending_events.clear()
    counter.notes = {"a": [1]}
    for other in (thaw(Counter, freeze(counter)), copy_of(counter)):
        assert other == counter
        assert isinstance(other.id, UUID)
        other.notes["a"].append(2)
        assert counter.notes == {"a": [1]}
