"""Sessions as several processes share them."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from infra.access.access_tokens import AccessTokens
from infra.access.directory import AccountDirectory
from infra.access.sessions import ABSOLUTE, CACHE_SECONDS, PostgresSessions
from infra.clock import RandomIds
from infra.postgres.pool import open_pool

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Counted:
    """A pool that counts how often it was asked."""

    def __init__(self, pool):
        self.pool = pool
        self.asked = 0

    @asynccontextmanager
    async def connection(self, timeout=None):
        self.asked += 1
        async with self.pool.connection(timeout) as connection:
            yield connection


class Process:
    """One process's view of the sessions, with a clock that can be moved."""

    def __init__(self, pool):
        self.seconds = 0.0
        self.connections = Counted(pool)
        directory = AccountDirectory(journal=None)
        tokens = AccessTokens([b"k" * 32], issuer="http://daybook.test")
        sign = lambda purpose, data: purpose.encode().ljust(32, b"\0")[:32]  # noqa: E731 - too small for a name of its own
        self.sessions = PostgresSessions(self.connections, directory, tokens, sign=sign, ids=RandomIds(), monotonic=lambda: self.seconds)


@pytest.fixture
async def pool(database_url):
    async with open_pool(database_url, size=4, name="sessions") as opened:
        yield opened


async def session_of(process, account_id, now=NOW):
    await process.sessions.begin(account_id, now=now)
    return UUID(int=next(reversed(process.sessions._live._values)))


async def test_a_logout_elsewhere_is_noticed_within_seconds(pool):
    here, there, account_id = Process(pool), Process(pool), uuid4()
    session = await session_of(here, account_id)
    assert (await there.sessions.live(session)).account_id == account_id
    await here.sessions.end(session, now=NOW)
    assert await here.sessions.live(session) is None
    there.seconds = CACHE_SECONDS + 0.1
    assert await there.sessions.live(session) is None
    assert CACHE_SECONDS <= 5


async def test_a_known_session_costs_no_question_and_when_it_does_only_one_asks(pool):
    process = Process(pool)
    session = await session_of(process, uuid4())
    before = process.connections.asked
    assert all([await process.sessions.live(session) for _ in range(100)])
    assert process.connections.asked == before
    process.seconds = CACHE_SECONDS + 0.1
    assert all(await asyncio.gather(*(process.sessions.live(session) for _ in range(50))))
    assert process.connections.asked == before + 1


async def test_all_sessions_of_an_account_can_be_ended_but_one(pool):
    process, account_id = Process(pool), uuid4()
    kept, *others = [await session_of(process, account_id) for _ in range(3)]
    stranger = await session_of(process, uuid4())
    await process.sessions.end_all(account_id, now=NOW, but=kept)
    assert [await process.sessions.live(session) is not None for session in (kept, *others, stranger)] == [True, False, False, True]


async def test_dead_sessions_are_tidied_away_by_later_logins(pool):
    process, account_id = Process(pool), uuid4()
    old = await session_of(process, account_id)
    later = NOW + ABSOLUTE + timedelta(seconds=1)
    await session_of(process, account_id, now=later)
    async with pool.connection() as connection:
        rows = await (await connection.execute("SELECT session FROM access.sessions WHERE session = %s", [old])).fetchall()
    assert rows == []
    assert await process.sessions.last_begun(account_id) == later


async def test_an_account_has_a_bounded_number_of_sessions_and_the_oldest_go_those_that_ended_first(pool, monkeypatch):
    monkeypatch.setattr("infra.access.sessions.SESSIONS_MAX", 3)
    process, account_id = Process(pool), uuid4()
    first, second, third = [await session_of(process, account_id, NOW + timedelta(seconds=number)) for number in range(3)]
    other = await session_of(process, uuid4())
    await process.sessions.end(second, now=NOW + timedelta(seconds=5))
    fourth = await session_of(process, account_id, NOW + timedelta(seconds=6))
    assert all([await process.sessions.live(each) for each in (first, third, fourth, other)])
    assert len(await process.sessions.of(account_id)) == 3
    fifth = await session_of(process, account_id, NOW + timedelta(seconds=7))
    assert await process.sessions.live(first) is None
    assert all([await process.sessions.live(each) for each in (third, fourth, fifth, other)])
    assert len(await process.sessions.of(account_id)) == 3
