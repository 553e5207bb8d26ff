"""What workers and the API stand on beside the database: clocks, ids, keys, objects, media, connections. Everything from the seed."""

import asyncio
import hashlib
import hmac
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from domain.assets.media import Examined
from domain.assets.storage import StoreUnavailable
from domain.kernel.ids import uuid7
from domain.kernel.processes import ChildDied
from infra.postgres.pool import DatabaseUnreachable
from tests.simulation.server import Server, Session
from tests.simulation.twin.connection import TwinConnection
from tests.simulation.virtual_loop import VirtualLoop

BEGIN = datetime(2026, 1, 1, 12, tzinfo=UTC)


class SimulatedClock:
    """Implements `domain.ports.Clock`: virtual time, and how far this machine's clock is off."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self.off = timedelta()

    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=self._loop.time()) + self.off


class SimulatedIds:
    """Implements `domain.ports.Ids`."""

    def __init__(self, loop: VirtualLoop, dice: random.Random) -> None:
        self._loop = loop
        self._dice = dice

    def new(self) -> UUID:
        return uuid7(int(BEGIN.timestamp() * 1000 + self._loop.time() * 1000), self._dice.randbytes(10))


class PlainKey:
    """Implements `domain.ports.SubjectKey`, hiding nothing: what is sealed is not what is simulated."""

    def seal(self, plaintext: str, *, about: str = "") -> str:
        return "s1." + plaintext

    def open(self, sealed: str, *, about: str = "") -> str:
        return sealed[3:]

    def fingerprint(self, data: bytes) -> bytes:
        return hashlib.sha256(data).digest()

    def index(self, word: str) -> str:
        return hashlib.sha256(word.encode()).hexdigest()[:16]


class PlainVault:
    """Implements of `domain.ports.Vault` what generations need."""

    def __init__(self) -> None:
        self.plain = PlainKey()

    async def key(self, account_id: UUID) -> PlainKey:
        return self.plain

    def sign(self, purpose: str, data: bytes) -> bytes:
        return hmac.digest(purpose.encode(), data, "sha256")

    def verify(self, purpose: str, data: bytes, signature: bytes) -> bool:
        return hmac.compare_digest(self.sign(purpose, data), signature)


class SimulatedObjects:
    """Implements of `domain.ports.ObjectStore` what workers need: puts that fail while trouble lasts."""

    def __init__(self, world: Any) -> None:
        self._world = world

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        dice = self._world.dice["objects"]
        await asyncio.sleep(dice.uniform(0.001, 0.02))
        if dice.random() < self._world.objects_failing:
            raise StoreUnavailable(retry_after=1)
        self._world.objects[key] = bytes(data)


class SimulatedMedia:
    """Implements of `domain.ports.Media` what workers need: every result is a small picture, which may kill who decodes it."""

    def __init__(self, world: Any) -> None:
        self._world = world

    async def examine(self, data: bytes, content_type: str | None = None, *, bytes_max: int) -> Examined:
        if self._world.dice["objects"].random() < self._world.children_dying:
            raise ChildDied("a picture")
        digest = hashlib.sha256(data).hexdigest()
        values = {"kind": "image", "content_type": "image/png", "width": 8, "height": 8, "duration_ms": None}
        return Examined(**values, bytes=len(data), sha256=digest, thumbnail=b"t")


class SimulatedPool:
    """Implements `domain.ports.Connections` on the simulated server, with the refusals of `infra.postgres.pool`."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._idle: list[Session] = []

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[TwinConnection]:
        try:
            session = self._idle.pop() if self._idle else self._server.connect()
            try:
                yield TwinConnection(session)
            finally:
                if not session.closed:
                    self._idle.append(session)
        except psycopg.OperationalError as error:
            self._idle.clear()
            raise DatabaseUnreachable(retry_after=1) from error


class Nothing:
    """Stands for a port that is not used: whatever is asked of it is a defect of the simulation."""

    def __getattr__(self, name: str) -> Sequence[str]:
        raise AssertionError(f"the simulation has no {name}")
