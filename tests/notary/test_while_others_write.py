"""The notary beside the journal's writers: it follows, takes everything, and never stands in their way."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from projections.notary import sink as sinks
from projections.notary.checkpoints import page, sealed_size
from projections.notary.leaf import leaf, rows
from projections.notary.nodes import growth_at
from projections.notary.sink import NotaryFollower, NotarySink
from projections.notary.tree import Growth
from tests.notary.test_sealing import granted
from tests.support.journal import execute_sql, journal_world

HOLD_EVERYTHING = "LOCK TABLE proofs.tree, proofs.nodes, proofs.checkpoints, proofs.keys, proofs.log IN ACCESS EXCLUSIVE MODE"
LOCKS_ON_THE_LOG = """
    SELECT DISTINCT mode FROM pg_locks l JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
    WHERE l.relation = 'journal.events'::regclass AND l.pid <> pg_backend_pid()
"""


@pytest.fixture
def eager(monkeypatch):
    """Looks often, and signs whatever it sees."""
    monkeypatch.setattr(sinks, "LOOK_SECONDS", 0.01)


@asynccontextmanager
async def following(office):
    """A notary's process, until the block ends."""
    stop = asyncio.Event()
    follower = NotaryFollower(office.url, NotarySink(office.notary(), every_events=10, every_seconds=0.0))
    running = asyncio.create_task(follower.run(stop))
    try:
        yield follower
    finally:
        stop.set()
        await asyncio.wait_for(running, 60)


async def reached(office, head):
    async with asyncio.timeout(90):
        while await sealed_size(office.conn) < head:
            await asyncio.sleep(0.02)


async def check_all(office, head):
    """Every checkpoint is the root of the log as it is."""
    growth, signed = Growth(), {row.size: row.root for row in await page(office.conn, limit=10_000)}
    for row in await rows(office.conn, after=0, upto=head):
        growth.append(leaf(row))
        if growth.size in signed:
            assert signed.pop(growth.size) == growth.root
    assert (growth.size, signed) == (head, {})


async def test_what_many_write_at_once_is_all_signed(office, eager):
    async with journal_world(office.url) as world, following(office):
        for _ in range(3):
            await asyncio.gather(*(granted(world) for _ in range(40)))
        head = await world.journal.head()
        await reached(office, head)
    await check_all(office, head)
    assert head >= 3 * 40 * 2


async def test_it_is_stopped_and_started_again_in_the_middle(office, eager):
    async with journal_world(office.url) as world:
        for _ in range(4):
            async with following(office):
                await asyncio.gather(*(granted(world) for _ in range(15)))
        head = await world.journal.head()
        async with following(office):
            await reached(office, head)
    await check_all(office, head)


async def test_one_of_two_processes_works_and_the_other_takes_over(office, eager):
    async with journal_world(office.url) as world, following(office) as one:
        async with following(office) as two:
            await asyncio.gather(*(granted(world) for _ in range(15)))
            await reached(office, await world.journal.head())
            assert one.leading + two.leading == 1
        await asyncio.gather(*(granted(world) for _ in range(15)))
        head = await world.journal.head()
        await reached(office, head)
    await check_all(office, head)


async def test_who_holds_the_tree_does_not_hold_the_log(office):
    """Nothing that the notary locks is ever asked for by an append."""
    async with journal_world(office.url) as world:
        await granted(world)
        async with office.conn.transaction():
            await office.conn.execute(HOLD_EVERYTHING)
            await asyncio.wait_for(granted(world), 60)
        assert (await growth_at(office.conn, 0)).size == 0


async def test_the_log_may_be_written_while_the_notary_reads(office):
    """Its statements take no lock that an append waits for."""
    await office.log(20)
    async with office.conn.transaction():
        await rows(office.conn, after=0, upto=10)
        held = execute_sql(office.url, LOCKS_ON_THE_LOG)
    assert held == [("AccessShareLock",)]
