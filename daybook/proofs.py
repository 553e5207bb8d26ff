"""What the command line does with the notary: sign now, show keys, write proofs."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from daybook.bootstrap import Ground, ground
from daybook.notarial import notary_of, publishing_of, sealing_of, wrapping_of
from daybook.schema import direct_url
from daybook.settings import Settings
from domain.assets.storage import StoreUnavailable
from domain.notary.refusals import BalancesSealedLater
from projections.archive.whole import attach
from projections.kernel.follower import CONFIGURE
from projections.notary.balances import SALTS
from projections.notary.keys import public_keys, signing_key
from projections.notary.keys import rotate as next_key
from projections.notary.prove import prove_balance, prove_consistency, prove_entry

ROLE = "command"


async def checkpoint_now(settings: Settings, advance: Callable[[int, int], None], *, balances: bool) -> str:
    """The note of a checkpoint that covers everything in the log; with *balances*, also a seal of them that is made first.

    Raises NotaryRefuses, LogEmpty, StoreUnavailable.
    """
    async with ground(settings, ROLE) as base, _connection(base) as conn:
        if balances:
            await _seal(base)
        sealed = await notary_of(base).now(conn, advance)
        with suppress(StoreUnavailable):  # the note is signed and kept; the store gets it from the notary later
            await publishing_of(base).publish()
        return sealed.note


async def keys(settings: Settings, *, rotate: bool) -> list[str]:
    """The public keys, a line each; made when there are none yet."""
    async with ground(settings, ROLE) as base, _connection(base) as conn:
        if rotate:
            await next_key(conn, wrapping_of(base), settings.log_name)
        elif not await public_keys(conn):
            await signing_key(conn, wrapping_of(base), settings.log_name)
        return [key.vkey for key in await public_keys(conn)]


async def proof(settings: Settings, *, entry: int | None, balance: UUID | None, consistency: tuple[int, int] | None) -> bytes:
    """The file that proves the one that is given.   Raises what `prove.py` does."""
    async with ground(settings, ROLE) as base, _connection(base) as conn:
        if entry is not None:
            return await prove_entry(conn, entry)
        if balance is not None:
            return await prove_balance(conn, balance, await base.vault.standing(SALTS))
        assert consistency is not None, "the caller has checked that one is given"
        return await prove_consistency(conn, *consistency)


async def _seal(base: Ground) -> None:
    with suppress(BalancesSealedLater):  # then somebody else has sealed newer ones
        await (await sealing_of(base)).seal()


@asynccontextmanager
async def _connection(base: Ground) -> AsyncIterator[AsyncConnection[Any]]:
    """As the notary's follower has one: no statement is long, but there may be many."""
    dsn = direct_url(base.settings)
    async with await AsyncConnection.connect(dsn, autocommit=True, application_name="daybook proofs") as conn:
        await conn.execute(CONFIGURE)
        attach(conn, base.archive)
        yield conn
