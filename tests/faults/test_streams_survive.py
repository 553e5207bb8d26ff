"""Streams over real processes while the API is killed: what is received is what happened, once, in order, and every word of a text.

The short form, without kills, is in tests/api/streams.
"""

import asyncio
import functools
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from domain.telling.names import STREAMED
from tests.bench.books import grant
from tests.faults.client import register
from tests.faults.stack import Stack
from tests.support.event_stream import EventStream, Told, listening

RECONNECTS, IN_TEXTS, KILLS = 1_000, 200, 50
MODELS = """
price_version = 1
[[models]]
id = "noop-20"
kind = "image"
provider = "noop"
title = "Nothing"
description = "Makes nothing, in 20 ms."
price = 1
[models.adapter]
sleep_ms = 20
[[models]]
id = "writer"
kind = "text"
provider = "builtin"
title = "Writer"
description = "Some thirty words a second."
price = 1
price_unit = "token"
price_per = 1000
upstream = "writer-1"
max_tokens = 4096
timeout_seconds = 300
[models.adapter]
delay_ms = 30
"""
TEXT = {"kind": "text", "model": "writer", "prompt": "Tell me a story about a lighthouse, a storm, a ship and a keeper who waits."}
IMAGE = {"kind": "image", "model": "noop-20", "prompt": "a lighthouse", "params": {"size": "64x64"}}
POSITIONS = "SELECT position FROM journal.events WHERE account_id = %s AND position > %s AND topic = ANY(%s) ORDER BY position"
PATIENCE_SECONDS = 60


class Listener:
    """A client that is cut off again and again, and goes on by its last id wherever the API answers."""

    def __init__(self, stack: Stack, token: str, chance: random.Random) -> None:
        self.client = httpx.AsyncClient(base_url=stack.url, trust_env=False, timeout=20, headers={"Authorization": f"Bearer {token}"})
        self.chance = chance
        self.reconnects = 0

    async def connected(self, path: str, last: int, read: Callable[[EventStream], Awaitable[None]]) -> None:
        """One connection, given to *read*; that it breaks is no failure."""
        self.reconnects += 1
        try:
            async with listening(self.client, path, {"Last-Event-ID": str(last)}) as stream:
                await read(stream)
        except httpx.TransportError:
            await asyncio.sleep(0.1)

    async def asked(self, method: str, path: str, **values: object) -> httpx.Response:
        """An answer, however often the API dies meanwhile."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                answer = await self.client.request(method, path, **values)
                if answer.status_code < 500:
                    return answer
            except httpx.TransportError:
                assert time.monotonic() < until
            await asyncio.sleep(0.1)

    async def submitted(self, body: dict[str, object]) -> str:
        answer = await self.asked("POST", "/v1/generations", json=body, headers={"Idempotency-Key": str(uuid.uuid4())})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    async def everything(self, begin: int, until: asyncio.Event, end: list[int]) -> list[int]:
        """The ids of the account's stream from *begin* on; once *until* is set, up to the position in *end*."""
        received = [begin]

        async def some(stream: EventStream) -> None:
            patience = time.monotonic() + self.chance.uniform(0.0, 0.3)
            while time.monotonic() < patience or until.is_set():
                event = await within(stream, 0.3)
                if event is None:
                    return
                if event.id is not None:
                    received.append(event.id)

        while not (until.is_set() and received[-1] >= end[0]):
            await self.connected("/v1/events", received[-1], some)
        return received[1:]

    async def text(self, cuts: int) -> int:
        """Read one text to its end, cut off up to *cuts* times in the middle; how often it was. What was joined is the text."""
        generation_id = await self.submitted(TEXT)
        path, reading, made = f"/v1/generations/{generation_id}/events", Reading(), 0
        while reading.final is None:
            words = self.chance.randint(1, 12) if made < cuts else None
            last = reading.received[-1] if reading.received else 0
            await self.connected(path, last, functools.partial(reading.read, words=words))
            made += reading.cut
        timeline = (await self.asked("GET", f"/v1/generations/{generation_id}/timeline")).json()["data"]
        assert reading.received == [each["position"] for each in timeline]
        assert reading.text == reading.final["data"]["output"]["text"]
        return made


