"""The vault: subject keys in PostgreSQL, wrapped, and every other key derived from the secret key."""

import hmac
import os
import time
import unicodedata
from collections.abc import Callable, Sequence
from uuid import UUID

from domain.access.refusals import Erased, KeysMissing
from domain.ports import Clock, Connections, ObjectStore
from infra.clock import SystemClock
from infra.kept import Kept
from infra.secrets.epochs import RETRY_AFTER_SECONDS, Epochs
from infra.secrets.keyring import Keyring
from infra.secrets.master import KEY_BYTES
from infra.secrets.sealing import DataKey, unwrap, wrap

CACHE_KEYS = 10_000
#: Also the longest time that an erased person's data can still be read in another process.
CACHE_SECONDS = 60.0
EMAILS = "e-mail index"
#: An epoch may end between asking for it and using it, but not again and again.
ATTEMPTS = 5

# The key exists before the account's first event, and for ever belongs to this id. While it is written its epoch cannot be destroyed.
CREATE = """
    INSERT INTO vault.subject_keys (account_id, epoch, wrapped)
    SELECT %(account_id)s, e.epoch, %(wrapped)s FROM vault.epochs e
    WHERE e.epoch = %(epoch)s AND e.destroyed_at IS NULL AND e.emptied_at IS NULL FOR SHARE
    RETURNING 1
"""
FIND = "SELECT epoch, wrapped FROM vault.subject_keys WHERE account_id = %(account_id)s"
# The erasure of everything sealed with it. A key that is destroyed stays so, and with it goes what is kept of others' keys.
DESTROY = """
    WITH gone AS (DELETE FROM vault.provider_keys WHERE account_id = %(account_id)s)
    UPDATE vault.subject_keys SET wrapped = NULL, destroyed_at = clock_timestamp()
    WHERE account_id = %(account_id)s AND wrapped IS NOT NULL
"""
# Many processes may start at once on an empty database: one of them makes the key, all use it.
STAND = """
    INSERT INTO vault.standing_keys (purpose, epoch, wrapped) VALUES (%(purpose)s, %(epoch)s, %(wrapped)s) ON CONFLICT DO NOTHING
"""
STANDING = "SELECT epoch, wrapped FROM vault.standing_keys WHERE purpose = %(purpose)s"


class PostgresVault:
    """Implements `domain.ports.Vault`. Make it with `open_vault`, which finds the standing keys."""

    def __init__(
        self, epochs: Epochs, email_key: bytes, *, monotonic: Callable[[], float] = time.monotonic, clock: Clock | None = None
    ) -> None:
        self.epochs = epochs
        self._connections = epochs.connections
        self._keyring = epochs.keyring
        self._email_key = email_key
        self._clock = clock or SystemClock()
        self._known: Kept[DataKey] = Kept(CACHE_KEYS, CACHE_SECONDS, monotonic)

    async def create(self, account_id: UUID) -> DataKey:
        key = os.urandom(KEY_BYTES)
        for _ in range(ATTEMPTS):
            epoch, wrapping = await self.epochs.current(now=self._clock.now())
            values = {"account_id": account_id, "epoch": epoch, "wrapped": wrap(wrapping, key, account_id.bytes)}
            if await self.epochs.row(CREATE, **values) is not None:
                return self._remember(account_id, key)
        raise KeysMissing(epoch=epoch, retry_after=RETRY_AFTER_SECONDS)

    async def key(self, account_id: UUID) -> DataKey:
        known = self._known.fresh(account_id)
        if known is not None:
            return known
        row = await self.epochs.row(FIND, account_id=account_id)
        if row is None or row[1] is None:
            self._known.drop(account_id)
            raise Erased()
        wrapping = await self.epochs.key_of(row[0])
        if wrapping is not None:
            return self._remember(account_id, unwrap(wrapping, row[1], account_id.bytes))
        # From before there were epochs: the secret key itself wraps it, until the scheduler's next round.
        return self._remember(account_id, self._keyring.unwrap(row[0], row[1], account_id.bytes))

    async def destroy(self, account_id: UUID) -> None:
        async with self._connections.connection() as connection:
            await connection.execute(DESTROY, {"account_id": account_id})
        self.forget(account_id)

    def forget(self, account_id: UUID) -> None:
        self._known.drop(account_id)

    def email_index(self, email: str) -> str:
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", email).casefold())
        return hmac.digest(self._email_key, folded.encode(), "sha256").hex()

    def sign(self, purpose: str, data: bytes) -> bytes:
        return self._keyring.sign(purpose, data)

    def verify(self, purpose: str, data: bytes, signature: bytes) -> bool:
        return self._keyring.verify(purpose, data, signature)

    def token_keys(self) -> Sequence[bytes]:
        return self._keyring.token_keys()

    async def standing(self, purpose: str) -> bytes:
        return await _standing(self._connections, self._keyring, purpose)

    def _remember(self, account_id: UUID, key: bytes) -> DataKey:
        return self._known.keep(account_id, DataKey(account_id, key))


async def open_vault(
    connections: Connections,
    objects: ObjectStore,
    *,
    secret: bytes,
    previous: bytes | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> PostgresVault:
    """The vault under *secret*; what *previous* wrapped still opens.   Raises UnknownEpoch when the database knows neither."""
    return await vault_of(connections, objects, Keyring(secret, previous), monotonic=monotonic)


async def vault_of(
    connections: Connections, objects: ObjectStore, keyring: Keyring, *, monotonic: Callable[[], float] = time.monotonic
) -> PostgresVault:
    """As `open_vault`."""
    epochs = Epochs(connections, keyring, objects)
    return PostgresVault(epochs, await _standing(connections, keyring, EMAILS), monotonic=monotonic)


async def _standing(connections: Connections, keyring: Keyring, purpose: str) -> bytes:
    """The key of *purpose* that stays the same through every change of the secret key, made on first use."""
    name = purpose.encode()
    wrapped = keyring.wrap(os.urandom(KEY_BYTES), name)
    async with connections.connection() as connection:
        row = await (await connection.execute(STANDING, {"purpose": purpose})).fetchone()
        if row is None:
            await connection.execute(STAND, {"purpose": purpose, "epoch": keyring.epoch, "wrapped": wrapped})
            row = await (await connection.execute(STANDING, {"purpose": purpose})).fetchone()
    return keyring.unwrap(row[0], row[1], name)
