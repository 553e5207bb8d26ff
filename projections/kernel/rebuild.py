"""Builds a read model again from position 1, beside the live one, and swaps the two."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import AsyncConnection

from domain.archive.ports import Archive
from projections.archive.whole import attach
from projections.kernel.apply import fold, move
from projections.kernel.model import BUILDING, LIVE, Place, ReadModel
from projections.kernel.projector import BATCH_EVENTS
from projections.kernel.reader import Reader, head_of
from projections.kernel.states import FORGET, create, drop

Progress = Callable[[int, int], None]

SWAP_ATTEMPTS = 20
SWAP_PAUSE_SECONDS = 0.25

# One builder of a model at a time; the lock ends with the session at the latest.
LOCK = "SELECT pg_try_advisory_lock(hashtextextended(%(name)s, 1))"
UNLOCK = "SELECT pg_advisory_unlock(hashtextextended(%(name)s, 1))"
CONFIGURE = "SET idle_in_transaction_session_timeout = '5s'; SET statement_timeout = '60s'; SET jit = off"
# Readers of the table are waited for, but new ones behind them not kept waiting.
PATIENCE = "SET LOCAL lock_timeout = '1s'"
# The live model stands still until the swap has committed.
FREEZE = "SELECT position FROM read.models WHERE name = %(name)s AND version = %(version)s AND place = 'read' FOR UPDATE"
SWAPPED = """
    UPDATE read.models SET position = %(position)s, state = 'live', error = NULL, updated_at = now()
    WHERE name = %(name)s AND version = %(version)s AND place = 'read'
"""


class RebuildRunning(Exception):
    """Another process builds this model at the moment."""


async def rebuild(
    dsn: str, model: ReadModel, progress: Progress, *, batch_events: int = BATCH_EVENTS, archive: Archive | None = None
) -> int:
    """Fold the whole log into new tables and put them in the place of the live ones; a stopped model runs again then.

    *progress* is told (position, head) after each batch. Returns the position reached. An interrupted rebuild leaves the
    live model as it was; the next begins anew.   Raises RebuildRunning, UpgradeNeeded, and whatever the fold raises.
    """
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True, application_name="daybook rebuild") as conn:
        await conn.execute(CONFIGURE)
        attach(conn, archive)
        lock = {"name": f"daybook:rebuild:{model.name}"}
        row = await (await conn.execute(LOCK, lock)).fetchone()
        if not row or not row[0]:
            raise RebuildRunning(f"{model.name} is being rebuilt by another process.")
        try:
            async with conn.transaction():
                await drop(conn, model.name, model.version, tables=model.tables, place=BUILDING)
                await create(conn, model, BUILDING)
            builder = _Builder(conn, model, batch_events)
            for _ in range(SWAP_ATTEMPTS):
                await builder.catch_up(progress)
                if await builder.swap():
                    return builder.position
                await asyncio.sleep(SWAP_PAUSE_SECONDS)
        finally:
            # The server may end the session a moment after we have left it: whoever rebuilds next must not find us there.
            with suppress(psycopg.Error):
                await conn.execute(UNLOCK, lock)
    raise psycopg.errors.LockNotAvailable(f"Readers hold {model.name}: it was built up to {builder.position} but not swapped in.")


class _Builder:
    def __init__(self, conn: AsyncConnection[Any], model: ReadModel, batch_events: int) -> None:
        self.conn = conn
        self.model = model
        self.place = Place(conn, BUILDING)
        self.reader = Reader()
        self.batch_events = batch_events
        self.position = 0

    async def catch_up(self, progress: Progress) -> None:
        while events := await self.reader.read(self.conn, after=self.position, limit=self.batch_events):
            async with self.conn.transaction():
                await self._fold(events)
            progress(self.position, max(self.position, await head_of(self.conn)))

    async def swap(self) -> bool:
        """Under the live row's lock: fold what is missing up to its position, and exchange the tables. False: try again."""
        before = self.position
        try:
            async with self.conn.transaction():
                live = await self._freeze()
                while self.position < live:
                    await self._fold(await self.reader.read(self.conn, after=self.position, limit=self.batch_events, upto=live))
                await self._exchange()
        except psycopg.errors.LockNotAvailable:
            self.position = before
            return False
        return True

    async def _fold(self, events: Any) -> None:
        await move(self.place, [self.model], after=self.position, to=events[-1].position)
        await fold(self.place, self.model, events)
        self.position = events[-1].position

    async def _freeze(self) -> int:
        await self.conn.execute(PATIENCE)
        cursor = await self.conn.execute(FREEZE, {"name": self.model.name, "version": self.model.version})
        row = await cursor.fetchone()
        assert row is not None, "prepare() has made the live model"
        return int(row[0])

    async def _exchange(self) -> None:
        key = {"name": self.model.name, "version": self.model.version}
        for table in self.model.tables:
            await self.conn.execute(f"DROP TABLE {LIVE}.{table}".encode())
            await self.conn.execute(f"ALTER TABLE {BUILDING}.{table} SET SCHEMA {LIVE}".encode())
        await self.conn.execute(SWAPPED, {**key, "position": self.position})
        await self.conn.execute(FORGET, {**key, "place": BUILDING})
