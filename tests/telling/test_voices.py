"""What a worker says of a text: in order, without holes, however Redis behaves, and never in the worker's way."""

import asyncio
from uuid import uuid4

import pytest
import redis.asyncio

from infra.telling import voices, wire
from infra.telling.hints import RedisHints
from infra.telling.line import Line
from infra.telling.voices import RedisSaying
from tests.support.patience import patient_with_redis


@pytest.fixture(autouse=True)
def patience():
    with patient_with_redis():
        yield


class PlainKey:
    """Seals by turning round, so that the test can read what is kept."""

    def seal(self, plaintext, *, about):
        return plaintext[::-1]

    def open(self, sealed, *, about):
        return sealed[::-1]


class PlainVault:
    async def key(self, account_id):
        return PlainKey()


class Moody:
    """A Redis whose pipelines fail as long as it is `away`."""

    def __init__(self, client):
        self.client = client
        self.away = True

    def pipeline(self):
        if self.away:
            raise redis.exceptions.ConnectionError("away")
        return self.client.pipeline()

    def __getattr__(self, name):
        return getattr(self.client, name)


def voice_on(client, generation_id):
    return RedisSaying(client).voice(generation_id, account_id=uuid4(), attempt=1, key=PlainKey())


async def kept(client, generation_id):
    return await RedisHints(client, Line(client), PlainVault()).written(uuid4(), generation_id, 1)


async def test_what_was_said_while_redis_was_away_is_told_when_it_is_back(redis_url, monkeypatch):
    monkeypatch.setattr(wire, "REST_SECONDS", 0.05)
    generation_id = uuid4()
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        moody = Moody(client)
        voice = voice_on(moody, generation_id)
        for word in ("Once ", "upon ", "a time "):
            voice.say(word)
            await asyncio.sleep(0.02)
        assert await kept(client, generation_id) == ""
        moody.away = False
        voice.say("there was.")
        async with asyncio.timeout(10):
            while await kept(client, generation_id) != "Once upon a time there was.":
                await asyncio.sleep(0.01)


async def test_a_worker_does_not_wait_for_a_redis_that_is_away(tmp_path, monkeypatch):
    monkeypatch.setattr(wire, "BUDGET_SECONDS", 0.2)
    async with redis.asyncio.Redis(unix_socket_path=str(tmp_path / "nobody.sock")) as client:
        voice = voice_on(client, uuid4())
        for _ in range(1_000):
            voice.say("word ")
        async with asyncio.timeout(2):
            await voice.end()


async def test_a_text_longer_than_may_wait_is_told_up_to_there_and_has_no_holes(redis_url, monkeypatch):
    monkeypatch.setattr(voices, "WAITING_CHARS_MAX", 100)
    generation_id = uuid4()
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        voice = voice_on(client, generation_id)
        for word in ("x" * 90, "y" * 20, "z"):
            voice.say(word)
        await voice.end()
        assert await kept(client, generation_id) == "x" * 90


async def test_a_long_piece_is_told_in_several_and_a_piece_told_twice_is_read_once(redis_url):
    generation_id = uuid4()
    text = "".join(chr(97 + number % 26) for number in range(voices.PIECE_CHARS_MAX * 2 + 5))
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        voice = voice_on(client, generation_id)
        voice.say(text)
        await voice.end()
        key = wire.text_key(generation_id, 1)
        pieces = await client.lrange(key, 0, -1)
        await client.linsert(key, "AFTER", pieces[1], pieces[1])
        assert (len(pieces), await kept(client, generation_id)) == (3, text)
        assert 0 < await client.ttl(key) <= wire.KEPT_AFTER_END_SECONDS


async def test_of_a_text_whose_beginning_is_lost_nothing_is_shown(redis_url):
    generation_id = uuid4()
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        voice = voice_on(client, generation_id)
        voice.say("Once upon a time")
        await asyncio.sleep(0)
        await voice.end()
        later = wire.Written(generation_id, 1, 100, "after a hole"[::-1])
        await client.rpush(wire.text_key(generation_id, 1), wire.encoded(later))
        assert await kept(client, generation_id) == "Once upon a time"
