"""Sending a round until its outcome is known."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import psycopg

from infra.journal.append import PREPARED, Appended, Entry, arguments
from infra.journal.link import STATEMENT_SECONDS, Link, is_lost
from infra.journal.meters import Meters
from infra.journal.pending import Round

#: So long a lost connection is worth waiting for; then the caller is told that nobody knows.
OUTCOME_SECONDS = 10.0
PAUSE_SECONDS_MAX = 0.5


class Lost(Exception):
    """The connection was lost for too long: nobody knows what became of *round_*."""

    def __init__(self, round_: Round) -> None:
        super().__init__("the connection was lost for too long")
        self.round = round_


class Landed(NamedTuple):
    appended: Appended | None
    #: Sent more than once: a command answered `repeated` may be this round's own.
    resent: bool


async def send(link: Link, round_: Round, meters: Meters) -> Landed:
    """Append *round_*.   Raises Lost, or psycopg.Error when the server refuses it.

    After a lost connection the same batch is sent again, never looked up: the old backend may still be waiting for the
    lock, and command ids make the second send harmless.
    """
    entries = round_.entries()
    if not entries:
        return Landed(None, False)
    parameters = round_.packed or arguments(entries)
    meters.batch_commands(len(entries))
    until = time.monotonic() + OUTCOME_SECONDS
    pause = 0.0
    while True:
        try:
            started = time.monotonic()
            async with link.limited(STATEMENT_SECONDS) as connection:
                appended = await execute(connection, parameters)
        except (psycopg.Error, OSError) as error:
            if isinstance(error, psycopg.Error) and not is_lost(error):
                raise
            await link.close()
            if time.monotonic() + pause > until:
                raise Lost(round_) from error
            meters.resends(1)
            await asyncio.sleep(pause)
            pause = min(PAUSE_SECONDS_MAX, pause * 2 + 0.02)
            continue
        _measure(meters, appended, time.monotonic() - started, entries)
        return Landed(appended, pause > 0)


async def execute(connection: Any, parameters: dict[str, Any], *, after: Sequence[str] = ()) -> Appended:
    """One call of append_v2 on *connection*, and in the same flush *after*."""
    [row] = await PREPARED.rows(connection, parameters, after=after)
    return Appended(*row)


def _measure(meters: Meters, appended: Appended, seconds: float, entries: list[Entry]) -> None:
    meters.append_seconds(seconds)
    meters.lock_wait_seconds(appended.lock_wait_ms / 1000)
    meters.events(sum(len(entry.lines) for entry in entries))
    if appended.outcomes is not None:
        meters.conflicts(appended.conflicts)
