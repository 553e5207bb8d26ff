"""The notary's Ed25519 keys: one signs, those before it stay known, so that old checkpoints can be checked for ever."""

from datetime import datetime
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import AsyncConnection

from domain.notary.ports import Wrapping
from projections.notary.checkpoint import PublicKey

# The key that signs.
SIGNING = "SELECT number, name, public, epoch, wrapped FROM proofs.keys WHERE retired_at IS NULL"
# All keys, the oldest first: what a verifier takes.
PUBLIC = "SELECT name, public, created_at, retired_at FROM proofs.keys ORDER BY number"
# Two notaries may start at once: one of them makes the key, both use it.
MAKE = """
    INSERT INTO proofs.keys (name, key_id, public, epoch, wrapped)
    VALUES (%(name)s, %(key_id)s, %(public)s, %(epoch)s, %(wrapped)s) ON CONFLICT DO NOTHING
"""
# The private half is destroyed with its use: nobody can sign with it again.
RETIRE = "UPDATE proofs.keys SET retired_at = clock_timestamp(), wrapped = NULL WHERE retired_at IS NULL"
# A key that is still under the previous secret key moves on when it is used; another process may have been first.
REWRAP = """
    UPDATE proofs.keys SET epoch = %(epoch)s, wrapped = %(wrapped)s
    WHERE number = %(number)s AND epoch = %(was)s AND wrapped IS NOT NULL
"""


class SigningKey(NamedTuple):
    """The key that signs now. `private` is 32 bytes."""

    name: str
    private: bytes


class KeyRow(NamedTuple):
    """A key as it is kept. `retired_at` is None while it signs."""

    key: PublicKey
    created_at: datetime
    retired_at: datetime | None


async def signing_key(conn: AsyncConnection[Any], wrapping: Wrapping, name: str) -> SigningKey:
    """The key in use, made under *name* when there is none yet.   Raises WrappedKeyLost."""
    row = await (await conn.execute(SIGNING)).fetchone()
    if row is None:
        await _make(conn, wrapping, name)
        row = await (await conn.execute(SIGNING)).fetchone()
        assert row is not None, "made by us or by somebody who was faster"
    return await _opened(conn, wrapping, row)


async def keep_up(conn: AsyncConnection[Any], wrapping: Wrapping) -> None:
    """Bring the key in use, if there is one, under the secret key of today.   Raises WrappedKeyLost."""
    row = await (await conn.execute(SIGNING)).fetchone()
    if row is not None:
        await _opened(conn, wrapping, row)


async def public_keys(conn: AsyncConnection[Any]) -> list[PublicKey]:
    """Every key that has ever signed, the oldest first."""
    return [row.key for row in await all_keys(conn)]


async def all_keys(conn: AsyncConnection[Any]) -> list[KeyRow]:
    """The same, with their times."""
    found = await (await conn.execute(PUBLIC)).fetchall()
    return [KeyRow(PublicKey(name, bytes(public)), created_at, retired_at) for name, public, created_at, retired_at in found]


async def rotate(conn: AsyncConnection[Any], wrapping: Wrapping, name: str) -> None:
    """Retire the key in use and make the next one, under *name*. Checkpoints that it signed stay valid."""
    async with conn.transaction():
        await conn.execute(RETIRE)
        await _make(conn, wrapping, name)


async def _opened(conn: AsyncConnection[Any], wrapping: Wrapping, row: tuple[Any, ...]) -> SigningKey:
    number, name, public, epoch, wrapped = row
    private = wrapping.unwrap(epoch, wrapped, _bound_to(public))
    if epoch != wrapping.epoch:
        values = {"number": number, "was": epoch, "epoch": wrapping.epoch, "wrapped": wrapping.wrap(private, _bound_to(public))}
        await conn.execute(REWRAP, values)
    return SigningKey(name, private)


async def _make(conn: AsyncConnection[Any], wrapping: Wrapping, name: str) -> None:
    key = Ed25519PrivateKey.generate()
    public = PublicKey(name, key.public_key().public_bytes_raw())
    wrapped = wrapping.wrap(key.private_bytes_raw(), _bound_to(public.public))
    values = {"name": name, "key_id": public.key_id, "public": public.public, "epoch": wrapping.epoch, "wrapped": wrapped}
    await conn.execute(MAKE, values)


def _bound_to(public: bytes) -> bytes:
    """A private half cannot be passed off as that of another public one."""
    return b"notary key " + bytes(public)
