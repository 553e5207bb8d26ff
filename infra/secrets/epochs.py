"""Epochs: the keys that wrap the subject keys, one a month. They lie in the object store, not in the database.

So a copy of the database opens nothing by itself, not even for who has the secret key; and when an epoch is destroyed, all
copies of the database from its time have forgotten whoever was erased in it. `docs/decisions/0016-epochs-of-keys.md` says more.
"""

import os
from base64 import b64decode, b64encode
from datetime import datetime
from typing import Any

import msgspec

from domain.access.refusals import KeysMissing
from domain.assets.storage import ObjectMissing
from domain.ports import Connections, ObjectStore
from infra.secrets.keyring import Keyring
from infra.secrets.master import KEY_BYTES

PREFIX = "keys/"
CONTENT_TYPE = "application/json"
RETRY_AFTER_SECONDS = 30

NEWEST = "SELECT epoch, object_key FROM vault.epochs WHERE destroyed_at IS NULL ORDER BY number DESC LIMIT 1"
FIND = "SELECT object_key FROM vault.epochs WHERE epoch = %(epoch)s"
# Many processes may begin one at once: the number decides whose it is.
BEGIN = """
    INSERT INTO vault.epochs (epoch, number, object_key, secret_key, created_at)
    SELECT 'e' || n, n, %(object_key)s, %(secret_key)s, %(now)s FROM (SELECT %(number)s::integer AS n) given
    ON CONFLICT DO NOTHING RETURNING epoch
"""
LAST = "SELECT coalesce(max(number), 0) FROM vault.epochs"
MOVED = "UPDATE vault.epochs SET secret_key = %(secret_key)s WHERE epoch = %(epoch)s"


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What lies in the object store: the key of `epoch`, wrapped by the secret key `secret_key` names."""

    epoch: str
    secret_key: str
    wrapped: str


class Epochs:
    """What was read once is kept for the life of the process, so that a store that is away stops nobody who was here before."""

    def __init__(self, connections: Connections, keyring: Keyring, objects: ObjectStore) -> None:
        self.connections = connections
        self.keyring = keyring
        self.objects = objects
        self._known: dict[str, bytes] = {}

    async def current(self, *, now: datetime) -> tuple[str, bytes]:
        """Name and key of the newest epoch, which is begun when there is none.   Raises KeysMissing, StoreUnavailable, UnknownEpoch."""
        row = await self.row(NEWEST)
        if row is None:
            # The number first, then another look: who begins one after the look takes this number, and ours comes to nothing.
            last = await self.last()
            if await self.row(NEWEST) is None:
                await self.begin(after=last, now=now)
            row = await self.row(NEWEST)
        return row[0], await self._key(row[0], row[1])

    async def key_of(self, epoch: str) -> bytes | None:
        """The key of *epoch*; None when there never was such an epoch.   Raises as `current`."""
        known = self._known.get(epoch)
        if known is not None:
            return known
        row = await self.row(FIND, epoch=epoch)
        return None if row is None else await self._key(epoch, row[0])

    async def last(self) -> int:
        """The highest number so far; 0 before the first."""
        return int((await self.row(LAST))[0])

    async def begin(self, *, after: int, now: datetime) -> None:
        """The epoch after number *after*, unless another process is faster. Its key is durable before anything can be wrapped by it."""
        number = after + 1
        name, key = f"e{number}", os.urandom(KEY_BYTES)
        object_key = f"{PREFIX}{name}-{os.urandom(8).hex()}.json"
        await self._put(object_key, name, key)
        values = {"object_key": object_key, "secret_key": self.keyring.epoch, "number": number, "now": now}
        if await self.row(BEGIN, **values) is None:
            await self.objects.delete([object_key])

    async def rewrap(self, epoch: str, object_key: str) -> None:
        """Put the key of *epoch* under the current secret key."""
        await self._put(object_key, epoch, await self._key(epoch, object_key))
        await self.row(MOVED + " RETURNING 1", epoch=epoch, secret_key=self.keyring.epoch)

    def forget(self, epoch: str) -> None:
        self._known.pop(epoch, None)

    async def row(self, query: str, **values: Any) -> Any:
        async with self.connections.connection() as connection:
            return await (await connection.execute(query, values)).fetchone()

    async def _key(self, epoch: str, object_key: str) -> bytes:
        if epoch not in self._known:
            try:
                stored = msgspec.json.decode(await self.objects.get(object_key), type=Stored)
            except ObjectMissing as error:
                raise KeysMissing(epoch=epoch, retry_after=RETRY_AFTER_SECONDS) from error
            self._known[epoch] = self.keyring.unwrap(stored.secret_key, b64decode(stored.wrapped), _name(epoch))
        return self._known[epoch]

    async def _put(self, object_key: str, epoch: str, key: bytes) -> None:
        wrapped = b64encode(self.keyring.wrap(key, _name(epoch))).decode()
        stored = Stored(epoch=epoch, secret_key=self.keyring.epoch, wrapped=wrapped)
        await self.objects.put(object_key, msgspec.json.encode(stored), CONTENT_TYPE)


def _name(epoch: str) -> bytes:
    return f"epoch {epoch}".encode()
