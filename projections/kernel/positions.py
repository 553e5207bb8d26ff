"""How far each read model has seen."""

from typing import Any

import msgspec
from psycopg import AsyncConnection

from projections.kernel.model import LIVE
from projections.kernel.reader import head_of
from projections.kernel.states import states_of
from projections.read_models import READ_MODELS

# One model's position, by its key.
POSITION = "SELECT position FROM read.models WHERE name = %(name)s AND version = %(version)s AND place = 'read'"


class Lag(msgspec.Struct, frozen=True, kw_only=True):
    """`events`: how many events of the log the model has not seen. `state`: live, building or stopped; `error` says why."""

    name: str
    version: int
    state: str
    position: int
    events: int
    error: str | None


async def positions_of(conn: AsyncConnection[Any]) -> dict[str, int]:
    """Read model -> the log position it has folded up to, for the versions of this build (0: nothing yet)."""
    return {lag.name: lag.position for lag in await lags_of(conn)}


async def position_of(conn: AsyncConnection[Any], name: str) -> int:
    """The same for one read model."""
    row = await (await conn.execute(POSITION, {"name": name, "version": READ_MODELS[name].version})).fetchone()
    return int(row[0]) if row else 0


async def lags_of(conn: AsyncConnection[Any]) -> list[Lag]:
    """Every read model of this build, alphabetically: its state, and how far it is behind the log."""
    keys = {model.key for model in READ_MODELS.values()}
    states = {state.name: state for state in await states_of(conn) if state.place == LIVE and state.key in keys}
    head = await head_of(conn)
    lags: list[Lag] = []
    for name, model in READ_MODELS.items():
        state = states.get(name)
        position = state.position if state else 0
        lags.append(
            Lag(
                name=name,
                version=model.version,
                state=state.state if state else "building",
                position=position,
                events=max(0, head - position),
                error=state.error if state else None,
            )
        )
    return lags
