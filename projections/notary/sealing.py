"""Seals balances: sums them, and has their root recorded in the log, daily and on demand."""

import asyncio
import logging
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, time
from typing import Any

import psycopg
from psycopg import AsyncConnection

from domain.kernel.commands import Context, Receipt
from domain.kernel.ids import command_of_cause
from domain.kernel.refusals import Unavailable
from domain.notary.commands import SealBalances
from domain.notary.events import BalancesSealed
from domain.notary.notary import STREAM
from domain.notary.refusals import BalancesSealedLater
from domain.ports import Clock, Connections, Ids, Journal
from projections.notary.balances import sealed_balances
from projections.notary.checkpoints import counted

log = logging.getLogger(__name__)

ACTOR = "notary"
LOOK_SECONDS = 60.0

# When balances were sealed last, else when the log began; nothing for an empty log.
LAST = """
    SELECT coalesce(
        (SELECT recorded_at FROM journal.events WHERE stream = %(stream)s AND topic = %(topic)s ORDER BY version DESC LIMIT 1),
        (SELECT recorded_at FROM journal.events WHERE position = 1))
"""


class Sealing:
    """`secret` is what salts are made of. Any number of processes may seal: the day fixes the command."""

    def __init__(self, journal: Journal, connections: Connections, secret: bytes, *, clock: Clock, ids: Ids) -> None:
        self._journal = journal
        self._connections = connections
        self._secret = secret
        self._clock = clock
        self._ids = ids

    async def run(self, stop: asyncio.Event) -> None:
        """Seal once after each midnight (UTC), until *stop*. What is away is waited for."""
        while not stop.is_set():
            try:
                await self.daily()
            except (Unavailable, psycopg.OperationalError) as error:
                log.warning("balances are not sealed, trying again in %.0f s: %s", LOOK_SECONDS, str(error).strip())
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_SECONDS)

    async def daily(self) -> Receipt | None:
        """Seal when nothing was sealed since the last midnight. None when that is not due, or was just done by somebody else."""
        today = self._clock.now().astimezone(UTC).date()
        async with self._connections.connection() as conn:
            last = await _last(conn)
        if last is None or last >= datetime.combine(today, time(), UTC):
            return None
        try:
            return await self._seal(cause=f"seal:{today}")
        except BalancesSealedLater as refusal:
            log.info("the daily seal was not needed: %s", refusal)
            return None

    async def seal(self, progress: Callable[[int], None] = lambda done: None) -> Receipt:
        """Seal the balances of now.   Raises BalancesSealedLater when somebody sealed later ones meanwhile."""
        return await self._seal(progress=progress)

    async def _seal(self, *, cause: str | None = None, progress: Callable[[int], None] = lambda done: None) -> Receipt:
        async with self._connections.connection() as conn:
            # Before the position: none of these reaches beyond it.
            signed, last = await counted(conn)
            position = await self._journal.head()
            sealed = await sealed_balances(conn, self._secret, position, progress)
        command = SealBalances(
            position=position,
            root=b64encode(sealed.root).decode(),
            accounts=sealed.accounts,
            checkpoints=signed,
            last_checkpoint=last,
        )
        command_id = command_of_cause(cause) if cause else self._ids.new()
        return await self._journal.execute(command, Context(actor=ACTOR, now=self._clock.now(), command_id=command_id))


async def _last(conn: AsyncConnection[Any]) -> datetime | None:
    row = await (await conn.execute(LAST, {"stream": STREAM, "topic": BalancesSealed.TOPIC})).fetchone()
    return row[0] if row else None