class Reading:
    """What one reader of a text has of it. `cut`: the last connection was left in the middle of the text."""

    def __init__(self) -> None:
        self.text = ""
        self.received: list[int] = []
        self.final: dict[str, Any] | None = None
        self.cut = False

    async def read(self, stream: EventStream, *, words: int | None) -> None:
        """Up to the end, or so many pieces of the text."""
        self.cut = False
        while (event := await within(stream, PATIENCE_SECONDS)) is not None:
            self._take(event)
            if words is not None and event.type == "generation.text_delta":
                words -= 1
                if words == 0:
                    self.cut = True
                    return

    def _take(self, event: Told) -> None:
        data = event.data["data"]
        if event.type == "snapshot" and data["output"] is not None:
            self.text = data["output"]["text"]
        if event.type == "generation.text_delta":
            assert data["offset"] <= len(self.text), "a reader is never left with a hole"
            self.text = self.text[: data["offset"]] + data["text"]
        if event.id is not None:
            self.received.append(event.id)
        assert event.type not in ("generation.failed", "generation.canceled"), event.data
        if event.type == "generation.succeeded":
            self.final = event.data


async def within(stream: EventStream, seconds: float) -> Told | None:
    """The next event; None when the stream has ended, or none came."""
    try:
        async with asyncio.timeout(seconds):
            return await anext(stream.events, None)
    except TimeoutError:
        return None


async def submitting(listener: Listener, stop: asyncio.Event, made: list[str]) -> None:
    while not stop.is_set():
        made.append(await listener.submitted(IMAGE))
        await asyncio.sleep(listener.chance.uniform(0.02, 0.2))


async def killing(stack: Stack, kills: int, everybody: list[Listener], reconnects: int) -> int:
    """One kill after every so many reconnects."""
    done = 0
    while done < kills:
        if sum(each.reconnects for each in everybody) >= (done + 1) * reconnects // (kills + 1):
            stack.kill("api")
            done += 1
            await asyncio.sleep(1.0)
        await asyncio.sleep(0.05)
    return done


async def survive(stack: Stack, *, reconnects: int, in_texts: int, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    token, account = await register(stack.url)
    await grant(stack.database_url, account, 100_000)
    feeder, listener, reader = everybody = [Listener(stack, token, random.Random(chance.random())) for _ in range(3)]
    begin = positions(stack, account, 0)[-1]
    stop, ended, end = asyncio.Event(), asyncio.Event(), [0]
    made: list[str] = []
    feeding = asyncio.create_task(submitting(feeder, stop, made))
    following = asyncio.create_task(listener.everything(begin, ended, end))
    breaking = asyncio.create_task(killing(stack, kills, [listener, reader], reconnects))
    cut = 0
    while cut < in_texts:
        cut += await reader.text(min(5, in_texts - cut))
    while listener.reconnects + reader.reconnects < reconnects or not breaking.done():
        for task in (feeding, following, breaking):
            if task.done():
                task.result()
        await asyncio.sleep(0.1)
    stop.set()
    await feeding
    await asyncio.gather(*(final(feeder, generation_id) for generation_id in made[-20:]))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await still_open(feeder):
            await asyncio.sleep(0.1)
    end[0] = positions(stack, account, 0)[-1]
    ended.set()
    async with asyncio.timeout(PATIENCE_SECONDS):
        received = await following
    assert received == positions(stack, account, begin)
    timelines = [(await feeder.asked("GET", f"/v1/generations/{each}/timeline")).json()["data"] for each in made]
    assert {each["position"] for timeline in timelines for each in timeline} <= set(received)
    for each in everybody:
        await each.client.aclose()
    assert (cut >= in_texts, breaking.result(), listener.reconnects + reader.reconnects >= reconnects) == (True, kills, True)


async def final(listener: Listener, generation_id: str) -> None:
    while (await listener.asked("GET", f"/v1/generations/{generation_id}")).json()["finished_at"] is None:
        await asyncio.sleep(0.1)


async def still_open(listener: Listener) -> bool:
    query = {"status": ["queued", "running", "scheduled"], "limit": 1}
    return bool((await listener.asked("GET", "/v1/generations", params=query)).json()["data"])


def positions(stack: Stack, account: uuid.UUID, after: int) -> list[int]:
    with psycopg.connect(stack.database_url) as connection:
        return [row[0] for row in connection.execute(POSITIONS, (account, after, list(STREAMED))).fetchall()]


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_a_thousand_reconnects_and_fifty_kills_lose_and_double_nothing(database_url: str, redis_url: str, tmp_path: Path):
    stack = Stack(tmp_path, database_url=database_url, redis_url=redis_url)
    (tmp_path / "catalogue.toml").write_text(MODELS)
    try:
        await asyncio.to_thread(stack.start)
        await survive(stack, reconnects=RECONNECTS, in_texts=IN_TEXTS, kills=KILLS, seed=4711)
    finally:
        await asyncio.to_thread(stack.stop)
