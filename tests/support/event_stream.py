"""A reader of event streams, written from the HTML standard: what a browser would dispatch, and what it would remember."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass
class Told:
    """One dispatched event. `id` is the event's own; None: it has none."""

    type: str
    data: Any
    id: int | None


@dataclass
class EventStream:
    """One connection. `events` ends when the server closes; `retry` and `comments` are what was said beside them."""

    response: httpx.Response
    last_id: int | None = None
    retry: int | None = None
    comments: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.events = self._parsed()

    async def _parsed(self) -> AsyncIterator[Told]:
        type_: str = ""
        data: list[str] = []
        own_id: int | None = None
        async for line in self.response.aiter_lines():
            if line == "":
                if own_id is not None:
                    self.last_id = own_id
                if data:
                    yield Told(type_ or "message", json.loads("\n".join(data)), own_id)
                type_, data, own_id = "", [], None
                continue
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "":
                self.comments.append(value)
            elif name == "event":
                type_ = value
            elif name == "data":
                data.append(value)
            elif name == "id":
                own_id = int(value)
            elif name == "retry":
                self.retry = int(value)

    async def read(self, *, until: str, seconds: float = 20) -> list[Told]:
        """The events up to the first of type *until*."""
        found: list[Told] = []
        async with asyncio.timeout(seconds):
            async for event in self.events:
                found.append(event)
                if event.type == until:
                    return found
        raise AssertionError(f"the stream ended without {until}: {[event.type for event in found]}")

    async def rest(self, *, seconds: float = 20) -> list[Told]:
        """What comes until the server closes."""
        async with asyncio.timeout(seconds):
            return [event async for event in self.events]


@asynccontextmanager
async def listening(client: httpx.AsyncClient, path: str, headers: dict[str, str], **query: Any) -> AsyncIterator[EventStream]:
    """An open stream. The answer must be one."""
    async with client.stream("GET", path, headers=headers, params=query, timeout=httpx.Timeout(10, read=None)) as response:
        if response.status_code != 200:
            await response.aread()
            raise AssertionError(f"{response.status_code}: {response.text}")
        assert response.headers["content-type"] == "text/event-stream"
        yield EventStream(response)


def ids(events: list[Told]) -> list[int]:
    return [event.id for event in events if event.id is not None]
