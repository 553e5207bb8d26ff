"""Ticks in Redis: short-lived hints that nobody waits for."""

import asyncio
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from infra.progress.ticks import KEPT_SECONDS, RedisProgress
from tests.support.patience import patient_with_redis


@pytest.fixture
async def client(redis_url):
    with patient_with_redis():
        async with Redis.from_url(redis_url) as connected:
            yield connected


async def test_what_was_told_last_is_known_with_three_digits_and_goes_by_itself(client):
    progress, generation_id, other = RedisProgress(client), uuid4(), uuid4()
    progress.tell(generation_id, 0.25)
    await progress.close()
    progress.tell(generation_id, 2 / 3)
    await progress.close()
    assert await client.get(f"progress:{generation_id}") == b"0.667"
    assert 0 < await client.ttl(f"progress:{generation_id}") <= KEPT_SECONDS
    assert await progress.of([other, generation_id]) == {generation_id: 0.667}


@pytest.mark.parametrize(("share", "kept"), [(-1.0, 0.0), (7.0, 1.0)])
async def test_a_share_beyond_its_bounds_is_kept_within_them(client, share, kept):
    progress, generation_id = RedisProgress(client), uuid4()
    progress.tell(generation_id, share)
    await progress.close()
    assert await progress.of([generation_id]) == {generation_id: kept}


async def test_without_redis_nothing_is_known_and_it_is_left_alone_for_a_while():
    now = 100.0
    async with Redis.from_url("redis://127.0.0.1:1/0") as nobody:
        progress = RedisProgress(nobody, monotonic=lambda: now)
        progress.tell(uuid4(), 0.5)
        await progress.close()
        assert progress._resting
        assert await progress.of([uuid4()]) == {}
        now += 60
        assert not progress._resting


async def test_a_redis_that_does_not_answer_costs_a_moment_only():
    async def silent(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Redis.from_url(f"redis://127.0.0.1:{port}/0") as mute:
        progress = RedisProgress(mute)
        async with asyncio.timeout(2):
            assert await progress.of([uuid4()]) == {}
        assert progress._resting
