"""Balances sealed through the journal: on demand, and once a day however many do it."""

import asyncio
from datetime import UTC, datetime

import psycopg
import pytest

from domain.accounts.commands import RegisterAccount
from projections.notary.balances import sealed_balances
from projections.notary.sealing import Sealing
from tests.support.journal import context, journal_world, new_id
from tests.support.signed_book import seal_now

SALT = b"s" * 32
SEALS = "SELECT position, convert_from(state, 'UTF8')::json FROM journal.events WHERE topic = 'notary.balances_sealed' ORDER BY position"
BACK = "UPDATE journal.events SET recorded_at = recorded_at - make_interval(days => %s) WHERE recorded_at > now() - interval '12 hours'"


class FixedClock:
    def now(self):
        return datetime.now(UTC)


class Ids:
    def new(self):
        return new_id()


@pytest.fixture
async def world(fresh_database_url):
    # A day must not end in the middle of a test.
    while (now := datetime.now(UTC)).hour == 23 and now.minute == 59:
        await asyncio.sleep(1)
    async with journal_world(fresh_database_url) as world:
        for _ in range(5):
            await granted(world)
        yield world


async def granted(world):
    """A new account with seven credits."""
    account_id = new_id()
    words = {"sealed_profile": "sealed", "email_index": account_id.hex, "sealed_password_hash": "sealed", "roles": ["user"]}
    command = RegisterAccount(account_id=account_id, welcome_grant_id=new_id(), welcome_credits=7, **words)
    await world.journal.execute(command, context())


def sealing(world):
    return Sealing(world.journal, world.pool, SALT, clock=FixedClock(), ids=Ids())


async def test_a_seal_is_an_event_that_commits_to_all_balances(world):
    head = await world.journal.head()
    receipt = await sealing(world).seal()
    ((position, state),) = await world.rows(SEALS)
    async with world.pool.connection() as connection:
        balances = await sealed_balances(connection, SALT, head)
    assert (position, state["position"], state["accounts"]) == (receipt.position, head, 5)
    assert set(state) == {"position", "root", "accounts", "checkpoints", "last_checkpoint", "timestamp"}
    assert balances.accounts == 5
    columns = "SELECT account_id, actor, available, book FROM journal.events WHERE position = " + str(position)
    assert await world.rows(columns) == [(None, "notary", None, None)]


async def test_a_seal_counts_the_checkpoints_that_were_signed_by_then(world):
    await sealing(world).seal()
    async with await psycopg.AsyncConnection.connect(world.dsn, autocommit=True) as conn:
        sizes = []
        for _ in range(2):
            await granted(world)
            sizes.append(await seal_now(conn))
    await granted(world)
    await sealing(world).seal()
    told = [(state["checkpoints"], state["last_checkpoint"]) for _, state in await world.rows(SEALS)]
    assert told == [(0, 0), (2, sizes[1])]


async def test_on_demand_balances_are_sealed_as_often_as_asked(world):
    for _ in range(3):
        await sealing(world).seal()
    assert [state["accounts"] for _, state in await world.rows(SEALS)] == [5, 5, 5]


async def test_no_seal_is_due_on_the_day_the_log_began_or_the_last_was_made(world):
    assert await sealing(world).daily() is None
    await world.rows(BACK + " RETURNING 1", 1)
    assert await sealing(world).daily() is not None
    assert await sealing(world).daily() is None
    assert len(await world.rows(SEALS)) == 1


async def test_many_at_once_seal_a_day_once(world):
    await world.rows(BACK + " RETURNING 1", 1)
    async with journal_world(world.dsn) as other:
        await asyncio.gather(*(sealing(each).daily() for each in (world, other, world, other)))
    assert len(await world.rows(SEALS)) == 1


async def test_an_empty_log_is_not_sealed(fresh_database_url):
    async with journal_world(fresh_database_url) as world:
        assert await sealing(world).daily() is None
        assert await world.journal.head() == 0


async def test_the_runner_seals_when_the_day_is_over_and_ends_when_told(world):
    await world.rows(BACK + " RETURNING 1", 1)
    stop = asyncio.Event()
    running = asyncio.create_task(sealing(world).run(stop))
    async with asyncio.timeout(60):
        while not await world.rows(SEALS):
            await asyncio.sleep(0.01)
    stop.set()
    await asyncio.wait_for(running, 60)
    assert len(await world.rows(SEALS)) == 1
