"""Keeping the keys: a new epoch each month, old ones destroyed in their time, and everything under the secret key in force.

All of it may be done by any number of processes at once and may end anywhere: each statement changes only what it has seen.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from infra.secrets.epochs import PREFIX, Epochs
from infra.secrets.sealing import unwrap, wrap

logger = logging.getLogger(__name__)

PAGE = 500
#: So much longer than copies are kept lies a key that this database does not name: another copy of it may, which is put back next.
UNNAMED = timedelta(days=31)

NEWEST = "SELECT epoch, created_at FROM vault.epochs WHERE destroyed_at IS NULL ORDER BY number DESC LIMIT 1"
# Epochs whose keys another secret key wraps.
STALE = "SELECT epoch, object_key FROM vault.epochs WHERE destroyed_at IS NULL AND secret_key <> %(current)s"
STANDING = "SELECT purpose, epoch, wrapped FROM vault.standing_keys WHERE epoch <> %(current)s"
MOVE_STANDING = """
    UPDATE vault.standing_keys SET epoch = %(epoch)s, wrapped = %(wrapped)s WHERE purpose = %(purpose)s AND epoch = %(was)s
"""
# Subject keys that hang on anything but the newest epoch.
BEHIND = "SELECT account_id, epoch, wrapped FROM vault.subject_keys WHERE wrapped IS NOT NULL AND epoch <> %(newest)s LIMIT %(limit)s"
# Another process may have moved, or an erasure destroyed, some of them meanwhile.
MOVE = """
    UPDATE vault.subject_keys k SET epoch = %(newest)s, wrapped = m.wrapped
    FROM unnest(%(ids)s::uuid[], %(was)s::text[], %(wrapped)s::bytea[]) AS m (account_id, was, wrapped)
    WHERE k.account_id = m.account_id AND k.epoch = m.was AND k.wrapped IS NOT NULL
"""
# Locked first, so that nobody hangs a new key on it between the look and the word.
LOCK = "SELECT 1 FROM vault.epochs WHERE epoch = %(epoch)s FOR UPDATE"
EMPTIED = """
    UPDATE vault.epochs e SET emptied_at = %(now)s
    WHERE e.epoch = %(epoch)s AND e.emptied_at IS NULL
      AND NOT EXISTS (SELECT FROM vault.subject_keys k WHERE k.epoch = e.epoch AND k.wrapped IS NOT NULL)
"""
OLDER = """
    SELECT epoch FROM vault.epochs WHERE emptied_at IS NULL AND number < (SELECT max(number) FROM vault.epochs WHERE destroyed_at IS NULL)
"""
DESTROY = """
    UPDATE vault.epochs SET destroyed_at = %(now)s WHERE destroyed_at IS NULL AND emptied_at <= %(before)s RETURNING epoch
"""
NAMED = "SELECT object_key, destroyed_at IS NOT NULL FROM vault.epochs"


class KeyKeeper:
    """Implements `domain.erasure.ports.KeyKeeping`. *retention*: how long copies of the database are kept."""

    def __init__(self, epochs: Epochs, *, retention: timedelta) -> None:
        self._epochs = epochs
        self._retention = retention

    async def keep(self, *, now: datetime) -> None:
        await self.rewrap()
        await self.turn(now=now)
        await self.move_subjects(now=now)
        await self.destroy(now=now)

    async def rewrap(self) -> int:
        """Put everything that hangs on another secret key under the one in force. How many keys.   Raises UnknownEpoch."""
        keyring = self._epochs.keyring
        stale = await self._rows(STALE, current=keyring.epoch)
        for epoch, object_key in stale:
            await self._epochs.rewrap(epoch, object_key)
        standing = await self._rows(STANDING, current=keyring.epoch)
        for purpose, was, wrapped in standing:
            key = keyring.unwrap(was, wrapped, purpose.encode())
            values = {"purpose": purpose, "was": was, "epoch": keyring.epoch, "wrapped": keyring.wrap(key, purpose.encode())}
            await self._change(MOVE_STANDING, **values)
        return len(stale) + len(standing)

    async def turn(self, *, now: datetime) -> None:
        """Begin the month's epoch, unless it is there."""
        # Read first: who begins one meanwhile takes this number, and ours comes to nothing.
        last = await self._epochs.last()
        row = await self._epochs.row(NEWEST)
        if row is None or (row[1].year, row[1].month) < (now.year, now.month):
            await self._epochs.begin(after=last, now=now)

    async def move_subjects(self, *, now: datetime) -> int:
        """Hang every living key on the newest epoch, and note which epochs nothing hangs on any more. How many were moved."""
        newest, wrapping = await self._epochs.current(now=now)
        moved = 0
        while page := await self._rows(BEHIND, newest=newest, limit=PAGE):
            wrapped = [wrap(wrapping, await self._opened(*row), row[0].bytes) for row in page]
            values = {"newest": newest, "ids": [row[0] for row in page], "was": [row[1] for row in page], "wrapped": wrapped}
            await self._change(MOVE, **values)
            moved += len(page)
        for (epoch,) in await self._rows(OLDER):
            await self._note_emptied(epoch, now)
        return moved

    async def destroy(self, *, now: datetime) -> list[str]:
        """Destroy the epochs that only copies older than the retention could need. Their names."""
        gone = [row[0] for row in await self._rows(DESTROY, now=now, before=now - self._retention)]
        for epoch in gone:
            self._epochs.forget(epoch)
            logger.info("epoch destroyed", extra={"epoch": epoch})
        destroyed = dict(await self._rows(NAMED))
        unnamed_before = now - self._retention - UNNAMED
        left = [
            found.key async for found in self._epochs.objects.list(PREFIX) if destroyed.get(found.key, found.modified_at < unnamed_before)
        ]
        if left:
            await self._epochs.objects.delete(left)
        return gone

    async def _opened(self, account_id: Any, epoch: str, wrapped: bytes) -> bytes:
        wrapping = await self._epochs.key_of(epoch)
        if wrapping is None:
            return self._epochs.keyring.unwrap(epoch, wrapped, account_id.bytes)
        return unwrap(wrapping, wrapped, account_id.bytes)

    async def _note_emptied(self, epoch: str, now: datetime) -> None:
        async with self._epochs.connections.connection() as connection, connection.transaction():
            await connection.execute(LOCK, {"epoch": epoch})
            await connection.execute(EMPTIED, {"epoch": epoch, "now": now})

    async def _rows(self, query: str, **values: Any) -> list[Any]:
        async with self._epochs.connections.connection() as connection:
            return list(await (await connection.execute(query, values)).fetchall())

    async def _change(self, query: str, **values: Any) -> None:
        async with self._epochs.connections.connection() as connection:
            await connection.execute(query, values)
