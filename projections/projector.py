"""The projector of this build: all its read models."""

from collections.abc import Callable
from typing import Any

from psycopg import AsyncConnection

from domain.archive.ports import Archive
from projections.kernel.projector import Projector
from projections.kernel.rebuild import rebuild as _rebuild
from projections.kernel.states import prepare
from projections.read_models import READ_MODELS


def projector(dsn: str, archive: Archive | None = None) -> Projector:
    """`run(stop)` for a process, `catch_up()` for commands and tests. `dsn` must lead to sessions (DATABASE_DIRECT_URL)."""
    made = Projector(dsn, list(READ_MODELS.values()))
    made.archive = archive
    return made


async def prepare_read_models(conn: AsyncConnection[Any]) -> list[str]:
    """Make the tables of read models that have none; part of every migration. Returns the names of the models made."""
    return await prepare(conn, list(READ_MODELS.values()))


async def rebuild(dsn: str, name: str, progress: Callable[[int, int], None], *, archive: Archive | None = None) -> int:
    """Build the read model *name* again beside the live one and swap them; *progress* is told (position, head).

    Returns the position reached.   Raises KeyError, RebuildRunning.
    """
    return await _rebuild(dsn, READ_MODELS[name], progress, archive=archive)
