"""How many streams are open is counted across processes, and a process that dies takes its places with it."""

import asyncio
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
import redis.asyncio

from domain.kernel.limits import STREAMS_MAX
from domain.telling.refusals import TicketsUnavailable, TooManyStreams
from infra.telling import places as places_module
from infra.telling import wire
from infra.telling.hints import RedisHints
from infra.telling.line import Line
from infra.telling.places import RedisPlaces
from infra.telling.tickets import RedisTickets
from tests.support.api_world import PRINCIPALS, FakeClock, FakeVault
from tests.support.patience import patient_with_redis


@pytest.fixture(autouse=True)
def patience():
    with patient_with_redis():
        yield


@asynccontextmanager
async def process(redis_url):
    """What one API process has of its own: a line, and places counted on it."""
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        line = Line(client)
        line.start()
        try:
            yield RedisPlaces(client, line)
        finally:
            await line.close()


async def taken_in_time(places, account_id):
    """A place, once there is one again."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await places.take(account_id)
            except TooManyStreams:
                await asyncio.sleep(0.01)


async def test_two_processes_share_the_places_of_an_account(redis_url):
    account_id, another = uuid4(), uuid4()
    async with process(redis_url) as here, process(redis_url) as there:
        mine = [await here.take(account_id) for _ in range(STREAMS_MAX - 3)]
        theirs = [await there.take(account_id) for _ in range(3)]
        for places in (here, there):
            with pytest.raises(TooManyStreams) as refusal:
                await places.take(account_id)
            assert refusal.value.limit == STREAMS_MAX
            (await places.take(another)).leave()
        mine[0].leave()
        mine[0].leave()
        await taken_in_time(there, account_id)
        with pytest.raises(TooManyStreams):
            await here.take(account_id)
        theirs[0].leave()
        await taken_in_time(here, account_id)


async def test_many_who_come_at_once_get_no_more_places_than_there_are(redis_url):
    account_id = uuid4()
    async with process(redis_url) as here, process(redis_url) as there:
        asked = [places.take(account_id) for places in (here, there) for _ in range(STREAMS_MAX)]
        found = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(each) for each in found if isinstance(each, Exception)] == [TooManyStreams] * STREAMS_MAX


async def test_the_places_of_a_dead_process_are_free_at_once(redis_url):
    account_id = uuid4()
    async with process(redis_url) as here:
        async with process(redis_url) as dying:
            for _ in range(STREAMS_MAX):
                await dying.take(account_id)
            with pytest.raises(TooManyStreams):
                await here.take(account_id)
        # Its connection has gone, nothing was given back.
        for _ in range(STREAMS_MAX):
            await taken_in_time(here, account_id)


async def test_a_line_that_was_cut_holds_its_places_again(redis_url):
    account_id = uuid4()
    async with process(redis_url) as here, process(redis_url) as there, redis.asyncio.Redis.from_url(redis_url) as operator:
        for _ in range(STREAMS_MAX):
            await here.take(account_id)
        channels = len(await operator.pubsub_channels(f"telling:place:{account_id}:*"))
        await operator.client_kill_filter(_type="pubsub")
        async with asyncio.timeout(20):
            while len(await operator.pubsub_channels(f"telling:place:{account_id}:*")) < channels:
                await asyncio.sleep(0.05)
        with pytest.raises(TooManyStreams):
            await there.take(account_id)


async def test_without_redis_each_process_counts_alone_and_there_are_no_texts_and_no_tickets(tmp_path, monkeypatch):
    account_id = uuid4()
    for module in (places_module, wire):
        monkeypatch.setattr(module, "BUDGET_SECONDS", 0.02)
    async with redis.asyncio.Redis(unix_socket_path=str(tmp_path / "nobody.sock")) as client:
        places, tickets = RedisPlaces(client, Line(client)), RedisTickets(client)
        taken = [await places.take(account_id) for _ in range(STREAMS_MAX)]
        with pytest.raises(TooManyStreams):
            await places.take(account_id)
        taken[0].leave()
        await places.take(account_id)
        for asked in (tickets.issue(PRINCIPALS["alice"], now=FakeClock().now()), tickets.redeem("made-up")):
            with pytest.raises(TicketsUnavailable):
                await asked
        assert await RedisHints(client, Line(client), FakeVault()).written(account_id, uuid4(), 1) == ""
