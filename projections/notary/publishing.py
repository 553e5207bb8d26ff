"""Checkpoints in the object store: what was signed is also remembered outside the database.

`checkpoints/<size>` is written once, `checkpoints/latest` each time; both are the note. After a restore the sizes begin to
repeat, so from the second incarnation on its number follows the size: `checkpoints/<size>.<incarnation>`.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import AsyncConnection

from domain.assets.storage import ObjectMissing
from domain.kernel.refusals import Unavailable
from domain.ports import Connections, ObjectStore
from projections.kernel.reader import head_of
from projections.notary import checkpoints
from projections.notary.checkpoint import Checkpoint, NoteInvalid, verified
from projections.notary.keys import public_keys
from projections.notary.notary import Remembered
from projections.notary.refusals import LogShrunk

log = logging.getLogger(__name__)

LATEST = "checkpoints/latest"
NOTE_TYPE = "text/plain; charset=utf-8"
AT_ONCE = 100
LOOK_SECONDS = 1.0
RETRY_SECONDS_MAX = 60.0

# What the store does not have yet, the oldest first.
WAITING = "SELECT size, origin, note FROM proofs.checkpoints WHERE published_at IS NULL ORDER BY size LIMIT %(limit)s"
DONE = "UPDATE proofs.checkpoints SET published_at = clock_timestamp() WHERE size = ANY(%(sizes)s)"


class Publishing:
    """Brings every checkpoint into the object store, however long that is away."""

    def __init__(self, connections: Connections, objects: ObjectStore) -> None:
        self._connections = connections
        self._objects = objects
        #: Told how many were published.
        self.on_published: Callable[[int], None] = lambda count: None

    async def run(self, stop: asyncio.Event) -> None:
        """Until *stop*. A store or a database that is away is waited for."""
        pause = LOOK_SECONDS
        while not stop.is_set():
            try:
                await self.publish()
                pause = LOOK_SECONDS
            except (Unavailable, psycopg.OperationalError) as error:
                pause = min(pause * 2, RETRY_SECONDS_MAX)
                log.warning("checkpoints are not published, trying again in %.0f s: %s", pause, str(error).strip())
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)

    async def publish(self) -> int:
        """Publish what waits. Returns how many.   Raises StoreUnavailable, and then goes on where it stopped."""
        published = 0
        while waiting := await self._waiting():
            for size, origin, note in waiting:
                await self._objects.put(key_of(size, origin), note.encode(), NOTE_TYPE)
            await self._objects.put(LATEST, waiting[-1][2].encode(), NOTE_TYPE)
            async with self._connections.connection() as conn:
                await conn.execute(DONE, {"sizes": [size for size, _, _ in waiting]})
            published += len(waiting)
            self.on_published(len(waiting))
        return published

    async def _waiting(self) -> list[tuple[int, str, str]]:
        async with self._connections.connection() as conn:
            return list(await (await conn.execute(WAITING, {"limit": AT_ONCE})).fetchall())


def key_of(size: int, origin: str) -> str:
    """Where the checkpoint of *size* lies."""
    incarnation = origin.rpartition("/")[2]
    return f"checkpoints/{size}" if incarnation == "1" else f"checkpoints/{size}.{incarnation}"


def remembered_in(objects: ObjectStore) -> Remembered:
    """What the store has as the last checkpoint of this log's incarnation."""

    async def remembered(conn: AsyncConnection[Any]) -> Checkpoint | None:
        """Raises LogShrunk when the store knows a later incarnation, StoreUnavailable."""
        published = await _published(conn, objects)
        if published is None:
            return None
        theirs, ours = int(published.origin.rpartition("/")[2]), await checkpoints.incarnation(conn)
        if theirs > ours:
            raise LogShrunk(head=await head_of(conn), size=published.size, where=f"incarnation {theirs} in the object store")
        return published if theirs == ours else None

    return remembered


async def _published(conn: AsyncConnection[Any], objects: ObjectStore) -> Checkpoint | None:
    """The last published checkpoint of this log; None when there is none, or only one of another log in the same store."""
    try:
        note = (await objects.get(LATEST)).decode()
        return verified(note, await public_keys(conn))
    except ObjectMissing:
        return None
    except (NoteInvalid, UnicodeDecodeError) as error:
        log.warning("%s in the object store was not signed by this log and will be replaced: %s", LATEST, error)
        return None
