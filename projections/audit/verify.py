"""`daybook audit verify`: replays the log from position 1 with code of its own, and compares every read model with what follows.

It shares nothing with the domain's aggregates and the read models' folding, so that a mistake there shows here. What is
compared with a read model is the log up to that model's own position, in one snapshot; no transaction lasts longer than a page.
"""

import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection

from projections.audit.folds import Folds
from projections.audit.log_pass import LogPass
from projections.audit.models import positions_of
from projections.audit.report import Difference, Differs, Report
from projections.audit.stream_pass import StreamPass

__all__ = ["Difference", "Report", "verify"]

Progress = Callable[[int, int], None]

GARBAGE_OBJECTS = 200_000
CONFIGURE = "SET statement_timeout = '60s'; SET jit = off"


async def verify(database: str | AsyncConnection[Any], on_progress: Progress = lambda done, total: None) -> Report:
    """Check everything; stop at the first difference. *database* is an address, or a connection in autocommit.

    *on_progress* is told (steps done, steps in all); each entry of the log is two steps, one by position, one by stream.
    """
    async with _connection(database) as conn, _rare_collections():
        await conn.execute(CONFIGURE)
        folds = Folds()
        log_pass = LogPass(conn, folds, lambda position, head: on_progress(position, 2 * head))
        try:
            events = await log_pass.run()
            models = {"ledger_entries": await log_pass.finish_lines()}
            done = events

            def advance(entries: int) -> None:
                nonlocal done
                done += entries
                on_progress(min(done, 2 * events), 2 * events)

            models |= await StreamPass(conn, advance).run()
            models |= await folds.compare(conn)
        except Differs as error:
            return Report(ok=False, events=log_pass.form.position, models=await _positions(conn), first_difference=error.difference)
    return Report(ok=True, events=events, models=dict(sorted(models.items())))


async def _positions(conn: AsyncConnection[Any]) -> dict[str, int]:
    try:
        return await positions_of(conn)
    except Differs:
        # The difference that is reported is about the models themselves.
        return {}


@asynccontextmanager
async def _rare_collections() -> AsyncIterator[None]:
    """Pages hold no cycles, so looking for them at the usual pace finds nothing and takes a quarter of the time."""
    usual = gc.get_threshold()
    gc.set_threshold(GARBAGE_OBJECTS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


@asynccontextmanager
async def _connection(database: str | AsyncConnection[Any]) -> AsyncIterator[AsyncConnection[Any]]:
    if not isinstance(database, str):
        yield database
        return
    async with await AsyncConnection.connect(database, autocommit=True, application_name="daybook verify") as conn:
        yield conn
