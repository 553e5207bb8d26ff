"""Folds one batch into models: all models and their positions in one transaction, and when that fails, each for itself."""

import logging
from collections.abc import Sequence
from typing import Any

import psycopg

from domain.archive.refusals import ARCHIVE_AWAY
from projections.kernel.facts import Event
from projections.kernel.model import Place, ReadModel, Write
from projections.kernel.states import MOVE, STOP

log = logging.getLogger(__name__)

ERROR_CHARS_MAX = 2_000


class Overtaken(Exception):
    """Another runner has moved these models; nothing was changed here."""


#: Not a model's fault: nobody stops for it.
ELSEWHERE = (Overtaken, psycopg.OperationalError, *ARCHIVE_AWAY)


async def apply(place: Place, models: Sequence[ReadModel], events: Sequence[Event], *, after: int) -> list[str]:
    """Fold *events*, which follow *after*, into *models*. Returns the names of those that failed and are stopped now.

    Raises Overtaken, and psycopg.OperationalError or ARCHIVE_AWAY when the database or the archive, not a model, is the trouble.
    """
    try:
        async with place.conn.transaction():
            await move(place, models, after=after, to=events[-1].position)
            writes = [write for model in models for write in await folded(place, model, events)]
            # One round trip for all of them.
            async with place.conn.pipeline():
                await place.write(writes)
    except ELSEWHERE:
        raise
    except Exception:  # noqa: BLE001 - whatever a model raised, the others must go on
        return await _apply_one_by_one(place, models, events, after=after)
    return []


async def move(place: Place, models: Sequence[ReadModel], *, after: int, to: int) -> None:
    """Compare-and-set, first in the transaction: its row locks hold back a second runner until this one has committed."""
    keys = {"names": [model.name for model in models], "versions": [model.version for model in models]}
    cursor = await place.conn.execute(MOVE, {**keys, "place": place.schema, "after": after, "to": to})
    if cursor.rowcount != len(models):
        raise Overtaken


async def fold(place: Place, model: ReadModel, events: Sequence[Event]) -> None:
    await place.write(await folded(place, model, events))


async def folded(place: Place, model: ReadModel, events: Sequence[Event]) -> Sequence[Write]:
    """What *events* change in *model*."""
    topics, branch = model.topics, model.fold
    used = [event for event in events if event.topic in topics]
    if not used:
        return ()
    present = await model.load(place, used)
    event = used[0]
    try:
        for event in used:
            branch(present, event)
    except Exception as error:
        error.add_note(f"at position {event.position} ({event.topic})")
        raise
    return model.writes(present)


async def _apply_one_by_one(place: Place, models: Sequence[ReadModel], events: Sequence[Event], *, after: int) -> list[str]:
    failed: list[str] = []
    async with place.conn.transaction():
        for model in models:
            try:
                async with place.conn.transaction():
                    await move(place, [model], after=after, to=events[-1].position)
                    await fold(place, model, events)
            except ELSEWHERE:
                raise
            except Exception as error:
                failed.append(model.name)
                log.exception("read model %s stopped between positions %d and %d", model.name, after + 1, events[-1].position)
                await _stop(place, model, after=after, upto=events[-1].position, error=error)
    return failed


async def _stop(place: Place, model: ReadModel, *, after: int, upto: int, error: Exception) -> None:
    where = "; ".join(getattr(error, "__notes__", [])) or f"between positions {after + 1} and {upto}"
    sentence = f"{where}: {type(error).__name__}: {error}"[:ERROR_CHARS_MAX]
    params: dict[str, Any] = {"name": model.name, "version": model.version, "place": place.schema, "after": after, "error": sentence}
    await place.conn.execute(STOP, params)
